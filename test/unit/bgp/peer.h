/*
 * A scripted BGP peer on 127.0.0.1 or ::1 over a real socket, in the same loop as what is tested. It says
 * what the test says and collects what it hears. For tests only.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "bgp/msg.h"
#include "view.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
        int listener, fd;
        uint16_t port;
        struct ip address;
        uint8_t in[1 << 16];
        size_t len;
        bool eof, deaf; /* deaf: does not read */
        struct view view;
};

struct bench {
        struct loop *loop;
        struct loop_timer *tick;
        struct mono end;
        bool (*condition)(void *);
        void *arg;
        struct peer *peers[4];
        size_t n_peers;
};

static void peer_pump(struct peer *p)
{
        if (p->fd < 0) {
                p->fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK);
                p->eof = false;
                p->len = 0;
        }
        while (p->fd >= 0 && !p->eof && !p->deaf && p->len < sizeof(p->in)) {
                ssize_t n = recv(p->fd, p->in + p->len, sizeof(p->in) - p->len, 0);
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0)
                        p->eof = true;
                else
                        p->len += (size_t)n;
        }
}

static void bench_tick(void *arg)
{
        struct bench *b = arg;
        for (size_t i = 0; i < b->n_peers; i++)
                peer_pump(b->peers[i]);
        if (b->condition(b->arg) || mono_before(b->end, mono_now()))
                loop_stop(b->loop);
        else
                loop_timer_at(b->tick, mono_add(mono_now(), MSEC / 4));
}

/* Runs the loop until the condition holds; fails the test after 20 s. */
static void bench_until(struct bench *b, bool (*condition)(void *), void *arg, const char *what)
{
        b->condition = condition;
        b->arg = arg;
        b->end = mono_add(mono_now(), 20 * SEC);
        loop_timer_at(b->tick, mono_now());
        loop_run(b->loop);
        ck_assert_msg(condition(arg), "never came: %s", what);
}

static struct bench bench_new(void)
{
        return (struct bench){.loop = loop_new("test")};
}

static void bench_start(struct bench *b)
{
        b->tick = loop_timer_new(b->loop, bench_tick, b);
}

static struct peer *peer_new(struct bench *b, const char *address)
{
        struct peer *p = xcalloc(1, sizeof(*p));
        struct sockaddr_storage ss = {0};
        struct sockaddr_in *in4 = (struct sockaddr_in *)&ss;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
        socklen_t len = sizeof(*in4);
        int one = 1;
        ck_assert(ip_parse(address, &p->address));
        bool v6 = ip_family(p->address) == IP_V6;
        p->fd = -1;
        p->listener = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (v6) {
                in6->sin6_family = AF_INET6;
                inet_pton(AF_INET6, address, &in6->sin6_addr);
                len = sizeof(*in6);
        } else {
                in4->sin_family = AF_INET;
                inet_pton(AF_INET, address, &in4->sin_addr);
        }
        ck_assert_int_eq(bind(p->listener, (struct sockaddr *)&ss, len), 0);
        ck_assert_int_eq(listen(p->listener, 8), 0);
        ck_assert_int_eq(getsockname(p->listener, (struct sockaddr *)&ss, &len), 0);
        p->port = ntohs(v6 ? in6->sin6_port : in4->sin_port);
        b->peers[b->n_peers++] = p;
        return p;
}

static void peer_close(struct peer *p)
{
        if (p->fd >= 0)
                close(p->fd);
        p->fd = -1;
}

static void bench_free(struct bench *b)
{
        for (size_t i = 0; i < b->n_peers; i++) {
                peer_close(b->peers[i]);
                close(b->peers[i]->listener);
                free(b->peers[i]->view.v);
                free(b->peers[i]);
        }
        loop_timer_free(b->tick);
        loop_free(b->loop);
}

