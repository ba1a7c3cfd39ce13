#include "k8s/daemonset.h"
#include "json/json.h"
#include "k8s/k8s.h"
#include "k8s/transport.h"
#include <stdlib.h>

enum { NOT_FOUND = 404, FOUND = 200, TIMEOUT_S = 5 };

struct daemonset {
        struct transport *transport;
        char *path;
        struct request *request;
        struct loop_timer *patience;
        void (*answer)(void *arg, bool going);
        void *arg;
};

static bool is_being_deleted(const struct reply *reply)
{
        struct json_object *object = json_tokener_parse(reply->body);
        bool deleted = json_string_at(json_object_at(object, "metadata"), "deletionTimestamp");
        json_object_put(object);
        return deleted;
}

static void tell(struct daemonset *ds, bool going)
{
        loop_timer_stop(ds->patience);
        request_cancel(ds->request);
        ds->request = NULL;
        ds->answer(ds->arg, going);
}

static void on_answer(void *arg, const struct reply *reply)
{
        struct daemonset *ds = arg;
        ds->request = NULL;
        tell(ds, reply->status == NOT_FOUND || (reply->status == FOUND && !reply->error && is_being_deleted(reply)));
}

static void on_patience(void *arg)
{
        tell(arg, false);
}

void daemonset_ask(struct daemonset *ds, void (*answer)(void *arg, bool going), void *arg)
{
        const struct request_spec spec = {.method = "GET",
                                          .path = ds->path,
                                          .lane = LANE_LEASE, /* has a connection as long as the API server is there */
                                          .timeout_s = TIMEOUT_S,
                                          .on_done = on_answer,
                                          .arg = ds};
        ds->answer = answer;
        ds->arg = arg;
        ds->request = transport_send(ds->transport, &spec);
        loop_timer_at(ds->patience, mono_add(mono_now(), DAEMONSET_PATIENCE));
}

struct daemonset *daemonset_new(struct transport *transport, const char *namespace, const char *name)
{
        struct daemonset *ds = xcalloc(1, sizeof(*ds));
        ds->transport = transport;
        ds->path = k8s_path(k8s_kind(KIND_DAEMONSET, "apps"), namespace, name);
        ds->patience = loop_timer_new(transport_loop(transport), on_patience, ds);
        return ds;
}

void daemonset_free(struct daemonset *ds)
{
        if (!ds)
                return;
        request_cancel(ds->request);
        loop_timer_free(ds->patience);
        free(ds->path);
        free(ds);
}
