/*
 * Level-triggered (design decision 4): a step takes what became dirty, plans it, and hands over whole truths.
 * The announcers find the difference.
 */
#include "control.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/build.h"
#include "config/docs.h"
#include "config/yaml.h"
#include "lead/objects.h"
#include "dataplane/dataplane.h"
#include "k8s/decode.h"
#include "k8s/password.h"
#include "k8s/secret.h"
#include "peers.h"
#include "plans.h"
#include "plan/plan.h"
#include "secrets.h"
#include "state.h"
#include "store/store.h"
#include "verdicts.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t COALESCE = 10 * MSEC;
static const int64_t OBJECTS_PAUSE = 3 * SEC;
enum { BATCH = 256 };

struct control {
        struct loop *loop;
        struct control_options options;
        struct announcer *announcers[2];
        struct store *store;
        struct config_docs *docs;
        struct config *config;
        struct lead *lead;
        struct objects *objects;
        struct mono objects_at;  /* not before */
        uint64_t objects_plans;  /* plans made when they were told last */
        bool objects_dirty;
        struct self self;
        struct plans *plans;
        struct dataplane *dataplane;
        struct verdicts *verdicts;
        bool config_dirty, synced, leader, left;
        bool incomplete; /* some configuration is not known */
        bool peers_unknown; /* and BGPPeers are a part of it */
        void (*configured)(void *arg, const struct config *);
        void *configured_arg;
        bool announced_all; /* the first plan after sync was handed over */
        uint64_t term;
        struct peers *peers;
        struct secrets *secrets;
        bool secrets_dirty;
        struct loop_timer *timer;
        struct mono last_step;
        struct mono wake; /* when timer fires */
        unsigned to_leave;
        void (*done)(void *arg);
        void *done_arg;
};

void control_continue(struct control *control)
{
        size_t n;
        const struct bgp_peer *peers = state_peers(control->options.state, &n);

        if (n)
                for (size_t i = 0; i < 2; i++)
                        control->announcers[i]->peers(control->announcers[i]->self, peers, n);
        plans_continue(control->plans, control->store);
}

/* configuration */

static void tell_verdicts(struct control *control)
{
        void (*write)(void *, struct write *) =
                control->leader && !control->self.foreign ? control->options.write : NULL;
        void *arg = control->options.write_arg;
        size_t n;
        const struct verdict *of_peers = peers_verdicts(control->peers, &n);

        verdicts_begin(control->verdicts);
        verdicts_tell(control->verdicts, control->config->verdicts, control->config->n_verdicts, write, arg);
        verdicts_tell(control->verdicts, of_peers, n, write, arg);
        verdicts_end(control->verdicts);
}

/* What the command line says holds where Settings says nothing. */
static void add_options(struct config *config, const struct control_options *options)
{
        config->settings.ignore_excluded |= options->ignore_exclude_lb;
        if (!config->settings.lb_class)
                config->settings.lb_class = options->lb_class;
}

