#include "l2/ndp.h"
#include "wire.h"

#define VIP "2001:db8::9"

enum {
        AT_PAYLOAD_LEN = 18,
        AT_NEXT = 20,
        AT_HOPS = 21,
        AT_SRC = 22,
        AT_DST = 38,
        AT_TYPE = 54,
        AT_CODE = 55,
        AT_SUM = 56,
        AT_FLAGS = 58,
        AT_TARGET = 62,
        AT_OPTION = 78
};

/* Makes the checksum right again after a byte was changed, by its definition (RFC 1071), apart from the code
 * under test. */
static void fix_checksum(uint8_t *frame, size_t len)
{
        uint32_t sum = 0;

        frame[AT_SUM] = frame[AT_SUM + 1] = 0;
        for (size_t i = AT_SRC; i + 1 < len; i += 2)
                sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
        sum += (uint32_t)(len - AT_TYPE) + 58;
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        sum = ~sum & 0xffff;
        frame[AT_SUM] = (uint8_t)(sum >> 8);
        frame[AT_SUM + 1] = (uint8_t)sum;
}

/* Who is fd00:9::200? from fd00:9::100 with its MAC, as Linux 6.18 sent it. */
static const uint8_t recorded[86] = {
        0x33, 0x33, 0xff, 0x00, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0xc1, 0x86, 0xdd, 0x60,
        0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0x00, 0x02, 0x00, 0x87, 0x00, 0x77, 0xca, 0x00, 0x00,
        0x00, 0x00, 0xfd, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x02, 0x00, 0x01, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0xc1,
};

static struct ndp solicitation(const char *src, bool slla)
{
        struct ip vip = ip_of(VIP), group = ndp_solicited_node(vip);

        return (struct ndp){
                .eth_dst = ndp_group_mac(group),
                .eth_src = PEER,
                .type = NDP_SOLICITATION,
                .src = ip_of(src),
                .dst = group,
                .target = vip,
                .has_lladdr = slla,
                .lladdr = PEER,
        };
}

static enum ndp_refusal refusal_of(const struct frame *f)
{
        struct ndp n;
        uint8_t *copy = exact_copy(f->bytes, f->len);
        enum ndp_refusal refusal = ndp_decode(copy, f->len, &n);

        free(copy);
        return refusal;
}

START_TEST(decodes_a_solicitation)
{
        static const struct mac host = {{0x02, 0, 0, 0, 0, 0xc1}};
        struct ndp n;

        ck_assert_int_eq(ndp_decode(recorded, sizeof(recorded), &n), NDP_OK);
        ck_assert_int_eq(n.type, NDP_SOLICITATION);
        ck_assert(mac_eq(n.eth_src, host));
        ck_assert(mac_eq(n.eth_dst, (struct mac){{0x33, 0x33, 0xff, 0, 0x02, 0}}));
        ck_assert(ip_eq(n.src, ip_of("fd00:9::100")));
        ck_assert(ip_eq(n.dst, ip_of("ff02::1:ff00:200")));
        ck_assert(ip_eq(n.target, ip_of("fd00:9::200")));
        ck_assert(n.has_lladdr && mac_eq(n.lladdr, host));
        ck_assert(!n.solicited && !n.override);
}
END_TEST

START_TEST(encodes_the_same_bytes)
{
        struct ndp n;
        struct frame f;

        ck_assert_int_eq(ndp_decode(recorded, sizeof(recorded), &n), NDP_OK);
        f = ndp_encode(&n);
        ck_assert_uint_eq(f.len, sizeof(recorded));
        ck_assert_mem_eq(f.bytes, recorded, sizeof(recorded));
}
END_TEST

