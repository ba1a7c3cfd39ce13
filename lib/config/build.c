/*
 * From documents to a config, in this order: what each document is; who wins a name; each winner by its field
 * table; the winners against each other; the arrays. All that is found on the way is a verdict.
 */
#include "config/build.h"
#include "config/entry.h"
#include "config/identify.h"
#include "config/rules.h"
#include "json/json.h"
#include <stdlib.h>
#include <string.h>

struct candidate {
        struct reading r;
        struct identity id;
};

struct builder {
        struct arena *arena;
        struct problems problems;
        struct candidate *candidates; /* sorted: those of one kind and name together, the winner first */
        size_t n_candidates;
        struct object *objects; /* the winners; sorted by kind and name */
        size_t n_objects;
};

static int by_name(const struct candidate *a, const struct candidate *b)
{
        if (a->r.ref.kind != b->r.ref.kind)
                return a->r.ref.kind < b->r.ref.kind ? -1 : 1;
        return strcmp(a->r.ref.name, b->r.ref.name);
}

/* Never by file or line: moving a document must not change what it means. */
static int by_name_and_claim(const void *a, const void *b)
{
        const struct candidate *x = a, *y = b;
        int order = by_name(x, y);
        if (order == 0)
                order = (x->id.rank < y->id.rank) - (x->id.rank > y->id.rank);
        if (order == 0)
                order = (x->id.created > y->id.created) - (x->id.created < y->id.created);
        if (order == 0)
                order = strcmp(x->r.ref.namespace, y->r.ref.namespace);
        if (order == 0) /* the texts differ, or the two are the same */
                order = strcmp(json_object_to_json_string_ext(x->r.doc->root, JSON_C_TO_STRING_PLAIN),
                               json_object_to_json_string_ext(y->r.doc->root, JSON_C_TO_STRING_PLAIN));
        return order;
}

static void identify_all(struct builder *b, const struct config_docs *docs)
{
        b->candidates = xcalloc(docs->n + 1, sizeof(*b->candidates));
        for (size_t i = 0; i < docs->n; i++) {
                struct candidate *c = &b->candidates[b->n_candidates];
                *c = (struct candidate){
                        .r = {.arena = b->arena, .doc = &docs->v[i], .problems = &b->problems}};
                c->r.notes = c->r.kind = "";
                c->r.ref = (struct ref){.group = "", .namespace = "", .name = "", .uid = "", .rv = ""};
                c->r.line = docs->v[i].line;
                if (!docs->v[i].root) {
                        refuse(&c->r, NULL, REASON_INVALID_YAML, "%s", docs->v[i].error);
                        continue;
                }
                c->id = identify(&c->r);
                if (c->id.ours)
                        b->n_candidates++;
        }
        qsort(b->candidates, b->n_candidates, sizeof(*b->candidates), by_name_and_claim);
}

static const char *where(struct reading *r)
{
        const struct entry *e = r->doc;
        if (e->origin == CONFIG_HERALD || e->origin == CONFIG_METALLB)
                return arena_printf(r->arena, "the %s object in namespace %s", r->ref.group,
                                    r->ref.namespace);
        return arena_printf(r->arena, "the %s document in %s", r->ref.group, e->file);
}

static void lose(struct candidate *loser, struct candidate *winner)
{
        struct reading *r = &loser->r;
        r->line = r->doc->line;
        if (loser->id.rank == winner->id.rank)
                refuse(r, NULL, REASON_DUPLICATE_NAME,
                       "another %s has this name (%s, %s:%d); rename one of them", r->kind,
                       winner->r.ref.namespace, winner->r.doc->file, winner->r.doc->line);
        else
                refuse(r, NULL, REASON_SHADOWED,
                       "has no effect: %s has the same kind and name and goes before it", where(&winner->r));
}

static void read_object(struct builder *b, struct candidate *c)
{
        struct object *o = &b->objects[b->n_objects++];
        const struct kind_table *table = kind_table(c->r.ref.kind);
        *o = (struct object){.r = c->r, .created = c->id.created, .table = table};
        o->typed = arena_alloc(b->arena, table->size);
        memcpy((char *)o->typed + table->ref_at, &c->r.ref, sizeof(c->r.ref));
        o->spec = json_at(c->r.doc->root, "spec");
        struct json_object *spec = o->spec ? json_object_get(o->spec) : json_object_new_object();
        size_t path = path_field(&o->r, "spec");
        if (!o->spec && table->spec_required)
                refuse(&o->r, NULL, REASON_MISSING_FIELD, "is missing; add it");
        else
                read_fields(&o->r, table->spec, spec, o->typed);
        if (table->check && json_object_is_type(spec, json_type_object) && (o->spec || !table->spec_required))
                table->check(&o->r, spec, o->typed);
        path_pop(&o->r, path);
        if (table->kind == KIND_IPADDRESSPOOL) {
                struct pool *pool = o->typed;
                pool->labels = c->id.labels;
                pool->created = c->id.created == INT64_MAX ? 0 : c->id.created;
        }
        json_object_put(spec);
}

