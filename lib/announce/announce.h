/*
 * The interface of everything that makes an address reachable: BGP in the control loop, layer 2 across the mailbox in
 * the wire loop. The caller hands over whole truths; the announcer finds the difference to what it did before. No
 * call blocks and none fails: what cannot be done now is retried by the announcer and told as a wire fact.
 */
#pragma once
#include "base/clock.h"
#include "model/want.h"
#include "model/wire.h"

enum leave {
        LEAVE_RESTART, /* this process ends, the node stays: nothing is taken back (design decision 12) */
        LEAVE_NODE,    /* this node goes: withdraw and hand over, then end */
};

struct announcer {
        void *self;
        /* The whole set of peers that this node has sessions with; copied. Same session parameters: no reset. */
        void (*peers)(void *self, const struct bgp_peer *v, size_t n);
        /* The whole truth of one address; copied. */
        void (*set)(void *self, const struct want *);
        void (*unset)(void *self, struct ip);
        /* All addresses were set once: End-of-RIB may go out. What was continued from before and is over was unset. */
        void (*synced)(void *self);
        /* Calls done(arg) from the loop when it has left, at the deadline at the latest. */
        void (*leave)(void *self, enum leave, struct mono deadline, void (*done)(void *arg), void *arg);
};
