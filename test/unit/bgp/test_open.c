/* The OPEN message. Numbers in names are rows of the table of malformed cases. */
#include "bgp/msg.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Version 4, AS 65001, hold 90, id 10.0.0.1, then the optional parameters as given. */
static bool decode(const void *params, size_t n, struct bgp_open *o, struct bgp_error *e)
{
        static uint8_t body[1024];
        memcpy(body, "\4\xfd\xe9\0\x5a\x0a\0\0\1", 9);
        memcpy(body + 9, params, n);
        return bgp_open_decode(reader_of(body, 9 + n), o, e);
}

static void assert_refused(const void *params, size_t n, uint8_t subcode)
{
        struct bgp_open o;
        struct bgp_error e;
        ck_assert(!decode(params, n, &o, &e));
        ck_assert_uint_eq(e.code, BGP_OPEN_ERROR);
        ck_assert_uint_eq(e.subcode, subcode);
}

static const struct bgp_open ours = {.asn = 65000, .hold_time_s = 90, .id = 0x0a000001};

static void assert_check(struct bgp_open theirs, uint32_t peer_asn, int subcode)
{
        struct bgp_error e;
        bool ok = bgp_open_check(&theirs, &ours, peer_asn, &e);
        ck_assert_int_eq(ok, subcode < 0);
        if (subcode >= 0)
                ck_assert_uint_eq(e.subcode, (unsigned)subcode);
}

START_TEST(round_trip)
{
        static const uint32_t asns[] = {1, 23456, 65535, 65536, 4200000000u};
        for (unsigned i = 0; i < 5 * 4; i++) {
                uint8_t buf[BGP_MAX];
                struct bgp_frame f;
                struct bgp_error e;
                struct bgp_open out, in = {.asn = asns[i / 4],
                                           .hold_time_s = 9,
                                           .id = 0xc0000201,
                                           .families = 1 + i % 3,
                                           .as4 = true,
                                           .refresh = i % 2};
                size_t n = bgp_open_encode(buf, &in);
                ck_assert_int_eq(bgp_frame(buf, n, &f, &e), BGP_FRAME_OK);
                ck_assert(bgp_open_decode(f.body, &out, &e));
                ck_assert_uint_eq(out.asn, in.asn);
                ck_assert_uint_eq(out.hold_time_s, 9);
                ck_assert_uint_eq(out.id, in.id);
                ck_assert_uint_eq(out.families, in.families);
                ck_assert_int_eq(out.as4, true);
                ck_assert_int_eq(out.refresh, in.refresh);
                for (size_t cut = 0; cut < f.body.left; cut++)
                        ck_assert(!bgp_open_decode(reader_of(f.body.p, cut), &out, &e));
        }
}
END_TEST

START_TEST(as_trans_stands_for_a_long_as)
{
        uint8_t buf[BGP_MAX];
        struct bgp_open in = {.asn = 65536, .as4 = true, .families = BGP_IPV4};
        bgp_open_encode(buf, &in);
        ck_assert_mem_eq(buf + 20, "\x5b\xa0", 2);
        in.asn = 65535;
        bgp_open_encode(buf, &in);
        ck_assert_mem_eq(buf + 20, "\xff\xff", 2);
}
END_TEST

START_TEST(row_9_version)
{
        struct bgp_open o;
        struct bgp_error e;
        ck_assert(!bgp_open_decode(reader_of("\3\xfd\xe9\0\x5a\x0a\0\0\1\0", 10), &o, &e));
        ck_assert_uint_eq(e.code, 2);
        ck_assert_uint_eq(e.subcode, 1);
        ck_assert_uint_eq(e.len, 2);
        ck_assert_mem_eq(e.data, "\0\4", 2);
}
END_TEST

START_TEST(rows_10_11_12_as)
{
        assert_check((struct bgp_open){.asn = 65001, .id = 1}, 65001, -1);
        assert_check((struct bgp_open){.asn = 65002, .id = 1}, 65001, 2);
        assert_check((struct bgp_open){.asn = 0, .id = 1}, 65001, 2);
        assert_check((struct bgp_open){.asn = 0, .id = 1}, 0, 2);
        assert_refused("\x08\2\6\x41\4\0\0\xfd\xea", 9, 2); /* 65002 in the capability */
        assert_refused("\x08\2\6\x41\4\0\0\0\0", 9, 2);
}
END_TEST

