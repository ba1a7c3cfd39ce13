#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/transport.h"
#include <check.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/syscall.h>

struct scene {
        struct loop *loop;
        struct fake_server server;
        struct auth auth;
        struct transport *transport;
        struct loop_timer *timer;
        struct request *request;
        void (*answer)(struct fake_conn *);
        char head[2048], body[256], method[16];
        int requests, done, opened, status;
        size_t bytes, len;
        char error[512];
        bool sent, stopped, stop_reading, cancel_in_bytes, late, slow, cancel_while_paused;
        int in_turn, most_in_turn, ticks;
        struct loop_timer *ticker;
};

static struct scene s;

/* ---- in the place of libcurl's own ---- */

static int user_timeout_ms, keepalive_idle_s, keepalive_every_s, keepalive_times;

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
        if (level == IPPROTO_TCP && len == sizeof(int)) {
                int n = *(const int *)value;
                user_timeout_ms = name == TCP_USER_TIMEOUT ? n : user_timeout_ms;
                keepalive_idle_s = name == TCP_KEEPIDLE ? n : keepalive_idle_s;
                keepalive_every_s = name == TCP_KEEPINTVL ? n : keepalive_every_s;
                keepalive_times = name == TCP_KEEPCNT ? n : keepalive_times;
        }
        return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

static bool slow_names;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        if (slow_names)
                sleep(3);
        return slow_names ? EAI_AGAIN : real(node, service, hints, out);
}

static bool blocking_resolver;
static int lists_freed, secrets_left;

curl_version_info_data *curl_version_info(CURLversion version)
{
        static curl_version_info_data info;
        curl_version_info_data *(*real)(CURLversion) = NULL;
        *(void **)&real = dlsym(RTLD_NEXT, "curl_version_info");
        info = *real(version);
        if (blocking_resolver)
                info.features &= ~CURL_VERSION_ASYNCHDNS;
        return &info;
}

/* Sees what is left in a list of headers when it is given back. */
void curl_slist_free_all(struct curl_slist *list)
{
        lists_freed += list != NULL;
        while (list) {
                struct curl_slist *next = list->next;
                secrets_left += strstr(list->data, "s3cret") != NULL;
                free(list->data);
                free(list);
                list = next;
        }
}

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg;
        s.requests++;
        snprintf(s.head, sizeof(s.head), "%s", r->head);
        snprintf(s.body, sizeof(s.body), "%s", r->body);
        snprintf(s.method, sizeof(s.method), "%s", r->method);
        if (s.answer)
                s.answer(c);
}

static void ok(struct fake_conn *c)
{
        fake_reply(c, 200, "", "{\"a\":1}");
}

static void too_large(struct fake_conn *c)
{
        size_t n = TRANSPORT_MAX_BODY + 1;
        char *body = xcalloc(n + 1, 1);
        memset(body, ' ', n);
        fake_reply(c, 200, "", body);
        free(body);
}

static void flood(struct fake_conn *c)
{
        char *body = xcalloc((1 << 20) + 1, 1);
        memset(body, 'x', 1 << 20);
        fake_reply(c, 200, "", body);
        free(body);
}

static void redirect(struct fake_conn *c)
{
        fake_reply(c, 302, "Location: /elsewhere\r\n", "");
}

static void turn_ends(void *arg)
{
        (void)arg;
        s.in_turn = 0;
        if (s.cancel_while_paused) {
                request_cancel(s.request);
                loop_stop(s.loop);
        }
}

/* Uses up what one turn of the loop may take. */
static void be_slow(void)
{
        struct mono start = mono_now();
        while (mono_since(mono_now(), start) < TRANSPORT_TURN)
                ;
        if (s.in_turn++ == 0)
                loop_defer(s.loop, turn_ends, NULL);
        s.most_in_turn = s.in_turn > s.most_in_turn ? s.in_turn : s.most_in_turn;
}

static bool on_bytes(void *arg, const char *bytes, size_t n)
{
        (void)arg, (void)bytes;
        if (s.slow && n > 0)
                be_slow();
        s.opened += n == 0;
        s.bytes += n;
        if (n > 0 && s.cancel_in_bytes) {
                request_cancel(s.request);
                loop_stop(s.loop);
        }
        return !s.stop_reading || n == 0;
}

static void on_done(void *arg, const struct reply *reply)
{
        (void)arg;
        s.done++;
        s.status = reply->status;
        s.len = reply->len;
        s.sent = reply->sent;
        s.stopped = reply->stopped;
        snprintf(s.error, sizeof(s.error), "%s", reply->error ? reply->error : "");
        ck_assert_uint_eq(strlen(reply->body), reply->len);
        loop_stop(s.loop);
}

static void too_late(void *arg)
{
        (void)arg;
        s.late = true;
        loop_stop(s.loop);
}

