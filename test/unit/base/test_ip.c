#include "base/ip.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct ip ip(const char *text)
{
        struct ip out;
        ck_assert_msg(ip_parse(text, &out), "%s was refused", text);
        return out;
}

static struct prefix prefix(const char *text)
{
        struct prefix out;
        ck_assert_msg(prefix_parse(text, &out), "%s was refused", text);
        return out;
}

static struct ip_range range(const char *text)
{
        struct ip_range out;
        const char *wrong = ip_range_parse(text, &out);
        ck_assert_msg(!wrong, "%s: %s", text, wrong ? wrong : "");
        return out;
}

START_TEST(parse_is_strict)
{
        static const char *const bad[] = {
                "",
                " ",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "010.0.0.1",
                "00.0.0.1",
                "1.2.3.04",
                "0x1.2.3.4",
                "1.2.3.256",
                "1.2.3.4 ",
                " 1.2.3.4",
                "1.2.3.-4",
                "1.2.3.4/32",
                "1.2.3.4.",
                "fe80::1%eth0",
                "::ffff:1.2.3.4",
                "::ffff:102:304",
                "::ffff:0:0",
                "1::2::3",
                ":::",
                ":1::",
                "::12345",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "2001:db8::g",
                "[::1]",
                "::1 ",
                "::01.2.3.4",
                "localhost",
        };
        struct ip out;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(!ip_parse(bad[i], &out), "%s was taken", bad[i]);
}
END_TEST

