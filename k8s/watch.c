/*
 * A watch: the requests, the timer and the bytes around watch_fsm. It owns one request, or a timer that runs
 * until the next one is due, never both.
 */
#include "k8s/watch.h"
#include "base/arena.h"
#include "base/loop.h"
#include "k8s/k8s.h"
#include "k8s/status.h"
#include "k8s/stream.h"
#include "k8s/transport.h"
#include "json/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, LIST_TIMEOUT_S = 120, WATCH_GRACE_S = 30 };
static const char partial[] = "application/json;as=%s;g=meta.k8s.io;v=v1";

struct watch {
        struct transport *transport;
        char *path, *api_version, *kind, *fields, *optional_fields, *labels;
        struct watch_handler handler;
        void *arg;
        struct watch_fsm fsm;
        struct watch_step step; /* the request that runs or is due */
        struct loop_timer *timer;
        struct mono due;                /* when timer fires */
        struct transport_waiter waiter; /* while the last request got no answer */
        struct loop_timer *patience; /* fires when the running watch was silent for too long */
        bool bookmarked;             /* a watch of this collection brought a bookmark: there will be more */
        bool initial;                /* the running stream has not brought all that existed yet */
        bool metadata_only;
        struct watch_stats stats;
        struct request *request;
        struct stream *stream;
        struct watch_end end; /* of the running request, as far as known */
        struct mono opened;
        char *list_rv, *list_next; /* what the page's metadata said */
        char *fault;               /* what an ERROR event said */
        bool begun;                /* begin() without end() */
        bool listed;               /* end() was called once */
        enum watch_state told;
        char *told_sentence;
};

static void replace(char **where, char *text)
{
        free(*where);
        *where = text;
}

static void tell(struct watch *w, const char *sentence)
{
        if (w->told == w->fsm.state && strcmp(w->told_sentence, sentence) == 0)
                return;
        w->told = w->fsm.state;
        replace(&w->told_sentence, xstrdup(sentence));
        w->handler.state(w->arg, w->told, w->told_sentence);
}

/* ---- the list ---- */

static void begin(struct watch *w)
{
        w->begun = true;
        w->handler.begin(w->arg);
}

static void finish_list(struct watch *w)
{
        if (!w->begun)
                begin(w);
        w->stats.lists++; /* the handler may ask whether this is the list that it waits for */
        w->handler.end(w->arg);
        w->begun = false;
        w->listed = true;
}

/* Lists of the API leave kind and apiVersion out of their items; metadata alone calls itself something else. */
static void complete(struct watch *w, struct json_object *obj)
{
        if (w->metadata_only || !json_string_at(obj, "apiVersion"))
                json_object_object_add(obj, "apiVersion", json_object_new_string(w->api_version));
        if (w->metadata_only || !json_string_at(obj, "kind"))
                json_object_object_add(obj, "kind", json_object_new_string(w->kind));
}

static bool on_list_value(void *arg, const char *field, struct json_object *value)
{
        struct watch *w = arg;
        if (strcmp(field, "items") == 0) {
                complete(w, value);
                w->handler.item(w->arg, value);
        } else if (strcmp(field, "metadata") == 0) {
                const char *rv = json_string_at(value, "resourceVersion"),
                           *next = json_string_at(value, "continue");
                replace(&w->list_rv, rv ? xstrdup(rv) : NULL);
                replace(&w->list_next, next ? xstrdup(next) : NULL);
        } else if (strcmp(field, "code") == 0 && json_object_is_type(value, json_type_int)) {
                w->end.code = json_object_get_int(value); /* a Status instead of a list */
        }
        return true;
}

/* ---- silence ---- */

/* From now on. An answer that does not even begin is silence, too. */
static void be_patient(struct watch *w)
{
        struct mono now = mono_now();
        if (w->step.want == WANT_LIST)
                loop_timer_stop(w->patience);
        else if (w->initial && w->stats.open)
                loop_timer_at(w->patience, mono_add(now, STREAM_SILENCE));
        else if (w->bookmarked || !w->stats.open)
                loop_timer_at(w->patience, mono_add(now, WATCH_SILENCE));
        else
                loop_timer_stop(w->patience);
}

