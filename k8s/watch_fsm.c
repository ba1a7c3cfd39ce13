/*
 * The state machine of one watch.
 *
 * A LIST and a WatchList are consistent (no resourceVersion), so that they are never older than what was seen
 * before, by this process or another of this boot. Objects at the beginning of a WatchList are in no order of
 * versions: none of them counts as seen until its end. Between a LIST's begin and end a failure means: begin again. A broken WATCH is opened again from the last
 * resourceVersion, without a LIST: the server replays what was missed, or says 410, in one of two forms (HTTP
 * status, or an ERROR event in a 200). Back-off: 0.8 s, doubled to 30 s, half of it random; over when a watch
 * lived for a second, or when a server that was away is back.
 */
#include "k8s/watch_fsm.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

enum {
        TIMEOUT_MIN_S = 300,
        TIMEOUT_MAX_S = 600,
        RELIST_AFTER = 5,
        RETRY_AFTER_MAX_S = 300,
        SKIP_STREAMS = 8, /* lists, of which there are few: a server may be upgraded meanwhile */
};
static const int64_t backoff_first = 800 * MSEC, backoff_cap = 30 * SEC, pause_long = 30 * SEC,
                     healthy = 1 * SEC, return_spread = 2 * SEC;

static uint64_t next_random(struct watch_fsm *f) /* xorshift64 */
{
        f->random ^= f->random << 13;
        f->random ^= f->random >> 7;
        f->random ^= f->random << 17;
        return f->random;
}

static int64_t jitter(struct watch_fsm *f, int64_t from, int64_t to)
{
        return from + (int64_t)(next_random(f) % (uint64_t)(to - from + 1));
}

void watch_fsm_init(struct watch_fsm *f, bool has_optional_selector, bool streams, uint64_t seed)
{
        *f = (struct watch_fsm){.has_optional = has_optional_selector, .streams = streams, .random = seed ? seed : 1};
}

static void set(char **where, const char *text)
{
        char *copy = text && *text ? xstrdup(text) : NULL;
        free(*where);
        *where = copy;
}

void watch_fsm_clear(struct watch_fsm *f)
{
        set(&f->rv, NULL);
        set(&f->next, NULL);
}

static struct watch_step list_after(struct watch_fsm *f, int64_t delay)
{
        set(&f->rv, NULL);
        return (struct watch_step){WANT_LIST, delay, 0, false};
}

static int watch_timeout(struct watch_fsm *f)
{
        return (int)jitter(f, TIMEOUT_MIN_S, TIMEOUT_MAX_S);
}

/* From the first page. */
static struct watch_step relist_after(struct watch_fsm *f, int64_t delay)
{
        set(&f->next, NULL);
        set(&f->rv, NULL);
        if (f->streams && f->skip_streams == 0)
                return (struct watch_step){WANT_STREAM, delay, watch_timeout(f), false};
        if (f->skip_streams > 0)
                f->skip_streams--;
        return list_after(f, delay);
}

static struct watch_step watch_after(struct watch_fsm *f, int64_t delay)
{
        return (struct watch_step){WANT_WATCH, delay, watch_timeout(f), false};
}

struct watch_step watch_fsm_start(struct watch_fsm *f)
{
        return relist_after(f, 0);
}

/* Longer each time. */
static int64_t pause_again(struct watch_fsm *f, unsigned *count)
{
        int64_t base = backoff_first;
        for (unsigned i = 0; i < *count && base < backoff_cap; i++)
                base *= 2;
        if (base > backoff_cap)
                base = backoff_cap;
        if (*count < 1000)
                ++*count;
        return jitter(f, base / 2, base);
}

static int64_t backoff(struct watch_fsm *f, const struct watch_end *end)
{
        int64_t delay = pause_again(f, &f->failures);
        int64_t asked = end->retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : end->retry_after_s;
        return asked * SEC > delay ? asked * SEC + jitter(f, 0, SEC) : delay;
}

static void failed(struct watch_fsm *f)
{
        if (f->state == WATCH_LIVE || f->state == WATCH_ABSENT)
                f->state = WATCH_STALE;
}

/* The same page, or all of it. */
static struct watch_step again_after(struct watch_fsm *f, int64_t delay)
{
        return f->next ? list_after(f, delay) : relist_after(f, delay);
}

/* A missing kind is not healed by a quick retry. Missing rights often are: an API server that starts forbids
 * everything until it has read its roles. A watch keeps its place then. */
