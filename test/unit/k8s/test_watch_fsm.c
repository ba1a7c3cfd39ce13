/* What a watch does next, row by row: status and event codes in, the next request and its delay out. */
#include "k8s/watch_fsm.h"
#include <check.h>
#include <string.h>

static struct watch_fsm f;

static void setup(void)
{
        watch_fsm_init(&f, true, false, 42);
        watch_fsm_start(&f);
}

static void teardown(void)
{
        watch_fsm_clear(&f);
}

static struct watch_step page(const char *rv, const char *next)
{
        const struct watch_end end = {.status = 200, .retry_after_s = -1, .whole = true};
        return watch_fsm_listed(&f, &end, rv, next);
}

static struct watch_step list_answers(int status, int64_t retry_after)
{
        const struct watch_end end = {.status = status, .retry_after_s = retry_after};
        return watch_fsm_listed(&f, &end, NULL, NULL);
}

static struct watch_step watch_ends(struct watch_end end)
{
        if (end.retry_after_s == 0)
                end.retry_after_s = -1;
        return watch_fsm_watched(&f, &end);
}

static void check_step(struct watch_step step, enum watch_want want, double min_s, double max_s)
{
        double delay = (double)step.delay_ns / 1e9;
        ck_assert_int_eq(step.want, want);
        ck_assert_msg(delay >= min_s && delay <= max_s, "waits %f s, not %f to %f", delay, min_s, max_s);
        if (want == WANT_WATCH)
                ck_assert(step.timeout_s >= 300 && step.timeout_s <= 600);
}

START_TEST(pages_then_a_watch)
{
        check_step(page("7", "p2"), WANT_LIST, 0, 0);
        ck_assert_str_eq(f.next, "p2");
        ck_assert_int_eq(f.state, WATCH_STARTING);
        check_step(page("7", "p3"), WANT_LIST, 0, 0);
        check_step(page("7", ""), WANT_WATCH, 0, 0);
        ck_assert_str_eq(f.rv, "7");
        ck_assert_int_eq(f.state, WATCH_LIVE);
        ck_assert_ptr_null(f.next);
}
END_TEST

START_TEST(a_list_without_a_version_or_with_an_endless_page_is_not_believed)
{
        check_step(page(NULL, NULL), WANT_LIST, 0.4, 0.8);
        check_step(page("7", "p2"), WANT_LIST, 0, 0);
        check_step(page("7", "p2"), WANT_LIST, 0.8, 1.6);
        ck_assert_ptr_null(f.next);
        ck_assert_int_eq(f.state, WATCH_STARTING);
}
END_TEST

START_TEST(an_expired_page_begins_again_without_pages)
{
        page("7", "p2");
        check_step(list_answers(410, -1), WANT_LIST, 0.4, 0.8);
        ck_assert_ptr_null(f.next);
        ck_assert(f.unpaged);
        page("9", NULL);
        ck_assert(!f.unpaged);
}
END_TEST

START_TEST(a_page_that_failed_is_asked_for_again)
{
        page("7", "p2");
        check_step(list_answers(500, -1), WANT_LIST, 0.4, 0.8);
        ck_assert_str_eq(f.next, "p2");
        check_step(list_answers(0, -1), WANT_LIST, 0.8, 1.6);
        check_step(list_answers(429, 7), WANT_LIST, 7, 8);
        check_step(list_answers(503, 1), WANT_LIST, 3.2, 6.4);
        ck_assert_str_eq(f.next, "p2");
}
END_TEST

START_TEST(backoff_doubles_to_30_s)
{
        static const double base[] = {0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30};
        for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
                check_step(list_answers(0, -1), WANT_LIST, base[i] / 2, base[i]);
}
END_TEST

START_TEST(no_two_daemons_come_back_at_once)
{
        int64_t least = INT64_MAX, most = 0;
        for (uint64_t seed = 1; seed <= 50; seed++) {
                struct watch_fsm other;
                watch_fsm_init(&other, false, false, seed * UINT64_C(0x9E3779B97F4A7C15));
                watch_fsm_start(&other);
                const struct watch_end end = {.retry_after_s = -1};
                int64_t delay = watch_fsm_listed(&other, &end, NULL, NULL).delay_ns;
                least = delay < least ? delay : least;
                most = delay > most ? delay : most;
                watch_fsm_clear(&other);
        }
        ck_assert_int_ge(least, 400 * MSEC);
        ck_assert_int_le(least, 480 * MSEC);
        ck_assert_int_ge(most, 720 * MSEC);
        ck_assert_int_le(most, 800 * MSEC);
}
END_TEST

START_TEST(an_absurd_retry_after_is_bounded)
{
        check_step(list_answers(429, INT64_MAX), WANT_LIST, 300, 301);
}
END_TEST