/* A peer with a small receive buffer, that stops reading; and one that reads again, at full speed. */
static inline void peer_receive_buffer(int fd, int bytes)
{
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

/* --- talking --- */

static void peer_send(struct peer *p, const void *data, size_t n)
{
        ck_assert_int_eq(send(p->fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void peer_send_keepalive(struct peer *p)
{
        uint8_t buf[BGP_MAX];
        peer_send(p, buf, bgp_keepalive_encode(buf));
}

static void peer_send_open(struct peer *p, uint32_t asn, uint16_t hold_s)
{
        uint8_t buf[BGP_MAX];
        struct bgp_open o = {.asn = asn,
                             .hold_time_s = hold_s,
                             .id = 0x01020304,
                             .families = BGP_IPV4 | BGP_IPV6,
                             .as4 = true,
                             .refresh = true};
        peer_send(p, buf, bgp_open_encode(buf, &o));
}

static inline void peer_send_notification(struct peer *p, uint8_t code, uint8_t subcode)
{
        uint8_t buf[BGP_MAX];
        struct bgp_error e = bgp_error_of(code, subcode, NULL, 0);
        peer_send(p, buf, bgp_notification_encode(buf, &e));
}

static bool peer_has_message(void *arg)
{
        struct peer *p = arg;
        return p->len >= 19 && p->len >= view_u16(p->in + 16);
}

/* Takes the next message out of what was heard, waiting for it; returns its type. */
static int peer_next(struct bench *b, struct peer *p, uint8_t buf[static BGP_MAX], size_t *len)
{
        bench_until(b, peer_has_message, p, "a message");
        *len = view_u16(p->in + 16);
        ck_assert_uint_le(*len, BGP_MAX);
        memcpy(buf, p->in, *len);
        memmove(p->in, p->in + *len, p->len - *len);
        p->len -= *len;
        return buf[18];
}

/* The next message that is no KEEPALIVE must be a NOTIFICATION; UPDATEs on the way go into the view. */
static inline struct bgp_error peer_notification(struct bench *b, struct peer *p)
{
        uint8_t buf[BGP_MAX];
        size_t len;
        int type;
        while ((type = peer_next(b, p, buf, &len)) != BGP_NOTIFICATION)
                if (type == BGP_UPDATE)
                        view_update(&p->view, buf, len, true);
        return bgp_notification_decode(reader_of(buf + 19, len - 19));
}

static bool peer_is_connected(void *arg)
{
        return ((struct peer *)arg)->fd >= 0;
}

static inline bool peer_is_at_end(void *arg)
{
        return ((struct peer *)arg)->eof;
}

/* Waits for the connection and OPEN. */
static struct bgp_open peer_accept(struct bench *b, struct peer *p)
{
        uint8_t buf[BGP_MAX];
        size_t len;
        struct bgp_open o;
        struct bgp_error e;
        bench_until(b, peer_is_connected, p, "a connection");
        ck_assert_int_eq(peer_next(b, p, buf, &len), BGP_OPEN);
        ck_assert(bgp_open_decode(reader_of(buf + 19, len - 19), &o, &e));
        return o;
}

/* All the way to Established as the peer sees it. */
static inline struct bgp_open peer_establish(struct bench *b, struct peer *p, uint32_t asn, uint16_t hold_s)
{
        uint8_t buf[BGP_MAX];
        size_t len;
        struct bgp_open o = peer_accept(b, p);
        peer_send_open(p, asn, hold_s);
        ck_assert_int_eq(peer_next(b, p, buf, &len), BGP_KEEPALIVE);
        peer_send_keepalive(p);
        return o;
}

/* Puts every UPDATE that was heard into the view. */
static void peer_absorb(struct peer *p)
{
        size_t at = 0;
        while (p->len - at >= 19 && p->len - at >= view_u16(p->in + at + 16)) {
                size_t len = view_u16(p->in + at + 16);
                if (p->in[at + 18] == BGP_UPDATE)
                        view_update(&p->view, p->in + at, len, true);
                at += len;
        }
        memmove(p->in, p->in + at, p->len - at);
        p->len -= at;
}

struct peer_count {
        struct peer *p;
        size_t n;
};

static bool peer_knows(void *arg)
{
        struct peer_count *c = arg;
        peer_absorb(c->p);
        return c->p->view.n == c->n;
}

static inline void peer_wait_routes(struct bench *b, struct peer *p, size_t n)
{
        struct peer_count c = {p, n};
        bench_until(b, peer_knows, &c, "the number of routes");
}
