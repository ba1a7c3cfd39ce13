/* One session against a scripted peer: both ways, in pieces, with garbage, with silence. */
#include "bgp/session.h"
#include "peer.h"
#include "test/unit/base/capture.h"

struct t {
        struct bench b;
        struct peer *p;
        struct session *s;
        struct bgp_peer params;
        int up, down, gone;
        char why[256];
        const char *awaited;
};

static void news(void *arg, struct session *s, enum session_news what, const char *message)
{
        struct t *t = arg;
        (void)s;
        t->up += what == SESSION_UP;
        t->down += what == SESSION_DOWN;
        t->gone += what == SESSION_GONE;
        if (what == SESSION_DOWN)
                snprintf(t->why, sizeof(t->why), "%s", message);
}

static struct t *setup(const char *address, uint16_t hold_s)
{
        struct t *t = xcalloc(1, sizeof(*t));
        t->b = bench_new();
        bench_start(&t->b);
        t->p = peer_new(&t->b, address);
        t->params = (struct bgp_peer){.ref = {.name = "tor"},
                                      .my_asn = 65001,
                                      .peer_asn = 65002,
                                      .address = t->p->address,
                                      .port = t->p->port,
                                      .hold_time_s = hold_s};
        t->s = session_new(t->b.loop, "node-1", &t->params, news, t);
        return t;
}

static void teardown(struct t *t)
{
        session_free(t->s);
        bench_free(&t->b);
        free(t);
}

static struct bgp_status status(const struct t *t)
{
        struct bgp_status st;
        session_status(t->s, &st);
        return st;
}

static bool in_state(void *arg)
{
        struct t *t = arg;
        return strcmp(status(t).state, t->awaited) == 0;
}

static void wait_state(struct t *t, const char *state)
{
        t->awaited = state;
        bench_until(&t->b, in_state, t, state);
}

static bool is_down(void *arg)
{
        return ((struct t *)arg)->down > 0;
}

static bool is_gone(void *arg)
{
        return ((struct t *)arg)->gone > 0;
}

static void set_host(struct t *t, const char *base, uint64_t i)
{
        struct ip ip;
        ck_assert(ip_parse(base, &ip));
        ck_assert(ip_add(&ip, i));
        struct route r = {.prefix = ip_prefix(ip, ip_family(ip) == IP_V4 ? 32 : 128), .peer = "tor"};
        rib_set(session_rib(t->s), ip, &r, 1);
        session_kick(t->s);
}

static void unset_host(struct t *t, const char *text)
{
        struct ip ip;
        ck_assert(ip_parse(text, &ip));
        rib_unset(session_rib(t->s), ip);
        session_kick(t->s);
}

/* Established on both sides. */
static struct bgp_open establish(struct t *t)
{
        struct bgp_open o = peer_establish(&t->b, t->p, 65002, 90);
        wait_state(t, "Established");
        return o;
}

START_TEST(establishes_and_announces)
{
        struct t *t = setup("127.0.0.1", 90);
        set_host(t, "192.0.2.1", 0);
        struct bgp_open o = establish(t);
        ck_assert_uint_eq(o.asn, 65001);
        ck_assert_uint_eq(o.hold_time_s, 90);
        ck_assert_uint_eq(o.id, 0x7f000001); /* the local address */
        ck_assert_uint_eq(o.families, BGP_IPV4);
        ck_assert(o.as4 && o.refresh);
        ck_assert_int_eq(t->up, 1);
        peer_wait_routes(&t->b, t->p, 1);
        ck_assert_str_eq(t->p->view.v[0].attrs, " path=65001 hop=7f000001");
        ck_assert_uint_eq(status(t).prefixes_sent, 1);
        set_host(t, "192.0.2.2", 0);
        peer_wait_routes(&t->b, t->p, 2);
        unset_host(t, "192.0.2.1");
        peer_wait_routes(&t->b, t->p, 1);
        ck_assert_uint_eq(status(t).updates_out, 3);
        ck_assert_uint_eq(t->p->view.eor4, 0);
        session_stop(t->s, BGP_CEASE_DECONFIGURED, NULL);
        struct bgp_error e = peer_notification(&t->b, t->p);
        ck_assert_uint_eq(e.code * 100u + e.subcode, 603);
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        ck_assert_int_eq(t->gone, 0); /* it waits for us to close */
        peer_close(t->p);
        bench_until(&t->b, is_gone, t, "gone");
        ck_assert_int_eq(t->down, 1);
        ck_assert_str_eq(status(t).state, "Idle");
        teardown(t);
}
END_TEST

