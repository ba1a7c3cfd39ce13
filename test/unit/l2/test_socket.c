/*
 * Real packet sockets on the loopback of a network namespace that the test makes for itself (as root, or in a
 * user namespace). What is sent there comes back as if from the wire.
 */
#include "l2/arp.h"
#include "l2/ndp.h"
#include "l2/socket.h"
#include "wire.h"
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK 1
#define PATIENCE (5 * SEC)

/* Ends what a test waits for: no test depends on a frame being absent "long enough". */
static const struct mac MARK = {{0x02, 0, 0, 0, 0, 0xff}};

static struct loop *loop;
static bool has_network;
static size_t n_received;
static enum l2_proto last_proto;
static uint8_t last[2048];
static size_t last_len;

static bool set_up_loopback(void)
{
        struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        bool ok = ioctl(fd, SIOCSIFFLAGS, &r) == 0;

        close(fd);
        return ok;
}

static void make(void)
{
        has_network = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
                      set_up_loopback() && l2_socket_probe() == 0;
        if (!has_network)
                fprintf(stderr, "no network namespace here: packet sockets are not tested\n");
        loop = loop_new("test");
}

static void unmake(void)
{
        loop_free(loop);
}

/* The mark is an ARP request or a solicitation whose Ethernet source is MARK. */
static bool is_mark(const uint8_t *frame)
{
        return memcmp(frame + MAC_LEN, MARK.b, MAC_LEN) == 0;
}

static void on_frame(void *arg, enum l2_proto proto, const uint8_t *frame, size_t len)
{
        (void)arg;
        if (is_mark(frame)) {
                loop_stop(loop);
                return;
        }
        n_received++;
        last_proto = proto;
        memcpy(last, frame, len);
        last_len = len;
}

static void on_timeout(void *arg)
{
        (void)arg;
        ck_abort_msg("the mark did not arrive");
}

static struct l2_socket *open_socket(enum l2_proto proto)
{
        struct l2_socket *s = l2_socket_open(loop, LOOPBACK, proto, on_frame, NULL);

        ck_assert_msg(s != NULL, "%s", strerror(errno));
        return s;
}

/* Sends the mark and runs the loop until it is here: all that was sent before was judged by then. */
static void await_mark(struct l2_socket *s, enum l2_proto proto)
{
        struct loop_timer *t = loop_timer_new(loop, on_timeout, NULL);
        struct frame mark = proto == L2_ARP ? arp_gratuitous_request(ip_of("192.0.2.99"), MARK)
                                            : ndp_directed(ip_of("fe80::99"), MARK, ip_of("fe80::98"));

        memcpy(mark.bytes, MAC_BROADCAST.b, MAC_LEN);
        ck_assert(l2_socket_send(s, &mark));
        loop_timer_at(t, mono_add(mono_now(), PATIENCE));
        loop_run(loop);
        loop_timer_free(t);
}

START_TEST(arp_arrives_once_and_whole)
{
        struct frame f = arp_gratuitous_request(ip_of("192.0.2.9"), SELF);
        struct l2_socket *s;

        if (!has_network)
                return;
        s = open_socket(L2_ARP);
        ck_assert(l2_socket_send(s, &f));
        await_mark(s, L2_ARP);
        ck_assert_uint_eq(n_received, 1); /* and not a second time, as outgoing */
        ck_assert_int_eq(last_proto, L2_ARP);
        ck_assert_uint_eq(last_len, f.len);
        ck_assert_mem_eq(last, f.bytes, f.len);
        ck_assert_uint_eq(l2_socket_drops(s), 0);
        l2_socket_close(s);
}
END_TEST

START_TEST(frames_for_others_do_not_arrive)
{
        struct frame f = arp_gratuitous_request(ip_of("192.0.2.9"), SELF);
        struct l2_socket *s;

        if (!has_network)
                return;
        s = open_socket(L2_ARP);
        memcpy(f.bytes, OTHER.b, MAC_LEN);
        ck_assert(l2_socket_send(s, &f));
        await_mark(s, L2_ARP);
        ck_assert_uint_eq(n_received, 0);
        l2_socket_close(s);
}
END_TEST

START_TEST(filter_keeps_other_arp_away)
{
        struct frame f = arp_gratuitous_request(ip_of("192.0.2.9"), SELF);
        struct l2_socket *s;

        if (!has_network)
                return;
        s = open_socket(L2_ARP);
        for (uint8_t op = 0; op < 10; op++) {
                f.bytes[21] = op;
                ck_assert(l2_socket_send(s, &f));
        }
        await_mark(s, L2_ARP);
        ck_assert_uint_eq(n_received, 2); /* request and reply */
        l2_socket_close(s);
}
END_TEST

