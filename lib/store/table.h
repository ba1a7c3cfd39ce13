/* Inside the store: its entries, and the index of addresses. */
#pragma once
#include "store/store.h"
#include <uthash.h>

/* One object that is here, or that others speak of: a slice of its service, a service of its namespace. */
struct entry {
        UT_hash_handle hh;
        UT_hash_handle uid_hh;     /* services with a uid */
        struct fact *fact;         /* NULL: not here (yet, or any more) */
        struct fact *cleared;      /* a service without addresses: as it was when it last had some; or NULL */
        struct entry *owner;       /* of a slice: its service; of a service: its namespace */
        struct entry *next, *prev; /* among the parts of the owner */
        struct entry *parts;
        struct entry *dirty_next, *dirty_prev; /* services: in the list of the dirty ones */
        bool dirty;
        uint32_t seen; /* the relist that last put it */
        char key[];    /* namespace (or nothing), NUL, name */
};

struct addr { /* an address that some status holds, or whose change was not taken yet */
        UT_hash_handle hh;
        struct ip ip;
        struct entry **holders; /* services of type LoadBalancer */
        size_t n;
        bool dirty;
        struct addr *next, *prev; /* in the list of the dirty ones */
};

struct addrs {
        struct addr *by_ip;
        struct addr *dirty;
};

void addrs_hold(struct addrs *, struct ip, struct entry *service); /* twice is once */
void addrs_release(struct addrs *, struct ip, struct entry *service);
void addrs_mark(struct addrs *, struct ip);
void addrs_mark_all(struct addrs *);
size_t addrs_take(struct addrs *, struct ip *out, size_t max);
struct addr *addrs_find(const struct addrs *, struct ip);
void addrs_free(struct addrs *);
