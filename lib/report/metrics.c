#include "report/metrics.h"
#include "base/arena.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
        const char *name, *type, *help;
};

static const struct row rows[] = {
        [METRIC_BUILD_INFO] = {"herald_build_info", "gauge", "Version of this program; always 1."},
        [METRIC_SYNCED] = {"herald_synced", "gauge", "1 once every required kind was listed."},
        [METRIC_LEADER] = {"herald_leader", "gauge", "1 while this node allocates addresses."},
        [METRIC_FOREIGN_CONTROLLER] =
                {"herald_foreign_controller", "gauge",
                 "1 while MetalLB's speaker runs, so that nothing is announced or written."},
        [METRIC_SERVICES] = {"herald_services", "gauge",
                             "Services of type LoadBalancer that this node knows."},
        [METRIC_ADDRESSES_ANNOUNCED] =
                {"herald_addresses_announced", "gauge",
                 "Addresses that this node announces (bgp) or may answer for (layer2)."},
        [METRIC_ADDRESSES_WAITING] =
                {"herald_addresses_waiting", "gauge",
                 "Addresses that this node does not announce until its data plane can serve, by reason."},
        [METRIC_DATA_PLANE_READY] = {"herald_data_plane_ready", "gauge",
                                     "1 while new addresses may be announced: kube-proxy is well, or not asked."},
        [METRIC_POOL_ADDRESSES] = {"herald_pool_addresses", "gauge", "Addresses in the pool."},
        [METRIC_POOL_ASSIGNED] = {"herald_pool_assigned", "gauge",
                                  "Addresses of the pool that Services hold."},
        [METRIC_CONFIG_OBJECTS] = {"herald_config_objects", "gauge",
                                   "Configuration objects read, by validity."},
        [METRIC_BGP_SESSION_UP] = {"herald_bgp_session_up", "gauge", "1 while the session is Established."},
        [METRIC_BGP_PREFIXES] = {"herald_bgp_prefixes_sent", "gauge", "Prefixes that the peer was told."},
        [METRIC_BGP_PREFIXES_REFUSED] =
                {"herald_bgp_prefixes_refused", "gauge",
                 "Prefixes not announced: their attributes are too long for a message."},
        [METRIC_BGP_UPDATES_SENT] = {"herald_bgp_updates_sent_total", "counter", "UPDATE messages sent."},
        [METRIC_BGP_MESSAGES_SENT] = {"herald_bgp_messages_sent_total", "counter", "BGP messages sent."},
        [METRIC_BGP_MESSAGES_RECEIVED] = {"herald_bgp_messages_received_total", "counter",
                                          "BGP messages received."},
        [METRIC_BGP_NOTIFICATIONS_SENT] = {"herald_bgp_notifications_sent_total", "counter",
                                           "NOTIFICATION messages sent."},
        [METRIC_BGP_NOTIFICATIONS_RECEIVED] = {"herald_bgp_notifications_received_total", "counter",
                                               "NOTIFICATION messages received."},
        [METRIC_BGP_CONTENT_ERRORS] =
                {"herald_bgp_content_errors_total", "counter",
                 "Received UPDATEs with malformed attributes or prefixes; they are dropped."},
        [METRIC_L2_OWNED] = {"herald_layer2_owned", "gauge",
                             "Addresses that this node answers for by ARP or NDP."},
        [METRIC_L2_RECEIVED] = {"herald_layer2_received_total", "counter",
                                "Valid ARP and neighbour discovery frames, by what became of them."},
        [METRIC_L2_REPLIES_SENT] = {"herald_layer2_replies_sent_total", "counter",
                                    "ARP replies and solicited advertisements sent."},
        [METRIC_L2_GRATUITOUS_SENT] = {"herald_layer2_gratuitous_sent_total", "counter",
                                       "Unasked announcements sent after becoming the owner."},
        [METRIC_L2_REFUSED] = {"herald_layer2_refused_total", "counter", "Malformed frames refused."},
        [METRIC_NETLINK_MESSAGES] = {"herald_netlink_messages_total", "counter",
                                     "Netlink messages about links, addresses and routes."},
        [METRIC_NETLINK_OVERRUNS] = {"herald_netlink_overruns_total", "counter",
                                     "Netlink events lost by the socket; a dump made them good."},
        [METRIC_WATCH_SYNCED] = {"herald_watch_synced", "gauge", "1 while the watch of the kind is current."},
        [METRIC_WATCHES_OPEN] = {"herald_watches_open", "gauge", "Watches that the API server answers right now."},
        [METRIC_WATCH_BYTES] = {"herald_watch_received_bytes_total", "counter",
                                "Bytes of lists and watches that the API server sent."},
        [METRIC_WATCH_EVENTS] = {"herald_watch_events_total", "counter",
                                 "Events of watches, bookmarks among them."},
        [METRIC_WATCH_LISTS] = {"herald_watch_lists_total", "counter",
                                "Lists of whole collections, in pages (list) or by a watch (stream)."},
        [METRIC_WATCH_EXPIRED] = {"herald_watch_expired_total", "counter",
                                  "Times that the API server had forgotten where a watch was (410)."},
        [METRIC_WATCH_STALLS] = {"herald_watch_stalls_total", "counter",
                                 "Watches that were replaced because they fell silent."},
        [METRIC_API_SERVER] = {"herald_api_server", "gauge", "1 for the API server that is in use."},
        [METRIC_API_FAILOVERS] = {"herald_api_failovers_total", "counter",
                                  "Times that another API server was taken."},
        [METRIC_API_WRITES] = {"herald_api_writes_total", "counter", "Writes to the API server, by result."},
        [METRIC_API_WRITES_PENDING] = {"herald_api_writes_pending", "gauge",
                                       "Writes to the API server that wait or are under way."},
        [METRIC_PLANS] = {"herald_plans_total", "counter", "Times that an address was planned."},
        [METRIC_LOOP_BUSY_SECONDS] = {"herald_loop_busy_seconds_total", "counter",
                                      "Time spent in callbacks."},
        [METRIC_LOOP_LONGEST_SECONDS] = {"herald_loop_longest_seconds", "gauge",
                                         "Longest callback since the last scrape."},
        [METRIC_LOOP_SLOW] = {"herald_loop_slow_total", "counter", "Callbacks over the loop's limit."},
        [METRIC_LOG_DROPPED] = {"herald_log_dropped_total", "counter", "Log lines dropped by a full ring."},
        [METRIC_RESIDENT_BYTES] = {"process_resident_memory_bytes", "gauge",
                                   "Resident memory of this process."},
};
static_assert(sizeof(rows) / sizeof(rows[0]) == METRIC_MAX, "one row per metric");

