/*
 * Which write goes next: pure. One slot per object (and, for Events, per reason): the write under way, the
 * one that waits for its turn, and when the object may be written again. What may be sent stands in a queue
 * per type, first come, first served; what pauses stands in a heap by the end of its pause. So a write costs
 * the logarithm of those that pause, whatever else waits.
 */
#pragma once
#include "base/clock.h"
#include "model/write.h"
#include <stddef.h>
#include <uthash.h>

struct pause {
        struct mono until;
        unsigned failures;
};

/* 0.1 s at first, then twice as long each time, at most 30 s; not shorter than at_least. */
void pause_longer(struct pause *, struct mono now, int64_t at_least);

struct write_slot {
        struct write_slot *prev, *next; /* in ready */
        UT_hash_handle hh;
        char *key;
        enum write_type type;
        struct write *waiting, *running;
        struct pause pause;    /* of this object alone */
        size_t heaped;         /* place in paused, from 1; 0: not there */
        void *owner, *request; /* the caller's */
        bool combined;         /* the Event that runs stands for similar ones */
};

struct write_queue {              /* zeroed, it is an empty one */
        struct write_slot *slots; /* by key */
        struct write_slot *ready[WRITE_TYPES];
        struct write_slot **paused;
        size_t n_paused, room;
        size_t steps; /* slots that were looked at, ever: for tests of what a write costs */
};

/* Takes the write over. Returns the one whose place it takes, which was not sent; NULL if none. */
struct write *write_queue_put(struct write_queue *, struct write *);
/* The slot whose write goes next; NULL if none may. It stays the next one until it is started. */
struct write_slot *write_queue_next(struct write_queue *, enum write_type);
/* Its waiting write is running from now on. */
void write_queue_start(struct write_queue *, struct write_slot *);
/* Its running write came to its end, and slot->pause says when the next may go. Returns that write, which is
 * the caller's. The slot may be gone. */
struct write *write_queue_end(struct write_queue *, struct write_slot *, struct mono now);
/* Ends the pauses that are over. Returns when the next one will be. */
struct mono write_queue_wake(struct write_queue *, struct mono now);
/* Forgets its waiting write. One with nothing left is gone. */
void write_queue_forget_waiting(struct write_queue *, struct write_slot *);
/* Frees all slots with their writes. */
void write_queue_clear(struct write_queue *);
