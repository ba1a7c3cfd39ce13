#include "wire.h"
#include "announce/remote.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "group/group.h"
#include "l2/l2.h"
#include "link/link.h"
#include "report/metrics.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const int64_t WIRE_LIMIT = 1 * MSEC;
static const int64_t SAMPLE_EVERY = 1 * SEC;

/* What the metrics show. It goes to the wire loop and back as a message: at any time one loop has it. */
struct sample {
        struct l2_counters l2;
        struct link_counters link;
        struct loop_stats loop;
        struct wire_if *ifs; /* only if they changed; malloced */
        size_t n_ifs;
        bool away;
};

struct wire {
        struct loop *loop; /* the wire's */
        struct remote *remote;
        struct link *link;
        struct group *group;
        struct l2 *l2;
        pthread_t thread;
        bool running;
        struct loop_timer *sampler; /* in the control loop */
        struct sample travelling, shown;
        bool ifs_changed; /* the wire loop's */
};

static void sample_back(void *arg)
{
        struct wire *wire = arg;

        int64_t longest = wire->shown.loop.max_ns;

        if (wire->travelling.ifs) {
                free(wire->shown.ifs);
        } else {
                wire->travelling.ifs = wire->shown.ifs;
                wire->travelling.n_ifs = wire->shown.n_ifs;
        }
        wire->shown = wire->travelling;
        wire->travelling.ifs = NULL;
        if (longest > wire->shown.loop.max_ns)
                wire->shown.loop.max_ns = longest; /* since the last scrape, not since the last sample */
        wire->travelling.away = false;
}

static void links_changed(void *arg)
{
        struct wire *wire = arg;

        wire->ifs_changed = true;
}

static void add_if(struct sample *to, const struct link_if *from)
{
        struct wire_if *out = &to->ifs[to->n_ifs];

        *out = (struct wire_if){.ifindex = from->ifindex, .up = from->up};
        memcpy(out->name, from->name, sizeof(out->name));
        memcpy(out->mac, from->mac, sizeof(out->mac));
        for (size_t i = 0; i < from->n_addrs; i++) {
                if (ip_is_link_local(from->addrs[i].ip))
                        continue;
                if (out->n_addrs < WIRE_IF_ADDRS)
                        out->addrs[out->n_addrs] = from->addrs[i].ip;
                out->n_addrs++;
        }
        to->n_ifs += out->n_addrs > 0;
}

static void sample_ifs(struct wire *wire)
{
        size_t n;
        const struct link_if *ifs = link_ifs(wire->link, &n);

        wire->ifs_changed = false;
        wire->travelling.ifs = xcalloc(n + 1, sizeof(*wire->travelling.ifs));
        wire->travelling.n_ifs = 0;
        for (size_t i = 0; i < n; i++)
                if (ifs[i].arp)
                        add_if(&wire->travelling, &ifs[i]);
}

static void sample_there(void *arg)
{
        struct wire *wire = arg;

        wire->travelling.l2 = l2_counters(wire->l2);
        wire->travelling.link = link_counters(wire->link);
        wire->travelling.loop = loop_stats(wire->loop);
        if (wire->ifs_changed)
                sample_ifs(wire);
        remote_reply(wire->remote, sample_back, wire);
}

static void sample(void *arg)
{
        struct wire *wire = arg;

        if (!wire->travelling.away) {
                wire->travelling.away = true;
                remote_call(wire->remote, sample_there, wire);
        }
        loop_timer_at(wire->sampler, mono_add(mono_now(), SAMPLE_EVERY));
}

static void free_parts(struct wire *wire)
{
        l2_free(wire->l2);
        group_free(wire->group);
        link_free(wire->link);
        loop_timer_free(wire->sampler);
        if (wire->remote)
                remote_free(wire->remote);
        if (wire->loop)
                loop_free(wire->loop);
        free(wire->travelling.ifs);
        free(wire->shown.ifs);
        free(wire);
}

struct wire *wire_new(struct loop *control, wire_fact_fn *fact, void *arg, char **why)
{
        struct wire *wire = xcalloc(1, sizeof(*wire));

