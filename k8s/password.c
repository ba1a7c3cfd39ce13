#include "k8s/password.h"
#include "base/base64.h"
#include "base/arena.h"
#include "json/json.h"
#include "k8s/secret.h"
#include "model/config.h"
#include <string.h>

static const char type[] = "kubernetes.io/basic-auth";

char *password_of_secret(struct json_object *secret, const char **why)
{
        const char *kind = json_string_at(secret, "type");
        const char *plain = json_string_at(json_object_at(secret, "stringData"), "password"); /* of files */
        const char *data = json_string_at(json_object_at(secret, "data"), "password");

        *why = "has no key password";
        if (!kind || strcmp(kind, type) != 0) {
                *why = "is not of type kubernetes.io/basic-auth";
                return NULL;
        }
        if (!plain && !data)
                return NULL;
        char *password = plain ? xstrdup(plain) : base64_text(data);
        if (!password)
                *why = "has a password that is not base64 of a text";
        else if (!*password)
                *why = "has an empty password";
        else if (strlen(password) > PASSWORD_MAX)
                *why = "has a password of more than 80 octets, the most that a TCP MD5 signature takes";
        else
                return password;
        secret_free(password);
        return NULL;
}
