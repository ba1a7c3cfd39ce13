#include "base/clock.h"
#include "suite.h"

static struct mono at(int64_t ns)
{
        return (struct mono){ns};
}

START_TEST(points_saturate)
{
        ck_assert(mono_add(at(5), 7).ns == 12);
        ck_assert(mono_add(at(5), -7).ns == -2);
        ck_assert(mono_add(at(INT64_MAX - 1), 1).ns == INT64_MAX);
        ck_assert(mono_add(at(INT64_MAX - 1), 2).ns == INT64_MAX);
        ck_assert(mono_add(MONO_NEVER, -SEC).ns == INT64_MAX); /* never stays never */
        ck_assert(mono_add(at(INT64_MIN + 1), -2).ns == INT64_MIN);
        ck_assert(mono_since(at(12), at(5)) == 7);
        ck_assert(mono_since(MONO_NEVER, at(-1)) == INT64_MAX);
        ck_assert(mono_since(at(-2), MONO_NEVER) == INT64_MIN);
        ck_assert(mono_before(at(1), at(2)));
        ck_assert(!mono_before(at(2), at(2)));
        ck_assert(mono_min(at(3), MONO_NEVER).ns == 3);
        ck_assert(mono_min(at(3), at(2)).ns == 2);
}
END_TEST

START_TEST(time_goes_on)
{
        struct mono a = mono_now(), b = mono_now();
        ck_assert(!mono_before(b, a));
        ck_assert(wall_usec() > INT64_C(1600000000) * 1000000);
}
END_TEST

START_TEST(wall_is_micro_time)
{
        char buf[WALL_STRLEN];
        ck_assert_str_eq(wall_str(0, buf), "1970-01-01T00:00:00.000000Z");
        ck_assert_str_eq(wall_str(INT64_C(1136214245000007), buf), "2006-01-02T15:04:05.000007Z");
        ck_assert_str_eq(wall_str(-1, buf), "1969-12-31T23:59:59.999999Z");
        ck_assert_str_eq(wall_str(INT64_MAX, buf), "0000-01-10T04:00:54.775807Z"); /* year 294247 */
}
END_TEST

START_TEST(wall_parses_what_kubernetes_writes)
{
        static const struct {
                const char *text;
                int64_t sec;
        } rows[] = {
                {"1970-01-01T00:00:00Z", 0},
                {"2006-01-02T15:04:05Z", 1136214245},
                {"2006-01-02T15:04:05.000000Z", 1136214245},
                {"2006-01-02T15:04:05.999999999Z", 1136214245},
                {"2006-01-02T17:04:05+02:00", 1136214245},
                {"2006-01-02T08:34:05-06:30", 1136214245},
                {"2024-02-29T00:00:00Z", 1709164800},
                {"1969-12-31T23:59:59Z", -1},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int64_t sec = 42;
                ck_assert_msg(wall_parse(rows[i].text, &sec), "%s was refused", rows[i].text);
                ck_assert_int_eq(sec, rows[i].sec);
        }
}
END_TEST

START_TEST(wall_refuses_the_rest)
{
        static const char *const bad[] = {
                "",
                "2006",
                "2006-01-02",
                "2006-01-02T15:04:05",
                "2006-01-02 15:04:05Z",
                "2006-01-02T15:04Z",
                "2006-13-02T15:04:05Z",
                "2006-00-02T15:04:05Z",
                "2006-02-29T15:04:05Z",
                "2006-04-31T15:04:05Z",
                "2006-01-02T24:04:05Z",
                "2006-01-02T15:60:05Z",
                "2006-01-02T15:04:60Z",
                "2006-01-02T15:04:05.Z",
                "2006-01-02T15:04:05.0000000000Z",
                "2006-01-02T15:04:05z",
                "2006-01-02T15:04:05Z ",
                "2006-01-02T15:04:05+0200",
                "2006-01-02T15:04:05+24:00",
                "2006-01-02T15:04:05+02:60",
                "2006-01-02T15:04:05+02:00Z",
                "-006-01-02T15:04:05Z",
                "now",
        };
        int64_t sec;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(!wall_parse(bad[i], &sec), "%s was taken", bad[i]);
}
END_TEST

START_TEST(wall_round_trips)
{
        char buf[WALL_STRLEN];
        for (int64_t sec = -INT64_C(62000000000); sec < INT64_C(250000000000);
             sec += 98765431) { /* years 5 to 9892 */
                int64_t back;
                ck_assert(wall_parse(wall_str(sec * 1000000 + 5, buf), &back));
                ck_assert_int_eq(back, sec);
        }
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                points_saturate,       time_goes_on,
                wall_is_micro_time,    wall_parses_what_kubernetes_writes,
                wall_refuses_the_rest, wall_round_trips,
        };
        return run_tests("clock", tests, sizeof(tests) / sizeof(tests[0]));
}
