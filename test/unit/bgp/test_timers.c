#include "bgp/timers.h"
#include <check.h>
#include <stdlib.h>

static void assert_pause(enum bgp_failure why, unsigned attempt, int64_t expected)
{
        int64_t low = INT64_MAX, high = 0;
        for (uint32_t random = 0; random < 1000; random++) {
                int64_t p = bgp_retry_pause(why, attempt, 0, random * 4294967u);
                low = p < low ? p : low;
                high = p > high ? p : high;
        }
        ck_assert_int_ge(low, expected * 3 / 4);
        ck_assert_int_le(high, expected * 5 / 4);
        if (expected > 0)
                ck_assert_int_gt(high - low, expected * 4 / 10); /* it does vary */
}

START_TEST(retries_are_fast_then_bounded)
{
        static const int64_t ms[] = {0, 200, 1000, 2000, 5000, 5000, 10000, 10000, 30000, 30000};
        for (unsigned i = 0; i < sizeof(ms) / sizeof(ms[0]); i++)
                assert_pause(BGP_FAIL_PLAIN, i, ms[i] * MSEC);
        assert_pause(BGP_FAIL_PLAIN, 4000000000u, 30 * SEC);
        for (unsigned i = 0; i < 10; i++) {
                assert_pause(BGP_FAIL_HARD, i, 30 * SEC);
                assert_pause(BGP_FAIL_SOFT, i, 1500 * MSEC);
                assert_pause(BGP_FAIL_COLLISION, i, 500 * MSEC);
        }
}
END_TEST

START_TEST(connect_time_caps_the_pause)
{
        for (uint32_t random = 0; random < 1000; random++) {
                ck_assert_int_eq(bgp_retry_pause(BGP_FAIL_PLAIN, 9, 3 * SEC, random), 3 * SEC);
                ck_assert_int_le(bgp_retry_pause(BGP_FAIL_PLAIN, 1, 3 * SEC, random), 250 * MSEC);
        }
}
END_TEST

START_TEST(keepalives)
{
        for (uint32_t random = 0; random < 2000; random++) {
                int64_t p = bgp_keepalive_pause(90, 0, random);
                ck_assert(p >= 22500 * MSEC && p <= 30 * SEC);
                p = bgp_keepalive_pause(90, 4, random);
                ck_assert(p >= 3 * SEC && p <= 4 * SEC);
                p = bgp_keepalive_pause(9, 60, random); /* never longer than a third of the hold time */
                ck_assert(p >= 2250 * MSEC && p <= 3 * SEC);
                ck_assert_int_eq(bgp_keepalive_pause(0, 0, random), 0);
                ck_assert_int_eq(bgp_keepalive_pause(0, 10, random), 0);
        }
}
END_TEST

START_TEST(hold_times)
{
        ck_assert_uint_eq(bgp_hold_time(90, 9), 9);
        ck_assert_uint_eq(bgp_hold_time(3, 9), 3);
        ck_assert_uint_eq(bgp_hold_time(90, 0), 0);
        ck_assert_uint_eq(bgp_hold_time(0, 90), 0);
        ck_assert_int_eq(bgp_send_hold(0), 0);
        ck_assert_int_eq(bgp_send_hold(90), 480 * SEC);
        ck_assert_int_eq(bgp_send_hold(65535), 131070 * SEC);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/timers");
        TCase *t = tcase_create("all");
        tcase_add_test(t, retries_are_fast_then_bounded);
        tcase_add_test(t, connect_time_caps_the_pause);
        tcase_add_test(t, keepalives);
        tcase_add_test(t, hold_times);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