/* ---- events ---- */

static bool is_initial_end(struct json_object *meta)
{
        const char *end = json_string_at(json_object_at(meta, "annotations"), "k8s.io/initial-events-end");
        return end && strcmp(end, "true") == 0;
}

/* False: a stream that ends its list without a version. */
static bool take_bookmark(struct watch *w, struct json_object *meta)
{
        const char *rv = json_string_at(meta, "resourceVersion");
        w->bookmarked = true;
        if (!w->initial || !is_initial_end(meta))
                return true;
        if (!rv || !*rv) {
                w->end.garbage = true;
                return false;
        }
        w->initial = false;
        watch_fsm_initial(&w->fsm, rv);
        w->stats.streamed++;
        finish_list(w);
        tell(w, "");
        return true;
}

static bool on_event(void *arg, const char *field, struct json_object *event)
{
        struct watch *w = arg;
        struct json_object *obj = json_object_at(event, "object");
        const char *type = json_string_at(event, "type");
        (void)field;
        if (!type || !obj) {
                w->end.garbage = true;
                return false;
        }
        if (strcmp(type, "ERROR") == 0) {
                int64_t code = json_int_at(obj, "code");
                w->end.code = code >= 400 && code <= 599 ? (int)code : 500;
                replace(&w->fault, status_sentence(obj, w->end.code));
                return false;
        }
        w->end.events++;
        w->stats.events++;
        complete(w, obj);
        if (strcmp(type, "BOOKMARK") == 0) {
                if (!take_bookmark(w, json_object_at(obj, "metadata")))
                        return false;
        } else if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
                w->handler.item(w->arg, obj);
        else if (strcmp(type, "DELETED") == 0)
                w->handler.deleted(w->arg, obj);
        else
                return true; /* a type of the future */
        if (!w->initial)
                watch_fsm_saw(&w->fsm, json_string_at(json_object_at(obj, "metadata"), "resourceVersion"));
        return true;
}

/* ---- requests ---- */

static bool on_bytes(void *arg, const char *bytes, size_t n)
{
        struct watch *w = arg;
        w->stats.bytes += n;
        if (n > 0) {
                bool good = stream_feed(w->stream, bytes, n) == STREAM_OK;
                be_patient(w);
                return good;
        }
        w->opened = mono_now();
        w->stats.open = w->step.want != WANT_LIST;
        be_patient(w);
        if (w->step.want == WANT_STREAM || (w->step.want == WANT_LIST && !w->fsm.next)) {
                begin(w);
        } else if (w->step.want == WANT_WATCH) {
                watch_fsm_opened(&w->fsm);
                tell(w, "");
        }
        return true;
}

/* Why this request failed; malloced. */
static char *failure(struct watch *w, const struct reply *reply, enum stream_error error)
{
        const char *verb = w->step.want == WANT_WATCH ? "watch" : "list";
        char *detail, *sentence;
        if (reply->error)
                detail = xstrdup(reply->error);
        else if (w->fault)
                detail = xstrdup(w->fault);
        else if (reply->status == 404)
                detail = xstrdup("the server does not know this kind (404)");
        else if (reply->status != 200)
                detail = status_of_body(reply->body, reply->len, reply->status);
        else if (w->end.code)
                detail = xprintf("the server answered %d", w->end.code);
        else if (error != STREAM_OK && error != STREAM_STOPPED)
                detail = xprintf("the answer %s", stream_error_str(error));
        else if (w->end.garbage)
                detail = xstrdup("the answer is not what a watch sends");
        else
                detail = xstrdup("the server ended it at once");
        sentence = xprintf("cannot %s %s: %s", verb, w->path, detail);
        free(detail);
        return sentence;
}

static void go(struct watch *w, struct watch_step step);

