/* Any bytes, as a watch and as a list, in two pieces; every value that comes out is decoded as a fact. */
#include "k8s/decode.h"
#include "k8s/stream.h"
#include "json/json.h"
#include <stdint.h>
#include <stdlib.h>

static bool is_printable(const char *text)
{
        for (; text && *text; text++)
                if ((unsigned char)*text < ' ' || *text == 127)
                        return false;
        return true;
}

static void decode(struct json_object *obj)
{
        const char *why = NULL;
        struct fact *fact = decode_fact(obj, &why);
        if (!fact && !why)
                abort(); /* a refusal without a reason */
        if (fact && !is_printable(fact->ref.name))
                abort();
        if (fact && fact->ref.kind == KIND_SERVICE &&
            !(is_printable(fact->u.service.request_error) && is_printable(fact->u.service.requested_pool)))
                abort(); /* what reaches a terminal */
        fact_free(fact);
}

static bool on_value(void *arg, const char *field, struct json_object *value)
{
        (void)arg, (void)field;
        decode(value);
        decode(json_object_at(value, "object"));
        return true;
}

static void run(enum stream_shape shape, const char *bytes, size_t n, size_t cut)
{
        struct stream *s = stream_new(shape, on_value, NULL);
        stream_feed(s, bytes, cut);
        stream_feed(s, bytes + cut, n - cut);
        stream_end(s);
        stream_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        if (n == 0)
                return 0;
        const char *bytes = (const char *)data + 1;
        size_t cut = (n - 1) * data[0] / 255;
        run(data[0] & 1 ? STREAM_WATCH : STREAM_LIST, bytes, n - 1, cut);
        return 0;
}
