/*
 * One event_base per thread. A turn is: wait, run the callbacks of all that is ready, run what they deferred.
 * It is driven one turn at a time (EVLOOP_ONCE), so that deferred functions run when no callback is on the
 * stack: that is where objects are freed.
 *
 * Deadlines are points of CLOCK_BOOTTIME, libevent counts CLOCK_MONOTONIC. A deadline becomes a wait when it
 * is armed; the callback looks at the clock again and waits for the rest if it came early. A wait is never
 * longer than WAIT_MAX, which bounds how late a timer is after the machine slept. No cached time: a callback
 * may take long.
 */
#include "base/loop.h"
#include "base/arena.h"
#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX (60 * SEC)

struct deferred {
        loop_fn *fn;
        void *arg;
};

struct loop_signal {
        struct loop_signal *next;
        struct loop *loop;
        struct event *ev;
        loop_fn *fn;
        void *arg;
};

struct loop {
        struct event_base *base;
        char *name;
        bool stop;
        struct deferred *deferred;
        size_t n_deferred, cap_deferred;
        struct loop_signal *signals;
        struct loop_stats stats;
        int64_t limit_ns;
        struct log_limit slow_log;
};

struct loop_timer {
        struct loop *loop;
        struct event *ev;
        struct mono deadline;
        loop_fn *fn;
        void *arg;
};

struct loop_fd {
        struct loop *loop;
        struct event *ev;
        int fd;
        loop_fd_fn *fn;
        void *arg;
};

static void must(struct loop *l, bool ok, const char *what)
{
        if (ok)
                return;
        log_pairs(LOG_ERROR, "loop", "the event loop refused a call", "loop=%s call=%s", l->name, what);
        abort();
}

struct loop *loop_new(const char *name)
{
        struct loop *l = xcalloc(1, sizeof(*l));
        struct event_config *cfg = event_config_new();
        l->name = xstrdup(name);
        l->limit_ns = INT64_MAX;
        must(l, cfg != NULL, "event_config_new");
        event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NO_CACHE_TIME);
        l->base = event_base_new_with_config(cfg);
        must(l, l->base != NULL, "event_base_new_with_config");
        event_config_free(cfg);
        return l;
}

/* Called after a callback that began at `from`. */
static void account(struct loop *l, struct mono from)
{
        struct mono now = mono_now();
        int64_t ns = mono_since(now, from);
        uint32_t suppressed;
        l->stats.callbacks++;
        l->stats.busy_ns += ns;
        if (ns > l->stats.max_ns)
                l->stats.max_ns = ns;
        if (ns <= l->limit_ns)
                return;
        l->stats.slow++;
        if (log_allow(&l->slow_log, now.ns, 1, 10 * SEC, &suppressed))
                log_pairs(LOG_WARN, "loop", "a callback took longer than its limit",
                          "loop=%s took_us=%lld limit_us=%lld suppressed=%u", l->name, (long long)(ns / USEC),
                          (long long)(l->limit_ns / USEC), suppressed);
}

/* Runs what was deferred until now; what that defers is for the next turn. */
static void run_deferred(struct loop *l)
{
        struct deferred *v = l->deferred;
        size_t n = l->n_deferred;
        l->deferred = NULL;
        l->n_deferred = l->cap_deferred = 0;
        for (size_t i = 0; i < n; i++) {
                struct mono from = mono_now();
                v[i].fn(v[i].arg);
                account(l, from);
        }
        if (l->n_deferred == 0) { /* keep the memory for the next turn */
                free(l->deferred);
                l->deferred = v;
                l->cap_deferred = n;
        } else {
                free(v);
        }
}

void loop_free(struct loop *l)
{
        if (!l)
                return;
        while (l->n_deferred > 0)
                run_deferred(l);
        while (l->signals) {
                struct loop_signal *s = l->signals;
                l->signals = s->next;
                event_free(s->ev);
                free(s);
        }
        event_base_free(l->base);
        free(l->deferred);
        free(l->name);
        free(l);
}

void loop_run(struct loop *l)
{
        while (!l->stop) {
                int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
                if (l->n_deferred > 0)
                        flags |= EVLOOP_NONBLOCK;
                must(l, event_base_loop(l->base, flags) >= 0, "event_base_loop");
                run_deferred(l);
        }
        l->stop = false;
}

void loop_stop(struct loop *l)
{
        l->stop = true;
        event_base_loopbreak(l->base);
}

