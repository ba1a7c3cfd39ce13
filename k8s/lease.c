#include "k8s/lease.h"
#include "base/arena.h"
#include "base/loop.h"
#include "k8s/k8s.h"
#include "k8s/lease_fsm.h"
#include "k8s/status.h"
#include "k8s/transport.h"
#include "json/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TIMEOUT_S = 4, RELEASE_TIMEOUT_S = 2, DURATION_MAX_S = 3600 };

struct lease {
        struct transport *transport;
        char *namespace, *name, *collection, *path;
        struct lease_handler handler;
        void *arg;
        struct lease_fsm fsm;
        struct loop_timer *timer;
        struct request *request;
        struct json_object
                *seen; /* the Lease as last read or written; fields that are not ours stay as they are */
        bool told_leading;
        uint64_t told_term;
        char *trouble;
        void (*released)(void *arg); /* set: lease_release() was called */
        void *released_arg;
};

static void act(void *arg);

/* ---- the object ---- */

static void read_record(struct json_object *obj, struct lease_record *out)
{
        struct json_object *spec = json_object_at(obj, "spec");
        const char *holder = json_string_at(spec, "holderIdentity"),
                   *renewed = json_string_at(spec, "renewTime");
        int64_t seconds = json_int_at(spec, "leaseDurationSeconds"),
                transitions = json_int_at(spec, "leaseTransitions");
        *out = (struct lease_record){0};
        snprintf(out->holder, sizeof(out->holder), "%s", holder ? holder : "");
        snprintf(out->renewed, sizeof(out->renewed), "%s", renewed ? renewed : "");
        out->duration_ns = seconds > 0 && seconds <= DURATION_MAX_S ? seconds * SEC : LEASE_DURATION;
        out->transitions = transitions > 0 ? (uint64_t)transitions : 0;
}

static struct json_object *object_in(struct json_object *parent, const char *key)
{
        struct json_object *child = json_object_at(parent, key);
        if (!child) {
                child = json_object_new_object();
                json_object_object_add(parent, key, child);
        }
        return child;
}

static void put_string(struct json_object *obj, const char *key, const char *value)
{
        json_object_object_add(obj, key, json_object_new_string(value));
}

/* The Lease with its spec set; holder "" gives it back. The resourceVersion that was read goes along as the
 * guard. */
