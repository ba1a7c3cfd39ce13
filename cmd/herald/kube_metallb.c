#include "kube_metallb.h"
#include "base/arena.h"
#include "base/log.h"
#include "json/json.h"
#include "model/labels.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct speaker {
        char *name; /* key */
        unsigned round;
        UT_hash_handle hh;
};

struct kube_metallb {
        struct transport *transport;
        char *namespace;
        void (*changed)(void *arg);
        void *arg;
        struct watch *watch;
        struct speaker *speakers;
        unsigned round;
        bool listed;
};

static bool is(struct json_object *labels, const char *key, const char *value)
{
        const char *text = json_string_at(labels, key);

        return text && strcmp(text, value) == 0;
}

/* A pod that is being deleted still announces: it counts until it is gone. */
static bool is_speaker(struct json_object *pod)
{
        struct json_object *labels = json_object_at(json_object_at(pod, "metadata"), "labels");

        return (is(labels, "app", "metallb") && is(labels, "component", "speaker")) ||
               (is(labels, "app.kubernetes.io/name", "metallb") &&
                is(labels, "app.kubernetes.io/component", "speaker"));
}

static void forget(struct kube_metallb *m, struct speaker *speaker)
{
        HASH_DEL(m->speakers, speaker);
        free(speaker->name);
        free(speaker);
}

static void on_begin(void *arg)
{
        struct kube_metallb *m = arg;

        m->round++;
}

static void on_item(void *arg, struct json_object *pod)
{
        struct kube_metallb *m = arg;
        const char *name = json_string_at(json_object_at(pod, "metadata"), "name");
        struct speaker *speaker;

        if (!name)
                return;
        HASH_FIND_STR(m->speakers, name, speaker);
        if (is_speaker(pod)) {
                if (!speaker) {
                        speaker = xcalloc(1, sizeof(*speaker));
                        speaker->name = xstrdup(name);
                        HASH_ADD_KEYPTR(hh, m->speakers, speaker->name, strlen(speaker->name), speaker);
                }
                speaker->round = m->round;
        } else if (speaker) {
                forget(m, speaker);
        }
        if (m->listed)
                m->changed(m->arg);
}

static void on_deleted(void *arg, struct json_object *pod)
{
        struct kube_metallb *m = arg;
        const char *name = json_string_at(json_object_at(pod, "metadata"), "name");
        struct speaker *speaker = NULL;

        if (name)
                HASH_FIND_STR(m->speakers, name, speaker);
        if (speaker)
                forget(m, speaker);
        m->changed(m->arg);
}

static void on_end(void *arg)
{
        struct kube_metallb *m = arg;
        struct speaker *speaker, *next;

        HASH_ITER (hh, m->speakers, speaker, next) {
                if (speaker->round != m->round)
                        forget(m, speaker);
        }
        m->listed = true;
        m->changed(m->arg);
}

static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        (void)arg, (void)state;
        if (*sentence)
                log_warn("k8s", "whether MetalLB's speaker runs is not known: %s", sentence);
}

struct kube_metallb *kube_metallb_new(struct transport *transport, const char *namespace, void (*changed)(void *),
                                      void *arg)
{
        struct kube_metallb *m = xcalloc(1, sizeof(*m));

        *m = (struct kube_metallb){
                .transport = transport, .namespace = xstrdup(namespace), .changed = changed, .arg = arg};
        return m;
}

void kube_metallb_begin(struct kube_metallb *m)
{
        static const struct watch_handler handler = {
                .begin = on_begin, .item = on_item, .deleted = on_deleted, .end = on_end, .state = on_state};
        char *path;

        if (m->watch)
                return;
        path = k8s_path(k8s_kind(KIND_POD, ""), m->namespace, NULL);
        m->watch = watch_new(m->transport,
                             &(struct watch_spec){.path = path,
                                                  .api_version = "v1",
                                                  .kind = "Pod",
                                                  .metadata_only = true,
                                                  .streams = true},
                             &handler, m);
        free(path);
}

struct watch_stats kube_metallb_stats(const struct kube_metallb *m)
{
        return watch_stats(m->watch);
}

bool kube_metallb_begun(const struct kube_metallb *m)
{
        return m->watch != NULL;
}

bool kube_metallb_known(const struct kube_metallb *m)
{
        return !m->watch || m->listed;
}

bool kube_metallb_speaks(const struct kube_metallb *m)
{
        return m->speakers != NULL;
}

void kube_metallb_free(struct kube_metallb *m)
{
        struct speaker *speaker, *next;

        if (!m)
                return;
        watch_free(m->watch);
        HASH_ITER (hh, m->speakers, speaker, next) {
                forget(m, speaker);
        }
        free(m->namespace);
        free(m);
}
