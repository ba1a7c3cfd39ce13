/*
 * Which collections of the API are followed, when all that is required was listed once, who leads, and what is
 * written.
 *
 * Each daemon receives what it uses: Services of type LoadBalancer, the EndpointSlices of those, the configuration
 * of its namespaces, Namespaces (their metadata) only where a pool selects on their labels. All Nodes, since every
 * node ranks the others for layer 2.
 */
#include "source_kube.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/docs.h"
#include "config/yaml.h"
#include "control.h"
#include "follow.h"
#include "group_key.h"
#include "k8s/auth.h"
#include "k8s/daemonset.h"
#include "k8s/discovery.h"
#include "k8s/lease.h"
#include "k8s/transport.h"
#include "k8s/write.h"
#include "kube_look.h"
#include "kube_metallb.h"
#include "kube_secrets.h"
#include "kube_slices.h"
#include "options.h"
#include "report/metrics.h"
#include "store/store.h"
#include <stdlib.h>
#include <string.h>

static const char LEASE_NAME[] = "heraldlb";
static const char CONFIGMAP_NAME[] = "herald-config";

/* What is followed from the start to the end. Kinds of both groups that are not installed are normal: 404. */
static const struct {
        enum kind kind;
        const char *group;
        enum feeds feeds;
} fixed[] = {
        {KIND_SERVICE, "", FEEDS_STORE},
        {KIND_NODE, "", FEEDS_STORE},
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
enum { N_FIXED = sizeof(fixed) / sizeof(fixed[0]) };

struct kube_source {
        struct loop *loop;
        struct control *control;
        struct auth *auth;
        struct transport *transport;
        struct discovery *discovery;
        struct follow_owner owner;
        struct follow *fixed[N_FIXED];
        struct follow *namespaces; /* NULL: no pool selects on them */
        struct kube_slices *slices;
        struct kube_metallb *metallb;
        struct kube_secrets *secrets;
        struct lease *lease;
        struct daemonset *daemonset; /* that we are a pod of; NULL: none */
        struct writer *writer;
        struct kube_look *look;
        char *namespace;
        uint64_t term;       /* of the Lease that we hold; 0: none */
        uint64_t leads;      /* the term in which everything was adopted */
        uint64_t adopted_by; /* so many lists of Services had ended when we got it */
        bool synced;
        void (*reported)(void *arg, bool done, const char *sentence);
        void *reported_arg;
        uint64_t written[WRITE_SUPERSEDED + 1];
};

static void look_at_leading(struct kube_source *);

/* ---- what is required (design decision 6) ---- */

static bool is_config(size_t i)
{
        return fixed[i].feeds == FEEDS_CONFIG;
}

/* A kind of configuration that the server cannot give holds up new allocation only. */
static bool is_there(const struct kube_source *source, size_t i)
{
        const struct follow *f = source->fixed[i];

        return f && (follow_listed(f) || (is_config(i) && follow_is_broken(f)));
}

static bool is_complete(const struct kube_source *source)
{
        for (size_t i = 0; i < N_FIXED; i++)
                if (is_config(i) && !follow_listed(source->fixed[i]))
                        return false;
        return !source->namespaces || follow_listed(source->namespaces);
}

static bool all_there(const struct kube_source *source)
{
        for (size_t i = 0; i < N_FIXED; i++)
                if (!is_there(source, i))
                        return false;
        return kube_slices_listed(source->slices) && kube_metallb_known(source->metallb);
}

static void look_for_metallb(struct kube_source *source)
{
        for (size_t i = 0; i < N_FIXED; i++)
                if (source->fixed[i] && strcmp(fixed[i].group, "metallb.io") == 0 &&
                    follow_state(source->fixed[i]) == WATCH_LIVE)
                        kube_metallb_begin(source->metallb);
}

static void look(struct kube_source *source)
{
        if (source->fixed[0] && follow_listed(source->fixed[0]) && !kube_slices_begun(source->slices))
                kube_slices_begin(source->slices);
        if (!source->fixed[N_FIXED - 1])
                return; /* they are being made */
        look_for_metallb(source);
        if (!source->synced && !all_there(source))
                return;
        control_set_foreign(source->control, kube_metallb_speaks(source->metallb));
        control_set_complete(source->control, is_complete(source));
        if (!source->synced)
                control_synced(source->control);
        source->synced = true;
        look_at_leading(source);
}

static void on_changed(void *arg, struct follow *f)
{
        (void)f;
        look(arg);
}

static void on_metallb(void *arg)
{
        look(arg);
}

static void on_service(void *arg, const char *name, bool there)
{
        struct kube_source *source = arg;

        if (name)
                kube_slices_service(source->slices, name, there);
        else
                kube_slices_recount(source->slices);
}

void kube_source_on_reported(struct kube_source *source, void (*fn)(void *, bool, const char *), void *arg)
{
        source->reported = fn;
        source->reported_arg = arg;
}

const char *kube_source_server(const struct kube_source *source)
{
        return transport_status(source->transport).server;
}

char *kube_source_missing(const struct kube_source *source)
{
        char *text = xstrdup("");

        for (size_t i = 0; i < N_FIXED; i++) {
                const char *trouble = follow_trouble(source->fixed[i]);
                char *longer;

                if (is_there(source, i))
                        continue;
                longer = xprintf("%s%s%s%s: %s\n", text, kind_name(fixed[i].kind), *fixed[i].group ? "." : "",
                                 fixed[i].group, *trouble ? trouble : "is being listed");
                free(text);
                text = longer;
        }
        return text;
}

static void free_follow(void *follow)
{
        follow_free(follow);
}

/* Namespaces are of interest only while a pool selects on their labels. */
static void on_configured(void *arg, const struct config *config)
{
        struct kube_source *source = arg;
        const struct k8s_kind *kind = k8s_kind(KIND_NAMESPACE, "");
        bool selects = false;

        kube_secrets_configure(source->secrets, config);
        for (size_t i = 0; i < config->n_pools; i++)
                selects |= config->pools[i].namespace_selectors.n > 0;
        if (selects && !source->namespaces) {
                source->namespaces = follow_new(
                        &source->owner,
                        &(struct follow_spec){.kind = kind, .feeds = FEEDS_STORE, .metadata_only = true});
                look(source);
        } else if (!selects && source->namespaces) {
                loop_defer(source->loop, free_follow, source->namespaces);
                source->namespaces = NULL;
                look(source);
        }
}

static void follow(struct kube_source *source, size_t i, const struct run_options *o)
{
        struct follow_spec spec = {.kind = k8s_kind(fixed[i].kind, fixed[i].group), .feeds = fixed[i].feeds};
        char *field = xprintf("metadata.name=%s", CONFIGMAP_NAME);

        if (fixed[i].feeds != FEEDS_STORE)
                spec.namespace = strcmp(fixed[i].group, "metallb.io") == 0 ? o->metallb_namespace : o->namespace;
        if (fixed[i].kind == KIND_SERVICE)
                spec.optional_field_selector = "spec.type=LoadBalancer";
        if (fixed[i].kind == KIND_CONFIGMAP)
                spec.field_selector = field;
        source->fixed[i] = follow_new(&source->owner, &spec);
        free(field);
}

/* ---- leadership and writes ---- */

/* The Lease is ours. What others have written may not have reached us yet: the Services are listed again before
 * anything is decided. */
static void on_leading(void *arg, uint64_t term)
{
        struct kube_source *source = arg;

        source->term = term;
        source->adopted_by = follow_stats(source->fixed[0]).lists;
        follow_relist(source->fixed[0]);
}

static void on_following(void *arg)
{
        struct kube_source *source = arg;

        source->term = source->leads = 0;
        writer_stop_leading(source->writer);
        control_set_leader(source->control, false, 0);
}

static void look_at_leading(struct kube_source *source)
{
        if (!source->term || source->leads == source->term || !source->synced ||
            follow_stats(source->fixed[0]).lists == source->adopted_by)
                return;
        source->leads = source->term;
        control_set_leader(source->control, true, source->term);
        if (!kube_metallb_speaks(source->metallb))
                writer_put(source->writer, group_key_write(source->namespace));
}

static bool may_lead(void *arg)
{
        struct kube_source *source = arg;

        return source->term && lease_is_leading(source->lease);
}

/* What became of the write is in the store now, if the server answered. */
static void on_looked(void *arg, const struct write *write)
{
        struct kube_source *source = arg;

        control_write_failed(source->control, write, LEAD_UNKNOWN);
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

        if (write->type == WRITE_CREATE && result == WRITE_CONFLICT) { /* it is there */
                source->written[WRITE_OK]++;
                return;
        }
        source->written[result]++;
        if (write->ref.kind == KIND_NODESTATE) {
                if (source->reported && result != WRITE_SUPERSEDED)
                        source->reported(source->reported_arg, result == WRITE_OK, sentence);
                return;
        }
        if (*sentence && result != WRITE_CONFLICT)
                log_warn("k8s", "%s of %s %s/%s: %s", what[write->type], kind_name(write->ref.kind),
                         write->ref.namespace, write->ref.name, sentence);
        if ((write->type == WRITE_CONDITIONS || write->type == WRITE_STATUS_PATCH) && result != WRITE_OK && result != WRITE_SUPERSEDED)
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
                kube_look_at(source->look, write);
                break;
        case WRITE_NOT_LEADING: /* a new leader begins anew */
                break;
        }
}

