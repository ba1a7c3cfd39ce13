/*
 * herald plan: what would become of these objects? The same store, leader and planner as in the daemon run
 * over what is read from files. The leader's writes are put into the JSON trees as the API server would,
 * which are then decoded again, until it has nothing more to write; then every address is planned on every
 * node. Time stands still: what the leader would do after a while only, it does not do here.
 */
#include "plan/plan.h"
#include "commands.h"
#include "config/build.h"
#include "config/yaml.h"
#include "input.h"
#include "ipam/ipam.h"
#include "k8s/decode.h"
#include "lead/lead.h"
#include "plan_text.h"
#include "json/json.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
        "usage: herald plan [-o text|json] -f FILE|DIRECTORY|-...\n"
        "\n"
        "Shows what HeraldLB would do with the objects in the files: which address each service gets and "
        "what "
        "every node\n"
        "announces, or why not. Reads Kubernetes objects (Service, EndpointSlice, Node, Namespace) and "
        "configuration, in YAML\n"
        "or JSON; addresses in status.loadBalancer.ingress are held. Of a directory, the files *.yaml, *.yml "
        "and "
        "*.json are\n"
        "read; - is standard input. For a live cluster:\n"
        "\n"
        "  kubectl get svc,endpointslices,nodes,ns -A -o yaml | herald plan -f - -f pools.yaml\n"
        "\n"
        "  -f, --filename PATH   what to read; can be given several times\n"
        "  -o, --output FORMAT   text (default) or json\n"
        "  -h, --help            this text\n"
        "\n"
        "Exit status: 0 planned, 2 wrong usage or unreadable input.\n";

struct object { /* a Kubernetes object that was read; root is the documents' */
        struct json_object *root;
        struct ref ref;
};

struct session {
        struct yaml_docs *docs;
        struct config *config;
        struct store *store;
        struct lead *lead;
        struct arena *arena;
        struct object *objects;
        size_t n_objects;
        const struct fact **nodes; /* by name */
        size_t n_nodes;
        struct json_object *refused; /* objects of the cluster that could not be used */
};

/* ---- reading ---- */

static struct json_object *text_json(const char *text)
{
        return text ? json_object_new_string(text) : NULL;
}

static struct json_object *object_json(const char *kind, const struct ref *ref, bool valid,
                                       enum reason reason, const char *message)
{
        struct json_object *out = json_object_new_object();
        json_object_object_add(out, "kind", text_json(kind));
        json_object_object_add(out, "namespace", text_json(ref->namespace ? ref->namespace : ""));
        json_object_object_add(out, "name", text_json(ref->name ? ref->name : ""));
        json_object_object_add(out, "valid", json_object_new_boolean(valid));
        json_object_object_add(out, "reason", text_json(reason_name(reason)));
        json_object_object_add(out, "message",
                               text_json(message && *message ? message : reason_sentence(reason)));
        return out;
}

static void refuse(struct session *session, const struct ref *ref, enum reason reason, const char *why)
{
        json_object_array_add(session->refused, object_json(kind_name(ref->kind), ref, false, reason, why));
}

static int object_cmp(const void *a, const void *b)
{
        const struct object *x = a, *y = b;
        int by_ref = ref_cmp(&x->ref, &y->ref);
        if (by_ref)
                return by_ref;
        /* The same object twice: the order of the files must not matter. */
        return strcmp(json_object_to_json_string(x->root), json_object_to_json_string(y->root));
}

static void collect_objects(struct session *session)
{
        session->objects = arena_array(session->arena, session->docs->n + 1, sizeof(struct object));
        for (size_t i = 0; i < session->docs->n; i++) {
                struct object object = {.root = session->docs->v[i].root};
                const char *why;
                if (object.root && decode_ref(object.root, &object.ref, &why) &&
                    object.ref.kind >= KIND_SERVICE && object.ref.kind <= KIND_NAMESPACE)
                        session->objects[session->n_objects++] = object;
        }
        qsort(session->objects, session->n_objects, sizeof(struct object), object_cmp);
}

