#include "l2/arp.h"
#include "wire.h"

/* Who has 192.0.2.9? Tell 192.0.2.2 (as Linux sends it, padded to 60 bytes) */
static const uint8_t request[60] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x06, /* Ethernet */
        0,    1,    0x08, 0,    6,    4,    0,    1,                            /* types, lengths, op */
        0x02, 0,    0,    0,    0,    0x02, 192,  0, 2, 2,                      /* sender */
        0,    0,    0,    0,    0,    0,    192,  0, 2, 9,                      /* target */
};

START_TEST(decodes_a_request)
{
        struct arp a;

        ck_assert_int_eq(arp_decode(request, sizeof(request), &a), ARP_OK);
        ck_assert_int_eq(a.op, ARP_REQUEST);
        ck_assert(mac_eq(a.eth_dst, MAC_BROADCAST));
        ck_assert(mac_eq(a.eth_src, PEER));
        ck_assert(mac_eq(a.sha, PEER));
        ck_assert(mac_is_zero(a.tha));
        ck_assert(ip_eq(a.spa, ip_of("192.0.2.2")));
        ck_assert(ip_eq(a.tpa, ip_of("192.0.2.9")));
}
END_TEST

START_TEST(refuses_every_truncation)
{
        for (size_t n = 0; n < ARP_FRAME_LEN; n++) {
                struct arp a;
                uint8_t *cut = exact_copy(request, n);

                ck_assert_int_eq(arp_decode(cut, n, &a), ARP_TRUNCATED);
                free(cut);
        }
}
END_TEST

static const struct {
        size_t at;
        uint8_t value;
        enum arp_refusal refusal;
} damages[] = {
        {12, 0x81, ARP_NOT_ARP}, {13, 0x00, ARP_NOT_ARP},  {14, 1, ARP_HARDWARE},
        {15, 6, ARP_HARDWARE},   {16, 0x86, ARP_PROTOCOL}, {17, 0xdd, ARP_PROTOCOL},
        {18, 5, ARP_LENGTHS},    {18, 20, ARP_LENGTHS},    {19, 16, ARP_LENGTHS},
        {19, 0, ARP_LENGTHS},    {20, 1, ARP_OP},          {21, 0, ARP_OP},
        {21, 3, ARP_OP},         {21, 8, ARP_OP},          {22, 0x03, ARP_SENDER_MAC},
};

START_TEST(refuses_each_bad_field)
{
        uint8_t frame[sizeof(request)];
        struct arp a = {.op = ARP_REPLY};

        memcpy(frame, request, sizeof(frame));
        frame[damages[_i].at] = damages[_i].value;
        ck_assert_int_eq(arp_decode(frame, sizeof(frame), &a), damages[_i].refusal);
        ck_assert_int_eq(a.op, ARP_REPLY); /* nothing was written */
        ck_assert_str_ne(arp_refusal_str(damages[_i].refusal), "?");
}
END_TEST

START_TEST(refuses_a_sender_without_a_mac)
{
        uint8_t frame[sizeof(request)];
        struct arp a;

        memcpy(frame, request, sizeof(frame));
        memset(frame + 22, 0, MAC_LEN);
        ck_assert_int_eq(arp_decode(frame, sizeof(frame), &a), ARP_SENDER_MAC);
        memset(frame + 22, 0xff, MAC_LEN);
        ck_assert_int_eq(arp_decode(frame, sizeof(frame), &a), ARP_SENDER_MAC);
}
END_TEST

START_TEST(encodes_what_it_decodes)
{
        struct arp a;
        struct frame f;

        ck_assert_int_eq(arp_decode(request, sizeof(request), &a), ARP_OK);
        f = arp_encode(&a);
        ck_assert_uint_eq(f.len, ARP_FRAME_LEN);
        ck_assert_mem_eq(f.bytes, request, ARP_FRAME_LEN);
}
END_TEST

START_TEST(reply_goes_to_the_sender_alone)
{
        static const uint8_t expected[ARP_FRAME_LEN] = {
                0x02, 0,    0, 0, 0, 0x02, 0x02, 0,   0, 0, 0, 0x01, 0x08, 0x06, 0, 1, 0x08, 0,   6, 4, 0,
                2,    0x02, 0, 0, 0, 0,    0x01, 192, 0, 2, 9, 0x02, 0,    0,    0, 0, 0x02, 192, 0, 2, 2,
        };
        struct arp a;
        struct frame f;

        ck_assert_int_eq(arp_decode(request, sizeof(request), &a), ARP_OK);
        f = arp_reply(&a, SELF);
        ck_assert_uint_eq(f.len, ARP_FRAME_LEN);
        ck_assert_mem_eq(f.bytes, expected, sizeof(expected));
}
END_TEST

static struct arp decoded(struct frame f)
{
        struct arp a;

        ck_assert_int_eq(arp_decode(f.bytes, f.len, &a), ARP_OK);
        ck_assert(mac_eq(a.eth_dst, MAC_BROADCAST));
        ck_assert(mac_eq(a.eth_src, SELF));
        ck_assert(mac_eq(a.sha, SELF));
        return a;
}

START_TEST(announcements_have_the_forms_that_linux_takes)
{
        struct ip vip = ip_of("192.0.2.9"), gateway = ip_of("192.0.2.1");
        struct arp a = decoded(arp_gratuitous_request(vip, SELF));

        ck_assert_int_eq(a.op, ARP_REQUEST);
        ck_assert(ip_eq(a.spa, vip) && ip_eq(a.tpa, vip));
        ck_assert(mac_is_zero(a.tha));

        a = decoded(arp_gratuitous_reply(vip, SELF));
        ck_assert_int_eq(a.op, ARP_REPLY);
        ck_assert(ip_eq(a.spa, vip) && ip_eq(a.tpa, vip));
        ck_assert(mac_eq(a.tha, SELF)); /* with THA = broadcast Linux ignores it within locktime */

        a = decoded(arp_directed(vip, SELF, gateway));
        ck_assert_int_eq(a.op, ARP_REQUEST);
        ck_assert(ip_eq(a.spa, vip) && ip_eq(a.tpa, gateway));
        ck_assert(mac_is_zero(a.tha));
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("arp");

        tcase_add_test(cases, decodes_a_request);
        tcase_add_test(cases, refuses_every_truncation);
        tcase_add_loop_test(cases, refuses_each_bad_field, 0, sizeof(damages) / sizeof(damages[0]));
        tcase_add_test(cases, refuses_a_sender_without_a_mac);
        tcase_add_test(cases, encodes_what_it_decodes);
        tcase_add_test(cases, reply_goes_to_the_sender_alone);
        tcase_add_test(cases, announcements_have_the_forms_that_linux_takes);
        return run_suite(cases, "l2/arp");
}
