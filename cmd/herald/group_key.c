#include "group_key.h"
#include "base/arena.h"
#include "model/write.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { KEY_LEN = 32 };

struct write *group_key_write(const char *namespace)
{
        const struct ref ref = {KIND_SECRET, "", namespace, GROUP_KEY_NAME, "", ""};
        struct write *write = write_new(WRITE_CREATE, &ref);
        unsigned char key[KEY_LEN], text[4 * ((KEY_LEN + 2) / 3) + 1];

        if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
                abort();
        EVP_EncodeBlock(text, key, KEY_LEN);
        write->body = xprintf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{\"name\":\"%s\","
                              "\"namespace\":\"%s\",\"labels\":{\"app.kubernetes.io/name\":\"heraldlb\"}},"
                              "\"data\":{\"key\":\"%s\"}}",
                              GROUP_KEY_NAME, namespace, (const char *)text);
        explicit_bzero(key, sizeof(key));
        explicit_bzero(text, sizeof(text));
        return write;
}
