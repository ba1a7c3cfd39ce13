#include "follow.h"
#include "base/arena.h"
#include "base/log.h"
#include "config/docs.h"
#include "control.h"
#include "k8s/decode.h"
#include "k8s/discovery.h"
#include "store/store.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct known {     /* a document that this watch handed on */
        char *key; /* namespace/name */
        char *namespace, *name, *rv;
        unsigned round;
        UT_hash_handle hh;
};

struct follow {
        const struct follow_owner *owner;
        struct follow_spec spec;
        struct watch *watch;
        enum watch_state state;
        char *trouble;
        struct follow *former; /* whose place it takes */
        bool listed, listing, outgoing, muted, broken;
        struct known *known;
        unsigned round;
        struct log_limit limit;
};

/* documents that were handed on */

static struct known *find_known(struct follow *f, const struct ref *ref, bool make)
{
        char *key = xprintf("%s/%s", ref->namespace, ref->name);
        struct known *known;

        HASH_FIND_STR(f->known, key, known);
        if (known || !make) {
                free(key);
                return known;
        }
        known = xcalloc(1, sizeof(*known));
        known->key = key;
        known->namespace = xstrdup(ref->namespace);
        known->name = xstrdup(ref->name);
        HASH_ADD_KEYPTR(hh, f->known, known->key, strlen(known->key), known);
        return known;
}

static void free_known(struct follow *f, struct known *known)
{
        HASH_DEL(f->known, known);
        free(known->key);
        free(known->namespace);
        free(known->name);
        free(known->rv);
        free(known);
}

/* facts */

static bool is_load_balancer(const struct follow *f, const struct ref *ref)
{
        const struct fact *fact = ref->kind == KIND_SERVICE && f->owner->service
                                          ? store_service(control_store(f->owner->control), ref->namespace, ref->name)
                                          : NULL;

        return fact && fact->u.service.load_balancer;
}

/* What a list names is seen at its end. */
static void tell_service(struct follow *f, const struct ref *ref, bool was)
{
        bool is = is_load_balancer(f, ref);

        if (is != was && f->listed && !f->listing)
                f->owner->service(f->owner->arg, ref->name, is);
}

static void drop_fact(struct follow *f, struct json_object *object)
{
        struct ref ref;
        const char *why;
        bool was;

        if (!decode_ref(object, &ref, &why))
                return;
        was = is_load_balancer(f, &ref);
        store_drop(control_store(f->owner->control), &ref);
        tell_service(f, &ref, was);
}

/* An object that cannot be used any more is as good as deleted. */
static void take_fact(struct follow *f, struct json_object *object)
{
        const char *why, *why_not;
        struct fact *fact = decode_fact(object, &why);
        struct ref ref;
        uint32_t suppressed;
        bool was;

        if (fact && decode_ref(object, &ref, &why)) {
                was = is_load_balancer(f, &ref);
                store_put(control_store(f->owner->control), fact);
                tell_service(f, &ref, was);
                return;
        }
        drop_fact(f, object);
        if (decode_ref(object, &ref, &why_not) &&
            log_allow(&f->limit, mono_now().ns, 10, 60 * SEC, &suppressed))
                log_warn("k8s", "%s %s/%s cannot be used: %s", kind_name(ref.kind), ref.namespace, ref.name, why);
}

/* configuration */

static enum config_origin origin_of(const struct follow *f)
{
        return strcmp(f->spec.kind->group, "metallb.io") == 0 ? CONFIG_METALLB : CONFIG_HERALD;
}

static void take_document(struct follow *f, struct json_object *object)
{
        struct config_docs *docs = control_docs(f->owner->control);
        struct known *known;
        struct ref ref;
        const char *why;

        if (!decode_ref(object, &ref, &why))
                return;
        known = find_known(f, &ref, true);
        known->round = f->round;
        if (known->rv && *ref.rv && strcmp(known->rv, ref.rv) == 0)
                return; /* a relist showed what we have */
        free(known->rv);
        known->rv = xstrdup(ref.rv);
        if (f->spec.feeds == FEEDS_CONFIGMAP)
                config_docs_configmap(docs, object);
        else if (!config_docs_put(docs, origin_of(f), object))
                return;
        control_config_changed(f->owner->control);
}

static void drop_document(struct follow *f, struct known *known)
{
        struct config_docs *docs = control_docs(f->owner->control);

        if (f->spec.feeds == FEEDS_CONFIGMAP)
                config_docs_clear(docs, CONFIG_CONFIGMAP);
        else
                config_docs_remove(docs, origin_of(f), f->spec.kind->kind, known->namespace, known->name);
        control_config_changed(f->owner->control);
        free_known(f, known);
}

static void forget_unseen(struct follow *f)
{
        struct known *known, *next;

        HASH_ITER (hh, f->known, known, next) {
                if (known->round != f->round)
                        drop_document(f, known);
        }
}

/* the watch */

