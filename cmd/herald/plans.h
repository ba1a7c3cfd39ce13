/*
 * The table of plans: what was handed to the announcers for each address, so that an unchanged plan costs
 * nothing further and the state directory is written only on change.
 */
#pragma once
#include "announce/announce.h"
#include <stddef.h>

struct config;
struct loop;
struct plans;
struct self;
struct state;
struct store;

struct plans_facts {
        struct store *store;
        const struct config *config;
        const struct self *self;
        bool incomplete; /* some configuration is not known: what is announced stays while a status holds it */
};

/* announcers and state stay the caller's. */
struct plans *plans_new(struct loop *, struct announcer *const *announcers, size_t n, struct state *);
void plans_free(struct plans *);

/* Hands over what the state directory says that this boot announces, and marks it in the store, so that it is
 * planned when synced even if nobody holds it any more. */
void plans_continue(struct plans *, struct store *);
/* Plans what became dirty, one slice of it, and what changes by time alone. False if there is more. */
bool plans_step(struct plans *, const struct plans_facts *, struct mono now);
/* When the answer for some address changes by time alone. */
struct mono plans_again(const struct plans *);
/* What waits for the data plane: the healthCheckNodePorts that are waited for, sorted, in *ports (the caller's to
 * free). False: nothing waits. */
bool plans_waiting(const struct plans *, uint16_t **ports, size_t *n);
/* Marks in the store what waits for the data plane. */
void plans_mark_waiting(const struct plans *, struct store *);
/* Writes what the state directory does not know yet; leave: this node goes, and the directory forgets all. */
void plans_save(struct plans *, bool leave);

uint64_t plans_made(const struct plans *); /* ever */

struct plans_count {
        size_t bgp, l2; /* addresses that are announced */
        size_t waiting, waiting_check; /* addresses that wait for kube-proxy, for the check of a Service */
};
struct plans_count plans_count(const struct plans *);
