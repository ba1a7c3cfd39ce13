/*
 * The announcer with interfaces, ownership and time as they are, but with a wire and a netlink of the test's
 * own: this file defines what l2/socket.h and link/link.h declare, so that no capability is needed.
 */
#include "l2/l2.h"
#include "l2/socket.h"
#include "wire.h"
#include <errno.h>

#define PATIENCE (5 * SEC)
#define VIP4     "192.0.2.9"
#define VIP6     "2001:db8::9"

enum { ETH0 = 100001, ETH1 = 100002, MAX = 64 };

struct l2_socket {
        int ifindex;
        enum l2_proto proto;
        l2_rx_fn *rx;
        void *arg;
        size_t groups;
        bool open;
};

static struct l2_socket sockets[MAX];
static size_t n_sockets;
static int probe_errno, open_errno;
static bool keep_frames = true; /* keep what is sent */
static struct frame frames[MAX];
static int frame_ifindex[MAX];
static size_t n_frames;

int l2_socket_probe(void)
{
        return probe_errno;
}

struct l2_socket *l2_socket_open(struct loop *loop, int ifindex, enum l2_proto proto, l2_rx_fn *rx, void *arg)
{
        (void)loop;
        if (open_errno != 0) {
                errno = open_errno;
                return NULL;
        }
        ck_assert_uint_lt(n_sockets, MAX);
        sockets[n_sockets] = (struct l2_socket){ifindex, proto, rx, arg, 0, true};
        return &sockets[n_sockets++];
}

void l2_socket_close(struct l2_socket *s)
{
        if (s != NULL)
                s->open = false;
}

bool l2_socket_send(struct l2_socket *s, const struct frame *f)
{
        ck_assert(s->open);
        if (!keep_frames)
                return true;
        ck_assert_uint_lt(n_frames, MAX);
        frame_ifindex[n_frames] = s->ifindex;
        frames[n_frames++] = *f;
        return true;
}

void l2_socket_join(struct l2_socket *s, struct mac group)
{
        ck_assert_int_eq(group.b[0], 0x33);
        s->groups++;
}

void l2_socket_leave(struct l2_socket *s, struct mac group)
{
        (void)group;
        s->groups--;
}

uint64_t l2_socket_drops(struct l2_socket *s)
{
        (void)s;
        return 3;
}

static struct link_addr addrs[2];
static struct link_if ifs[2];
static link_fn *link_changed;
static void *link_arg;

const struct link_if *link_ifs(const struct link *l, size_t *n)
{
        (void)l;
        *n = 2;
        return ifs;
}

const struct link_if *link_by_index(const struct link *l, int ifindex)
{
        (void)l;
        for (size_t i = 0; i < 2; i++)
                if (ifs[i].ifindex == ifindex)
                        return &ifs[i];
        return NULL;
}

void link_watch(struct link *l, link_fn *changed, void *arg)
{
        (void)l;
        link_changed = changed;
        link_arg = arg;
}

void link_unwatch(struct link *l, link_fn *changed, void *arg)
{
        (void)l;
        ck_assert(changed == link_changed && arg == link_arg);
        link_changed = NULL;
}

static struct loop *loop;
static struct group *group;
static struct l2 *l2;
static struct wire_fact facts[MAX];
static size_t n_facts;
static int n_done;

static void on_fact(void *arg, const struct wire_fact *fact)
{
        (void)arg;
        ck_assert_int_eq(fact->kind, WIRE_OWNER);
        facts[n_facts++ % MAX] = *fact;
}

static void make(void)
{
        char *why = NULL;

        addrs[0] = (struct link_addr){.ip = ip_of("192.0.2.1"), .subnet = ip_prefix(ip_of("192.0.2.1"), 24)};
        addrs[1] =
                (struct link_addr){.ip = ip_of("2001:db8::1"), .subnet = ip_prefix(ip_of("2001:db8::1"), 64)};
        ifs[0] = (struct link_if){
                .ifindex = ETH0, .name = "eth0", .up = true, .arp = true, .addrs = addrs, .n_addrs = 2};
        ifs[1] = (struct link_if){.ifindex = ETH1, .name = "eth1", .up = true, .arp = true};
        memcpy(ifs[0].mac, SELF.b, MAC_LEN);
        memcpy(ifs[1].mac, OTHER.b, MAC_LEN);
        ifs[0].gateways[0] = ip_of("192.0.2.254");
        ifs[0].n_gateways = 1;
        loop = loop_new("test");
        group = group_new(loop, NULL, NULL);
        l2 = l2_new(loop, NULL, group, on_fact, NULL, &why);
        ck_assert_msg(l2 != NULL, "%s", why);
}