START_TEST(filter_keeps_other_ipv6_away)
{
        struct frame f = ndp_unsolicited(ip_of("2001:db8::9"), SELF);
        struct l2_socket *s;

        if (!has_network)
                return;
        s = open_socket(L2_NDP);
        memcpy(f.bytes, MAC_BROADCAST.b, MAC_LEN);
        for (uint8_t type = 128; type < 140; type++) {
                f.bytes[54] = type;
                ck_assert(l2_socket_send(s, &f));
        }
        f.bytes[54] = 135;
        f.bytes[20] = 17; /* UDP */
        ck_assert(l2_socket_send(s, &f));
        f.bytes[20] = 0; /* hop-by-hop options */
        ck_assert(l2_socket_send(s, &f));
        await_mark(s, L2_NDP);
        ck_assert_uint_eq(n_received, 2); /* 135 and 136 */
        ck_assert_int_eq(last_proto, L2_NDP);
        l2_socket_close(s);
}
END_TEST

START_TEST(protocols_do_not_mix)
{
        struct frame f = ndp_unsolicited(ip_of("2001:db8::9"), SELF);
        struct l2_socket *arp, *ndp;

        if (!has_network)
                return;
        arp = open_socket(L2_ARP);
        ndp = open_socket(L2_NDP);
        memcpy(f.bytes, MAC_BROADCAST.b, MAC_LEN);
        ck_assert(l2_socket_send(ndp, &f));
        await_mark(arp, L2_ARP);
        await_mark(ndp, L2_NDP);
        ck_assert_uint_eq(n_received, 1);
        ck_assert_int_eq(last_proto, L2_NDP);
        l2_socket_close(arp);
        l2_socket_close(ndp);
}
END_TEST

START_TEST(many_frames_take_several_turns)
{
        struct frame f = arp_gratuitous_request(ip_of("192.0.2.9"), SELF);
        struct l2_socket *s;

        if (!has_network)
                return;
        s = open_socket(L2_ARP);
        for (int i = 0; i < 150; i++)
                ck_assert(l2_socket_send(s, &f));
        await_mark(s, L2_ARP);
        ck_assert_uint_eq(n_received, 150);
        ck_assert_uint_ge(loop_stats(loop).callbacks, 5); /* 32 a turn at most */
        l2_socket_close(s);
}
END_TEST

static void close_at_once(void *arg, enum l2_proto proto, const uint8_t *frame, size_t len)
{
        struct l2_socket **s = arg;

        (void)proto;
        (void)frame;
        (void)len;
        n_received++;
        l2_socket_close(*s);
        *s = NULL;
        loop_stop(loop);
}

START_TEST(closed_inside_its_callback)
{
        struct frame f = arp_gratuitous_request(ip_of("192.0.2.9"), SELF);
        struct l2_socket *s;

        if (!has_network)
                return;
        s = l2_socket_open(loop, LOOPBACK, L2_ARP, close_at_once, &s);
        ck_assert_ptr_nonnull(s);
        for (int i = 0; i < 5; i++)
                ck_assert(l2_socket_send(s, &f));
        loop_run(loop);
        ck_assert_ptr_null(s);
        ck_assert_uint_eq(n_received, 1);
}
END_TEST

START_TEST(unknown_interface_is_an_error)
{
        if (!has_network)
                return;
        ck_assert_ptr_null(l2_socket_open(loop, 0x7ffffff0, L2_ARP, on_frame, NULL));
        ck_assert_int_eq(errno, ENODEV);
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("socket");

        tcase_add_checked_fixture(cases, make, unmake);
        tcase_set_timeout(cases, 30);
        tcase_add_test(cases, arp_arrives_once_and_whole);
        tcase_add_test(cases, frames_for_others_do_not_arrive);
        tcase_add_test(cases, filter_keeps_other_arp_away);
        tcase_add_test(cases, filter_keeps_other_ipv6_away);
        tcase_add_test(cases, protocols_do_not_mix);
        tcase_add_test(cases, many_frames_take_several_turns);
        tcase_add_test(cases, closed_inside_its_callback);
        tcase_add_test(cases, unknown_interface_is_an_error);
        return run_suite(cases, "l2/socket");
}
