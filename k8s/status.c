#include "k8s/status.h"
#include "base/arena.h"
#include "base/text.h"
#include "json/json.h"
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 300 };

char *status_sentence(struct json_object *status, int code)
{
        const char *message = json_string_at(status, "message");
        if (!message || !*message)
                return xprintf("the server answered %d", code);
        char shown[MESSAGE_MAX + 1];
        text_printable(shown, sizeof(shown), message);
        return xprintf("the server answered %d: %s", code, shown);
}

char *status_of_body(const char *body, size_t len, int code)
{
        struct json_object *status = NULL;
        struct json_tokener *tokener = json_tokener_new();
        if (!tokener)
                abort();
        if (len > 0 && len <= (64 << 10))
                status = json_tokener_parse_ex(tokener, body, (int)len);
        char *sentence = status_sentence(status, code);
        json_object_put(status);
        json_tokener_free(tokener);
        return sentence;
}
