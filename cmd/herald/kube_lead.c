/*
 * Who leads is decided by the Lease; what this leader writes goes out one object at a time, and what became of each is
 * told to who decided it.
 */
#include "kube_lead.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "control.h"
#include "follow.h"
#include "group_key.h"
#include "k8s/lease.h"
#include "k8s/watch.h"
#include "k8s/write.h"
#include "kube_look.h"
#include "kube_metallb.h"
#include "options.h"
#include "report/metrics.h"
#include <stdlib.h>

static const char LEASE_NAME[] = "heraldlb";
static const int64_t LAST_WRITES = 2 * SEC;

struct kube_lead {
        struct loop *loop;
        struct control *control;
        struct follow *services;
        const struct kube_metallb *metallb;
        struct transport *transport;
        struct lease *lease; /* NULL: does not compete yet */
        struct writer *writer;
        struct kube_look *look;
        char *namespace, *node;
        uint64_t term;       /* of the Lease that we hold; 0: none */
        uint64_t leads;      /* the term in which everything was adopted */
        uint64_t keyed;      /* the term in which the group key was asked for */
        uint64_t adopted_by; /* so many lists of Services had ended when we got it */
        void (*left)(void *arg); /* set: kube_lead_leave() was called */
        void *left_arg;
        bool ends;                   /* what becomes of the Lease is settled */
        struct loop_timer *patience; /* with the last writes, then */
        void (*reported)(void *arg, bool done, const char *sentence);
        void *reported_arg;
        uint64_t written[WRITE_SUPERSEDED + 1];
};

/* The Lease is ours. What others have written may not have reached us yet: the Services are listed again before
 * anything is decided. */
static void on_leading(void *arg, uint64_t term)
{
        struct kube_lead *lead = arg;

        lead->term = term;
        lead->adopted_by = follow_stats(lead->services).lists;
        follow_relist(lead->services);
}

static void on_following(void *arg)
{
        struct kube_lead *lead = arg;

        lead->term = lead->leads = lead->keyed = 0;
        writer_stop_leading(lead->writer);
        control_set_leader(lead->control, false, 0);
}

static bool may_lead(void *arg)
{
        struct kube_lead *lead = arg;

        return lead->term && lease_is_leading(lead->lease);
}

/* What became of the write is in the store now, if the server answered. */
static void on_looked(void *arg, const struct write *write)
{
        struct kube_lead *lead = arg;

        control_write_failed(lead->control, write, LEAD_UNKNOWN);
}

static void on_trouble(void *arg, const char *sentence)
{
        (void)arg;
        if (*sentence)
                log_warn("lease", "%s", sentence);
}

static const struct lease_handler lease_handler = {
        .leading = on_leading, .following = on_following, .trouble = on_trouble};

void kube_lead_look(struct kube_lead *lead, bool able)
{
        if (able && !lead->lease && !lead->left)
                lead->lease = lease_new(lead->transport, lead->namespace, LEASE_NAME, lead->node, &lease_handler, lead);
        if (!lead->term || lead->left || follow_stats(lead->services).lists == lead->adopted_by)
                return;
        if (lead->leads != lead->term)
                control_set_leader(lead->control, true, lead->term);
        lead->leads = lead->term;
        if (lead->keyed != lead->term && !kube_metallb_speaks(lead->metallb)) {
                lead->keyed = lead->term;
                writer_put(lead->writer, group_key_write(lead->namespace));
        }
}

static void give_back_if_idle(struct kube_lead *lead)
{
        if (!lead->left || lead->ends || writer_finish_leading(lead->writer) > 0)
                return;
        lead->ends = true;
        loop_timer_stop(lead->patience);
        if (lead->lease)
                lease_release(lead->lease, lead->left, lead->left_arg);
        else
                loop_defer(lead->loop, lead->left, lead->left_arg);
}

