/* The burst in virtual time: what leaves when. */
#include "l2/arp.h"
#include "l2/burst.h"
#include "l2/ndp.h"
#include "wire.h"

#define MAX_SENT 16384

struct sent {
        int64_t at; /* since the start */
        bool v4, directed, reply, advertisement;
        struct ip ip, target;
};

static struct sent sent[MAX_SENT];
static size_t n_sent;
static struct ip gateways[3];

static const struct mono START = {1000 * SEC};

static void note(const struct frame *f, struct mono now)
{
        struct sent *s = &sent[n_sent++];
        struct arp a;
        struct ndp n;

        ck_assert_uint_lt(n_sent, MAX_SENT);
        memset(s, 0, sizeof(*s));
        s->at = mono_since(now, START);
        if (arp_decode(f->bytes, f->len, &a) == ARP_OK) {
                ck_assert(mac_eq(a.sha, SELF));
                s->v4 = true;
                s->ip = a.spa;
                s->target = a.tpa;
                s->reply = a.op == ARP_REPLY;
                s->directed = !ip_eq(a.spa, a.tpa);
                return;
        }
        ck_assert_int_eq(ndp_decode(f->bytes, f->len, &n), NDP_OK);
        s->ip = n.src;
        s->target = n.target;
        s->advertisement = n.type == NDP_ADVERTISEMENT;
        s->directed = n.type == NDP_SOLICITATION;
}

/* Runs from START until nothing is left; the clock moves to where the burst asks for. Returns the end. */
static struct mono run(struct burst *b, struct mono now, size_t n_gateways)
{
        struct burst_targets t = {SELF, gateways, n_gateways};
        struct mono when;
        struct frame f;

        for (;;) {
                while (burst_next(b, now, &t, &f, &when))
                        note(&f, now);
                if (when.ns == MONO_NEVER.ns)
                        return now;
                ck_assert(mono_before(now, when));
                now = when;
        }
}

static void reset(void)
{
        n_sent = 0;
        gateways[0] = ip_of("192.0.2.1");
        gateways[1] = ip_of("fe80::1");
        gateways[2] = ip_of("192.0.2.2");
}

START_TEST(ipv4_schedule)
{
        static const struct {
                int64_t ms;
                bool reply, directed;
        } expected[] = {
                {0, false, false},    {0, false, true},     {0, true, false},     {20, false, false},
                {100, false, false},  {500, false, false},  {1100, false, false}, {1100, false, true},
                {2200, false, false}, {5000, false, false},
        };
        struct burst *b = burst_new(BURST_RATE, BURST_DEPTH);

        burst_start(b, ip_of("192.0.2.9"), START);
        run(b, START, 1);
        ck_assert_uint_eq(n_sent, sizeof(expected) / sizeof(expected[0]));
        for (size_t i = 0; i < n_sent; i++) {
                ck_assert_int_eq(sent[i].at, expected[i].ms * MSEC);
                ck_assert(sent[i].v4 && ip_eq(sent[i].ip, ip_of("192.0.2.9")));
                ck_assert_int_eq(sent[i].reply, expected[i].reply);
                ck_assert_int_eq(sent[i].directed, expected[i].directed);
                if (sent[i].directed)
                        ck_assert(ip_eq(sent[i].target, gateways[0]));
        }
        burst_free(b);
}
END_TEST

START_TEST(ipv6_schedule)
{
        static const struct {
                int64_t ms;
                bool advertisement;
        } expected[] = {
                {0, true},    {0, false},   {20, false},   {100, false},
                {500, false}, {1000, true}, {1100, false}, {2000, true},
        };
        struct burst *b = burst_new(BURST_RATE, BURST_DEPTH);

        burst_start(b, ip_of("2001:db8::9"), START);
        run(b, START, 3);
        ck_assert_uint_eq(n_sent, sizeof(expected) / sizeof(expected[0]));
        for (size_t i = 0; i < n_sent; i++) {
                ck_assert_int_eq(sent[i].at, expected[i].ms * MSEC);
                ck_assert(!sent[i].v4 && ip_eq(sent[i].ip, ip_of("2001:db8::9")));
                ck_assert_int_eq(sent[i].advertisement, expected[i].advertisement);
                ck_assert_int_eq(sent[i].directed, !expected[i].advertisement);
                if (sent[i].directed)
                        ck_assert(ip_eq(sent[i].target, gateways[1]));
        }
        burst_free(b);
}
END_TEST