START_TEST(ipv6)
{
        int fd = socket(AF_INET6, SOCK_STREAM, 0);
        struct sockaddr_in6 lo = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        bool has_v6 = fd >= 0 && bind(fd, (struct sockaddr *)&lo, sizeof(lo)) == 0;
        close(fd);
        if (!has_v6)
                return; /* a machine without ::1 */
        struct t *t = setup("::1", 90);
        set_host(t, "2001:db8::1", 0);
        set_host(t, "192.0.2.1", 0); /* not of this session's family */
        struct bgp_open o = establish(t);
        ck_assert_uint_eq(o.families, BGP_IPV6);
        ck_assert_uint_eq(o.id >> 30, 2); /* made of the node's name */
        peer_wait_routes(&t->b, t->p, 1);
        ck_assert_str_eq(t->p->view.v[0].attrs, " path=65001 hop=00000000000000000000000000000001");
        session_synced(t->s);
        while (t->p->view.eor6 == 0) {
                bench_until(&t->b, peer_has_message, t->p, "End-of-RIB");
                peer_absorb(t->p);
        }
        ck_assert_uint_eq(t->p->view.n, 1);
        ck_assert_uint_eq(t->p->view.eor4, 0);
        teardown(t);
}
END_TEST

START_TEST(end_of_rib_after_synced_and_all_routes)
{
        struct t *t = setup("127.0.0.1", 90);
        for (uint64_t i = 0; i < 5000; i++)
                set_host(t, "10.0.0.0", i);
        establish(t);
        peer_wait_routes(&t->b, t->p, 5000);
        ck_assert_uint_eq(t->p->view.eor4, 0);
        set_host(t, "192.0.2.1", 0);
        session_synced(t->s);
        while (t->p->view.eor4 == 0) {
                bench_until(&t->b, peer_has_message, t->p, "End-of-RIB");
                peer_absorb(t->p);
        }
        ck_assert_uint_eq(t->p->view.n, 5001);
        peer_close(t->p); /* once per session: again on the next */
        t->p->view.n = 0;
        establish(t);
        while (t->p->view.eor4 == 1) {
                bench_until(&t->b, peer_has_message, t->p, "End-of-RIB");
                peer_absorb(t->p);
        }
        ck_assert_uint_eq(t->p->view.n, 5001);
        teardown(t);
}
END_TEST

START_TEST(messages_in_pieces)
{
        struct t *t = setup("127.0.0.1", 90);
        uint8_t buf[BGP_MAX];
        struct bgp_open o = {.asn = 65002, .hold_time_s = 90, .id = 9, .families = BGP_IPV4, .as4 = true};
        size_t n = bgp_open_encode(buf, &o);
        n += bgp_keepalive_encode(buf + n);
        peer_accept(&t->b, t->p);
        for (size_t i = 0; i < n; i++) { /* a byte at a time, each taken on its own */
                uint64_t before = status(t).messages_in;
                peer_send(t->p, buf + i, 1);
                size_t len;
                uint8_t got[BGP_MAX];
                if (i == n - 19 - 1)
                        ck_assert_int_eq(peer_next(&t->b, t->p, got, &len), BGP_KEEPALIVE);
                else if (i < n - 1)
                        ck_assert_uint_eq(status(t).messages_in, before);
        }
        wait_state(t, "Established");
        teardown(t);
}
END_TEST

static bool has_counted(void *arg)
{
        return status(arg).updates_in >= 1000;
}

START_TEST(many_messages_at_once)
{
        struct t *t = setup("127.0.0.1", 90);
        establish(t);
        static const uint8_t update[23] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0,    23,   2,    0,    0,    0,    0};
        uint8_t all[1000 * 23];
        for (size_t i = 0; i < 1000; i++)
                memcpy(all + i * 23, update, 23);
        peer_send(t->p, all, sizeof(all));
        bench_until(&t->b, has_counted, t, "1000 messages");
        ck_assert_uint_eq(status(t).updates_in, 1000);
        ck_assert_uint_eq(status(t).content_errors_in, 0);
        ck_assert_str_eq(status(t).state, "Established");
        teardown(t);
}
END_TEST

