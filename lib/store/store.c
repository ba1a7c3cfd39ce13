/*
 * The store keeps one table a kind. Services know their slices and namespaces their services, in whatever
 * order the objects arrive: an entry without a fact stands in for what others already speak of, and goes when
 * nobody does any more. The index of addresses (addrs.c) is made from the status of Services of type
 * LoadBalancer.
 *
 * Every change goes through settle(): mark what the old fact touches, swap, mark what the new one touches.
 * What is marked: for a Service itself and the addresses of its status; for a slice its service (who announces it
 * is told there) and the addresses of that; for a Namespace its services and their addresses, since pools select on
 * its labels; for a Node everything, since every node's candidacy is a part of the rank. The addresses of a Service whose status
 * was emptied stay its addresses here until it gets some again, for they are announced a while longer. A fact
 * that says the same takes the place of the old one without a mark: its resourceVersion is newer and guards
 * the next write.
 *
 * resourceVersion: KEP-5504. Versions go back when the API server's data is restored from a backup; what a
 * list says is then the truth, so the first that a relist puts of an object is taken whatever its version.
 */
#include "store/store.h"
#include "store/same.h"
#include "store/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct store {
        struct entry *by_key[KIND_NAMESPACE + 1];
        struct entry *by_uid; /* services */
        size_t count[KIND_NAMESPACE + 1];
        uint32_t relist[KIND_NAMESPACE + 1];
        bool relisting[KIND_NAMESPACE + 1];
        struct addrs addrs;
        struct entry *dirty; /* services */
        struct entry *taken; /* the service that store_dirty_service() gave out last, to be looked at for
                                discarding */
};

struct store *store_new(void)
{
        return xcalloc(1, sizeof(struct store));
}

void store_free(struct store *store)
{
        struct entry *entry, *tmp;
        if (!store)
                return;
        addrs_free(&store->addrs);
        HASH_CLEAR(uid_hh, store->by_uid);
        for (enum kind kind = KIND_SERVICE; kind <= KIND_NAMESPACE; kind++) {
                HASH_ITER (hh, store->by_key[kind], entry, tmp) {
                        HASH_DEL(store->by_key[kind], entry);
                        fact_free(entry->fact);
                        fact_free(entry->cleared);
                        free(entry);
                }
        }
        free(store);
}

int store_rv_cmp(const char *a, const char *b)
{
        size_t len_a = strlen(a), len_b = strlen(b);
        return len_a != len_b ? (len_a < len_b ? -1 : 1) : strcmp(a, b);
}

/* ---- entries ---- */

#define KEY_MAX 520 /* two names of at most 253 characters; what is longer is cut */

static size_t make_key(char buf[static KEY_MAX], enum kind kind, const char *namespace, const char *name)
{
        bool scoped = kind == KIND_SERVICE || kind == KIND_ENDPOINTSLICE;
        int n = snprintf(buf, KEY_MAX, "%s%c%s", scoped ? namespace : "", '\0', name);
        return n < KEY_MAX ? (size_t)n : KEY_MAX - 1;
}

static struct entry *find(const struct store *store, enum kind kind, const char *namespace, const char *name)
{
        char key[KEY_MAX];
        struct entry *entry;
        size_t len = make_key(key, kind, namespace, name);
        HASH_FIND(hh, store->by_key[kind], key, len, entry);
        return entry;
}

static struct entry *obtain(struct store *store, enum kind kind, const char *namespace, const char *name)
{
        char key[KEY_MAX];
        struct entry *entry;
        size_t len = make_key(key, kind, namespace, name);
        HASH_FIND(hh, store->by_key[kind], key, len, entry);
        if (entry)
                return entry;
        entry = xcalloc(1, sizeof(*entry) + len + 1);
        memcpy(entry->key, key, len);
        HASH_ADD(hh, store->by_key[kind], key[0], len, entry);
        return entry;
}

static void discard_if_unused(struct store *store, enum kind kind, struct entry *entry)
{
        if (entry->fact || entry->parts || entry->dirty)
                return;
        if (store->taken == entry)
                store->taken = NULL;
        HASH_DEL(store->by_key[kind], entry);
        free(entry);
}

static void discard_taken(struct store *store)
{
        if (store->taken)
                discard_if_unused(store, KIND_SERVICE, store->taken);
        store->taken = NULL;
}

/* ---- marks ---- */

static void mark_service(struct store *store, struct entry *entry)
{
        if (entry->dirty)
                return;
        entry->dirty = true;
        DL_APPEND2(store->dirty, entry, dirty_prev, dirty_next);
}

static void mark_status(struct store *store, const struct fact *service)
{
        for (size_t i = 0; service && service->u.service.load_balancer && i < service->u.service.n_status;
             i++)
                addrs_mark(&store->addrs, service->u.service.status_ips[i]);
}

static void mark_addresses(struct store *store, const struct entry *service)
{
        mark_status(store, service->fact);
        mark_status(store, service->cleared);
}