static char *lease_body(struct lease *l, const struct lease_record *record)
{
        char now[WALL_STRLEN];
        struct json_object *obj = NULL;
        if (!l->seen || json_object_deep_copy(l->seen, &obj, NULL) < 0)
                obj = json_object_new_object();
        struct json_object *meta = object_in(obj, "metadata"), *spec = object_in(obj, "spec");
        const char *before = json_string_at(spec, "holderIdentity");
        bool renewal = before && strcmp(before, record->holder) == 0;
        wall_str(wall_usec(), now);
        put_string(obj, "apiVersion", "coordination.k8s.io/v1");
        put_string(obj, "kind", "Lease");
        put_string(meta, "namespace", l->namespace);
        put_string(meta, "name", l->name);
        put_string(spec, "holderIdentity", record->holder);
        put_string(spec, "renewTime", now);
        if (!renewal)
                put_string(spec, "acquireTime", now);
        json_object_object_add(spec, "leaseDurationSeconds",
                               json_object_new_int64(record->duration_ns / SEC));
        json_object_object_add(spec, "leaseTransitions", json_object_new_int64((int64_t)record->transitions));
        char *body = xstrdup(
                json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(obj);
        return body;
}

/* ---- competing ---- */

static void report(struct lease *l)
{
        if (l->fsm.leading == l->told_leading && (!l->told_leading || l->fsm.term == l->told_term))
                return;
        l->told_leading = l->fsm.leading;
        l->told_term = l->fsm.term;
        if (l->told_leading)
                l->handler.leading(l->arg, l->fsm.term);
        else
                l->handler.following(l->arg);
}

static void set_trouble(struct lease *l, char *sentence)
{
        bool same = strcmp(l->trouble, sentence) == 0;
        free(l->trouble);
        l->trouble = sentence;
        if (!same)
                l->handler.trouble(l->arg, sentence);
}

static void learn_trouble(struct lease *l, const struct reply *reply, enum lease_result result)
{
        if (result == LEASE_OK || result == LEASE_CONFLICT ||
            (result == LEASE_ABSENT && l->fsm.running == LEASE_GET)) {
                set_trouble(l, xstrdup(""));
                return;
        }
        char *why =
                reply->error ? xstrdup(reply->error) : status_of_body(reply->body, reply->len, reply->status);
        set_trouble(l, xprintf("cannot use the Lease %s/%s: %s", l->namespace, l->name, why));
        free(why);
}

/* What the answer says; a Lease in it becomes l->seen. */
static enum lease_result read_reply(struct lease *l, const struct reply *reply, struct lease_record *record)
{
        if (reply->error || reply->status == 0)
                return LEASE_FAILED;
        if (reply->status == 404)
                return LEASE_ABSENT;
        if (reply->status == 409)
                return LEASE_CONFLICT;
        struct json_object *obj =
                reply->status == 200 || reply->status == 201 ? json_tokener_parse(reply->body) : NULL;
        if (!json_object_at(obj, "spec") || !json_object_at(obj, "metadata")) {
                json_object_put(obj);
                return LEASE_FAILED;
        }
        json_object_put(l->seen);
        l->seen = obj;
        read_record(obj, record);
        return LEASE_OK;
}

static void on_done(void *arg, const struct reply *reply)
{
        struct lease *l = arg;
        struct lease_record record;
        l->request = NULL;
        enum lease_result result = read_reply(l, reply, &record);
        if (result == LEASE_ABSENT) {
                json_object_put(l->seen);
                l->seen = NULL;
        }
        learn_trouble(l, reply, result);
        lease_fsm_done(&l->fsm, result, result == LEASE_OK ? &record : NULL, mono_now());
        act(l);
}

static void send_request(struct lease *l, enum lease_act what, const struct lease_record *record,
                         int timeout_s, request_done_fn *done)
{
        char *body = what == LEASE_GET ? NULL : lease_body(l, record);
        const struct request_spec spec = {
                .method = what == LEASE_GET      ? "GET"
                          : what == LEASE_CREATE ? "POST"
                                                 : "PUT",
                .path = what == LEASE_CREATE ? l->collection : l->path,
                .content_type = body ? "application/json" : NULL,
                .body = body,
                .lane = LANE_LEASE,
                .timeout_s = timeout_s,
                .on_done = done,
                .arg = l,
        };
        l->request = transport_send(l->transport, &spec);
        free(body);
}

static void act(void *arg)
{
        struct lease *l = arg;
        if (l->released) {
                l->released(l->released_arg);
                return;
        }
        enum lease_act what = lease_fsm_poll(&l->fsm, mono_now());
        if (what != LEASE_WAIT) {
                struct lease_record record = lease_fsm_proposal(&l->fsm);
                send_request(l, what, &record, TIMEOUT_S, on_done);
        }
        loop_timer_at(l->timer, lease_fsm_next(&l->fsm));
        report(l);
}

struct lease *lease_new(struct transport *t, const char *namespace, const char *name, const char *node,
                        const struct lease_handler *handler, void *arg)
{
        struct lease *l = xcalloc(1, sizeof(*l));
        uint64_t random[2];
        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                abort();
        char *escaped = k8s_escape(namespace);
        char *identity = xprintf("%.200s_%016llx", node, (unsigned long long)random[0]);
        l->transport = t;
        l->namespace = xstrdup(namespace);
        l->name = xstrdup(name);
        l->collection = xprintf("/apis/coordination.k8s.io/v1/namespaces/%s/leases", escaped);
        l->path = xprintf("%s/%s", l->collection, name);
        l->handler = *handler;
        l->arg = arg;
        l->trouble = xstrdup("");
        lease_fsm_init(&l->fsm, identity, mono_now(), random[1]);
        l->timer = loop_timer_new(transport_loop(t), act, l);
        loop_timer_at(l->timer, lease_fsm_next(&l->fsm));
        free(identity);
        free(escaped);
        return l;
}

bool lease_is_leading(const struct lease *l)
{
        return !l->released && lease_fsm_leads(&l->fsm, mono_now());
}

/* ---- giving back ---- */

static void on_put_back(void *arg, const struct reply *reply)
{
        struct lease *l = arg;
        (void)reply; /* what was not given back runs out by itself */
        l->request = NULL;
        l->released(l->released_arg);
}

/* A renewal may have been under way: only a fresh look says whether there is anything to give back. */
static void on_last_look(void *arg, const struct reply *reply)
{
        struct lease *l = arg;
        struct lease_record record;
        l->request = NULL;
        if (read_reply(l, reply, &record) != LEASE_OK || strcmp(record.holder, l->fsm.identity) != 0) {
                l->released(l->released_arg);
                return;
        }
        record.holder[0] = 0;
        record.duration_ns = SEC;
        send_request(l, LEASE_UPDATE, &record, RELEASE_TIMEOUT_S, on_put_back);
}

void lease_release(struct lease *l, void (*done)(void *arg), void *arg)
{
        bool busy = l->request != NULL;
        l->released = done;
        l->released_arg = arg;
        request_cancel(l->request);
        l->request = NULL;
        loop_timer_stop(l->timer);
        if (lease_fsm_release(&l->fsm) || busy)
                send_request(l, LEASE_GET, NULL, RELEASE_TIMEOUT_S, on_last_look);
        else
                loop_timer_at(l->timer, mono_now());
}

void lease_free(struct lease *l)
{
        if (!l)
                return;
        request_cancel(l->request);
        loop_timer_free(l->timer);
        json_object_put(l->seen);
        free(l->namespace);
        free(l->name);
        free(l->collection);
        free(l->path);
        free(l->trouble);
        free(l);
}