static bool has_content_error(void *arg)
{
        return status(arg).content_errors_in > 0;
}

START_TEST(content_errors_do_not_end_a_session)
{
        struct t *t = setup("127.0.0.1", 90);
        establish(t);
        uint8_t bad[28];
        memset(bad, 0xff, 16);
        memcpy(bad + 16, "\0\x1c\2\0\0\0\0\x21\1\2\3\4", 12); /* row 30 */
        peer_send(t->p, bad, sizeof(bad));
        bench_until(&t->b, has_content_error, t, "a counted error");
        ck_assert_str_eq(status(t).state, "Established");
        set_host(t, "192.0.2.1", 0);
        peer_wait_routes(&t->b, t->p, 1);
        teardown(t);
}
END_TEST

/* What the peer sends in which state, and the NOTIFICATION that it gets. Rows of the table of malformed
 * cases. */
static const struct {
        const char *bytes;
        size_t n;
        int at; /* 0: OpenSent, 1: OpenConfirm, 2: Established */
        uint8_t code, subcode;
} refused[] = {
        {"\0\x13\x09", 3, 2, 1, 3},                          /* 8 */
        {"\0\x12\4", 3, 2, 1, 2},                            /* 2 */
        {"\x10\x01\2", 3, 2, 1, 2},                          /* 3 */
        {"\0\x1d\1\3\xfd\xea\0\x5a\1\2\3\4\0", 13, 0, 2, 1}, /* 9 */
        {"\0\x1d\1\4\xfd\xeb\0\x5a\1\2\3\4\0", 13, 0, 2, 2}, /* 10 */
        {"\0\x1d\1\4\xfd\xea\0\2\1\2\3\4\0", 13, 0, 2, 6},   /* 13 */
        {"\0\x1d\1\4\xfd\xea\0\x5a\0\0\0\0\0", 13, 0, 2, 3}, /* 14 */
        {"\0\x17\2\0\0\0\0", 7, 0, 5, 1},                    /* 22 */
        {"\0\x17\2\0\0\0\0", 7, 1, 5, 2},                    /* 22 */
        {"\0\x1d\1\4\xfd\xea\0\x5a\1\2\3\4\0", 13, 1, 5, 2},
        {"\0\x1d\1\4\xfd\xea\0\x5a\1\2\3\4\0", 13, 2, 5, 3}, /* 23 */
        {"\0\x13\4", 3, 0, 5, 1},
        {"\0\x17\2\0\1\0\0", 7, 2, 3, 1},   /* 28 */
        {"\0\x18\5\0\1\1\1\0", 8, 2, 7, 1}, /* 53 */
};

START_TEST(what_is_refused)
{
        struct t *t = setup("127.0.0.1", 90);
        uint8_t msg[64], buf[BGP_MAX];
        size_t len;
        memset(msg, 0xff, 16);
        memcpy(msg + 16, refused[_i].bytes, refused[_i].n);
        peer_accept(&t->b, t->p);
        if (refused[_i].at >= 1) {
                peer_send_open(t->p, 65002, 90);
                ck_assert_int_eq(peer_next(&t->b, t->p, buf, &len), BGP_KEEPALIVE);
        }
        if (refused[_i].at == 2) {
                peer_send_keepalive(t->p);
                wait_state(t, "Established");
        }
        peer_send(t->p, msg, 16 + refused[_i].n);
        struct bgp_error e = peer_notification(&t->b, t->p);
        ck_assert_uint_eq(e.code, refused[_i].code);
        ck_assert_uint_eq(e.subcode, refused[_i].subcode);
        bench_until(&t->b, is_down, t, "down");
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        ck_assert_uint_eq(status(t).notifications_out, 1);
        teardown(t);
}
END_TEST

