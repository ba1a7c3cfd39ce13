/* Framing, NOTIFICATION, ROUTE-REFRESH. Numbers in names are rows of the table of malformed cases. */
#include "bgp/msg.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static size_t message(uint8_t *buf, uint8_t type, size_t len, const void *body, size_t body_len)
{
        memset(buf, 0xff, 16);
        buf[16] = (uint8_t)(len >> 8);
        buf[17] = (uint8_t)len;
        buf[18] = type;
        if (body_len > 0)
                memcpy(buf + 19, body, body_len);
        return 19 + body_len;
}

static void assert_refused(const uint8_t *buf, size_t n, uint8_t code, uint8_t subcode, const char *data,
                           size_t len)
{
        struct bgp_frame f;
        struct bgp_error e;
        ck_assert_int_eq(bgp_frame(buf, n, &f, &e), BGP_FRAME_BAD);
        ck_assert_uint_eq(e.code, code);
        ck_assert_uint_eq(e.subcode, subcode);
        ck_assert_uint_eq(e.len, len);
        if (len > 0)
                ck_assert_mem_eq(e.data, data, len);
}

START_TEST(row_1_marker)
{
        uint8_t buf[32];
        size_t n = message(buf, BGP_KEEPALIVE, 19, NULL, 0);
        buf[7] = 0xfe;
        assert_refused(buf, n, 1, 1, NULL, 0);
}
END_TEST

START_TEST(rows_2_to_6_lengths)
{
        static const struct {
                uint8_t type;
                uint16_t len;
        } bad[] = {{BGP_KEEPALIVE, 18}, {BGP_UPDATE, 4097}, {BGP_KEEPALIVE, 20}, {BGP_OPEN, 28},
                   {BGP_UPDATE, 22},    {BGP_UPDATE, 0},    {BGP_OPEN, 65535}};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                uint8_t buf[32];
                size_t n = message(buf, bad[i].type, bad[i].len, NULL, 0);
                char data[2] = {(char)(bad[i].len >> 8), (char)bad[i].len};
                assert_refused(buf, n, 1, 2, data, 2);
        }
}
END_TEST

START_TEST(row_7_short_notification_is_never_answered)
{
        uint8_t buf[32];
        struct bgp_frame f;
        struct bgp_error e;
        for (size_t extra = 0; extra < 2; extra++) {
                size_t n = message(buf, BGP_NOTIFICATION, 19 + extra, "\x06", extra);
                ck_assert_int_eq(bgp_frame(buf, n, &f, &e), BGP_FRAME_OK);
                ck_assert_uint_eq(bgp_notification_decode(f.body).code, 0);
        }
}
END_TEST

START_TEST(row_8_types)
{
        static const uint8_t types[] = {0, 6, 255};
        for (size_t i = 0; i < sizeof(types); i++) {
                uint8_t buf[32];
                size_t n = message(buf, types[i], 19, NULL, 0);
                assert_refused(buf, n, 1, 3, (const char *)&types[i], 1);
        }
}
END_TEST

START_TEST(a_message_is_framed_only_when_it_is_whole)
{
        uint8_t buf[BGP_MAX];
        struct bgp_frame f;
        struct bgp_error e, sent = bgp_error_text(BGP_CEASE_SHUTDOWN, "bye");
        size_t n = bgp_notification_encode(buf, &sent);
        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(bgp_frame(buf, i, &f, &e), BGP_FRAME_MORE);
        ck_assert_int_eq(bgp_frame(buf, n + 100, &f, &e), BGP_FRAME_OK); /* the next one does not matter */
        ck_assert_uint_eq(f.len, n);
        ck_assert_int_eq(f.type, BGP_NOTIFICATION);
        ck_assert_uint_eq(f.body.left, n - BGP_HEADER);
}
END_TEST

START_TEST(keepalive_is_19_bytes)
{
        uint8_t buf[BGP_MAX];
        struct bgp_frame f;
        struct bgp_error e;
        ck_assert_uint_eq(bgp_keepalive_encode(buf), 19);
        ck_assert_int_eq(bgp_frame(buf, 19, &f, &e), BGP_FRAME_OK);
        ck_assert_int_eq(f.type, BGP_KEEPALIVE);
}
END_TEST

START_TEST(notification_round_trip)
{
        uint8_t buf[BGP_MAX];
        struct bgp_frame f;
        struct bgp_error e, sent = bgp_error_of(1, 2, "\x10\x01", 2);
        size_t n = bgp_notification_encode(buf, &sent);
        ck_assert_uint_eq(n, 23);
        ck_assert_int_eq(bgp_frame(buf, n, &f, &e), BGP_FRAME_OK);
        e = bgp_notification_decode(f.body);
        ck_assert_uint_eq(e.code, 1);
        ck_assert_uint_eq(e.subcode, 2);
        ck_assert_uint_eq(e.len, 2);
        ck_assert_mem_eq(e.data, "\x10\x01", 2);
}
END_TEST