static void unmake(void)
{
        l2_free(l2);
        group_free(group);
        loop_free(loop);
        for (size_t i = 0; i < n_sockets; i++)
                ck_assert(!sockets[i].open);
}

static void stop(void *arg)
{
        loop_stop(arg);
}

/* Runs the loop until what is due now was done. */
static void turn(void)
{
        struct loop_timer *t = loop_timer_new(loop, stop, loop);

        loop_timer_at(t, mono_add(mono_now(), 3 * MSEC));
        loop_run(loop);
        loop_timer_free(t);
}

static void set_rank(const char *ip, uint32_t rank, const char *interface)
{
        struct announcer *a = l2_announcer(l2);
        struct want *w = want_new(ip_of(ip));

        w->l2.candidate = rank > 0;
        w->l2.rank = rank;
        if (interface != NULL) {
                w->l2.interfaces = arena_array(w->arena, 1, sizeof(*w->l2.interfaces));
                w->l2.interfaces[w->l2.n_interfaces++] = interface;
        }
        a->set(a->self, w);
        want_free(w); /* it is held */
}

static void own(const char *ip)
{
        set_rank(ip, 1, NULL);
        turn();
}

static struct l2_socket *socket_of(int ifindex, enum l2_proto proto)
{
        for (size_t i = 0; i < n_sockets; i++)
                if (sockets[i].open && sockets[i].ifindex == ifindex && sockets[i].proto == proto)
                        return &sockets[i];
        return NULL;
}

static void receive(struct frame f)
{
        struct l2_socket *s = socket_of(ETH0, f.bytes[12] == 0x08 ? L2_ARP : L2_NDP);

        ck_assert_ptr_nonnull(s);
        s->rx(s->arg, s->proto, f.bytes, f.len);
}

static struct frame question4(const char *target)
{
        return arp_directed(ip_of("192.0.2.2"), PEER, ip_of(target));
}

/* Whether a question for it is answered. */
static bool answers(const char *target)
{
        size_t before = n_frames;

        receive(question4(target));
        return n_frames > before;
}

START_TEST(begins_by_telling_the_segment)
{
        struct arp a;

        set_rank(VIP4, 1, NULL);
        ck_assert_uint_eq(n_facts, 0); /* ownership comes from the group, not from the order */
        turn();
        ck_assert_uint_eq(n_facts, 1);
        ck_assert(facts[0].up && facts[0].ifindex == ETH0 && ip_eq(facts[0].ip, ip_of(VIP4)));
        ck_assert_uint_ge(n_frames, 3);
        ck_assert_int_eq(arp_decode(frames[0].bytes, frames[0].len, &a), ARP_OK);
        ck_assert(a.op == ARP_REQUEST && ip_eq(a.spa, ip_of(VIP4)) && ip_eq(a.tpa, ip_of(VIP4)));
        ck_assert_int_eq(arp_decode(frames[1].bytes, frames[1].len, &a), ARP_OK);
        ck_assert(a.op == ARP_REQUEST && ip_eq(a.tpa, ip_of("192.0.2.254")));
        ck_assert_int_eq(arp_decode(frames[2].bytes, frames[2].len, &a), ARP_OK);
        ck_assert(a.op == ARP_REPLY && mac_eq(a.tha, SELF));
        ck_assert_int_eq(frame_ifindex[0], ETH0);
        ck_assert_ptr_null(socket_of(ETH0, L2_NDP)); /* no IPv6 address: no socket that hears NDP */
        ck_assert_ptr_null(socket_of(ETH1, L2_ARP));
}
END_TEST

