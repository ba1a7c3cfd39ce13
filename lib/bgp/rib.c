/*
 * An address has contributions, each to one entry (a prefix). An entry knows the attributes that it should
 * have (want) and those that were told to the peer (told); sets of attributes are interned, so that equal is
 * same.
 *
 * An entry is in exactly one place:
 *   DIRTY     a contribution changed; want is found again at the next pull, once, however many changed
 *   WITHDRAW  told, and no longer wanted
 *   PENDING   in the bucket of the attribute set that is wanted, and not yet told
 *   NOWHERE   the peer knows the truth
 * Moving it is O(1), so a flap in the queue leaves nothing behind. Entries that have no contribution and that
 * the peer does not know are freed.
 */
#include "bgp/rib.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct bucket { /* what waits with one attribute set, of one family */
        struct attr_set *set;
        struct entry *entries;
        struct bucket *prev, *next;
};

struct attr_set {
        uint32_t refs;
        struct attrs attrs;
        struct bucket pending[2];
        uint32_t *key;
        UT_hash_handle hh;
};

enum place { NOWHERE, DIRTY, WITHDRAW, PENDING };

struct entry {
        struct prefix prefix;
        enum place place;
        bool resend;  /* the peer asked to be told again */
        bool refused; /* see rib_refused() */
        struct attr_set *want, *told;
        struct entry *prev, *next; /* in its place */
        struct contribution *contributions;
        UT_hash_handle hh;
};

struct contribution {
        struct address *address;
        struct entry *entry;
        struct attr_set *attrs;
        bool stale;                       /* while its address is set again */
        struct contribution *prev, *next; /* of the entry */
        struct contribution *sibling;     /* of the address */
};

struct address {
        struct ip ip;
        struct contribution *contributions;
        UT_hash_handle hh;
};

struct rib {
        struct entry *entries;
        struct address *addresses;
        struct attr_set *sets;
        struct entry *dirty;
        struct entry *withdraw[2];
        struct bucket *buckets[2];
        size_t told, refused;
};

static unsigned family_index(enum ip_family family)
{
        return family == IP_V6 ? 1 : 0;
}

static unsigned entry_family(const struct entry *e)
{
        return family_index(ip_family(e->prefix.ip));
}

/* --- attribute sets --- */

static size_t key_words(const struct attrs *a)
{
        return 2 + 4 * a->n_communities;
}

static void fill_key(uint32_t *key, const struct attrs *a)
{
        key[0] = a->has_local_pref;
        key[1] = a->has_local_pref ? a->local_pref : 0;
        for (size_t i = 0; i < a->n_communities; i++) {
                const struct community *c = &a->communities[i];
                uint32_t *k = key + 2 + 4 * i;
                k[0] = c->is_large;
                k[1] = c->a;
                k[2] = c->b;
                k[3] = c->is_large ? c->c : 0;
        }
}

static struct attr_set *intern(struct rib *rib, const struct attrs *a)
{
        struct attr_set *set;
        size_t words = key_words(a);
        uint32_t *key = xcalloc(words, sizeof(*key));
        fill_key(key, a);
        HASH_FIND(hh, rib->sets, key, words * sizeof(*key), set);
        if (set != NULL) {
                free(key);
                set->refs++;
                return set;
        }
        set = xcalloc(1, sizeof(*set));
        set->refs = 1;
        set->attrs = *a;
        set->attrs.communities = xcalloc(a->n_communities + 1, sizeof(*a->communities));
        for (size_t i = 0; i < a->n_communities; i++)
                set->attrs.communities[i] = a->communities[i];
        set->pending[0].set = set->pending[1].set = set;
        set->key = key;
        HASH_ADD_KEYPTR(hh, rib->sets, set->key, words * sizeof(*key), set);
        return set;
}

static void release(struct rib *rib, struct attr_set *set)
{
        if (set == NULL || --set->refs > 0)
                return;
        HASH_DELETE(hh, rib->sets, set);
        free(set->attrs.communities);
        free(set->key);
        free(set);
}

static int by_community(const void *a, const void *b)
{
        return community_cmp(a, b);
}