static void on_begin(void *arg)
{
        struct follow *f = arg;

        f->round++;
        f->muted |= f->outgoing;
        if (f->former)
                f->former->muted = true;
        f->listing = true;
        if (f->spec.feeds == FEEDS_STORE && !f->muted)
                store_relist_begin(control_store(f->owner->control), f->spec.kind->kind);
}

static void on_item(void *arg, struct json_object *object)
{
        struct follow *f = arg;

        if (f->muted)
                return;
        if (f->spec.feeds == FEEDS_STORE)
                take_fact(f, object);
        else
                take_document(f, object);
        control_changed(f->owner->control);
}

static void on_deleted(void *arg, struct json_object *object)
{
        struct follow *f = arg;
        struct known *known;
        struct ref ref;
        const char *why;

        if (f->muted)
                return;
        if (f->spec.feeds == FEEDS_STORE) {
                drop_fact(f, object);
        } else if (decode_ref(object, &ref, &why) && (known = find_known(f, &ref, false))) {
                drop_document(f, known);
        }
        control_changed(f->owner->control);
}

static void on_end(void *arg)
{
        struct follow *f = arg;

        if (f->muted)
                return;
        forget_unseen(f);
        if (f->spec.feeds == FEEDS_STORE)
                store_relist_end(control_store(f->owner->control), f->spec.kind->kind);
        f->listed = true;
        f->listing = false;
        f->former = NULL;
        if (f->spec.kind->kind == KIND_SERVICE && f->owner->service)
                f->owner->service(f->owner->arg, NULL, true);
        f->owner->changed(f->owner->arg, f);
        control_changed(f->owner->control);
}

/* A kind that was removed with all its objects: nothing is kept that could be old. */
static bool is_gone(const struct follow *f)
{
        return f->spec.feeds != FEEDS_STORE && watch_is_missing(f->watch) && !f->known;
}

static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        struct follow *f = arg;
        const char *name = kind_name(f->spec.kind->kind), *group = f->spec.kind->group;

        f->state = is_gone(f) ? WATCH_ABSENT : state;
        f->broken = state == WATCH_STARTING && watch_status(f->watch) >= 500;
        free(f->trouble);
        f->trouble = xstrdup(sentence);
        if (*sentence)
                log_line(f->state == WATCH_ABSENT ? LOG_INFO : LOG_WARN, "k8s", "%s%s%s: %s", name, *group ? "." : "",
                         group, sentence);
        else
                log_debug("k8s", "%s%s%s is current", name, *group ? "." : "", group);
        if (watch_is_missing(f->watch))
                discovery_seek(f->owner->discovery, f->watch, f->spec.kind->api_version, f->spec.kind->plural);
        f->owner->changed(f->owner->arg, f);
}

static const struct watch_handler handler = {
        .begin = on_begin, .item = on_item, .deleted = on_deleted, .end = on_end, .state = on_state};

struct follow *follow_new(const struct follow_owner *owner, const struct follow_spec *spec)
{
        struct follow *f = xcalloc(1, sizeof(*f));
        char *path = k8s_path(spec->kind, spec->namespace, NULL);
        const struct watch_spec watch = {.path = path,
                                         .api_version = spec->kind->api_version,
                                         .kind = kind_name(spec->kind->kind),
                                         .field_selector = spec->field_selector,
                                         .optional_field_selector = spec->optional_field_selector,
                                         .label_selector = spec->label_selector,
                                         .metadata_only = spec->metadata_only,
                                         .required = spec->feeds != FEEDS_CONFIG,
                                         .streams = true};

        f->owner = owner;
        f->spec = *spec;
        f->trouble = xstrdup("");
        f->watch = watch_new(owner->transport, &watch, &handler, f);
        free(path);
        return f;
}

void follow_free(struct follow *f)
{
        struct known *known, *next;

        if (!f)
                return;
        discovery_forget(f->owner->discovery, f->watch);
        watch_free(f->watch);
        HASH_ITER (hh, f->known, known, next) {
                free_known(f, known);
        }
        free(f->trouble);
        free(f);
}

void follow_succeed(struct follow *f, struct follow *former)
{
        f->former = former;
        former->outgoing = true;
}

void follow_relist(struct follow *f)
{
        watch_relist(f->watch);
}

const struct k8s_kind *follow_kind(const struct follow *f)
{
        return f->spec.kind;
}

bool follow_listed(const struct follow *f)
{
        return f->listed;
}

bool follow_is_there(const struct follow *f)
{
        return f->listed && !watch_is_missing(f->watch);
}

enum watch_state follow_state(const struct follow *f)
{
        return f->state;
}

const char *follow_trouble(const struct follow *f)
{
        return f->trouble;
}

bool follow_is_broken(const struct follow *f)
{
        return !f->listed && f->broken;
}

struct watch_stats follow_stats(const struct follow *f)
{
        return watch_stats(f ? f->watch : NULL);
}
