/* A watch, its transport and its stream against a server that follows a script. */
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
        struct loop *loop;
        struct fake_server server;
        struct auth auth;
        struct transport *transport;
        struct watch *watch;
        struct loop_timer *deadline;
        const struct step *script;
        size_t n_script, at;
        struct mono when[32];
        const char *until; /* the trace that is waited for */
        char trace[4096];
        char sentence[1024];
        char head[4096]; /* of the last request */
        char path[1024];
        char unexpected[2048];
};

static struct scene s;

static void trace(const char *word, const char *rest)
{
        size_t n = strlen(s.trace);
        snprintf(s.trace + n, sizeof(s.trace) - n, "%s%s ", word, rest);
        if (s.until && strcmp(s.trace, s.until) == 0)
                loop_stop(s.loop);
}

static const char *name_of(struct json_object *obj)
{
        static char text[256];
        const char *name = json_string_at(json_object_at(obj, "metadata"), "name");
        const char *kind = json_string_at(obj, "kind"), *api = json_string_at(obj, "apiVersion");
        bool complete = kind && api && strcmp(kind, "Service") == 0 && strcmp(api, "v1") == 0;
        snprintf(text, sizeof(text), "%s%s", name ? name : "?", complete ? "" : "(incomplete)");
        return text;
}

static void on_begin(void *arg, bool again)
{
        (void)arg;
        trace("begin", again ? "+" : "");
}

static void on_item(void *arg, struct json_object *obj)
{
        (void)arg;
        trace("", name_of(obj));
}

static void on_deleted(void *arg, struct json_object *obj)
{
        (void)arg;
        trace("-", name_of(obj));
}

static void on_end(void *arg, bool again)
{
        (void)arg;
        trace("end", again ? "+" : "");
}

static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        static const char *const names[] = {"STARTING", "LIVE", "ABSENT", "STALE"};
        (void)arg;
        snprintf(s.sentence, sizeof(s.sentence), "%s", sentence);
        trace(names[state], "");
}

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg;
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

static void too_late(void *arg)
{
        (void)arg;
        snprintf(s.unexpected, sizeof(s.unexpected), "waited in vain");
        loop_stop(s.loop);
}

static void setup(void)
{
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        s = (struct scene){.loop = loop_new("test")};
        fake_start(&s.server, s.loop, serve, NULL);
        s.auth.server = xprintf("http://127.0.0.1:%d", s.server.port);
        s.transport = transport_new(s.loop, &s.auth, &error);
        s.deadline = loop_timer_new(s.loop, too_late, NULL);
}

static void teardown(void)
{
        watch_free(s.watch);
        transport_free(s.transport);
        fake_stop(&s.server);
        loop_timer_free(s.deadline);
        loop_free(s.loop);
        free(s.auth.server);
}

static void play(const struct step *script, size_t n, const char *until)
{
        const struct watch_handler handler = {on_begin, on_item, on_deleted, on_end, on_state};
        const struct watch_spec spec = {
                .path = "/api/v1/services",
                .api_version = "v1",
                .kind = "Service",
                .field_selector = "metadata.namespace=a b",
                .optional_field_selector = "spec.type=LoadBalancer",
                .label_selector = "!headless",
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

static double between(size_t a, size_t b)
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

START_TEST(pages_events_and_a_reconnect_from_the_last_version)
{
        static const struct step script[] = {
                {"/api/v1/"
                 "services?fieldSelector=metadata.namespace%3Da%20b%2Cspec.type%3DLoadBalancer&labelSelector="
                 "%21headless&limit=500",
                 WHOLE, 200, NULL, LIST("7", "p/2", ITEM("a") "," ITEM("b"))},
                {"&limit=500&continue=p%2F2", WHOLE, 200, NULL, LIST("7", "", ITEM("c"))},
                {"&watch=1&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=", EOF_, 0, NULL,
                 EVENT("ADDED", "d", "8") EVENT("MODIFIED", "a", "9") EVENT("NEWTYPE", "x", "99")
                         EVENT("DELETED", "b", "10") EVENT("BOOKMARK", "", "11")},
                {"&watch=1&resourceVersion=11&", HOLD, 0, NULL, EVENT("ADDED", "e", "12")},
        };
        PLAY(script, "begin a b c end LIVE d a -b e ");
        ck_assert_ptr_null(strcasestr(s.head, "accept-encoding"));
        ck_assert_ptr_null(strcasestr(s.head, "authorization"));
        ck_assert_ptr_nonnull(strstr(s.head, "User-Agent: herald/" HERALD_VERSION "\r\n"));
        ck_assert_ptr_nonnull(strstr(s.head, "Accept: application/json\r\n"));
}
END_TEST

START_TEST(expired_as_an_event)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&resourceVersion=7&", HOLD, 0, NULL,
                 EVENT("ADDED", "b", "8") GONE EVENT("ADDED", "never", "9")},
                {"&limit=500", WHOLE, 200, NULL, LIST("20", "", ITEM("b"))},
                {"&resourceVersion=20&", HOLD, 0, NULL, EVENT("ADDED", "c", "21")},
        };
        PLAY(script, "begin a end LIVE b begin+ b end+ c ");
}
END_TEST

