/*
 * BGP: each holder, each advertisement for it on this node, each peer of that advertisement that selects this
 * node gives a route: the address masked to the aggregation length. Routes of one prefix to one peer become
 * one: their communities unite, and different local preferences refuse the whole address, for nobody could
 * say which is meant.
 */
#include "plan/bgp.h"
#include <stdlib.h>
#include <string.h>

struct routes {
        const struct subject *subject;
        const struct spot *self;
        struct want *want;
        size_t cap;
        bool advertised;      /* some advertisement is for a holder */
        bool covered;         /* and for this node */
        const char *conflict; /* the message of a local preference conflict */
};

static int route_cmp(const struct route *route, const char *peer, struct prefix prefix)
{
        int by_peer = strcmp(route->peer, peer);
        return by_peer ? by_peer : prefix_cmp(route->prefix, prefix);
}

static struct route *route_at(struct routes *routes, const char *peer, struct prefix prefix, bool *found)
{
        struct want *want = routes->want;
        size_t i = 0;
        while (i < want->n_routes && route_cmp(&want->routes[i], peer, prefix) < 0)
                i++;
        *found = i < want->n_routes && route_cmp(&want->routes[i], peer, prefix) == 0;
        if (*found)
                return &want->routes[i];
        if (want->n_routes == routes->cap) {
                routes->cap = routes->cap ? 2 * routes->cap : 8;
                struct route *grown = arena_array(want->arena, routes->cap, sizeof(*grown));
                for (size_t j = 0; j < want->n_routes; j++)
                        grown[j] = want->routes[j];
                want->routes = grown;
        }
        memmove(&want->routes[i + 1], &want->routes[i], (want->n_routes - i) * sizeof(want->routes[0]));
        want->n_routes++;
        want->routes[i] = (struct route){.prefix = prefix, .peer = arena_strdup(want->arena, peer)};
        return &want->routes[i];
}

/* Both lists are sorted and unique; so is the result. */
static void unite(struct arena *arena, struct attrs *attrs, const struct community *more, size_t n_more)
{
        size_t i = 0, j = 0, n = 0;
        struct community *all = arena_array(arena, attrs->n_communities + n_more + 1, sizeof(*all));
        while (i < attrs->n_communities || j < n_more) {
                int cmp = i == attrs->n_communities ? 1
                          : j == n_more             ? -1
                                                    : community_cmp(&attrs->communities[i], &more[j]);
                all[n++] = cmp <= 0 ? attrs->communities[i] : more[j];
                i += cmp <= 0;
                j += cmp >= 0;
        }
        attrs->communities = all;
        attrs->n_communities = n;
}

static void add_route(struct routes *routes, const struct bgp_ad *ad, const struct bgp_peer *peer)
{
        struct ip ip = routes->subject->ip;
        uint8_t len = ip_family(ip) == IP_V4 ? ad->aggregation_len4 : ad->aggregation_len6;
        char buf[PREFIX_STRLEN];
        bool found;
        struct route *route = route_at(routes, peer->ref.name, ip_prefix(ip, len), &found);
        if (!found) {
                route->attrs.has_local_pref = ad->has_local_pref;
                route->attrs.local_pref = ad->local_pref;
        } else if (route->attrs.has_local_pref != ad->has_local_pref ||
                   (ad->has_local_pref && route->attrs.local_pref != ad->local_pref)) {
                routes->conflict = arena_printf(routes->want->arena,
                                                "%s BGPAdvertisement %s and another one, %s to peer %s.",
                                                reason_sentence(REASON_LOCAL_PREF_CONFLICT), ad->ad.ref.name,
                                                prefix_str(route->prefix, buf), peer->ref.name);
        }
        unite(routes->want->arena, &route->attrs, ad->communities, ad->n_communities);
}

static bool goes_to(const struct bgp_ad *ad, const struct bgp_peer *peer)
{
        if (ad->n_peers == 0)
                return true;
        for (size_t i = 0; i < ad->n_peers; i++)
                if (!strcmp(ad->peers[i], peer->ref.name))
                        return true;
        return false;
}

static bool same_session(const struct bgp_peer *a, const struct bgp_peer *b)
{
        return ip_eq(a->address, b->address) && ip_eq(a->source, b->source) && a->port == b->port;
}

bool plan_peer_here(const struct config *config, size_t i, const struct labels *node)
{
        const struct bgp_peer *v = config->peers;
        if (!selectors_match(&v[i].node_selectors, node, true))
                return false;
        for (size_t j = 0; j < i; j++)
                if (same_session(&v[j], &v[i]) && selectors_match(&v[j].node_selectors, node, true))
                        return false;
        return true;
}

static void collect(struct routes *routes, const struct fact *holder)
{
        const struct config *config = routes->subject->config;
        for (size_t i = 0; i < config->n_bgp_ads; i++) {
                const struct bgp_ad *ad = &config->bgp_ads[i];
                if (!ad_selects(&ad->ad, routes->subject->holding.pool, holder))
                        continue;
                routes->advertised = true;
                if (!ad_on_node(&ad->ad, routes->self))
                        continue;
                routes->covered = true;
                for (size_t j = 0; j < config->n_peers; j++) {
                        const struct bgp_peer *peer = &config->peers[j];
                        if (goes_to(ad, peer) && plan_peer_here(config, j, routes->self->labels))
                                add_route(routes, ad, peer);
                }
        }
}

static enum reason refusal(const struct routes *routes)
{
        if (!routes->advertised)
                return REASON_NO_ADVERTISEMENT;
        if (!routes->covered)
                return REASON_NODE_NOT_SELECTED;
        enum reason reason = spot_unfit(routes->subject, routes->self);
        if (reason == REASON_NONE)
                reason = spot_unserved(routes->subject, routes->self);
        if (reason == REASON_NONE && routes->want->n_routes == 0)
                reason = REASON_NO_PEERS;
        if (reason == REASON_NONE && routes->conflict)
                reason = REASON_LOCAL_PREF_CONFLICT;
        return reason;
}

void plan_bgp(const struct subject *subject, const struct spot *self, struct want *want)
{
        struct routes routes = {.subject = subject, .self = self, .want = want};
        bool any_served = false;
        for (size_t i = 0; i < subject->holding.n_holders; i++)
                any_served |= subject->serving[i].anywhere;
        for (size_t i = 0; i < subject->holding.n_holders; i++)
                if (subject->serving[i].anywhere || !any_served)
                        collect(&routes, subject->holding.holders[i]);
        enum reason reason = refusal(&routes);
        want->bgp_reason = reason == REASON_NONE ? REASON_ANNOUNCED : reason;
        want->bgp_message =
                reason == REASON_LOCAL_PREF_CONFLICT ? routes.conflict : reason_sentence(want->bgp_reason);
        if (reason != REASON_NONE)
                want->n_routes = 0;
}
