/*
 * The table of interfaces, addresses and default routes. Arrays, since a node has tens of interfaces:
 * interfaces ascending by ifindex, addresses in the kernel's order. Default routes are kept apart and shown
 * on their interface by refresh_routes(), so that a route that arrives before its interface is not lost.
 */
#include "link/table.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

static void free_if(struct link_if *f)
{
        free(f->addrs);
}

void table_free(struct link_table *t)
{
        for (size_t i = 0; i < t->n_ifs; i++)
                free_if(&t->ifs[i]);
        free(t->ifs);
        free(t->routes);
        memset(t, 0, sizeof(*t));
}

/* Where ifindex is, or belongs. */
static size_t position(const struct link_table *t, int ifindex)
{
        size_t lo = 0, hi = t->n_ifs;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (t->ifs[mid].ifindex < ifindex)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static struct link_if *find(const struct link_table *t, int ifindex)
{
        size_t at = position(t, ifindex);

        return at < t->n_ifs && t->ifs[at].ifindex == ifindex ? &t->ifs[at] : NULL;
}

const struct link_if *table_by_index(const struct link_table *t, int ifindex)
{
        return find(t, ifindex);
}

const struct link_if *table_by_name(const struct link_table *t, const char *name)
{
        for (size_t i = 0; i < t->n_ifs; i++)
                if (strcmp(t->ifs[i].name, name) == 0)
                        return &t->ifs[i];
        return NULL;
}

static void show_route(struct link_if *f, const struct link_route *r)
{
        if (r->family == IP_V4)
                f->default_route4 = true;
        else
                f->default_route6 = true;
        if (ip_is_unspecified(r->gateway) || f->n_gateways == LINK_GATEWAYS)
                return;
        for (size_t i = 0; i < f->n_gateways; i++)
                if (ip_eq(f->gateways[i], r->gateway))
                        return;
        f->gateways[f->n_gateways++] = r->gateway;
}

static void refresh_routes(struct link_table *t)
{
        for (size_t i = 0; i < t->n_ifs; i++) {
                t->ifs[i].default_route4 = t->ifs[i].default_route6 = false;
                t->ifs[i].n_gateways = 0;
        }
        for (size_t i = 0; i < t->n_routes; i++) {
                struct link_if *f = find(t, t->routes[i].ifindex);

                if (f != NULL)
                        show_route(f, &t->routes[i]);
        }
}

static bool same_if(const struct link_if *a, const struct link_if *b)
{
        return strcmp(a->name, b->name) == 0 && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
               a->up == b->up && a->arp == b->arp && a->master == b->master;
}

bool table_put_if(struct link_table *t, const struct link_if *put)
{
        struct link_if *f = find(t, put->ifindex);
        bool same, came_up;

        if (f == NULL) {
                size_t at = position(t, put->ifindex);

                t->ifs = xreallocarray(t->ifs, t->n_ifs + 1, sizeof(*t->ifs));
                memmove(&t->ifs[at + 1], &t->ifs[at], (t->n_ifs - at) * sizeof(*t->ifs));
                t->n_ifs++;
                t->ifs[at] = *put;
                t->ifs[at].addrs = NULL;
                t->ifs[at].n_addrs = 0;
                t->ifs[at].stale = false;
                refresh_routes(t);
                return true;
        }
        same = same_if(f, put) && put->notify == 0;
        came_up = !f->up && put->up;
        memcpy(f->name, put->name, sizeof(f->name));
        memcpy(f->mac, put->mac, sizeof(f->mac));
        f->up = put->up;
        f->arp = put->arp;
        f->master = put->master;
        f->notify += put->notify + came_up;
        f->stale = false;
        return !same;
}

/* Drops every route for which stale-or-matching is said by `hit`. */
typedef bool route_fn(const struct link_route *, const struct link_route *key);

static bool drop_routes(struct link_table *t, route_fn *hit, const struct link_route *key)
{
        size_t kept = 0;
        bool changed;

        for (size_t i = 0; i < t->n_routes; i++)
                if (!hit(&t->routes[i], key))
                        t->routes[kept++] = t->routes[i];
        changed = kept != t->n_routes;
        t->n_routes = kept;
        if (changed)
                refresh_routes(t);
        return changed;
}

static bool on_ifindex(const struct link_route *r, const struct link_route *key)
{
        return r->ifindex == key->ifindex;
}

static bool same_metric(const struct link_route *r, const struct link_route *key)
{
        return r->family == key->family && r->metric == key->metric;
}

static bool same_route(const struct link_route *r, const struct link_route *key)
{
        return same_metric(r, key) && r->ifindex == key->ifindex && ip_eq(r->gateway, key->gateway);
}

static bool is_stale(const struct link_route *r, const struct link_route *key)
{
        (void)key;
        return r->stale;
}

bool table_drop_if(struct link_table *t, int ifindex)
{
        struct link_if *f = find(t, ifindex);
        size_t at;

        if (f == NULL)
                return false;
        drop_routes(t, on_ifindex, &(struct link_route){.ifindex = ifindex});
        at = (size_t)(f - t->ifs);
        free_if(f);
        t->n_ifs--;
        memmove(f, f + 1, (t->n_ifs - at) * sizeof(*f));
        return true;
}

static struct link_addr *find_addr(const struct link_if *f, const struct link_addr *a)
{
        for (size_t i = 0; i < f->n_addrs; i++)
                if (ip_eq(f->addrs[i].ip, a->ip) && prefix_cmp(f->addrs[i].subnet, a->subnet) == 0)
                        return &f->addrs[i];
        return NULL;
}

bool table_put_addr(struct link_table *t, int ifindex, const struct link_addr *put)
{
        struct link_if *f = find(t, ifindex);
        struct link_addr *a = f == NULL ? NULL : find_addr(f, put);
        bool same;

        if (f == NULL)
                return false;
        if (a == NULL) {
                f->addrs = xreallocarray(f->addrs, f->n_addrs + 1, sizeof(*f->addrs));
                f->addrs[f->n_addrs] = *put;
                f->addrs[f->n_addrs++].stale = false;
                return true;
        }
        same = a->tentative == put->tentative && a->dad_failed == put->dad_failed;
        *a = *put;
        a->stale = false;
        return !same;
}

bool table_drop_addr(struct link_table *t, int ifindex, const struct link_addr *drop)
{
        struct link_if *f = find(t, ifindex);
        struct link_addr *a = f == NULL ? NULL : find_addr(f, drop);
        size_t at;

        if (a == NULL)
                return false;
        at = (size_t)(a - f->addrs);
        f->n_addrs--;
        memmove(a, a + 1, (f->n_addrs - at) * sizeof(*a));
        return true;
}

bool table_put_route(struct link_table *t, const struct link_route *put)
{
        for (size_t i = 0; i < t->n_routes; i++) {
                if (same_route(&t->routes[i], put)) {
                        t->routes[i].stale = false;
                        return false;
                }
        }
        t->routes = xreallocarray(t->routes, t->n_routes + 1, sizeof(*t->routes));
        t->routes[t->n_routes] = *put;
        t->routes[t->n_routes++].stale = false;
        refresh_routes(t);
        return true;
}

bool table_drop_route(struct link_table *t, const struct link_route *r)
{
        return drop_routes(t, same_route, r);
}

bool table_drop_metric(struct link_table *t, enum ip_family family, uint32_t metric)
{
        return drop_routes(t, same_metric, &(struct link_route){.family = family, .metric = metric});
}

void table_mark(struct link_table *t)
{
        for (size_t i = 0; i < t->n_ifs; i++) {
                t->ifs[i].stale = true;
                for (size_t k = 0; k < t->ifs[i].n_addrs; k++)
                        t->ifs[i].addrs[k].stale = true;
        }
        for (size_t i = 0; i < t->n_routes; i++)
                t->routes[i].stale = true;
}

static bool sweep_addrs(struct link_if *f)
{
        size_t kept = 0;
        bool changed;

        for (size_t i = 0; i < f->n_addrs; i++)
                if (!f->addrs[i].stale)
                        f->addrs[kept++] = f->addrs[i];
        changed = kept != f->n_addrs;
        f->n_addrs = kept;
        return changed;
}

bool table_sweep(struct link_table *t)
{
        bool changed = drop_routes(t, is_stale, NULL);

        for (size_t i = t->n_ifs; i-- > 0;) {
                if (t->ifs[i].stale)
                        changed |= table_drop_if(t, t->ifs[i].ifindex);
                else
                        changed |= sweep_addrs(&t->ifs[i]);
        }
        return changed;
}

bool link_if_contains(const struct link_if *f, struct ip ip)
{
        for (size_t i = 0; i < f->n_addrs; i++) {
                const struct link_addr *a = &f->addrs[i];

                if (!a->dad_failed && a->subnet.len < 8 * ip_len(a->ip) && prefix_contains(a->subnet, ip))
                        return true;
        }
        return false;
}
