/*
 * The queue of writes.
 *
 * One slot per object (and, for Events, per reason): the write under way, the one that waits for its turn,
 * and when the object may be written again. A slot lives as long as it holds a write or a pause. Nothing is
 * repeated from here: the result goes back to who decided, and the next decision is of then, not of now. What
 * keeps a refused decision from coming back in circles are the pauses, of the slot or, when the server itself
 * is the trouble, of all.
 */
#include "k8s/write.h"
#include "base/loop.h"
#include "k8s/status.h"
#include "k8s/transport.h"
#include "k8s/write_body.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { STATUS_IN_FLIGHT = 50, EVENT_BURST = 20, RETRY_AFTER_MAX_S = 60 };
static const int64_t event_interval = SEC / 10, pause_first = 100 * MSEC, pause_cap = 30 * SEC;

struct pause {
        struct mono until;
        unsigned failures;
};

struct slot {
        struct slot *prev, *next; /* in the order of the first put */
        UT_hash_handle hh;
        char *key;
        struct writer *writer;
        struct write *waiting, *running;
        struct request *request;
        struct pause pause;
};

struct writer {
        struct transport *transport;
        char *instance;
        write_done_fn *done;
        void *arg;
        struct slot *slots; /* by key */
        struct slot *queue; /* the same slots, in order */
        struct loop_timer *timer;
        struct pause pauses[2]; /* of all of one type: a missing right to post Events delays no status */
        int status_running;
        int64_t tokens_ns; /* for Events: an event costs event_interval */
        struct mono filled;
        unsigned serial;
        bool woken; /* since work() began */
        struct superseded *superseded;
};

struct superseded { /* to be told in the next turn */
        struct superseded *next;
        struct write *write;
};

static void work(void *arg);

static void wake(struct writer *w)
{
        w->woken = true;
        loop_timer_at(w->timer, mono_now());
}

static void pause_longer(struct pause *p, struct mono now, int64_t at_least)
{
        int64_t delay = pause_first;
        for (unsigned i = 0; i < p->failures && delay < pause_cap; i++)
                delay *= 2;
        if (delay > pause_cap)
                delay = pause_cap;
        if (p->failures < 1000)
                p->failures++;
        p->until = mono_add(now, delay > at_least ? delay : at_least);
}

/* ---- slots ---- */

static struct slot *slot_of(struct writer *w, const struct write *write)
{
        const struct ref *r = &write->ref;
        struct slot *slot = NULL;
        char *key = xprintf("%d %d %s/%s/%s/%s", (int)write->type,
                            write->type == WRITE_EVENT ? (int)write->reason : 0, kind_name(r->kind), r->group,
                            r->namespace, r->name);
        HASH_FIND_STR(w->slots, key, slot);
        if (slot) {
                free(key);
                return slot;
        }
        slot = xcalloc(1, sizeof(*slot));
        slot->key = key;
        slot->writer = w;
        HASH_ADD_KEYPTR(hh, w->slots, slot->key, strlen(slot->key), slot);
        DL_APPEND(w->queue, slot);
        return slot;
}

static void slot_free(struct slot *slot)
{
        struct writer *w = slot->writer;
        HASH_DEL(w->slots, slot);
        DL_DELETE(w->queue, slot);
        request_cancel(slot->request);
        write_free(slot->waiting);
        write_free(slot->running);
        free(slot->key);
        free(slot);
}

/* ---- results ---- */

static enum write_result result_of(const struct reply *reply)
{
        if (reply->status >= 200 && reply->status < 300)
                return reply->error ? WRITE_FAILED_UNKNOWN : WRITE_OK;
        if (reply->status == 409)
                return WRITE_CONFLICT;
        if (reply->status == 404 || reply->status == 410)
                return WRITE_GONE;
        if (reply->status == 0)
                return reply->sent ? WRITE_FAILED_UNKNOWN : WRITE_FAILED;
        /* 500 and 504 may come from a storage that did it and could not say so; 429 and 503 from before
         * anything */
        if (reply->status >= 500 && reply->status != 503)
                return WRITE_FAILED_UNKNOWN;
        return WRITE_FAILED;
}

/* Is it the server, rather than this object? */
static bool server_trouble(const struct reply *reply)
{
        return reply->status == 0 || reply->status == 401 || reply->status == 403 || reply->status == 429 ||
               reply->status >= 500;
}

static void learn_pause(struct slot *slot, enum write_type type, const struct reply *reply,
                        enum write_result result)
{
        struct pause *all = &slot->writer->pauses[type];
        struct mono now = mono_now();
        int64_t asked = reply->retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : reply->retry_after_s;
        if (server_trouble(reply)) {
                if (!mono_before(now, all->until)) /* many that fail together are one failure */
                        pause_longer(all, now, asked * SEC);
                return;
        }
        *all = (struct pause){0};
        if (result == WRITE_OK || result == WRITE_GONE)
                slot->pause = (struct pause){0};
        else
                pause_longer(&slot->pause, now, asked * SEC);
}

