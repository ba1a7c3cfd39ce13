#include "kube_look.h"
#include "base/arena.h"
#include "control.h"
#include "json/json.h"
#include "k8s/decode.h"
#include "k8s/k8s.h"
#include "k8s/transport.h"
#include "store/store.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct look {
        struct look *prev, *next;
        struct kube_look *owner;
        struct request *request;
        struct write *write; /* its ref */
};

struct kube_look {
        struct transport *transport;
        struct control *control;
        void (*looked)(void *arg, const struct write *);
        void *arg;
        struct look *all;
};

static void end(struct look *look)
{
        DL_DELETE(look->owner->all, look);
        write_free(look->write);
        free(look);
}

/* Only the watch says that a Service has come, gone, or changed its type: this answer may be older than what it said. */
static bool is_known(struct store *store, const struct fact *fact)
{
        const struct fact *known = store_service(store, fact->ref.namespace, fact->ref.name);

        return known && strcmp(known->ref.uid, fact->ref.uid) == 0 &&
               known->u.service.load_balancer == fact->u.service.load_balancer;
}

static void take(struct kube_look *owner, const char *body)
{
        struct json_object *object = json_tokener_parse(body);
        struct store *store = control_store(owner->control);
        const char *why;
        struct fact *fact = object ? decode_fact(object, &why) : NULL;

        if (fact && fact->ref.kind == KIND_SERVICE && is_known(store, fact))
                store_put(store, fact);
        else
                fact_free(fact);
        json_object_put(object);
}

static void on_done(void *arg, const struct reply *reply)
{
        struct look *look = arg;
        struct kube_look *owner = look->owner;

        if (reply->status == 200 && !reply->error)
                take(owner, reply->body);
        owner->looked(owner->arg, look->write);
        control_changed(owner->control);
        end(look);
}

void kube_look_at(struct kube_look *owner, const struct write *write)
{
        struct look *look = xcalloc(1, sizeof(*look));
        char *path = k8s_path(k8s_kind(KIND_SERVICE, ""), write->ref.namespace, write->ref.name);
        const struct request_spec spec = {.method = "GET",
                                          .path = path,
                                          .lane = LANE_WRITE,
                                          .timeout_s = 10,
                                          .on_done = on_done,
                                          .arg = look};

        *look = (struct look){.owner = owner, .write = write_new(WRITE_STATUS, &write->ref)};
        DL_APPEND(owner->all, look);
        look->request = transport_send(owner->transport, &spec);
        free(path);
}

struct kube_look *kube_look_new(struct transport *transport, struct control *control,
                                void (*looked)(void *, const struct write *), void *arg)
{
        struct kube_look *owner = xcalloc(1, sizeof(*owner));

        *owner = (struct kube_look){.transport = transport, .control = control, .looked = looked, .arg = arg};
        return owner;
}

void kube_look_free(struct kube_look *owner)
{
        if (!owner)
                return;
        while (owner->all) {
                request_cancel(owner->all->request);
                end(owner->all);
        }
        free(owner);
}
