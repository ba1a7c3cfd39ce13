#include "source_kube.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/docs.h"
#include "config/yaml.h"
#include "control.h"
#include "k8s/auth.h"
#include "k8s/decode.h"
#include "k8s/k8s.h"
#include "k8s/lease.h"
#include "k8s/transport.h"
#include "k8s/watch.h"
#include "k8s/write.h"
#include "options.h"
#include "report/metrics.h"
#include "store/store.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

static const char LEASE_NAME[] = "heraldlb";
static const char CONFIGMAP_NAME[] = "herald-config";

enum feeds { FEEDS_STORE, FEEDS_CONFIG, FEEDS_CONFIGMAP };

struct kind_watch {
        enum kind kind;
        const char *group;
        enum feeds feeds;
};

/* A kind that is missing here is never seen. Those of both groups that are not installed are normal: 404. */
static const struct kind_watch kinds[] = {
        {KIND_SERVICE, "", FEEDS_STORE},
        {KIND_ENDPOINTSLICE, "discovery.k8s.io", FEEDS_STORE},
        {KIND_NODE, "", FEEDS_STORE},
        {KIND_NAMESPACE, "", FEEDS_STORE},
        {KIND_CONFIGMAP, "", FEEDS_CONFIGMAP},
        {KIND_IPADDRESSPOOL, "heraldlb.io", FEEDS_CONFIG},
        {KIND_BGPPEER, "heraldlb.io", FEEDS_CONFIG},
        {KIND_BGPADVERTISEMENT, "heraldlb.io", FEEDS_CONFIG},
        {KIND_L2ADVERTISEMENT, "heraldlb.io", FEEDS_CONFIG},
        {KIND_SETTINGS, "heraldlb.io", FEEDS_CONFIG},
        {KIND_IPADDRESSPOOL, "metallb.io", FEEDS_CONFIG},
        {KIND_BGPPEER, "metallb.io", FEEDS_CONFIG},
        {KIND_BGPADVERTISEMENT, "metallb.io", FEEDS_CONFIG},
        {KIND_L2ADVERTISEMENT, "metallb.io", FEEDS_CONFIG},
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct known {      /* a config object that this watch put into the documents */
        char *name; /* key */
        char *namespace, *rv;
        unsigned round;
        UT_hash_handle hh;
};

struct followed {
        struct kube_source *source;
        const struct kind_watch *what;
        struct watch *watch;
        enum watch_state state;
        bool listed;
        struct known *known;
        unsigned round;
        struct log_limit limit;
};

struct kube_source {
        struct control *control;
        struct auth *auth;
        struct transport *transport;
        struct followed followed[N_KINDS];
        struct lease *lease;
        struct writer *writer;
        bool synced;
        uint64_t written[WRITE_SUPERSEDED + 1];
};

/* facts */

static void drop_fact(struct followed *f, struct json_object *object)
{
        struct ref ref;
        const char *why;

        if (decode_ref(object, &ref, &why))
                store_drop(control_store(f->source->control), &ref);
}

/* An object that cannot be used any more is as good as deleted. */
static void take_fact(struct followed *f, struct json_object *object)
{
        const char *why, *why_not;
        struct fact *fact = decode_fact(object, &why);
        struct ref ref;
        uint32_t suppressed;

        if (fact) {
                store_put(control_store(f->source->control), fact);
                return;
        }
        drop_fact(f, object);
        if (decode_ref(object, &ref, &why_not) &&
            log_allow(&f->limit, mono_now().ns, 10, 60 * SEC, &suppressed))
                log_warn("k8s", "%s %s/%s cannot be used: %s", kind_name(f->what->kind), ref.namespace,
                         ref.name, why);
}

/* configuration */

static enum config_origin origin_of(const struct followed *f)
{
        return strcmp(f->what->group, "metallb.io") == 0 ? CONFIG_METALLB : CONFIG_HERALD;
}

static void put_document(struct followed *f, struct json_object *object)
{
        struct config_docs *docs = control_docs(f->source->control);

        if (f->what->feeds == FEEDS_CONFIGMAP)
                config_docs_configmap(docs, object);
        else if (!config_docs_put(docs, origin_of(f), object))
                return;
        control_config_changed(f->source->control);
}

static void take_document(struct followed *f, struct json_object *object)
{
        struct known *known;
        struct ref ref;
        const char *why;

        if (!decode_ref(object, &ref, &why))
                return;
        HASH_FIND_STR(f->known, ref.name, known);
        if (!known) {
                known = xcalloc(1, sizeof(*known));
                known->name = xstrdup(ref.name);
                known->namespace = xstrdup(ref.namespace);
                HASH_ADD_KEYPTR(hh, f->known, known->name, strlen(known->name), known);
        } else if (strcmp(known->rv, ref.rv) == 0) {
                known->round = f->round; /* a relist showed what we have */
                return;
        }
        known->round = f->round;
        free(known->rv);
        known->rv = xstrdup(ref.rv);
        put_document(f, object);
}

static void free_known(struct followed *f, struct known *known)
{
        HASH_DEL(f->known, known);
        free(known->name);
        free(known->namespace);
        free(known->rv);
        free(known);
}

static void drop_known(struct followed *f, struct known *known)
{
        struct config_docs *docs = control_docs(f->source->control);

        if (f->what->feeds == FEEDS_CONFIGMAP)
                config_docs_clear(docs, CONFIG_CONFIGMAP);
        else
                config_docs_remove(docs, origin_of(f), f->what->kind, known->namespace, known->name);
        control_config_changed(f->source->control);
        free_known(f, known);
}

static void drop_document(struct followed *f, struct json_object *object)
{
        struct known *known;
        struct ref ref;
        const char *why;

        if (!decode_ref(object, &ref, &why))
                return;
        HASH_FIND_STR(f->known, ref.name, known);
        if (known)
                drop_known(f, known);
}

static void drop_unseen(struct followed *f)
{
        struct known *known, *next;

        HASH_ITER (hh, f->known, known, next) {
                if (known->round != f->round)
                        drop_known(f, known);
        }
}

/* watches */

static void on_begin(void *arg, bool again)
{
        struct followed *f = arg;

        (void)again;
        f->round++;
        if (f->what->feeds == FEEDS_STORE)
                store_relist_begin(control_store(f->source->control), f->what->kind);
}

static void on_item(void *arg, struct json_object *object)
{
        struct followed *f = arg;

        if (f->what->feeds == FEEDS_STORE)
                take_fact(f, object);
        else
                take_document(f, object);
        control_changed(f->source->control);
}

static void on_deleted(void *arg, struct json_object *object)
{
        struct followed *f = arg;

        if (f->what->feeds == FEEDS_STORE)
                drop_fact(f, object);
        else
                drop_document(f, object);
        control_changed(f->source->control);
}

static void tell_synced(struct kube_source *source)
{
        for (size_t i = 0; i < N_KINDS; i++)
                if (!source->followed[i].listed)
                        return;
        if (!source->synced)
                control_synced(source->control);
        source->synced = true;
}

static void on_end(void *arg, bool again)
{
        struct followed *f = arg;

        (void)again;
        if (f->what->feeds == FEEDS_STORE)
                store_relist_end(control_store(f->source->control), f->what->kind);
        else
                drop_unseen(f);
        f->listed = true;
        tell_synced(f->source);
        control_changed(f->source->control);
}

static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        struct followed *f = arg;
        const char *name = kind_name(f->what->kind), *dot = *f->what->group ? "." : "";

        f->state = state;
        if (*sentence)
                log_line(state == WATCH_ABSENT ? LOG_INFO : LOG_WARN, "k8s", "%s%s%s: %s", name, dot,
                         f->what->group, sentence);
        else
                log_debug("k8s", "%s%s%s is current", name, dot, f->what->group);
}