void kube_source_write(void *arg, struct write *write)
{
        struct kube_source *source = arg;

        writer_put(source->writer, write);
}

/* ---- beginning and end ---- */

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

/* Those that are named, and then the one that the kubeconfig or the cluster names. */
static void use_servers(struct kube_source *source, const struct run_options *o)
{
        const char *urls[sizeof(o->api_servers) / sizeof(o->api_servers[0]) + 1];
        size_t n = 0;

        for (size_t i = 0; i < o->n_api_servers; i++)
                urls[n++] = o->api_servers[i];
        urls[n++] = source->auth->server;
        if (n > 1)
                transport_servers(source->transport, urls, n);
}

struct kube_source *kube_source_new(struct loop *loop, struct control *control, const struct run_options *o,
                                    char **why)
{
        struct kube_source *source = xcalloc(1, sizeof(*source));

        source->loop = loop;
        source->control = control;
        source->auth = find_auth(o, why);
        if (source->auth)
                source->transport = transport_new(loop, source->auth, why);
        if (!source->transport) {
                kube_source_free(source);
                return NULL;
        }
        use_servers(source, o);
        read_config_paths(control);
        source->discovery = discovery_new(source->transport);
        source->owner = (struct follow_owner){.control = control,
                                              .transport = source->transport,
                                              .discovery = source->discovery,
                                              .arg = source,
                                              .changed = on_changed,
                                              .service = on_service};
        source->writer = writer_new(source->transport, o->node_name, on_written, may_lead, source);
        source->look = kube_look_new(source->transport, control, on_looked, source);
        source->namespace = xstrdup(o->namespace);
        source->slices = kube_slices_new(loop, &source->owner);
        source->metallb = kube_metallb_new(source->transport, o->metallb_namespace, on_metallb, source);
        source->secrets = kube_secrets_new(source->transport, control, o->namespace);
        control_on_configured(control, on_configured, source);
        for (size_t i = 0; i < N_FIXED; i++)
                follow(source, i, o);
        if (o->daemonset)
                source->daemonset = daemonset_new(source->transport, o->namespace, o->daemonset);
        source->lease =
                lease_new(source->transport, o->namespace, LEASE_NAME, o->node_name, &lease_handler, source);
        return source;
}

