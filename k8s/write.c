/*
 * The sending of writes.
 *
 * What goes next is write_queue's affair; here is how much may go at once. Nothing is repeated from here: the
 * result goes back to who decided, and the next decision is of then, not of now. What keeps a refused
 * decision from coming back in circles are the pauses, of the object or, when the server itself is the
 * trouble, of all.
 */
#include "k8s/write.h"
#include "base/loop.h"
#include "k8s/event_limit.h"
#include "k8s/status.h"
#include "k8s/transport.h"
#include "k8s/write_body.h"
#include "k8s/write_queue.h"
#include <stdlib.h>
#include <utlist.h>

enum { EVENT_BURST = 20, RETRY_AFTER_MAX_S = 60 };
static const int in_flight[WRITE_TYPES] = {
        [WRITE_STATUS] = 50, [WRITE_CONDITIONS] = 8, [WRITE_EVENT] = EVENT_BURST, [WRITE_STATUS_PATCH] = 4, [WRITE_APPLY] = 4, [WRITE_CREATE] = 4};
static const int64_t event_interval = SEC / 10;
static const int64_t PAUSE_OF_ALL = SEC / 2; /* for what one object may be to blame for */

struct writer {
        struct transport *transport;
        char *instance;
        write_done_fn *done;
        bool (*may_lead)(void *arg);
        void *arg;
        struct event_limit *events;
        struct write_queue queue;
        struct loop_timer *timer;
        struct pause pauses[WRITE_TYPES]; /* of all of one type: a missing right to post Events delays no
                                             status */
        int running[WRITE_TYPES];
        int64_t tokens_ns; /* for Events: an event costs event_interval */
        struct mono filled;
        unsigned serial;
        char *event_name; /* of the Event that was sent last */
        bool woken; /* since work() began */
        struct superseded *superseded;
};

struct superseded { /* to be told in the next turn */
        struct superseded *prev, *next;
        struct write *write;
};

static void work(void *arg);

static void wake(struct writer *w)
{
        w->woken = true;
        loop_timer_at(w->timer, mono_now());
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
        return reply->status == 0 || reply->status == 401 || reply->status == 429 || reply->status == 503;
}

/* It may be either: a missing right or a policy, a storage that fails or an object that is too large for it. */
static bool may_be_server_trouble(const struct reply *reply)
{
        return reply->status == 403 || reply->status >= 500;
}