        wire->loop = loop_new("wire");
        loop_set_limit(wire->loop, WIRE_LIMIT);
        wire->remote = remote_new(control, wire->loop, fact, arg);
        wire->sampler = loop_timer_new(control, sample, wire);
        wire->group = group_new(wire->loop, NULL, NULL);
        wire->link = link_new(wire->loop, links_changed, wire, why);
        wire->ifs_changed = true;
        if (wire->link)
                wire->l2 = l2_new(wire->loop, wire->link, wire->group, remote_fact, wire->remote, why);
        if (!wire->l2) {
                free_parts(wire);
                return NULL;
        }
        remote_set_target(wire->remote, l2_announcer(wire->l2));
        return wire;
}

struct announcer *wire_announcer(struct wire *wire)
{
        return remote_announcer(wire->remote);
}

const struct wire_if *wire_ifs(const struct wire *wire, size_t *n)
{
        *n = wire->shown.n_ifs;
        return wire->shown.ifs;
}

static void *thread_main(void *arg)
{
        struct wire *wire = arg;

        loop_run(wire->loop);
        return NULL;
}

void wire_start(struct wire *wire)
{
        if (pthread_create(&wire->thread, NULL, thread_main, wire) != 0)
                abort();
        wire->running = true;
        sample(wire);
}

static void stop_there(void *arg)
{
        loop_stop(arg);
}

void wire_stop(struct wire *wire)
{
        if (wire->running) {
                remote_call(wire->remote, stop_there, wire->loop);
                pthread_join(wire->thread, NULL);
        }
        free_parts(wire);
}

static uint64_t sum(const uint64_t *v, size_t n)
{
        uint64_t total = 0;

        for (size_t i = 0; i < n; i++)
                total += v[i];
        return total;
}

void wire_metrics(struct wire *wire, struct metrics *metrics)
{
        const struct l2_counters *l2 = &wire->shown.l2;
        const struct link_counters *link = &wire->shown.link;
        const struct loop_stats *loop = &wire->shown.loop;

        metrics_put(metrics, METRIC_L2_OWNED, (double)l2->owned, NULL);
        for (enum answer i = 0; i < ANSWERS; i++) {
                metrics_put(metrics, METRIC_L2_RECEIVED, (double)l2->arp_received[i], "protocol", "arp",
                            "answer", answer_str(i), NULL);
                metrics_put(metrics, METRIC_L2_RECEIVED, (double)l2->ndp_received[i], "protocol", "ndp",
                            "answer", answer_str(i), NULL);
        }
        metrics_put(metrics, METRIC_L2_REPLIES_SENT, (double)l2->arp_replies, "protocol", "arp", NULL);
        metrics_put(metrics, METRIC_L2_REPLIES_SENT, (double)l2->ndp_replies, "protocol", "ndp", NULL);
        metrics_put(metrics, METRIC_L2_GRATUITOUS_SENT, (double)l2->gratuitous, NULL);
        metrics_put(metrics, METRIC_L2_REFUSED, (double)sum(l2->arp_refused, ARP_REFUSALS), "protocol", "arp",
                    NULL);
        metrics_put(metrics, METRIC_L2_REFUSED, (double)sum(l2->ndp_refused, NDP_REFUSALS), "protocol", "ndp",
                    NULL);
        metrics_put(metrics, METRIC_NETLINK_MESSAGES, (double)link->messages, "result", "read", NULL);
        metrics_put(metrics, METRIC_NETLINK_MESSAGES, (double)link->refused, "result", "refused", NULL);
        metrics_put(metrics, METRIC_NETLINK_OVERRUNS, (double)link->overruns, NULL);
        metrics_put(metrics, METRIC_LOOP_BUSY_SECONDS, (double)loop->busy_ns / (double)SEC, "loop", "wire",
                    NULL);
        metrics_put(metrics, METRIC_LOOP_LONGEST_SECONDS, (double)loop->max_ns / (double)SEC, "loop", "wire",
                    NULL);
        metrics_put(metrics, METRIC_LOOP_SLOW, (double)loop->slow, "loop", "wire", NULL);
        wire->shown.loop.max_ns = 0;
}
