#include "secrets.h"
#include "base/arena.h"
#include "k8s/secret.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

static const char MISSING[] = "does not exist";

struct known {
        char *key; /* "NAMESPACE/NAME" */
        char *password;
        const char *why;
        UT_hash_handle hh;
};

struct secrets {
        char *namespace;
        struct known *known;
        bool complete; /* what is not there does not exist */
};

struct secrets *secrets_new(const char *namespace)
{
        struct secrets *secrets = xcalloc(1, sizeof(*secrets));

        secrets->namespace = xstrdup(namespace);
        return secrets;
}

static struct known *find(const struct secrets *secrets, const char *namespace, const char *name, char **key)
{
        struct known *known;

        *key = xprintf("%s/%s", *namespace ? namespace : secrets->namespace, name);
        HASH_FIND_STR(secrets->known, *key, known);
        return known;
}

static bool same(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool secrets_put(struct secrets *secrets, const char *namespace, const char *name, const char *password,
                 const char *why)
{
        char *key;
        struct known *known = find(secrets, namespace, name, &key);

        if (known && same(known->password, password) && same(known->why, why)) {
                free(key);
                return false;
        }
        if (known) {
                free(key);
                secret_free(known->password);
        } else {
                known = xcalloc(1, sizeof(*known));
                known->key = key;
                HASH_ADD_KEYPTR(hh, secrets->known, known->key, strlen(known->key), known);
        }
        known->password = password ? xstrdup(password) : NULL;
        known->why = why;
        return true;
}

static void forget_all(struct secrets *secrets)
{
        struct known *known, *next;

        HASH_ITER (hh, secrets->known, known, next) {
                HASH_DEL(secrets->known, known);
                secret_free(known->password);
                free(known->key);
                free(known);
        }
}

void secrets_begin(struct secrets *secrets)
{
        forget_all(secrets);
        secrets->complete = true;
}

struct secret secrets_find(const struct secrets *secrets, const char *namespace, const char *name)
{
        char *key;
        const struct known *known = find(secrets, namespace, name, &key);

        free(key);
        if (known)
                return (struct secret){known->password, known->why};
        return (struct secret){NULL, secrets->complete ? MISSING : NULL};
}

void secrets_free(struct secrets *secrets)
{
        forget_all(secrets);
        free(secrets->namespace);
        free(secrets);
}