bool kube_source_ask_going(struct kube_source *source, void (*answer)(void *, bool), void *arg)
{
        if (source->daemonset)
                daemonset_ask(source->daemonset, answer, arg);
        return source->daemonset;
}

void kube_source_leave(struct kube_source *source, void (*done)(void *), void *arg)
{
        control_set_leader(source->control, false, 0);
        lease_release(source->lease, done, arg);
}

void kube_source_free(struct kube_source *source)
{
        lease_free(source->lease);
        daemonset_free(source->daemonset);
        control_on_configured(source->control, NULL, NULL);
        kube_slices_free(source->slices);
        kube_metallb_free(source->metallb);
        kube_secrets_free(source->secrets);
        for (size_t i = 0; i < N_FIXED; i++)
                follow_free(source->fixed[i]);
        follow_free(source->namespaces);
        discovery_free(source->discovery);
        writer_free(source->writer);
        kube_look_free(source->look);
        free(source->namespace);
        transport_free(source->transport);
        auth_free(source->auth);
        free(source);
}

/* ---- metrics ---- */

static void put_synced(struct metrics *metrics, const struct follow *f, const struct k8s_kind *kind)
{
        enum watch_state state = f ? follow_state(f) : WATCH_ABSENT;

        metrics_put(metrics, METRIC_WATCH_SYNCED, state == WATCH_LIVE || state == WATCH_ABSENT, "kind",
                    kind_name(kind->kind), "group", kind->group, NULL);
}