static void setup(void)
{
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        s = (struct scene){.loop = loop_new("test"), .answer = ok};
        fake_start(&s.server, s.loop, serve, NULL);
        s.auth.server = xprintf("http://127.0.0.1:%d", s.server.port);
        s.transport = transport_new(s.loop, &s.auth, &error);
        s.timer = loop_timer_new(s.loop, too_late, NULL);
}

static void teardown(void)
{
        transport_free(s.transport);
        fake_stop(&s.server);
        loop_timer_free(s.timer);
        loop_free(s.loop);
        free(s.auth.server);
}

static void run(struct request_spec spec)
{
        spec.path = spec.path ? spec.path : "/x";
        spec.method = spec.method ? spec.method : "GET";
        spec.on_done = on_done;
        s.request = transport_send(s.transport, &spec);
        ck_assert_int_eq(s.done, 0);
        loop_timer_at(s.timer, mono_add(mono_now(), 20 * SEC));
        loop_run(s.loop);
        ck_assert(!s.late);
}

START_TEST(a_request_with_a_body)
{
        run((struct request_spec){
                .method = "PATCH", .content_type = "application/merge-patch+json", .body = "{\"b\":2}"});
        ck_assert_str_eq(s.method, "PATCH");
        ck_assert_str_eq(s.body, "{\"b\":2}");
        ck_assert_ptr_nonnull(strstr(s.head, "Content-Type: application/merge-patch+json\r\n"));
        ck_assert_ptr_null(strstr(s.head, "Expect:"));
        ck_assert_int_eq(s.status, 200);
        ck_assert_uint_eq(s.len, 7);
        ck_assert(s.sent);
        ck_assert_str_eq(s.error, "");
}
END_TEST

START_TEST(an_answer_that_is_too_large)
{
        s.answer = too_large;
        run((struct request_spec){0});
        ck_assert_ptr_nonnull(strstr(s.error, "too large"));
        ck_assert_ptr_nonnull(strstr(s.error, s.auth.server));
}
END_TEST

START_TEST(no_answer_in_time)
{
        s.answer = NULL;
        run((struct request_spec){.timeout_s = 1});
        ck_assert_int_eq(s.status, 0);
        ck_assert(s.sent);
        ck_assert_ptr_nonnull(strstr(s.error, "no answer in time"));
}
END_TEST

START_TEST(redirects_are_not_followed)
{
        s.answer = redirect;
        run((struct request_spec){0});
        ck_assert_int_eq(s.status, 302);
        ck_assert_int_eq(s.requests, 1);
}
END_TEST

START_TEST(a_stream_that_is_stopped)
{
        s.stop_reading = true;
        run((struct request_spec){.on_bytes = on_bytes});
        ck_assert(s.stopped);
        ck_assert_int_eq(s.opened, 1);
        ck_assert_uint_eq(s.bytes, 7);
        ck_assert_str_eq(s.error, "");
}
END_TEST

START_TEST(cancelled_in_its_own_callback)
{
        s.cancel_in_bytes = true;
        run((struct request_spec){.on_bytes = on_bytes});
        loop_timer_at(s.timer, mono_add(mono_now(), SEC / 100));
        loop_run(s.loop);
        ck_assert_int_eq(s.done, 0);
        ck_assert_uint_eq(s.bytes, 7);
}
END_TEST

START_TEST(cancelled_before_it_was_sent)
{
        const struct request_spec spec = {.method = "GET", .path = "/x", .on_done = on_done};
        request_cancel(transport_send(s.transport, &spec));
        loop_timer_at(s.timer, mono_add(mono_now(), SEC / 50));
        loop_run(s.loop);
        ck_assert_int_eq(s.done + s.requests, 0);
}
END_TEST

START_TEST(freed_with_a_request_under_way)
{
        const struct request_spec spec = {.method = "GET", .path = "/x", .on_done = on_done};
        transport_send(s.transport, &spec);
}
END_TEST

START_TEST(proxies_of_the_environment_are_ignored)
{
        setenv("http_proxy", "http://127.0.0.1:1", 1);
        setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        run((struct request_spec){0});
        ck_assert_int_eq(s.status, 200);
}
END_TEST

static const char *const elsewhere = "http://api.example:6443";

START_TEST(a_command_follows_them)
{
        char proxy[64];
        snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", s.server.port);
        setenv("http_proxy", proxy, 1);
        transport_servers(s.transport, &elsewhere, 1);
        s.auth.follow_proxies = true;
        run((struct request_spec){0});
        ck_assert_int_eq(s.status, 200);
        ck_assert_ptr_nonnull(strstr(s.head, "Host: api.example:6443\r\n"));
}
END_TEST

START_TEST(half_open_connections_are_found_within_15_s)
{
        run((struct request_spec){.lane = LANE_WATCH});
        ck_assert_int_gt(user_timeout_ms, 0);
        ck_assert_int_le(user_timeout_ms, 15000);
        ck_assert_int_gt(keepalive_idle_s, 0);
        ck_assert_int_le(keepalive_idle_s + keepalive_every_s * keepalive_times, 15);
}
END_TEST

