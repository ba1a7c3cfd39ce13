#include "plans.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "model/want.h"
#include "plan/plan.h"
#include "state.h"
#include "store/store.h"
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

static const int64_t SAVE_DELAY = 1 * MSEC;
enum { SLICE = 512, SAVES = 64 };

struct plan {
        struct ip ip; /* key */
        const struct want *want;
        bool announced;      /* the announcers have it */
        bool unsaved;        /* the state directory does not know yet; in plans->unsaved */
        struct mono again;   /* when time alone changes it */
        struct mono lost_at; /* since when no status has it; MONO_NEVER: some status does */
        struct plan *prev, *next; /* in unsaved */
        struct plan *w_prev, *w_next; /* in waiting */
        UT_hash_handle hh;
};

struct plans {
        struct announcer *const *announcers;
        size_t n_announcers;
        struct state *state;
        struct plan *all, *unsaved;
        struct plan *waiting; /* for the data plane: want->waits */
        struct loop_timer *saver;
        struct mono again;
        uint64_t made;
};

static bool says_something(const struct want *want)
{
        return want->l2.candidate || want->n_routes > 0;
}

static void hand_over(struct plans *plans, const struct want *want)
{
        for (size_t i = 0; i < plans->n_announcers; i++)
                plans->announcers[i]->set(plans->announcers[i]->self, want);
}

static void take_back(struct plans *plans, struct ip ip)
{
        for (size_t i = 0; i < plans->n_announcers; i++)
                plans->announcers[i]->unset(plans->announcers[i]->self, ip);
}

static struct plan *plan_of(struct plans *plans, struct ip ip)
{
        struct plan *plan;

        HASH_FIND(hh, plans->all, &ip, sizeof(ip), plan);
        if (!plan) {
                plan = xcalloc(1, sizeof(*plan));
                plan->ip = ip;
                plan->again = plan->lost_at = MONO_NEVER;
                HASH_ADD(hh, plans->all, ip, sizeof(plan->ip), plan);
        }
        return plan;
}

static void replace_want(struct plans *plans, struct plan *plan, const struct want *want)
{
        bool waited = plan->want && plan->want->waits, waits = want && want->waits;

        if (waits && !waited)
                DL_APPEND2(plans->waiting, plan, w_prev, w_next);
        else if (waited && !waits)
                DL_DELETE2(plans->waiting, plan, w_prev, w_next);
        want_free(plan->want);
        plan->want = want;
}

static void forget(struct plans *plans, struct plan *plan)
{
        HASH_DEL(plans->all, plan);
        replace_want(plans, plan, NULL);
        free(plan);
}

/* Nothing is said and nothing is to be said: nobody holds the address any more. */
static void forget_if_over(struct plans *plans, struct plan *plan)
{
        if (!plan->announced && !plan->unsaved && plan->want->n_uids == 0 && plan->again.ns == MONO_NEVER.ns)
                forget(plans, plan);
}

/* The state directory comes after the wire, in slices of its own. */
static void save_later(struct plans *plans, struct plan *plan, struct mono now)
{
        if (plan->unsaved)
                return;
        plan->unsaved = true;
        DL_APPEND(plans->unsaved, plan);
        loop_timer_at(plans->saver, mono_add(now, SAVE_DELAY));
}

static void save(struct plans *plans, size_t max)
{
        struct plan *plan;

        while ((plan = plans->unsaved) && max-- > 0) {
                DL_DELETE(plans->unsaved, plan);
                plan->unsaved = false;
                if (plan->announced)
                        state_put(plans->state, plan->want);
                else
                        state_drop(plans->state, plan->ip);
                forget_if_over(plans, plan);
        }
}

static void save_some(void *arg)
{
        struct plans *plans = arg;

        save(plans, SAVES);
        if (plans->unsaved)
                loop_timer_at(plans->saver, mono_now());
}

/* What is made anew and says the same as before is not kept twice: the announcers hold the old one. */
static const struct want *packed(const struct plan *plan, struct want *made)
{
        const struct want *want = plan->want && want_same(plan->want, made) ? want_hold(plan->want) : want_copy(made);

        want_free(made);
        return want;
}

/* Only what is configured, and is not known now, could answer otherwise: pools, advertisements, peers; Settings say which
 * class is ours and whether a label of nodes counts. */
static bool lacks_config(enum reason reason)
{
        return reason == REASON_NO_ADDRESS || reason == REASON_NODE_EXCLUDED || reason == REASON_ADDRESS_NOT_IN_POOL || reason == REASON_POOL_NOT_ALLOWED ||
               reason == REASON_NO_ADVERTISEMENT || reason == REASON_NODE_NOT_SELECTED || reason == REASON_NO_PEERS ||
               reason == REASON_NO_PEER_OF_FAMILY;
}

/* Configuration that cannot be had takes nothing away that is announced and that a status still holds. Everything else
 * does as ever: endpoints, the node, MetalLB's speaker. */
static bool stays(const struct plan *plan, const struct want *want)
{
        const struct want *was = plan->want;
        bool less = plan->announced && ((was->l2.candidate && !want->l2.candidate) || was->n_routes > want->n_routes);

        return less && plan->lost_at.ns == MONO_NEVER.ns && (want->l2.candidate || lacks_config(want->l2.reason)) &&
               (want->n_routes > 0 || lacks_config(want->bgp_reason));
}

