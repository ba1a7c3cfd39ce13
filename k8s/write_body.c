/*
 * Bodies of writes.
 *
 * WRITE_STATUS is a strategic merge patch of the status subresource (the list of addresses is replaced as a whole,
 * conditions are merged by type), with uid and resourceVersion as guards: the server
 * answers 409 if the Service was made again or changed since it was read (it compares resourceVersion first;
 * a wrong uid alone would be 422). The annotations go with it, in the same write (a Service's metadata may be
 * changed through its status). An Event is of events.k8s.io/v1, whose limits are kept here: note 1 KiB,
 * action, reason and reportingInstance 128 bytes.
 *
 * The others carry their body with them; a patch has the same guards, so that neither an object that was made again nor
 * what a newer leader said is touched.
 */
#include "k8s/write_body.h"
#include "base/clock.h"
#include "base/text.h"
#include "k8s/decode.h"
#include "k8s/k8s.h"
#include "k8s/secret.h"
#include "json/json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_MAX = 1024, WORD_MAX = 128, EVENT_NAME_MAX = 253 };

/* At most max bytes, whole characters that only print. */
static struct json_object *text_of(const char *text, size_t max)
{
        char *shown = text_cut(text, max);
        struct json_object *value = json_object_new_string(shown);
        free(shown);
        return value;
}

static void put(struct json_object *obj, const char *key, const char *text)
{
        json_object_object_add(obj, key, json_object_new_string(text));
}

static void put_unless_empty(struct json_object *obj, const char *key, const char *text)
{
        if (*text)
                put(obj, key, text);
}