START_TEST(answers_while_it_owns)
{
        own(VIP4);
        ck_assert(answers(VIP4));
        ck_assert(!answers("192.0.2.10"));
        set_rank(VIP4, 1, NULL); /* the same again */
        ck_assert(answers(VIP4));
        turn();
        ck_assert_uint_eq(n_facts, 1);
        ck_assert_uint_eq(l2_counters(l2).arp_replies, 2);
        ck_assert_uint_eq(l2_counters(l2).arp_received[ANSWER_NOT_OURS], 1);
        ck_assert_uint_eq(l2_counters(l2).owned, 1);
}
END_TEST

START_TEST(no_candidate_is_silent_at_once)
{
        own(VIP4);
        own("192.0.2.8"); /* keeps the socket there to ask through */
        set_rank(VIP4, 0, NULL);
        ck_assert(!answers(VIP4));
        ck_assert_uint_eq(n_facts, 3);
        ck_assert(!facts[2].up && ip_eq(facts[2].ip, ip_of(VIP4)));
        turn();
        ck_assert_uint_eq(n_facts, 3);
        own(VIP4);
        ck_assert(answers(VIP4));
        ck_assert_uint_eq(n_facts, 4);
}
END_TEST

START_TEST(unset_is_silent_at_once)
{
        struct announcer *a = l2_announcer(l2);

        own(VIP4);
        a->unset(a->self, ip_of(VIP4));
        ck_assert_ptr_null(socket_of(ETH0, L2_ARP));
        ck_assert_uint_eq(n_facts, 2);
        ck_assert(!facts[1].up);
        a->unset(a->self, ip_of(VIP4));
        ck_assert_uint_eq(n_facts, 2);
        ck_assert_uint_eq(l2_counters(l2).owned, 0);
}
END_TEST

START_TEST(unset_before_it_owned)
{
        struct announcer *a = l2_announcer(l2);

        set_rank(VIP4, 1, NULL);
        a->unset(a->self, ip_of(VIP4));
        turn();
        ck_assert_uint_eq(n_facts, 0);
        ck_assert_uint_eq(n_frames, 0);
}
END_TEST

START_TEST(second_rank_waits)
{
        set_rank(VIP4, 2, NULL);
        turn();
        ck_assert_uint_eq(n_facts, 0);
        set_rank(VIP4, 1, NULL);
        turn();
        ck_assert_uint_eq(n_facts, 1);
        set_rank(VIP4, 2, NULL);
        turn();
        ck_assert_uint_eq(n_facts, 2);
        ck_assert(!facts[1].up);
        ck_assert_ptr_null(socket_of(ETH0, L2_ARP));
}
END_TEST

START_TEST(ipv6_hears_its_group)
{
        struct ip vip = ip_of(VIP6);
        struct ndp n;

        own(VIP6);
        ck_assert_ptr_null(socket_of(ETH0, L2_ARP));
        ck_assert_uint_eq(socket_of(ETH0, L2_NDP)->groups, 1);
        ck_assert_int_eq(ndp_decode(frames[0].bytes, frames[0].len, &n), NDP_OK);
        ck_assert(n.type == NDP_ADVERTISEMENT && n.override && ip_eq(n.target, vip));
        own("2001:db8::a");
        ck_assert_uint_eq(socket_of(ETH0, L2_NDP)->groups, 2);
        n_frames = 0;
        receive(ndp_directed(ip_of("fe80::2"), PEER, vip));
        ck_assert_uint_eq(n_frames, 1);
        ck_assert_int_eq(ndp_decode(frames[0].bytes, frames[0].len, &n), NDP_OK);
        ck_assert(n.solicited && mac_eq(n.eth_dst, PEER));
        set_rank(VIP6, 0, NULL);
        ck_assert_uint_eq(socket_of(ETH0, L2_NDP)->groups, 1);
}
END_TEST

START_TEST(named_interface)
{
        set_rank(VIP4, 1, "eth1");
        turn();
        ck_assert_uint_eq(n_facts, 1);
        ck_assert_int_eq(facts[0].ifindex, ETH1);
        set_rank(VIP4, 1, "eth0"); /* moves */
        turn();
        ck_assert_uint_eq(n_facts, 3);
        ck_assert(!facts[1].up && facts[1].ifindex == ETH1);
        ck_assert(facts[2].up && facts[2].ifindex == ETH0);
}
END_TEST

