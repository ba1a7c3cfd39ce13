/* The password in a Secret, from any JSON: of at most what a key may have, or none. */
#include "base/arena.h"
#include "json/json.h"
#include "k8s/password.h"
#include "k8s/secret.h"
#include "model/config.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = xcalloc(size + 1, 1);
        if (size)
                memcpy(text, data, size);
        struct json_object *root = json_tokener_parse(text);
        const char *why = NULL;
        char *password = password_of_secret(root, &why);
        if (password ? !*password || strlen(password) > PASSWORD_MAX : !why)
                abort();
        secret_free(password);
        json_object_put(root);
        free(text);
        return 0;
}
