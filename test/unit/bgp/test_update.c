/* The UPDATE message: packing to the byte, round trips, malformed ones by their rows of the table. */
#include "bgp/msg.h"
#include "view.h"

static struct bgp_path path_of(const char *hop, uint32_t asn, bool as4, bool ebgp)
{
        struct bgp_path p = {.my_asn = asn, .as4 = as4, .ebgp = ebgp};
        ck_assert(ip_parse(hop, &p.next_hop));
        return p;
}

static struct prefix host(const char *base, uint64_t i)
{
        struct ip ip;
        ck_assert(ip_parse(base, &ip));
        ck_assert(ip_add(&ip, i));
        return ip_prefix(ip, ip_family(ip) == IP_V4 ? 32 : 128);
}

/* Fills one message; returns how many prefixes were in it. */
static size_t fill(struct view *v, const struct bgp_path *path, const char *base, const struct attrs *a)
{
        uint8_t buf[BGP_MAX];
        struct bgp_update u;
        struct bgp_frame f;
        struct bgp_update_in in;
        struct bgp_error e;
        size_t n = 0;
        bgp_update_begin(&u, buf, path, ip_family(host(base, 0).ip), a);
        while (bgp_update_add(&u, host(base, n)))
                n++;
        size_t len = bgp_update_end(&u);
        ck_assert_uint_ge(len, BGP_MAX - 17);
        ck_assert_int_eq(bgp_frame(buf, len, &f, &e), BGP_FRAME_OK);
        ck_assert(bgp_update_decode(f.body, &in, &e));
        ck_assert_uint_eq(in.content_errors, 0);
        view_update(v, buf, len, path->as4);
        return n;
}

static void assert_first(struct view *v, const char *words)
{
        ck_assert_str_eq(v->v[0].attrs, words);
}

START_TEST(packing_limits)
{
        static const struct attrs none = {0};
        struct community std = {.a = 65001, .b = 7};
        struct community both[] = {{.a = 65001, .b = 7}, {.is_large = true, .a = 65001, .b = 1, .c = 2}};
        const struct attrs one = {.communities = &std, .n_communities = 1};
        const struct attrs two = {.communities = both, .n_communities = 2};
        struct bgp_path v4 = path_of("10.0.0.1", 65001, true, true),
                        v6 = path_of("fd00::1", 65001, true, true);
        struct view v = {0};
        ck_assert_uint_eq(fill(&v, &v4, "10.1.0.0", &none), 810);
        assert_first(&v, " path=65001 hop=0a000001");
        ck_assert_uint_eq(fill(&v, &v4, "10.1.0.0", &one), 809);
        assert_first(&v, " path=65001 hop=0a000001 65001:7");
        ck_assert_uint_eq(fill(&v, &v4, "10.1.0.0", &two), 806);
        assert_first(&v, " path=65001 hop=0a000001 65001:7 65001:1:2");
        ck_assert_uint_eq(fill(&v, &v4, "10.1.3.42", &none), 810); /* the next ones */
        ck_assert_uint_eq(fill(&v, &v4, "10.1.0.0", NULL), 814);
        ck_assert_uint_eq(v.n, 2 * 810 - 814);
        v.n = 0;
        ck_assert_uint_eq(fill(&v, &v6, "2001:db8::", &none), 237);
        assert_first(&v, " path=65001 hop=fd000000000000000000000000000001");
        fill(&v, &v6, "2001:db8::ed", &none); /* 237 more */
        ck_assert_uint_eq(v.n, 474);
        ck_assert_uint_eq(fill(&v, &v6, "2001:db8::", NULL), 239);
        ck_assert_uint_eq(v.n, 474 - 239);
        free(v.v);
}
END_TEST

