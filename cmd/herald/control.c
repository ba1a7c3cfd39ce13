/*
 * Level-triggered (design decision 4): a step takes what became dirty, plans it, and hands over whole truths.
 * The announcers find the difference. The table of plans below is what was handed over, so that an unchanged
 * plan costs nothing further and the state directory is written only on change.
 */
#include "control.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "collect.h"
#include "config/build.h"
#include "config/docs.h"
#include "config/yaml.h"
#include "peers.h"
#include "plan/plan.h"
#include "report/metrics.h"
#include "state.h"
#include "store/store.h"
#include "verdicts.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

static const int64_t COALESCE = 10 * MSEC;
static const int64_t SAVE_DELAY = 1 * MSEC;
enum { SLICE = 512, BATCH = 256, SAVES = 64 };

struct plan {
        struct ip ip; /* key */
        struct want *want;
        bool announced;      /* the announcers have it */
        bool unsaved;        /* the state directory does not know yet; in control->unsaved */
        struct mono again;   /* when time alone changes it */
        struct mono lost_at; /* since when no status has it; MONO_NEVER: some status does */
        struct plan *prev, *next;
        UT_hash_handle hh;
};

struct control {
        struct loop *loop;
        struct control_options options;
        struct announcer *announcers[2];
        struct store *store;
        struct config_docs *docs;
        struct config *config;
        struct lead *lead;
        struct self self;
        struct plan *plans;
        struct verdicts *verdicts;
        bool config_dirty, synced, leader, left;
        bool announced_all; /* the first plan after sync was handed over */
        uint64_t term, n_plans;
        struct peers *peers;
        struct loop_timer *timer;
        struct mono last_step, plan_again;
        struct mono wake; /* when timer fires */
        struct plan *unsaved;
        struct loop_timer *saver;
        unsigned to_leave;
        void (*done)(void *arg);
        void *done_arg;
};

/* plans */

static bool says_something(const struct want *want)
{
        return want->l2.candidate || want->n_routes > 0;
}

static void hand_over(struct control *control, const struct want *want)
{
        for (size_t i = 0; i < 2; i++)
                control->announcers[i]->set(control->announcers[i]->self, want);
}

static void take_back(struct control *control, struct ip ip)
{
        for (size_t i = 0; i < 2; i++)
                control->announcers[i]->unset(control->announcers[i]->self, ip);
}

static struct plan *plan_of(struct control *control, struct ip ip)
{
        struct plan *plan;

        HASH_FIND(hh, control->plans, &ip, sizeof(ip), plan);
        if (!plan) {
                plan = xcalloc(1, sizeof(*plan));
                plan->ip = ip;
                plan->again = plan->lost_at = MONO_NEVER;
                HASH_ADD(hh, control->plans, ip, sizeof(plan->ip), plan);
        }
        return plan;
}

static void forget(struct control *control, struct plan *plan)
{
        HASH_DEL(control->plans, plan);
        want_free(plan->want);
        free(plan);
}

/* Nothing is said and nothing is to be said: nobody holds the address any more. */
static void forget_if_over(struct control *control, struct plan *plan)
{
        if (!plan->announced && !plan->unsaved && plan->want->n_uids == 0 && plan->again.ns == MONO_NEVER.ns)
                forget(control, plan);
}

/* The state directory comes after the wire, in slices of its own. */
static void save_later(struct control *control, struct plan *plan)
{
        if (plan->unsaved)
                return;
        plan->unsaved = true;
        DL_APPEND(control->unsaved, plan);
        loop_timer_at(control->saver, mono_add(control->last_step, SAVE_DELAY));
}

static void save(struct control *control, size_t max)
{
        struct plan *plan;

        while ((plan = control->unsaved) && max-- > 0) {
                DL_DELETE(control->unsaved, plan);
                plan->unsaved = false;
                if (plan->announced)
                        state_put(control->options.state, plan->want);
                else
                        state_drop(control->options.state, plan->ip);
                forget_if_over(control, plan);
        }
}

static void save_some(void *arg)
{
        struct control *control = arg;

        save(control, SAVES);
        if (control->unsaved)
                loop_timer_at(control->saver, mono_now());
}

static void plan_one(struct control *control, struct ip ip, struct mono now)
{
        struct plan *plan = plan_of(control, ip);
        struct store_cursor cursor = {0};
        struct past past;
        struct want *want;

        if (store_next_holder(control->store, ip, &cursor))
                plan->lost_at = MONO_NEVER;
        else if (plan->lost_at.ns == MONO_NEVER.ns)
                plan->lost_at = now;
        past = (struct past){.announced = plan->announced, .was = plan->want, .lost_at = plan->lost_at};
        plan->again = plan_address(control->store, control->config, &control->self, &past, ip, now, &want);
        control->plan_again = mono_min(control->plan_again, plan->again);
        control->n_plans++;
        if (says_something(want)) {
                if (!plan->announced || !want_equal(plan->want, want)) {
                        hand_over(control, want);
                        save_later(control, plan);
                }
                plan->announced = true;
        } else if (plan->announced) {
                take_back(control, ip);
                plan->announced = false;
                save_later(control, plan);
        }
        want_free(plan->want);
        plan->want = want;
        forget_if_over(control, plan);
}

