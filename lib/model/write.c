#include "model/write.h"
#include <stdlib.h>
#include <string.h>

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
        if (!w)
                return;
        if (w->body)
                explicit_bzero(w->body, strlen(w->body));
        free(w->body);
        arena_free(w->arena);
}