static void on_done(void *arg, const struct reply *reply)
{
        struct watch *w = arg;
        struct watch_step step;
        w->request = NULL;
        w->stats.open = 0;
        loop_timer_stop(w->patience);
        enum stream_error error = reply->status == 200 && !reply->error ? stream_end(w->stream) : STREAM_OK;
        w->end.status = reply->status;
        w->end.retry_after_s = reply->retry_after_s;
        w->end.garbage |= error != STREAM_OK && error != STREAM_STOPPED && error != STREAM_TRUNCATED;
        w->end.whole = reply->status == 200 && !reply->error && !reply->stopped && error == STREAM_OK &&
                       !w->end.code;
        w->end.lived_ns = reply->status == 200 ? mono_since(mono_now(), w->opened) : 0;
        w->stats.expired += w->end.code == 410 || reply->status == 410;
        if (reply->status == 0 && !w->end.stalled)
                transport_wait(w->transport, &w->waiter);
        if (w->step.want == WANT_LIST)
                step = watch_fsm_listed(&w->fsm, &w->end, w->list_rv, w->list_next);
        else if (w->initial)
                step = watch_fsm_streamed(&w->fsm, &w->end);
        else
                step = watch_fsm_watched(&w->fsm, &w->end);
        w->initial = false;
        bool listed = w->step.want == WANT_LIST && step.want == WANT_WATCH;
        if (listed || (w->fsm.state == WATCH_ABSENT && !w->listed))
                finish_list(w);
        if (w->fsm.state == WATCH_LIVE) {
                tell(w, "");
        } else if (step.delay_ns > 0) {
                char *sentence = failure(w, reply, error);
                tell(w, sentence);
                free(sentence);
        }
        go(w, step);
}

static void add_query(char **query, const char *key, const char *value)
{
        char *text = k8s_escape(value);
        replace(query, xprintf("%s%c%s=%s", *query, strchr(*query, '?') ? '&' : '?', key, text));
        free(text);
}

static char *query(struct watch *w)
{
        char *q = xstrdup(w->path), number[32];
        const char *optional = w->fsm.optional_dropped ? NULL : w->optional_fields;
        if (w->fields || optional) {
                bool both = w->fields && optional;
                char *fields = xprintf("%s%s%s", w->fields ? w->fields : "", both ? "," : "",
                                       optional ? optional : "");
                add_query(&q, "fieldSelector", fields);
                free(fields);
        }
        if (w->labels)
                add_query(&q, "labelSelector", w->labels);
        if (w->step.want == WANT_LIST) {
                snprintf(number, sizeof(number), "%d", PAGE);
                if (!w->fsm.unpaged)
                        add_query(&q, "limit", number);
                if (w->fsm.next)
                        add_query(&q, "continue", w->fsm.next);
                return q;
        }
        snprintf(number, sizeof(number), "%d", w->step.timeout_s);
        add_query(&q, "watch", "1");
        if (w->step.want == WANT_STREAM) {
                add_query(&q, "sendInitialEvents", "true");
                add_query(&q, "resourceVersionMatch", "NotOlderThan");
        } else {
                add_query(&q, "resourceVersion", w->fsm.rv);
        }
        add_query(&q, "allowWatchBookmarks", "true");
        add_query(&q, "timeoutSeconds", number);
        return q;
}

static void send_request(void *arg)
{
        struct watch *w = arg;
        bool list = w->step.want == WANT_LIST;
        char *path = query(w);
        char *accept = w->metadata_only ? xprintf(partial, list ? "PartialObjectMetadataList" : "PartialObjectMetadata")
                                        : NULL;
        const struct request_spec spec = {
                .method = "GET",
                .path = path,
                .accept = accept,
                .fresh = w->step.fresh,
                .lane = LANE_WATCH,
                .timeout_s = list ? LIST_TIMEOUT_S : w->step.timeout_s + WATCH_GRACE_S,
                .on_bytes = on_bytes,
                .on_done = on_done,
                .arg = w,
        };
        stream_free(w->stream);
        w->stream = stream_new(list ? STREAM_LIST : STREAM_WATCH, list ? on_list_value : on_event, w);
        w->end = (struct watch_end){0};
        replace(&w->list_rv, NULL);
        replace(&w->list_next, NULL);
        replace(&w->fault, NULL);
        w->initial = w->step.want == WANT_STREAM;
        w->request = transport_send(w->transport, &spec);
        be_patient(w);
        free(path);
        free(accept);
}

