/*
 * The document of a group and version (APIResourceList) is some kilobytes; a server that has none of the group
 * answers 404. It may be read by everybody who is authenticated (system:discovery).
 */
#include "k8s/discovery.h"
#include "base/arena.h"
#include "base/loop.h"
#include "json/json.h"
#include "k8s/transport.h"
#include "k8s/watch.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const int64_t pause_first = 5 * SEC, pause_last = 10 * SEC;

struct sought {
        struct sought *prev, *next;
        struct watch *watch;
        const char *api_version, *plural;
        unsigned round; /* in which it was asked for */
};

struct discovery {
        struct transport *transport;
        struct loop_timer *timer;
        struct sought *all;
        struct request *request;
        const char *asked; /* the group and version of request */
        unsigned round;
        int64_t pause;
};

static void ask_next(void *arg);

static void forget(struct discovery *d, struct sought *sought)
{
        DL_DELETE(d->all, sought);
        free(sought);
}

static bool lists(struct json_object *resources, const char *plural)
{
        for (size_t i = 0; i < json_count(resources); i++) {
                const char *name = json_string_at(json_item(resources, i), "name");
                if (name && strcmp(name, plural) == 0)
                        return true;
        }
        return false;
}

static void on_done(void *arg, const struct reply *reply)
{
        struct discovery *d = arg;
        struct json_object *body =
                reply->status == 200 && !reply->error ? json_tokener_parse(reply->body) : NULL;
        struct sought *sought, *next;
        d->request = NULL;
        DL_FOREACH_SAFE(d->all, sought, next)
        {
                if (strcmp(sought->api_version, d->asked) != 0 ||
                    !lists(json_array_at(body, "resources"), sought->plural))
                        continue;
                watch_retry_now(sought->watch);
                forget(d, sought);
        }
        json_object_put(body);
        ask_next(d);
}

/* The next group and version of this round. */
static void ask_next(void *arg)
{
        struct discovery *d = arg;
        struct sought *sought, *first = NULL;
        DL_FOREACH(d->all, sought)
        {
                if (!first && sought->round != d->round)
                        first = sought;
                if (first && strcmp(first->api_version, sought->api_version) == 0)
                        sought->round = d->round;
        }
        if (!first) {
                d->round++;
                d->pause = d->pause * 3 / 2 > pause_last ? pause_last : d->pause * 3 / 2;
                loop_timer_at(d->timer, d->all ? mono_add(mono_now(), d->pause) : MONO_NEVER);
                return;
        }
        char *path = xprintf("/apis/%s", first->api_version);
        const struct request_spec spec = {
                .method = "GET", .path = path, .lane = LANE_WRITE, .timeout_s = 10, .on_done = on_done, .arg = d};
        d->asked = first->api_version;
        d->request = transport_send(d->transport, &spec);
        free(path);
}

void discovery_seek(struct discovery *d, struct watch *watch, const char *api_version, const char *plural)
{
        struct sought *sought;
        DL_FOREACH(d->all, sought)
        {
                if (sought->watch == watch)
                        return;
        }
        sought = xcalloc(1, sizeof(*sought));
        *sought = (struct sought){
                .watch = watch, .api_version = api_version, .plural = plural, .round = d->round - 1};
        DL_APPEND(d->all, sought);
        d->pause = pause_first;
        if (!d->request)
                loop_timer_at(d->timer, mono_add(mono_now(), d->pause));
}

void discovery_forget(struct discovery *d, const struct watch *watch)
{
        struct sought *sought, *next;
        DL_FOREACH_SAFE(d->all, sought, next)
        {
                if (sought->watch == watch)
                        forget(d, sought);
        }
}

struct discovery *discovery_new(struct transport *t)
{
        struct discovery *d = xcalloc(1, sizeof(*d));
        d->transport = t;
        d->timer = loop_timer_new(transport_loop(t), ask_next, d);
        return d;
}

void discovery_free(struct discovery *d)
{
        struct sought *sought, *next;
        if (!d)
                return;
        DL_FOREACH_SAFE(d->all, sought, next)
        {
                forget(d, sought);
        }
        request_cancel(d->request);
        loop_timer_free(d->timer);
        free(d);
}