START_TEST(round_trips_advertisements)
{
        struct ip vip = ip_of(VIP);
        struct ndp n = {
                .eth_dst = PEER,
                .eth_src = SELF,
                .type = NDP_ADVERTISEMENT,
                .src = vip,
                .dst = ip_of("fe80::2"),
                .target = vip,
                .solicited = true,
                .override = true,
                .has_lladdr = true,
                .lladdr = SELF,
        };
        struct ndp back;
        struct frame f = ndp_encode(&n);

        ck_assert_int_eq(ndp_decode(f.bytes, f.len, &back), NDP_OK);
        ck_assert_int_eq(back.type, NDP_ADVERTISEMENT);
        ck_assert(ip_eq(back.src, n.src) && ip_eq(back.dst, n.dst) && ip_eq(back.target, n.target));
        ck_assert(back.solicited && back.override && back.has_lladdr);
        ck_assert(mac_eq(back.lladdr, SELF) && mac_eq(back.eth_dst, PEER) && mac_eq(back.eth_src, SELF));
        ck_assert_int_eq(f.bytes[AT_FLAGS], 0x60); /* R=0: nobody should route through us */
}
END_TEST

START_TEST(refuses_every_truncation)
{
        struct ndp n = solicitation("fe80::2", true);
        struct frame f = ndp_encode(&n);

        for (f.len = 0; f.len < 86; f.len++)
                ck_assert_int_eq(refusal_of(&f), NDP_TRUNCATED);
        ck_assert_int_eq(refusal_of(&f), NDP_OK);
}
END_TEST

START_TEST(padding_is_not_payload)
{
        struct ndp n = solicitation("fe80::2", true);
        struct frame f = ndp_encode(&n);
        uint8_t padded[100] = {0};
        struct ndp back;

        memcpy(padded, f.bytes, f.len);
        memset(padded + f.len, 0xaa, sizeof(padded) - f.len);
        ck_assert_int_eq(ndp_decode(padded, sizeof(padded), &back), NDP_OK);
}
END_TEST

static const struct {
        size_t at;
        uint8_t value;
        enum ndp_refusal refusal;
} damages[] = {
        {13, 0x00, NDP_NOT_IPV6},
        {14, 0x40, NDP_NOT_IPV6},
        {AT_NEXT, 17, NDP_NOT_ICMPV6},
        {AT_NEXT, 0, NDP_NOT_ICMPV6},
        {AT_HOPS, 254, NDP_HOP_LIMIT},
        {AT_HOPS, 1, NDP_HOP_LIMIT},
        {AT_TYPE, 133, NDP_TYPE},
        {AT_TYPE, 128, NDP_TYPE},
        {AT_CODE, 1, NDP_CODE},
        {AT_TARGET, 0xff, NDP_TARGET},
        {AT_SRC, 0xff, NDP_SOURCE},
        {AT_OPTION + 1, 0, NDP_OPTION_LENGTH},
        {AT_OPTION + 1, 2, NDP_OPTION_LENGTH},
        {AT_OPTION + 2, 0x03, NDP_LLADDR},
};

START_TEST(refuses_each_bad_field)
{
        struct ndp n = solicitation("fe80::2", true);
        struct frame f = ndp_encode(&n);

        f.bytes[damages[_i].at] = damages[_i].value;
        fix_checksum(f.bytes, f.len);
        ck_assert_int_eq(refusal_of(&f), damages[_i].refusal);
        ck_assert_str_ne(ndp_refusal_str(damages[_i].refusal), "?");
}
END_TEST

START_TEST(refuses_any_flipped_bit_of_the_message)
{
        struct ndp n = solicitation("fe80::2", true);

        for (size_t bit = 8 * AT_SRC; bit < 8 * 86; bit++) {
                struct frame f = ndp_encode(&n);

                f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_assert_int_eq(refusal_of(&f), NDP_CHECKSUM);
        }
}
END_TEST

START_TEST(refuses_a_message_shorter_than_its_type)
{
        struct ndp n = solicitation("fe80::2", false);
        struct frame f = ndp_encode(&n);

        f.len -= 1;
        f.bytes[AT_PAYLOAD_LEN + 1] = 23;
        ck_assert_int_eq(refusal_of(&f), NDP_LENGTH);
}
END_TEST

