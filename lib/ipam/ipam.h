/*
 * Who holds an address, and which address a Service gets: pure functions of all facts and the config, the
 * same on every node and in any order of the input.
 */
#pragma once
#include "ipam/book.h"
#include "model/config.h"
#include "store/store.h"

/* Whether we serve it: type LoadBalancer and the loadBalancerClass of Settings, none if that has none. *why if
 * not. */
bool ipam_ours(const struct config *, const struct service *, enum reason *why);

/* Whether the pool's serviceAllocation lets the Service in: its namespace is named or selected, and its
 * labels are. */
bool ipam_pool_admits(const struct store *, const struct pool *, const struct fact *service);
/* Whether a pool allows the Service to hold ip: REASON_NONE and the pool, else why not. An invalid pool
 * allows what lies in its ranges. *pool is the pool that has ip, NULL if none. */
enum reason ipam_address_allowed(const struct store *, const struct config *, const struct fact *service,
                                 struct ip, const struct pool **pool);
/* Addresses that the pool can give out; INT64_MAX when there are more. */
int64_t ipam_pool_size(const struct pool *, enum ip_family);
struct pool_use {
        int64_t assigned[2]; /* distinct addresses of IPv4, IPv6 in the statuses of Services */
};
/* Of every pool, in the order of config->pools; malloced. The cost is that of all addresses. */
struct pool_use *ipam_pool_use(const struct store *, const struct config *);

struct holding { /* arrays are the arena's, facts the store's; both sorted, the first holder was the judge's
                    first */
        const struct pool *pool;
        const struct fact **holders; /* hold the address together */
        size_t n_holders;
        const struct fact **losers; /* their status has it too, but they cannot share it: AddressConflict */
        size_t n_losers;
        enum reason reason; /* REASON_NONE if somebody holds it, else why the first in that order does not */
};

/* The judge (design decision 5). Of the Services whose status has ip and whom a pool allows it, in the order
 * higher term, older creation, uid, namespace and name, each one holds it that can share it with all before.
 */
void ipam_holding(const struct store *, const struct config *, struct ip, struct arena *,
                  struct holding *out);

/* The same, as if the status of these Services, and of no others, had ip. Sorts them. */
void ipam_holding_of(const struct store *, const struct config *, struct ip, const struct fact **services,
                     size_t n, struct arena *, struct holding *out);

#define GRANT_MAX 2
struct grant {                    /* strings are the arena's */
        struct ip ips[GRANT_MAX]; /* what was asked for in that order, else IPv4 first */
        size_t n;                 /* 0: refused */
        const struct pool *pool;
        enum reason reason; /* of the refusal */
        const char *message;
};

/* Addresses for a Service that starts with none: those it asks for, else the lowest that are free or can be
 * shared, of the pool it asks for, else of the pools with serviceAllocation that admit it by priority, else
 * of the others by name. Both families come from one pool; PreferDualStack takes one family where no pool of
 * the list has both. The Service's own claims in the book do not stand in its way for what it asks for by
 * address. */
void ipam_allocate(const struct store *, const struct config *, const struct book *,
                   const struct fact *service, struct arena *, struct grant *out);
/* One more address of a family from that pool. */
void ipam_extend(const struct store *, const struct book *, const struct fact *service, const struct pool *,
                 enum ip_family, struct arena *, struct grant *out);
