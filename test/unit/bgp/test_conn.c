/*
 * The end of a connection to a peer that reads slowly. What the kernel takes is said by the test, to the
 * byte: send() below stands before that of libc.
 */
#include "bgp/conn.h"
#include "peer.h"

enum { FILL = 65536, MESSAGE = 4096 }; /* the fill of conn.c is whole messages of this size */

static size_t taken, kernel_room = SIZE_MAX;

ssize_t send(int fd, const void *p, size_t n, int flags)
{
        size_t left = kernel_room - taken;
        if (left == 0) {
                errno = EAGAIN;
                return -1;
        }
        ssize_t sent = sendto(fd, p, n < left ? n : left, flags, NULL, 0);
        taken += sent > 0 ? (size_t)sent : 0;
        return sent;
}

struct t {
        struct bench b;
        struct peer *p;
        struct conn *c;
        bool connected, gone, filled;
};

static void connected(void *arg, struct ip local)
{
        struct t *t = arg;
        (void)local;
        t->connected = true;
}

static size_t input(void *arg, const uint8_t *p, size_t n, bool *again)
{
        (void)arg;
        (void)p;
        (void)again;
        return n;
}

static void message(uint8_t *buf, size_t len, uint8_t type)
{
        memset(buf, 0xff, 16);
        buf[16] = (uint8_t)(len >> 8);
        buf[17] = (uint8_t)len;
        buf[18] = type;
        memset(buf + 19, type, len - 19);
}

/* As many messages as there is room for, once. */
static size_t output(void *arg, uint8_t *buf, size_t room)
{
        struct t *t = arg;
        size_t n = 0;
        for (; !t->filled && room - n >= MESSAGE; n += MESSAGE)
                message(buf + n, MESSAGE, BGP_UPDATE);
        t->filled = true;
        return n;
}

static void nothing(void *arg)
{
        (void)arg;
}

static void failed(void *arg, const char *why)
{
        (void)arg;
        ck_abort_msg("%s", why);
}

static void gone(void *arg)
{
        struct t *t = arg;
        conn_free(t->c);
        t->c = NULL;
        t->gone = true;
}

static const struct conn_ops ops = {.connected = connected,
                                    .input = input,
                                    .output = output,
                                    .progress = nothing,
                                    .drained = nothing,
                                    .failed = failed,
                                    .gone = gone};

static bool is_connected(void *arg)
{
        struct t *t = arg;
        return t->connected && t->p->fd >= 0;
}

static bool is_stuck(void *arg)
{
        (void)arg;
        return taken == kernel_room;
}

static bool is_gone(void *arg)
{
        return ((struct t *)arg)->gone;
}

/* Where the peer stopped to read when the buffer was full to the last byte: at the beginning of a message, in
 * the middle of the first, of some, and of the last one. */
static const size_t stops[] = {MESSAGE, 1, 10 * MESSAGE + 5, FILL + 1, FILL + MESSAGE - 1};

START_TEST(finished_with_a_full_buffer)
{
        struct t t = {.b = bench_new()};
        const char *why = NULL;
        uint8_t buf[BGP_MAX], farewell[BGP_MAX];
        size_t len, updates = 0, farewell_len = 277; /* the longest NOTIFICATION with a text */
        int type;
        taken = 0;
        kernel_room = 1;
        bench_start(&t.b);
        t.p = peer_new(&t.b, "127.0.0.1");
        struct conn_to to = {.remote = t.p->address, .port = t.p->port, .ttl = 1};
        t.c = conn_open(t.b.loop, &to, &ops, &t, &why);
        ck_assert_msg(t.c != NULL, "%s", why);
        bench_until(&t.b, is_connected, &t, "a connection");
        conn_pull(t.c);
        message(buf, MESSAGE, BGP_UPDATE);
        conn_send(t.c, buf, MESSAGE); /* there is room for exactly that */
        kernel_room = stops[_i];
        bench_until(&t.b, is_stuck, &t, "a peer that takes no more");
        conn_send(t.c, buf, MESSAGE);
        message(farewell, farewell_len, BGP_NOTIFICATION);
        conn_finish(t.c, farewell, farewell_len);
        kernel_room = SIZE_MAX;
        while ((type = peer_next(&t.b, t.p, buf, &len)) == BGP_UPDATE) {
                ck_assert_uint_eq(len, MESSAGE);
                for (size_t i = 0; i < len; i++)
                        ck_assert_uint_eq(buf[i], i < 16 ? 0xff : i == 16 ? MESSAGE >> 8 : i == 17 ? 0 : 2);
                updates++;
        }
        ck_assert_int_eq(type, BGP_NOTIFICATION);
        ck_assert_uint_eq(updates, (stops[_i] + MESSAGE - 1) / MESSAGE); /* those that were begun */
        ck_assert_uint_eq(len, farewell_len);
        ck_assert_mem_eq(buf, farewell, len);
        bench_until(&t.b, peer_is_at_end, t.p, "the end");
        peer_close(t.p);
        bench_until(&t.b, is_gone, &t, "gone");
        bench_free(&t.b);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn");
        TCase *t = tcase_create("conn");
        tcase_set_timeout(t, 60);
        tcase_add_loop_test(t, finished_with_a_full_buffer, 0, sizeof(stops) / sizeof(stops[0]));
        suite_add_tcase(suite, t);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int bad = srunner_ntests_failed(runner);
        srunner_free(runner);
        return bad != 0;
}