static const struct watch_handler handler = {
        .begin = on_begin, .item = on_item, .deleted = on_deleted, .end = on_end, .state = on_state};

static void follow(struct kube_source *source, size_t i, const struct run_options *o)
{
        struct followed *f = &source->followed[i];
        const struct k8s_kind *kind = k8s_kind(kinds[i].kind, kinds[i].group);
        const char *namespace =
                strcmp(kinds[i].group, "metallb.io") == 0 ? o->metallb_namespace : o->namespace;
        char *path = k8s_path(kind, kinds[i].feeds == FEEDS_STORE ? NULL : namespace, NULL);
        struct watch_spec spec = {
                .path = path, .api_version = kind->api_version, .kind = kind_name(kind->kind)};
        char *field = xprintf("metadata.name=%s", CONFIGMAP_NAME);

        if (kind->kind == KIND_SERVICE)
                spec.optional_field_selector = "spec.type=LoadBalancer";
        if (kind->kind == KIND_ENDPOINTSLICE)
                spec.label_selector = "!service.kubernetes.io/headless";
        if (kind->kind == KIND_CONFIGMAP)
                spec.field_selector = field;
        *f = (struct followed){.source = source, .what = &kinds[i]};
        f->watch = watch_new(source->transport, &spec, &handler, f);
        free(path);
        free(field);
}

/* leadership and writes */

static void on_leading(void *arg, uint64_t term)
{
        struct kube_source *source = arg;

        control_set_leader(source->control, true, term);
}

static void on_following(void *arg)
{
        struct kube_source *source = arg;

        control_set_leader(source->control, false, 0);
}

static void on_trouble(void *arg, const char *sentence)
{
        (void)arg;
        if (*sentence)
                log_warn("lease", "%s", sentence);
}