static void plan_one(struct plans *plans, const struct plans_facts *facts, struct ip ip, struct mono now)
{
        struct plan *plan = plan_of(plans, ip);
        struct store_cursor cursor = {0};
        struct past past;
        struct want *made;
        const struct want *want;

        if (store_next_holder(facts->store, ip, &cursor))
                plan->lost_at = MONO_NEVER;
        else if (plan->lost_at.ns == MONO_NEVER.ns)
                plan->lost_at = now;
        past = (struct past){.announced = plan->announced, .was = plan->want, .lost_at = plan->lost_at};
        plan->again = plan_address(facts->store, facts->config, facts->self, &past, ip, now, &made);
        want = packed(plan, made);
        plans->again = mono_min(plans->again, plan->again);
        plans->made++;
        if (facts->incomplete && stays(plan, want) && plan_may_stay(facts->store, facts->config, facts->self, ip)) {
                want_free(want);
                return;
        }
        if (says_something(want)) {
                if (!plan->announced || !want_equal(plan->want, want))
                        save_later(plans, plan, now);
                if (!plan->announced || plan->want != want) /* if only what it says is new: so that it is not kept twice */
                        hand_over(plans, want);
                plan->announced = true;
        } else if (plan->announced) {
                take_back(plans, ip);
                plan->announced = false;
                save_later(plans, plan, now);
        }
        replace_want(plans, plan, want);
        forget_if_over(plans, plan);
}

/* The answer for some addresses changes by time alone. */
static void plan_due(struct plans *plans, const struct plans_facts *facts, struct mono now)
{
        struct plan *plan, *next;

        plans->again = MONO_NEVER;
        HASH_ITER (hh, plans->all, plan, next) {
                if (!mono_before(now, plan->again))
                        plan_one(plans, facts, plan->ip, now);
                else
                        plans->again = mono_min(plans->again, plan->again);
        }
}

/* One slice, so that a first list of 100,000 addresses does not hold up the loop. */
bool plans_step(struct plans *plans, const struct plans_facts *facts, struct mono now)
{
        struct ip ips[SLICE];
        size_t n;

        if (!mono_before(now, plans->again))
                plan_due(plans, facts, now);
        n = store_dirty(facts->store, ips, SLICE);
        for (size_t i = 0; i < n; i++)
                plan_one(plans, facts, ips[i], now);
        return n < SLICE;
}

static int port_cmp(const void *a, const void *b)
{
        uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;

        return (x > y) - (x < y);
}

bool plans_waiting(const struct plans *plans, uint16_t **ports, size_t *n)
{
        const struct plan *plan;
        size_t max = 0, unique = 0;

        DL_COUNT2(plans->waiting, plan, max, w_next);
        *ports = xcalloc(max + 1, sizeof(**ports));
        *n = 0;
        DL_FOREACH2(plans->waiting, plan, w_next)
        {
                if (plan->want->waits_port)
                        (*ports)[(*n)++] = plan->want->waits_port;
        }
        qsort(*ports, *n, sizeof(**ports), port_cmp);
        for (size_t i = 0; i < *n; i++)
                if (i == 0 || (*ports)[i] != (*ports)[unique - 1])
                        (*ports)[unique++] = (*ports)[i];
        *n = unique;
        return plans->waiting != NULL;
}

void plans_mark_waiting(const struct plans *plans, struct store *store)
{
        const struct plan *plan;

        DL_FOREACH2(plans->waiting, plan, w_next)
        {
                store_mark(store, plan->ip);
        }
}

struct mono plans_again(const struct plans *plans)
{
        return plans->again;
}

void plans_continue(struct plans *plans, struct store *store)
{
        size_t n = 0;

        for (struct want *want = state_take_want(plans->state); want; want = state_take_want(plans->state), n++) {
                struct plan *plan = plan_of(plans, want->ip);

                hand_over(plans, want);
                plan->want = want;
                plan->announced = true;
                store_mark(store, want->ip);
        }
        if (n)
                log_info("control", "continuing %zu addresses that this boot announced", n);
}

void plans_save(struct plans *plans, bool leave)
{
        save(plans, SIZE_MAX);
        if (leave)
                for (const struct plan *plan = plans->all; plan; plan = plan->hh.next)
                        state_drop(plans->state, plan->ip);
}

uint64_t plans_made(const struct plans *plans)
{
        return plans->made;
}

struct plans_count plans_count(const struct plans *plans)
{
        struct plans_count count = {0};

        for (const struct plan *plan = plans->all; plan; plan = plan->hh.next) {
                count.bgp += plan->announced && plan->want->n_routes > 0;
                count.l2 += plan->announced && plan->want->l2.candidate;
                count.waiting += plan->want->waits && !plan->want->waits_port;
                count.waiting_check += plan->want->waits && plan->want->waits_port;
        }
        return count;
}

struct plans *plans_new(struct loop *loop, struct announcer *const *announcers, size_t n, struct state *state)
{
        struct plans *plans = xcalloc(1, sizeof(*plans));

        *plans = (struct plans){
                .announcers = announcers, .n_announcers = n, .state = state, .again = MONO_NEVER};
        plans->saver = loop_timer_new(loop, save_some, plans);
        return plans;
}

void plans_free(struct plans *plans)
{
        struct plan *plan, *next;

        HASH_ITER (hh, plans->all, plan, next) {
                forget(plans, plan);
        }
        loop_timer_free(plans->saver);
        free(plans);
}
