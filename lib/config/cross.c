/* Rules about several objects. Who is refused never depends on the order in which objects came: the older one
 * stays (creationTimestamp, then name; an object without a timestamp is younger than all that have one). */
#include "config/rules.h"
#include "json/json.h"
#include <stdlib.h>
#include <string.h>

struct claim {
        struct ip_range range;
        const struct object *owner;
};

struct claims { /* disjoint, ascending */
        struct claim *v;
        size_t n;
};

static int by_age(const void *a, const void *b)
{
        const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
        if (x->created != y->created)
                return x->created < y->created ? -1 : 1;
        return strcmp(x->r.ref.name, y->r.ref.name);
}

/* Those without problems so far, oldest first; for free(). */
static struct object **sound_by_age(struct object **v, size_t n, size_t *n_out)
{
        struct object **sound = xcalloc(n + 1, sizeof(*sound));
        size_t used = 0;
        for (size_t i = 0; i < n; i++)
                if (v[i]->r.errors == 0)
                        sound[used++] = v[i];
        qsort(sound, used, sizeof(*sound), by_age);
        *n_out = used;
        return sound;
}

/* Where the first claim is that ends at or after ip. */
static size_t claims_seek(const struct claims *claims, struct ip ip)
{
        size_t low = 0, high = claims->n;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (ip_cmp(claims->v[middle].range.last, ip) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static const struct object *claims_owner(const struct claims *claims, struct ip_range range)
{
        size_t i = claims_seek(claims, range.first);
        return i < claims->n && ip_range_overlaps(claims->v[i].range, range) ? claims->v[i].owner : NULL;
}

static void claims_add(struct claims *claims, const struct object *owner)
{
        const struct pool *pool = owner->typed;
        claims->v = xreallocarray(claims->v, claims->n + pool->n_ranges + 1, sizeof(*claims->v));
        for (size_t i = 0; i < pool->n_ranges; i++) {
                size_t at = claims_seek(claims, pool->ranges[i].first);
                memmove(claims->v + at + 1, claims->v + at, (claims->n - at) * sizeof(*claims->v));
                claims->v[at] = (struct claim){pool->ranges[i], owner};
                claims->n++;
        }
}

static void refuse_overlap(struct object *o, size_t i, const struct object *owner)
{
        struct reading *r = &o->r;
        struct json_object *at = json_item(json_at(o->spec, "addresses"), i);
        size_t path = path_field(r, "spec");
        path_field(r, "addresses");
        path_index(r, i);
        refuse(r, at, REASON_OVERLAPPING_POOL, "%s overlaps the pool %s, which %s; change one of the two",
               shown(r, at), owner->r.ref.name,
               owner->created < o->created ? "is older" : "comes first by name");
        path_pop(r, path);
}

void check_pools(struct object **pools, size_t n)
{
        size_t n_sound;
        struct object **sound = sound_by_age(pools, n, &n_sound);
        struct claims claims = {0};
        for (size_t i = 0; i < n_sound; i++) {
                struct pool *pool = sound[i]->typed;
                for (size_t j = 0; j < pool->n_ranges; j++) {
                        const struct object *owner = claims_owner(&claims, pool->ranges[j]);
                        if (owner)
                                refuse_overlap(sound[i], j, owner);
                }
                if (sound[i]->r.errors == 0)
                        claims_add(&claims, sound[i]);
        }
        free(claims.v);
        free(sound);
}

static int by_session_and_age(const void *a, const void *b)
{
        const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
        int order = bgp_peer_session_cmp(x->typed, y->typed);
        return order ? order : by_age(a, b);
}

void check_peers(struct object **peers, size_t n)
{
        size_t n_sound, everywhere = 0;
        struct object **sound = sound_by_age(peers, n, &n_sound);
        for (size_t i = 0; i < n_sound; i++) /* those with selectors are judged node by node, when planning */
                if (((struct bgp_peer *)sound[i]->typed)->node_selectors.n == 0)
                        sound[everywhere++] = sound[i];
        qsort(sound, everywhere, sizeof(*sound), by_session_and_age);
        for (size_t i = 1, first = 0; i < everywhere; i++) {
                struct reading *r = &sound[i]->r;
                if (!bgp_peer_same_session(sound[first]->typed, sound[i]->typed)) {
                        first = i;
                        continue;
                }
                size_t path = path_field(r, "spec");
                path_field(r, "peerAddress");
                refuse(r, sound[i]->spec, REASON_DUPLICATE_PEER,
                       "is the same session as that of the BGPPeer %s on every node; remove one, or add "
                       "nodeSelectors",
                       sound[first]->r.ref.name);
                path_pop(r, path);
        }
        free(sound);
}

static bool selects_pool(const struct advertisement *ad, const struct pool *pool)
{
        if (ad->n_pools == 0 && ad->pool_selectors.n == 0)
                return true;
        for (size_t i = 0; i < ad->n_pools; i++)
                if (strcmp(ad->pools[i], pool->ref.name) == 0)
                        return true;
        return selectors_match(&ad->pool_selectors, &pool->labels, false);
}

/* The length of the widest prefix in a range. */
static uint8_t widest(struct ip_range range)
{
        struct prefix v[256];
        size_t n = ip_range_prefixes(range, v, sizeof(v) / sizeof(v[0]));
        uint8_t len = 128;
        for (size_t i = 0; i < n && i < sizeof(v) / sizeof(v[0]); i++)
                if (v[i].len < len)
                        len = v[i].len;
        return len;
}

/* A prefix that is announced must not be wider than what the pool has: it would draw in other people's
 * addresses. */
static void check_ad(struct object *o, const struct pool *pool)
{
        const struct bgp_ad *ad = o->typed;
        struct reading *r = &o->r;
        for (size_t i = 0; i < pool->n_ranges; i++) {
                bool v4 = ip_family(pool->ranges[i].first) == IP_V4;
                uint8_t length = v4 ? ad->aggregation_len4 : ad->aggregation_len6,
                        len = widest(pool->ranges[i]);
                if (len <= length)
                        continue;
                size_t path = path_field(r, "spec");
                path_field(r, v4 ? "aggregationLength" : "aggregationLengthV6");
                refuse(r, o->spec, REASON_INVALID_VALUE,
                       "%u is wider than addresses[%zu] of the pool %s, which has no prefix wider than /%u; "
                       "raise it, or leave that pool out with ipAddressPools",
                       length, i, pool->ref.name, len);
                path_pop(r, path);
                return;
        }
}

void check_aggregation(struct object **ads, size_t n_ads, struct object **pools, size_t n_pools)
{
        for (size_t i = 0; i < n_ads; i++) {
                const struct bgp_ad *ad = ads[i]->typed;
                if (ads[i]->r.errors > 0 || (ad->aggregation_len4 == 32 && ad->aggregation_len6 == 128))
                        continue;
                for (size_t j = 0; j < n_pools; j++)
                        if (pools[j]->r.errors == 0 && selects_pool(&ad->ad, pools[j]->typed))
                                check_ad(ads[i], pools[j]->typed);
        }
}
