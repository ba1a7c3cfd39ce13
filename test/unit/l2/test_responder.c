#include "l2/responder.h"
#include "wire.h"

#define VIP4 "192.0.2.9"
#define VIP6 "2001:db8::9"

static struct owned owned;

static void own_both(void)
{
        owned_add(&owned, ip_of(VIP4));
        owned_add(&owned, ip_of(VIP6));
}

static void own_none(void)
{
        owned_free(&owned);
}

static struct arp question4(void)
{
        return (struct arp){
                .eth_dst = MAC_BROADCAST,
                .eth_src = PEER,
                .op = ARP_REQUEST,
                .sha = PEER,
                .spa = ip_of("192.0.2.2"),
                .tpa = ip_of(VIP4),
        };
}

static struct ndp question6(void)
{
        struct ip vip = ip_of(VIP6), group = ndp_solicited_node(vip);

        return (struct ndp){
                .eth_dst = ndp_group_mac(group),
                .eth_src = PEER,
                .type = NDP_SOLICITATION,
                .src = ip_of("fe80::2"),
                .dst = group,
                .target = vip,
                .has_lladdr = true,
                .lladdr = PEER,
        };
}

static enum answer answer4(const struct arp *a)
{
        struct frame reply = {.len = 0};
        enum answer answer = answer_arp(a, SELF, &owned, &reply);

        ck_assert(reply.len == 0 || answer == ANSWER_SENT);
        ck_assert(reply.len != 0 || answer != ANSWER_SENT);
        return answer;
}

static enum answer answer6(const struct ndp *n)
{
        struct frame reply = {.len = 0};
        enum answer answer = answer_ndp(n, SELF, &owned, &reply);

        ck_assert(reply.len == 0 || answer == ANSWER_SENT);
        ck_assert(reply.len != 0 || answer != ANSWER_SENT);
        return answer;
}

START_TEST(arp_question_is_answered)
{
        struct arp a = question4(), reply;
        struct frame f;

        ck_assert_int_eq(answer_arp(&a, SELF, &owned, &f), ANSWER_SENT);
        ck_assert_int_eq(arp_decode(f.bytes, f.len, &reply), ARP_OK);
        ck_assert(mac_eq(reply.eth_dst, PEER) && mac_eq(reply.sha, SELF) && mac_eq(reply.tha, PEER));
        ck_assert(ip_eq(reply.spa, ip_of(VIP4)) && ip_eq(reply.tpa, ip_of("192.0.2.2")));
        a.eth_dst = SELF; /* a unicast question, as caches ask to renew an entry */
        ck_assert_int_eq(answer4(&a), ANSWER_SENT);
}
END_TEST

START_TEST(arp_probe_is_answered)
{
        struct arp a = question4();

        a.spa = ip_of("0.0.0.0");
        ck_assert_int_eq(answer4(&a), ANSWER_SENT);
}
END_TEST

START_TEST(arp_for_another_mac_is_not_answered)
{
        struct arp a = question4();

        a.eth_dst = OTHER;
        ck_assert_int_eq(answer4(&a), ANSWER_OTHER_DST);
        a.eth_dst = (struct mac){{0x01, 0, 0x5e, 0, 0, 1}};
        ck_assert_int_eq(answer4(&a), ANSWER_OTHER_DST);
}
END_TEST

START_TEST(arp_for_another_address_is_not_answered)
{
        struct arp a = question4();

        a.tpa = ip_of("192.0.2.10");
        ck_assert_int_eq(answer4(&a), ANSWER_NOT_OURS);
        a.spa = a.tpa; /* somebody else's gratuitous request */
        ck_assert_int_eq(answer4(&a), ANSWER_NOT_OURS);
}
END_TEST

START_TEST(arp_from_our_address_is_a_conflict)
{
        struct arp a = question4();

        a.spa = ip_of(VIP4);
        a.tpa = ip_of("192.0.2.1");
        ck_assert_int_eq(answer4(&a), ANSWER_CONFLICT);
        a.tpa = a.spa; /* gratuitous request */
        ck_assert_int_eq(answer4(&a), ANSWER_CONFLICT);
        a.op = ARP_REPLY;
        ck_assert_int_eq(answer4(&a), ANSWER_CONFLICT);
        a.eth_dst = OTHER;
        ck_assert_int_eq(answer4(&a), ANSWER_CONFLICT);
}
END_TEST

START_TEST(arp_reply_and_own_frame_are_not_answered)
{
        struct arp a = question4();

        a.op = ARP_REPLY;
        ck_assert_int_eq(answer4(&a), ANSWER_NO_ASK);
        a = question4();
        a.sha = SELF;
        ck_assert_int_eq(answer4(&a), ANSWER_OWN);
        a.spa = ip_of(VIP4); /* our announcement, come back: no conflict */
        ck_assert_int_eq(answer4(&a), ANSWER_OWN);
}
END_TEST

