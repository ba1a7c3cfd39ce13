#include "base/bytes.h"

#include <string.h>

struct reader reader_of(const void *data, size_t len)
{
        return (struct reader){.p = len ? data : (const uint8_t *)"", .left = len};
}

/* A bad reader has nothing left, so that loops over what is left end. */
const uint8_t *get_bytes(struct reader *r, size_t n)
{
        if (r->bad || n > r->left) {
                r->bad = true;
                r->left = 0;
                return NULL;
        }
        const uint8_t *p = r->p;
        r->p += n;
        r->left -= n;
        return p;
}

uint8_t get_u8(struct reader *r)
{
        const uint8_t *p = get_bytes(r, 1);
        return p ? p[0] : 0;
}

uint16_t get_u16(struct reader *r)
{
        const uint8_t *p = get_bytes(r, 2);
        if (!p)
                return 0;
        return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t get_u32(struct reader *r)
{
        const uint8_t *p = get_bytes(r, 4);
        return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

struct reader get_child(struct reader *r, size_t n)
{
        const uint8_t *p = get_bytes(r, n);
        if (!p)
                return (struct reader){.p = (const uint8_t *)"", .bad = true};
        return (struct reader){.p = p, .left = n};
}

bool reader_done(const struct reader *r)
{
        return !r->bad && r->left == 0;
}

struct writer writer_of(void *buf, size_t cap)
{
        return (struct writer){.p = buf, .cap = cap};
}

/* Room for n more bytes, or NULL; a bad writer has none. */
static uint8_t *reserve(struct writer *w, size_t n)
{
        if (w->bad || n > w->cap - w->len) {
                w->bad = true;
                return NULL;
        }
        uint8_t *p = w->p + w->len;
        w->len += n;
        return p;
}

static void store(uint8_t *p, size_t width, uint64_t value)
{
        for (size_t i = width; i-- > 0; value >>= 8)
                p[i] = (uint8_t)value;
}

static void put_number(struct writer *w, size_t width, uint64_t value)
{
        if (value >> (8 * width))
                w->bad = true;
        uint8_t *p = reserve(w, width);
        if (p)
                store(p, width, value);
}

void put_u8(struct writer *w, uint64_t value)
{
        put_number(w, 1, value);
}

void put_u16(struct writer *w, uint64_t value)
{
        put_number(w, 2, value);
}

void put_u32(struct writer *w, uint64_t value)
{
        put_number(w, 4, value);
}

void put_bytes(struct writer *w, const void *data, size_t n)
{
        if (n == 0)
                return;
        uint8_t *p = reserve(w, n);
        if (p)
                memcpy(p, data, n);
}

size_t open_len(struct writer *w, size_t width)
{
        size_t at = w->len;
        put_number(w, width, 0);
        return at;
}

void close_len(struct writer *w, size_t at, size_t width)
{
        if (w->bad)
                return;
        size_t n = w->len - at - width;
        if (n >> (8 * width))
                w->bad = true;
        else
                store(w->p + at, width, n);
}