static void store_objects(struct session *session)
{
        session->nodes = arena_array(session->arena, session->n_objects + 1, sizeof(struct fact *));
        for (size_t i = 0; i < session->n_objects; i++) {
                const struct object *object = &session->objects[i];
                const char *why = NULL;
                if (i > 0 && ref_cmp(&object->ref, &object[-1].ref) == 0) {
                        if (object_cmp(object, object - 1) != 0)
                                refuse(session, &object->ref, REASON_DUPLICATE_NAME, NULL);
                        continue;
                }
                struct fact *fact = decode_fact(object->root, &why);
                if (!fact) {
                        refuse(session, &object->ref, REASON_INVALID_VALUE, why);
                        continue;
                }
                if (fact->ref.kind == KIND_NODE)
                        session->nodes[session->n_nodes++] = fact;
                store_put(session->store, fact);
        }
}

/* ---- the leader's writes ---- */

static struct json_object *obtain(struct json_object *parent, const char *key)
{
        struct json_object *child = json_object_at(parent, key);
        if (!child) {
                child = json_object_new_object();
                json_object_object_add(parent, key, child);
        }
        return child;
}

static void annotate(struct json_object *root, const char *name, const char *value)
{
        struct json_object *annotations = obtain(obtain(root, "metadata"), "annotations");
        if (value)
                json_object_object_add(annotations, name, text_json(value));
        else
                json_object_object_del(annotations, name);
}

static void apply(struct json_object *root, const struct write *write)
{
        struct json_object *ingress = json_object_new_array();
        char buf[IP_STRLEN];
        for (size_t i = 0; i < write->n_ips; i++) {
                struct json_object *entry = json_object_new_object();
                json_object_object_add(entry, "ip", text_json(ip_str(write->ips[i], buf)));
                json_object_array_add(ingress, entry);
        }
        json_object_object_add(obtain(obtain(root, "status"), "loadBalancer"), "ingress", ingress);
        annotate(root, ANNOTATION_PREFIX ANNOTATION_POOL, write->pool);
        if (!write->pool) {
                annotate(root, "metallb.io/" ANNOTATION_POOL, NULL);
                annotate(root, "metallb.universe.tf/" ANNOTATION_POOL, NULL);
        }
}

static int by_ref(const void *a, const void *b)
{
        return ref_cmp(&((const struct object *)a)->ref, &((const struct object *)b)->ref);
}

static void commit(struct session *session, const struct write *write)
{
        const struct object key = {.ref = write->ref};
        const struct object *object =
                bsearch(&key, session->objects, session->n_objects, sizeof(struct object), by_ref);
        const char *why;
        if (!object)
                return;
        while (object > session->objects && by_ref(object - 1, &key) == 0)
                object--; /* of duplicates the first was taken */
        apply(object->root, write);
        struct fact *fact = decode_fact(object->root, &why);
        if (fact)
                store_put(session->store, fact);
}

static void allocate(struct session *session)
{
        enum { BATCH = 64 };
        struct write *writes[BATCH];
        struct mono now = {0}, next;
        size_t n;
        do {
                next = lead_decide(session->lead, session->store, session->config, 0, now, writes, BATCH, &n);
                for (size_t i = 0; i < n; i++) {
                        if (writes[i]->type == WRITE_STATUS)
                                commit(session, writes[i]);
                        write_free(writes[i]);
                }
        } while (n > 0 || !mono_before(now, next));
}

/* ---- output ---- */

static struct json_object *bgp_json(const struct route *route)
{
        struct json_object *out = json_object_new_object(), *standard = json_object_new_array(),
                           *large = json_object_new_array();
        char buf[PREFIX_STRLEN], text[64];
        for (size_t i = 0; i < route->attrs.n_communities; i++) {
                const struct community *community = &route->attrs.communities[i];
                int n = snprintf(text, sizeof(text), "%u:%u", community->a, community->b);
                if (community->is_large)
                        snprintf(text + n, sizeof(text) - (size_t)n, ":%u", community->c);
                json_object_array_add(community->is_large ? large : standard, text_json(text));
        }
        json_object_object_add(out, "peer", text_json(route->peer));
        json_object_object_add(out, "prefix", text_json(prefix_str(route->prefix, buf)));
        json_object_object_add(out, "localPref",
                               route->attrs.has_local_pref ? json_object_new_int64(route->attrs.local_pref)
                                                           : NULL);
        json_object_object_add(out, "communities", standard);
        json_object_object_add(out, "largeCommunities", large);
        return out;
}

