/*
 * Leader election.
 *
 * A follower GETs every 2 s to 4.4 s. It may take the lease if nobody holds it, if it is its own, or if the
 * record did not change for the record's duration by this node's clock. The write carries the record's
 * resourceVersion: one of several takers wins, the others see a conflict. A leader writes every 2 s without a
 * GET before; after a failure it GETs first. Its deadline runs from when the last successful renewal was
 * *sent*, which is earlier than any other node can have seen it; 10 s here against 15 s there is the room for
 * clocks that run at different speeds.
 */
#include "k8s/lease_fsm.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void lease_fsm_init(struct lease_fsm *f, const char *identity, struct mono now, uint64_t seed)
{
        *f = (struct lease_fsm){.next = now, .random = seed ? seed : 1};
        snprintf(f->identity, sizeof(f->identity), "%s", identity);
}

/* 2 s x (1 .. 2.2) */
static int64_t retry_period(struct lease_fsm *f)
{
        f->random ^= f->random << 13;
        f->random ^= f->random >> 7;
        f->random ^= f->random << 17;
        return LEASE_RETRY + (int64_t)(f->random % (uint64_t)(LEASE_RETRY * 12 / 10));
}

static bool ours(const struct lease_fsm *f)
{
        return f->seen && strcmp(f->record.holder, f->identity) == 0;
}

static bool may_take(const struct lease_fsm *f, struct mono now)
{
        if (!f->record.holder[0] || ours(f))
                return true;
        return mono_since(now, f->observed) > f->record.duration_ns;
}

static void observe(struct lease_fsm *f, const struct lease_record *record, struct mono now)
{
        const struct lease_record *old = &f->record;
        bool same = f->seen && strcmp(old->holder, record->holder) == 0 &&
                    strcmp(old->renewed, record->renewed) == 0 && old->transitions == record->transitions &&
                    old->duration_ns == record->duration_ns;
        if (!same)
                f->observed = now;
        f->record = *record;
        if (record->transitions > f->highest)
                f->highest = record->transitions;
        f->seen = true;
        f->fresh = true;
}

static enum lease_act begin(struct lease_fsm *f, enum lease_act act, struct mono now)
{
        f->running = act;
        f->asked = now;
        f->next = MONO_NEVER;
        return act;
}

static struct mono deadline(const struct lease_fsm *f)
{
        return f->leading ? mono_add(f->renewed, LEASE_DEADLINE) : MONO_NEVER;
}

enum lease_act lease_fsm_poll(struct lease_fsm *f, struct mono now)
{
        if (!mono_before(now, deadline(f)))
                f->leading = false;
        if (f->running != LEASE_WAIT || mono_before(now, f->next))
                return LEASE_WAIT;
        if (!f->fresh)
                return begin(f, LEASE_GET, now);
        if (!f->seen)
                return begin(f, LEASE_CREATE, now);
        if (may_take(f, now))
                return begin(f, LEASE_UPDATE, now);
        f->fresh = false;
        f->next = mono_add(now, retry_period(f));
        return LEASE_WAIT;
}

bool lease_fsm_leads(const struct lease_fsm *f, struct mono now)
{
        return f->leading && mono_before(now, deadline(f));
}

struct mono lease_fsm_next(const struct lease_fsm *f)
{
        return mono_min(f->next, deadline(f));
}

/* Our write was taken. */
static void renewed(struct lease_fsm *f, const struct lease_record *record, struct mono now)
{
        observe(f, record, now);
        f->renewed = f->asked;
        f->term = record->transitions;
        f->leading = ours(f) && mono_before(now, mono_add(f->renewed, LEASE_DEADLINE));
        f->next = mono_add(f->asked, LEASE_RETRY);
}

void lease_fsm_done(struct lease_fsm *f, enum lease_result result, const struct lease_record *record,
                    struct mono now)
{
        enum lease_act act = f->running;
        f->running = LEASE_WAIT;
        if (act == LEASE_WAIT)
                return; /* released meanwhile */
        if (result == LEASE_OK && act == LEASE_GET) {
                observe(f, record, now);
                f->next = now; /* poll decides at once */
        } else if (result == LEASE_OK) {
                renewed(f, record, now);
        } else if (result == LEASE_ABSENT && act == LEASE_GET) {
                f->seen = false;
                f->fresh = true;
                f->next = now;
        } else {
                f->fresh = false;
                f->next = mono_add(now, f->leading ? LEASE_RETRY : retry_period(f));
        }
        if (f->leading && f->fresh && !ours(f))
                f->leading = false; /* somebody else has it */
}

struct lease_record lease_fsm_proposal(const struct lease_fsm *f)
{
        struct lease_record record = {.duration_ns = LEASE_DURATION, .transitions = f->highest};
        snprintf(record.holder, sizeof(record.holder), "%s", f->identity);
        if (!ours(f) || record.transitions == 0)
                record.transitions++;
        if (record.transitions > INT32_MAX)
                record.transitions = INT32_MAX; /* the API takes no more */
        return record;
}

bool lease_fsm_release(struct lease_fsm *f)
{
        bool give_back = ours(f);
        f->leading = false;
        f->running = LEASE_WAIT;
        f->next = MONO_NEVER;
        return give_back;
}
