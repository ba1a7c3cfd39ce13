#include "model/want.h"

#include <stdatomic.h>
#include <string.h>

struct want *want_new(struct ip ip)
{
        struct arena *arena = arena_new();
        struct want *w = arena_alloc(arena, sizeof(*w));
        w->arena = arena;
        w->holders = arena_alloc(arena, sizeof(*w->holders));
        w->ip = ip;
        return w;
}

const struct want *want_hold(const struct want *w)
{
        atomic_fetch_add_explicit(w->holders, 1, memory_order_relaxed);
        return w;
}

void want_free(const struct want *w)
{
        if (w && atomic_fetch_sub_explicit(w->holders, 1, memory_order_acq_rel) == 0)
                arena_free(w->arena);
}

static const char **copy_strings(struct arena *a, const char *const *v, size_t n)
{
        const char **out = arena_array(a, n, sizeof(*out));
        for (size_t i = 0; i < n; i++)
                out[i] = arena_strdup(a, v[i]);
        return out;
}

static struct route copy_route(struct arena *a, const struct route *from)
{
        struct route r = *from;
        size_t n = r.attrs.n_communities;
        r.peer = arena_strdup(a, from->peer);
        r.attrs.communities = arena_array(a, n, sizeof(struct community));
        if (n > 0)
                memcpy(r.attrs.communities, from->attrs.communities, n * sizeof(struct community));
        return r;
}

/* Most messages are the reason's own sentence, which lasts. */
static const char *copy_message(struct arena *a, enum reason reason, const char *message)
{
        return message == reason_sentence(reason) ? message : arena_strdup(a, message);
}

static struct want *copy_into(struct arena *a, const struct want *from)
{
        struct want *w = arena_alloc(a, sizeof(*w));
        *w = *from;
        w->arena = a;
        w->holders = arena_alloc(a, sizeof(*w->holders));
        w->uids = copy_strings(a, from->uids, from->n_uids);
        w->l2.interfaces = copy_strings(a, from->l2.interfaces, from->l2.n_interfaces);
        w->l2.message = copy_message(a, from->l2.reason, from->l2.message);
        w->bgp_message = copy_message(a, from->bgp_reason, from->bgp_message);
        w->routes = arena_array(a, from->n_routes, sizeof(*w->routes));
        for (size_t i = 0; i < from->n_routes; i++)
                w->routes[i] = copy_route(a, &from->routes[i]);
        return w;
}

struct want *want_copy(const struct want *from)
{
        struct arena *trial = arena_new();
        copy_into(trial, from);
        struct want *w = copy_into(arena_new_exact(arena_used(trial)), from);
        arena_free(trial);
        return w;
}

static bool strings_equal(const char *const *a, size_t na, const char *const *b, size_t nb)
{
        if (na != nb)
                return false;
        for (size_t i = 0; i < na; i++)
                if (strcmp(a[i], b[i]) != 0)
                        return false;
        return true;
}

int community_cmp(const struct community *x, const struct community *y)
{
        if (x->is_large != y->is_large)
                return x->is_large ? 1 : -1;
        if (x->a != y->a)
                return x->a < y->a ? -1 : 1;
        if (x->b != y->b)
                return x->b < y->b ? -1 : 1;
        if (!x->is_large || x->c == y->c)
                return 0;
        return x->c < y->c ? -1 : 1;
}

bool attrs_equal(const struct attrs *x, const struct attrs *y)
{
        if (x->has_local_pref != y->has_local_pref || (x->has_local_pref && x->local_pref != y->local_pref) ||
            x->n_communities != y->n_communities)
                return false;
        for (size_t i = 0; i < x->n_communities; i++)
                if (community_cmp(&x->communities[i], &y->communities[i]) != 0)
                        return false;
        return true;
}

static bool routes_equal(const struct want *x, const struct want *y)
{
        if (x->n_routes != y->n_routes)
                return false;
        for (size_t i = 0; i < x->n_routes; i++) {
                const struct route *a = &x->routes[i], *b = &y->routes[i];
                if (prefix_cmp(a->prefix, b->prefix) != 0 || strcmp(a->peer, b->peer) != 0 ||
                    !attrs_equal(&a->attrs, &b->attrs))
                        return false;
        }
        return true;
}

bool want_equal(const struct want *x, const struct want *y)
{
        return ip_eq(x->ip, y->ip) && strings_equal(x->uids, x->n_uids, y->uids, y->n_uids) &&
               x->l2.candidate == y->l2.candidate && x->l2.rank == y->l2.rank &&
               strings_equal(x->l2.interfaces, x->l2.n_interfaces, y->l2.interfaces, y->l2.n_interfaces) &&
               routes_equal(x, y);
}

bool want_same(const struct want *x, const struct want *y)
{
        return want_equal(x, y) && x->l2.reason == y->l2.reason && strcmp(x->l2.message, y->l2.message) == 0 &&
               x->bgp_reason == y->bgp_reason && strcmp(x->bgp_message, y->bgp_message) == 0 &&
               x->waits == y->waits && x->waits_port == y->waits_port;
}
