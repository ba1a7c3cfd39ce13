/* A watch that begins with all that exists (WatchList), and what becomes of it where the server has none. */
#include "watch_scene.h"

#define END_OF_LIST(rv)                                                                                      \
        "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{"             \
        "\"resourceVersion\":\"" rv "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n"
#define STREAM "&watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds="

static void setup_stream(void)
{
        setup();
        s.streams = true;
}

START_TEST(one_stream_is_list_and_watch)
{
        static const struct step script[] = {
                {STREAM, EOF_, 0, NULL,
                 EVENT("ADDED", "a", "90") EVENT("ADDED", "b", "5") END_OF_LIST("7") EVENT("ADDED", "c", "8")},
                {"&watch=1&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "d", "9")},
        };
        PLAY(script, "begin a b end LIVE c d ");
        ck_assert_ptr_null(strcasestr(s.head, "accept-encoding")); /* a gzip of many members cannot be read */
        ck_assert_uint_eq(watch_stats(s.watch).streamed, 1);
        ck_assert_uint_eq(watch_stats(s.watch).events, 5);
        ck_assert(watch_stats(s.watch).open);
}
END_TEST

START_TEST(a_server_without_it_gets_a_list)
{
        static const struct step script[] = {
                {STREAM, WHOLE, 422, NULL, "{\"kind\":\"Status\",\"code\":422}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, GONE},
                {"&limit=500", WHOLE, 200, NULL, LIST("8", "", ITEM("a"))}, /* it is not asked again so soon */
                {"&watch=1&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "b", "9")},
        };
        PLAY(script, "begin a end LIVE begin+ a end+ b ");
        ck_assert_uint_eq(watch_stats(s.watch).streamed, 0);
        ck_assert_uint_eq(watch_stats(s.watch).lists, 2);
        ck_assert_uint_eq(watch_stats(s.watch).expired, 1);
}
END_TEST

/* As with an etcd that sends no progress: 200, and then an ERROR event. */
START_TEST(an_error_in_the_middle_means_list)
{
        static const struct step script[] = {
                {STREAM, HOLD, 0, NULL,
                 EVENT("ADDED", "a", "5") "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500}}\n"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("b"))},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "c", "8")},
        };
        PLAY(script, "begin a begin b end LIVE c ");
}
END_TEST

START_TEST(a_stream_that_ends_too_soon_means_list)
{
        static const struct step script[] = {
                {STREAM, EOF_, 0, NULL, EVENT("ADDED", "a", "5")},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&watch=1&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "c", "8")},
        };
        PLAY(script, "begin a begin end LIVE c ");
}
END_TEST

START_TEST(a_server_that_is_busy_is_asked_again)
{
        static const struct step script[] = {
                {STREAM, WHOLE, 429, "Retry-After: 1\r\n", "{}"},
                {STREAM, HOLD, 0, NULL, END_OF_LIST("7") EVENT("ADDED", "c", "8")},
        };
        PLAY(script, "STARTING begin end LIVE c ");
        ck_assert(between(0, 1) >= 1);
}
END_TEST

START_TEST(an_unknown_kind_is_empty_until_it_is_there)
{
        static const struct step script[] = {
                {STREAM, WHOLE, 404, NULL, "{}"},
        };
        PLAY(script, "begin end ABSENT ");
        ck_assert(watch_is_missing(s.watch));
        static const struct step then[] = {
                {STREAM, HOLD, 0, NULL, EVENT("ADDED", "a", "5") END_OF_LIST("7")},
        };
        s.script = then;
        s.at = 0;
        s.n_script = 1;
        s.until = "begin end ABSENT begin+ a end+ LIVE ";
        watch_retry_now(s.watch);
        loop_run(s.loop);
        ck_assert_str_eq(s.trace, s.until);
        ck_assert(!watch_is_missing(s.watch));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("watch_stream");
        TCase *tc = tcase_create("watch_stream");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup_stream, teardown);
        tcase_add_test(tc, one_stream_is_list_and_watch);
        tcase_add_test(tc, a_server_without_it_gets_a_list);
        tcase_add_test(tc, an_error_in_the_middle_means_list);
        tcase_add_test(tc, a_stream_that_ends_too_soon_means_list);
        tcase_add_test(tc, a_server_that_is_busy_is_asked_again);
        tcase_add_test(tc, an_unknown_kind_is_empty_until_it_is_there);
        suite_add_tcase(suite, tc);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
