/* Inside the leader: what it remembers about one Service between two decisions. */
#pragma once
#include "ipam/book.h"
#include "lead/lead.h"
#include <uthash.h>

enum trouble {
        TROUBLE_NONE,
        TROUBLE_BEHIND, /* the watch has to show a newer object than the one of `tried` */
        TROUBLE_LATER,  /* not before retry_at */
};

struct flight { /* a status that was written and not seen yet; guarded by rv, so it is over once rv is */
        bool up;
        bool unsure; /* an earlier write of the same may still land */
        struct ip *ips;
        size_t n;
        char *pool; /* NULL: none */
        char *rv;
        uint64_t term;
};

struct seat {
        UT_hash_handle hh;
        char *uid;
        struct flight flight;
        struct ip *held; /* the last addresses that its status had; none if it is not ours */
        size_t n_held;
        bool landed;   /* the last flight became the status: tell so */
        bool queued;   /* to be decided */
        bool incoming; /* queued, and not sorted in yet */
        bool waiting;  /* for something to be released or changed */
        bool timed;    /* time matters */
        struct seat *q_next, *q_prev, *w_next, *w_prev, *t_next, *t_prev;
        bool robbed; /* its status was cleared again: not restored before restore_at */
        struct mono restore_at;
        unsigned restores; /* without a minute of peace */
        bool lost;
        struct mono lost_since; /* some address is in no pool since then */
        enum trouble trouble;
        char *tried;
        struct mono retry_at;
        int64_t backoff;
        enum reason reason, told; /* the verdict; what the last Event said */
        char *message;            /* NULL: the reason's sentence */
        int64_t created;
        uint64_t told_conditions[CONDITIONS]; /* digests of what was written last; 0: nothing, or in vain */
        struct mono conditions_at;            /* not before */
        bool conditions_due;                  /* something is to be told then */
        char key[]; /* namespace, NUL, name */
};

struct seats {
        struct seat *all;
        struct seat *queue, *incoming; /* the queue is sorted: oldest first, then by namespace and name */
        struct seat *waiting, *timed;
};

struct seat *seat_find(const struct seats *, const char *namespace, const char *name);
struct seat *seat_obtain(struct seats *, const char *namespace, const char *name);
const char *seat_namespace(const struct seat *);
const char *seat_name(const struct seat *);
void seat_forget(struct seats *, struct seat *);
void seats_free(struct seats *);

void seat_hold(struct seat *, const struct ip *, size_t n); /* copies */

/* Puts it in, or takes it out of, the list; being there already is fine. */
void seat_queue(struct seats *, struct seat *, bool in);
void seat_wait(struct seats *, struct seat *, bool in);
void seat_time(struct seats *, struct seat *, bool in);
/* Sorts what came in into the queue. */
void seats_sort_queue(struct seats *);

void flight_start(struct flight *, const struct write *);
void flight_end(struct flight *);
bool flight_landed(const struct flight *, const struct service *);
