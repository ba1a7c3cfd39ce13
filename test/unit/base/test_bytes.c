#include "base/bytes.h"
#include "suite.h"

#include <string.h>

static const uint8_t sample[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xaa, 0xbb};

/* u8, u16, u32 and two bytes. */
static bool decode(const uint8_t *p, size_t n)
{
        struct reader r = reader_of(p, n);
        bool same = get_u8(&r) == 0x01;
        same &= get_u16(&r) == 0x0203;
        same &= get_u32(&r) == 0x04050607;
        const uint8_t *tail = get_bytes(&r, 2);
        same &= tail && tail[0] == 0xaa && tail[1] == 0xbb;
        return same && reader_done(&r);
}

START_TEST(reads_in_network_order)
{
        ck_assert(decode(sample, sizeof(sample)));
}
END_TEST

START_TEST(refuses_every_truncation)
{
        for (size_t n = 0; n < sizeof(sample); n++) {
                uint8_t *exact = malloc(n ? n : 1); /* the sanitizer sees one byte too many */
                memcpy(exact, sample, n);
                ck_assert_msg(!decode(exact, n), "%zu bytes were enough", n);
                free(exact);
        }
}
END_TEST

START_TEST(bad_is_sticky_and_reads_zero)
{
        struct reader r = reader_of(sample, 3);
        ck_assert_uint_eq(get_u32(&r), 0);
        ck_assert(r.bad);
        ck_assert_uint_eq(r.left, 0); /* a loop over what is left ends */
        ck_assert_uint_eq(get_u8(&r), 0);
        ck_assert_uint_eq(get_u16(&r), 0);
        ck_assert_ptr_null(get_bytes(&r, 0));
        ck_assert(!reader_done(&r));
}
END_TEST

START_TEST(nothing_is_done_at_once)
{
        struct reader r = reader_of(NULL, 0);
        ck_assert(reader_done(&r));
        ck_assert_ptr_nonnull(get_bytes(&r, 0));
        ck_assert(reader_done(&r));
        get_u8(&r);
        ck_assert(!reader_done(&r));
        r = reader_of(sample, 4);
        ck_assert_ptr_null(get_bytes(&r, SIZE_MAX));
}
END_TEST

START_TEST(child_keeps_to_its_part)
{
        struct reader r = reader_of(sample, sizeof(sample));
        struct reader child = get_child(&r, 3);
        ck_assert_uint_eq(get_u16(&child), 0x0102);
        ck_assert_uint_eq(get_u16(&child), 0); /* the fourth byte is the parent's */
        ck_assert(child.bad);
        ck_assert(!r.bad);
        ck_assert_uint_eq(get_u8(&r), 0x04);

        child = get_child(&r, sizeof(sample));
        ck_assert(child.bad);
        ck_assert(r.bad);
        ck_assert_uint_eq(child.left, 0);
}
END_TEST

static void encode(struct writer *w)
{
        put_u8(w, 0x01);
        put_u16(w, 0x0203);
        put_u32(w, 0x04050607);
        put_bytes(w, "\xaa\xbb", 2);
}

START_TEST(writes_at_every_capacity)
{
        for (size_t cap = 0; cap <= sizeof(sample) + 1; cap++) {
                uint8_t *buf = malloc(cap ? cap : 1);
                struct writer w = writer_of(buf, cap);
                encode(&w);
                ck_assert_int_eq(w.bad, cap < sizeof(sample));
                if (!w.bad) {
                        ck_assert_uint_eq(w.len, sizeof(sample));
                        ck_assert_mem_eq(buf, sample, sizeof(sample));
                }
                free(buf);
        }
}
END_TEST

START_TEST(values_must_fit_their_field)
{
        static const struct {
                void (*put)(struct writer *, uint64_t);
                uint64_t max;
        } v[] = {{put_u8, UINT8_MAX}, {put_u16, UINT16_MAX}, {put_u32, UINT32_MAX}};
        uint8_t buf[16];
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
                struct writer w = writer_of(buf, sizeof(buf));
                v[i].put(&w, v[i].max);
                ck_assert(!w.bad);
                ck_assert_uint_eq(buf[0], 0xff);
                v[i].put(&w, v[i].max + 1);
                ck_assert(w.bad);
                size_t len = w.len;
                put_u8(&w, 0); /* sticky: nothing is stored any more */
                ck_assert_uint_eq(w.len, len);
        }
}
END_TEST

START_TEST(lengths_are_filled_in)
{
        uint8_t buf[8];
        struct writer w = writer_of(buf, sizeof(buf));
        size_t outer = open_len(&w, 2), inner = open_len(&w, 1);
        put_u16(&w, 0xbeef);
        close_len(&w, inner, 1);
        close_len(&w, outer, 2);
        ck_assert(!w.bad);
        ck_assert_uint_eq(w.len, 5);
        ck_assert_mem_eq(buf, "\x00\x03\x02\xbe\xef", 5);
}
END_TEST

START_TEST(a_length_that_does_not_fit_is_bad)
{
        static uint8_t buf[0x10000 + 16], zeros[0x10000];
        struct writer w = writer_of(buf, sizeof(buf));
        size_t at = open_len(&w, 1);
        put_bytes(&w, zeros, 255);
        close_len(&w, at, 1);
        ck_assert(!w.bad);
        ck_assert_uint_eq(buf[0], 255);
        put_u8(&w, 0);
        close_len(&w, at, 1);
        ck_assert(w.bad);

        w = writer_of(buf, sizeof(buf));
        at = open_len(&w, 2);
        put_bytes(&w, zeros, 0x10000);
        close_len(&w, at, 2);
        ck_assert(w.bad);

        w = writer_of(buf, 1); /* no room for the length itself */
        at = open_len(&w, 2);
        close_len(&w, at, 2);
        ck_assert(w.bad);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                reads_in_network_order,      refuses_every_truncation, bad_is_sticky_and_reads_zero,
                nothing_is_done_at_once,     child_keeps_to_its_part,  writes_at_every_capacity,
                values_must_fit_their_field, lengths_are_filled_in,    a_length_that_does_not_fit_is_bad,
        };
        return run_tests("bytes", tests, sizeof(tests) / sizeof(tests[0]));
}
