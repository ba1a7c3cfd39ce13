/* Memory that is freed as one. An object that has many parts is one arena: no part leaks, none is freed twice. */
#pragma once
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *); /* NULL is fine */
void *arena_alloc(struct arena *, size_t size);               /* zeroed; aborts when memory is out */
void *arena_array(struct arena *, size_t n, size_t size);     /* zeroed; aborts on overflow */
char *arena_strdup(struct arena *, const char *s);            /* NULL gives NULL */
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same promises for single objects; free() frees them. */
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
