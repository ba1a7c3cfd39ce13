#include "collect.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "bgp/bgp.h"
#include "control.h"
#include "ipam/ipam.h"
#include "store/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_session(struct metrics *metrics, const struct bgp_status *s)
{
        metrics_put(metrics, METRIC_BGP_SESSION_UP, strcmp(s->state, "Established") == 0, "peer", s->peer,
                    NULL);
        metrics_put(metrics, METRIC_BGP_PREFIXES, s->prefixes_sent, "peer", s->peer, NULL);
        metrics_put(metrics, METRIC_BGP_PREFIXES_REFUSED, s->prefixes_refused, "peer", s->peer, NULL);
        metrics_put(metrics, METRIC_BGP_UPDATES_SENT, (double)s->updates_out, "peer", s->peer, NULL);
        metrics_put(metrics, METRIC_BGP_MESSAGES_SENT, (double)s->messages_out, "peer", s->peer, NULL);
        metrics_put(metrics, METRIC_BGP_MESSAGES_RECEIVED, (double)s->messages_in, "peer", s->peer, NULL);
        metrics_put(metrics, METRIC_BGP_NOTIFICATIONS_SENT, (double)s->notifications_out, "peer", s->peer,
                    NULL);
        metrics_put(metrics, METRIC_BGP_NOTIFICATIONS_RECEIVED, (double)s->notifications_in, "peer", s->peer,
                    NULL);
        metrics_put(metrics, METRIC_BGP_CONTENT_ERRORS, (double)s->content_errors_in, "peer", s->peer, NULL);
}

void put_bgp_metrics(struct metrics *metrics, const struct bgp *bgp)
{
        size_t n = bgp_status(bgp, NULL, 0);
        struct bgp_status *v = xcalloc(n + 1, sizeof(*v));

        n = bgp_status(bgp, v, n);
        for (size_t i = 0; i < n; i++)
                put_session(metrics, &v[i]);
        free(v);
}

static void put_pool_metric(struct metrics *metrics, const struct pool *pool, enum ip_family family,
                            int64_t assigned)
{
        const char *name = family == IP_V4 ? "IPv4" : "IPv6";

        metrics_put(metrics, METRIC_POOL_ADDRESSES, (double)ipam_pool_size(pool, family), "pool",
                    pool->ref.name, "family", name, NULL);
        metrics_put(metrics, METRIC_POOL_ASSIGNED, (double)assigned, "pool", pool->ref.name, "family", name,
                    NULL);
}

static void put_pool_metrics(struct metrics *metrics, const struct store *store, const struct config *config)
{
        struct pool_use *use = ipam_pool_use(store, config);

        for (size_t i = 0; i < config->n_pools; i++) {
                put_pool_metric(metrics, &config->pools[i], IP_V4, use[i].assigned[0]);
                put_pool_metric(metrics, &config->pools[i], IP_V6, use[i].assigned[1]);
        }
        free(use);
}

void put_control_metrics(struct metrics *metrics, const struct control_view *view)
{
        size_t bad = 0;

        for (size_t i = 0; i < view->config->n_verdicts; i++)
                bad += !view->config->verdicts[i].valid;
        metrics_put(metrics, METRIC_SYNCED, view->synced, NULL);
        metrics_put(metrics, METRIC_FOREIGN_CONTROLLER, view->foreign, NULL);
        metrics_put(metrics, METRIC_LEADER, view->leader, NULL);
        metrics_put(metrics, METRIC_SERVICES, (double)store_count(view->store, KIND_SERVICE), NULL);
        metrics_put(metrics, METRIC_ADDRESSES_ANNOUNCED, (double)view->plans.bgp, "protocol", "bgp", NULL);
        metrics_put(metrics, METRIC_ADDRESSES_ANNOUNCED, (double)view->plans.l2, "protocol", "layer2", NULL);
        metrics_put(metrics, METRIC_ADDRESSES_WAITING, (double)view->plans.waiting, "reason",
                    reason_name(REASON_DATA_PLANE_NOT_READY), NULL);
        metrics_put(metrics, METRIC_ADDRESSES_WAITING, (double)view->plans.waiting_check, "reason",
                    reason_name(REASON_HEALTH_CHECK_NOT_READY), NULL);
        metrics_put(metrics, METRIC_DATA_PLANE_READY, view->data_plane_open, NULL);
        metrics_put(metrics, METRIC_CONFIG_OBJECTS, (double)(view->config->n_verdicts - bad), "valid", "true",
                    NULL);
        metrics_put(metrics, METRIC_CONFIG_OBJECTS, (double)bad, "valid", "false", NULL);
        metrics_put(metrics, METRIC_PLANS, (double)view->plans_made, NULL);
        put_pool_metrics(metrics, view->store, view->config);
}

static double resident_bytes(void)
{
        FILE *file = fopen("/proc/self/statm", "re");
        unsigned long size, resident = 0;

        if (file && fscanf(file, "%lu %lu", &size, &resident) != 2)
                resident = 0;
        if (file)
                fclose(file);
        return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

void put_process_metrics(struct metrics *metrics, struct loop *control)
{
        struct loop_stats stats = loop_stats(control);

        metrics_put(metrics, METRIC_BUILD_INFO, 1, "version", HERALD_VERSION, NULL);
        metrics_put(metrics, METRIC_LOOP_BUSY_SECONDS, (double)stats.busy_ns / (double)SEC, "loop", "control",
                    NULL);
        metrics_put(metrics, METRIC_LOOP_LONGEST_SECONDS, (double)stats.max_ns / (double)SEC, "loop",
                    "control", NULL);
        metrics_put(metrics, METRIC_LOOP_SLOW, (double)stats.slow, "loop", "control", NULL);
        metrics_put(metrics, METRIC_LOG_DROPPED, (double)log_dropped(), NULL);
        metrics_put(metrics, METRIC_RESIDENT_BYTES, resident_bytes(), NULL);
}