START_TEST(row_13_hold)
{
        static const struct {
                uint16_t hold;
                int subcode;
        } cases[] = {{0, -1}, {1, 6}, {2, 6}, {3, -1}, {65535, -1}};
        for (size_t i = 0; i < 5; i++)
                assert_check((struct bgp_open){.asn = 7, .id = 1, .hold_time_s = cases[i].hold}, 7,
                             cases[i].subcode);
}
END_TEST

START_TEST(row_14_id)
{
        assert_check((struct bgp_open){.asn = 7, .id = 0}, 7, 3);
        assert_check((struct bgp_open){.asn = 7, .id = ours.id}, 7, -1);        /* eBGP */
        assert_check((struct bgp_open){.asn = 65000, .id = ours.id}, 65000, 3); /* iBGP */
        assert_check((struct bgp_open){.asn = 65000, .id = ours.id + 1}, 65000, -1);
}
END_TEST

START_TEST(row_15_parameter_types)
{
        assert_refused("\2\x63\0", 3, 4);
        assert_refused("\2\1\0", 3, 4);
}
END_TEST

START_TEST(rows_16_17_18_lengths)
{
        assert_refused("\2\2\1", 3, 0);                  /* parameter past the end */
        assert_refused("\1\2", 2, 0);                    /* half a parameter header */
        assert_refused("\7\2\0", 3, 0);                  /* all of them past the end */
        assert_refused("\0\2\0", 3, 0);                  /* bytes after the end */
        assert_refused("\4\2\2\1\4", 5, 0);              /* capability past its parameter */
        assert_refused("\3\2\1\2", 4, 0);                /* half a capability header */
        assert_refused("\7\2\5\1\3\0\1\0", 8, 0);        /* multiprotocol of 3 bytes */
        assert_refused("\x09\2\7\1\5\0\1\0\1\0", 10, 0); /* of 5 */
        assert_refused("\7\2\5\x41\3\0\xfd\xe9", 8, 0);  /* AS of 3 */
}
END_TEST

START_TEST(row_19_unknown_and_repeated_capabilities)
{
        struct bgp_open o;
        struct bgp_error e;
        ck_assert(decode("\x0e\2\x0c\xc8\x0a"
                         "0123456789",
                         15, &o, &e));
        ck_assert_uint_eq(o.families, BGP_IPV4); /* RFC 4760: without the capability */
        ck_assert(!o.as4);
        static const char twice[] = "\x14\2\6\1\4\0\2\0\1\2\2\2\0\2\6\1\4\0\2\0\1";
        ck_assert(decode(twice, 21, &o, &e));
        ck_assert_uint_eq(o.families, BGP_IPV6);
        ck_assert(o.refresh);
        ck_assert(decode("\x08\2\6\1\4\0\x19\0\x41", 9, &o, &e)); /* a family that we do not know */
        ck_assert_uint_eq(o.families, 0);
}
END_TEST

START_TEST(row_20_extended_parameters)
{
        struct bgp_open o;
        struct bgp_error e;
        static const char ext[] = "\xff\xff\0\x09\2\0\6\1\4\0\2\0\1";
        ck_assert(decode(ext, 13, &o, &e));
        ck_assert_uint_eq(o.families, BGP_IPV6);
        for (size_t n = 1; n < 13; n++)
                assert_refused(ext, n, 0);
        uint8_t big[600] = {0xff, 0xff,           600 >> 8 & 0xff, (600 - 4) & 0xff,
                            2,    (600 - 7) >> 8, (600 - 7) & 0xff};
        big[2] = (600 - 4) >> 8;
        for (size_t i = 7; i + 2 <= sizeof(big); i += 2)
                big[i] = 200; /* unknown capabilities of length 0 */
        big[sizeof(big) - 1] = 0;
        assert_refused(big, sizeof(big), 0); /* 593 bytes: the last is half a header */
        ck_assert(decode("\0", 1, &o, &e));  /* and none at all */
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/open");
        TCase *t = tcase_create("all");
        tcase_add_test(t, round_trip);
        tcase_add_test(t, as_trans_stands_for_a_long_as);
        tcase_add_test(t, row_9_version);
        tcase_add_test(t, rows_10_11_12_as);
        tcase_add_test(t, row_13_hold);
        tcase_add_test(t, row_14_id);
        tcase_add_test(t, row_15_parameter_types);
        tcase_add_test(t, rows_16_17_18_lengths);
        tcase_add_test(t, row_19_unknown_and_repeated_capabilities);
        tcase_add_test(t, row_20_extended_parameters);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