START_TEST(refuses_an_ipv4_address_in_disguise)
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        struct ndp n = solicitation("fe80::2", true);
        struct frame f = ndp_encode(&n);

        memcpy(f.bytes + AT_TARGET, mapped, sizeof(mapped));
        fix_checksum(f.bytes, f.len);
        ck_assert_int_eq(refusal_of(&f), NDP_TARGET);

        f = ndp_encode(&n);
        memcpy(f.bytes + AT_SRC, mapped, sizeof(mapped));
        fix_checksum(f.bytes, f.len);
        ck_assert_int_eq(refusal_of(&f), NDP_SOURCE);
}
END_TEST

START_TEST(unspecified_target_or_advertiser_is_refused)
{
        struct ndp n = solicitation("fe80::2", true);
        struct frame f;

        n.target = ip_of("::");
        f = ndp_encode(&n);
        ck_assert_int_eq(refusal_of(&f), NDP_TARGET);
        n = solicitation("::", false);
        n.type = NDP_ADVERTISEMENT;
        f = ndp_encode(&n);
        ck_assert_int_eq(refusal_of(&f), NDP_SOURCE);
}
END_TEST

START_TEST(probes_follow_their_own_rules)
{
        struct ndp n = solicitation("::", false);
        struct frame f = ndp_encode(&n);

        ck_assert_int_eq(refusal_of(&f), NDP_OK);
        n.has_lladdr = true;
        f = ndp_encode(&n);
        ck_assert_int_eq(refusal_of(&f), NDP_PROBE_LLADDR);
        n = solicitation("::", false);
        n.dst = ip_of("ff02::1");
        f = ndp_encode(&n);
        ck_assert_int_eq(refusal_of(&f), NDP_PROBE_DST);
        n.dst = n.target;
        f = ndp_encode(&n);
        ck_assert_int_eq(refusal_of(&f), NDP_PROBE_DST);
}
END_TEST

START_TEST(solicitation_without_option_needs_an_ethernet_source)
{
        struct ndp n = solicitation("fe80::2", false);
        struct frame f = ndp_encode(&n);

        ck_assert_int_eq(refusal_of(&f), NDP_OK);
        n.eth_src = MAC_BROADCAST;
        f = ndp_encode(&n);
        ck_assert_int_eq(refusal_of(&f), NDP_LLADDR);
}
END_TEST

START_TEST(multicast_advertisement_is_never_solicited)
{
        struct frame f = ndp_unsolicited(ip_of(VIP), PEER);

        ck_assert_int_eq(refusal_of(&f), NDP_OK);
        f.bytes[AT_FLAGS] |= 0x40;
        fix_checksum(f.bytes, f.len);
        ck_assert_int_eq(refusal_of(&f), NDP_SOLICITED);
}
END_TEST

/* Nonce (RFC 3971, sent by Linux in enhanced DAD) and other options are skipped. */
START_TEST(skips_unknown_options)
{
        struct ndp n = solicitation("fe80::2", true), back;
        struct frame f = ndp_encode(&n);
        uint8_t frame[94];

        memcpy(frame, f.bytes, AT_OPTION);
        memcpy(frame + AT_OPTION, "\x0e\x01nonce!", 8);
        memcpy(frame + AT_OPTION + 8, f.bytes + AT_OPTION, 8);
        frame[AT_PAYLOAD_LEN + 1] = 40;
        fix_checksum(frame, sizeof(frame));
        ck_assert_int_eq(ndp_decode(frame, sizeof(frame), &back), NDP_OK);
        ck_assert(back.has_lladdr && mac_eq(back.lladdr, PEER));
}
END_TEST

START_TEST(half_an_option_is_refused)
{
        struct ndp n = solicitation("fe80::2", true);

        for (uint8_t cut = 1; cut < 8; cut++) {
                struct frame f = ndp_encode(&n);

                f.len -= cut;
                f.bytes[AT_PAYLOAD_LEN + 1] = (uint8_t)(32 - cut);
                f.bytes[f.len] = 0; /* for the sum of an odd length */
                fix_checksum(f.bytes, f.len + f.len % 2);
                {
                        /* the helper counted the pad byte as payload */
                        uint32_t sum = (uint32_t)(f.bytes[AT_SUM] << 8 | f.bytes[AT_SUM + 1]) + f.len % 2;

                        sum = (sum & 0xffff) + (sum >> 16);
                        f.bytes[AT_SUM] = (uint8_t)(sum >> 8);
                        f.bytes[AT_SUM + 1] = (uint8_t)sum;
                }
                ck_assert_int_eq(refusal_of(&f), NDP_OPTION_LENGTH);
        }
}
END_TEST