START_TEST(garbage)
{
        struct t *t = setup("127.0.0.1", 90);
        peer_accept(&t->b, t->p);
        peer_send(t->p, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
        struct bgp_error e = peer_notification(&t->b, t->p);
        ck_assert_uint_eq(e.code * 100u + e.subcode, 101);
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        peer_close(t->p);
        establish(t); /* and it comes again */
        teardown(t);
}
END_TEST

START_TEST(a_notification_is_not_answered)
{
        struct t *t = setup("127.0.0.1", 90);
        establish(t);
        peer_send_notification(t->p, BGP_CEASE, BGP_CEASE_SHUTDOWN);
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        ck_assert_uint_eq(t->p->len, 0);
        ck_assert_str_eq(t->why, "the peer sent NOTIFICATION 6/2 Administrative Shutdown");
        ck_assert_uint_eq(status(t).notifications_in, 1);
        ck_assert_uint_eq(status(t).notifications_out, 0);
        peer_close(t->p);
        establish(t);
        teardown(t);
}
END_TEST

START_TEST(routes_are_told_again_after_a_lost_connection)
{
        struct t *t = setup("127.0.0.1", 90);
        set_host(t, "192.0.2.1", 0);
        set_host(t, "192.0.2.2", 0);
        establish(t);
        peer_wait_routes(&t->b, t->p, 2);
        peer_close(t->p);
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->why, "connection lost: the peer closed the connection");
        ck_assert_uint_eq(status(t).prefixes_sent, 0);
        unset_host(t, "192.0.2.1");
        t->p->view.n = 0;
        establish(t);
        peer_wait_routes(&t->b, t->p, 1);
        ck_assert_uint_eq(status(t).established, 2);
        teardown(t);
}
END_TEST

START_TEST(hold_timer)
{
        struct t *t = setup("127.0.0.1", 3);
        struct mono begin = mono_now();
        struct bgp_open o = peer_establish(&t->b, t->p, 65002, 90);
        ck_assert_uint_eq(o.hold_time_s, 3);
        wait_state(t, "Established");
        struct bgp_error e = peer_notification(&t->b, t->p); /* we never say anything again */
        ck_assert_uint_eq(e.code, BGP_HOLD_EXPIRED);
        ck_assert_int_ge(mono_since(mono_now(), begin), 3 * SEC);
        ck_assert_uint_ge(status(t).messages_out,
                          2 + 2 + 1); /* OPEN, KEEPALIVEs each second or sooner, this */
        teardown(t);
}
END_TEST

START_TEST(route_refresh)
{
        struct t *t = setup("127.0.0.1", 90);
        for (uint64_t i = 0; i < 100; i++)
                set_host(t, "10.0.0.0", i);
        establish(t);
        peer_wait_routes(&t->b, t->p, 100);
        uint8_t ask[23];
        memset(ask, 0xff, 16);
        memcpy(ask + 16, "\0\x17\5\0\2\0\1", 7); /* IPv6: not negotiated, so nothing comes */
        peer_send(t->p, ask, sizeof(ask));
        ask[20] = 1;
        peer_send(t->p, ask, sizeof(ask));
        while (t->p->view.announced < 200) {
                bench_until(&t->b, peer_has_message, t->p, "the routes again");
                peer_absorb(t->p);
        }
        ck_assert_uint_eq(t->p->view.n, 100);
        ck_assert_uint_eq(t->p->view.announced, 200);
        ck_assert_str_eq(status(t).state, "Established");
        teardown(t);
}
END_TEST

static bool has_told_some(void *arg)
{
        return status(arg).prefixes_sent > 0;
}

/* What waits for a peer that does not read waits in its rib: changes meanwhile cost it nothing. */
START_TEST(slow_reader)
{
        enum { N = 100000 };
        struct t *t = setup("127.0.0.1", 90);
        peer_receive_buffer(t->p->listener, 4096);
        establish(t);
        t->p->deaf = true;
        for (uint64_t i = 0; i < N; i++)
                set_host(t, "10.0.0.0", i);
        bench_until(&t->b, has_told_some, t, "a first UPDATE");
        ck_assert_uint_lt(status(t).prefixes_sent, N);
        for (uint64_t i = 0; i < N; i++) { /* all of it goes away again, one new thing comes */
                struct ip ip;
                ck_assert(ip_parse("10.0.0.0", &ip) && ip_add(&ip, i));
                rib_unset(session_rib(t->s), ip);
        }
        set_host(t, "192.0.2.1", 0);
        t->p->deaf = false;
        peer_receive_buffer(t->p->fd, 1 << 20);
        bool done = false;
        size_t announced = 0;
        while (!done) { /* counted, not kept */
                uint8_t buf[BGP_MAX];
                size_t len;
                if (peer_next(&t->b, t->p, buf, &len) != BGP_UPDATE)
                        continue;
                announced += len > 23 + 20 && view_u16(buf + 19) == 0 ? (len - 43) / 5 : 0;
                done = len == 23 + 20 + 5 && memcmp(buf + 43, "\x20\xc0\0\2\1", 5) == 0;
        }
        ck_assert_uint_lt(announced, N);
        ck_assert_uint_eq(status(t).prefixes_sent, 1);
        ck_assert_str_eq(status(t).state, "Established");
        teardown(t);
}
END_TEST