static char *finish(struct json_object *body)
{
        char *text = xstrdup(json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN |
                                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(body);
        return text;
}

/* ---- status ---- */

static struct json_object *annotations_of(const struct write *w)
{
        static const char *const former[] = {"metallb.io/" ANNOTATION_POOL,
                                             "metallb.universe.tf/" ANNOTATION_POOL};
        struct json_object *annotations = json_object_new_object();
        struct json_object *pool = w->pool ? json_object_new_string(w->pool) : NULL, *term = NULL;
        if (w->term && w->n_ips) {
                char text[24];
                snprintf(text, sizeof(text), "%" PRIu64, w->term);
                term = json_object_new_string(text);
        }
        json_object_object_add(annotations, ANNOTATION_PREFIX ANNOTATION_POOL, pool);
        json_object_object_add(annotations, ANNOTATION_PREFIX ANNOTATION_TERM, term);
        /* what is cleared must not look allocated from a pool by a former MetalLB */
        for (size_t i = 0; !w->pool && i < sizeof(former) / sizeof(former[0]); i++)
                json_object_object_add(annotations, former[i], NULL);
        return annotations;
}

static struct json_object *ingress_of(const struct write *w)
{
        struct json_object *ingress = w->n_ips ? json_object_new_array() : NULL;
        for (size_t i = 0; i < w->n_ips; i++) {
                char text[IP_STRLEN];
                struct json_object *entry = json_object_new_object();
                put(entry, "ip", ip_str(w->ips[i], text));
                put(entry, "ipMode", "VIP");
                json_object_array_add(ingress, entry);
        }
        return ingress;
}

/* A strategic merge: by type, so that other people's conditions stay, as do our fields that are not named. */
static struct json_object *conditions_of(const struct write *w, int64_t wall_usec)
{
        struct json_object *list = NULL;
        char when[WALL_STRLEN];
        for (enum condition c = 0; c < CONDITIONS; c++) {
                const struct condition_write *condition = &w->conditions[c];
                if (!condition->said)
                        continue;
                struct json_object *item = json_object_new_object();
                put(item, "type", condition_type(c));
                put(item, "status", condition->is ? "True" : "False");
                put(item, "reason", reason_name(condition->reason));
                json_object_object_add(item, "message", text_of(condition->message, CONDITION_MESSAGE_MAX));
                if (condition->moved)
                        put(item, "lastTransitionTime", wall_str_seconds(wall_usec, when));
                list = list ? list : json_object_new_array();
                json_object_array_add(list, item);
        }
        return list;
}

static struct json_object *guards_of(const struct write *w)
{
        struct json_object *meta = json_object_new_object();
        put_unless_empty(meta, "uid", w->ref.uid);
        put_unless_empty(meta, "resourceVersion", w->ref.rv);
        return meta;
}

struct json_object *write_status_patch(const struct write *w, int64_t wall_usec)
{
        struct json_object *body = json_object_new_object(), *meta = guards_of(w);
        struct json_object *status = json_object_new_object(), *conditions = conditions_of(w, wall_usec);
        if (w->type == WRITE_STATUS) {
                struct json_object *balancer = json_object_new_object();
                json_object_object_add(meta, "annotations", annotations_of(w));
                json_object_object_add(balancer, "ingress", ingress_of(w));
                json_object_object_add(status, "loadBalancer", balancer);
        }
        if (conditions)
                json_object_object_add(status, "conditions", conditions);
        json_object_object_add(body, "metadata", meta);
        json_object_object_add(body, "status", status);
        return body;
}

static bool status_request(const struct write *w, int64_t wall_usec, struct write_request *out)
{
        if (w->ref.kind != KIND_SERVICE)
                return false;
        char *path = k8s_path(k8s_kind(KIND_SERVICE, ""), w->ref.namespace, w->ref.name);
        *out = (struct write_request){"PATCH", "application/strategic-merge-patch+json",
                                      xprintf("%s/status", path), finish(write_status_patch(w, wall_usec))};
        free(path);
        return true;
}

/* ---- Events ---- */

static struct json_object *regarding_of(const struct ref *ref, const struct k8s_kind *kind)
{
        struct json_object *regarding = json_object_new_object();
        put(regarding, "apiVersion", kind->api_version);
        put(regarding, "kind", kind_name(ref->kind));
        put_unless_empty(regarding, "namespace", ref->namespace);
        put(regarding, "name", ref->name);
        put_unless_empty(regarding, "uid", ref->uid);
        put_unless_empty(regarding, "resourceVersion", ref->rv);
        return regarding;
}

char *write_event_name(const struct write *w, int64_t wall, unsigned serial)
{
        char tail[64];
        int tail_len = snprintf(tail, sizeof(tail), ".%" PRIx64 "%03x", (uint64_t)wall, serial & 0xFFF);
        return xprintf("%.*s%s", EVENT_NAME_MAX - tail_len, w->ref.name, tail);
}

static struct json_object *note_of(const struct write *w, bool combined)
{
        char *text = xprintf("%s%s", combined ? "(combined from similar events): " : "", w->message ? w->message : "");
        struct json_object *note = text_of(text, NOTE_MAX);
        free(text);
        return note;
}

static char *new_event(const struct write *w, const struct k8s_kind *kind, const char *namespace,
                       const struct event_form *form, const char *when)
{
        struct json_object *body = json_object_new_object(), *meta = json_object_new_object();
        put(meta, "namespace", namespace);
        put(meta, "name", form->name);
        put(body, "apiVersion", "events.k8s.io/v1");
        put(body, "kind", "Event");
        json_object_object_add(body, "metadata", meta);
        put(body, "eventTime", when);
        put(body, "type", w->warning ? "Warning" : "Normal");
        put(body, "reason", reason_name(w->reason));
        json_object_object_add(body, "action", text_of(w->action ? w->action : "Check", WORD_MAX));
        json_object_object_add(body, "note", note_of(w, form->combined));
        json_object_object_add(body, "regarding", regarding_of(&w->ref, kind));
        put(body, "reportingController", "heraldlb.io/herald");
        json_object_object_add(body, "reportingInstance", text_of(form->instance, WORD_MAX));
        return finish(body);
}

static char *event_series(const struct write *w, const struct event_form *form, const char *when)
{
        struct json_object *body = json_object_new_object(), *series = json_object_new_object();
        json_object_object_add(series, "count", json_object_new_int64(form->count));
        put(series, "lastObservedTime", when);
        json_object_object_add(body, "series", series);
        if (form->combined)
                json_object_object_add(body, "note", note_of(w, true));
        return finish(body);
}

static bool event_request(const struct write *w, const struct event_form *form, int64_t wall,
                          struct write_request *out)
{
        const struct k8s_kind *kind = k8s_kind(w->ref.kind, w->ref.group);
        const char *namespace = *w->ref.namespace ? w->ref.namespace : "default";
        char when[WALL_STRLEN];
        if (!kind || !*w->ref.name)
                return false;
        char *space = k8s_escape(namespace), *name = k8s_escape(form->name);
        bool more = form->count > 1;
        wall_str(wall, when);
        *out = (struct write_request){more ? "PATCH" : "POST",
                                      more ? "application/merge-patch+json" : "application/json",
                                      xprintf("/apis/events.k8s.io/v1/namespaces/%s/events%s%s", space,
                                              more ? "/" : "", more ? name : ""),
                                      more ? event_series(w, form, when) : new_event(w, kind, namespace, form, when)};
        free(space);
        free(name);
        return true;
}

/* ---- what carries its body ---- */

static bool patch_request(const struct write *w, const struct k8s_kind *kind, struct write_request *out)
{
        struct json_object *body = json_tokener_parse(w->body);
        char *path = k8s_path(kind, w->ref.namespace, w->ref.name);
        json_object_object_add(body, "metadata", guards_of(w));
        *out = (struct write_request){"PATCH", "application/merge-patch+json", xprintf("%s/status", path),
                                      finish(body)};
        free(path);
        return true;
}

static bool apply_request(const struct write *w, const struct k8s_kind *kind, struct write_request *out)
{
        char *path = k8s_path(kind, w->ref.namespace, w->ref.name);
        *out = (struct write_request){"PATCH", "application/apply-patch+yaml",
                                      xprintf("%s?fieldManager=" FIELD_MANAGER "&force=true", path),
                                      xstrdup(w->body)};
        free(path);
        return true;
}

static bool create_request(const struct write *w, const struct k8s_kind *kind, struct write_request *out)
{
        *out = (struct write_request){"POST", "application/json", k8s_path(kind, w->ref.namespace, NULL),
                                      xstrdup(w->body)};
        return true;
}

bool write_request_of(const struct write *w, const struct event_form *form, int64_t wall_usec,
                      struct write_request *out)
{
        const struct k8s_kind *kind = k8s_kind(w->ref.kind, w->ref.group);
        *out = (struct write_request){0};
        switch (w->type) {
        case WRITE_STATUS:
        case WRITE_CONDITIONS:
                return status_request(w, wall_usec, out);
        case WRITE_EVENT:
                return form && event_request(w, form, wall_usec, out);
        case WRITE_STATUS_PATCH:
                return kind && patch_request(w, kind, out);
        case WRITE_APPLY:
                return kind && apply_request(w, kind, out);
        case WRITE_CREATE:
                return kind && create_request(w, kind, out);
        case WRITE_TYPES:
                break;
        }
        return false;
}

void write_request_clear(struct write_request *r)
{
        free(r->path);
        secret_free(r->body);
        *r = (struct write_request){0};
}
