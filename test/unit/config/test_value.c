#include "config/value.h"
#include "read_config.h"

static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
} durations[] = {
        {"0", 0},
        {"0s", 0},
        {"90s", 90 * SEC},
        {"1m30s", 90 * SEC},
        {"1h", 3600 * SEC},
        {"1.5h", 5400 * SEC},
        {".5s", SEC / 2},
        {"1.s", SEC},
        {"+3s", 3 * SEC},
        {"100ms", 100 * MSEC},
        {"1us2ns", 1002},
        {"1\xc2\xb5s", 1000},
        {"9223372036s", 9223372036 * SEC},
        {"", -1},
        {"+", -1},
        {"90", -1},
        {"s", -1},
        {".s", -1},
        {"-3s", -1},
        {"3 s", -1},
        {"3d", -1},
        {"1m30", -1},
        {"9223372037s", -1},
        {"99999999999999999999s", -1},
};

START_TEST(duration)
{
        int64_t ns;
        bool good = duration_parse(durations[_i].text, &ns);
        ck_assert_int_eq(good, durations[_i].ns >= 0);
        if (good)
                ck_assert_int_eq(ns, durations[_i].ns);
}
END_TEST

static const struct {
        const char *text, *problem; /* NULL: good */
        bool readable;
} ranges[] = {
        {"10.0.0.0/24", NULL, true},
        {"10.0.0.7/24", NULL, true},
        {"10.0.0.1-10.0.0.9", NULL, true},
        {"10.0.0.1 - 10.0.0.9", NULL, true},
        {"fd00::/64", NULL, true},
        {"fd00::1-fd00::ffff", NULL, true},
        {"10.0.0.1", "add /32", false},
        {"fd00::1", "add /128", false},
        {"10.0.0.9-10.0.0.1", "swap", false},
        {"10.0.0.1-fd00::1", "one address family", false},
        {"10.0.0.1-", "is not a range", false},
        {"-", "is not a range", false},
        {"10.0.0.1-10.0.0.2-10.0.0.3", "is not a range", false},
        {"10.0.0.0/24-10.0.0.9", "is neither", false},
        {"10.0.0.0/33", "is neither", false},
        {"fd00::/129", "is neither", false},
        {"10.0.0/24", "is neither", false},
        {"", "is neither", false},
        {"lan", "is neither", false},
        {"::ffff:10.0.0.0/120", "is neither", false},
        {"0.0.0.0/0", "no service can have", true},
        {"126.255.255.250-127.0.0.1", "no service can have", true},
        {"239.0.0.0/24", "no service can have", true},
        {"ff02::/64", "no service can have", true},
        {"fe80::/64", "no service can have", true},
        {"::/127", "no service can have", true},
};

START_TEST(pool_range)
{
        struct ip_range range;
        bool readable;
        const char *problem = pool_range_parse(ranges[_i].text, &range, &readable);
        ck_assert_int_eq(problem == NULL, ranges[_i].problem == NULL);
        if (problem)
                ck_assert_msg(strstr(problem, ranges[_i].problem) != NULL, "%s: %s", ranges[_i].text,
                              problem);
        ck_assert_int_eq(readable, ranges[_i].readable);
}
END_TEST

static const struct {
        const char *text;
        bool good, large;
        uint32_t a, b, c;
} communities[] = {
        {"0:0", true, false, 0, 0, 0},
        {"65535:65281", true, false, 65535, 65281, 0},
        {"large:4294967295:0:7", true, true, UINT32_MAX, 0, 7},
        {.text = "65536:1"},
        {.text = "1:65536"},
        {.text = "1:2:3"},
        {.text = "1:"},
        {.text = ":1"},
        {.text = "1:-1"},
        {.text = "1: 1"},
        {.text = "large:1:2"},
        {.text = "large:1:2:4294967296"},
        {.text = "large:1:2:3:4"},
        {.text = "large:1:2:99999999999999999999"},
        {.text = "Large:1:2:3"},
        {.text = "no-export"},
        {.text = ""},
};