static struct json_object *l2_json(const struct want *want)
{
        struct json_object *out = json_object_new_object(), *interfaces = json_object_new_array();
        const struct want_l2 *l2 = &want->l2;
        if (l2->candidate && l2->n_interfaces == 0)
                json_object_array_add(interfaces, text_json("*"));
        for (size_t i = 0; l2->candidate && i < l2->n_interfaces; i++)
                json_object_array_add(interfaces, text_json(l2->interfaces[i]));
        json_object_object_add(out, "candidate", json_object_new_boolean(l2->candidate));
        json_object_object_add(out, "rank", l2->candidate ? json_object_new_int64(l2->rank) : NULL);
        json_object_object_add(out, "interfaces", interfaces);
        json_object_object_add(out, "reason", text_json(reason_name(l2->reason)));
        json_object_object_add(out, "message", text_json(l2->message));
        return out;
}

static int route_json_cmp(const void *a, const void *b)
{
        struct json_object *x = *(struct json_object *const *)a, *y = *(struct json_object *const *)b;
        int by_peer = strcmp(json_string_at(x, "peer"), json_string_at(y, "peer"));
        return by_peer ? by_peer : strcmp(json_string_at(x, "prefix"), json_string_at(y, "prefix"));
}

/* The plan of one address of a service; a refusal if the address is in its status, but not rightly. */
static struct want *want_of(const struct session *session, const struct self *self, const struct fact *fact,
                            struct ip ip)
{
        struct holding holding;
        const struct pool *pool;
        struct want *want;
        enum reason reason = ipam_address_allowed(session->store, session->config, fact, ip, &pool);
        ipam_holding(session->store, session->config, ip, session->arena, &holding);
        for (size_t i = 0; i < holding.n_losers; i++)
                if (holding.losers[i] == fact)
                        reason = REASON_ADDRESS_CONFLICT;
        if (reason == REASON_NONE) {
                plan_address(session->store, session->config, self, NULL, ip, (struct mono){0}, &want);
                return want;
        }
        want = want_new(ip);
        want->l2.reason = want->bgp_reason = reason;
        want->l2.message = want->bgp_message = reason_sentence(reason);
        return want;
}

/* One node's part: the routes of all addresses; of layer 2 the first address that it is a candidate for, for
 * all addresses of a service have the same advertisements and, per family, the same endpoints. */
static struct json_object *node_json(const struct session *session, const struct fact *node,
                                     const struct fact *fact)
{
        struct json_object *out = json_object_new_object(), *bgp = json_object_new_array();
        const struct service *service = &fact->u.service;
        struct self self = {.node = node->ref.name, .dataplane_ready = true};
        size_t n = service->load_balancer ? service->n_status : 0;
        struct want **wants = xcalloc(n + 1, sizeof(*wants));
        wants[n] = want_new((struct ip){{0}});
        wants[n]->l2.reason = wants[n]->bgp_reason = REASON_NO_ADDRESS;
        wants[n]->l2.message = wants[n]->bgp_message = reason_sentence(REASON_NO_ADDRESS);
        for (size_t i = 0; i < n; i++)
                wants[i] = want_of(session, &self, fact, service->status_ips[i]);
        const struct want *l2 = wants[0], *announced = wants[0];
        for (size_t i = 0; i < n; i++) {
                if (!l2->l2.candidate && wants[i]->l2.candidate)
                        l2 = wants[i];
                if (announced->n_routes == 0 && wants[i]->n_routes > 0)
                        announced = wants[i];
                for (size_t j = 0; j < wants[i]->n_routes; j++)
                        json_object_array_add(bgp, bgp_json(&wants[i]->routes[j]));
        }
        json_object_array_sort(bgp, route_json_cmp);
        json_object_object_add(out, "node", text_json(node->ref.name));
        json_object_object_add(out, "l2", l2_json(l2));
        json_object_object_add(out, "bgp", bgp);
        json_object_object_add(out, "bgpReason", text_json(reason_name(announced->bgp_reason)));
        json_object_object_add(out, "bgpMessage", text_json(announced->bgp_message));
        for (size_t i = 0; i <= n; i++)
                want_free(wants[i]);
        free(wants);
        return out;
}

