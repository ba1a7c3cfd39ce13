/*
 * Who leads. Pure: client-go's leader election over one Lease (coordination.k8s.io/v1). Times of other
 * machines are never compared: a record counts from the moment at which this node saw it change, by this
 * node's clock.
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

#define LEASE_DURATION (15 * SEC) /* how long others wait after they saw a renewal */
#define LEASE_DEADLINE (10 * SEC) /* a leader that could not renew for so long leads no more */
#define LEASE_RETRY    (2 * SEC)
#define LEASE_NAME_MAX 254

struct lease_record {                /* what the server holds */
        char holder[LEASE_NAME_MAX]; /* "" if nobody does */
        char renewed[64];            /* spec.renewTime, compared as text only */
        int64_t duration_ns;
        uint64_t transitions;
};

enum lease_act { LEASE_WAIT, LEASE_GET, LEASE_CREATE, LEASE_UPDATE };
enum lease_result { LEASE_OK, LEASE_ABSENT, LEASE_CONFLICT, LEASE_FAILED };

struct lease_fsm {
        char identity[LEASE_NAME_MAX];
        bool leading;
        uint64_t term;              /* leaseTransitions of the leadership; counts from 1 */
        struct lease_record record; /* as last seen */
        uint64_t highest;           /* leaseTransitions that were seen: a Lease that is made anew goes on from there */
        bool seen;                  /* there is a record */
        struct mono observed;       /* when it last changed */
        struct mono asked;          /* when the running request was sent */
        struct mono renewed;        /* when the last renewal that succeeded was sent */
        struct mono next;           /* when to try again; MONO_NEVER while a request runs */
        enum lease_act running;     /* LEASE_WAIT: none */
        bool fresh; /* the record is what the server holds, as far as known: no GET is needed */
        uint64_t random;
};

void lease_fsm_init(struct lease_fsm *, const char *identity, struct mono now, uint64_t seed);
/* To be called at lease_fsm_next() and after each of the others. What to send now; its result must be
 * reported. When it answers LEASE_UPDATE or LEASE_CREATE, the new record is lease_fsm_proposal(). May end
 * leading. */
enum lease_act lease_fsm_poll(struct lease_fsm *, struct mono now);
/* Leads now: the deadline has not passed. */
bool lease_fsm_leads(const struct lease_fsm *, struct mono now);
struct mono lease_fsm_next(const struct lease_fsm *);
/* The running request ended. record is what the answer holds with LEASE_OK, else NULL. May begin or end
 * leading. */
void lease_fsm_done(struct lease_fsm *, enum lease_result, const struct lease_record *record,
                    struct mono now);
/* What this node would write: itself as the holder, with the term that it then has. */
struct lease_record lease_fsm_proposal(const struct lease_fsm *);
/* Leads no more, and tries no more. True if the lease should be given back: holder "", duration 1 s. */
bool lease_fsm_release(struct lease_fsm *);