static bool is_stuck(void *arg) /* nothing was told for 50 looks */
{
        static uint32_t last, same;
        uint32_t now = status(arg).prefixes_sent;
        same = now == last && now > 0 ? same + 1 : 0;
        last = now;
        return same >= 50;
}

/* A NOTIFICATION cannot cut into a message of which some bytes are sent. */
START_TEST(stopped_in_the_middle_of_a_message)
{
        enum { N = 100000 };
        struct t *t = setup("127.0.0.1", 90);
        uint8_t buf[BGP_MAX];
        size_t len, messages = 0;
        int type;
        peer_receive_buffer(t->p->listener, 4096);
        for (uint64_t i = 0; i < N; i++)
                set_host(t, "10.0.0.0", i);
        establish(t);
        t->p->deaf = true;
        bench_until(&t->b, is_stuck, t, "a full connection");
        ck_assert_uint_lt(status(t).prefixes_sent, N);
        session_stop(t->s, BGP_CEASE_SHUTDOWN, "bye");
        t->p->deaf = false;
        peer_receive_buffer(t->p->fd, 1 << 20);
        while ((type = peer_next(&t->b, t->p, buf, &len)) != BGP_NOTIFICATION) {
                ck_assert(type == BGP_KEEPALIVE || type == BGP_UPDATE);
                ck_assert_mem_eq(buf, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
                messages++;
        }
        ck_assert_uint_lt(messages, status(t).messages_out); /* the others were never begun */
        ck_assert_mem_eq(buf + 19, "\6\2\3bye", 6);
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        teardown(t);
}
END_TEST

START_TEST(nobody_listens)
{
        struct t *t = setup("127.0.0.1", 90);
        close(t->p->listener);
        t->p->listener = -1;
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->why, "cannot connect: Connection refused");
        ck_assert_str_eq(status(t).last_error, t->why);
        teardown(t);
}
END_TEST

START_TEST(a_source_that_is_not_ours)
{
        struct t *t = setup("127.0.0.1", 90);
        session_free(t->s);
        ck_assert(ip_parse("192.0.2.77", &t->params.source));
        t->s = session_new(t->b.loop, "node-1", &t->params, news, t);
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->why, "cannot connect: Cannot assign requested address");
        session_free(t->s);
        t->down = 0;
        ck_assert(ip_parse("2001:db8::1", &t->params.source));
        t->s = session_new(t->b.loop, "node-1", &t->params, news, t);
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->why, "cannot connect: the source address is of another family");
        teardown(t);
}
END_TEST

START_TEST(new_parameters)
{
        struct t *t = setup("127.0.0.1", 90);
        establish(t);
        t->params.ref.name = "other";
        t->params.keepalive_time_s = 7;
        t->params.connect_time_s = 1;
        session_update(t->s, &t->params);
        ck_assert_str_eq(session_peer(t->s), "other");
        ck_assert_str_eq(status(t).state, "Established");
        t->params.hold_time_s = 30;
        session_update(t->s, &t->params);
        struct bgp_error e = peer_notification(&t->b, t->p);
        ck_assert_uint_eq(e.code * 100u + e.subcode, 606);
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        peer_close(t->p);
        ck_assert_uint_eq(establish(t).hold_time_s, 30);
        teardown(t);
}
END_TEST

START_TEST(leaving)
{
        struct t *t = setup("127.0.0.1", 90);
        for (uint64_t i = 0; i < 3000; i++)
                set_host(t, "10.0.0.0", i);
        establish(t);
        peer_wait_routes(&t->b, t->p, 3000);
        session_leave(t->s, BGP_CEASE_SHUTDOWN, "bye");
        char text[BGP_ERROR_STRLEN];
        struct bgp_error e = peer_notification(&t->b, t->p);
        ck_assert_str_eq(bgp_error_str(&e, text), "6/2 Administrative Shutdown: bye");
        ck_assert_uint_eq(t->p->view.n, 0); /* withdrawn before */
        peer_close(t->p);
        bench_until(&t->b, is_gone, t, "gone");
        teardown(t);
}
END_TEST