static struct json_object *service_json(const struct session *session, const struct fact *fact)
{
        struct json_object *out = json_object_new_object(), *ips = json_object_new_array(),
                           *nodes = json_object_new_array();
        const struct service *service = &fact->u.service;
        size_t n = service->load_balancer ? service->n_status : 0;
        const struct pool *pool = n > 0 ? config_pool_of(session->config, service->status_ips[0]) : NULL;
        enum reason reason = REASON_NONE;
        const char *message;
        char buf[IP_STRLEN];
        if (!lead_verdict(session->lead, &fact->ref, &reason, &message)) {
                ipam_ours(service, &reason);
                message = reason_sentence(reason);
        }
        for (size_t i = 0; i < n; i++)
                json_object_array_add(ips, text_json(ip_str(service->status_ips[i], buf)));
        for (size_t i = 0; i < session->n_nodes; i++)
                json_object_array_add(nodes, node_json(session, session->nodes[i], fact));
        json_object_object_add(out, "namespace", text_json(fact->ref.namespace));
        json_object_object_add(out, "name", text_json(fact->ref.name));
        json_object_object_add(out, "ips", ips);
        json_object_object_add(out, "pool", text_json(pool ? pool->ref.name : NULL));
        json_object_object_add(out, "allocated", json_object_new_boolean(reason == REASON_ALLOCATED));
        json_object_object_add(out, "reason", text_json(reason_name(reason)));
        json_object_object_add(out, "message", text_json(message));
        json_object_object_add(out, "nodes", nodes);
        return out;
}

static struct json_object *services_json(const struct session *session)
{
        struct json_object *out = json_object_new_array();
        for (size_t i = 0; i < session->n_objects; i++) {
                const struct ref *ref = &session->objects[i].ref;
                const struct fact *fact = ref->kind == KIND_SERVICE
                                                  ? store_service(session->store, ref->namespace, ref->name)
                                                  : NULL;
                if (fact && (i == 0 || ref_cmp(ref, &session->objects[i - 1].ref) != 0))
                        json_object_array_add(out, service_json(session, fact));
        }
        return out;
}

static int64_t available(const struct pool *pool, enum ip_family family, int64_t assigned)
{
        int64_t size = pool->valid ? ipam_pool_size(pool, family) : 0;
        if (size == INT64_MAX)
                return size;
        return size > assigned ? size - assigned : 0;
}

static struct json_object *pools_json(const struct session *session)
{
        struct json_object *out = json_object_new_array();
        const struct config *config = session->config;
        int64_t(*assigned)[2] = xcalloc(config->n_pools + 1, sizeof(*assigned));
        struct store_cursor cursor = {0};
        struct ip ip;
        while (store_next_address(session->store, &ip, &cursor)) {
                struct holding holding;
                ipam_holding(session->store, config, ip, session->arena, &holding);
                if (holding.n_holders > 0)
                        assigned[holding.pool - config->pools][ip_family(ip) == IP_V6]++;
        }
        for (size_t i = 0; i < config->n_pools; i++) {
                const struct pool *pool = &config->pools[i];
                struct json_object *row = json_object_new_object();
                json_object_object_add(row, "name", text_json(pool->ref.name));
                json_object_object_add(row, "assignedIPv4", json_object_new_int64(assigned[i][0]));
                json_object_object_add(row, "assignedIPv6", json_object_new_int64(assigned[i][1]));
                json_object_object_add(row, "availableIPv4",
                                       json_object_new_int64(available(pool, IP_V4, assigned[i][0])));
                json_object_object_add(row, "availableIPv6",
                                       json_object_new_int64(available(pool, IP_V6, assigned[i][1])));
                json_object_array_add(out, row);
        }
        free(assigned);
        return out;
}