START_TEST(text_is_rfc5952)
{
        static const char *const rows[][2] = {
                {"0.0.0.0", "0.0.0.0"},
                {"255.255.255.255", "255.255.255.255"},
                {"192.0.2.10", "192.0.2.10"},
                {"::", "::"},
                {"::1", "::1"},
                {"::1:2", "::1:2"}, /* not ::0.1.0.2 */
                {"::1.2.3.4", "::102:304"},
                {"::1:0:0", "::1:0:0"},
                {"2001:DB8::0001", "2001:db8::1"},
                {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* the first of two equal runs */
                {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* the longer run */
                {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* one group is not shortened */
                {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
                {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
                {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        };
        char buf[IP_STRLEN];
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                ck_assert_str_eq(ip_str(ip(rows[i][0]), buf), rows[i][1]);
                ck_assert(ip_eq(ip(rows[i][1]), ip(rows[i][0])));
        }
}
END_TEST

START_TEST(families_and_bytes)
{
        struct ip a = ip("192.0.2.1"), b = ip("2001:db8::1");
        ck_assert_int_eq(ip_family(a), IP_V4);
        ck_assert_int_eq(ip_family(b), IP_V6);
        ck_assert_uint_eq(ip_len(a), 4);
        ck_assert_uint_eq(ip_len(b), 16);
        ck_assert_mem_eq(ip_bytes(&a), "\xc0\x00\x02\x01", 4);
        ck_assert_mem_eq(ip_bytes(&b), "\x20\x01\x0d\xb8", 4);
        ck_assert(ip_eq(ip_from4(ip_bytes(&a)), a));
        ck_assert(ip_eq(ip_from6(ip_bytes(&b)), b));
        ck_assert_int_lt(ip_cmp(a, b), 0);
        ck_assert_int_lt(ip_cmp(ip("9.0.0.0"), ip("10.0.0.0")), 0);
        ck_assert_int_eq(ip_cmp(b, b), 0);
}
END_TEST

START_TEST(special_addresses)
{
        ck_assert(ip_is_unspecified(ip("::")));
        ck_assert(ip_is_unspecified(ip("0.0.0.0")));
        ck_assert(!ip_is_unspecified(ip("0.0.0.1")));
        ck_assert(!ip_is_unspecified(ip("::1")));
        ck_assert(ip_is_link_local(ip("169.254.0.0")));
        ck_assert(!ip_is_link_local(ip("169.253.255.255")));
        ck_assert(ip_is_link_local(ip("fe80::1")));
        ck_assert(ip_is_link_local(ip("febf:ffff::1")));
        ck_assert(!ip_is_link_local(ip("fec0::1")));
        ck_assert(!ip_is_link_local(ip("fe7f::1")));
}
END_TEST

START_TEST(add_stops_at_the_end_of_the_family)
{
        static const struct {
                const char *from;
                uint64_t n;
                const char *to; /* NULL: refused */
        } rows[] = {
                {"192.0.2.255", 1, "192.0.3.0"},
                {"0.0.0.0", UINT32_MAX, "255.255.255.255"},
                {"255.255.255.255", 1, NULL},
                {"255.255.255.255", UINT64_MAX, NULL},
                {"0.0.0.0", UINT64_C(1) << 32, NULL},
                {"255.255.255.255", 0, "255.255.255.255"},
                {"2001:db8::ffff:ffff:ffff:ffff", 1, "2001:db8:0:1::"},
                {"::", UINT64_MAX, "::ffff:ffff:ffff:ffff"},
                {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, NULL},
                {"ffff:ffff:ffff:ffff::", UINT64_MAX, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
                {"ffff:ffff:ffff:ffff::1", UINT64_MAX, NULL},
                {"::fffe:ffff:ffff", 1, NULL}, /* would be 0.0.0.0 */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ip a = ip(rows[i].from);
                ck_assert_int_eq(ip_add(&a, rows[i].n), rows[i].to != NULL);
                ck_assert(ip_eq(a, ip(rows[i].to ? rows[i].to : rows[i].from)));
        }
}
END_TEST

START_TEST(prefixes_mask_host_bits)
{
        static const char *const rows[][2] = {
                {"192.0.2.77/24", "192.0.2.0/24"},   {"192.0.2.77/32", "192.0.2.77/32"},
                {"192.0.2.77/0", "0.0.0.0/0"},       {"192.0.2.255/31", "192.0.2.254/31"},
                {"2001:db8::1/64", "2001:db8::/64"}, {"2001:db8::1/128", "2001:db8::1/128"},
                {"2001:db8::1/0", "::/0"},           {"2001:db8:ffff::/33", "2001:db8:8000::/33"},
        };
        char buf[PREFIX_STRLEN];
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                ck_assert_str_eq(prefix_str(prefix(rows[i][0]), buf), rows[i][1]);
}
END_TEST

START_TEST(prefix_parse_is_strict)
{
        static const char *const bad[] = {
                "",
                "/",
                "/24",
                "192.0.2.0",
                "192.0.2.0/",
                "192.0.2.0/33",
                "192.0.2.0/024",
                "192.0.2.0/-1",
                "192.0.2.0/+1",
                "192.0.2.0/ 24",
                "192.0.2.0 /24",
                "192.0.2.0/24 ",
                "192.0.2.0/24/24",
                "::/129",
                "::/1000",
                "::/4294967296",
                "::ffff:1.2.3.4/120",
                "192.0.2.0/255.255.255.0",
        };
        struct prefix out;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(!prefix_parse(bad[i], &out), "%s was taken", bad[i]);
}
END_TEST

START_TEST(prefix_contains_its_family_only)
{
        ck_assert(prefix_contains(prefix("192.0.2.0/24"), ip("192.0.2.255")));
        ck_assert(!prefix_contains(prefix("192.0.2.0/24"), ip("192.0.3.0")));
        ck_assert(!prefix_contains(prefix("2001:db8::/64"), ip("192.0.2.1")));
        ck_assert(prefix_contains(prefix("0.0.0.0/0"), ip("255.255.255.255")));
        ck_assert(prefix_contains(prefix("::/0"), ip("2001:db8::1")));
        ck_assert(!prefix_contains(prefix("::/0"), ip("192.0.2.1")));
        ck_assert(!prefix_contains(prefix("0.0.0.0/0"), ip("::1")));
        ck_assert_int_lt(prefix_cmp(prefix("10.0.0.0/8"), prefix("10.0.0.0/9")), 0);
        ck_assert_int_lt(prefix_cmp(prefix("10.0.0.0/9"), prefix("11.0.0.0/8")), 0);
        ck_assert_int_eq(prefix_cmp(prefix("10.0.0.1/8"), prefix("10.0.0.2/8")), 0);
}
END_TEST

START_TEST(ranges_are_read)
{
        static const char *const rows[][3] = {
                {"192.0.2.0/24", "192.0.2.0", "192.0.2.255"},
                {"192.0.2.9/24", "192.0.2.0", "192.0.2.255"},
                {"192.0.2.1-192.0.2.9", "192.0.2.1", "192.0.2.9"},
                {"192.0.2.1 - 192.0.2.9", "192.0.2.1", "192.0.2.9"},
                {"192.0.2.1-192.0.2.1", "192.0.2.1", "192.0.2.1"},
                {"0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
                {"2001:db8::-2001:db8::f", "2001:db8::", "2001:db8::f"},
                {"::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ip_range r = range(rows[i][0]);
                ck_assert(ip_eq(r.first, ip(rows[i][1])));
                ck_assert(ip_eq(r.last, ip(rows[i][2])));
        }
}
END_TEST

START_TEST(ranges_are_refused_with_the_cause)
{
        static const char *const rows[][2] = {
                {"", "is neither"},
                {"pool", "is neither"},
                {"192.0.2.0/24-192.0.2.9", "is neither"},
                {"192.0.2.1", "needs a mask"},
                {"2001:db8::1", "2001:db8::1/128"},
                {"192.0.2.0/33", "prefix length"},
                {"192.0.2.0/", "prefix length"},
                {"2001:db8::/129", "prefix length"},
                {"192.0.2/24", "before the slash"},
                {"192.0.2.1-2001:db8::1", "mixes"},
                {"192.0.2.9-192.0.2.1", "starts after"},
                {"192.0.2.1-", "after the dash"},
                {"192.0.2.1-9", "after the dash"},
                {"-192.0.2.1", "before the dash"},
                {"192.0.2.1-192.0.2.9-192.0.2.20", "after the dash"},
                {"192.0.2.1-192.0.2.9 ", "after the dash"},
                {"::ffff:192.0.2.1-::ffff:192.0.2.9", "before the dash"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ip_range r;
                const char *wrong = ip_range_parse(rows[i][0], &r);
                ck_assert_msg(wrong && strstr(wrong, rows[i][1]), "%s: %s", rows[i][0],
                              wrong ? wrong : "was taken");
        }
}
END_TEST

START_TEST(ranges_contain_overlap_and_count)
{
        struct ip_range r = range("192.0.2.10-192.0.2.20");
        ck_assert(ip_range_contains(r, ip("192.0.2.10")));
        ck_assert(ip_range_contains(r, ip("192.0.2.20")));
        ck_assert(!ip_range_contains(r, ip("192.0.2.9")));
        ck_assert(!ip_range_contains(r, ip("192.0.2.21")));
        ck_assert(!ip_range_contains(range("::/0"), ip("192.0.2.1")));
        ck_assert(ip_range_overlaps(r, range("192.0.2.20-192.0.2.30")));
        ck_assert(ip_range_overlaps(range("192.0.2.0/24"), r));
        ck_assert(!ip_range_overlaps(r, range("192.0.2.21-192.0.2.30")));
        ck_assert(!ip_range_overlaps(range("::/0"), r));
        ck_assert_int_eq(ip_range_count(r), 11);
        ck_assert_int_eq(ip_range_count(range("0.0.0.0/0")), INT64_C(1) << 32);
        ck_assert_int_eq(ip_range_count(range("2001:db8::/66")), INT64_C(1) << 62);
        ck_assert(ip_range_count(range("2001:db8::-2001:db8::7fff:ffff:ffff:ffff")) == INT64_MAX);
        ck_assert(ip_range_count(range("2001:db8::-2001:db8::7fff:ffff:ffff:fffe")) == INT64_MAX);
        ck_assert(ip_range_count(range("2001:db8::-2001:db8::7fff:ffff:ffff:fffd")) == INT64_MAX - 1);
        ck_assert(ip_range_count(range("2001:db8::/64")) == INT64_MAX);
        ck_assert(ip_range_count(range("::/0")) == INT64_MAX);
}
END_TEST

START_TEST(prefixes_of_known_ranges)
{
        static const char *const rows[][2] = {
                {"192.0.2.0/24", "192.0.2.0/24"},
                {"192.0.2.1-192.0.2.1", "192.0.2.1/32"},
                {"192.0.2.1-192.0.2.6", "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32"},
                {"192.0.2.0-192.0.3.127", "192.0.2.0/24 192.0.3.0/25"},
                {"0.0.0.0-255.255.255.255", "0.0.0.0/0"},
                {"255.255.255.254-255.255.255.255", "255.255.255.254/31"},
                {"128.0.0.0-255.255.255.255", "128.0.0.0/1"},
                {"::/0", "::/0"},
                {"::-::2", "::/127 ::2/128"},
                {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
                {"2001:db8::ffff-2001:db8::1:1", "2001:db8::ffff/128 2001:db8::1:0/127"},
                {"::fffe:ffff:ffff-::1:0:0:0", "::fffe:ffff:ffff/128 ::1:0:0:0/128"}, /* not the IPv4 block */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct prefix v[256];
                char text[512] = "", buf[PREFIX_STRLEN];
                size_t n = ip_range_prefixes(range(rows[i][0]), v, 256);
                for (size_t k = 0; k < n; k++) {
                        strcat(text, k ? " " : "");
                        strcat(text, prefix_str(v[k], buf));
                }
                ck_assert_str_eq(text, rows[i][1]);
        }
}
END_TEST

START_TEST(prefixes_of_the_widest_odd_ranges)
{
        struct prefix v[256];
        ck_assert_uint_eq(ip_range_prefixes(range("0.0.0.1-255.255.255.254"), v, 256), 62);
        struct ip_range all_but_ends = {ip("::1"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")};
        ck_assert_uint_eq(ip_range_prefixes(all_but_ends, v, 256), 254);
        ck_assert_uint_eq(ip_range_prefixes(all_but_ends, v, 3), 254); /* counts what does not fit */
        ck_assert_uint_eq(ip_range_prefixes(all_but_ends, NULL, 0), 254);
}
END_TEST

/* Few or many low bits are random, so that short and long ranges come up. */
static struct ip random_ip(bool v4)
{
        static const uint8_t v6_net[16] = {0x20, 0x01, 0x0d, 0xb8}, any[4];
        struct ip a = v4 ? ip_from4(any) : ip_from6(v6_net);
        size_t bytes = 1 + (size_t)rand() % (v4 ? 4 : 14);
        for (size_t i = 16 - bytes; i < 16; i++)
                a.b[i] = (uint8_t)(rand() % 4 == 0 ? 0xff * (rand() & 1) : rand());
        return a;
}

/* b follows a without a gap, and the two could not be one prefix. */
static bool follows(struct prefix a, struct prefix b)
{
        struct ip next = prefix_range(a).last;
        if (!ip_add(&next, 1) || !ip_eq(next, b.ip))
                return false;
        return a.len != b.len || a.len == 0 || !prefix_contains(ip_prefix(a.ip, (uint8_t)(a.len - 1)), b.ip);
}

/* The prefixes are what the range is: exactly, in order, the fewest. (One ck_assert per call: each costs a
 * write.) */
static void check_cover(struct ip_range r)
{
        struct prefix v[256];
        size_t n = ip_range_prefixes(r, v, 256);
        bool ok = n >= 1 && n <= 256 && ip_eq(v[0].ip, r.first) && ip_eq(prefix_range(v[n - 1]).last, r.last);
        for (size_t i = 0; ok && i < n; i++)
                ok = ip_eq(ip_prefix(v[i].ip, v[i].len).ip, v[i].ip) &&
                     (i + 1 == n || follows(v[i], v[i + 1]));
        char first[IP_STRLEN], last[IP_STRLEN];
        ck_assert_msg(ok, "%s-%s", ip_str(r.first, first), ip_str(r.last, last));
}

START_TEST(prefixes_cover_random_ranges)
{
        srand(7491);
        for (int i = 0; i < 20000; i++) {
                struct ip a = random_ip(i & 1), b = random_ip(i & 1);
                check_cover(ip_cmp(a, b) <= 0 ? (struct ip_range){a, b} : (struct ip_range){b, a});
        }
}
END_TEST

START_TEST(prefixes_cover_all_small_ranges)
{
        for (int first = 0; first < 64; first++)
                for (int last = first; last < 64; last++) {
                        uint8_t low[4] = {255, 255, 255, (uint8_t)(192 + first)};
                        uint8_t high[4] = {255, 255, 255, (uint8_t)(192 + last)};
                        check_cover((struct ip_range){ip_from4(low), ip_from4(high)});
                }
}
END_TEST

START_TEST(text_round_trips)
{
        char buf[IP_STRLEN];
        srand(1);
        for (int i = 0; i < 20000; i++) {
                struct ip a = random_ip(i & 1), back;
                if (!(i & 1) && rand() % 2) /* groups of zero anywhere */
                        memset(a.b + 2 * (rand() % 7), 0, 4);
                ck_assert_msg(ip_parse(ip_str(a, buf), &back) && ip_eq(a, back), "%s", buf);
        }
}
END_TEST

START_TEST(a_prefix_length_out_of_range_aborts)
{
        ip_prefix(ip("192.0.2.1"), 33);
}
END_TEST

static int run_aborts(void)
{
        Suite *suite = suite_create("ip aborts");
        TCase *tcase = tcase_create("ip aborts");
        tcase_add_test_raise_signal(tcase, a_prefix_length_out_of_range_aborts, 6);
        suite_add_tcase(suite, tcase);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
        const TTest *const tests[] = {
                parse_is_strict,
                text_is_rfc5952,
                families_and_bytes,
                special_addresses,
                add_stops_at_the_end_of_the_family,
                prefixes_mask_host_bits,
                prefix_parse_is_strict,
                prefix_contains_its_family_only,
                ranges_are_read,
                ranges_are_refused_with_the_cause,
                ranges_contain_overlap_and_count,
                prefixes_of_known_ranges,
                prefixes_of_the_widest_odd_ranges,
                prefixes_cover_random_ranges,
                prefixes_cover_all_small_ranges,
                text_round_trips,
        };
        return run_tests("ip", tests, sizeof(tests) / sizeof(tests[0])) | run_aborts();
}