static void on_done(void *arg, const struct reply *reply)
{
        struct slot *slot = arg;
        struct writer *w = slot->writer;
        struct write *write = slot->running;
        enum write_result result = result_of(reply);
        char *why = NULL;
        slot->request = NULL;
        slot->running = NULL;
        if (write->type == WRITE_STATUS)
                w->status_running--;
        learn_pause(slot, write->type, reply, result);
        if (reply->error)
                why = xstrdup(reply->error);
        else if (result != WRITE_OK)
                why = status_of_body(reply->body, reply->len, reply->status);
        wake(w);
        w->done(w->arg, write, result, why ? why : "");
        free(why);
        write_free(write);
}

/* ---- sending ---- */

static bool take_token(struct writer *w, struct mono now)
{
        w->tokens_ns += mono_since(now, w->filled);
        w->filled = now;
        if (w->tokens_ns > EVENT_BURST * event_interval)
                w->tokens_ns = EVENT_BURST * event_interval;
        if (w->tokens_ns < event_interval)
                return false;
        w->tokens_ns -= event_interval;
        return true;
}

static void send_slot(struct slot *slot)
{
        struct writer *w = slot->writer;
        struct write_request request;
        if (!write_request_of(slot->waiting, w->instance, wall_usec(), w->serial++, &request)) {
                w->done(w->arg, slot->waiting, WRITE_FAILED, "the API has no place for this write");
                write_free(slot->waiting);
                slot->waiting = NULL;
                return;
        }
        const struct request_spec spec = {
                .method = request.method,
                .path = request.path,
                .content_type = request.content_type,
                .body = request.body,
                .lane = LANE_WRITE,
                .on_done = on_done,
                .arg = slot,
        };
        slot->running = slot->waiting;
        slot->waiting = NULL;
        w->status_running += slot->running->type == WRITE_STATUS;
        slot->request = transport_send(w->transport, &spec);
        write_request_clear(&request);
}

/* Sends the slot's write if it may be sent now; if not, says when it may. */
static struct mono try_slot(struct slot *slot, struct mono now)
{
        struct writer *w = slot->writer;
        if (mono_before(now, slot->pause.until))
                return slot->pause.until;
        if (!slot->waiting || slot->running)
                return MONO_NEVER;
        if (mono_before(now, w->pauses[slot->waiting->type].until))
                return w->pauses[slot->waiting->type].until;
        if (slot->waiting->type == WRITE_STATUS ? w->status_running >= STATUS_IN_FLIGHT : !take_token(w, now))
                return slot->waiting->type == WRITE_STATUS ? MONO_NEVER
                                                           : mono_add(now, event_interval - w->tokens_ns);
        send_slot(slot);
        return MONO_NEVER;
}

static void tell_superseded(struct writer *w)
{
        while (w->superseded) {
                struct superseded *first = w->superseded;
                w->superseded = first->next;
                w->done(w->arg, first->write, WRITE_SUPERSEDED, "a newer write took its place");
                write_free(first->write);
                free(first);
        }
}

static void work(void *arg)
{
        struct writer *w = arg;
        struct mono now = mono_now(), next = MONO_NEVER;
        struct slot *slot, *after;
        w->woken = false;
        tell_superseded(w);
        DL_FOREACH_SAFE(w->queue, slot, after)
        {
                next = mono_min(next, try_slot(slot, now));
                if (!slot->waiting && !slot->running && !mono_before(now, slot->pause.until))
                        slot_free(slot);
        }
        loop_timer_at(w->timer, w->woken ? now : next);
}

struct writer *writer_new(struct transport *t, const char *instance, write_done_fn *done, void *arg)
{
        struct writer *w = xcalloc(1, sizeof(*w));
        w->transport = t;
        w->instance = xstrdup(instance);
        w->done = done;
        w->arg = arg;
        w->tokens_ns = EVENT_BURST * event_interval;
        w->filled = mono_now();
        w->timer = loop_timer_new(transport_loop(t), work, w);
        return w;
}

void writer_put(struct writer *w, struct write *write)
{
        struct slot *slot = slot_of(w, write);
        if (slot->waiting) {
                struct superseded *old = xcalloc(1, sizeof(*old));
                old->write = slot->waiting;
                LL_APPEND(w->superseded, old);
        }
        slot->waiting = write;
        wake(w);
}

size_t writer_pending(const struct writer *w)
{
        size_t n = 0;
        for (const struct slot *slot = w->queue; slot; slot = slot->next)
                n += (slot->waiting ? 1u : 0u) + (slot->running ? 1u : 0u);
        return n;
}

void writer_free(struct writer *w)
{
        if (!w)
                return;
        while (w->queue)
                slot_free(w->queue);
        while (w->superseded) {
                struct superseded *first = w->superseded;
                w->superseded = first->next;
                write_free(first->write);
                free(first);
        }
        loop_timer_free(w->timer);
        free(w->instance);
        free(w);
}
