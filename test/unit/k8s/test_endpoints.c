#include "k8s/endpoints.h"
#include "test/unit/base/suite.h"
#include <string.h>

static struct endpoints e;
static const char *const urls[] = {"https://10.96.0.1:443", "https://192.0.2.7:6443", "https://localhost:7445",
                                   "https://10.96.0.1:443"};

static struct mono at(int64_t sec)
{
        return (struct mono){sec * SEC};
}

START_TEST(local_ones_first_then_in_order)
{
        endpoints_init(&e, urls, 4, at(0), 7);
        ck_assert_uint_eq(e.n, 3);
        ck_assert_str_eq(e.v[0].url, "https://localhost:7445");
        ck_assert_str_eq(e.v[1].url, "https://10.96.0.1:443");
        ck_assert_str_eq(e.v[2].url, "https://192.0.2.7:6443");
        ck_assert_uint_eq(e.current, 0);
        endpoints_clear(&e);
}
END_TEST

START_TEST(a_failure_moves_on_and_two_answers_bring_back)
{
        endpoints_init(&e, urls, 4, at(0), 7);
        ck_assert(endpoints_failed(&e, 0, at(1)));
        ck_assert_uint_eq(e.current, 1);
        ck_assert(!endpoints_failed(&e, 0, at(1))); /* the others that were under way */
        ck_assert(endpoints_failed(&e, 1, at(2)));
        ck_assert_uint_eq(e.current, 2);
        ck_assert(endpoints_failed(&e, 2, at(3))); /* all rest: the one that has rested longest */
        ck_assert_uint_eq(e.current, 0);
        ck_assert(endpoints_failed(&e, 0, at(4)));
        ck_assert_uint_eq(e.current, 1);
        ck_assert(!endpoints_answered(&e, 1, at(5)));
        ck_assert(!endpoints_answered(&e, 2, at(5)));
        ck_assert(!endpoints_answered(&e, 0, at(20)));
        ck_assert(!endpoints_failed(&e, 0, at(21)));
        ck_assert(!endpoints_answered(&e, 0, at(35)));
        ck_assert(endpoints_answered(&e, 0, at(50)));
        ck_assert_uint_eq(e.current, 0);
        ck_assert_uint_eq(e.failovers, 5);
        endpoints_clear(&e);
}
END_TEST

START_TEST(one_alone_is_always_it)
{
        endpoints_init(&e, urls, 1, at(0), 7);
        ck_assert(!endpoints_failed(&e, 0, at(1)));
        ck_assert(!endpoints_answered(&e, 0, at(1)));
        ck_assert_uint_eq(e.current, 0);
        endpoints_clear(&e);
}
END_TEST

START_TEST(the_current_one_and_better_ones_are_probed)
{
        size_t which[ENDPOINTS_MAX];
        endpoints_init(&e, urls, 4, at(0), 7);
        ck_assert_uint_eq(endpoints_probe(&e, at(1), which), 0);
        ck_assert_uint_eq(endpoints_probe(&e, at(30), which), 1);
        ck_assert_uint_eq(which[0], 0);
        endpoints_failed(&e, 0, at(31));
        ck_assert_uint_eq(endpoints_probe(&e, at(31), which), 0);
        ck_assert_uint_eq(endpoints_probe(&e, at(60), which), 2);
        ck_assert_uint_eq(which[1], 1);
        ck_assert(e.probe_at.ns > at(60).ns + ENDPOINT_PROBE / 2 && e.probe_at.ns < at(60).ns + 2 * ENDPOINT_PROBE);
        endpoints_clear(&e);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {local_ones_first_then_in_order, a_failure_moves_on_and_two_answers_bring_back,
                                      one_alone_is_always_it, the_current_one_and_better_ones_are_probed};
        return run_tests("endpoints", tests, sizeof(tests) / sizeof(tests[0]));
}
