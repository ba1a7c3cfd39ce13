/*
 * herald status: what the nodes of a live cluster say about themselves, and what is wrong. It reads the NodeStates, the
 * Lease and the pools, and makes one document of them, which -o json prints as it is.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "commands.h"
#include "input.h"
#include "json/json.h"
#include "k8s/k8s.h"
#include "live.h"
#include "report/pace.h"
#include "status_print.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: herald status [-o text|json] [--kubeconfig FILE] [--namespace NAMESPACE]\n"
                           "\n"
                           "What the nodes of a cluster say about themselves: who leads, versions, BGP\n"
                           "sessions, layer-2 addresses, pools, and what is wrong. Reads the NodeStates,\n"
                           "the Lease and the IPAddressPools of a live cluster.\n"
                           "\n"
                           "      --kubeconfig FILE  (KUBECONFIG, else ~/.kube/config, else in-cluster)\n"
                           "  -n, --namespace NAME   of HeraldLB (default heraldlb-system)\n"
                           "  -o, --output FORMAT    text (default) or json\n"
                           "  -h, --help             this text\n"
                           "\n"
                           "Exit status: 0 all is well, 1 something is wrong (it is said what: a session is\n"
                           "down, a node did not report, configuration is refused, nobody leads), 2 wrong\n"
                           "usage, or the cluster cannot be asked.\n";

/* Two renewals were missed. */
static const int64_t STALE = 2 * (PACE_RENEWAL / SEC) + 60;
static const int64_t LEASE_SLACK = 5;

struct status {
        struct live *live;
        const char *namespace;
        int64_t now; /* seconds since 1970 */
        struct json_object *document, *problems;
};

static const char *text_at(struct json_object *o, const char *key)
{
        const char *text = json_string_at(o, key);

        return text ? text : "";
}

static void put(struct json_object *to, const char *key, const char *text)
{
        json_object_object_add(to, key, json_object_new_string(text));
}

static void problem(struct status *s, char *text)
{
        for (size_t i = 0; i < json_count(s->problems); i++)
                if (strcmp(json_string(json_item(s->problems, i)), text) == 0) {
                        free(text); /* of another node */
                        return;
                }
        json_object_array_add(s->problems, json_object_new_string(text));
        free(text);
}

/* ---- the leader ---- */

static void judge_lease(struct status *s, struct json_object *spec, const char *holder)
{
        int64_t renewed = 0, lasts = json_int_at(spec, "leaseDurationSeconds");
        bool known = wall_parse(text_at(spec, "renewTime"), &renewed);

        if (!*holder)
                problem(s, xstrdup("no node leads: nothing is allocated"));
        else if (!known || renewed + lasts + LEASE_SLACK < s->now)
                problem(s, xprintf("the leader %s has not renewed its Lease since %s: nothing is allocated", holder,
                                   text_at(spec, "renewTime")));
}

/* The identity is NODE_RANDOM. */
static char *node_of(const char *holder)
{
        const char *end = strrchr(holder, '_');

        return xprintf("%.*s", (int)(end ? (size_t)(end - holder) : strlen(holder)), holder);
}

static bool read_lease(struct status *s, const char **why)
{
        char *path = xprintf("/apis/coordination.k8s.io/v1/namespaces/%s/leases/heraldlb", s->namespace), *node;
        struct live_answer answer = live_get(s->live, path);
        struct json_object *spec = json_object_at(answer.json, "spec"), *leader = json_object_new_object();

        free(path);
        *why = answer.why;
        node = node_of(text_at(spec, "holderIdentity"));
        put(leader, "node", node);
        put(leader, "renewTime", text_at(spec, "renewTime"));
        json_object_object_add(s->document, "leader", leader);
        if (answer.json || answer.status == 404)
                judge_lease(s, spec, node);
        free(node);
        json_object_put(answer.json);
        return answer.json || answer.status == 404;
}

/* ---- nodes ---- */

static void judge_peers(struct status *s, const char *node, struct json_object *peers)
{
        for (size_t i = 0; i < json_count(peers); i++) {
                struct json_object *peer = json_item(peers, i);
                const char *error = text_at(peer, "lastError");

                if (strcmp(text_at(peer, "state"), "Established") != 0)
                        problem(s, xprintf("node %s: the session with %s (%s) is down since %s%s%s", node,
                                           text_at(peer, "name"), text_at(peer, "address"), text_at(peer, "since"),
                                           *error ? ": " : "", error));
        }
}

static void judge_config(struct status *s, struct json_object *errors)
{
        for (size_t i = 0; i < json_count(errors); i++) {
                struct json_object *error = json_item(errors, i);

                problem(s, xprintf("%s %s/%s: %s (%s)", text_at(error, "kind"), text_at(error, "namespace"),
                                   text_at(error, "name"), text_at(error, "message"), text_at(error, "reason")));
        }
}

static void judge_ready(struct status *s, const char *node, struct json_object *conditions)
{
        for (size_t i = 0; i < json_count(conditions); i++) {
                struct json_object *condition = json_item(conditions, i);

                if (strcmp(text_at(condition, "type"), "Ready") == 0 &&
                    strcmp(text_at(condition, "status"), "True") != 0)
                        problem(s, xprintf("node %s: %s (%s)", node, text_at(condition, "message"),
                                           text_at(condition, "reason")));
        }
}