START_TEST(a_flood_does_not_keep_the_loop)
{
        s.answer = flood;
        s.slow = true;
        run((struct request_spec){.on_bytes = on_bytes});
        ck_assert_uint_eq(s.bytes, 1 << 20);
        ck_assert_int_eq(s.most_in_turn, 1);
}
END_TEST

START_TEST(cancelled_while_it_waits_for_the_next_turn)
{
        s.answer = flood;
        s.slow = s.cancel_while_paused = true;
        run((struct request_spec){.on_bytes = on_bytes});
        s.slow = s.cancel_while_paused = false;
        run((struct request_spec){.lane = LANE_LEASE}); /* who was cancelled is not called */
        ck_assert_int_eq(s.done, 1);
}
END_TEST

static void tick(void *arg)
{
        (void)arg;
        if (++s.ticks == 10)
                loop_stop(s.loop);
        loop_timer_at(s.ticker, mono_add(mono_now(), 5 * MSEC));
}

/* Ten ticks and the end come long before the resolver gives up, or this test takes longer than it may. */
START_TEST(a_name_that_takes_long_keeps_nobody)
{
        slow_names = true;
        transport_servers(s.transport, &elsewhere, 1);
        s.ticker = loop_timer_new(s.loop, tick, NULL);
        loop_timer_at(s.ticker, mono_now());
        run((struct request_spec){0});
        ck_assert_int_eq(s.ticks, 10);
        ck_assert_int_eq(s.done, 0);
        request_cancel(s.request);
        loop_timer_free(s.ticker);
}
END_TEST

START_TEST(lanes_do_not_share_connections)
{
        run((struct request_spec){.lane = LANE_WATCH});
        s.done = 0;
        run((struct request_spec){.lane = LANE_WATCH});
        ck_assert_int_eq(s.server.accepted, 1);
        s.done = 0;
        run((struct request_spec){.lane = LANE_LEASE});
        ck_assert_int_eq(s.server.accepted, 2);
}
END_TEST

START_TEST(a_resolver_that_blocks_is_refused)
{
        char *error = NULL;
        blocking_resolver = true;
        struct transport *t = transport_new(s.loop, &s.auth, &error);
        blocking_resolver = false;
        ck_assert_ptr_null(t);
        ck_assert_ptr_nonnull(error);
        ck_assert_ptr_nonnull(strstr(error, "AsynchDNS"));
        free(error);
}
END_TEST

static void unauthorized_once(struct fake_conn *c)
{
        s.answer = ok;
        s.auth.token_read = (struct mono){0};
        fake_reply(c, 401, "", "{}");
}

/* Twice: the headers of the first try, and those of the second one, when the token file holds another. */
START_TEST(headers_with_the_token_are_wiped)
{
        char file[] = "herald-test-XXXXXX";
        int fd = mkstemp(file);
        ck_assert_int_eq(write(fd, "s3cret-2", 8), 8);
        close(fd);
        s.auth.token = xstrdup("s3cret-1");
        s.auth.token_file = xstrdup(file);
        s.auth.token_read = mono_now();
        s.answer = unauthorized_once;
        lists_freed = 0;
        run((struct request_spec){0});
        ck_assert_int_eq(s.status, 200);
        ck_assert_ptr_nonnull(strstr(s.head, "Authorization: Bearer s3cret-2\r\n"));
        ck_assert_int_eq(s.requests, 2);
        ck_assert_int_ge(lists_freed, 2);
        ck_assert_int_eq(secrets_left, 0);
        unlink(file);
        free(s.auth.token);
        free(s.auth.token_file);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("transport");
        TCase *tc = tcase_create("transport");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, a_request_with_a_body);
        tcase_add_test(tc, an_answer_that_is_too_large);
        tcase_add_test(tc, no_answer_in_time);
        tcase_add_test(tc, redirects_are_not_followed);
        tcase_add_test(tc, a_stream_that_is_stopped);
        tcase_add_test(tc, cancelled_in_its_own_callback);
        tcase_add_test(tc, cancelled_before_it_was_sent);
        tcase_add_test(tc, freed_with_a_request_under_way);
        tcase_add_test(tc, proxies_of_the_environment_are_ignored);
        tcase_add_test(tc, a_command_follows_them);
        tcase_add_test(tc, half_open_connections_are_found_within_15_s);
        tcase_add_test(tc, a_flood_does_not_keep_the_loop);
        tcase_add_test(tc, cancelled_while_it_waits_for_the_next_turn);
        tcase_add_test(tc, a_name_that_takes_long_keeps_nobody);
        tcase_add_test(tc, lanes_do_not_share_connections);
        tcase_add_test(tc, a_resolver_that_blocks_is_refused);
        tcase_add_test(tc, headers_with_the_token_are_wiped);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
