/*
 * Nodes and endpoints. A Service that shares its address with others must not take it away from them by
 * having no endpoints at all: holders that nobody serves are left out as long as another one is served.
 *
 * Every node is looked at for every plan, so what endpoints say is brought into a sorted list of nodes once.
 */
#include "plan/nodes.h"
#include <stdlib.h>
#include <string.h>

/* ---- endpoints ---- */

static bool counts(const struct endpoint *endpoint, enum ip_family family, bool ready_only)
{
        if (ip_family(endpoint->ip) != family)
                return false;
        return endpoint->ready || (!ready_only && endpoint->serving && endpoint->terminating);
}

static int name_cmp(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pointers are those of the facts. */
static void collect_nodes(struct serving *serving, const struct store *store, const struct fact *service,
                          enum ip_family family, struct arena *arena)
{
        struct store_cursor cursor = {0};
        const struct fact *slice;
        size_t max = 0, n = 0;
        while ((slice = store_next_slice(store, service, &cursor)))
                max += slice->u.slice.n;
        serving->nodes = arena_array(arena, max + 1, sizeof(serving->nodes[0]));
        cursor = (struct store_cursor){0};
        while ((slice = store_next_slice(store, service, &cursor))) {
                for (size_t i = 0; i < slice->u.slice.n; i++) {
                        const struct endpoint *endpoint = &slice->u.slice.v[i];
                        if (endpoint->node && counts(endpoint, family, serving->ready))
                                serving->nodes[n++] = endpoint->node;
                }
        }
        qsort(serving->nodes, n, sizeof(serving->nodes[0]), name_cmp);
        for (size_t i = 0; i < n; i++)
                if (i == 0 || strcmp(serving->nodes[i], serving->nodes[serving->n_nodes - 1]) != 0)
                        serving->nodes[serving->n_nodes++] = serving->nodes[i];
}

struct serving serving_of(const struct store *store, const struct fact *service, enum ip_family family,
                          struct arena *arena)
{
        struct serving serving = {0};
        struct store_cursor cursor = {0};
        const struct fact *slice;
        while (!serving.ready && (slice = store_next_slice(store, service, &cursor))) {
                for (size_t i = 0; i < slice->u.slice.n && !serving.ready; i++) {
                        serving.anywhere |= counts(&slice->u.slice.v[i], family, false);
                        serving.ready |= counts(&slice->u.slice.v[i], family, true);
                }
        }
        if (service->u.service.policy == POLICY_LOCAL && serving.anywhere)
                collect_nodes(&serving, store, service, family, arena);
        return serving;
}

bool serving_on(const struct serving *serving, const char *node)
{
        return serving->n_nodes > 0 &&
               bsearch(&node, serving->nodes, serving->n_nodes, sizeof(serving->nodes[0]), name_cmp);
}

/* ---- nodes ---- */

struct node_view node_view_of(const struct fact *node)
{
        return (struct node_view){node->ref.name, &node->labels, &node->u.node};
}

struct node_view node_view_self(const struct plan_input *in, struct label *name, struct labels *made_up)
{
        const struct fact *node = store_node(in->store, in->self->node);
        if (node)
                return node_view_of(node);
        *name = (struct label){"kubernetes.io/hostname", in->self->node};
        *made_up = (struct labels){name, 1};
        return (struct node_view){in->self->node, made_up, NULL};
}

enum reason node_unfit(const struct plan_input *in, const struct node_view *view)
{
        /* Without any Node object there is nothing to ask; with others but not this one, the node is gone. */
        if (!view->node)
                return store_count(in->store, KIND_NODE) ? REASON_NODE_LEAVING : REASON_NONE;
        if (view->node->network_down)
                return REASON_NODE_NETWORK_UNAVAILABLE;
        if (view->node->excluded && !in->config->settings.ignore_excluded)
                return REASON_NODE_EXCLUDED;
        if (view->node->leaving != REASON_NONE)
                return view->node->leaving;
        return view->node->cordoned && in->config->settings.drain_cordoned ? REASON_NODE_CORDONED : REASON_NONE;
}

enum reason node_unserved(const struct plan_input *in, const struct node_view *view)
{
        bool served = false;
        for (size_t i = 0; i < in->holding.n_holders; i++) {
                const struct service *holder = &in->holding.holders[i]->u.service;
                if (!in->serving[i].anywhere)
                        continue;
                served = true;
                if (holder->policy == POLICY_LOCAL && !serving_on(&in->serving[i], view->name))
                        return REASON_NO_LOCAL_ENDPOINTS;
        }
        return served ? REASON_NONE : REASON_NO_ENDPOINTS;
}

/* ---- advertisements ---- */

bool ad_selects(const struct advertisement *ad, const struct pool *pool, const struct fact *service)
{
        bool pool_selected = ad->n_pools == 0 && ad->pool_selectors.n == 0;
        for (size_t i = 0; i < ad->n_pools && !pool_selected; i++)
                pool_selected = !strcmp(ad->pools[i], pool->ref.name);
        if (!pool_selected && !selectors_match(&ad->pool_selectors, &pool->labels, false))
                return false;
        return selectors_match(&ad->service_selectors, &service->labels, true);
}

bool ad_on_node(const struct advertisement *ad, const struct node_view *view)
{
        return selectors_match(&ad->node_selectors, view->labels, true);
}