START_TEST(restarting)
{
        struct t *t = setup("127.0.0.1", 90);
        set_host(t, "10.0.0.0", 0);
        establish(t);
        peer_wait_routes(&t->b, t->p, 1);
        session_stop(t->s, 0, NULL);
        ck_assert_int_eq(t->gone, 1);
        bench_until(&t->b, peer_is_at_end, t->p, "the end");
        ck_assert_uint_eq(t->p->len, 0); /* not a word */
        ck_assert_uint_eq(t->p->view.n, 1);
        teardown(t);
}
END_TEST

static size_t times(const char *text, const char *what)
{
        size_t n = 0;
        while ((text = strstr(text, what)) != NULL) {
                text++;
                n++;
        }
        return n;
}

static void set_too_much(struct t *t, const char *text)
{
        enum { N = 1000 }; /* 4 bytes each, and a message has 4096 */
        struct community many[N];
        struct ip ip;
        ck_assert(ip_parse(text, &ip));
        for (uint32_t i = 0; i < N; i++)
                many[i] = (struct community){.a = 65000, .b = i};
        struct route r = {.prefix = ip_prefix(ip, 32),
                          .peer = "tor",
                          .attrs = {.communities = many, .n_communities = N}};
        rib_set(session_rib(t->s), ip, &r, 1);
        session_kick(t->s);
}

START_TEST(what_cannot_be_announced_is_logged_once)
{
        struct capture log;
        struct t *t = setup("127.0.0.1", 90);
        establish(t);
        capture_begin(&log);
        set_too_much(t, "192.0.2.1");
        set_host(t, "192.0.2.10", 0);
        peer_wait_routes(&t->b, t->p, 1);
        ck_assert_uint_eq(status(t).prefixes_refused, 1);
        set_host(t, "192.0.2.11", 0);
        peer_wait_routes(&t->b, t->p, 2);
        ck_assert_uint_eq(times(capture_now(&log), "prefixes="), 1);
        ck_assert_uint_eq(times(log.text, "peer=tor prefixes=1 "), 1);
        set_too_much(t, "192.0.2.2");
        set_host(t, "192.0.2.12", 0);
        peer_wait_routes(&t->b, t->p, 3);
        ck_assert_uint_eq(times(capture_now(&log), "peer=tor prefixes=2 "), 1);
        set_host(t, "192.0.2.1", 0);
        set_host(t, "192.0.2.2", 0);
        peer_wait_routes(&t->b, t->p, 5);
        ck_assert_uint_eq(times(capture_now(&log), "peer=tor prefixes=0 "), 1);
        ck_assert_uint_eq(times(log.text, "prefixes="), 3);
        teardown(t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/session");
        TCase *t = tcase_create("all");
        tcase_set_timeout(t, 60);
        tcase_add_test(t, establishes_and_announces);
        tcase_add_test(t, ipv6);
        tcase_add_test(t, end_of_rib_after_synced_and_all_routes);
        tcase_add_test(t, messages_in_pieces);
        tcase_add_test(t, many_messages_at_once);
        tcase_add_test(t, content_errors_do_not_end_a_session);
        tcase_add_loop_test(t, what_is_refused, 0, sizeof(refused) / sizeof(refused[0]));
        tcase_add_test(t, garbage);
        tcase_add_test(t, a_notification_is_not_answered);
        tcase_add_test(t, routes_are_told_again_after_a_lost_connection);
        tcase_add_test(t, hold_timer);
        tcase_add_test(t, route_refresh);
        tcase_add_test(t, slow_reader);
        tcase_add_test(t, stopped_in_the_middle_of_a_message);
        tcase_add_test(t, nobody_listens);
        tcase_add_test(t, a_source_that_is_not_ours);
        tcase_add_test(t, new_parameters);
        tcase_add_test(t, leaving);
        tcase_add_test(t, restarting);
        tcase_add_test(t, what_cannot_be_announced_is_logged_once);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
