/* The queue of writes against a server that answers as it is told. */
#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/transport.h"
#include "k8s/write.h"
#include <check.h>
#include <signal.h>

enum { HELD_MAX = 256 };

struct scene {
        struct loop *loop;
        struct fake_server server;
        struct auth auth;
        struct transport *transport;
        struct writer *writer;
        struct loop_timer *timer;
        int status; /* of every answer; 0: the request is held; -1: the connection is closed */
        const char *headers;
        int requests, results[WRITE_SUPERSEDED + 1], done, stop_at;
        struct fake_conn *held[HELD_MAX];
        char bodies[16][512], sentence[512];
        struct mono first, last;
        int poison; /* the status of every answer about the Service "bad" */
        bool again; /* put the same write again, once, when it failed */
        bool late;
        bool deposed; /* this node leads no more */
};

static struct scene s;

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg;
        if (s.requests < 16)
                snprintf(s.bodies[s.requests], sizeof(s.bodies[0]), "%s", r->body);
        if (s.requests == 0)
                s.first = mono_now();
        s.last = mono_now();
        s.held[s.requests % HELD_MAX] = c;
        s.requests++;
        if (s.poison && strstr(r->path, "/bad/"))
                fake_reply(c, s.poison, "", "{}");
        else if (s.status > 0)
                fake_reply(c, s.status, s.headers ? s.headers : "", "{\"message\":\"because\"}");
        else if (s.status < 0)
                fake_close(c);
        else if (s.requests == s.stop_at)
                loop_stop(s.loop);
}

static void on_done(void *arg, const struct write *w, enum write_result result, const char *sentence)
{
        (void)arg;
        s.results[result]++;
        snprintf(s.sentence, sizeof(s.sentence), "%s", sentence);
        if (s.poison && strcmp(w->ref.name, "bad") == 0)
                writer_put(s.writer, write_new(w->type, &w->ref));
        if (s.again && result != WRITE_SUPERSEDED) {
                s.again = false;
                s.status = 200;
                writer_put(s.writer, write_new(w->type, &w->ref));
        }
        if (++s.done == s.stop_at)
                loop_stop(s.loop);
}

static bool may_lead(void *arg)
{
        (void)arg;
        return !s.deposed;
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
        s = (struct scene){.loop = loop_new("test"), .status = 200};
        fake_start(&s.server, s.loop, serve, NULL);
        s.auth.server = xprintf("http://127.0.0.1:%d", s.server.port);
        s.transport = transport_new(s.loop, &s.auth, &error);
        s.writer = writer_new(s.transport, "node-a", on_done, may_lead, NULL);
        s.timer = loop_timer_new(s.loop, too_late, NULL);
}

static void teardown(void)
{
        writer_free(s.writer);
        transport_free(s.transport);
        fake_stop(&s.server);
        loop_timer_free(s.timer);
        loop_free(s.loop);
        free(s.auth.server);
}

/* Until so many results, or held requests, came. */
static void run_until(int n)
{
        s.stop_at = n;
        loop_timer_at(s.timer, mono_add(mono_now(), 20 * SEC));
        loop_run(s.loop);
        ck_assert_msg(!s.late, "waited in vain: %d requests, %d results, %s", s.requests, s.done, s.sentence);
}

static void put(enum write_type type, const char *name, const char *pool)
{
        const struct ref ref = {KIND_SERVICE, "", "shop", name, "u", "1"};
        struct write *w = write_new(type, &ref);
        w->pool = pool;
        w->reason = REASON_ALLOCATED;
        w->message = pool;
        writer_put(s.writer, w);
}

START_TEST(a_write_is_carried_out)
{
        put(WRITE_STATUS, "web", "p");
        ck_assert_int_eq(s.done, 0);
        ck_assert_uint_eq(writer_pending(s.writer), 1);
        run_until(1);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
        ck_assert_str_eq(s.sentence, "");
        ck_assert_uint_eq(writer_pending(s.writer), 0);
        ck_assert_ptr_nonnull(strstr(s.bodies[0], "\"uid\":\"u\",\"resourceVersion\":\"1\""));
}
END_TEST

START_TEST(answers_and_their_results)
{
        static const struct {
                int status;
                enum write_result result;
        } cases[] = {
                {201, WRITE_OK},
                {409, WRITE_CONFLICT},
                {404, WRITE_GONE},
                {422, WRITE_FAILED},
                {403, WRITE_FAILED},
                {429, WRITE_FAILED},
                {503, WRITE_FAILED},
                {500, WRITE_FAILED_UNKNOWN},
                {504, WRITE_FAILED_UNKNOWN},
                {-1, WRITE_FAILED_UNKNOWN},
        };
        s.status = cases[_i].status;
        put(WRITE_STATUS, "web", "p");
        run_until(1);
        ck_assert_msg(s.results[cases[_i].result] == 1, "%d: %s", cases[_i].status, s.sentence);
        if (s.status >= 400)
                ck_assert_ptr_nonnull(strstr(s.sentence, "because"));
}
END_TEST

START_TEST(nobody_listens_so_nothing_was_done)
{
        fake_stop(&s.server);
        put(WRITE_STATUS, "web", "p");
        run_until(1);
        ck_assert_int_eq(s.results[WRITE_FAILED], 1);
        fake_start(&s.server, s.loop, serve, NULL);
}
END_TEST

