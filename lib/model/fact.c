#include "model/fact.h"
#include "base/text.h"

#include <string.h>

static const char *const names[KIND_MAX] = {
        [KIND_NONE] = "None",
        [KIND_SERVICE] = "Service",
        [KIND_ENDPOINTSLICE] = "EndpointSlice",
        [KIND_NODE] = "Node",
        [KIND_NAMESPACE] = "Namespace",
        [KIND_CONFIGMAP] = "ConfigMap",
        [KIND_SECRET] = "Secret",
        [KIND_POD] = "Pod",
        [KIND_DAEMONSET] = "DaemonSet",
        [KIND_NODESTATE] = "NodeState",
        [KIND_IPADDRESSPOOL] = "IPAddressPool",
        [KIND_BGPPEER] = "BGPPeer",
        [KIND_BGPADVERTISEMENT] = "BGPAdvertisement",
        [KIND_L2ADVERTISEMENT] = "L2Advertisement",
        [KIND_SETTINGS] = "Settings",
};
_Static_assert(KIND_MAX == 15, "a kind was added: give it a name above");

const char *kind_name(enum kind kind)
{
        return names[(unsigned)kind < KIND_MAX ? kind : KIND_NONE];
}

enum kind kind_parse(const char *name)
{
        for (unsigned k = KIND_NONE + 1; k < KIND_MAX; k++)
                if (strcmp(name, names[k]) == 0)
                        return (enum kind)k;
        return KIND_NONE;
}

struct fact *fact_new(enum kind kind)
{
        struct arena *arena = arena_new();
        struct fact *f = arena_alloc(arena, sizeof(*f));
        f->arena = arena;
        f->ref = (struct ref){kind, "", "", "", "", ""};
        if (kind == KIND_NODE)
                f->u.node.ready = true; /* what says nothing about it is ready */
        return f;
}

void fact_free(struct fact *f)
{
        if (f)
                arena_free(f->arena);
}

/* ---- packing ---- */

static void *copy_array(struct arena *a, const void *v, size_t n, size_t size)
{
        return n ? memcpy(arena_array(a, n, size), v, n * size) : NULL;
}

static void copy_labels(struct arena *a, struct labels *labels)
{
        labels->v = copy_array(a, labels->v, labels->n, sizeof(labels->v[0]));
        for (size_t i = 0; i < labels->n; i++)
                labels->v[i] = (struct label){arena_strdup(a, labels->v[i].key), arena_strdup(a, labels->v[i].value)};
}

static void copy_service(struct arena *a, struct service *s)
{
        s->lb_class = arena_strdup(a, s->lb_class);
        s->ports = copy_array(a, s->ports, s->n_ports, sizeof(s->ports[0]));
        s->pod_selector = arena_strdup(a, s->pod_selector);
        s->requested_ips = copy_array(a, s->requested_ips, s->n_requested, sizeof(struct ip));
        s->request_error = arena_strdup(a, s->request_error);
        s->requested_pool = arena_strdup(a, s->requested_pool);
        s->share_key = arena_strdup(a, s->share_key);
        s->status_ips = copy_array(a, s->status_ips, s->n_status, sizeof(struct ip));
        s->allocated_pool = arena_strdup(a, s->allocated_pool);
}

static void copy_slice(struct arena *a, struct endpoint_slice *s)
{
        s->service = arena_strdup(a, s->service);
        s->v = copy_array(a, s->v, s->n, sizeof(s->v[0]));
        for (size_t i = 0; i < s->n; i++)
                s->v[i].node = arena_strdup(a, s->v[i].node);
}

/* A slice takes no room for what only a Service has. */
static size_t size_of(const struct fact *f)
{
        return f->ref.kind == KIND_ENDPOINTSLICE ? offsetof(struct fact, u) + sizeof(f->u.slice) : sizeof(*f);
}

static struct fact *copy_into(struct arena *a, const struct fact *from)
{
        struct fact *f = arena_alloc(a, size_of(from));
        memcpy(f, from, size_of(from));
        f->arena = a;
        f->ref.namespace = arena_strdup(a, f->ref.namespace);
        f->ref.name = arena_strdup(a, f->ref.name);
        f->ref.uid = arena_strdup(a, f->ref.uid);
        f->ref.rv = arena_strdup(a, f->ref.rv);
        if (f->ref.kind == KIND_ENDPOINTSLICE)
                f->labels = (struct labels){0};
        copy_labels(a, &f->labels);
        if (f->ref.kind == KIND_SERVICE)
                copy_service(a, &f->u.service);
        else if (f->ref.kind == KIND_ENDPOINTSLICE)
                copy_slice(a, &f->u.slice);
        return f;
}

/* ref.group is a static text, here and where facts are decoded. */
struct fact *fact_pack(struct fact *from)
{
        static const char *const groups[] = {"", "discovery.k8s.io"};
        struct arena *trial = arena_new();
        copy_into(trial, from);
        struct fact *f = copy_into(arena_new_exact(arena_used(trial)), from);
        f->ref.group = groups[f->ref.kind == KIND_ENDPOINTSLICE];
        arena_free(trial);
        fact_free(from);
        return f;
}

int ref_cmp(const struct ref *a, const struct ref *b)
{
        if (a->kind != b->kind)
                return a->kind < b->kind ? -1 : 1;
        int c = strcmp(a->namespace, b->namespace);
        return c ? c : strcmp(a->name, b->name);
}

const char *condition_type(enum condition condition)
{
        static const char *const types[CONDITIONS] = {[CONDITION_ALLOCATED] = "heraldlb.io/Allocated",
                                                      [CONDITION_ANNOUNCED] = "heraldlb.io/Announced"};
        return types[condition];
}

uint64_t condition_digest(bool is, const char *reason, const char *message)
{
        return text_digest(text_digest(text_digest(0, is ? "True" : "False"), reason), message);
}