START_TEST(expired_as_a_status)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&resourceVersion=7&", WHOLE, 410, NULL, "{\"kind\":\"Status\",\"code\":410}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("20", "", "")},
                {"&resourceVersion=20&", HOLD, 0, NULL, EVENT("ADDED", "c", "21")},
        };
        PLAY(script, "begin a end LIVE begin+ end+ c ");
}
END_TEST

START_TEST(an_expired_page_begins_again)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "p2", ITEM("a"))},
                {"&continue=p2", WHOLE, 410, NULL, "{}"},
                {"labelSelector=%21headless", WHOLE, 200, NULL, LIST("8", "", ITEM("b"))},
                {"&resourceVersion=8&", HOLD, 0, NULL, ""},
        };
        PLAY(script, "begin a STARTING begin b end LIVE ");
}
END_TEST

START_TEST(an_unknown_selector_is_dropped)
{
        static const struct step script[] = {
                {"spec.type", WHOLE, 400, NULL, "{\"message\":\"field label not supported: spec.type\"}"},
                {"fieldSelector=metadata.namespace%3Da%20b&labelSelector", WHOLE, 200, NULL,
                 LIST("7", "", ITEM("a"))},
                {"fieldSelector=metadata.namespace%3Da%20b&labelSelector", HOLD, 0, NULL,
                 EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin a end LIVE b ");
}
END_TEST

START_TEST(an_absent_kind_is_empty)
{
        static const struct step script[] = {{"&limit=500", WHOLE, 404, NULL, "404 page not found\n"}};
        PLAY(script, "begin end ABSENT ");
        ck_assert_ptr_nonnull(strstr(s.sentence, "404"));
}
END_TEST

START_TEST(forbidden_from_the_start_is_not_synced_and_says_why)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 403, NULL, "{\"message\":\"services is forbidden:\\nno RBAC\"}"}};
        PLAY(script, "STARTING ");
        ck_assert_str_eq(
                s.sentence,
                "cannot list /api/v1/services: the server answered 403: services is forbidden: no RBAC");
}
END_TEST

START_TEST(forbidden_later_keeps_the_content)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", WHOLE, 403, NULL, "{}"},
        };
        PLAY(script, "begin a end LIVE STALE ");
}
END_TEST

START_TEST(retry_after_is_obeyed)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 429, "Retry-After: 2\r\n", "{}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "STARTING begin a end LIVE b ");
        ck_assert(between(0, 1) >= 2);
}
END_TEST

START_TEST(cut_connections_lose_nothing)
{
        static const struct step script[] = {
                {"&limit=500", DROP, 0, NULL, NULL},
                {"&limit=500", CUT, 0, NULL, "{\"metadata\":{},\"items\":[" ITEM("a") ",{\"meta"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&resourceVersion=7&", CUT, 0, NULL, EVENT("ADDED", "b", "8") "{\"type\":\"ADDED\",\"obj"},
                {"&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "c", "9")},
        };
        PLAY(script, "STARTING begin a STARTING begin a end LIVE b STALE LIVE c ");
}
END_TEST

START_TEST(a_stream_that_ends_in_an_object_is_a_failure)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", EOF_, 0, NULL, EVENT("ADDED", "b", "8") "{\"type\":\"ADDED\",\"obj"},
                {"&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "c", "9")},
        };
        PLAY(script, "begin end LIVE b STALE LIVE c ");
        ck_assert(between(1, 2) >= 0.4);
}
END_TEST

START_TEST(garbage_is_refused_and_asked_for_again)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, "<html>login</html>"},
                {"&limit=500", WHOLE, 200, NULL, "{\"items\":[7]}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", HOLD, 0, NULL,
                 EVENT("ADDED", "b", "8") "oops" EVENT("ADDED", "never", "9")},
                {"&resourceVersion=8&", HOLD, 0, NULL, "{\"no\":\"event\"}" EVENT("ADDED", "never", "9")},
                {"&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "c", "9")},
        };
        PLAY(script, "begin STARTING begin begin end LIVE b STALE LIVE STALE LIVE c ");
}
END_TEST

