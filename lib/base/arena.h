/* Memory that is freed as one. An object that has many parts is one arena: no part leaks, none is freed twice. */
#pragma once
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* One block with room for exactly `size` octets, as arena_used() gave them for the same calls in another arena: for
 * what is kept for long, and copied once its size is known. What does not fit gets chunks as usual. */
struct arena *arena_new_exact(size_t size);
size_t arena_used(const struct arena *);
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
