/*
 * Nodes and endpoints. A Service that shares its address with others must not take it away from them by
 * having no endpoints at all: holders that nobody serves are left out as long as another one is served.
 */
#include "plan/nodes.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* ---- endpoints ---- */

static bool counts(const struct endpoint *endpoint, enum ip_family family, bool ready_only)
{
        if (ip_family(endpoint->ip) != family)
                return false;
        return endpoint->ready || (!ready_only && endpoint->serving && endpoint->terminating);
}

struct serving serving_of(const struct store *store, const struct fact *service, enum ip_family family)
{
        struct serving serving = {0};
        struct store_cursor cursor = {0};
        const struct fact *slice;
        while ((slice = store_next_slice(store, service, &cursor))) {
                for (size_t i = 0; i < slice->u.slice.n && !serving.ready; i++) {
                        serving.anywhere |= counts(&slice->u.slice.v[i], family, false);
                        serving.ready |= counts(&slice->u.slice.v[i], family, true);
                }
        }
        return serving;
}

bool serving_on(const struct store *store, const struct fact *service, enum ip_family family,
                struct serving serving, const char *node)
{
        struct store_cursor cursor = {0};
        const struct fact *slice;
        while ((slice = store_next_slice(store, service, &cursor))) {
                for (size_t i = 0; i < slice->u.slice.n; i++) {
                        const struct endpoint *endpoint = &slice->u.slice.v[i];
                        if (endpoint->node && !strcmp(endpoint->node, node) &&
                            counts(endpoint, family, serving.ready))
                                return true;
                }
        }
        return false;
}

/* ---- nodes ---- */

struct spot spot_of(const struct fact *node)
{
        return (struct spot){node->ref.name, &node->labels, &node->u.node};
}

struct spot spot_self(const struct subject *subject, struct label *name, struct labels *made_up)
{
        const struct fact *node = store_node(subject->store, subject->self->node);
        if (node)
                return spot_of(node);
        *name = (struct label){"kubernetes.io/hostname", subject->self->node};
        *made_up = (struct labels){name, 1};
        return (struct spot){subject->self->node, made_up, NULL};
}

enum reason spot_unfit(const struct subject *subject, const struct spot *spot)
{
        /* Without any Node object there is nothing to ask; with others but not this one, the node is gone. */
        if (!spot->node)
                return store_count(subject->store, KIND_NODE) ? REASON_NODE_LEAVING : REASON_NONE;
        if (spot->node->network_down)
                return REASON_NODE_NETWORK_UNAVAILABLE;
        if (spot->node->excluded && !subject->self->ignore_exclude)
                return REASON_NODE_EXCLUDED;
        return spot->node->leaving ? REASON_NODE_LEAVING : REASON_NONE;
}

enum reason spot_unserved(const struct subject *subject, const struct spot *spot)
{
        const struct holding *holding = &subject->holding;
        enum ip_family family = ip_family(subject->ip);
        bool served = false;
        for (size_t i = 0; i < holding->n_holders; i++) {
                const struct fact *holder = holding->holders[i];
                if (!subject->serving[i].anywhere)
                        continue;
                served = true;
                if (holder->u.service.policy == POLICY_LOCAL &&
                    !serving_on(subject->store, holder, family, subject->serving[i], spot->name))
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

bool ad_on_node(const struct advertisement *ad, const struct spot *spot)
{
        return selectors_match(&ad->node_selectors, spot->labels, true);
}

void rendezvous(const char *node, struct ip ip, uint8_t out[static HASH_LEN])
{
        char text[IP_STRLEN];
        unsigned len = 0;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        ip_str(ip, text);
        if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ||
            !EVP_DigestUpdate(ctx, node, strlen(node)) || !EVP_DigestUpdate(ctx, "#", 1) ||
            !EVP_DigestUpdate(ctx, text, strlen(text)) || !EVP_DigestFinal_ex(ctx, out, &len) ||
            len != HASH_LEN)
                abort();
        EVP_MD_CTX_free(ctx);
}