static const struct lease_handler lease_handler = {
        .leading = on_leading, .following = on_following, .trouble = on_trouble};

static void on_written(void *arg, const struct write *write, enum write_result result, const char *sentence)
{
        static const char *const what[] = {[WRITE_STATUS] = "the status",
                                           [WRITE_CONDITIONS] = "the conditions",
                                           [WRITE_EVENT] = "an Event",
                                           [WRITE_STATUS_PATCH] = "the status",
                                           [WRITE_APPLY] = "the writing",
                                           [WRITE_CREATE] = "the making"};
        struct kube_source *source = arg;

        if (write->type == WRITE_CREATE && result == WRITE_CONFLICT)
                result = WRITE_OK; /* it is there */
        source->written[result]++;
        if (*sentence && result != WRITE_CONFLICT)
                log_warn("k8s", "%s of %s %s/%s: %s", what[write->type], kind_name(write->ref.kind),
                         write->ref.namespace, write->ref.name, sentence);
        if (write->type == WRITE_CONDITIONS && result != WRITE_OK && result != WRITE_SUPERSEDED)
                control_conditions_failed(source->control, write);
        if (write->type != WRITE_STATUS)
                return;
        switch (result) {
        case WRITE_OK:
        case WRITE_SUPERSEDED:
        case WRITE_GONE: /* the watch tells the rest */
                break;
        case WRITE_CONFLICT:
                control_write_failed(source->control, write, LEAD_CONFLICT);
                break;
        case WRITE_FAILED:
                control_write_failed(source->control, write, LEAD_REFUSED);
                break;
        case WRITE_FAILED_UNKNOWN:
                control_write_failed(source->control, write, LEAD_UNKNOWN);
                break;
        }
}

void kube_source_write(void *arg, struct write *write)
{
        struct kube_source *source = arg;

        writer_put(source->writer, write);
}

/* beginning and end */

static void read_config_paths(struct control *control)
{
        struct yaml_docs *docs = yaml_docs_new(NULL);

        control_config_paths(control, docs);
        config_docs_read(control_docs(control), docs);
        yaml_docs_free(docs);
}

static struct auth *find_auth(const struct run_options *o, char **why)
{
        if (o->kubeconfig)
                return auth_kubeconfig(o->kubeconfig, mono_now(), why);
        return auth_in_cluster(AUTH_DIR, getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT"),
                               mono_now(), why);
}

struct kube_source *kube_source_new(struct loop *loop, struct control *control, const struct run_options *o,
                                    char **why)
{
        struct kube_source *source = xcalloc(1, sizeof(*source));

        source->control = control;
        source->auth = find_auth(o, why);
        if (source->auth)
                source->transport = transport_new(loop, source->auth, why);
        if (!source->transport) {
                kube_source_free(source);
                return NULL;
        }
        read_config_paths(control);
        source->writer = writer_new(source->transport, o->node_name, on_written, source);
        for (size_t i = 0; i < N_KINDS; i++)
                follow(source, i, o);
        source->lease =
                lease_new(source->transport, o->namespace, LEASE_NAME, o->node_name, &lease_handler, source);
        return source;
}

void kube_source_leave(struct kube_source *source, void (*done)(void *), void *arg)
{
        control_set_leader(source->control, false, 0);
        lease_release(source->lease, done, arg);
}

void kube_source_free(struct kube_source *source)
{
        lease_free(source->lease);
        for (size_t i = 0; i < N_KINDS; i++) {
                struct followed *f = &source->followed[i];
                struct known *known, *next;

                watch_free(f->watch);
                HASH_ITER (hh, f->known, known, next) {
                        free_known(f, known);
                }
        }
        writer_free(source->writer);
        transport_free(source->transport);
        auth_free(source->auth);
        free(source);
}

void kube_source_metrics(const struct kube_source *source, struct metrics *metrics)
{
        static const char *const results[] = {[WRITE_OK] = "ok",
                                              [WRITE_CONFLICT] = "conflict",
                                              [WRITE_GONE] = "gone",
                                              [WRITE_FAILED] = "failed",
                                              [WRITE_FAILED_UNKNOWN] = "unknown",
                                              [WRITE_SUPERSEDED] = "superseded"};

        for (size_t i = 0; i < N_KINDS; i++)
                metrics_put(metrics, METRIC_WATCH_SYNCED,
                            source->followed[i].state == WATCH_LIVE ||
                                    source->followed[i].state == WATCH_ABSENT,
                            "kind", kind_name(kinds[i].kind), "group", kinds[i].group, NULL);
        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
                metrics_put(metrics, METRIC_API_WRITES, (double)source->written[i], "result", results[i],
                            NULL);
        metrics_put(metrics, METRIC_API_WRITES_PENDING, (double)writer_pending(source->writer), NULL);
}