static void mark_services(struct store *store)
{
        for (struct entry *entry = store->by_key[KIND_SERVICE]; entry; entry = entry->hh.next)
                if (entry->fact)
                        mark_service(store, entry);
}

static void mark_touched(struct store *store, struct entry *entry)
{
        switch ((int)entry->fact->ref.kind) {
        case KIND_SERVICE:
                mark_service(store, entry);
                mark_addresses(store, entry);
                break;
        case KIND_ENDPOINTSLICE:
                if (entry->owner->fact)
                        mark_service(store, entry->owner);
                mark_addresses(store, entry->owner);
                break;
        case KIND_NODE:
                mark_services(store);
                addrs_mark_all(&store->addrs);
                break;
        case KIND_NAMESPACE:
                for (struct entry *service = entry->parts; service; service = service->next) {
                        mark_service(store, service);
                        mark_addresses(store, service);
                }
                break;
        default:
                abort();
        }
}

void store_mark_all(struct store *store)
{
        discard_taken(store);
        mark_services(store);
        addrs_mark_all(&store->addrs);
}

void store_mark(struct store *store, struct ip ip)
{
        addrs_mark(&store->addrs, ip);
}

size_t store_dirty(struct store *store, struct ip *out, size_t max)
{
        return addrs_take(&store->addrs, out, max);
}

bool store_dirty_service(struct store *store, struct service_name *out)
{
        discard_taken(store);
        struct entry *entry = store->dirty;
        if (!entry)
                return false;
        DL_DELETE2(store->dirty, entry, dirty_prev, dirty_next);
        entry->dirty = false;
        store->taken = entry;
        *out = (struct service_name){entry->key, entry->key + strlen(entry->key) + 1};
        return true;
}

/* ---- changes ---- */

static void adopt(struct entry *entry, struct entry *owner)
{
        entry->owner = owner;
        DL_APPEND(owner->parts, entry);
}

static void disown(struct store *store, enum kind owner_kind, struct entry *entry)
{
        struct entry *owner = entry->owner;
        if (!owner)
                return;
        DL_DELETE(owner->parts, entry);
        entry->owner = NULL;
        discard_if_unused(store, owner_kind, owner);
}

/* The key is the fact's: to be called whenever the fact is another one. */
static void index_uid(struct store *store, struct entry *entry, bool in)
{
        const struct ref *ref = &entry->fact->ref;
        if (ref->kind != KIND_SERVICE || !*ref->uid)
                return;
        if (in)
                HASH_ADD_KEYPTR(uid_hh, store->by_uid, ref->uid, strlen(ref->uid), entry);
        else
                HASH_DELETE(uid_hh, store->by_uid, entry);
}

static void link_in(struct store *store, struct entry *entry)
{
        const struct fact *fact = entry->fact;
        if (fact->ref.kind == KIND_SERVICE) {
                adopt(entry, obtain(store, KIND_NAMESPACE, "", fact->ref.namespace));
                for (size_t i = 0; fact->u.service.load_balancer && i < fact->u.service.n_status; i++)
                        addrs_hold(&store->addrs, fact->u.service.status_ips[i], entry);
        } else if (fact->ref.kind == KIND_ENDPOINTSLICE) {
                const char *service = fact->u.slice.service ? fact->u.slice.service : "";
                adopt(entry, obtain(store, KIND_SERVICE, fact->ref.namespace, service));
        }
}

static void link_out(struct store *store, struct entry *entry)
{
        const struct fact *fact = entry->fact;
        if (fact->ref.kind == KIND_SERVICE) {
                disown(store, KIND_NAMESPACE, entry);
                for (size_t i = 0; i < fact->u.service.n_status; i++)
                        addrs_release(&store->addrs, fact->u.service.status_ips[i], entry);
        } else if (fact->ref.kind == KIND_ENDPOINTSLICE) {
                disown(store, KIND_SERVICE, entry);
        }
}

/* What becomes of the entry's fact when now (or nothing) takes its place. */
static void retire(struct entry *entry, const struct fact *now)
{
        struct fact *old = entry->fact;
        bool service = now && now->ref.kind == KIND_SERVICE;
        bool empty = service && now->u.service.n_status == 0;
        if (!empty || old->u.service.n_status > 0) {
                fact_free(entry->cleared);
                entry->cleared = empty ? old : NULL;
        }
        if (entry->cleared != old)
                fact_free(old);
}

/* Makes fact (NULL: nothing) the truth of the entry. The entry may be gone afterwards. */
static void settle(struct store *store, enum kind kind, struct entry *entry, struct fact *fact)
{
        if (entry->fact) {
                mark_touched(store, entry);
                link_out(store, entry);
                index_uid(store, entry, false);
                retire(entry, fact);
                store->count[kind]--;
        }
        entry->fact = fact;
        if (fact) {
                store->count[kind]++;
                link_in(store, entry);
                index_uid(store, entry, true);
                mark_touched(store, entry);
        } else {
                discard_if_unused(store, kind, entry);
        }
}