START_TEST(no_http_at_all)
{
        static const struct step script[] = {
                {"&limit=500", RAW, 0, NULL, "SSH-2.0-OpenSSH_9\r\n"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "STARTING begin end LIVE b ");
}
END_TEST

START_TEST(an_oversized_object_is_refused)
{
        size_t n = (size_t)9 << 20;
        char *body = xcalloc(n + 1, 1);
        memset(body, 'x', n);
        memcpy(body, "{\"type\":\"", 9);
        const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", HOLD, 0, NULL, body},
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin end LIVE STALE LIVE b ");
        free(body);
}
END_TEST

START_TEST(a_very_short_watch_is_not_repeated_at_once)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", EOF_, 0, NULL, ""},
                {"&resourceVersion=7&", EOF_, 0, NULL, ""},
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin end LIVE STALE LIVE STALE LIVE b ");
        ck_assert(between(1, 2) >= 0.4 && between(2, 3) >= 0.8);
}
END_TEST

static void write_token(const char *path, const char *token)
{
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(token, file);
        fclose(file);
}

static char token_path[] = "herald-test-token-XXXXXX";

static void rotate_then_serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        bool old = strstr(r->head, "Authorization: Bearer old\r\n");
        (void)arg;
        if (!old && !strstr(r->head, "Authorization: Bearer new\r\n"))
                snprintf(s.unexpected, sizeof(s.unexpected), "no token");
        write_token(token_path, " new\n");
        if (old)
                fake_reply(c, 401, "", "{}");
        else
                serve(NULL, c, r);
}

START_TEST(a_refused_token_is_read_again_once)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        int fd = mkstemp(token_path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        s.server.fn = rotate_then_serve;
        s.auth.token = xstrdup("old");
        s.auth.token_file = token_path;
        s.auth.token_read = mono_now();
        PLAY(script, "begin a end LIVE b "); /* without a failure in between */
        unlink(token_path);
        free(s.auth.token);
}
END_TEST

static void refuse_all(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg, (void)r;
        s.at++;
        fake_reply(c, 401, "", "{\"message\":\"Unauthorized\"}");
}

START_TEST(a_refused_token_that_did_not_change_is_not_tried_again)
{
        s.server.fn = refuse_all;
        s.auth.token = xstrdup("old");
        play(NULL, 0, "STARTING ");
        ck_assert_uint_eq(s.at, 1);
        ck_assert_ptr_null(strstr(s.sentence, "old"));
        free(s.auth.token);
}
END_TEST

START_TEST(nobody_listens)
{
        fake_stop(&s.server);
        play(NULL, 0, "STARTING ");
        char expected[256];
        snprintf(expected, sizeof(expected), "cannot list /api/v1/services: %s: Connection refused",
                 s.auth.server);
        ck_assert_str_eq(s.sentence, expected);
        fake_start(&s.server, s.loop, serve, NULL);
}
END_TEST

START_TEST(freed_in_the_middle_of_a_request)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin a end LIVE b ");
        watch_free(s.watch);
        s.watch = NULL;
        loop_timer_at(s.deadline, mono_add(mono_now(), SEC / 100));
        loop_run(s.loop); /* what was cancelled is cleaned up without a call */
        ck_assert_str_eq(s.trace, "begin a end LIVE b ");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("watch");
        TCase *tc = tcase_create("watch");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, pages_events_and_a_reconnect_from_the_last_version);
        tcase_add_test(tc, expired_as_an_event);
        tcase_add_test(tc, expired_as_a_status);
        tcase_add_test(tc, an_expired_page_begins_again);
        tcase_add_test(tc, an_unknown_selector_is_dropped);
        tcase_add_test(tc, an_absent_kind_is_empty);
        tcase_add_test(tc, forbidden_from_the_start_is_not_synced_and_says_why);
        tcase_add_test(tc, forbidden_later_keeps_the_content);
        tcase_add_test(tc, retry_after_is_obeyed);
        tcase_add_test(tc, cut_connections_lose_nothing);
        tcase_add_test(tc, a_stream_that_ends_in_an_object_is_a_failure);
        tcase_add_test(tc, garbage_is_refused_and_asked_for_again);
        tcase_add_test(tc, no_http_at_all);
        tcase_add_test(tc, an_oversized_object_is_refused);
        tcase_add_test(tc, a_very_short_watch_is_not_repeated_at_once);
        tcase_add_test(tc, a_refused_token_is_read_again_once);
        tcase_add_test(tc, a_refused_token_that_did_not_change_is_not_tried_again);
        tcase_add_test(tc, nobody_listens);
        tcase_add_test(tc, freed_in_the_middle_of_a_request);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