static void on_written(void *arg, const struct write *write, enum write_result result, const char *sentence)
{
        static const char *const what[] = {[WRITE_STATUS] = "the status",
                                           [WRITE_CONDITIONS] = "the conditions",
                                           [WRITE_EVENT] = "an Event",
                                           [WRITE_STATUS_PATCH] = "the status",
                                           [WRITE_APPLY] = "the writing",
                                           [WRITE_CREATE] = "the making"};
        struct kube_lead *lead = arg;

        give_back_if_idle(lead);
        if (write->type == WRITE_CREATE && result == WRITE_CONFLICT) { /* it is there */
                lead->written[WRITE_OK]++;
                return;
        }
        lead->written[result]++;
        if (write->type == WRITE_CREATE && result != WRITE_OK)
                lead->keyed = 0; /* again when anything changes */
        if (write->ref.kind == KIND_NODESTATE) {
                if (lead->reported && result != WRITE_SUPERSEDED)
                        lead->reported(lead->reported_arg, result == WRITE_OK, sentence);
                return;
        }
        if (*sentence && result != WRITE_CONFLICT && result != WRITE_GONE)
                log_warn("k8s", "%s of %s %s/%s: %s", what[write->type], kind_name(write->ref.kind),
                         write->ref.namespace, write->ref.name, sentence);
        if ((write->type == WRITE_CONDITIONS || write->type == WRITE_STATUS_PATCH) && result != WRITE_OK &&
            result != WRITE_SUPERSEDED && result != WRITE_GONE)
                control_conditions_failed(lead->control, write);
        if (write->type != WRITE_STATUS)
                return;
        switch (result) {
        case WRITE_OK:
        case WRITE_SUPERSEDED:
                break;
        case WRITE_CONFLICT:
                control_write_failed(lead->control, write, LEAD_CONFLICT);
                break;
        case WRITE_FAILED:
                control_write_failed(lead->control, write, LEAD_REFUSED);
                break;
        case WRITE_GONE: /* as a rule the watch tells the rest */
        case WRITE_FAILED_UNKNOWN:
                kube_look_at(lead->look, write);
                break;
        case WRITE_NOT_LEADING: /* a new leader begins anew */
                break;
        }
}

void kube_lead_write(void *arg, struct write *write)
{
        struct kube_lead *lead = arg;

        writer_put(lead->writer, write);
}

/* The Lease runs out instead: nobody leads while a write of ours may still land. */
static void out_of_patience(void *arg)
{
        struct kube_lead *lead = arg;

        lead->ends = true;
        log_warn("lease", "a write is still under way: the Lease is not given back, it runs out in 15 s");
        lead->left(lead->left_arg);
}

void kube_lead_leave(struct kube_lead *lead, void (*done)(void *), void *arg)
{
        control_set_leader(lead->control, false, 0);
        lead->left = done;
        lead->left_arg = arg;
        loop_timer_at(lead->patience, mono_add(mono_now(), LAST_WRITES));
        give_back_if_idle(lead);
}

void kube_lead_on_reported(struct kube_lead *lead, void (*fn)(void *, bool, const char *), void *arg)
{
        lead->reported = fn;
        lead->reported_arg = arg;
}

struct kube_lead *kube_lead_new(struct loop *loop, struct control *control, struct transport *transport,
                                struct follow *services, const struct kube_metallb *metallb,
                                const struct run_options *o)
{
        struct kube_lead *lead = xcalloc(1, sizeof(*lead));

        lead->loop = loop;
        lead->control = control;
        lead->services = services;
        lead->metallb = metallb;
        lead->transport = transport;
        lead->namespace = xstrdup(o->namespace);
        lead->node = xstrdup(o->node_name);
        lead->patience = loop_timer_new(loop, out_of_patience, lead);
        lead->writer = writer_new(transport, o->node_name, on_written, may_lead, lead);
        lead->look = kube_look_new(transport, control, on_looked, lead);
        return lead;
}

void kube_lead_free(struct kube_lead *lead)
{
        if (!lead)
                return;
        lease_free(lead->lease);
        loop_timer_free(lead->patience);
        writer_free(lead->writer);
        kube_look_free(lead->look);
        free(lead->namespace);
        free(lead->node);
        free(lead);
}

void kube_lead_metrics(const struct kube_lead *lead, struct metrics *metrics)
{
        static const char *const results[] = {[WRITE_OK] = "ok",
                                              [WRITE_CONFLICT] = "conflict",
                                              [WRITE_GONE] = "gone",
                                              [WRITE_FAILED] = "failed",
                                              [WRITE_FAILED_UNKNOWN] = "unknown",
                                              [WRITE_NOT_LEADING] = "not_leading",
                                              [WRITE_SUPERSEDED] = "superseded"};

        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
                metrics_put(metrics, METRIC_API_WRITES, (double)lead->written[i], "result", results[i], NULL);
        metrics_put(metrics, METRIC_API_WRITES_PENDING, (double)writer_pending(lead->writer), NULL);
}