static void read_winners(struct builder *b)
{
        struct candidate *winner = NULL;
        b->objects = xcalloc(b->n_candidates + 1, sizeof(*b->objects));
        for (size_t i = 0; i < b->n_candidates; i++) {
                struct candidate *c = &b->candidates[i];
                bool named = c->r.ref.name[0] != 0;
                if (winner && named && by_name(winner, c) == 0) {
                        lose(c, winner);
                        continue;
                }
                winner = c;
                read_object(b, c);
        }
}

/* The objects of a kind, in order of their names; for free(). */
static struct object **of_kind(struct builder *b, enum kind kind, size_t *n)
{
        struct object **v = xcalloc(b->n_objects + 1, sizeof(*v));
        *n = 0;
        for (size_t i = 0; i < b->n_objects; i++)
                if (b->objects[i].table->kind == kind)
                        v[(*n)++] = &b->objects[i];
        return v;
}

static void check_across(struct builder *b)
{
        size_t n_pools, n_peers, n_ads;
        struct object **pools = of_kind(b, KIND_IPADDRESSPOOL, &n_pools),
                      **peers = of_kind(b, KIND_BGPPEER, &n_peers),
                      **ads = of_kind(b, KIND_BGPADVERTISEMENT, &n_ads);
        check_pools(pools, n_pools);
        check_peers(peers, n_peers);
        check_aggregation(ads, n_ads, pools, n_pools);
        free(pools);
        free(peers);
        free(ads);
}

/* What can be read of these counts, too: a pool allows what is held, Settings say whose Services are ours. */
static bool counts_if_refused(const struct object *o)
{
        const char *name = o->r.ref.name;
        return (o->table->kind == KIND_IPADDRESSPOOL && name[0]) ||
               (o->table->kind == KIND_SETTINGS && strcmp(name, "default") == 0);
}

/* The structs of a kind as one array. */
static void *collect(struct builder *b, enum kind kind, size_t *n)
{
        size_t size = kind_table(kind)->size, all;
        struct object **v = of_kind(b, kind, &all);
        char *array = arena_array(b->arena, all + 1, size);
        *n = 0;
        for (size_t i = 0; i < all; i++) {
                bool good = v[i]->r.errors == 0;
                if (kind == KIND_IPADDRESSPOOL)
                        ((struct pool *)v[i]->typed)->valid = good;
                if (good || counts_if_refused(v[i]))
                        memcpy(array + (*n)++ * size, v[i]->typed, size);
        }
        free(v);
        return array;
}

static void accept(struct builder *b, const struct object *o)
{
        if (o->r.errors > 0)
                return;
        problems_add(
                &b->problems,
                (struct verdict){.ref = o->r.ref,
                                 .valid = true,
                                 .reason = REASON_ACCEPTED,
                                 .message = o->r.notes,
                                 .kind = o->r.kind,
                                 .file = o->r.doc->file[0] ? arena_strdup(b->arena, o->r.doc->file) : NULL,
                                 .line = o->r.doc->line,
                                 .field = ""});
}

static int text_cmp(const char *a, const char *b)
{
        return strcmp(a ? a : "", b ? b : "");
}

static int by_object(const void *a, const void *b)
{
        const struct verdict *x = a, *y = b;
        int order = text_cmp(x->file, y->file);
        if (order == 0)
                order = (x->line > y->line) - (x->line < y->line);
        if (order == 0)
                order = ref_cmp(&x->ref, &y->ref);
        return order ? order : strcmp(x->message, y->message);
}

struct config *config_build(const struct config_docs *docs)
{
        struct builder b = {.arena = arena_new()};
        struct config *config = arena_alloc(b.arena, sizeof(*config));
        config->arena = b.arena;
        identify_all(&b, docs);
        read_winners(&b);
        check_across(&b);
        config->pools = collect(&b, KIND_IPADDRESSPOOL, &config->n_pools);
        config->peers = collect(&b, KIND_BGPPEER, &config->n_peers);
        config->bgp_ads = collect(&b, KIND_BGPADVERTISEMENT, &config->n_bgp_ads);
        config->l2_ads = collect(&b, KIND_L2ADVERTISEMENT, &config->n_l2_ads);
        size_t n_settings;
        const struct settings *settings = collect(&b, KIND_SETTINGS, &n_settings);
        if (n_settings > 0)
                config->settings = settings[0];
        for (size_t i = 0; i < b.n_objects; i++)
                accept(&b, &b.objects[i]);
        config->n_verdicts = b.problems.n;
        config->verdicts = arena_array(b.arena, b.problems.n + 1, sizeof(*config->verdicts));
        for (size_t i = 0; i < b.problems.n; i++)
                config->verdicts[i] = b.problems.v[i];
        qsort(config->verdicts, config->n_verdicts, sizeof(*config->verdicts), by_object);
        free(b.problems.v);
        free(b.candidates);
        free(b.objects);
        return config;
}

void config_free(struct config *config)
{
        if (config)
                arena_free(config->arena);
}
