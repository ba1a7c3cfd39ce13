/*
 * An arena is a list of chunks that double up to a limit; what is larger than a chunk gets one of its own. Objects
 * are taken from the front of a chunk, aligned; strings from its end, packed.
 * Under AddressSanitizer what was not handed out is poisoned, so that a write past an object is found
 * although its neighbour lives in the same chunk.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum {
        ALIGN = _Alignof(max_align_t),
        FIRST_CHUNK = 256,
        LAST_CHUNK = 8192,
#ifdef __SANITIZE_ADDRESS__
        RED_ZONE = ALIGN, /* never handed out: poisoned between objects */
#else
        RED_ZONE = 0,
#endif
};

struct chunk {
        struct chunk *next;
        size_t used, cap, strings; /* what strings take is taken from cap */
        _Alignas(max_align_t) char data[];
};

struct arena {
        struct chunk *chunks; /* the newest first */
        size_t next_cap;
        size_t taken;       /* of all chunks */
        struct chunk *own;  /* in one block with the arena; NULL: none */
};

static void *must(void *p)
{
        if (!p) {
                static const char text[] = "herald: out of memory\n";
                fwrite(text, 1, sizeof(text) - 1, stderr);
                abort();
        }
        return p;
}

struct arena *arena_new(void)
{
        struct arena *a = xcalloc(1, sizeof(*a));
        a->next_cap = FIRST_CHUNK;
        return a;
}

void arena_free(struct arena *a)
{
        if (!a)
                return;
        while (a->chunks) {
                struct chunk *c = a->chunks;
                a->chunks = c->next;
                ASAN_UNPOISON_MEMORY_REGION(c->data, c->cap + c->strings);
                if (c != a->own)
                        free(c);
        }
        free(a);
}

/* Front and end share a chunk: only their sum counts, rounded up to where the front may begin. */
struct arena *arena_new_exact(size_t size)
{
        size_t head = (sizeof(struct arena) + ALIGN - 1) / ALIGN * ALIGN;
        struct arena *a = xcalloc(1, head + sizeof(struct chunk) + size);
        a->next_cap = FIRST_CHUNK;
        a->own = a->chunks = (struct chunk *)(void *)((char *)a + head);
        a->own->cap = size;
        ASAN_POISON_MEMORY_REGION(a->own->data, size);
        return a;
}

size_t arena_used(const struct arena *a)
{
        return a->taken;
}

static struct chunk *chunk_add(struct arena *a, size_t need)
{
        size_t cap = need > a->next_cap ? need : a->next_cap;
        struct chunk *c = xcalloc(1, sizeof(*c) + cap);
        c->cap = cap;
        ASAN_POISON_MEMORY_REGION(c->data, cap);
        /* A chunk made for one large object is full: keep the one that has room in front. */
        if (a->chunks && need > a->next_cap) {
                c->next = a->chunks->next;
                a->chunks->next = c;
        } else {
                c->next = a->chunks;
                a->chunks = c;
        }
        if (a->next_cap < LAST_CHUNK)
                a->next_cap *= 2;
        return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
        if (size > SIZE_MAX / 2)
                must(NULL);
        size_t need = (size + ALIGN - 1) / ALIGN * ALIGN + RED_ZONE;
        struct chunk *c = a->chunks;
        if (!c || c->cap - c->used < need)
                c = chunk_add(a, need);
        char *p = c->data + c->used;
        c->used += need;
        a->taken += need;
        ASAN_UNPOISON_MEMORY_REGION(p, size);
        return p;
}

static char *take_string(struct arena *a, size_t size)
{
        size_t need = size + RED_ZONE;
        struct chunk *c = a->chunks;
        if (!c || c->cap - c->used < need)
                c = chunk_add(a, need);
        c->cap -= need;
        c->strings += need;
        a->taken += need;
        char *p = c->data + c->cap;
        ASAN_UNPOISON_MEMORY_REGION(p, size);
        return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
        size_t total;
        if (__builtin_mul_overflow(n, size, &total))
                must(NULL);
        return arena_alloc(a, total);
}

char *arena_strdup(struct arena *a, const char *s)
{
        if (!s)
                return NULL;
        size_t n = strlen(s) + 1;
        return memcpy(take_string(a, n), s, n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
        va_list ap, again;
        va_start(ap, fmt);
        va_copy(again, ap);
        int n = vsnprintf(NULL, 0, fmt, ap);
        if (n < 0)
                abort();
        char *s = take_string(a, (size_t)n + 1);
        vsnprintf(s, (size_t)n + 1, fmt, again);
        va_end(again);
        va_end(ap);
        return s;
}

void *xcalloc(size_t n, size_t size)
{
        return must(calloc(n ? n : 1, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
        return must(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
        return must(strdup(s));
}

char *xprintf(const char *fmt, ...)
{
        va_list ap;
        char *s = NULL;
        va_start(ap, fmt);
        int n = vasprintf(&s, fmt, ap);
        va_end(ap);
        return n < 0 ? must(NULL) : s;
}
