/* The Lease's requests against a server that keeps one Lease. The algorithm itself: test_lease_fsm.c. */
#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/lease.h"
#include "k8s/transport.h"
#include "json/json.h"
#include <check.h>
#include <signal.h>

struct scene {
        struct loop *loop;
        struct fake_server server;
        struct auth auth;
        struct transport *transport;
        struct lease *lease;
        struct loop_timer *timer;
        struct json_object *stored; /* what the server holds */
        int version, refuse;        /* refuse: answer with this status */
        uint64_t term;
        int followed, released, wanted_puts, puts;
        char trouble[512], last_holder[512];
        bool late;
};

static struct scene s;

static const char *spec_text(const char *key)
{
        return json_string_at(json_object_at(s.stored, "spec"), key);
}

static void store(struct json_object *obj)
{
        char version[16];
        const char *holder;
        snprintf(version, sizeof(version), "%d", ++s.version);
        json_object_put(s.stored);
        s.stored = obj;
        json_object_object_add(json_object_at(obj, "metadata"), "resourceVersion",
                               json_object_new_string(version));
        holder = spec_text("holderIdentity");
        if (holder && *holder)
                snprintf(s.last_holder, sizeof(s.last_holder), "%s", holder);
}

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        static const char collection[] = "/apis/coordination.k8s.io/v1/namespaces/hb/leases";
        (void)arg;
        bool get = strcmp(r->method, "GET") == 0, post = strcmp(r->method, "POST") == 0;
        ck_assert_int_eq(strncmp(r->path, collection, strlen(collection)), 0);
        ck_assert_str_eq(r->path + strlen(collection), post ? "" : "/heraldlb");
        if (s.refuse || (get && !s.stored)) {
                fake_reply(c, s.refuse ? s.refuse : 404, "", "{\"message\":\"because\"}");
                return;
        }
        if (!get) {
                struct json_object *obj = json_tokener_parse(r->body);
                const char *rv = json_string_at(json_object_at(obj, "metadata"), "resourceVersion");
                if (post ? s.stored != NULL : !rv || atoi(rv) != s.version) {
                        json_object_put(obj);
                        fake_reply(c, 409, "", "{}");
                        return;
                }
                store(obj);
                s.puts++;
        }
        fake_reply(c, post ? 201 : 200, "", json_object_to_json_string(s.stored));
        if (s.wanted_puts && s.puts == s.wanted_puts)
                loop_stop(s.loop);
}

static void on_leading(void *arg, uint64_t term)
{
        (void)arg;
        s.term = term;
        loop_stop(s.loop);
}

static void on_following(void *arg)
{
        (void)arg;
        s.followed++;
        loop_stop(s.loop);
}

static void on_trouble(void *arg, const char *sentence)
{
        (void)arg;
        snprintf(s.trouble, sizeof(s.trouble), "%s", sentence);
        if (*sentence)
                loop_stop(s.loop);
}

static void on_released(void *arg)
{
        (void)arg;
        s.released++;
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
        s = (struct scene){.loop = loop_new("test")};
        fake_start(&s.server, s.loop, serve, NULL);
        s.auth.server = xprintf("http://127.0.0.1:%d", s.server.port);
        s.transport = transport_new(s.loop, &s.auth, &error);
        s.timer = loop_timer_new(s.loop, too_late, NULL);
}

static void teardown(void)
{
        lease_free(s.lease);
        transport_free(s.transport);
        fake_stop(&s.server);
        loop_timer_free(s.timer);
        loop_free(s.loop);
        json_object_put(s.stored);
        free(s.auth.server);
}

static void run(void)
{
        loop_timer_at(s.timer, mono_add(mono_now(), 20 * SEC));
        loop_run(s.loop);
        ck_assert(!s.late);
}

static void compete(void)
{
        const struct lease_handler handler = {on_leading, on_following, on_trouble};
        s.lease = lease_new(s.transport, "hb", "heraldlb", "node-a", &handler, NULL);
        run();
}