static void rebuild_config(struct control *control)
{
        struct config *old = control->config;

        control->config = config_build(control->docs);
        add_options(control->config, &control->options);
        config_free(old);
        dataplane_configure(control->dataplane, &control->config->settings, control->options.standalone);
        control->config_dirty = false;
        control->objects_dirty = true;
        if (control->configured)
                control->configured(control->configured_arg, control->config);
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

/* The status of configuration objects: at most every few seconds, if something has changed. */
static struct mono tell_objects(struct control *control, struct mono now)
{
        struct write *writes[BATCH];
        uint64_t made = plans_made(control->plans);
        size_t n;

        if (made == control->objects_plans && !control->objects_dirty)
                return MONO_NEVER;
        if (mono_before(now, control->objects_at))
                return control->objects_at;
        n = objects_tell(control->objects, control->store, control->docs, control->config, wall_usec(), now, writes,
                         BATCH);
        for (size_t i = 0; i < n; i++)
                control->options.write(control->options.write_arg, writes[i]);
        control->objects_at = mono_add(now, OBJECTS_PAUSE);
        control->objects_plans = made;
        control->objects_dirty = n == BATCH;
        return n == BATCH ? control->objects_at : MONO_NEVER;
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

/* The data plane answered: what waits for it is planned again. */
static void data_plane_changed(void *arg)
{
        struct control *control = arg;

        plans_mark_waiting(control->plans, control->store);
        schedule(control);
}

static void look_at_self(struct control *control, bool new_input, struct mono now)
{
        struct self *self = &control->self;
        const struct fact *node = store_node(control->store, control->options.node);

        self->peers_here = peers_choose(control->peers, control->config, new_input, control->peers_unknown, node);
        if (peers_news(control->peers))
                tell_verdicts(control);
        if (node)
                dataplane_here(control->dataplane, node->u.node.addresses, node->u.node.n_addresses);
        self->data_plane_down = !dataplane_open(control->dataplane, now);
        self->check_ports = !control->options.standalone && !dataplane_absent(control->dataplane) &&
                            !control->config->settings.data_plane_off &&
                            !control->config->settings.ignore_health_check_node_port;
        self->ports_ready = dataplane_ports(control->dataplane, &self->n_ports_ready);
}

static void wait_for_data_plane(struct control *control)
{
        uint16_t *ports;
        size_t n;
        bool waiting = plans_waiting(control->plans, &ports, &n);

        dataplane_wait(control->dataplane, waiting, ports, n);
        free(ports);
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
        look_at_self(control, new_config || control->secrets_dirty, now);
        control->secrets_dirty = false;
        if (!plans_step(control->plans,
                        &(struct plans_facts){.store = control->store,
                                              .config = control->config,
                                              .self = &control->self,
                                              .incomplete = control->incomplete}, now)) {
                wake_at(control, now); /* the rest after whoever else waits for the loop */
                return;
        }
        wait_for_data_plane(control);
        if (!control->announced_all)
                announce_all(control);
        if (control->leader && !control->incomplete && !control->self.foreign)
                wake_at(control, mono_min(lead_step(control, now), tell_objects(control, now)));
        else if (!control->leader) /* one that is held up looks at them later */
                forget_dirty_services(control);
        wake_at(control, plans_again(control->plans));
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

void control_set_foreign(struct control *control, bool foreign)
{
        if (foreign == control->self.foreign)
                return;
        log_warn("control", foreign ? "MetalLB's speaker runs in this cluster: nothing is announced and nothing is "
                                      "written until it is gone (ForeignController)"
                                    : "MetalLB's speaker is gone: addresses are announced and given from now on");
        control->self.foreign = foreign;
        lead_resume(control->lead);
        store_mark_all(control->store);
        schedule(control);
}

void control_set_complete(struct control *control, bool complete, bool peers_known)
{
        control->peers_unknown = !peers_known;
        if (complete == !control->incomplete)
                return;
        control->incomplete = !complete;
        if (complete) {
                lead_resume(control->lead);
                store_mark_all(control->store);
        }
        schedule(control);
}

void control_on_configured(struct control *control, void (*fn)(void *, const struct config *), void *arg)
{
        control->configured = fn;
        control->configured_arg = arg;
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
                control->objects_dirty = true;
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

void control_secret(struct control *control, struct json_object *root)
{
        const char *why;
        struct ref ref;
        char *password;

        if (!decode_ref(root, &ref, &why) || ref.kind != KIND_SECRET)
                return;
        password = password_of_secret(root, &why);
        control->secrets_dirty |= secrets_put(control->secrets, ref.namespace, ref.name, password, password ? NULL : why);
        secret_free(password);
        schedule(control);
}

void control_no_secret(struct control *control, const char *namespace, const char *name, const char *why)
{
        control->secrets_dirty |= secrets_put(control->secrets, namespace, name, NULL, why);
        schedule(control);
}

void control_secrets_begin(struct control *control)
{
        secrets_begin(control->secrets);
        control->secrets_dirty = true;
        schedule(control);
}

void control_conditions_failed(struct control *control, const struct write *write)
{
        if (write->type == WRITE_STATUS_PATCH) {
                objects_failed(control->objects, &write->ref);
                control->objects_dirty = true;
        } else {
                lead_conditions_failed(control->lead, &write->ref, mono_now());
        }
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
        control->objects = objects_new();
        control->verdicts = verdicts_new();
        control->secrets = secrets_new(options->namespace);
        control->peers = peers_new(options->node, control->announcers, 2, options->state, control->secrets);
        control->self = (struct self){.node = options->node};
        control->dataplane = dataplane_new(loop, data_plane_changed, control);
        control->timer = loop_timer_new(loop, step, control);
        control->plans = plans_new(loop, control->announcers, 2, options->state);
        control->wake = MONO_NEVER;
        return control;
}

void control_free(struct control *control)
{
        plans_free(control->plans);
        dataplane_free(control->dataplane);
        verdicts_free(control->verdicts);
        peers_free(control->peers);
        secrets_free(control->secrets);
        loop_timer_free(control->timer);
        lead_free(control->lead);
        objects_free(control->objects);
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

        return control->synced && (!node || node->u.node.leaving != REASON_NONE);
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
        control->left = true;
        control->done = done;
        control->done_arg = arg;
        control->to_leave = 2;
        plans_save(control->plans, how == LEAVE_NODE);
        for (size_t i = 0; i < 2; i++)
                control->announcers[i]->leave(control->announcers[i]->self, how, deadline, one_left, control);
}

struct control_view control_view(const struct control *control)
{
        struct control_view view = {.store = control->store,
                                    .config = control->config,
                                    .plans = plans_count(control->plans),
                                    .plans_made = plans_made(control->plans),
                                    .synced = control->synced,
                                    .leader = control->leader,
                                    .foreign = control->self.foreign,
                                    .data_plane_open = dataplane_open(control->dataplane, mono_now())};

        view.of_peers = peers_verdicts(control->peers, &view.n_of_peers);
        return view;
}
