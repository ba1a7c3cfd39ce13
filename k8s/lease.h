/*
 * Leadership by a Lease. See lease_fsm.h for the rules. Leading is no fence: every write carries uid and
 * resourceVersion, so that a leader that was deposed without knowing it changes nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct lease;
struct transport;

struct lease_handler {
        void (*leading)(void *arg, uint64_t term); /* term: the Lease's leaseTransitions, from 1. Again when it changed. */
        void (*following)(void *arg);              /* only after leading */
        /* Why the Lease cannot be had, when that changed: one sentence, "" when all is well again. */
        void (*trouble)(void *arg, const char *sentence);
};

/* Competes at once, as NODE_RANDOM: a restarted daemon is never taken for the one before. */
struct lease *lease_new(struct transport *, const char *namespace, const char *name, const char *node,
                        const struct lease_handler *, void *arg);
/* Whether this node leads by the clock, now; following may not have been told yet, after a sleep for instance. */
bool lease_is_leading(const struct lease *);
/* Stops, without a call of following, and gives the Lease back if it is held. done(arg) is called once,
 * within 5 s and never before this returns; done may free the lease. */
void lease_release(struct lease *, void (*done)(void *arg), void *arg);
void lease_free(struct lease *); /* gives nothing back; not from the handler; NULL is fine */
