/*
 * BGP: each holder, each advertisement for it on this node, each peer of that advertisement that selects this
 * node and carries the family gives a route: the address masked to the aggregation length. Routes of one
 * prefix to one peer become one: their communities unite, and different local preferences refuse the whole
 * address, for nobody could say which is meant.
 */
#include "plan/bgp.h"
#include <stdlib.h>
#include <string.h>

struct routes {
        const struct plan_input *in;
        const struct node_view *self;
        const bool *peers_here; /* of the config, this node has a session with */
        struct want *want;
        size_t cap;
        bool advertised;      /* some advertisement is for a holder */
        bool covered;         /* and for this node */
        bool peered;          /* and for a peer of this node, of whatever family */
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
        struct ip ip = routes->in->ip;
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

void plan_peers(const struct config *config, const struct labels *node, bool *here)
{
        const struct bgp_peer *v = config->peers;
        for (size_t i = 0; i < config->n_peers; i++) {
                here[i] = selectors_match(&v[i].node_selectors, node, true);
                for (size_t j = 0; j < i && here[i]; j++)
                        here[i] = !here[j] || !bgp_peer_same_session(&v[j], &v[i]);
        }
}

/* One advertisement, which is for a holder and for this node. */
static void add_routes(struct routes *routes, const struct bgp_ad *ad)
{
        const struct config *config = routes->in->config;
        for (size_t i = 0; i < config->n_peers; i++) {
                const struct bgp_peer *peer = &config->peers[i];
                if (!routes->peers_here[i] || !goes_to(ad, peer))
                        continue;
                routes->peered = true;
                if (bgp_peer_carries(peer, ip_family(routes->in->ip)))
                        add_route(routes, ad, peer);
        }
}

static void collect(struct routes *routes, const struct fact *holder)
{
        const struct config *config = routes->in->config;
        for (size_t i = 0; i < config->n_bgp_ads; i++) {
                const struct bgp_ad *ad = &config->bgp_ads[i];
                if (!ad_selects(&ad->ad, routes->in->holding.pool, holder))
                        continue;
                routes->advertised = true;
                if (!ad_on_node(&ad->ad, routes->self))
                        continue;
                routes->covered = true;
                add_routes(routes, ad);
        }
}

static enum reason refusal(const struct routes *routes)
{
        if (!routes->advertised)
                return REASON_NO_ADVERTISEMENT;
        if (!routes->covered)
                return REASON_NODE_NOT_SELECTED;
        enum reason reason = node_unfit(routes->in, routes->self);
        if (reason == REASON_NONE)
                reason = node_unserved(routes->in, routes->self);
        if (reason == REASON_NONE && routes->want->n_routes == 0)
                reason = routes->peered ? REASON_NO_PEER_OF_FAMILY : REASON_NO_PEERS;
        if (reason == REASON_NONE && routes->conflict)
                reason = REASON_LOCAL_PREF_CONFLICT;
        return reason;
}

static const char *message(const struct routes *routes, enum reason reason)
{
        char ip[IP_STRLEN];
        if (reason == REASON_LOCAL_PREF_CONFLICT)
                return routes->conflict;
        if (reason != REASON_NO_PEER_OF_FAMILY)
                return reason_sentence(reason);
        return arena_printf(routes->want->arena, "%s %s needs a BGPPeer with an %s address.",
                            reason_sentence(reason), ip_str(routes->in->ip, ip),
                            ip_family(routes->in->ip) == IP_V4 ? "IPv4" : "IPv6");
}

static const bool *peers_here(const struct plan_input *in, const struct labels *node)
{
        if (in->self->peers_here)
                return in->self->peers_here;
        bool *here = arena_array(in->scratch, in->config->n_peers + 1, sizeof(*here));
        plan_peers(in->config, node, here);
        return here;
}

void plan_bgp(const struct plan_input *in, const struct node_view *self, struct want *want)
{
        struct routes routes = {
                .in = in, .self = self, .want = want, .peers_here = peers_here(in, self->labels)};
        bool any_served = false;
        for (size_t i = 0; i < in->holding.n_holders; i++)
                any_served |= in->serving[i].anywhere;
        for (size_t i = 0; i < in->holding.n_holders; i++)
                if (in->serving[i].anywhere || !any_served)
                        collect(&routes, in->holding.holders[i]);
        enum reason reason = refusal(&routes);
        want->bgp_reason = reason == REASON_NONE ? REASON_ANNOUNCED : reason;
        want->bgp_message = message(&routes, want->bgp_reason);
        if (reason != REASON_NONE)
                want->n_routes = 0;
}
