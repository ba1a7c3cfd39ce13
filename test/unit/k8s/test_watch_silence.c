/* A watch that falls silent, and a server that does. Time is moved on under the feet of everybody: the loop, libcurl and the watch. */
#include "watch_scene.h"
#include "test/unit/base/suite.h"
#include <sys/syscall.h>
#include <time.h>

static time_t ahead;

int clock_gettime(clockid_t id, struct timespec *ts)
{
        long failed = syscall(SYS_clock_gettime, id, ts);
        ts->tv_sec += ahead;
        return (int)failed;
}

static void stop(void *arg)
{
        (void)arg;
        loop_stop(s.loop);
}

/* So many seconds pass, and the loop finds out. */
static void pass(time_t seconds)
{
        struct loop_timer *timer = loop_timer_new(s.loop, stop, NULL);
        s.until = NULL;
        ahead += seconds;
        loop_timer_at(s.deadline, mono_add(mono_now(), 20 * SEC));
        loop_timer_at(timer, mono_add(mono_now(), 50 * MSEC));
        loop_run(s.loop);
        loop_timer_free(timer);
}

static void wait_for_request(size_t n)
{
        while (s.at < n && !s.unexpected[0])
                pass(0);
        ck_assert_msg(!s.unexpected[0], "%s", s.unexpected);
}

static void wait_for_trace(const char *until)
{
        s.until = until;
        loop_timer_at(s.deadline, mono_add(mono_now(), 20 * SEC));
        if (strcmp(s.trace, until) != 0)
                loop_run(s.loop);
        ck_assert_msg(!s.unexpected[0], "%s; trace: %s", s.unexpected, s.trace);
        ck_assert_str_eq(s.trace, until);
}

START_TEST(a_silent_watch_goes_on_from_where_it_was_on_a_new_connection)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8") EVENT("BOOKMARK", "", "11")},
                {"&watch=1&resourceVersion=11&", HOLD, 0, NULL, EVENT("ADDED", "c", "12")},
                {"&watch=1&resourceVersion=12&", HOLD, 0, NULL, ""}, /* the first bookmark of this one never came */
        };
        PLAY(script, "begin a end LIVE b ");
        int accepted = s.server.accepted;
        pass(180);
        ck_assert_uint_eq(s.at, 2);
        ck_assert_uint_eq(watch_stats(s.watch).stalls, 0);
        pass(15);
        wait_for_trace("begin a end LIVE b c ");
        ck_assert_uint_eq(watch_stats(s.watch).stalls, 1);
        ck_assert_int_gt(s.server.accepted, accepted);
        pass(195);
        wait_for_request(4);
        ck_assert_uint_eq(watch_stats(s.watch).stalls, 2);
        ck_assert_uint_eq(watch_stats(s.watch).lists, 1);
}
END_TEST

START_TEST(a_server_without_bookmarks_may_be_silent)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin a end LIVE b ");
        pass(195);
        ck_assert_uint_eq(s.at, 2);
        ck_assert_uint_eq(watch_stats(s.watch).stalls, 0);
}
END_TEST

START_TEST(an_answer_that_never_begins_is_silence)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1&resourceVersion=7&", MUTE, 0, NULL, NULL},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin a end LIVE ");
        wait_for_request(2);
        pass(195);
        wait_for_trace("begin a end LIVE b ");
        ck_assert_uint_eq(watch_stats(s.watch).stalls, 1);
}
END_TEST

START_TEST(a_stream_that_stops_in_the_middle_means_list)
{
        static const struct step script[] = {
                {"&sendInitialEvents=true&", HOLD, 0, NULL, EVENT("ADDED", "a", "5")},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("b"))},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "c", "8")},
        };
        s.streams = true;
        PLAY(script, "begin a ");
        pass(10);
        ck_assert_uint_eq(s.at, 1);
        pass(6);
        wait_for_trace("begin a begin b end LIVE c ");
        ck_assert_uint_eq(watch_stats(s.watch).stalls, 1);
}
END_TEST

static void answered(void *arg, const struct reply *reply)
{
        (void)arg;
        ck_assert_int_eq(reply->status, 200);
}

/* Somebody else's request is answered. */
static void ask(void)
{
        const struct request_spec spec = {.method = "GET", .path = "/livez", .lane = LANE_LEASE, .on_done = answered};
        transport_send(s.transport, &spec);
}

#define AWAY   {"&resourceVersion=7&", DROP, 0, NULL, NULL}
#define AWAY_5 AWAY, AWAY, AWAY, AWAY, AWAY
#define LISTED {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))}

START_TEST(a_server_that_is_back_is_used_soon)
{
        static const struct step script[] = {
                LISTED,
                AWAY_5, AWAY_5, /* some of them tried twice by libcurl; the next pause is of 12 s or more */
                {"&resourceVersion=7&", WHOLE, 403, NULL, "{}"}, /* it starts */
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        s.away = true;
        PLAY(script, "begin a end LIVE ");
        while (s.at < 11)
                pass(31);
        pass(0);
        struct mono before = mono_now();
        s.away = false;
        ask();
        wait_for_request(13);
        ck_assert_int_lt(mono_since(mono_now(), before), 8 * SEC);
}
END_TEST

START_TEST(where_others_are_answered_all_the_time_the_pauses_get_longer)
{
        static const struct step script[] = {LISTED, AWAY_5, AWAY_5, AWAY_5, AWAY_5, AWAY_5};
        PLAY(script, "begin a end LIVE ");
        for (int i = 0; i < 20; i++) { /* 4 s each */
                ask();
                pass(4);
        }
        ck_assert_uint_lt(s.at, 14);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("watch_silence");
        TCase *tc = tcase_create("watch_silence");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_silent_watch_goes_on_from_where_it_was_on_a_new_connection);
        tcase_add_test(tc, a_server_without_bookmarks_may_be_silent);
        tcase_add_test(tc, an_answer_that_never_begins_is_silence);
        tcase_add_test(tc, a_stream_that_stops_in_the_middle_means_list);
        tcase_add_test(tc, a_server_that_is_back_is_used_soon);
        tcase_add_test(tc, where_others_are_answered_all_the_time_the_pauses_get_longer);
        suite_add_tcase(suite, tc);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
