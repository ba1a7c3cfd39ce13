/*
 * A thin face over libevent: one loop per thread. Callbacks are short (design: 20 ms in control, 1 ms in wire); the
 * loop measures how long they take. No callback frees the object that it runs on: it defers.
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

struct loop;
struct loop_timer;
struct loop_fd;
struct event_base;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_fn(void *arg);
typedef void loop_fd_fn(void *arg, int fd, int what); /* what: LOOP_READ and/or LOOP_WRITE */

struct loop *loop_new(const char *name);
void loop_free(struct loop *); /* after all its timers and fds were freed; runs what is deferred first */
void loop_run(struct loop *);  /* until loop_stop() */
void loop_stop(struct loop *); /* from a callback of this loop */

/* A timer fires once at its deadline, at most 1 ms late on an idle machine. Arming it again moves it. */
struct loop_timer *loop_timer_new(struct loop *, loop_fn *, void *arg);
void loop_timer_at(struct loop_timer *, struct mono deadline); /* MONO_NEVER stops it; the past fires next turn */
void loop_timer_stop(struct loop_timer *);
void loop_timer_free(struct loop_timer *); /* NULL is fine; safe inside its own callback */

/* The fd stays the caller's; free this before closing it. Level-triggered. */
struct loop_fd *loop_fd_new(struct loop *, int fd, int what, loop_fd_fn *, void *arg);
void loop_fd_set(struct loop_fd *, int what); /* 0 pauses it */
void loop_fd_free(struct loop_fd *);          /* NULL is fine; safe inside its own callback */

/* fn(arg) when the callbacks of this turn are done: for freeing and for acting once per turn. */
void loop_defer(struct loop *, loop_fn *, void *arg);
/* fn(arg) in the loop when the signal came. One per signal and process. */
void loop_signal(struct loop *, int signo, loop_fn *, void *arg);

struct loop_stats {
        uint64_t callbacks;    /* run so far */
        int64_t busy_ns;       /* time spent in them */
        int64_t max_ns;        /* the longest since the last loop_stats() */
        uint64_t slow;         /* callbacks over the limit */
};
void loop_set_limit(struct loop *, int64_t ns); /* what counts as slow */
struct loop_stats loop_stats(struct loop *);

struct event_base *loop_base(struct loop *); /* for evhttp only */