/* The union of all contributions; a reference of its own. */
static struct attr_set *merge(struct rib *rib, const struct entry *e)
{
        const struct contribution *c, *first = e->contributions, *preferred = NULL;
        size_t n = 0, unique = 0;
        bool same = true;
        DL_FOREACH (first, c) {
                same = same && c->attrs == first->attrs;
                n += c->attrs->attrs.n_communities;
                if (c->attrs->attrs.has_local_pref &&
                    (preferred == NULL || ip_cmp(c->address->ip, preferred->address->ip) < 0))
                        preferred = c;
        }
        if (same) {
                first->attrs->refs++;
                return first->attrs;
        }
        struct attrs sum = {.communities = xcalloc(n + 1, sizeof(*sum.communities))};
        DL_FOREACH (first, c)
                for (size_t i = 0; i < c->attrs->attrs.n_communities; i++)
                        sum.communities[sum.n_communities++] = c->attrs->attrs.communities[i];
        qsort(sum.communities, sum.n_communities, sizeof(*sum.communities), by_community);
        for (size_t i = 0; i < sum.n_communities; i++)
                if (unique == 0 || community_cmp(&sum.communities[unique - 1], &sum.communities[i]) != 0)
                        sum.communities[unique++] = sum.communities[i];
        sum.n_communities = unique;
        if (preferred != NULL) {
                sum.has_local_pref = true;
                sum.local_pref = preferred->attrs->attrs.local_pref;
        }
        struct attr_set *set = intern(rib, &sum);
        free(sum.communities);
        return set;
}

/* --- entries and their places --- */

static void leave_place(struct rib *rib, struct entry *e)
{
        unsigned f = entry_family(e);
        if (e->place == DIRTY) {
                DL_DELETE(rib->dirty, e);
        } else if (e->place == WITHDRAW) {
                DL_DELETE(rib->withdraw[f], e);
        } else if (e->place == PENDING) {
                struct bucket *b = &e->want->pending[f];
                DL_DELETE(b->entries, e);
                if (b->entries == NULL)
                        DL_DELETE(rib->buckets[f], b);
        }
        e->place = NOWHERE;
}

static void mark_dirty(struct rib *rib, struct entry *e)
{
        if (e->place == DIRTY)
                return;
        leave_place(rib, e);
        e->place = DIRTY;
        DL_APPEND(rib->dirty, e);
}

static void set_told(struct rib *rib, struct entry *e, struct attr_set *told)
{
        rib->told += (told != NULL);
        rib->told -= (e->told != NULL);
        if (told != NULL)
                told->refs++;
        release(rib, e->told);
        e->told = told;
        e->resend = false;
}

/* Puts an entry, whose want is right, where it belongs; frees one that nobody knows of. */
static void find_place(struct rib *rib, struct entry *e)
{
        unsigned f = entry_family(e);
        leave_place(rib, e);
        if (e->want != NULL && (e->want != e->told || e->resend)) {
                struct bucket *b = &e->want->pending[f];
                if (b->entries == NULL)
                        DL_APPEND(rib->buckets[f], b);
                DL_APPEND(b->entries, e);
                e->place = PENDING;
        } else if (e->want == NULL && e->told != NULL) {
                DL_APPEND(rib->withdraw[f], e);
                e->place = WITHDRAW;
        } else if (e->want == NULL && e->contributions == NULL) {
                HASH_DELETE(hh, rib->entries, e);
                free(e);
        }
}

static void resolve(struct rib *rib, struct entry *e)
{
        struct attr_set *want = e->contributions == NULL ? NULL : merge(rib, e);
        bool refused = want != NULL && !bgp_attrs_fit(&want->attrs);
        leave_place(rib, e);
        if (refused) {
                release(rib, want);
                want = NULL;
        }
        rib->refused += refused;
        rib->refused -= e->refused;
        e->refused = refused;
        release(rib, e->want);
        e->want = want;
        find_place(rib, e);
}

static struct entry *entry_get(struct rib *rib, struct prefix prefix)
{
        struct entry *e;
        HASH_FIND(hh, rib->entries, &prefix, sizeof(prefix), e);
        if (e != NULL)
                return e;
        e = xcalloc(1, sizeof(*e));
        e->prefix = prefix;
        HASH_ADD(hh, rib->entries, prefix, sizeof(prefix), e);
        return e;
}

/* --- what addresses contribute --- */

static struct address *address_get(struct rib *rib, struct ip ip)
{
        struct address *a;
        HASH_FIND(hh, rib->addresses, &ip, sizeof(ip), a);
        if (a != NULL)
                return a;
        a = xcalloc(1, sizeof(*a));
        a->ip = ip;
        HASH_ADD(hh, rib->addresses, ip, sizeof(ip), a);
        return a;
}