/* The answer for some addresses changes by time alone. */
static void plan_due(struct control *control, struct mono now)
{
        struct plan *plan, *next;

        control->plan_again = MONO_NEVER;
        HASH_ITER (hh, control->plans, plan, next) {
                if (!mono_before(now, plan->again))
                        plan_one(control, plan->ip, now);
                else
                        control->plan_again = mono_min(control->plan_again, plan->again);
        }
}

/* One slice, so that a first list of 100,000 addresses does not hold up the loop. False if there is more. */
static bool plan_dirty(struct control *control, struct mono now)
{
        struct ip ips[SLICE];
        size_t n = store_dirty(control->store, ips, SLICE);

        for (size_t i = 0; i < n; i++)
                plan_one(control, ips[i], now);
        return n < SLICE;
}

void control_continue(struct control *control)
{
        size_t n_wants, n_peers;
        const struct want *const *wants = state_wants(control->options.state, &n_wants);
        const struct bgp_peer *peers = state_peers(control->options.state, &n_peers);

        if (n_peers)
                for (size_t i = 0; i < 2; i++)
                        control->announcers[i]->peers(control->announcers[i]->self, peers, n_peers);
        for (size_t i = 0; i < n_wants; i++) {
                for (size_t j = 0; j < 2; j++)
                        control->announcers[j]->set(control->announcers[j]->self, wants[i]);
                plan_of(control, wants[i]->ip)->want = want_copy(wants[i]);
                plan_of(control, wants[i]->ip)->announced = true;
                store_mark(control->store,
                           wants[i]->ip); /* planned when synced, even if nobody holds it any more */
        }
        if (n_wants)
                log_info("control", "continuing %zu addresses that this boot announced", n_wants);
}

/* configuration */

static void tell_verdicts(struct control *control)
{
        verdicts_tell(control->verdicts, control->config, control->leader ? control->options.write : NULL,
                      control->options.write_arg);
}

static void rebuild_config(struct control *control)
{
        struct config *old = control->config;

        control->config = config_build(control->docs);
        config_free(old);
        control->config_dirty = false;
        tell_verdicts(control);
        store_mark_all(control->store);
}

/* steps */

/* When to do it again, if nothing changes before. */
static struct mono lead_step(struct control *control, struct mono now)
{
        struct write *writes[BATCH];
        size_t n;
        struct mono again = lead_decide(control->lead, control->store, control->config, control->term, now,
                                        writes, BATCH, &n);

        for (size_t i = 0; i < n; i++)
                control->options.write(control->options.write_arg, writes[i]);
        return again;
}

/* Every address was planned once since the start. */
static void announce_all(struct control *control)
{
        for (size_t i = 0; i < 2; i++)
                control->announcers[i]->synced(control->announcers[i]->self);
        control->announced_all = true;
        malloc_trim(0); /* the lists of the start were far larger than what is kept of them */
}

static void wake_at(struct control *control, struct mono when)
{
        if (control->left || !mono_before(when, control->wake))
                return;
        control->wake = when;
        loop_timer_at(control->timer, when);
}

/* At once after silence, else together with what comes meanwhile. */
static void schedule(struct control *control)
{
        wake_at(control, mono_add(control->last_step, COALESCE));
}

/* Only a leader looks at the services one by one. */
static void forget_dirty_services(struct control *control)
{
        struct service_name name;

        while (store_dirty_service(control->store, &name))
                ;
}

static void step(void *arg)
{
        struct control *control = arg;
        struct mono now = mono_now();
        bool new_config = control->config_dirty;

        control->wake = MONO_NEVER;
        control->last_step = now;
        if (!control->synced || control->left)
                return;
        if (new_config)
                rebuild_config(control);
        control->self.peers_here = peers_choose(control->peers, control->config, new_config,
                                                store_node(control->store, control->options.node));
        if (!mono_before(now, control->plan_again))
                plan_due(control, now);
        if (!plan_dirty(control, now)) {
                wake_at(control, now); /* the rest after whoever else waits for the loop */
                return;
        }
        if (!control->announced_all)
                announce_all(control);
        if (control->leader)
                wake_at(control, lead_step(control, now));
        else
                forget_dirty_services(control);
        wake_at(control, control->plan_again);
}

void control_changed(struct control *control)
{
        schedule(control);
}

void control_config_changed(struct control *control)
{
        control->config_dirty = true;
        schedule(control);
}

void control_synced(struct control *control)
{
        if (!control->synced)
                log_info("control", "synced: %zu Services, %zu EndpointSlices, %zu Nodes",
                         store_count(control->store, KIND_SERVICE),
                         store_count(control->store, KIND_ENDPOINTSLICE),
                         store_count(control->store, KIND_NODE));
        control->synced = true;
        control->config_dirty = true;
        schedule(control);
}

