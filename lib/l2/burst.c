/*
 * The burst as a table of steps and one queue per step. Every address stands in the queue of its next step; a
 * queue is in order of the times of its steps, because addresses enter a step in the order in which they left
 * the one before, so only the heads are looked at. The lowest step that is due goes first: that is "first
 * frames before repeats", for 1,000 addresses as for one.
 */
#include "l2/burst.h"
#include "base/arena.h"
#include "l2/arp.h"
#include "l2/ndp.h"
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

enum form { FORM_REQUEST, FORM_REPLY, FORM_ADVERTISEMENT, FORM_DIRECTED };

struct step {
        int64_t at; /* since the start */
        enum form form;
};

#define STEPS 10

static const struct step steps4[STEPS] = {
        {0, FORM_REQUEST},           {0, FORM_DIRECTED},           {0, FORM_REPLY},
        {20 * MSEC, FORM_REQUEST},   {100 * MSEC, FORM_REQUEST},   {500 * MSEC, FORM_REQUEST},
        {1100 * MSEC, FORM_REQUEST}, {1100 * MSEC, FORM_DIRECTED}, {2200 * MSEC, FORM_REQUEST},
        {5000 * MSEC, FORM_REQUEST},
};
static const struct step steps6[] = {
        {0, FORM_ADVERTISEMENT},      {0, FORM_DIRECTED},
        {20 * MSEC, FORM_DIRECTED},   {100 * MSEC, FORM_DIRECTED},
        {500 * MSEC, FORM_DIRECTED},  {1000 * MSEC, FORM_ADVERTISEMENT},
        {1100 * MSEC, FORM_DIRECTED}, {2000 * MSEC, FORM_ADVERTISEMENT},
};
#define STEPS6 (sizeof(steps6) / sizeof(steps6[0]))

struct entry {
        struct ip ip;
        struct mono start, due;
        size_t step;
        size_t target; /* of a directed step: the next gateway to tell */
        struct entry *prev, *next;
        UT_hash_handle hh;
};

struct burst {
        struct entry *by_ip;
        struct entry *queue[STEPS];
        int64_t frame_ns; /* one token */
        int64_t full_ns;  /* a full bucket, as time */
        int64_t tokens_ns;
        struct mono filled; /* when tokens_ns was right */
};

struct burst *burst_new(uint32_t rate, uint32_t depth)
{
        struct burst *b = xcalloc(1, sizeof(*b));

        if (rate == 0 || depth == 0)
                abort();
        b->frame_ns = SEC / rate;
        b->full_ns = b->frame_ns * depth;
        b->tokens_ns = b->full_ns;
        return b;
}

static void forget(struct burst *b, struct entry *e)
{
        DL_DELETE(b->queue[e->step], e);
        HASH_DEL(b->by_ip, e);
        free(e);
}

void burst_free(struct burst *b)
{
        struct entry *e, *tmp;

        if (b == NULL)
                return;
        HASH_ITER (hh, b->by_ip, e, tmp)
                forget(b, e);
        free(b);
}

static size_t step_count(const struct entry *e)
{
        return ip_family(e->ip) == IP_V4 ? STEPS : STEPS6;
}

static const struct step *step_of(const struct entry *e)
{
        return ip_family(e->ip) == IP_V4 ? &steps4[e->step] : &steps6[e->step];
}

static int by_due(const struct entry *a, const struct entry *b)
{
        return mono_before(a->due, b->due) ? -1 : mono_before(b->due, a->due);
}

/* The queue is sorted, and a newcomer belongs near its end: both families share a step with different times.
 */
static void enqueue(struct burst *b, struct entry *e)
{
        struct entry *after = b->queue[e->step] == NULL ? NULL : b->queue[e->step]->prev;

        e->due = mono_add(e->start, step_of(e)->at);
        e->target = 0;
        while (after != NULL && by_due(e, after) < 0)
                after = after == b->queue[e->step] ? NULL : after->prev;
        if (after == NULL)
                DL_PREPEND(b->queue[e->step], e);
        else
                DL_APPEND_ELEM(b->queue[e->step], after, e);
}

void burst_start(struct burst *b, struct ip ip, struct mono now)
{
        struct entry *e;

        burst_stop(b, ip);
        e = xcalloc(1, sizeof(*e));
        e->ip = ip;
        e->start = now;
        HASH_ADD(hh, b->by_ip, ip, sizeof(e->ip), e);
        enqueue(b, e);
}

void burst_stop(struct burst *b, struct ip ip)
{
        struct entry *e;

        HASH_FIND(hh, b->by_ip, &ip, sizeof(ip), e);
        if (e != NULL)
                forget(b, e);
}

static void advance(struct burst *b, struct entry *e)
{
        if (e->step + 1 == step_count(e)) {
                forget(b, e);
                return;
        }
        DL_DELETE(b->queue[e->step], e);
        e->step++;
        enqueue(b, e);
}

/* The lowest step that is due; *when gets the earliest time of what is not. */
static struct entry *due_now(struct burst *b, struct mono now, struct mono *when)
{
        *when = MONO_NEVER;
        for (size_t i = 0; i < STEPS; i++) {
                if (b->queue[i] == NULL)
                        continue;
                if (!mono_before(now, b->queue[i]->due))
                        return b->queue[i];
                *when = mono_min(*when, b->queue[i]->due);
        }
        return NULL;
}

/* The next gateway of the address's family that this step has not told yet. */
static const struct ip *next_target(struct entry *e, const struct burst_targets *t)
{
        while (e->target < t->n_gateways) {
                const struct ip *gateway = &t->gateways[e->target++];

                if (ip_family(*gateway) == ip_family(e->ip))
                        return gateway;
        }
        return NULL;
}

/* The next frame of this step; false if the step is over. */
static bool make_frame(struct entry *e, const struct burst_targets *t, struct frame *out)
{
        const struct ip *target;

        if (step_of(e)->form != FORM_DIRECTED && e->target++ > 0)
                return false;
        switch (step_of(e)->form) {
        case FORM_REQUEST:
                *out = arp_gratuitous_request(e->ip, t->self);
                return true;
        case FORM_REPLY:
                *out = arp_gratuitous_reply(e->ip, t->self);
                return true;
        case FORM_ADVERTISEMENT:
                *out = ndp_unsolicited(e->ip, t->self);
                return true;
        case FORM_DIRECTED:
                target = next_target(e, t);
                if (target == NULL)
                        return false;
                *out = ip_family(e->ip) == IP_V4 ? arp_directed(e->ip, t->self, *target)
                                                 : ndp_directed(e->ip, t->self, *target);
                return true;
        }
        abort();
}

static void refill(struct burst *b, struct mono now)
{
        int64_t passed = mono_since(now, b->filled);

        if (passed > b->full_ns)
                passed = b->full_ns;
        b->filled = now;
        b->tokens_ns += passed;
        if (b->tokens_ns > b->full_ns)
                b->tokens_ns = b->full_ns;
}

bool burst_next(struct burst *b, struct mono now, const struct burst_targets *t, struct frame *out,
                struct mono *when)
{
        struct entry *e;

        refill(b, now);
        while ((e = due_now(b, now, when)) != NULL) {
                if (b->tokens_ns < b->frame_ns) {
                        /* a few frames at a time: the loop's timers are no finer than a millisecond */
                        *when = mono_add(now, 4 * b->frame_ns - b->tokens_ns);
                        return false;
                }
                if (make_frame(e, t, out)) {
                        b->tokens_ns -= b->frame_ns;
                        *when = now;
                        return true;
                }
                advance(b, e);
        }
        return false;
}