static void put_watches(const struct kube_source *source, struct metrics *metrics)
{
        struct watch_stats sum = {0};

        for (size_t i = 0; i < N_FIXED; i++) {
                watch_stats_add(&sum, follow_stats(source->fixed[i]));
                put_synced(metrics, source->fixed[i], follow_kind(source->fixed[i]));
        }
        watch_stats_add(&sum, follow_stats(source->namespaces));
        put_synced(metrics, source->namespaces, k8s_kind(KIND_NAMESPACE, ""));
        watch_stats_add(&sum, kube_slices_stats(source->slices));
        watch_stats_add(&sum, kube_secrets_stats(source->secrets));
        watch_stats_add(&sum, kube_metallb_stats(source->metallb));
        put_synced(metrics, kube_slices_follow(source->slices), k8s_kind(KIND_ENDPOINTSLICE, "discovery.k8s.io"));
        metrics_put(metrics, METRIC_WATCHES_OPEN, (double)sum.open, NULL);
        metrics_put(metrics, METRIC_WATCH_BYTES, (double)sum.bytes, NULL);
        metrics_put(metrics, METRIC_WATCH_EVENTS, (double)sum.events, NULL);
        metrics_put(metrics, METRIC_WATCH_LISTS, (double)(sum.lists - sum.streamed), "form", "list", NULL);
        metrics_put(metrics, METRIC_WATCH_LISTS, (double)sum.streamed, "form", "stream", NULL);
        metrics_put(metrics, METRIC_WATCH_EXPIRED, (double)sum.expired, NULL);
        metrics_put(metrics, METRIC_WATCH_STALLS, (double)sum.stalls, NULL);
}

void kube_source_metrics(const struct kube_source *source, struct metrics *metrics)
{
        static const char *const results[] = {[WRITE_OK] = "ok",
                                              [WRITE_CONFLICT] = "conflict",
                                              [WRITE_GONE] = "gone",
                                              [WRITE_FAILED] = "failed",
                                              [WRITE_FAILED_UNKNOWN] = "unknown",
                                              [WRITE_NOT_LEADING] = "not_leading",
                                              [WRITE_SUPERSEDED] = "superseded"};

        put_watches(source, metrics);
        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
                metrics_put(metrics, METRIC_API_WRITES, (double)source->written[i], "result", results[i],
                            NULL);
        metrics_put(metrics, METRIC_API_SERVER, 1, "server", transport_status(source->transport).server, NULL);
        metrics_put(metrics, METRIC_API_FAILOVERS, (double)transport_status(source->transport).failovers, NULL);
        metrics_put(metrics, METRIC_API_WRITES_PENDING, (double)writer_pending(source->writer), NULL);
}