START_TEST(data_that_is_too_long_is_cut)
{
        uint8_t big[1000] = {0};
        ck_assert_uint_eq(bgp_error_of(7, 1, big, sizeof(big)).len, 256);
        char text[400];
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        struct bgp_error e = bgp_error_text(BGP_CEASE_RESET, text);
        ck_assert_uint_eq(e.len, 256);
        ck_assert_uint_eq(e.data[0], 255);
}
END_TEST

START_TEST(shutdown_text_is_shown)
{
        char buf[BGP_ERROR_STRLEN];
        struct bgp_error e = bgp_error_text(BGP_CEASE_SHUTDOWN, "drain, back in 10 m");
        ck_assert_str_eq(bgp_error_str(&e, buf), "6/2 Administrative Shutdown: drain, back in 10 m");
        e = bgp_error_of(BGP_CEASE, BGP_CEASE_SHUTDOWN, NULL, 0);
        ck_assert_str_eq(bgp_error_str(&e, buf), "6/2 Administrative Shutdown");
        e = bgp_error_of(2, 2,
                         "\x03"
                         "abc",
                         4); /* only 6/2 and 6/4 carry text */
        ck_assert_str_eq(bgp_error_str(&e, buf), "2/2 Bad Peer AS");
        e = bgp_error_of(2, 99, NULL, 0);
        ck_assert_str_eq(bgp_error_str(&e, buf), "2/99 OPEN Message Error");
        e = bgp_error_of(99, 1, NULL, 0);
        ck_assert_str_eq(bgp_error_str(&e, buf), "99/1 unknown error");
}
END_TEST

START_TEST(row_54_text_longer_than_the_message_and_not_printable)
{
        char buf[BGP_ERROR_STRLEN];
        struct bgp_error e = bgp_error_of(BGP_CEASE, BGP_CEASE_SHUTDOWN,
                                          "\xc8"
                                          "a\0\xff",
                                          4);
        ck_assert_str_eq(bgp_error_str(&e, buf), "6/2 Administrative Shutdown: a\\x00\\xff");
        uint8_t worst[256];
        memset(worst, 0xff, sizeof(worst));
        e = bgp_error_of(BGP_CEASE, BGP_CEASE_RESET, worst, sizeof(worst));
        bgp_error_str(&e, buf);
        ck_assert_uint_eq(strlen(buf), strlen("6/4 Administrative Reset: ") + 255 * 4);
}
END_TEST

START_TEST(row_55_hard_reset_with_few_bytes)
{
        char buf[BGP_ERROR_STRLEN];
        for (size_t n = 0; n < 2; n++) {
                struct bgp_error e = bgp_error_of(BGP_CEASE, 9, "\x06", n);
                ck_assert_str_eq(bgp_error_str(&e, buf), "6/9 Hard Reset");
        }
}
END_TEST

static bool refresh(const char *body, size_t n, unsigned *families, struct bgp_error *e)
{
        return bgp_refresh_decode(reader_of(body, n), families, e);
}

START_TEST(refresh_names_a_family)
{
        unsigned families;
        struct bgp_error e;
        ck_assert(refresh("\0\1\0\1", 4, &families, &e));
        ck_assert_uint_eq(families, BGP_IPV4);
        ck_assert(refresh("\0\2\0\1", 4, &families, &e));
        ck_assert_uint_eq(families, BGP_IPV6);
}
END_TEST

START_TEST(row_53_refresh)
{
        unsigned families;
        struct bgp_error e;
        ck_assert(!refresh("\0\1\1\1x", 5, &families, &e));
        ck_assert_uint_eq(e.code, 7);
        ck_assert_uint_eq(e.subcode, 1);
        ck_assert_uint_eq(e.len, 24); /* the message */
        ck_assert_mem_eq(e.data + 16, "\0\x18\5\0\1\1\1x", 8);
        ck_assert(!refresh("\0\1\2", 3, &families, &e));
        ck_assert_uint_eq(e.code, 7);
        ck_assert(!refresh("\0\1", 2, &families, &e));
        ck_assert_uint_eq(e.code, 1);
        ck_assert_mem_eq(e.data, "\0\x15", 2);
        static const char *const ignored[] = {"\0\1\3\1", "\0\1\1\1", "\0\x19\0\1", "\0\1\0\2"};
        for (size_t i = 0; i < 4; i++) {
                ck_assert(refresh(ignored[i], 4, &families, &e));
                ck_assert_uint_eq(families, 0);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/msg");
        TCase *t = tcase_create("all");
        tcase_add_test(t, row_1_marker);
        tcase_add_test(t, rows_2_to_6_lengths);
        tcase_add_test(t, row_7_short_notification_is_never_answered);
        tcase_add_test(t, row_8_types);
        tcase_add_test(t, a_message_is_framed_only_when_it_is_whole);
        tcase_add_test(t, keepalive_is_19_bytes);
        tcase_add_test(t, notification_round_trip);
        tcase_add_test(t, data_that_is_too_long_is_cut);
        tcase_add_test(t, shutdown_text_is_shown);
        tcase_add_test(t, row_54_text_longer_than_the_message_and_not_printable);
        tcase_add_test(t, row_55_hard_reset_with_few_bytes);
        tcase_add_test(t, refresh_names_a_family);
        tcase_add_test(t, row_53_refresh);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