START_TEST(the_newest_takes_the_place_of_what_waits)
{
        s.status = 0;
        put(WRITE_STATUS, "web", "one");
        run_until(1); /* it is at the server */
        put(WRITE_STATUS, "web", "two");
        put(WRITE_STATUS, "web", "three");
        put(WRITE_STATUS, "other", "x");
        run_until(2); /* only the other object's */
        ck_assert_int_eq(s.requests, 2);
        s.status = 200;
        fake_reply(s.held[0], 200, "", "{}");
        fake_reply(s.held[1], 200, "", "{}");
        run_until(4);
        ck_assert_int_eq(s.results[WRITE_SUPERSEDED], 1);
        ck_assert_int_eq(s.results[WRITE_OK], 3);
        ck_assert_int_eq(s.requests, 3);
        ck_assert_ptr_nonnull(strstr(s.bodies[2], "three"));
}
END_TEST

START_TEST(many_writes_share_few_connections)
{
        for (int i = 0; i < 120; i++) {
                char name[16];
                snprintf(name, sizeof(name), "web-%d", i);
                put(WRITE_STATUS, name, "p");
        }
        run_until(120);
        ck_assert_int_eq(s.results[WRITE_OK], 120);
        ck_assert_int_le(s.server.accepted, 8); /* connections */
}
END_TEST

START_TEST(events_are_slowed_down_after_a_burst)
{
        for (int i = 0; i < 25; i++) {
                char name[16];
                snprintf(name, sizeof(name), "web-%d", i);
                put(WRITE_EVENT, name, "p");
        }
        run_until(25);
        ck_assert_int_eq(s.results[WRITE_OK], 25);
        ck_assert(mono_since(s.last, s.first) >= 400 * MSEC);
}
END_TEST

START_TEST(a_refused_object_waits_alone)
{
        s.status = 409;
        s.again = true;
        put(WRITE_STATUS, "web", "p");
        run_until(2);
        ck_assert_int_eq(s.results[WRITE_CONFLICT], 1);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
        ck_assert(mono_since(s.last, s.first) >= 100 * MSEC);
}
END_TEST

static const int of_one_object[] = {500, 403};

START_TEST(one_object_that_is_always_refused_holds_up_no_other)
{
        s.poison = of_one_object[_i];
        put(WRITE_STATUS, "bad", "p");
        run_until(7); /* it alone waits for 6 s now */
        put(WRITE_STATUS, "web", "p");
        struct mono before = mono_now();
        run_until(8);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
        ck_assert_int_lt(mono_since(mono_now(), before), 2 * SEC);
}
END_TEST

START_TEST(a_server_that_asks_for_time_gets_it)
{
        s.status = 429;
        s.headers = "Retry-After: 1\r\n";
        s.again = true;
        put(WRITE_STATUS, "web", "p");
        run_until(2);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
        ck_assert(mono_since(s.last, s.first) >= SEC);
}
END_TEST

START_TEST(forbidden_events_delay_no_status)
{
        s.status = 403;
        s.headers = "Retry-After: 10\r\n";
        put(WRITE_EVENT, "web", "p");
        run_until(1);
        s.status = 200;
        put(WRITE_STATUS, "web", "p");
        run_until(2);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
        ck_assert(mono_since(s.last, s.first) < 5 * SEC);
}
END_TEST

START_TEST(freed_with_work_left)
{
        s.status = 0;
        put(WRITE_STATUS, "web", "one");
        run_until(1);
        put(WRITE_STATUS, "web", "two");
        put(WRITE_STATUS, "web", "three");
        ck_assert_int_eq(s.done, 0);
}
END_TEST

/* A leader that slept through its lease sends nothing; NodeState is not the leader's. */
START_TEST(who_does_not_lead_sends_only_its_own)
{
        struct ref node = {KIND_NODESTATE, "heraldlb.io", "", "n1", "", ""};
        struct write *own = write_new(WRITE_APPLY, &node);
        own->body = xstrdup("{}");
        s.deposed = true;
        put(WRITE_STATUS, "web", "p");
        put(WRITE_EVENT, "web", "p");
        writer_put(s.writer, own);
        run_until(3);
        ck_assert_int_eq(s.requests, 1);
        ck_assert_int_eq(s.results[WRITE_NOT_LEADING], 2);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
}
END_TEST

START_TEST(what_is_under_way_ends_with_leading)
{
        s.status = 0;
        put(WRITE_STATUS, "web", "p");
        run_until(1);
        ck_assert_int_eq(s.requests, 1);
        put(WRITE_STATUS, "web", "q");
        put(WRITE_STATUS, "db", "p");
        ck_assert_uint_eq(writer_pending(s.writer), 3);
        writer_stop_leading(s.writer);
        ck_assert_uint_eq(writer_pending(s.writer), 0);
        s.status = 200;
        s.done = 0;
        put(WRITE_STATUS, "web", "r"); /* and it begins again */
        run_until(1);
        ck_assert_int_eq(s.results[WRITE_OK], 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("write");
        TCase *tc = tcase_create("write");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, a_write_is_carried_out);
        tcase_add_loop_test(tc, answers_and_their_results, 0, 10);
        tcase_add_test(tc, nobody_listens_so_nothing_was_done);
        tcase_add_test(tc, the_newest_takes_the_place_of_what_waits);
        tcase_add_test(tc, many_writes_share_few_connections);
        tcase_add_test(tc, events_are_slowed_down_after_a_burst);
        tcase_add_test(tc, a_refused_object_waits_alone);
        tcase_add_loop_test(tc, one_object_that_is_always_refused_holds_up_no_other, 0, 2);
        tcase_add_test(tc, a_server_that_asks_for_time_gets_it);
        tcase_add_test(tc, forbidden_events_delay_no_status);
        tcase_add_test(tc, who_does_not_lead_sends_only_its_own);
        tcase_add_test(tc, what_is_under_way_ends_with_leading);
        tcase_add_test(tc, freed_with_work_left);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
