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
        bool ignore_exclude;    /* --ignore-exclude-lb: the label on nodes means nothing */
        bool dataplane_ready;   /* the node's data plane can serve; nothing waits for it yet */
        const bool *peers_here; /* of plan_peers(), which are here; NULL: each plan finds out */
};

struct past {           /* what time adds to the facts about one address */
        bool announced; /* this node announces it now */
};

/* *out is the caller's to free. Returns the next moment at which the answer changes by time alone (MONO_NEVER
 * so far). past may be NULL: nothing is announced. */
struct mono plan_address(const struct store *, const struct config *, const struct self *,
                         const struct past *, struct ip, struct mono now, struct want **out);

/* With which of config->peers the node with these labels has a session: here[i] of n_peers. The peer selects
 * the node, and no peer before it asks for the same session there (design.md, BGP sessions). For struct self,
 * until the config or the labels change. */
void plan_peers(const struct config *, const struct labels *node, bool *here);