START_TEST(every_gateway_of_the_family_is_told)
{
        struct burst *b = burst_new(BURST_RATE, BURST_DEPTH);

        burst_start(b, ip_of("192.0.2.9"), START);
        run(b, START, 3);
        ck_assert_uint_eq(n_sent, 12);
        ck_assert(sent[1].directed && ip_eq(sent[1].target, gateways[0]));
        ck_assert(sent[2].directed && ip_eq(sent[2].target, gateways[2]));
        n_sent = 0;
        burst_start(b, ip_of("192.0.2.9"), START);
        run(b, START, 0);
        ck_assert_uint_eq(n_sent, 8);
        burst_free(b);
}
END_TEST

START_TEST(stop_ends_it_and_start_begins_anew)
{
        struct ip vip = ip_of("192.0.2.9");
        struct burst *b = burst_new(BURST_RATE, BURST_DEPTH);

        burst_start(b, vip, START);
        burst_stop(b, vip);
        burst_stop(b, vip);
        run(b, START, 1);
        ck_assert_uint_eq(n_sent, 0);
        burst_start(b, vip, START);
        burst_start(b, vip, START);
        run(b, START, 1);
        ck_assert_uint_eq(n_sent, 10);
        burst_free(b);
}
END_TEST

static void start_many(struct burst *b, size_t n, struct mono now)
{
        struct ip vip = ip_of("10.0.0.0");

        for (size_t i = 0; i < n; i++) {
                ck_assert(ip_add(&vip, 1));
                burst_start(b, vip, now);
        }
}

START_TEST(first_frames_of_all_go_before_any_repeat)
{
        enum { N = 1000 };
        struct burst *b = burst_new(BURST_RATE, BURST_DEPTH);

        start_many(b, N, START);
        run(b, START, 1);
        ck_assert_uint_eq(n_sent, 10 * N);
        for (size_t i = 0; i < 3 * N; i++) {
                ck_assert_int_eq(sent[i].directed, i >= N && i < 2 * N);
                ck_assert_int_eq(sent[i].reply, i >= 2 * N);
        }
        for (size_t i = 1; i < N; i++) /* in the order in which they began */
                ck_assert_int_lt(ip_cmp(sent[i - 1].ip, sent[i].ip), 0);
        burst_free(b);
}
END_TEST

START_TEST(no_second_has_more_frames_than_the_rate)
{
        enum { N = 1000 };
        struct burst *b = burst_new(BURST_RATE, BURST_DEPTH);
        size_t first = 0;

        start_many(b, N, START);
        run(b, START, 1);
        for (size_t i = 0; i < n_sent; i++) {
                while (sent[i].at - sent[first].at >= SEC)
                        first++;
                ck_assert_uint_le(i - first + 1, BURST_RATE + BURST_DEPTH);
        }
        ck_assert_int_le(sent[n_sent - 1].at,
                         (5000 + 600) * MSEC); /* and it is not much slower than allowed */
        burst_free(b);
}
END_TEST

START_TEST(a_late_beginner_does_not_wait_for_repeats)
{
        struct burst *b = burst_new(BURST_RATE, 1);
        struct burst_targets t = {SELF, gateways, 0};
        struct ip late = ip_of("192.0.2.9");
        struct mono when, now = START;
        struct frame f;

        start_many(b, 100, START);
        while (burst_next(b, now, &t, &f, &when) || n_sent < 250) {
                if (when.ns == now.ns)
                        note(&f, now);
                now = mono_add(now, MSEC);
        }
        burst_start(b, late, now);
        while (!burst_next(b, now, &t, &f, &when))
                now = when;
        n_sent = 0;
        note(&f, now);
        ck_assert(ip_eq(sent[0].ip, late));
        burst_free(b);
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("burst");

        tcase_add_checked_fixture(cases, reset, NULL);
        tcase_add_test(cases, ipv4_schedule);
        tcase_add_test(cases, ipv6_schedule);
        tcase_add_test(cases, every_gateway_of_the_family_is_told);
        tcase_add_test(cases, stop_ends_it_and_start_begins_anew);
        tcase_add_test(cases, first_frames_of_all_go_before_any_repeat);
        tcase_add_test(cases, no_second_has_more_frames_than_the_rate);
        tcase_add_test(cases, a_late_beginner_does_not_wait_for_repeats);
        return run_suite(cases, "l2/burst");
}