static int verdict_json_cmp(const void *a, const void *b)
{
        static const char *const keys[] = {"kind", "namespace", "name", "reason", "message"};
        struct json_object *x = *(struct json_object *const *)a, *y = *(struct json_object *const *)b;
        int cmp = 0;
        for (size_t i = 0; cmp == 0 && i < sizeof(keys) / sizeof(keys[0]); i++)
                cmp = strcmp(json_string_at(x, keys[i]), json_string_at(y, keys[i]));
        return cmp;
}

static struct json_object *objects_json(const struct session *session)
{
        struct json_object *out = json_object_get(session->refused);
        for (size_t i = 0; i < session->config->n_verdicts; i++) {
                const struct verdict *v = &session->config->verdicts[i];
                json_object_array_add(out, object_json(v->kind ? v->kind : kind_name(v->ref.kind), &v->ref,
                                                       v->valid, v->reason, v->message));
        }
        json_object_array_sort(out, verdict_json_cmp);
        return out;
}

/* ---- the command ---- */

static void print_plan(const struct session *session, bool json)
{
        struct json_object *plan = json_object_new_object();
        json_object_object_add(plan, "services", services_json(session));
        json_object_object_add(plan, "pools", pools_json(session));
        json_object_object_add(plan, "objects", objects_json(session));
        if (json)
                puts(json_object_to_json_string_ext(plan, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
        else
                plan_text(plan);
        json_object_put(plan);
}

static int plan_documents(struct yaml_docs *docs, bool json)
{
        struct config_docs *config_docs = config_docs_new();
        struct session session = {
                .docs = docs, .store = store_new(), .lead = lead_new(), .arena = arena_new()};
        session.refused = json_object_new_array();
        config_docs_read(config_docs, docs);
        session.config = config_build(config_docs);
        collect_objects(&session);
        store_objects(&session);
        allocate(&session);
        print_plan(&session, json);
        json_object_put(session.refused);
        lead_free(session.lead);
        store_free(session.store);
        config_free(session.config);
        config_docs_free(config_docs);
        arena_free(session.arena);
        return EXIT_DONE;
}

static int usage(const char *what, const char *detail)
{
        fprintf(stderr, "herald plan: %s%s; see herald plan --help\n", what, detail);
        return EXIT_USAGE;
}

int cmd_plan(int argc, char **argv)
{
        static const struct option options[] = {{"filename", required_argument, NULL, 'f'},
                                                {"output", required_argument, NULL, 'o'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        struct yaml_docs *docs = yaml_docs_new(NULL);
        bool json = false, any = false;
        int option, status = -1;
        optind = 1;
        while (status < 0 && (option = getopt_long(argc, argv, "f:o:h", options, NULL)) != -1) {
                if (option == 'f') {
                        yaml_read_argument(docs, optarg);
                        any = true;
                } else if (option == 'o') {
                        json = strcmp(optarg, "json") == 0;
                        if (!json && strcmp(optarg, "text") != 0)
                                status = usage("unknown format ", optarg);
                } else if (option == 'h') {
                        fputs(help, stdout);
                        status = EXIT_DONE;
                } else {
                        status = EXIT_USAGE; /* getopt_long() has said why */
                }
        }
        for (; status < 0 && any && optind < argc; optind++)
                yaml_read_argument(docs, argv[optind]);
        if (status < 0 && !any)
                status = usage("no input given", "");
        if (status < 0 && input_unreadable("plan", docs))
                status = EXIT_USAGE;
        if (status < 0)
                status = plan_documents(docs, json);
        yaml_docs_free(docs);
        return status;
}