START_TEST(carrier_loss_and_return)
{
        own(VIP4);
        ifs[0].up = false;
        link_changed(link_arg);
        turn();
        ck_assert_uint_eq(n_facts, 2);
        ck_assert(!facts[1].up);
        ck_assert_ptr_null(socket_of(ETH0, L2_ARP));
        n_frames = 0;
        ifs[0].up = true;
        link_changed(link_arg);
        turn();
        ck_assert_uint_eq(n_facts, 3);
        ck_assert(facts[2].up);
        ck_assert_uint_ge(n_frames, 3); /* announced anew */
}
END_TEST

START_TEST(interface_without_the_subnet_any_more)
{
        own(VIP4);
        ifs[0].n_addrs = 0;
        link_changed(link_arg);
        turn();
        ck_assert_uint_eq(n_facts, 2);
        ck_assert(!facts[1].up);
        ifs[0].n_addrs = 2;
        link_changed(link_arg);
        turn();
        ck_assert_uint_eq(n_facts, 3);
}
END_TEST

START_TEST(many_addresses_move_with_the_carrier)
{
        enum { N = 200 };
        struct ip ip = ip_of("192.0.2.9");
        char text[IP_STRLEN];

        keep_frames = false;
        for (int i = 0; i < N; i++, ip_add(&ip, 1))
                set_rank(ip_str(ip, text), 1, NULL);
        for (int i = 0; i < 100 && l2_counters(l2).owned < N; i++)
                turn();
        ck_assert_uint_eq(l2_counters(l2).owned, N);
        ifs[0].up = false;
        link_changed(link_arg);
        set_rank("192.0.2.9", 0, NULL); /* in between */
        for (int i = 0; i < 100 && l2_counters(l2).owned > 0; i++)
                turn();
        ck_assert_uint_eq(l2_counters(l2).owned, 0);
        ifs[0].up = true;
        link_changed(link_arg);
        for (int i = 0; i < 100 && l2_counters(l2).owned < N - 1; i++)
                turn();
        ck_assert_uint_eq(l2_counters(l2).owned, N - 1);
}
END_TEST

START_TEST(interfaces_that_place_nothing_move_nothing)
{
        own(VIP4);
        n_frames = 0;
        ifs[1].default_route4 = false;
        strcpy(ifs[1].name, "veth1");
        link_changed(link_arg);
        ifs[1].ifindex = 100003;
        link_changed(link_arg);
        turn();
        ck_assert_uint_eq(n_facts, 1);
        ck_assert(answers(VIP4));
}
END_TEST

START_TEST(new_mac_is_announced)
{
        struct arp a;

        own(VIP4);
        n_frames = 0;
        memcpy(ifs[0].mac, OTHER.b, MAC_LEN);
        link_changed(link_arg);
        turn();
        ck_assert_uint_eq(n_facts, 1); /* still the owner */
        ck_assert_uint_ge(n_frames, 3);
        ck_assert_int_eq(arp_decode(frames[0].bytes, frames[0].len, &a), ARP_OK);
        ck_assert(mac_eq(a.sha, OTHER) && mac_eq(a.eth_src, OTHER));
        n_frames = 0;
        receive(question4(VIP4));
        ck_assert_uint_eq(n_frames, 1);
        ck_assert_int_eq(arp_decode(frames[0].bytes, frames[0].len, &a), ARP_OK);
        ck_assert(mac_eq(a.sha, OTHER));
}
END_TEST

START_TEST(bond_failover_is_announced)
{
        own(VIP4);
        n_frames = 0;
        ifs[0].notify++;
        link_changed(link_arg);
        turn();
        ck_assert_uint_ge(n_frames, 3);
        n_frames = 0;
        link_changed(link_arg); /* nothing new: at most the burst goes on */
        turn();
        ck_assert_uint_le(n_frames, 1);
}
END_TEST