static void add_node(struct status *s, struct json_object *nodes, struct json_object *item)
{
        const char *name = text_at(json_object_at(item, "metadata"), "name");
        struct json_object *status = json_object_at(item, "status"), *node = json_object_new_object();
        int64_t reported = 0;
        bool known = wall_parse(text_at(status, "reportedAt"), &reported), fresh = known && s->now - reported < STALE;

        put(node, "name", name);
        json_object_object_add(node, "fresh", json_object_new_boolean(fresh));
        if (known)
                json_object_object_add(node, "reportedSecondsAgo", json_object_new_int64(s->now - reported));
        json_object_object_add(node, "status", json_object_get(status));
        json_object_array_add(nodes, node);
        if (!fresh) {
                problem(s, xprintf("node %s: has not reported since %s; look at its pod in %s", name,
                                   known ? text_at(status, "reportedAt") : "ever", s->namespace));
                return; /* the rest is of the past */
        }
        judge_ready(s, name, json_array_at(status, "conditions"));
        judge_peers(s, name, json_array_at(status, "peers"));
        judge_config(s, json_array_at(status, "configErrors"));
}

/* A daemon that never started has told nothing. Who may not look at the DaemonSet is not told of it. */
static void judge_daemonset(struct status *s, size_t reported)
{
        char *path = xprintf("/apis/apps/v1/namespaces/%s/daemonsets/herald", s->namespace);
        struct json_object *daemonset = live_get(s->live, path).json;
        int64_t wanted = json_int_at(json_object_at(daemonset, "status"), "desiredNumberScheduled");

        if (wanted > (int64_t)reported)
                problem(s, xprintf("%zu of the %lld nodes that should run herald have ever reported; look at its pods in %s",
                                   reported, (long long)wanted, s->namespace));
        json_object_put(daemonset);
        free(path);
}

static bool read_nodes(struct status *s, const char **why)
{
        struct live_answer answer = live_list(s->live, k8s_kind(KIND_NODESTATE, "heraldlb.io"), NULL);
        struct json_object *nodes = json_object_new_array();

        *why = answer.why;
        for (size_t i = 0; i < json_count(answer.json); i++)
                add_node(s, nodes, json_item(answer.json, i));
        if (answer.status == 404)
                problem(s, xstrdup("the cluster has no NodeStates: apply deploy/manifests, which has their CRD"));
        else if (answer.json && json_count(nodes) == 0)
                problem(s, xprintf("no node has reported: look at the pods in %s", s->namespace));
        else if (answer.json)
                judge_daemonset(s, json_count(nodes));
        json_object_object_add(s->document, "nodes", nodes);
        json_object_put(answer.json);
        return answer.json || answer.status == 404;
}

/* ---- pools ---- */

static void add_pool(struct json_object *pools, struct json_object *item)
{
        static const char *const counts[] = {"assignedIPv4", "availableIPv4", "assignedIPv6", "availableIPv6"};
        struct json_object *pool = json_object_new_object(), *status = json_object_at(item, "status");

        put(pool, "name", text_at(json_object_at(item, "metadata"), "name"));
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
                if (json_at(status, counts[i])) /* the leader has counted */
                        json_object_object_add(pool, counts[i],
                                               json_object_new_int64(json_int_at(status, counts[i])));
        json_object_array_add(pools, pool);
}

static bool read_pools(struct status *s, const char **why)
{
        struct live_answer answer =
                live_list(s->live, k8s_kind(KIND_IPADDRESSPOOL, "heraldlb.io"), s->namespace);
        struct json_object *pools = json_object_new_array();

        *why = answer.why;
        for (size_t i = 0; i < json_count(answer.json); i++)
                add_pool(pools, json_item(answer.json, i));
        json_object_object_add(s->document, "pools", pools);
        json_object_put(answer.json);
        return answer.json || answer.status == 404;
}

/* ---- the command ---- */

static int show(struct status *s, bool json)
{
        bool wrong = json_count(s->problems) > 0;

        json_object_object_add(s->document, "problems", json_object_get(s->problems));
        if (json)
                puts(json_object_to_json_string_ext(s->document,
                                                    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
        else
                status_print(s->document);
        return wrong ? EXIT_NO : EXIT_DONE;
}

static int ask(const char *kubeconfig, const char *namespace, bool json)
{
        struct status s = {.namespace = namespace, .now = wall_usec() / (SEC / USEC)};
        int result = EXIT_USAGE;
        char *cannot = NULL;
        const char *why = NULL;

        s.live = live_open(kubeconfig, &cannot);
        s.document = json_object_new_object();
        s.problems = json_object_new_array();
        if (s.live) {
                put(s.document, "server", live_server(s.live));
                if (read_nodes(&s, &why) && read_lease(&s, &why) && read_pools(&s, &why))
                        result = show(&s, json);
        }
        if (result == EXIT_USAGE)
                fprintf(stderr, "herald status: %s\n", cannot ? cannot : why);
        free(cannot);
        json_object_put(s.problems);
        json_object_put(s.document);
        live_close(s.live);
        return result;
}

int cmd_status(int argc, char **argv)
{
        static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                                {"kubeconfig", required_argument, NULL, 'k'},
                                                {"namespace", required_argument, NULL, 'n'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        const char *kubeconfig = NULL, *namespace = "heraldlb-system";
        bool json = false;
        int c;

        optind = 1;
        while ((c = getopt_long(argc, argv, ":o:n:h", options, NULL)) != -1) {
                if (c == 'h') {
                        fputs(help, stdout);
                        return EXIT_DONE;
                }
                if (c == 'k')
                        kubeconfig = optarg;
                else if (c == 'n')
                        namespace = optarg;
                else if (c != 'o')
                        return input_wrong_option("status", c, argv);
                else if (!input_format("status", optarg, &json))
                        return EXIT_USAGE;
        }
        if (optind < argc)
                return input_usage("status", "it takes only options, no arguments");
        return ask(kubeconfig, namespace, json);
}