static void contribute(struct rib *rib, struct address *a, const struct route *route)
{
        struct attr_set *set = intern(rib, &route->attrs);
        struct contribution *c;
        for (c = a->contributions; c != NULL; c = c->sibling)
                if (prefix_cmp(c->entry->prefix, route->prefix) == 0)
                        break;
        if (c == NULL) {
                c = xcalloc(1, sizeof(*c));
                c->address = a;
                c->entry = entry_get(rib, route->prefix);
                c->sibling = a->contributions;
                a->contributions = c;
                DL_APPEND(c->entry->contributions, c);
        }
        if (c->attrs != set)
                mark_dirty(rib, c->entry);
        release(rib, c->attrs);
        c->attrs = set;
        c->stale = false;
}

static void sweep(struct rib *rib, struct address *a)
{
        struct contribution **at = &a->contributions;
        while (*at != NULL) {
                struct contribution *c = *at;
                if (!c->stale) {
                        at = &c->sibling;
                        continue;
                }
                *at = c->sibling;
                mark_dirty(rib, c->entry);
                DL_DELETE(c->entry->contributions, c);
                release(rib, c->attrs);
                free(c);
        }
}

void rib_set(struct rib *rib, struct ip ip, const struct route *routes, size_t n)
{
        struct address *a = address_get(rib, ip);
        for (struct contribution *c = a->contributions; c != NULL; c = c->sibling)
                c->stale = true;
        for (size_t i = 0; i < n; i++)
                contribute(rib, a, &routes[i]);
        sweep(rib, a);
        if (a->contributions == NULL) {
                HASH_DELETE(hh, rib->addresses, a);
                free(a);
        }
}

void rib_unset(struct rib *rib, struct ip ip)
{
        struct address *a;
        HASH_FIND(hh, rib->addresses, &ip, sizeof(ip), a);
        if (a != NULL)
                rib_set(rib, ip, NULL, 0);
}

void rib_clear(struct rib *rib)
{
        struct address *a, *tmp;
        HASH_ITER (hh, rib->addresses, a, tmp)
                rib_set(rib, a->ip, NULL, 0);
}

/* --- the peer --- */

static size_t next_withdrawals(struct rib *rib, enum ip_family family, const struct bgp_path *path,
                               uint8_t *buf)
{
        struct bgp_update u;
        struct entry *e, *tmp;
        bgp_update_begin(&u, buf, path, family, NULL);
        DL_FOREACH_SAFE(rib->withdraw[family_index(family)], e, tmp)
        {
                if (!bgp_update_add(&u, e->prefix))
                        break;
                set_told(rib, e, NULL);
                find_place(rib, e);
        }
        return bgp_update_end(&u);
}

static size_t next_announcements(struct rib *rib, enum ip_family family, const struct bgp_path *path,
                                 uint8_t *buf)
{
        struct bucket *b = rib->buckets[family_index(family)];
        struct bgp_update u;
        struct entry *e, *tmp;
        if (b == NULL)
                return 0;
        bgp_update_begin(&u, buf, path, family, &b->set->attrs);
        DL_FOREACH_SAFE(b->entries, e, tmp)
        {
                if (!bgp_update_add(&u, e->prefix))
                        break;
                set_told(rib, e, e->want);
                find_place(rib, e);
        }
        return bgp_update_end(&u);
}

size_t rib_next_update(struct rib *rib, enum ip_family family, const struct bgp_path *path,
                       uint8_t buf[static BGP_MAX])
{
        struct entry *e, *tmp;
        DL_FOREACH_SAFE(rib->dirty, e, tmp)
        resolve(rib, e);
        if (rib->withdraw[family_index(family)] != NULL)
                return next_withdrawals(rib, family, path, buf);
        return next_announcements(rib, family, path, buf);
}

void rib_reset(struct rib *rib)
{
        struct entry *e, *tmp;
        HASH_ITER (hh, rib->entries, e, tmp) {
                set_told(rib, e, NULL);
                if (e->place != DIRTY)
                        find_place(rib, e);
        }
}

void rib_refresh(struct rib *rib, enum ip_family family)
{
        struct entry *e, *tmp;
        HASH_ITER (hh, rib->entries, e, tmp) {
                if (ip_family(e->prefix.ip) != family || e->told == NULL)
                        continue;
                e->resend = true;
                if (e->place == NOWHERE)
                        find_place(rib, e);
        }
}

struct rib *rib_new(void)
{
        return xcalloc(1, sizeof(struct rib));
}

void rib_free(struct rib *rib)
{
        struct entry *e, *tmp;
        if (rib == NULL)
                return;
        rib_clear(rib);
        rib_reset(rib);
        DL_FOREACH_SAFE(rib->dirty, e, tmp)
        resolve(rib, e);
        free(rib);
}

size_t rib_told(const struct rib *rib)
{
        return rib->told;
}

size_t rib_refused(const struct rib *rib)
{
        return rib->refused;
}
