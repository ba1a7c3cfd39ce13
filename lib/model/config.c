#include "model/config.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *name, const void *pool)
{
        return strcmp(name, ((const struct pool *)pool)->ref.name);
}

const struct pool *config_pool(const struct config *c, const char *name)
{
        return c->n_pools ? bsearch(name, c->pools, c->n_pools, sizeof(*c->pools), by_name) : NULL;
}

const struct pool *config_pool_of(const struct config *c, struct ip ip)
{
        const struct pool *invalid = NULL;
        for (const struct pool *p = c->pools; p < c->pools + c->n_pools; p++)
                for (size_t i = 0; i < p->n_ranges; i++) {
                        if (!ip_range_contains(p->ranges[i], ip))
                                continue;
                        if (p->valid)
                                return p;
                        if (!invalid)
                                invalid = p;
                }
        return invalid;
}

int bgp_peer_session_cmp(const struct bgp_peer *a, const struct bgp_peer *b)
{
        int order = ip_cmp(a->address, b->address);
        if (order == 0)
                order = (a->port > b->port) - (a->port < b->port);
        return order ? order : ip_cmp(a->source, b->source);
}

bool bgp_peer_same_session(const struct bgp_peer *a, const struct bgp_peer *b)
{
        return bgp_peer_session_cmp(a, b) == 0;
}

bool bgp_peer_carries(const struct bgp_peer *peer, enum ip_family family)
{
        return ip_family(peer->address) == family;
}