static void arm(struct loop_timer *t, struct mono now)
{
        int64_t wait = mono_since(t->deadline, now);
        if (wait > WAIT_MAX)
                wait = WAIT_MAX;
        if (wait < -WAIT_MAX)
                wait = -WAIT_MAX;
        /* Rounded up: never early. A negative wait is kept, so that what is overdue fires in the order of
         * deadlines. */
        int64_t usec = wait > 0 ? (wait + USEC - 1) / USEC : wait / USEC;
        struct timeval tv = {.tv_sec = usec / 1000000, .tv_usec = usec % 1000000};
        if (tv.tv_usec < 0) {
                tv.tv_usec += 1000000;
                tv.tv_sec--;
        }
        must(t->loop, event_add(t->ev, &tv) == 0, "event_add");
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
        struct loop_timer *t = arg;
        struct loop *l = t->loop;
        struct mono from = mono_now();
        (void)fd;
        (void)what;
        if (mono_before(from, t->deadline)) {
                arm(t, from);
                return;
        }
        t->fn(t->arg); /* may free t */
        account(l, from);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
        struct loop_timer *t = xcalloc(1, sizeof(*t));
        *t = (struct loop_timer){.loop = l, .deadline = MONO_NEVER, .fn = fn, .arg = arg};
        t->ev = event_new(l->base, -1, 0, timer_fired, t);
        must(l, t->ev != NULL, "event_new");
        return t;
}

void loop_timer_at(struct loop_timer *t, struct mono deadline)
{
        t->deadline = deadline;
        event_del(t->ev);
        if (mono_before(deadline, MONO_NEVER))
                arm(t, mono_now());
}

void loop_timer_stop(struct loop_timer *t)
{
        loop_timer_at(t, MONO_NEVER);
}

void loop_timer_free(struct loop_timer *t)
{
        if (!t)
                return;
        event_free(t->ev);
        free(t);
}

static void fd_ready(evutil_socket_t fd, short what, void *arg)
{
        struct loop_fd *f = arg;
        struct loop *l = f->loop;
        struct mono from = mono_now();
        f->fn(f->arg, fd,
              (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0)); /* may free f */
        account(l, from);
}

static short event_flags(int what)
{
        return (short)(EV_PERSIST | (what & LOOP_READ ? EV_READ : 0) | (what & LOOP_WRITE ? EV_WRITE : 0));
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, int what, loop_fd_fn *fn, void *arg)
{
        struct loop_fd *f = xcalloc(1, sizeof(*f));
        *f = (struct loop_fd){.loop = l, .fd = fd, .fn = fn, .arg = arg};
        f->ev = event_new(l->base, fd, event_flags(what), fd_ready, f);
        must(l, f->ev != NULL, "event_new");
        if (what)
                must(l, event_add(f->ev, NULL) == 0, "event_add");
        return f;
}

void loop_fd_set(struct loop_fd *f, int what)
{
        event_del(f->ev);
        must(f->loop, event_assign(f->ev, f->loop->base, f->fd, event_flags(what), fd_ready, f) == 0,
             "event_assign");
        if (what)
                must(f->loop, event_add(f->ev, NULL) == 0, "event_add");
}

void loop_fd_free(struct loop_fd *f)
{
        if (!f)
                return;
        event_free(f->ev);
        free(f);
}

void loop_defer(struct loop *l, loop_fn *fn, void *arg)
{
        if (l->n_deferred == l->cap_deferred) {
                l->cap_deferred = l->cap_deferred ? 2 * l->cap_deferred : 16;
                l->deferred = xreallocarray(l->deferred, l->cap_deferred, sizeof(*l->deferred));
        }
        l->deferred[l->n_deferred++] = (struct deferred){fn, arg};
}

static void signal_came(evutil_socket_t signo, short what, void *arg)
{
        struct loop_signal *s = arg;
        struct mono from = mono_now();
        (void)signo;
        (void)what;
        s->fn(s->arg);
        account(s->loop, from);
}

void loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg)
{
        struct loop_signal *s = xcalloc(1, sizeof(*s));
        *s = (struct loop_signal){.next = l->signals, .loop = l, .fn = fn, .arg = arg};
        s->ev = evsignal_new(l->base, signo, signal_came, s);
        must(l, s->ev && event_add(s->ev, NULL) == 0, "evsignal_new");
        l->signals = s;
}

void loop_set_limit(struct loop *l, int64_t ns)
{
        l->limit_ns = ns;
}

struct loop_stats loop_stats(struct loop *l)
{
        struct loop_stats stats = l->stats;
        l->stats.max_ns = 0;
        return stats;
}

struct event_base *loop_base(struct loop *l)
{
        return l->base;
}