START_TEST(absent_from_the_start_is_empty)
{
        check_step(list_answers(503, -1), WANT_LIST, 0.4, 0.8);
        check_step(list_answers(404, -1), WANT_LIST, 30, 33);
        ck_assert_int_eq(f.state, WATCH_ABSENT);
        check_step(list_answers(0, -1), WANT_LIST, 0.8, 1.6);
        ck_assert_int_eq(f.state, WATCH_STALE);
        check_step(list_answers(404, -1), WANT_LIST, 30, 33);
        ck_assert_int_eq(f.state, WATCH_ABSENT);
        page("7", NULL); /* it was installed */
        ck_assert_int_eq(f.state, WATCH_LIVE);
}
END_TEST

START_TEST(absent_later_and_forbidden_keep_the_content)
{
        check_step(list_answers(403, -1), WANT_LIST, 0.4, 0.8);
        ck_assert_int_eq(f.state, WATCH_STARTING); /* nothing was ever listed */
        page("7", NULL);
        check_step(watch_ends((struct watch_end){.status = 404}), WANT_LIST, 30, 33);
        ck_assert_int_eq(f.state, WATCH_STALE);
        check_step(list_answers(404, -1), WANT_LIST, 30, 33);
        ck_assert_int_eq(f.state, WATCH_STALE);
        page("8", NULL);
        check_step(watch_ends((struct watch_end){.status = 403}), WANT_WATCH, 0.8, 1.6);
        check_step(watch_ends((struct watch_end){.status = 403}), WANT_WATCH, 1.6, 3.2);
        ck_assert_int_eq(f.state, WATCH_STALE);
}
END_TEST

START_TEST(an_unknown_selector_is_dropped_once)
{
        check_step(list_answers(400, -1), WANT_LIST, 0, 0);
        ck_assert(f.optional_dropped);
        check_step(list_answers(400, -1), WANT_LIST, 0.4, 0.8);
}
END_TEST

START_TEST(a_watch_that_ended_well_goes_on_from_the_last_version)
{
        page("7", NULL);
        watch_fsm_saw(&f, "12");
        watch_fsm_saw(&f, "");
        watch_fsm_saw(&f, NULL);
        struct watch_end end = {.status = 200, .whole = true, .events = 3, .lived_ns = 400 * SEC};
        check_step(watch_ends(end), WANT_WATCH, 0, 0.05);
        ck_assert_str_eq(f.rv, "12");
        ck_assert_int_eq(f.state, WATCH_LIVE);
        end.events = 0;
        check_step(watch_ends(end), WANT_WATCH, 0, 0.05);
}
END_TEST

START_TEST(a_very_short_watch_is_a_failure)
{
        page("7", NULL);
        const struct watch_end end = {.status = 200, .whole = true, .lived_ns = SEC / 2};
        check_step(watch_ends(end), WANT_WATCH, 0.4, 0.8);
        check_step(watch_ends(end), WANT_WATCH, 0.8, 1.6);
}
END_TEST

START_TEST(expired_in_both_forms_lists_again_at_once_but_not_in_circles)
{
        page("7", NULL);
        check_step(watch_ends((struct watch_end){.status = 200, .code = 410}), WANT_LIST, 0, 0);
        ck_assert_ptr_null(f.rv);
        ck_assert_int_eq(f.state, WATCH_LIVE);
        page("9", NULL);
        check_step(watch_ends((struct watch_end){.status = 410}), WANT_LIST, 0.4, 0.8);
        page("10", NULL);
        watch_ends((struct watch_end){.status = 200, .whole = true, .lived_ns = 60 * SEC});
        check_step(watch_ends((struct watch_end){.status = 410}), WANT_LIST, 0, 0);
}
END_TEST

START_TEST(a_broken_watch_is_opened_again_without_a_list)
{
        static const struct watch_end ends[] = {
                {.status = 0},
                {.status = 200, .events = 5, .lived_ns = 10 * SEC}, /* cut */
                {.status = 200, .code = 429},
                {.status = 200, .code = 500},
                {.status = 429},
                {.status = 503},
                {.status = 504},
                {.status = 401},
                {.status = 200, .garbage = true, .events = 1},
        };
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                teardown();
                setup();
                page("7", NULL);
                check_step(watch_ends(ends[i]), WANT_WATCH, 0.4, 0.8);
                ck_assert_str_eq(f.rv, "7");
                ck_assert_int_eq(f.state, WATCH_STALE);
                watch_fsm_opened(&f);
                ck_assert_int_eq(f.state, WATCH_LIVE);
        }
}
END_TEST