static struct watch_step refused(struct watch_fsm *f, const struct watch_end *end, int status, bool watching)
{
        f->missing = status == 404 && !f->required;
        if (f->missing && !f->listed)
                f->state = WATCH_ABSENT;
        else
                failed(f);
        if (!f->missing)
                return watching ? watch_after(f, backoff(f, end)) : again_after(f, backoff(f, end));
        return relist_after(f, jitter(f, pause_long, pause_long + pause_long / 10));
}

static struct watch_step list_failed(struct watch_fsm *f, const struct watch_end *end)
{
        int status = end->status == 200 ? end->code : end->status;
        if (status == 403 || status == 404)
                return refused(f, end, status, false);
        if (status == 400 && !f->next && f->has_optional && !f->optional_dropped) {
                f->optional_dropped = true;
                return relist_after(f, 0);
        }
        failed(f);
        int64_t delay = backoff(f, end);
        if (status == 410 && f->next)
                f->unpaged = true;
        bool refused_page = status >= 400 && status < 500 && status != 401 && status != 429;
        if (refused_page || end->garbage)
                return relist_after(f, delay);
        return list_after(f, delay); /* the same page again */
}

struct watch_step watch_fsm_listed(struct watch_fsm *f, const struct watch_end *end, const char *rv,
                                   const char *next)
{
        struct watch_end bad = *end;
        if (!end->whole)
                return list_failed(f, end);
        if (next && *next && f->next && strcmp(f->next, next) == 0) {
                bad.garbage = true; /* a page that follows itself would never end */
                return list_failed(f, &bad);
        }
        set(&f->next, next);
        if (f->next)
                return list_after(f, 0);
        if (!rv || !*rv) {
                bad.garbage = true;
                return list_failed(f, &bad);
        }
        set(&f->rv, rv);
        f->listed = true;
        f->unpaged = f->missing = false;
        f->state = WATCH_LIVE;
        return watch_after(f, 0);
}

void watch_fsm_initial(struct watch_fsm *f, const char *rv)
{
        set(&f->rv, rv);
        f->listed = true;
        f->unpaged = f->missing = false;
        f->state = WATCH_LIVE;
}

/* What another try may heal is tried again. Anything else is a server that cannot do it: a list does. */
struct watch_step watch_fsm_streamed(struct watch_fsm *f, const struct watch_end *end)
{
        int status = end->code ? end->code : end->status;
        if (status == 403 || status == 404)
                return refused(f, end, status, false);
        if (status == 400 && f->has_optional && !f->optional_dropped) {
                f->optional_dropped = true;
                return relist_after(f, 0);
        }
        bool weather = status == 401 || status == 429 || status == 503 || (status == 0 && !end->stalled);
        if (weather) {
                failed(f);
                return relist_after(f, backoff(f, end));
        }
        f->skip_streams = SKIP_STREAMS;
        return list_after(f, 0);
}

static struct watch_step expired(struct watch_fsm *f)
{
        if (!f->was_expired) {
                f->was_expired = true;
                return relist_after(f, 0);
        }
        failed(f);
        return relist_after(f, pause_again(f, &f->expired));
}

static struct watch_step watch_failed(struct watch_fsm *f, const struct watch_end *end)
{
        int status = end->code ? end->code : end->status;
        if (status == 403 || status == 404)
                return refused(f, end, status, true);
        if (status == 410) /* at once the first time: nothing is wrong but our age */
                return expired(f);
        failed(f);
        int64_t delay = backoff(f, end);
        bool again = end->garbage || status == 0 || status == 200 || status == 401 || status == 429 ||
                     status >= 500;
        return again && (status == 0 || f->failures % RELIST_AFTER != 0) ? watch_after(f, delay)
                                                                         : relist_after(f, delay);
}

struct watch_step watch_fsm_watched(struct watch_fsm *f, const struct watch_end *end)
{
        bool short_one = end->events == 0 && end->lived_ns < SEC;
        if (end->status == 200 && end->lived_ns >= healthy) {
                f->failures = f->expired = 0;
                f->was_expired = false;
        }
        if (end->stalled) {
                struct watch_step again = watch_after(f, 0);
                again.fresh = true;
                return again;
        }
        if (end->whole && end->code == 0 && !short_one)
                return watch_after(f, jitter(f, 0, 50 * MSEC));
        return watch_failed(f, end);
}

void watch_fsm_saw(struct watch_fsm *f, const char *rv)
{
        if (rv && *rv)
                set(&f->rv, rv);
}

void watch_fsm_opened(struct watch_fsm *f)
{
        f->missing = false;
        f->state = WATCH_LIVE;
}

int64_t watch_fsm_returned(struct watch_fsm *f)
{
        f->failures = 0;
        return jitter(f, 0, return_spread);
}