/* Silent for too long: as if the request had ended. */
static void out_of_patience(void *arg)
{
        struct watch *w = arg;
        const struct reply none = {.retry_after_s = -1, .error = "it fell silent"};
        request_cancel(w->request);
        w->end.stalled = true;
        w->stats.stalls++;
        on_done(w, &none);
}

static void wake_at(struct watch *w, struct mono when)
{
        w->due = when;
        loop_timer_at(w->timer, when);
}

static void go(struct watch *w, struct watch_step step)
{
        w->step = step;
        wake_at(w, mono_add(mono_now(), step.delay_ns));
}

static void on_return(void *arg)
{
        struct watch *w = arg;
        struct mono when = mono_add(mono_now(), watch_fsm_returned(&w->fsm));
        transport_wait_no_more(w->transport, &w->waiter);
        if (!w->request && mono_before(when, w->due))
                wake_at(w, when);
}

static char *copy(const char *text)
{
        return text ? xstrdup(text) : NULL;
}

struct watch *watch_new(struct transport *t, const struct watch_spec *spec,
                        const struct watch_handler *handler, void *arg)
{
        struct watch *w = xcalloc(1, sizeof(*w));
        w->transport = t;
        w->path = xstrdup(spec->path);
        w->api_version = xstrdup(spec->api_version);
        w->kind = xstrdup(spec->kind);
        w->fields = copy(spec->field_selector);
        w->optional_fields = copy(spec->optional_field_selector);
        w->labels = copy(spec->label_selector);
        w->handler = *handler;
        w->arg = arg;
        w->told_sentence = xstrdup("");
        w->metadata_only = spec->metadata_only;
        w->waiter = (struct transport_waiter){.fn = on_return, .arg = w};
        w->timer = loop_timer_new(transport_loop(t), send_request, w);
        w->patience = loop_timer_new(transport_loop(t), out_of_patience, w);
        uint64_t seed = (uint64_t)mono_now().ns;
        for (const char *p = w->path; *p; p++)
                seed = (seed ^ (uint64_t)*p) * UINT64_C(0x100000001b3);
        watch_fsm_init(&w->fsm, w->optional_fields != NULL, spec->streams, seed);
        w->fsm.required = spec->required;
        go(w, watch_fsm_start(&w->fsm));
        return w;
}

struct watch_stats watch_stats(const struct watch *w)
{
        return w ? w->stats : (struct watch_stats){0};
}

void watch_stats_add(struct watch_stats *sum, struct watch_stats more)
{
        sum->bytes += more.bytes;
        sum->events += more.events;
        sum->lists += more.lists;
        sum->streamed += more.streamed;
        sum->expired += more.expired;
        sum->stalls += more.stalls;
        sum->open += more.open;
}

int watch_status(const struct watch *w)
{
        return w->end.code ? w->end.code : w->end.status;
}

bool watch_is_missing(const struct watch *w)
{
        return w->fsm.missing;
}

void watch_relist(struct watch *w)
{
        request_cancel(w->request);
        w->request = NULL;
        w->stats.open = 0;
        w->initial = false;
        loop_timer_stop(w->patience);
        go(w, watch_fsm_start(&w->fsm));
}

void watch_retry_now(struct watch *w)
{
        if (!w->request)
                wake_at(w, mono_now());
}

void watch_free(struct watch *w)
{
        if (!w)
                return;
        request_cancel(w->request);
        transport_wait_no_more(w->transport, &w->waiter);
        loop_timer_free(w->timer);
        loop_timer_free(w->patience);
        stream_free(w->stream);
        watch_fsm_clear(&w->fsm);
        char *const strings[] = {w->path,   w->api_version, w->kind,      w->fields, w->optional_fields,
                                 w->labels, w->list_rv,     w->list_next, w->fault,  w->told_sentence};
        for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
                free(strings[i]);
        free(w);
}
