/*
 * The table of metrics and their rendering in the Prometheus text format. Names, types and help stand in one
 * table in metrics.c; label values are escaped, label sets are bounded by what the operator configured.
 */
#pragma once
#include <stdint.h>

enum metric {
        METRIC_BUILD_INFO,
        METRIC_SYNCED,
        METRIC_LEADER,
        METRIC_FOREIGN_CONTROLLER,
        METRIC_SERVICES,
        METRIC_ADDRESSES_ANNOUNCED,
        METRIC_ADDRESSES_WAITING,
        METRIC_DATA_PLANE_READY,
        METRIC_POOL_ADDRESSES,
        METRIC_POOL_ASSIGNED,
        METRIC_CONFIG_OBJECTS,
        METRIC_BGP_SESSION_UP,
        METRIC_BGP_PREFIXES,
        METRIC_BGP_PREFIXES_REFUSED,
        METRIC_BGP_UPDATES_SENT,
        METRIC_BGP_MESSAGES_SENT,
        METRIC_BGP_MESSAGES_RECEIVED,
        METRIC_BGP_NOTIFICATIONS_SENT,
        METRIC_BGP_NOTIFICATIONS_RECEIVED,
        METRIC_BGP_CONTENT_ERRORS,
        METRIC_L2_OWNED,
        METRIC_L2_RECEIVED,
        METRIC_L2_REPLIES_SENT,
        METRIC_L2_GRATUITOUS_SENT,
        METRIC_L2_REFUSED,
        METRIC_NETLINK_MESSAGES,
        METRIC_NETLINK_OVERRUNS,
        METRIC_WATCH_SYNCED,
        METRIC_WATCHES_OPEN,
        METRIC_WATCH_BYTES,
        METRIC_WATCH_EVENTS,
        METRIC_WATCH_LISTS,
        METRIC_WATCH_EXPIRED,
        METRIC_WATCH_STALLS,
        METRIC_API_SERVER,
        METRIC_API_FAILOVERS,
        METRIC_API_WRITES,
        METRIC_API_WRITES_PENDING,
        METRIC_PLANS,
        METRIC_LOOP_BUSY_SECONDS,
        METRIC_LOOP_LONGEST_SECONDS,
        METRIC_LOOP_SLOW,
        METRIC_LOG_DROPPED,
        METRIC_RESIDENT_BYTES,
        METRIC_MAX,
};

struct metrics;

struct metrics *metrics_new(void);
/* Adds one sample. Pairs of label name and value follow, ended by NULL. */
void metrics_put(struct metrics *, enum metric, double value, ...) __attribute__((sentinel));
/* The whole page; malloc'ed. Samples come grouped by metric, in the order they were put. */
char *metrics_render(const struct metrics *);
void metrics_free(struct metrics *);