START_TEST(nothing_owned_nothing_answered)
{
        struct arp a = question4();
        struct ndp n = question6();

        ck_assert(owned_drop(&owned, ip_of(VIP4)));
        ck_assert_int_eq(answer4(&a), ANSWER_NOT_OURS);
        ck_assert_int_eq(answer6(&n), ANSWER_SENT);
        ck_assert(owned_drop(&owned, ip_of(VIP6)));
        ck_assert_int_eq(answer6(&n), ANSWER_NOT_OURS);
}
END_TEST

START_TEST(solicitation_is_answered_in_all_its_forms)
{
        struct ndp n = question6();

        ck_assert_int_eq(answer6(&n), ANSWER_SENT);
        n.has_lladdr = false;
        ck_assert_int_eq(answer6(&n), ANSWER_SENT);
        n.dst = n.target; /* unicast reachability probe (NUD) */
        n.eth_dst = SELF;
        ck_assert_int_eq(answer6(&n), ANSWER_SENT);
}
END_TEST

START_TEST(dad_probe_is_answered_to_all_nodes)
{
        struct ndp n = question6(), reply;
        struct frame f;

        n.src = ip_of("::");
        n.has_lladdr = false;
        ck_assert_int_eq(answer_ndp(&n, SELF, &owned, &f), ANSWER_SENT);
        ck_assert_int_eq(ndp_decode(f.bytes, f.len, &reply), NDP_OK);
        ck_assert(ip_eq(reply.dst, ip_of("ff02::1")) && !reply.solicited && reply.override);
}
END_TEST

START_TEST(solicitation_to_another_mac_is_not_answered)
{
        struct ndp n = question6();

        n.eth_dst = OTHER;
        ck_assert_int_eq(answer6(&n), ANSWER_OTHER_DST);
        n = question6();
        n.eth_dst = (struct mac){{0x33, 0x33, 0xff, 1, 1, 1}}; /* the group of another address */
        ck_assert_int_eq(answer6(&n), ANSWER_OTHER_DST);
        n = question6();
        n.dst = n.target; /* unicast inside, group outside */
        ck_assert_int_eq(answer6(&n), ANSWER_OTHER_DST);
}
END_TEST

START_TEST(solicitation_for_another_address_is_not_answered)
{
        struct ndp n = question6();

        n.target = ip_of("2001:db8::a");
        ck_assert_int_eq(answer6(&n), ANSWER_NOT_OURS);
}
END_TEST

START_TEST(ndp_from_our_address_is_a_conflict)
{
        struct ndp n = question6();

        n.src = ip_of(VIP6);
        n.target = ip_of("2001:db8::1");
        ck_assert_int_eq(answer6(&n), ANSWER_CONFLICT);
        n = question6();
        n.type = NDP_ADVERTISEMENT;
        ck_assert_int_eq(answer6(&n), ANSWER_CONFLICT);
        n.lladdr = SELF; /* our own advertisement, come back */
        ck_assert_int_eq(answer6(&n), ANSWER_OWN);
        n.lladdr = PEER;
        n.target = ip_of("2001:db8::a");
        ck_assert_int_eq(answer6(&n), ANSWER_NO_ASK);
}
END_TEST

START_TEST(every_answer_has_a_name)
{
        for (int i = 0; i < ANSWERS; i++)
                ck_assert_str_ne(answer_str((enum answer)i), "?");
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("responder");

        tcase_add_checked_fixture(cases, own_both, own_none);
        tcase_add_test(cases, arp_question_is_answered);
        tcase_add_test(cases, arp_probe_is_answered);
        tcase_add_test(cases, arp_for_another_mac_is_not_answered);
        tcase_add_test(cases, arp_for_another_address_is_not_answered);
        tcase_add_test(cases, arp_from_our_address_is_a_conflict);
        tcase_add_test(cases, arp_reply_and_own_frame_are_not_answered);
        tcase_add_test(cases, nothing_owned_nothing_answered);
        tcase_add_test(cases, solicitation_is_answered_in_all_its_forms);
        tcase_add_test(cases, dad_probe_is_answered_to_all_nodes);
        tcase_add_test(cases, solicitation_to_another_mac_is_not_answered);
        tcase_add_test(cases, solicitation_for_another_address_is_not_answered);
        tcase_add_test(cases, ndp_from_our_address_is_a_conflict);
        tcase_add_test(cases, every_answer_has_a_name);
        return run_suite(cases, "l2/responder");
}
