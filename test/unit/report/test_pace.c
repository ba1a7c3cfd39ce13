#include "report/pace.h"
#include "test/unit/base/suite.h"

static struct mono at(int64_t s)
{
        return (struct mono){(1000 + s) * SEC};
}

START_TEST(the_first_is_written_at_once_and_the_next_not_before_ten_seconds)
{
        struct pace p = {0};
        ck_assert(pace_due(&p, 1, 1, at(0)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 2, 2, at(0)));
        ck_assert(!pace_due(&p, 2, 2, at(9)));
        ck_assert(pace_due(&p, 2, 2, at(10)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 2, 2, at(25)));
        ck_assert(pace_due(&p, 3, 3, at(26))); /* after silence, at once */
}
END_TEST

START_TEST(counts_wait_a_minute)
{
        struct pace p = {0};
        ck_assert(pace_due(&p, 1, 1, at(0)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 1, 2, at(59)));
        ck_assert(pace_due(&p, 1, 2, at(60)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 1, 2, at(200)));
}
END_TEST

START_TEST(what_does_not_change_is_renewed)
{
        struct pace p = {0};
        ck_assert(pace_due(&p, 1, 1, at(0)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 1, 1, at(299)));
        ck_assert(pace_due(&p, 1, 1, at(300)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 1, 1, at(599)));
}
END_TEST

START_TEST(what_changed_back_is_not_written)
{
        struct pace p = {0};
        ck_assert(pace_due(&p, 1, 1, at(0)));
        pace_done(&p);
        ck_assert(!pace_due(&p, 2, 2, at(5)));
        ck_assert(!pace_due(&p, 1, 1, at(20)));
}
END_TEST

START_TEST(what_failed_is_tried_again_later_and_later)
{
        struct pace p = {0};
        static const int64_t pauses[] = {10, 20, 40, 80, 160, 320, 600, 600};
        int64_t now = 0;
        ck_assert(pace_due(&p, 1, 1, at(0)));
        for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
                pace_failed(&p);
                ck_assert(!pace_due(&p, 1, 1, at(now + pauses[i] - 1)));
                now += pauses[i];
                ck_assert(pace_due(&p, 1, 1, at(now)));
        }
        pace_done(&p);
        ck_assert(!pace_due(&p, 1, 1, at(now + 299)));
        ck_assert(pace_due(&p, 2, 2, at(now + 10)));
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {the_first_is_written_at_once_and_the_next_not_before_ten_seconds,
                                      counts_wait_a_minute, what_does_not_change_is_renewed,
                                      what_changed_back_is_not_written,
                                      what_failed_is_tried_again_later_and_later};
        return run_tests("pace", tests, sizeof(tests) / sizeof(tests[0]));
}