void control_set_leader(struct control *control, bool leader, uint64_t term)
{
        if (leader == control->leader && term == control->term)
                return;
        if (leader != control->leader)
                log_info("control", leader ? "this node allocates addresses from now on"
                                           : "this node does not allocate addresses any more");
        control->leader = leader;
        control->term = term;
        if (leader) {
                lead_free(control->lead);
                control->lead = lead_new(); /* what it knew of the last time is old; a new one looks at all
                                               services */
                if (control->synced && control->config)
                        tell_verdicts(control);
        }
        schedule(control);
}

void control_write_failed(struct control *control, const struct write *write, enum lead_failure failure)
{
        lead_failed(control->lead, control->store, &write->ref, failure, mono_now());
        schedule(control);
}

/* the rest */

struct control *control_new(struct loop *loop, const struct control_options *options)
{
        struct control *control = xcalloc(1, sizeof(*control));

        control->loop = loop;
        control->options = *options;
        control->announcers[0] = options->bgp;
        control->announcers[1] = options->l2;
        control->store = store_new();
        control->docs = config_docs_new();
        control->config = config_build(control->docs);
        control->lead = lead_new();
        control->verdicts = verdicts_new();
        control->peers = peers_new(options->node, control->announcers, 2, options->state);
        control->self = (struct self){
                .node = options->node, .ignore_exclude = options->ignore_exclude_lb, .dataplane_ready = true};
        control->timer = loop_timer_new(loop, step, control);
        control->saver = loop_timer_new(loop, save_some, control);
        control->plan_again = control->wake = MONO_NEVER;
        return control;
}

void control_free(struct control *control)
{
        struct plan *plan, *next;

        HASH_ITER (hh, control->plans, plan, next) {
                forget(control, plan);
        }
        verdicts_free(control->verdicts);
        peers_free(control->peers);
        loop_timer_free(control->timer);
        loop_timer_free(control->saver);
        lead_free(control->lead);
        config_free(control->config);
        config_docs_free(control->docs);
        store_free(control->store);
        free(control);
}

struct store *control_store(struct control *control)
{
        return control->store;
}

struct config_docs *control_docs(struct control *control)
{
        return control->docs;
}

void control_config_paths(struct control *control, struct yaml_docs *docs)
{
        for (size_t i = 0; i < control->options.n_config_paths; i++)
                yaml_read_path(docs, control->options.config_paths[i]);
}

bool control_is_synced(const struct control *control)
{
        return control->synced;
}

bool control_is_leaving(const struct control *control)
{
        const struct fact *node = store_node(control->store, control->options.node);

        return control->synced && (!node || node->u.node.leaving);
}

static void one_left(void *arg)
{
        struct control *control = arg;

        if (--control->to_leave == 0)
                control->done(control->done_arg);
}

void control_leave(struct control *control, enum leave how, struct mono deadline, void (*done)(void *),
                   void *arg)
{
        struct plan *plan;

        control->left = true;
        control->done = done;
        control->done_arg = arg;
        control->to_leave = 2;
        save(control, SIZE_MAX);
        if (how == LEAVE_NODE)
                for (plan = control->plans; plan; plan = plan->hh.next)
                        state_drop(control->options.state, plan->ip);
        for (size_t i = 0; i < 2; i++)
                control->announcers[i]->leave(control->announcers[i]->self, how, deadline, one_left, control);
}

void control_metrics(const struct control *control, struct metrics *metrics)
{
        size_t bgp = 0, l2 = 0, bad = 0;

        for (const struct plan *plan = control->plans; plan; plan = plan->hh.next) {
                bgp += plan->announced && plan->want->n_routes > 0;
                l2 += plan->announced && plan->want->l2.candidate;
        }
        for (size_t i = 0; i < control->config->n_verdicts; i++)
                bad += !control->config->verdicts[i].valid;
        metrics_put(metrics, METRIC_SYNCED, control->synced, NULL);
        metrics_put(metrics, METRIC_LEADER, control->leader, NULL);
        metrics_put(metrics, METRIC_SERVICES, (double)store_count(control->store, KIND_SERVICE), NULL);
        metrics_put(metrics, METRIC_ADDRESSES_ANNOUNCED, (double)bgp, "protocol", "bgp", NULL);
        metrics_put(metrics, METRIC_ADDRESSES_ANNOUNCED, (double)l2, "protocol", "layer2", NULL);
        metrics_put(metrics, METRIC_CONFIG_OBJECTS, (double)(control->config->n_verdicts - bad), "valid",
                    "true", NULL);
        metrics_put(metrics, METRIC_CONFIG_OBJECTS, (double)bad, "valid", "false", NULL);
        metrics_put(metrics, METRIC_PLANS, (double)control->n_plans, NULL);
        put_pool_metrics(metrics, control->store, control->config);
}