static void learn_pause(struct writer *w, struct write_slot *slot, struct mono now, const struct reply *reply,
                        enum write_result result)
{
        struct pause *all = &w->pauses[slot->type];
        int64_t asked = reply->retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : reply->retry_after_s;
        if (server_trouble(reply)) {
                if (!mono_before(now, all->until)) /* many that fail together are one failure */
                        pause_longer(all, now, asked * SEC);
                return;
        }
        if (may_be_server_trouble(reply)) {
                pause_longer(&slot->pause, now, asked * SEC);
                all->until = mono_add(now, PAUSE_OF_ALL);
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
        struct write_slot *slot = arg;
        struct writer *w = slot->owner;
        struct mono now = mono_now();
        enum write_result result = result_of(reply);
        char *why = NULL;
        learn_pause(w, slot, now, reply, result);
        slot->request = NULL;
        bool combined = slot->combined;
        struct write *write = write_queue_end(&w->queue, slot, now);
        w->running[write->type]--;
        if (write->type == WRITE_EVENT && result != WRITE_OK) /* or its first one is gone */
                event_limit_posted(w->events, write, combined, NULL);
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

/* What was started, but is not sent. */
static void give_up(struct writer *w, struct write_slot *slot, enum write_result result, const char *why)
{
        struct mono now = mono_now();
        if (result == WRITE_FAILED)
                pause_longer(&slot->pause, now, 0);
        struct write *write = write_queue_end(&w->queue, slot, now);
        w->done(w->arg, write, result, why);
        write_free(write);
}

/* True: an Event that is one too many. */
static bool choose_form(struct writer *w, const struct write *write, struct event_form *form)
{
        struct event_verdict verdict = event_limit_take(w->events, write, mono_now());
        char *fresh = write_event_name(write, wall_usec(), w->serial++);
        free(w->event_name);
        w->event_name = verdict.act == EVENT_COUNT ? xstrdup(verdict.name) : xstrdup(fresh);
        free(fresh);
        *form = (struct event_form){.instance = w->instance,
                                    .name = w->event_name,
                                    .count = verdict.act == EVENT_COUNT ? verdict.count : 1,
                                    .combined = verdict.combined};
        if (verdict.act == EVENT_POST)
                event_limit_posted(w->events, write, verdict.combined, w->event_name);
        return verdict.act == EVENT_DROP;
}

static void send_slot(struct writer *w, struct write_slot *slot)
{
        struct write_request request;
        struct event_form form = {0};
        write_queue_start(&w->queue, slot);
        if (slot->type != WRITE_APPLY && !w->may_lead(w->arg)) {
                give_up(w, slot, WRITE_NOT_LEADING, "");
                return;
        }
        if (slot->type == WRITE_EVENT && choose_form(w, slot->running, &form)) {
                give_up(w, slot, WRITE_OK, "");
                return;
        }
        slot->combined = form.combined;
        if (!write_request_of(slot->running, &form, wall_usec(), &request)) {
                give_up(w, slot, WRITE_FAILED, "the API has no place for this write");
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
        w->running[slot->type]++;
        slot->owner = w;
        slot->request = transport_send(w->transport, &spec);
        write_request_clear(&request);
}

/* Sends what may be sent of one type. Returns when to look again, if nothing ends before. */
static struct mono send_type(struct writer *w, enum write_type type, struct mono now)
{
        struct write_slot *slot;
        if (mono_before(now, w->pauses[type].until))
                return write_queue_next(&w->queue, type) ? w->pauses[type].until : MONO_NEVER;
        while ((slot = write_queue_next(&w->queue, type))) {
                if (w->running[type] >= in_flight[type])
                        break;
                if (type == WRITE_EVENT && !take_token(w, now))
                        return mono_add(now, event_interval - w->tokens_ns);
                send_slot(w, slot);
        }
        return MONO_NEVER;
}

static void tell_superseded(struct writer *w)
{
        while (w->superseded) {
                struct superseded *first = w->superseded;
                DL_DELETE(w->superseded, first);
                w->done(w->arg, first->write, WRITE_SUPERSEDED, "a newer write took its place");
                write_free(first->write);
                free(first);
        }
}

static void work(void *arg)
{
        struct writer *w = arg;
        struct mono now = mono_now();
        w->woken = false;
        tell_superseded(w);
        struct mono next = write_queue_wake(&w->queue, now);
        for (enum write_type type = 0; type < WRITE_TYPES; type++)
                next = mono_min(next, send_type(w, type, now));
        loop_timer_at(w->timer, w->woken ? now : next);
}

void writer_stop_leading(struct writer *w)
{
        struct write_slot *slot, *next;
        struct mono now = mono_now();
        HASH_ITER (hh, w->queue.slots, slot, next) {
                if (slot->type == WRITE_APPLY)
                        continue;
                bool runs = slot->request != NULL;
                write_queue_forget_waiting(&w->queue, slot); /* which may be its end */
                if (!runs)
                        continue;
                request_cancel(slot->request);
                slot->request = NULL;
                w->running[slot->type]--;
                write_free(write_queue_end(&w->queue, slot, now));
        }
}

size_t writer_finish_leading(struct writer *w)
{
        struct write_slot *slot, *next;
        size_t n = 0;
        HASH_ITER (hh, w->queue.slots, slot, next) {
                if (slot->type == WRITE_APPLY)
                        continue;
                n += slot->running ? 1u : 0u;
                write_queue_forget_waiting(&w->queue, slot); /* which may be its end */
        }
        return n;
}

struct writer *writer_new(struct transport *t, const char *instance, write_done_fn *done,
                          bool (*may_lead)(void *arg), void *arg)
{
        struct writer *w = xcalloc(1, sizeof(*w));
        w->transport = t;
        w->instance = xstrdup(instance);
        w->done = done;
        w->may_lead = may_lead;
        w->events = event_limit_new();
        w->arg = arg;
        w->tokens_ns = EVENT_BURST * event_interval;
        w->filled = mono_now();
        w->timer = loop_timer_new(transport_loop(t), work, w);
        return w;
}

void writer_put(struct writer *w, struct write *write)
{
        struct write *former = write_queue_put(&w->queue, write);
        if (former) {
                struct superseded *old = xcalloc(1, sizeof(*old));
                old->write = former;
                DL_APPEND(w->superseded, old);
        }
        wake(w);
}

size_t writer_pending(const struct writer *w)
{
        size_t n = 0;
        for (const struct write_slot *slot = w->queue.slots; slot; slot = slot->hh.next)
                n += (slot->waiting ? 1u : 0u) + (slot->running ? 1u : 0u);
        return n;
}

void writer_free(struct writer *w)
{
        if (!w)
                return;
        for (struct write_slot *slot = w->queue.slots; slot; slot = slot->hh.next)
                request_cancel(slot->request);
        write_queue_clear(&w->queue);
        while (w->superseded) {
                struct superseded *first = w->superseded;
                DL_DELETE(w->superseded, first);
                write_free(first->write);
                free(first);
        }
        loop_timer_free(w->timer);
        event_limit_free(w->events);
        free(w->event_name);
        free(w->instance);
        free(w);
}
