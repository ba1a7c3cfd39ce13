/*
 * Writes to the API server, in the background. Of one object only one write is under way and one waits: a
 * newer one takes the place of the one that waits. Events: 20 at once, then 10 a second. Of Service statuses 50
 * are under way at once, of each other type 4.
 */
#pragma once
#include "model/write.h"

struct transport;
struct writer;

enum write_result {
        WRITE_OK,
        WRITE_CONFLICT, /* the object is a newer or another one: decide again when the watch showed it */
        WRITE_GONE,     /* there is no such object any more */
        WRITE_FAILED,   /* nothing was changed */
        WRITE_FAILED_UNKNOWN, /* it may have been carried out: only a look at the object tells */
        WRITE_NOT_LEADING,    /* it was not sent: this node does not lead any more */
        WRITE_SUPERSEDED,     /* a newer write of the same object took its place before it was sent */
};

/* Once for each write, never before writer_put() returns; the write is freed afterwards. sentence: why not,
 * "" if OK. The same decision may be put again at once: after failures the writer waits (an object that is
 * refused, alone; a server that fails or does not answer, all), 0.1 s to 30 s. */
typedef void write_done_fn(void *arg, const struct write *, enum write_result, const char *sentence);

/* instance: what Events name as their reporter, the node's name. may_lead(arg) is asked at the moment of sending what
 * only the leader writes, all but WRITE_APPLY: a leader whose lease ran out while it slept sends nothing. */
struct writer *writer_new(struct transport *, const char *instance, write_done_fn *, bool (*may_lead)(void *arg),
                          void *arg);
/* This node leads no more: forgets what waits and ends what is under way of the leader's writes, without a call. */
void writer_stop_leading(struct writer *);
/* Takes the write over. Two Events count as of one object only if they have one reason, too. */
void writer_put(struct writer *, struct write *);
/* The leader goes: what waits is dropped. So many of its writes are under way, each of which may still land. */
size_t writer_finish_leading(struct writer *);
size_t writer_pending(const struct writer *); /* waiting and under way */
/* Forgets what waits and what is under way, without a call; not from the callback; NULL is fine. */
void writer_free(struct writer *);