START_TEST(community)
{
        struct community c;
        ck_assert_int_eq(community_parse(communities[_i].text, &c) == NULL, communities[_i].good);
        if (communities[_i].good)
                ck_assert(c.is_large == communities[_i].large && c.a == communities[_i].a &&
                          c.b == communities[_i].b && c.c == communities[_i].c);
}
END_TEST

START_TEST(as_numbers)
{
        static const uint32_t bad[] = {0,     23456, 64496, 64511,  65535,
                                       65536, 65551, 65552, 131071, UINT32_MAX},
                              private[] = {64512, 65534, 4200000000, 4294967294},
                              public[] = {1, 23455, 64495, 131072, 4199999999};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(asn_problem(bad[i]) != NULL, "%u", bad[i]);
        for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++)
                ck_assert_msg(!asn_problem(private[i]) && asn_is_private(private[i]), "%u", private[i]);
        for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
                ck_assert_msg(!asn_problem(public[i]) && !asn_is_private(public[i]), "%u", public[i]);
}
END_TEST

START_TEST(names)
{
        char longest[64];
        memset(longest, 'a', 63);
        longest[63] = 0;
        ck_assert(name_is_valid("a") && name_is_valid("lan-1.home") && name_is_valid("0"));
        ck_assert(!name_is_valid("") && !name_is_valid("A") && !name_is_valid("-a") && !name_is_valid("a-"));
        ck_assert(!name_is_valid("a..b") && !name_is_valid("a.") && !name_is_valid("a_b") &&
                  !name_is_valid("\xc3\xa9"));
        ck_assert(label_key_is_valid("app") && label_key_is_valid("kubernetes.io/os") &&
                  label_key_is_valid("A_b.c-d"));
        ck_assert(label_key_is_valid(longest) && label_value_is_valid(longest));
        ck_assert(!label_key_is_valid("") && !label_key_is_valid("a/") && !label_key_is_valid("/a"));
        ck_assert(!label_key_is_valid("a/b/c") && !label_key_is_valid("_a") && !label_key_is_valid("A/b"));
        ck_assert(label_value_is_valid("") && label_value_is_valid("v1.2_3"));
        ck_assert(!label_value_is_valid("a b") && !label_value_is_valid(".a"));
        ck_assert(interface_name_is_valid("eth0") && interface_name_is_valid("bond0.100"));
        ck_assert(interface_name_is_valid("fifteen-letters") && !interface_name_is_valid("sixteen-letters-"));
        ck_assert(!interface_name_is_valid("") && !interface_name_is_valid("a/b") &&
                  !interface_name_is_valid(".."));
        ck_assert(!interface_name_is_valid("a b") && !interface_name_is_valid("eth0:1"));
}
END_TEST

START_TEST(distances)
{
        ck_assert_int_eq(edit_distance("peerAddress", "peerAddress"), 0);
        ck_assert_int_eq(edit_distance("PEERaddress", "peerAddress"), 0);
        ck_assert_int_eq(edit_distance("peerAdress", "peerAddress"), 1);
        ck_assert_int_eq(edit_distance("perAdress", "peerAddress"), 2);
        ck_assert_int_eq(edit_distance("abc", "acb"), 1);
        ck_assert_int_eq(edit_distance("", "abc"), 3);
        ck_assert_int_eq(edit_distance("abcdef", "uvwxyz"), 4);
        ck_assert_int_eq(edit_distance("a", "a-name-that-is-much-longer-than-forty-characters"), 4);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("value");
        tcase_add_loop_test(tests, duration, 0, sizeof(durations) / sizeof(durations[0]));
        tcase_add_loop_test(tests, pool_range, 0, sizeof(ranges) / sizeof(ranges[0]));
        tcase_add_loop_test(tests, community, 0, sizeof(communities) / sizeof(communities[0]));
        tcase_add_test(tests, as_numbers);
        tcase_add_test(tests, names);
        tcase_add_test(tests, distances);
        return run_tests(tests);
}
