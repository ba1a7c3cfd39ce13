/* A watch, its transport and its stream, played against a server that follows a script. */
#pragma once
#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/transport.h"
#include "k8s/watch.h"
#include "json/json.h"
#include <check.h>
#include <signal.h>

enum how {
        WHOLE, /* a whole answer */
        EOF_,  /* a stream, ended in good order */
        CUT,   /* a stream, cut in a chunk */
        HOLD,  /* a stream that stays open */
        MUTE,  /* nothing at all */
        DROP,  /* the connection is closed without an answer */
        RAW,   /* body is everything */
};

struct step {
        const char *expect; /* in the path */
        enum how how;
        int status;
        const char *headers, *body;
};

struct scene {
        unsigned ends;
        struct loop *loop;
        struct fake_server server;
        struct auth auth;
        struct transport *transport;
        struct watch *watch;
        struct loop_timer *deadline;
        const struct step *script;
        size_t n_script, at;
        struct mono when[32];
        bool streams, metadata_only;
        bool away; /* nobody else is answered either */
        const char *until; /* the trace that is waited for */
        char trace[4096];
        char sentence[1024];
        char head[4096]; /* of the last request */
        char path[1024];
        char unexpected[2048];
};

static struct scene s;

__attribute__((unused)) static void trace(const char *word, const char *rest)
{
        size_t n = strlen(s.trace);
        snprintf(s.trace + n, sizeof(s.trace) - n, "%s%s ", word, rest);
        if (s.until && strcmp(s.trace, s.until) == 0)
                loop_stop(s.loop);
}

__attribute__((unused)) static const char *name_of(struct json_object *obj)
{
        static char text[256];
        const char *name = json_string_at(json_object_at(obj, "metadata"), "name");
        const char *kind = json_string_at(obj, "kind"), *api = json_string_at(obj, "apiVersion");
        bool complete = kind && api && strcmp(kind, "Service") == 0 && strcmp(api, "v1") == 0;
        snprintf(text, sizeof(text), "%s%s", name ? name : "?", complete ? "" : "(incomplete)");
        return text;
}

__attribute__((unused)) static void on_begin(void *arg)
{
        (void)arg;
        trace("begin", s.ends > 0 ? "+" : "");
}

__attribute__((unused)) static void on_item(void *arg, struct json_object *obj)
{
        (void)arg;
        trace("", name_of(obj));
}

__attribute__((unused)) static void on_deleted(void *arg, struct json_object *obj)
{
        (void)arg;
        trace("-", name_of(obj));
}

__attribute__((unused)) static void on_end(void *arg)
{
        (void)arg;
        ck_assert_uint_eq(watch_stats(s.watch).lists, ++s.ends); /* counted when it is told */
        trace("end", s.ends > 1 ? "+" : "");
}

__attribute__((unused)) static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        static const char *const names[] = {"STARTING", "LIVE", "ABSENT", "STALE"};
        (void)arg;
        snprintf(s.sentence, sizeof(s.sentence), "%s", sentence);
        trace(names[state], "");
}

__attribute__((unused)) static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg;
        if (strcmp(r->path, "/livez") == 0) {
                if (s.away)
                        fake_close(c);
                else
                        fake_reply(c, 200, "", "ok");
                return;
        }
        snprintf(s.head, sizeof(s.head), "%s", r->head);
        snprintf(s.path, sizeof(s.path), "%s", r->path);
        if (s.at == s.n_script || !strstr(r->path, s.script[s.at].expect)) {
                snprintf(s.unexpected, sizeof(s.unexpected), "request %zu: %s", s.at, r->path);
                loop_stop(s.loop);
                return;
        }
        const struct step *step = &s.script[s.at];
        s.when[s.at++] = mono_now();
        const char *body = step->body ? step->body : "";
        if (step->how == WHOLE) {
                fake_reply(c, step->status ? step->status : 200, step->headers ? step->headers : "", body);
        } else if (step->how == CUT) {
                fake_text(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s",
                          strlen(body) + 100, body);
                fake_close(c);
        } else if (step->how == EOF_ || step->how == HOLD) {
                fake_stream(c);
                fake_text(c, "%s", body);
        } else if (step->how == RAW) {
                fake_text(c, "%s", body);
        }
        if (step->how == EOF_ || step->how == DROP || step->how == RAW)
                fake_close(c);
}

__attribute__((unused)) static void too_late(void *arg)
{
        (void)arg;
        snprintf(s.unexpected, sizeof(s.unexpected), "waited in vain");
        loop_stop(s.loop);
}

__attribute__((unused)) static void setup(void)
{
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        s = (struct scene){.loop = loop_new("test")};
        fake_start(&s.server, s.loop, serve, NULL);
        s.auth.server = xprintf("http://127.0.0.1:%d", s.server.port);
        s.transport = transport_new(s.loop, &s.auth, &error);
        s.deadline = loop_timer_new(s.loop, too_late, NULL);
}

__attribute__((unused)) static void teardown(void)
{
        watch_free(s.watch);
        transport_free(s.transport);
        fake_stop(&s.server);
        loop_timer_free(s.deadline);
        loop_free(s.loop);
        free(s.auth.server);
}

__attribute__((unused)) static void play(const struct step *script, size_t n, const char *until)
{
        const struct watch_handler handler = {on_begin, on_item, on_deleted, on_end, on_state};
        const struct watch_spec spec = {
                .path = "/api/v1/services",
                .api_version = "v1",
                .kind = "Service",
                .field_selector = "metadata.namespace=a b",
                .optional_field_selector = "spec.type=LoadBalancer",
                .label_selector = "!headless",
                .streams = s.streams,
                .metadata_only = s.metadata_only,
        };
        s.script = script;
        s.n_script = n;
        s.until = until;
        s.watch = watch_new(s.transport, &spec, &handler, NULL);
        loop_timer_at(s.deadline, mono_add(mono_now(), 20 * SEC));
        loop_run(s.loop);
        ck_assert_msg(!s.unexpected[0], "%s; at %zu; trace: %s; %s", s.unexpected, s.at, s.trace, s.sentence);
        ck_assert_str_eq(s.trace, until);
}

__attribute__((unused)) static double between(size_t a, size_t b)
{
        return (double)mono_since(s.when[b], s.when[a]) / 1e9;
}

#define ITEM(name) "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"5\"}}"
#define LIST(rv, next, items)                                                                                \
        "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"" rv "\",\"continue\":\"" next        \
        "\"},\"items\":[" items "]}"
#define EVENT(type, name, rv)                                                                                \
        "{\"type\":\"" type                                                                                  \
        "\",\"object\":{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name           \
        "\",\"resourceVersion\":\"" rv "\"}}}\n"
#define GONE                "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n"
#define PLAY(script, until) play(script, sizeof(script) / sizeof((script)[0]), until)