START_TEST(refusals_that_persist_list_again)
{
        page("7", NULL);
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(watch_ends((struct watch_end){.status = 504}).want, WANT_WATCH);
        ck_assert_int_eq(watch_ends((struct watch_end){.status = 504}).want, WANT_LIST);
        page("8", NULL);
        check_step(watch_ends((struct watch_end){.status = 422}), WANT_LIST, 1, 30);
}
END_TEST

START_TEST(a_server_that_is_away_for_long_is_never_asked_for_a_list)
{
        page("7", NULL);
        for (int i = 0; i < 100; i++)
                ck_assert_int_eq(watch_ends((struct watch_end){.status = 0}).want, WANT_WATCH);
        ck_assert_str_eq(f.rv, "7");
}
END_TEST

START_TEST(watches_that_are_cut_often_are_opened_at_once)
{
        page("7", NULL);
        for (int i = 0; i < 50; i++)
                check_step(watch_ends((struct watch_end){.status = 200, .events = i % 2, .lived_ns = 2 * SEC}), WANT_WATCH, 0.4,
                           0.8);
}
END_TEST

/* Each restart of the API server: a cut, nobody there, no rights yet, and it has forgotten our version. */
START_TEST(many_restarts_are_many_first_ones)
{
        page("7", NULL);
        for (int i = 0; i < 20; i++) {
                watch_ends((struct watch_end){.status = 200, .events = 1, .lived_ns = 20 * SEC});
                watch_ends((struct watch_end){.status = 0});
                watch_ends((struct watch_end){.status = 403});
                check_step(watch_ends((struct watch_end){.status = 410}), WANT_LIST, 0, 0);
                page("8", NULL);
        }
}
END_TEST

START_TEST(who_waits_after_a_410_is_not_current)
{
        page("7", NULL);
        for (int i = 0; i < 8; i++)
                watch_ends((struct watch_end){.status = 503});
        check_step(watch_ends((struct watch_end){.status = 410}), WANT_LIST, 0, 0);
        page("8", NULL);
        ck_assert_int_eq(f.state, WATCH_LIVE);
        check_step(watch_ends((struct watch_end){.status = 410}), WANT_LIST, 0.4, 0.8);
        ck_assert_int_eq(f.state, WATCH_STALE);
}
END_TEST

START_TEST(a_required_kind_is_never_absent)
{
        f.required = true;
        check_step(list_answers(404, -1), WANT_LIST, 0.4, 0.8);
        ck_assert_int_eq(f.state, WATCH_STARTING);
        ck_assert(!f.missing);
        page("7", NULL);
        check_step(watch_ends((struct watch_end){.status = 404}), WANT_WATCH, 0.4, 2);
        ck_assert_int_eq(f.state, WATCH_STALE);
        ck_assert_str_eq(f.rv, "7");
}
END_TEST

START_TEST(a_watch_that_lived_resets_the_backoff)
{
        page("7", NULL);
        for (int i = 0; i < 10; i++)
                watch_ends((struct watch_end){.status = 0});
        watch_ends((struct watch_end){.status = 200, .whole = true, .lived_ns = 31 * SEC});
        check_step(watch_ends((struct watch_end){.status = 0}), WANT_WATCH, 0.4, 0.8);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("watch_fsm");
        TCase *tc = tcase_create("watch_fsm");
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, pages_then_a_watch);
        tcase_add_test(tc, a_list_without_a_version_or_with_an_endless_page_is_not_believed);
        tcase_add_test(tc, an_expired_page_begins_again_without_pages);
        tcase_add_test(tc, a_page_that_failed_is_asked_for_again);
        tcase_add_test(tc, backoff_doubles_to_30_s);
        tcase_add_test(tc, no_two_daemons_come_back_at_once);
        tcase_add_test(tc, an_absurd_retry_after_is_bounded);
        tcase_add_test(tc, absent_from_the_start_is_empty);
        tcase_add_test(tc, absent_later_and_forbidden_keep_the_content);
        tcase_add_test(tc, an_unknown_selector_is_dropped_once);
        tcase_add_test(tc, a_watch_that_ended_well_goes_on_from_the_last_version);
        tcase_add_test(tc, a_very_short_watch_is_a_failure);
        tcase_add_test(tc, expired_in_both_forms_lists_again_at_once_but_not_in_circles);
        tcase_add_test(tc, a_broken_watch_is_opened_again_without_a_list);
        tcase_add_test(tc, refusals_that_persist_list_again);
        tcase_add_test(tc, a_server_that_is_away_for_long_is_never_asked_for_a_list);
        tcase_add_test(tc, watches_that_are_cut_often_are_opened_at_once);
        tcase_add_test(tc, many_restarts_are_many_first_ones);
        tcase_add_test(tc, who_waits_after_a_410_is_not_current);
        tcase_add_test(tc, a_required_kind_is_never_absent);
        tcase_add_test(tc, a_watch_that_lived_resets_the_backoff);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
