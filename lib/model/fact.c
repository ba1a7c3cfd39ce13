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