struct sample {
        char *labels; /* {a="b"} or "" */
        double value;
        struct sample *next;
};

struct metrics {
        struct arena *arena;
        struct sample *first[METRIC_MAX], **last[METRIC_MAX];
};

struct metrics *metrics_new(void)
{
        struct metrics *metrics = xcalloc(1, sizeof(*metrics));

        metrics->arena = arena_new();
        for (size_t i = 0; i < METRIC_MAX; i++)
                metrics->last[i] = &metrics->first[i];
        return metrics;
}

static void put_escaped(FILE *out, const char *value)
{
        for (; *value; value++) {
                if (*value == '\n')
                        fputs("\\n", out);
                else if (*value == '"' || *value == '\\')
                        fprintf(out, "\\%c", *value);
                else
                        fputc(*value, out);
        }
}

void metrics_put(struct metrics *metrics, enum metric metric, double value, ...)
{
        struct sample *sample = arena_alloc(metrics->arena, sizeof(*sample));
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        const char *name, *separator = "{";
        va_list ap;

        if (!out)
                abort();
        va_start(ap, value);
        while ((name = va_arg(ap, const char *))) {
                fprintf(out, "%s%s=\"", separator, name);
                put_escaped(out, va_arg(ap, const char *));
                fputc('"', out);
                separator = ",";
        }
        va_end(ap);
        if (*separator == ',')
                fputc('}', out);
        fclose(out);
        sample->labels = arena_strdup(metrics->arena, text);
        free(text);
        sample->value = value;
        *metrics->last[metric] = sample;
        metrics->last[metric] = &sample->next;
}

char *metrics_render(const struct metrics *metrics)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                abort();
        for (size_t i = 0; i < METRIC_MAX; i++) {
                if (!metrics->first[i])
                        continue;
                fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", rows[i].name, rows[i].help, rows[i].name,
                        rows[i].type);
                for (const struct sample *s = metrics->first[i]; s; s = s->next)
                        fprintf(out, "%s%s %.15g\n", rows[i].name, s->labels, s->value);
        }
        fclose(out);
        return text;
}

void metrics_free(struct metrics *metrics)
{
        arena_free(metrics->arena);
        free(metrics);
}