START_TEST(as_path_by_what_was_negotiated)
{
        static const struct attrs pref = {.has_local_pref = true, .local_pref = 77}, none = {0};
        static const struct {
                uint32_t asn;
                bool as4, ebgp;
                const struct attrs *a;
                const char *words;
        } cases[] = {
                {65001, true, true, &pref, " path=65001 hop=0a000001"},
                {65001, false, true, &none, " path=65001 hop=0a000001"},
                {4200000000u, true, true, &none, " path=4200000000 hop=0a000001"},
                {4200000000u, false, true, &none, " path=23456 hop=0a000001 path4=4200000000"},
                {65001, true, false, &none, " path= hop=0a000001 pref=100"},
                {4200000000u, false, false, &pref, " path= hop=0a000001 pref=77"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct bgp_path p = path_of("10.0.0.1", cases[i].asn, cases[i].as4, cases[i].ebgp);
                struct view v = {0};
                fill(&v, &p, "192.0.2.0", cases[i].a);
                assert_first(&v, cases[i].words);
                free(v.v);
        }
}
END_TEST

START_TEST(many_communities_have_an_extended_length)
{
        enum { STD = 64, LARGE = 22 };
        struct community c[STD + LARGE] = {0};
        uint8_t buf[BGP_MAX];
        for (uint32_t i = 0; i < STD + LARGE; i++)
                c[i] = (struct community){.is_large = i >= STD, .a = 1, .b = i, .c = i};
        struct attrs a = {.communities = c, .n_communities = STD + LARGE};
        struct bgp_path p = path_of("10.0.0.1", 65001, true, true);
        struct bgp_update u;
        bgp_update_begin(&u, buf, &p, IP_V4, &a);
        ck_assert(bgp_update_add(&u, host("192.0.2.1", 0)));
        size_t len = bgp_update_end(&u);
        ck_assert_uint_eq(len, 23 + 20 + 4 + STD * 4 + 4 + LARGE * 12 + 5);
        ck_assert_mem_eq(buf + 23 + 20, "\xd0\x08\x01\x00", 4);
        ck_assert_mem_eq(buf + 23 + 20 + 4 + STD * 4, "\xd0\x20\x01\x08", 4);
        a.n_communities = 63;
        bgp_update_begin(&u, buf, &p, IP_V4, &a);
        ck_assert_mem_eq(buf + 23 + 20, "\xc0\x08\xfc", 3);
}
END_TEST

START_TEST(attributes_that_fit_leave_room_for_a_prefix)
{
        struct community c[1100] = {0};
        uint8_t buf[BGP_MAX];
        for (uint32_t i = 0; i < 1100; i++)
                c[i] = (struct community){.is_large = i % 2, .a = 1, .b = i};
        struct bgp_path p = path_of("fd00::1", 4200000000u, false, true);
        size_t fit = 0;
        for (size_t n = 0; n < 1100; n++) {
                struct attrs a = {.communities = c, .n_communities = n};
                struct bgp_update u;
                if (!bgp_attrs_fit(&a))
                        continue;
                fit = n;
                bgp_update_begin(&u, buf, &p, IP_V6, &a);
                ck_assert(bgp_update_add(&u, host("2001:db8::1", 0)));
                ck_assert_uint_gt(bgp_update_end(&u), 0);
        }
        ck_assert_uint_gt(fit, 450);
        ck_assert_uint_lt(fit, 1000);
}
END_TEST

START_TEST(nothing_added_is_no_message)
{
        uint8_t buf[BGP_MAX];
        struct bgp_update u;
        struct bgp_path p = path_of("10.0.0.1", 65001, true, true);
        bgp_update_begin(&u, buf, &p, IP_V4, NULL);
        ck_assert_uint_eq(bgp_update_end(&u), 0);
}
END_TEST

START_TEST(end_of_rib)
{
        uint8_t buf[BGP_MAX];
        struct view v = {0};
        ck_assert_uint_eq(bgp_eor_encode(buf, IP_V4), 23);
        view_update(&v, buf, 23, true);
        ck_assert_uint_eq(bgp_eor_encode(buf, IP_V6), 30);
        view_update(&v, buf, 30, true);
        ck_assert_uint_eq(v.eor4, 1);
        ck_assert_uint_eq(v.eor6, 1);
}
END_TEST

/* --- what peers send --- */

struct in {
        bool ok;
        struct bgp_update_in in;
        struct bgp_error e;
};

static struct in decode(const void *body, size_t n)
{
        struct in r = {0};
        uint8_t *copy = malloc(n + 1); /* of exact size, for AddressSanitizer */
        memcpy(copy, body, n);
        r.ok = bgp_update_decode(reader_of(copy, n), &r.in, &r.e);
        free(copy);
        return r;
}

/* No withdrawals, these attributes, this NLRI. */
static struct in decode_attrs(const void *attrs, size_t n, const void *nlri, size_t n_nlri)
{
        uint8_t body[512] = {0, 0, (uint8_t)(n >> 8), (uint8_t)n};
        memcpy(body + 4, attrs, n);
        memcpy(body + 4 + n, nlri, n_nlri);
        return decode(body, 4 + n + n_nlri);
}

static void assert_reset(struct in r)
{
        ck_assert(!r.ok);
        ck_assert_uint_eq(r.e.code, BGP_UPDATE_ERROR);
        ck_assert_uint_eq(r.e.subcode, 1);
}

/* The session stays; strict: what RFC 7606 would reset with, 0 if nothing. */
static void assert_counted(struct in r, uint8_t strict)
{
        ck_assert(r.ok);
        ck_assert_uint_eq(r.in.content_errors, 1);
        ck_assert_uint_eq(r.in.strict.code, strict != 0 ? BGP_UPDATE_ERROR : 0);
        ck_assert_uint_eq(r.in.strict.subcode, strict);
}

static void assert_accepted(struct in r)
{
        ck_assert(r.ok);
        ck_assert_uint_eq(r.in.content_errors, 0);
}

START_TEST(rows_28_29_lengths)
{
        assert_reset(decode("\0\5\0\0", 4));
        assert_reset(decode("\0\4\x18\xc0\0\2\0\1", 8)); /* attributes of one byte that is not there */
        assert_reset(decode("\0\0\0\1", 4));
        assert_reset(decode("\0\0\0", 3));
}
END_TEST

START_TEST(rows_30_31_prefixes)
{
        assert_counted(decode("\0\0\0\0\x21\xc0\0\2\1\0", 10), 10);
        assert_counted(decode("\0\6\x21\xc0\0\2\1\0\0\0", 10), 10);
        assert_counted(decode("\0\0\0\0\x20\xc0\0\2", 8), 10);
        assert_counted(decode("\0\3\x20\xc0\0\0\0", 7), 10);
        assert_accepted(decode("\0\0\0\0\0", 5)); /* the default route */
        assert_accepted(decode("\0\0\0\0\x20\xc0\0\2\1\x11\xc0\0\x80", 13));
}
END_TEST

static const char nlri[] = "\x18\xc0\0\2";

START_TEST(rows_32_33_attributes_overrun)
{
        assert_counted(decode_attrs("\x40\1\1\0\x40\2", 6, nlri, 4), 0);
        assert_counted(decode_attrs("\x40\1\2\0", 4, nlri, 4), 0);
        assert_counted(decode_attrs("\x50\1\0", 3, nlri, 4), 0);
        assert_counted(decode_attrs("\x50\1\xff\xff\0", 5, nlri, 4), 0);
}
END_TEST

START_TEST(rows_34_35_36_extended_and_repeated)
{
        assert_accepted(decode_attrs("\x50\1\0\1\0", 5, nlri, 4));
        assert_counted(decode_attrs("\x40\1\1\0\x40\1\1\0", 8, nlri, 4), 0);
        static const char mp[] = "\x80\x0f\3\0\1\1\x80\x0f\3\0\1\1";
        assert_counted(decode_attrs(mp, 12, "", 0), 1);
}
END_TEST

START_TEST(rows_37_to_46_contents_are_not_looked_at)
{
        assert_accepted(decode_attrs("\x40\1\1\3", 4, nlri, 4));                    /* 37 */
        assert_accepted(decode_attrs("\x40\2\3\x09\0\1", 6, nlri, 4));              /* 38 */
        assert_accepted(decode_attrs("\x40\2\6\1\1\0\0\0\0", 9, nlri, 4));          /* 39, 40 */
        assert_accepted(decode_attrs("\x40\3\3\1\1\1", 6, nlri, 4));                /* 41 */
        assert_accepted(decode_attrs("\x40\3\4\x7f\0\0\1", 7, nlri, 4));            /* 42 */
        assert_accepted(decode_attrs("\x80\4\3\0\0\0\x40\5\1\0", 10, nlri, 4));     /* 43 */
        assert_accepted(decode_attrs("\x40\6\1\0\xc0\7\5\0\0\0\0\0", 12, nlri, 4)); /* 44 */
        assert_accepted(decode_attrs("\xc0\x08\2\0\0\xc0\x20\1\0", 9, nlri, 4));    /* 45 */
        assert_accepted(decode_attrs("\xc0\1\1\0", 4, nlri, 4));                    /* 46 */
}
END_TEST

START_TEST(rows_47_48_unknown_attributes)
{
        assert_counted(decode_attrs("\x40\xc8\1\0", 4, nlri, 4), 2);
        assert_accepted(decode_attrs("\xc0\xff\2\1\2\xc0\x1c\1\0", 9, nlri, 4));
}
END_TEST

START_TEST(rows_49_50_51_multiprotocol)
{
        assert_counted(decode_attrs("\x80\x0e\4\0\2\1\0", 7, "", 0), 9);
        assert_counted(decode_attrs("\x80\x0e\5\0\2\1\0\0", 8, "", 0), 9);
        assert_counted(decode_attrs("\x80\x0e\x0c\0\2\1\7\1\2\3\4\5\6\7\0", 15, "", 0), 9);
        assert_counted(decode_attrs("\x80\x0e\x0a\0\1\1\4\1\1\1\1\0\x21", 13, "", 0), 9);
        assert_counted(decode_attrs("\x80\x0f\4\0\2\1\x81", 7, "", 0), 9);
        assert_counted(decode_attrs("\x80\x0f\2\0\2", 5, "", 0), 9);
        assert_counted(decode_attrs("\x40\x0f\3\0\2\1", 6, "", 0), 9);                /* flags */
        assert_accepted(decode_attrs("\x80\x0e\7\0\x19\x41\0\0\xff\xff", 10, "", 0)); /* another family */
        assert_accepted(decode_attrs("\x80\x0f\5\0\2\1\x08\x20", 8, "", 0));
}
END_TEST

START_TEST(truncations_of_a_valid_message)
{
        static const char whole[] =
                "\0\5\x20\xc0\0\2\1\0\x14\x40\1\1\0\x40\2\6\2\1\0\0\xfd\xe9\x40\3\4\x0a\0\0\1"
                "\x20\xc0\0\2\2";
        const size_t n = sizeof(whole) - 1;
        assert_accepted(decode(whole, n));
        for (size_t cut = 0; cut < n; cut++) {
                struct in r = decode(whole, cut);
                if (cut < 2 + 5 + 2 + 20)
                        assert_reset(r);
                else if (cut > 2 + 5 + 2 + 20)
                        assert_counted(r, 10);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/update");
        TCase *t = tcase_create("all");
        tcase_add_test(t, packing_limits);
        tcase_add_test(t, as_path_by_what_was_negotiated);
        tcase_add_test(t, many_communities_have_an_extended_length);
        tcase_add_test(t, attributes_that_fit_leave_room_for_a_prefix);
        tcase_add_test(t, nothing_added_is_no_message);
        tcase_add_test(t, end_of_rib);
        tcase_add_test(t, rows_28_29_lengths);
        tcase_add_test(t, rows_30_31_prefixes);
        tcase_add_test(t, rows_32_33_attributes_overrun);
        tcase_add_test(t, rows_34_35_36_extended_and_repeated);
        tcase_add_test(t, rows_37_to_46_contents_are_not_looked_at);
        tcase_add_test(t, rows_47_48_unknown_attributes);
        tcase_add_test(t, rows_49_50_51_multiprotocol);
        tcase_add_test(t, truncations_of_a_valid_message);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
