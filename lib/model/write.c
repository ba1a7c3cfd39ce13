#include "model/write.h"

struct write *write_new(enum write_type type, const struct ref *ref)
{
        struct arena *a = arena_new();
        struct write *w = arena_alloc(a, sizeof(*w));
        w->arena = a;
        w->type = type;
        w->ref = (struct ref){
                .kind = ref->kind,
                .group = arena_strdup(a, ref->group),
                .namespace = arena_strdup(a, ref->namespace),
                .name = arena_strdup(a, ref->name),
                .uid = arena_strdup(a, ref->uid),
                .rv = arena_strdup(a, ref->rv),
        };
        return w;
}

void write_free(struct write *w)
{
        if (w)
                arena_free(w->arena);
}
