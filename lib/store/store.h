/*
 * The newest facts of the cluster with their indexes, and what a change of them touches. A fact belongs to
 * the store once it was put; pointers that getters return are valid until the next call that changes the
 * store. Only Services, EndpointSlices, Nodes and Namespaces live here.
 */
#pragma once
#include "model/fact.h"

struct store;

enum store_change {
        STORE_SAME,    /* nothing that this program uses is different: nothing became dirty */
        STORE_CHANGED, /* new, or different */
        STORE_STALE,   /* older than what is here (resourceVersion of the same uid): thrown away */
};

struct store *store_new(void);
void store_free(struct store *); /* NULL is fine */

/* Takes ownership of the fact. One without resourceVersion is always newer, as is the first that a relist
 * puts; the same name with another uid is a deletion and a new object. */
enum store_change store_put(struct store *, struct fact *);
/* Nothing happens if the object is not here, or is here with another uid. */
void store_drop(struct store *, const struct ref *);
/* Between begin and end every object of the kind that exists is put, by a list that is consistent (so that it
 * is never older than what was put before, whatever its resourceVersions say); end drops those that were not.
 * A second begin starts again. */
void store_relist_begin(struct store *, enum kind);
void store_relist_end(struct store *, enum kind);

/* Everything is dirty: for a changed config. */
void store_mark_all(struct store *);
/* This address is dirty, whether somebody holds it or not. */
void store_mark(struct store *, struct ip);
/* Takes up to max of the addresses whose plan may have changed; each is taken once per change. */
size_t store_dirty(struct store *, struct ip *out, size_t max);

struct service_name { /* valid until the next call that changes the store */
        const char *namespace, *name;
};
/* Takes one of the services whose allocation, or whose announcing, may have changed; it may be gone. False: no
 * more. For the leader. */
bool store_dirty_service(struct store *, struct service_name *out);

size_t store_count(const struct store *, enum kind);
const struct fact *store_service(const struct store *, const char *namespace, const char *name);
const struct fact *store_service_by_uid(const struct store *, const char *uid); /* NULL if uid is "" */
const struct fact *store_node(const struct store *, const char *name);
const struct fact *store_namespace(const struct store *, const char *name);

struct store_cursor { /* start with {0} */
        const void *at;
        size_t i;
};
/* The next fact of the kind, NULL at the end; in no order. */
const struct fact *store_next(const struct store *, enum kind, struct store_cursor *);
/* A Service without addresses as it was when it last had some, if that was seen; else NULL. */
const struct fact *store_cleared(const struct store *, const char *namespace, const char *name);
/* The next EndpointSlice of the service. */
const struct fact *store_next_slice(const struct store *, const struct fact *service, struct store_cursor *);
/* The next Service of type LoadBalancer whose status holds the address. */
const struct fact *store_next_holder(const struct store *, struct ip, struct store_cursor *);
/* The next address that some status holds. */
bool store_next_address(const struct store *, struct ip *, struct store_cursor *);

/* Order of resourceVersions, which have no size limit (KEP-5504): the shorter is the smaller, then strcmp. */
int store_rv_cmp(const char *a, const char *b);