static bool other_uid(const struct ref *a, const struct ref *b)
{
        return *a->uid && *b->uid && strcmp(a->uid, b->uid) != 0;
}

static int order(const struct fact *old, const struct fact *now)
{
        if (other_uid(&old->ref, &now->ref) || !*old->ref.rv || !*now->ref.rv)
                return 1;
        return store_rv_cmp(now->ref.rv, old->ref.rv);
}

enum store_change store_put(struct store *store, struct fact *fact)
{
        enum kind kind = fact->ref.kind;
        if (kind < KIND_SERVICE || kind > KIND_NAMESPACE)
                abort();
        discard_taken(store);
        struct entry *entry = obtain(store, kind, fact->ref.namespace, fact->ref.name);
        bool listed = store->relisting[kind] && entry->seen != store->relist[kind];
        entry->seen = store->relist[kind];
        int newer = entry->fact && !listed ? order(entry->fact, fact) : 1;
        if (newer <= 0) {
                fact_free(fact);
                return newer < 0 ? STORE_STALE : STORE_SAME;
        }
        if (entry->fact && !other_uid(&entry->fact->ref, &fact->ref) && fact_same(entry->fact, fact)) {
                index_uid(store, entry, false);
                fact_free(entry->fact);
                entry->fact = fact;
                index_uid(store, entry, true);
                return STORE_SAME;
        }
        settle(store, kind, entry, fact);
        return STORE_CHANGED;
}

void store_drop(struct store *store, const struct ref *ref)
{
        if (ref->kind < KIND_SERVICE || ref->kind > KIND_NAMESPACE)
                abort();
        discard_taken(store);
        struct entry *entry = find(store, ref->kind, ref->namespace, ref->name);
        if (entry && entry->fact && !other_uid(&entry->fact->ref, ref))
                settle(store, ref->kind, entry, NULL);
}

void store_relist_begin(struct store *store, enum kind kind)
{
        store->relist[kind]++;
        store->relisting[kind] = true;
}

void store_relist_end(struct store *store, enum kind kind)
{
        struct entry *entry, *tmp;
        discard_taken(store);
        store->relisting[kind] = false;
        HASH_ITER (hh, store->by_key[kind], entry, tmp) {
                if (entry->fact && entry->seen != store->relist[kind])
                        settle(store, kind, entry, NULL);
        }
}

/* ---- what is here ---- */

size_t store_count(const struct store *store, enum kind kind)
{
        return store->count[kind];
}

static const struct fact *fact_of(const struct entry *entry)
{
        return entry ? entry->fact : NULL;
}

const struct fact *store_cleared(const struct store *store, const char *namespace, const char *name)
{
        const struct entry *entry = find(store, KIND_SERVICE, namespace, name);
        return entry ? entry->cleared : NULL;
}

const struct fact *store_service(const struct store *store, const char *namespace, const char *name)
{
        return fact_of(find(store, KIND_SERVICE, namespace, name));
}

const struct fact *store_service_by_uid(const struct store *store, const char *uid)
{
        struct entry *entry;
        HASH_FIND(uid_hh, store->by_uid, uid, strlen(uid), entry);
        return fact_of(entry);
}

const struct fact *store_node(const struct store *store, const char *name)
{
        return fact_of(find(store, KIND_NODE, "", name));
}

const struct fact *store_namespace(const struct store *store, const char *name)
{
        return fact_of(find(store, KIND_NAMESPACE, "", name));
}

const struct fact *store_next(const struct store *store, enum kind kind, struct store_cursor *cursor)
{
        const struct entry *entry = cursor->at;
        do
                entry = entry ? entry->hh.next : store->by_key[kind];
        while (entry && !entry->fact);
        cursor->at = entry;
        return fact_of(entry);
}

const struct fact *store_next_slice(const struct store *store, const struct fact *service,
                                    struct store_cursor *cursor)
{
        const struct entry *slice = cursor->at;
        if (!slice) {
                const struct entry *owner =
                        find(store, KIND_SERVICE, service->ref.namespace, service->ref.name);
                slice = owner ? owner->parts : NULL;
        } else {
                slice = slice->next;
        }
        cursor->at = slice;
        return fact_of(slice);
}

const struct fact *store_next_holder(const struct store *store, struct ip ip, struct store_cursor *cursor)
{
        const struct addr *addr = addrs_find(&store->addrs, ip);
        return addr && cursor->i < addr->n ? addr->holders[cursor->i++]->fact : NULL;
}

bool store_next_address(const struct store *store, struct ip *ip, struct store_cursor *cursor)
{
        const struct addr *addr = cursor->at;
        do
                addr = addr ? addr->hh.next : store->addrs.by_ip;
        while (addr && addr->n == 0);
        cursor->at = addr;
        if (!addr)
                return false;
        *ip = addr->ip;
        return true;
}
