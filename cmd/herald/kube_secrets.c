#include "kube_secrets.h"
#include "base/arena.h"
#include "base/log.h"
#include "control.h"
#include "k8s/k8s.h"
#include <stdlib.h>
#include <string.h>

struct followed {
        struct kube_secrets *owner;
        char *namespace, *name;
        struct watch *watch;
        bool named; /* by the configuration that is looked at */
        bool seen;  /* since the list began */
};

struct kube_secrets {
        struct transport *transport;
        struct control *control;
        char *namespace;
        struct followed **v;
        size_t n;
};

/* ---- one Secret ---- */

static void tell_missing(struct followed *f, const char *why)
{
        control_no_secret(f->owner->control, f->namespace, f->name, why);
}

static void on_begin(void *arg)
{
        struct followed *f = arg;

        f->seen = false;
}

static void on_item(void *arg, struct json_object *secret)
{
        struct followed *f = arg;

        f->seen = true;
        control_secret(f->owner->control, secret);
}

static void on_deleted(void *arg, struct json_object *secret)
{
        (void)secret;
        tell_missing(arg, "does not exist");
}

static void on_end(void *arg)
{
        struct followed *f = arg;

        if (!f->seen)
                tell_missing(f, "does not exist");
}

/* A Secret that was read stays of use while the server has trouble. */
static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        struct followed *f = arg;

        (void)state;
        if (!*sentence)
                return;
        log_warn("k8s", "Secret %s/%s: %s", f->namespace, f->name, sentence);
        if (!f->seen && watch_status(f->watch) == 403)
                tell_missing(f, "may not be read by herald: give its service account the verbs list and watch on "
                                "Secrets of that namespace");
}

static const struct watch_handler handler = {
        .begin = on_begin, .item = on_item, .deleted = on_deleted, .end = on_end, .state = on_state};

static struct followed *follow(struct kube_secrets *secrets, const char *namespace, const char *name)
{
        const struct k8s_kind *kind = k8s_kind(KIND_SECRET, "");
        char *path = k8s_path(kind, namespace, NULL), *field = xprintf("metadata.name=%s", name);
        struct followed *f = xcalloc(1, sizeof(*f));

        f->owner = secrets;
        f->namespace = xstrdup(namespace);
        f->name = xstrdup(name);
        f->watch = watch_new(secrets->transport,
                             &(struct watch_spec){.path = path,
                                                  .api_version = kind->api_version,
                                                  .kind = kind_name(kind->kind),
                                                  .field_selector = field,
                                                  .streams = true},
                             &handler, f);
        free(path);
        free(field);
        return f;
}

static void free_followed(struct followed *f)
{
        watch_free(f->watch);
        free(f->namespace);
        free(f->name);
        free(f);
}

/* ---- all of them ---- */

static void name(struct kube_secrets *secrets, const char *namespace, const char *name)
{
        for (size_t i = 0; i < secrets->n; i++)
                if (strcmp(secrets->v[i]->namespace, namespace) == 0 && strcmp(secrets->v[i]->name, name) == 0) {
                        secrets->v[i]->named = true;
                        return;
                }
        secrets->v = xreallocarray(secrets->v, secrets->n + 1, sizeof(struct followed *));
        secrets->v[secrets->n] = follow(secrets, namespace, name);
        secrets->v[secrets->n++]->named = true;
}

void kube_secrets_configure(struct kube_secrets *secrets, const struct config *config)
{
        size_t n = 0;

        for (size_t i = 0; i < secrets->n; i++)
                secrets->v[i]->named = false;
        for (size_t i = 0; i < config->n_peers; i++) {
                const struct bgp_peer *peer = &config->peers[i];

                if (peer->password_secret)
                        name(secrets, *peer->ref.namespace ? peer->ref.namespace : secrets->namespace,
                             peer->password_secret);
        }
        for (size_t i = 0; i < secrets->n; i++) {
                if (secrets->v[i]->named) {
                        secrets->v[n++] = secrets->v[i];
                        continue;
                }
                tell_missing(secrets->v[i], NULL);
                free_followed(secrets->v[i]);
        }
        secrets->n = n;
}

struct watch_stats kube_secrets_stats(const struct kube_secrets *secrets)
{
        struct watch_stats sum = {0};

        for (size_t i = 0; i < secrets->n; i++)
                watch_stats_add(&sum, watch_stats(secrets->v[i]->watch));
        return sum;
}

struct kube_secrets *kube_secrets_new(struct transport *transport, struct control *control, const char *namespace)
{
        struct kube_secrets *secrets = xcalloc(1, sizeof(*secrets));

        secrets->transport = transport;
        secrets->control = control;
        secrets->namespace = xstrdup(namespace);
        return secrets;
}

void kube_secrets_free(struct kube_secrets *secrets)
{
        if (!secrets)
                return;
        for (size_t i = 0; i < secrets->n; i++)
                free_followed(secrets->v[i]);
        free(secrets->v);
        free(secrets->namespace);
        free(secrets);
}