START_TEST(refused_and_foreign_frames_are_counted)
{
        struct frame f = question4(VIP4);
        struct frame conflict = arp_gratuitous_request(ip_of(VIP4), PEER);

        own(VIP4);
        n_frames = 0;
        f.bytes[18] = 5;
        receive(f);
        receive(conflict);
        ck_assert_uint_eq(n_frames, 0);
        ck_assert_uint_eq(l2_counters(l2).arp_refused[ARP_LENGTHS], 1);
        ck_assert_uint_eq(l2_counters(l2).arp_received[ANSWER_CONFLICT], 1);
        ck_assert_uint_eq(l2_counters(l2).kernel_drops, 9); /* three at each call, and this is the third */
}
END_TEST

static void on_done(void *arg)
{
        n_done++;
        loop_stop(arg);
}

START_TEST(restart_keeps_silent)
{
        struct announcer *a = l2_announcer(l2);

        own(VIP4);
        a->leave(a->self, LEAVE_RESTART, MONO_NEVER, on_done, loop);
        ck_assert_int_eq(n_done, 0);
        loop_run(loop);
        ck_assert_int_eq(n_done, 1);
        ck_assert_uint_eq(n_facts, 1); /* nothing is taken back */
        own(VIP6);
        ck_assert_uint_eq(n_facts, 1); /* it has left: nothing new */
}
END_TEST

START_TEST(leaving_node_says_so)
{
        struct announcer *a = l2_announcer(l2);

        own(VIP4);
        own(VIP6);
        a->leave(a->self, LEAVE_NODE, MONO_NEVER, on_done, loop);
        ck_assert_uint_eq(n_facts, 4);
        ck_assert(!facts[2].up && !facts[3].up);
        loop_run(loop);
        ck_assert_int_eq(n_done, 1);
}
END_TEST

START_TEST(socket_is_tried_again)
{
        struct mono deadline = mono_add(mono_now(), PATIENCE);

        open_errno = ENETDOWN;
        own(VIP4);
        ck_assert_ptr_null(socket_of(ETH0, L2_ARP));
        open_errno = 0;
        while (socket_of(ETH0, L2_ARP) == NULL && mono_before(mono_now(), deadline))
                turn();
        turn();
        ck_assert(answers(VIP4));
        ck_assert_uint_ge(n_frames, 4); /* and announced once it could be */
}
END_TEST

START_TEST(missing_capability_is_a_sentence)
{
        char *why = NULL;

        probe_errno = EPERM;
        ck_assert_ptr_null(l2_new(loop, NULL, group, on_fact, NULL, &why));
        ck_assert_ptr_nonnull(strstr(why, "NET_RAW"));
        free(why);
        probe_errno = EAFNOSUPPORT;
        ck_assert_ptr_null(l2_new(loop, NULL, group, on_fact, NULL, &why));
        ck_assert_ptr_nonnull(strstr(why, strerror(EAFNOSUPPORT)));
        free(why);
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("l2");

        tcase_add_checked_fixture(cases, make, unmake);
        tcase_set_timeout(cases, 30);
        tcase_add_test(cases, begins_by_telling_the_segment);
        tcase_add_test(cases, answers_while_it_owns);
        tcase_add_test(cases, no_candidate_is_silent_at_once);
        tcase_add_test(cases, unset_is_silent_at_once);
        tcase_add_test(cases, unset_before_it_owned);
        tcase_add_test(cases, second_rank_waits);
        tcase_add_test(cases, ipv6_hears_its_group);
        tcase_add_test(cases, named_interface);
        tcase_add_test(cases, carrier_loss_and_return);
        tcase_add_test(cases, interface_without_the_subnet_any_more);
        tcase_add_test(cases, many_addresses_move_with_the_carrier);
        tcase_add_test(cases, interfaces_that_place_nothing_move_nothing);
        tcase_add_test(cases, new_mac_is_announced);
        tcase_add_test(cases, bond_failover_is_announced);
        tcase_add_test(cases, refused_and_foreign_frames_are_counted);
        tcase_add_test(cases, restart_keeps_silent);
        tcase_add_test(cases, leaving_node_says_so);
        tcase_add_test(cases, socket_is_tried_again);
        tcase_add_test(cases, missing_capability_is_a_sentence);
        return run_suite(cases, "l2/l2");
}
