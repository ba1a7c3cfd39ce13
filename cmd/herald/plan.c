/*
 * herald plan: what would become of these objects? The same store, leader and planner as in the daemon run
 * over what is read from files. The leader's writes are put into the JSON trees as the API server would,
 * which are then decoded again, until it has nothing more to write; then every address is planned on every
 * node. Time stands still: what the leader would do after a while only, it does not do here.
 */
#include "commands.h"
#include "config/build.h"
#include "config/yaml.h"
#include "input.h"
#include "k8s/decode.h"
#include "lead/lead.h"
#include "plan_json.h"
#include "plan_text.h"
#include "json/json.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
        "usage: herald plan [-o text|json] [-f] FILE|DIRECTORY|-...\n"
        "\n"
        "Shows what HeraldLB would do with the objects in the files: which address each\n"
        "service gets and what every node announces, or why not. Reads Kubernetes objects\n"
        "(Service, EndpointSlice, Node, Namespace) and configuration, in YAML or JSON;\n"
        "addresses in status.loadBalancer.ingress are held. Of a directory, the files\n"
        "*.yaml, *.yml and *.json are read, not those of its directories; - is standard\n"
        "input. For a live cluster:\n"
        "\n"
        "  kubectl get svc,endpointslices,nodes,ns -A -o yaml | herald plan - pools.yaml\n"
        "\n"
        "  -f, --filename PATH   what to read, as kubectl has it; -f may be left out\n"
        "  -o, --output FORMAT   text (default) or json\n"
        "  -h, --help            this text\n"
        "\n"
        "In JSON, a count of free IPv6 addresses ends at 9223372036854775807: that many or\n"
        "more.\n"
        "\n"
        "Exit status: 0 planned (what is refused is told in the plan), 2 wrong usage,\n"
        "nothing to read, or a file or document that cannot be read: then there is no\n"
        "plan, for half of the objects would give another one.\n";

struct object { /* a Kubernetes object that was read; root is the documents' */
        struct json_object *root;
        struct ref ref;
};

struct session {
        struct yaml_docs *docs;
        struct store *store;
        struct lead *lead;
        struct arena *arena;
        struct object *objects; /* by kind, namespace and name */
        size_t n_objects;
        struct planned plan;
};

/* ---- reading ---- */

static void refuse(struct session *session, const struct ref *ref, enum reason reason, const char *why)
{
        json_object_array_add(session->plan.refused,
                              plan_object_json(kind_name(ref->kind), ref, false, reason, why));
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
        session->plan.nodes = arena_array(session->arena, session->n_objects + 1, sizeof(struct fact *));
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
                        session->plan.nodes[session->plan.n_nodes++] = fact;
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
                json_object_object_add(annotations, name, json_object_new_string(value));
        else
                json_object_object_del(annotations, name);
}

static void apply(struct json_object *root, const struct write *write)
{
        struct json_object *ingress = json_object_new_array();
        char buf[IP_STRLEN];
        for (size_t i = 0; i < write->n_ips; i++) {
                struct json_object *entry = json_object_new_object();
                json_object_object_add(entry, "ip", json_object_new_string(ip_str(write->ips[i], buf)));
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
                next = lead_decide(session->lead, session->store, session->plan.config, 0, now, writes, BATCH,
                                   &n);
                for (size_t i = 0; i < n; i++) {
                        if (writes[i]->type == WRITE_STATUS)
                                commit(session, writes[i]);
                        write_free(writes[i]);
                }
        } while (n > 0 || !mono_before(now, next));
}

/* ---- the command ---- */

static void collect_services(struct session *session)
{
        struct planned *plan = &session->plan;
        plan->services = arena_array(session->arena, session->n_objects + 1, sizeof(struct fact *));
        for (size_t i = 0; i < session->n_objects; i++) {
                const struct ref *ref = &session->objects[i].ref;
                if (ref->kind != KIND_SERVICE || (i > 0 && ref_cmp(ref, &session->objects[i - 1].ref) == 0))
                        continue;
                const struct fact *fact = store_service(session->store, ref->namespace, ref->name);
                if (fact)
                        plan->services[plan->n_services++] = fact;
        }
}

static void print_plan(const struct planned *planned, bool json)
{
        struct json_object *plan = plan_json(planned);
        if (json)
                puts(json_object_to_json_string_ext(plan, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
        else
                plan_text(plan);
        json_object_put(plan);
}

static void plan_documents(struct yaml_docs *docs, bool json)
{
        struct config_docs *config_docs = config_docs_new();
        config_docs_read(config_docs, docs);
        struct config *config = config_build(config_docs);
        struct session session = {
                .docs = docs, .store = store_new(), .lead = lead_new(), .arena = arena_new()};
        session.plan = (struct planned){.config = config,
                                        .store = session.store,
                                        .lead = session.lead,
                                        .arena = session.arena,
                                        .for_people = !json,
                                        .refused = json_object_new_array()};
        collect_objects(&session);
        store_objects(&session);
        allocate(&session);
        collect_services(&session);
        print_plan(&session.plan, json);
        json_object_put(session.plan.refused);
        lead_free(session.lead);
        store_free(session.store);
        config_free(config);
        config_docs_free(config_docs);
        arena_free(session.arena);
}

/* Everything that was named is read before anything is said. */
static int plan_read(struct yaml_docs *docs, bool json)
{
        if (input_unreadable("plan", docs, true) || input_empty("plan", docs))
                return EXIT_USAGE;
        plan_documents(docs, json);
        return EXIT_DONE;
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
        while (status < 0 && (option = getopt_long(argc, argv, ":f:o:h", options, NULL)) != -1) {
                if (option == 'f') {
                        yaml_read_argument(docs, optarg);
                        any = true;
                } else if (option == 'o') {
                        status = input_format("plan", optarg, &json) ? -1 : EXIT_USAGE;
                } else if (option == 'h') {
                        fputs(help, stdout);
                        status = EXIT_DONE;
                } else {
                        status = input_wrong_option("plan", option, argv);
                }
        }
        for (; status < 0 && optind < argc; optind++, any = true)
                yaml_read_argument(docs, argv[optind]);
        if (status < 0 && !any)
                status = input_usage("plan", "no file is given");
        if (status < 0)
                status = plan_read(docs, json);
        yaml_docs_free(docs);
        return status;
}