START_TEST(created_renewed_and_given_back)
{
        char acquired[64];
        compete();
        ck_assert_uint_eq(s.term, 1);
        ck_assert_int_eq(strncmp(s.last_holder, "node-a_", 7), 0);
        ck_assert_uint_gt(strlen(s.last_holder), 15);
        ck_assert_int_eq(json_int_at(json_object_at(s.stored, "spec"), "leaseDurationSeconds"), 15);
        ck_assert_uint_eq(strlen(spec_text("renewTime")), strlen("2006-01-02T15:04:05.000000Z"));
        snprintf(acquired, sizeof(acquired), "%s", spec_text("acquireTime"));
        s.wanted_puts = 2;
        run(); /* one renewal, 2 s later */
        ck_assert_str_eq(spec_text("acquireTime"), acquired);
        ck_assert_str_ne(spec_text("renewTime"), acquired);
        lease_release(s.lease, on_released, NULL);
        run();
        while (!s.released)
                run();
        ck_assert_str_eq(spec_text("holderIdentity"), "");
        ck_assert_int_eq(json_int_at(json_object_at(s.stored, "spec"), "leaseDurationSeconds"), 1);
        ck_assert_int_eq(json_int_at(json_object_at(s.stored, "spec"), "leaseTransitions"), 1);
        ck_assert_int_eq(s.followed, 0);
}
END_TEST

static void store_text(const char *spec)
{
        char text[1024];
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{\"name\":"
                 "\"heraldlb\",\"namespace\":\"hb\",\"labels\":{\"keep\":\"me\"}},\"spec\":%s}",
                 spec);
        store(json_tokener_parse(text));
}

START_TEST(a_free_lease_is_taken_and_what_is_not_ours_stays)
{
        store_text(
                "{\"holderIdentity\":\"\",\"leaseTransitions\":6,\"strategy\":\"OldestEmulationVersion\"}");
        compete();
        ck_assert_uint_eq(s.term, 7);
        ck_assert_str_eq(spec_text("strategy"), "OldestEmulationVersion");
        ck_assert_str_eq(
                json_string_at(json_object_at(json_object_at(s.stored, "metadata"), "labels"), "keep"), "me");
}
END_TEST

START_TEST(a_short_lease_of_a_silent_holder_is_taken)
{
        store_text("{\"holderIdentity\":\"x_1\",\"leaseDurationSeconds\":1,\"leaseTransitions\":1,"
                   "\"renewTime\":\"once\"}");
        compete();
        ck_assert_uint_eq(s.term, 2);
}
END_TEST

START_TEST(nonsense_in_the_lease_does_no_harm)
{
        store_text("{\"holderIdentity\":7,\"leaseDurationSeconds\":\"x\",\"leaseTransitions\":-5,"
                   "\"renewTime\":[]}");
        compete();
        ck_assert_uint_eq(s.term, 1);
}
END_TEST

START_TEST(a_leader_that_is_deposed_follows)
{
        compete();
        store_text("{\"holderIdentity\":\"x_1\",\"leaseDurationSeconds\":15,\"leaseTransitions\":2,"
                   "\"renewTime\":\"now\"}");
        run();
        ck_assert_int_eq(s.followed, 1);
}
END_TEST

START_TEST(trouble_is_told)
{
        s.refuse = 403;
        compete();
        ck_assert_str_eq(s.trouble, "cannot use the Lease hb/heraldlb: the server answered 403: because");
        lease_release(s.lease, on_released, NULL); /* nothing is held: done in the next turn */
        ck_assert_int_eq(s.released, 0);
        run();
        ck_assert_int_eq(s.released, 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("lease");
        TCase *tc = tcase_create("lease");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, created_renewed_and_given_back);
        tcase_add_test(tc, a_free_lease_is_taken_and_what_is_not_ours_stays);
        tcase_add_test(tc, a_short_lease_of_a_silent_holder_is_taken);
        tcase_add_test(tc, nonsense_in_the_lease_does_no_harm);
        tcase_add_test(tc, a_leader_that_is_deposed_follows);
        tcase_add_test(tc, trouble_is_told);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