START_TEST(solicited_reply)
{
        struct ndp ns = solicitation("fe80::2", true), na;
        struct frame f;

        ns.lladdr = OTHER; /* the option counts, not the Ethernet source */
        f = ndp_reply(&ns, SELF);
        ck_assert_int_eq(ndp_decode(f.bytes, f.len, &na), NDP_OK);
        ck_assert_int_eq(na.type, NDP_ADVERTISEMENT);
        ck_assert(na.solicited && na.override);
        ck_assert(ip_eq(na.dst, ip_of("fe80::2")) && ip_eq(na.src, ip_of(VIP)) &&
                  ip_eq(na.target, ip_of(VIP)));
        ck_assert(mac_eq(na.eth_dst, OTHER) && mac_eq(na.eth_src, SELF));
        ck_assert(na.has_lladdr && mac_eq(na.lladdr, SELF));

        ns.has_lladdr = false;
        f = ndp_reply(&ns, SELF);
        ck_assert_int_eq(ndp_decode(f.bytes, f.len, &na), NDP_OK);
        ck_assert(mac_eq(na.eth_dst, PEER));
}
END_TEST

START_TEST(probe_is_told_to_all_nodes)
{
        struct ndp ns = solicitation("::", false), na;
        struct frame f = ndp_reply(&ns, SELF);

        ck_assert_int_eq(ndp_decode(f.bytes, f.len, &na), NDP_OK);
        ck_assert(!na.solicited && na.override);
        ck_assert(ip_eq(na.dst, ip_of("ff02::1")));
        ck_assert(mac_eq(na.eth_dst, (struct mac){{0x33, 0x33, 0, 0, 0, 1}}));
}
END_TEST

START_TEST(directed_solicitation_comes_from_the_address)
{
        struct ndp n;
        struct frame f = ndp_directed(ip_of(VIP), SELF, ip_of("fe80::ab:cdef"));

        ck_assert_int_eq(ndp_decode(f.bytes, f.len, &n), NDP_OK);
        ck_assert_int_eq(n.type, NDP_SOLICITATION);
        ck_assert(ip_eq(n.src, ip_of(VIP)) && ip_eq(n.target, ip_of("fe80::ab:cdef")));
        ck_assert(ip_eq(n.dst, ip_of("ff02::1:ffab:cdef")));
        ck_assert(mac_eq(n.eth_dst, (struct mac){{0x33, 0x33, 0xff, 0xab, 0xcd, 0xef}}));
        ck_assert(n.has_lladdr && mac_eq(n.lladdr, SELF));
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("ndp");

        tcase_add_test(cases, decodes_a_solicitation);
        tcase_add_test(cases, encodes_the_same_bytes);
        tcase_add_test(cases, round_trips_advertisements);
        tcase_add_test(cases, refuses_every_truncation);
        tcase_add_test(cases, padding_is_not_payload);
        tcase_add_loop_test(cases, refuses_each_bad_field, 0, sizeof(damages) / sizeof(damages[0]));
        tcase_add_test(cases, refuses_any_flipped_bit_of_the_message);
        tcase_add_test(cases, refuses_a_message_shorter_than_its_type);
        tcase_add_test(cases, refuses_an_ipv4_address_in_disguise);
        tcase_add_test(cases, unspecified_target_or_advertiser_is_refused);
        tcase_add_test(cases, probes_follow_their_own_rules);
        tcase_add_test(cases, solicitation_without_option_needs_an_ethernet_source);
        tcase_add_test(cases, multicast_advertisement_is_never_solicited);
        tcase_add_test(cases, skips_unknown_options);
        tcase_add_test(cases, half_an_option_is_refused);
        tcase_add_test(cases, solicited_reply);
        tcase_add_test(cases, probe_is_told_to_all_nodes);
        tcase_add_test(cases, directed_solicitation_comes_from_the_address);
        return run_suite(cases, "l2/ndp");
}
