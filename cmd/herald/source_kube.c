/*
 * Which collections of the API are followed, and when all that is required was listed once.
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
#include "k8s/auth.h"
#include "k8s/daemonset.h"
#include "k8s/discovery.h"
#include "k8s/transport.h"
#include "kube_lead.h"
#include "kube_metallb.h"
#include "kube_secrets.h"
#include "kube_slices.h"
#include "options.h"
#include "report/metrics.h"
#include "store/store.h"
#include <stdlib.h>
#include <string.h>

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
        struct daemonset *daemonset; /* that we are a pod of; NULL: none */
        struct kube_lead *lead;
        bool synced;
};

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

static bool knows_peers(const struct kube_source *source)
{
        for (size_t i = 0; i < N_FIXED; i++)
                if (fixed[i].kind == KIND_BGPPEER && !follow_listed(source->fixed[i]))
                        return false;
        return true;
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
                    follow_is_there(source->fixed[i]))
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
        control_set_complete(source->control, is_complete(source), knows_peers(source));
        if (!source->synced)
                control_synced(source->control);
        source->synced = true;
        if (source->lead)
                kube_lead_look(source->lead, is_complete(source));
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
        source->slices = kube_slices_new(loop, &source->owner);
        source->metallb = kube_metallb_new(source->transport, o->metallb_namespace, on_metallb, source);
        source->secrets = kube_secrets_new(source->transport, control, o->namespace);
        control_on_configured(control, on_configured, source);
        for (size_t i = 0; i < N_FIXED; i++)
                follow(source, i, o);
        if (o->daemonset)
                source->daemonset = daemonset_new(source->transport, o->namespace, o->daemonset);
        source->lead = kube_lead_new(loop, control, source->transport, source->fixed[0], source->metallb, o);
        return source;
}

bool kube_source_ask_going(struct kube_source *source, void (*answer)(void *, bool), void *arg)
{
        if (source->daemonset)
                daemonset_ask(source->daemonset, answer, arg);
        return source->daemonset;
}

struct kube_lead *kube_source_lead(const struct kube_source *source)
{
        return source->lead;
}

void kube_source_free(struct kube_source *source)
{
        kube_lead_free(source->lead);
        daemonset_free(source->daemonset);
        control_on_configured(source->control, NULL, NULL);
        kube_slices_free(source->slices);
        kube_metallb_free(source->metallb);
        kube_secrets_free(source->secrets);
        for (size_t i = 0; i < N_FIXED; i++)
                follow_free(source->fixed[i]);
        follow_free(source->namespaces);
        discovery_free(source->discovery);
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
        put_watches(source, metrics);
        kube_lead_metrics(source->lead, metrics);
        metrics_put(metrics, METRIC_API_SERVER, 1, "server", transport_status(source->transport).server, NULL);
        metrics_put(metrics, METRIC_API_FAILOVERS, (double)transport_status(source->transport).failovers, NULL);
}
