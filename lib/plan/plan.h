/*
 * What one node announces for one address, to whom, with which attributes, or why not: a pure function of the
 * facts, the config and the node. The same code is the daemon, `herald plan` and the tests.
 */
#pragma once
#include "base/clock.h"
#include "model/config.h"
#include "model/want.h"
#include "store/store.h"

struct self { /* the node that plans */
        const char *node;
        bool foreign;           /* MetalLB's speaker is at work: nothing is announced */
        bool data_plane_down;   /* what is not announced yet waits */
        bool check_ports;       /* those of policy Local only when their health check is among */
        const uint16_t *ports_ready; /* sorted */
        size_t n_ports_ready;
        const bool *peers_here; /* of plan_peers(), which are here; NULL: each plan finds out */
};

struct past {                   /* what time adds to the facts about one address */
        bool announced;         /* this node announces it now, */
        const struct want *was; /* by this plan; NULL: not known */
        struct mono lost_at;    /* since when no status has it; MONO_NEVER: some status does */
};

#define PLAN_RESTORE (5 * SEC) /* how long an address stays that somebody cleared from a status */

/* *out is the caller's to free. Returns the next moment at which the answer changes by time alone. past may
 * be NULL: nothing is announced.
 *
 * An address that is announced and that no status has any more stays planned, as if its Services still held
 * it, for PLAN_RESTORE if one of them is still of type LoadBalancer and has no address at all: somebody else
 * cleared its status, and the leader restores it (design decision 6). */
struct mono plan_address(const struct store *, const struct config *, const struct self *,
                         const struct past *, struct ip, struct mono now, struct want **out);

/* Whether what this node announces for the address may stay while the configuration is not known: some Service holds
 * it, its endpoints, this node and MetalLB's speaker have nothing against it. */
bool plan_may_stay(const struct store *, const struct config *, const struct self *, struct ip);

/* With which of config->peers the node with these labels has a session: here[i] of n_peers. The peer selects
 * the node, and no peer before it asks for the same session there (design.md, BGP sessions). For struct self,
 * until the config or the labels change. */
void plan_peers(const struct config *, const struct labels *node, bool *here);
