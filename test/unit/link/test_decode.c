/*
 * Netlink as Linux 6.18 sent it, in the order of recording (test/data/netlink, one datagram a line, the
 * command in the first line). Each file is what the kernel said about that command.
 */
#include "link/decode.h"
#include <check.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETH0 = 10, FAR = 11, BR0 = 12, MAX_DATAGRAM = 8192 };

static struct link_table table;
static unsigned what;

static struct ip ip_of(const char *text)
{
        struct ip ip;

        ck_assert_msg(ip_parse(text, &ip), "%s", text);
        return ip;
}

static size_t unhex(const char *line, uint8_t *out)
{
        size_t n = 0;
        unsigned byte;

        while (sscanf(line + 2 * n, "%2x", &byte) == 1)
                out[n++] = (uint8_t)byte;
        return n;
}

typedef void datagram_fn(const uint8_t *bytes, size_t len, uint32_t seq);

static void each_datagram(const char *name, datagram_fn *fn, uint32_t seq)
{
        static uint8_t bytes[MAX_DATAGRAM] __attribute__((aligned(4)));
        static char line[2 * MAX_DATAGRAM + 2];
        char path[512];
        size_t n = 0;
        FILE *f;

        snprintf(path, sizeof(path), TEST_DATA "/netlink/%s.hex", name);
        f = fopen(path, "r");
        ck_assert_msg(f != NULL, "%s", path);
        while (fgets(line, sizeof(line), f) != NULL) {
                if (line[0] == '#')
                        continue;
                fn(bytes, unhex(line, bytes), seq);
                n++;
        }
        fclose(f);
        ck_assert_uint_gt(n, 0);
}

static void decode(const uint8_t *bytes, size_t len, uint32_t seq)
{
        struct link_decoded d = link_decode(&table, bytes, len, seq);

        ck_assert_uint_gt(d.messages, 0);
        ck_assert_uint_eq(d.refused, 0);
        what |= d.what;
}

/* Plays one file; returns what the decoder said in sum. */
static unsigned play_dump(const char *name, uint32_t seq)
{
        what = 0;
        each_datagram(name, decode, seq);
        return what;
}

static unsigned play(const char *name)
{
        return play_dump(name, 0);
}

static void play_all(const char *const *names)
{
        for (; *names != NULL; names++)
                play(*names);
}

static const char *const until_up[] = {"link-add", "link-up", "addr-add4", "addr-add6", NULL};
static const char *const until_routes[] = {"link-add",   "link-up",    "addr-add4", "addr-add6",
                                           "route-add4", "route-add6", NULL};

static const struct link_if *eth0(void)
{
        const struct link_if *f = table_by_index(&table, ETH0);

        ck_assert_ptr_nonnull(f);
        return f;
}

static const struct link_addr *find_addr(const struct link_if *f, const char *text)
{
        for (size_t i = 0; i < f->n_addrs; i++)
                if (ip_eq(f->addrs[i].ip, ip_of(text)))
                        return &f->addrs[i];
        return NULL;
}

static bool has_gateway(const struct link_if *f, const char *text)
{
        for (size_t i = 0; i < f->n_gateways; i++)
                if (ip_eq(f->gateways[i], ip_of(text)))
                        return true;
        return false;
}

static void clean(void)
{
        table_free(&table);
}

START_TEST(interface_appears_and_comes_up)
{
        ck_assert_uint_eq(play("link-add"), LINK_CHANGED);
        ck_assert_str_eq(eth0()->name, "eth0");
        ck_assert_mem_eq(eth0()->mac, "\x02\0\0\0\0\x0a", 6);
        ck_assert(eth0()->arp && !eth0()->up && eth0()->master == 0);
        ck_assert_ptr_eq(table_by_name(&table, "far"), table_by_index(&table, FAR));
        ck_assert_ptr_null(table_by_name(&table, "eth1"));
        play("link-up");
        ck_assert(eth0()->up);
        ck_assert_uint_eq(eth0()->n_addrs, 1); /* its link-local address */
        ck_assert(ip_is_link_local(eth0()->addrs[0].ip) && !eth0()->addrs[0].tentative);
}
END_TEST

START_TEST(addresses)
{
        const struct link_addr *a;

        play_all(until_up);
        a = find_addr(eth0(), "192.0.2.10");
        ck_assert_ptr_nonnull(a);
        ck_assert_uint_eq(a->subnet.len, 24);
        ck_assert(link_if_contains(eth0(), ip_of("192.0.2.77")));
        ck_assert(!link_if_contains(eth0(), ip_of("192.0.3.77")));
        a = find_addr(eth0(), "2001:db8::a");
        ck_assert_ptr_nonnull(a);
        ck_assert(!a->tentative && !a->dad_failed && a->subnet.len == 64);
        ck_assert(link_if_contains(eth0(), ip_of("2001:db8::77")));
        ck_assert_uint_eq(play("addr-del4"), LINK_CHANGED);
        ck_assert_ptr_null(find_addr(eth0(), "192.0.2.10"));
        ck_assert_uint_eq(play("addr-del4"), 0);
}
END_TEST

START_TEST(failed_dad_is_no_address)
{
        play_all(until_up);
        play("dad-failed");
        ck_assert_ptr_nonnull(find_addr(eth0(), "2001:db8::dd"));
        ck_assert(find_addr(eth0(), "2001:db8::dd")->dad_failed);
}
END_TEST

START_TEST(point_to_point_has_its_peers_network)
{
        play_all(until_up);
        play("peer-addr");
        ck_assert_ptr_nonnull(find_addr(eth0(), "10.0.0.1"));
        ck_assert(link_if_contains(eth0(), ip_of("10.9.9.9")));
        ck_assert(!link_if_contains(eth0(), ip_of("10.0.0.2")));
}
END_TEST

START_TEST(default_routes)
{
        play_all(until_up);
        ck_assert(!eth0()->default_route4 && !eth0()->default_route6);
        ck_assert_uint_eq(play("route-add4"), LINK_CHANGED);
        ck_assert(eth0()->default_route4 && has_gateway(eth0(), "192.0.2.1"));
        ck_assert(!eth0()->default_route6);
        ck_assert_uint_eq(play("route-add6"), LINK_CHANGED);
        ck_assert(eth0()->default_route6 && has_gateway(eth0(), "fe80::1"));
        ck_assert_uint_eq(eth0()->n_gateways, 2);
        ck_assert_uint_eq(play("route-other"), 0); /* not default, and not the main table */
        ck_assert_uint_eq(eth0()->n_gateways, 2);
}
END_TEST

START_TEST(replaced_route_leaves_nothing_behind)
{
        play_all(until_routes);
        ck_assert_uint_eq(play("route-replace4"), LINK_CHANGED);
        ck_assert(has_gateway(eth0(), "192.0.2.2") && !has_gateway(eth0(), "192.0.2.1"));
        ck_assert_uint_eq(play("route-del4"), LINK_CHANGED);
        ck_assert(!eth0()->default_route4 && eth0()->default_route6);
}
END_TEST

START_TEST(multipath_and_foreign_family)
{
        play_all(until_up);
        play("route-multipath4");
        ck_assert(has_gateway(eth0(), "192.0.2.3") && has_gateway(eth0(), "192.0.2.4"));
        ck_assert(eth0()->default_route4 && !eth0()->default_route6);
        clean();
        play_all(until_up);
        play("route-multipath6");
        ck_assert(has_gateway(eth0(), "fe80::3") && has_gateway(eth0(), "fe80::4"));
        ck_assert(!eth0()->default_route4 && eth0()->default_route6);
        clean();
        play_all(until_up);
        play("route-via6");
        ck_assert(has_gateway(eth0(), "fe80::7") && eth0()->default_route4);
}
END_TEST

START_TEST(route_before_its_interface)
{
        play("route-add4");
        ck_assert_ptr_null(table_by_index(&table, ETH0));
        play("link-add");
        ck_assert(eth0()->default_route4 && has_gateway(eth0(), "192.0.2.1"));
}
END_TEST

START_TEST(mac_name_and_flags_change)
{
        play_all(until_up);
        ck_assert_uint_eq(play("mac-change"), LINK_CHANGED);
        ck_assert_mem_eq(eth0()->mac, "\x02\0\0\0\0\x1a", 6);
        ck_assert_uint_eq(play("mac-change"), 0);
        play("rename");
        ck_assert_ptr_null(table_by_name(&table, "far"));
        ck_assert_ptr_nonnull(table_by_name(&table, "far1"));
        play("noarp");
        ck_assert(!eth0()->arp);
}
END_TEST

START_TEST(bridge_port_has_a_master)
{
        play_all(until_up);
        play("rename");
        play("bridge");
        ck_assert_int_eq(table_by_index(&table, FAR)->master, BR0);
        ck_assert(table_by_name(&table, "br0")->arp);
        ck_assert(table_by_name(&table, "br0")->up);
}
END_TEST

START_TEST(carrier_goes_and_comes)
{
        play_all(until_up);
        ck_assert_uint_eq(play("carrier-loss") & LINK_CHANGED, LINK_CHANGED);
        ck_assert(!eth0()->up);
        play("carrier-back");
        ck_assert(eth0()->up);
}
END_TEST

START_TEST(interface_down_takes_routes_silently)
{
        play_all(until_routes);
        ck_assert_uint_eq(play("link-down"), LINK_CHANGED | LINK_SILENT_LOSS);
        ck_assert(!eth0()->up);
}
END_TEST

START_TEST(interface_goes_with_all_it_has)
{
        play_all(until_routes);
        ck_assert_uint_ne(play("link-del") & LINK_CHANGED, 0);
        ck_assert_ptr_null(table_by_index(&table, ETH0));
        play("link-add");
        ck_assert(!eth0()->default_route4 && !eth0()->default_route6);
        ck_assert_uint_eq(eth0()->n_addrs, 0);
}
END_TEST

START_TEST(dumps_end_with_their_own_number)
{
        ck_assert_uint_eq(play_dump("dump-link", 7) & LINK_DUMP_DONE, 0);
        ck_assert_uint_eq(play_dump("dump-link", 1), LINK_DUMP_DONE);
        ck_assert_uint_eq(play_dump("dump-addr", 2), LINK_CHANGED | LINK_DUMP_DONE);
        ck_assert_uint_eq(play_dump("dump-route4", 3), LINK_CHANGED | LINK_DUMP_DONE);
        ck_assert_uint_eq(play_dump("dump-route6", 4), LINK_CHANGED | LINK_DUMP_DONE);
        ck_assert_uint_eq(table.n_ifs, 3);
        ck_assert(!table.ifs[0].arp); /* the loopback */
        ck_assert(eth0()->default_route4 && eth0()->default_route6);
        ck_assert_ptr_nonnull(find_addr(eth0(), "2001:db8::a"));
}
END_TEST

START_TEST(dump_repairs_what_events_missed)
{
        static const char *const before[] = {"link-add", "bridge", NULL};
        const struct link_addr lost = {.ip = ip_of("192.0.2.99"),
                                       .subnet = ip_prefix(ip_of("192.0.2.99"), 24)};
        const struct link_route gone = {IP_V4, ETH0, ip_of("192.0.2.66"), 5, false};

        play_all(before);
        ck_assert(table_put_addr(&table, ETH0, &lost));
        ck_assert(table_put_route(&table, &gone));
        table_mark(&table);
        play_dump("dump-link", 1);
        play_dump("dump-addr", 2);
        play_dump("dump-route4", 3);
        play_dump("dump-route6", 4);
        ck_assert(table_sweep(&table));
        ck_assert_ptr_null(table_by_name(&table, "br0"));
        ck_assert_ptr_null(find_addr(eth0(), "192.0.2.99"));
        ck_assert(!has_gateway(eth0(), "192.0.2.66"));
        ck_assert_ptr_nonnull(find_addr(eth0(), "192.0.2.10"));
        ck_assert(has_gateway(eth0(), "192.0.2.2"));
        ck_assert(!table_sweep(&table));
}
END_TEST

static void cut_and_flip(const uint8_t *bytes, size_t len, uint32_t seq)
{
        for (size_t n = 0; n < len; n += 4) {
                uint8_t *cut = malloc(n == 0 ? 1 : n);

                memcpy(cut, bytes, n);
                link_decode(&table, cut, n, seq);
                free(cut);
        }
        for (size_t i = 0; i < len; i++) {
                uint8_t *bad = malloc(len);

                memcpy(bad, bytes, len);
                bad[i] ^= 0xff;
                link_decode(&table, bad, len, seq);
                free(bad);
        }
}

/* Under ASan: nothing is read past the end, whatever the lengths inside say. */
START_TEST(torn_and_damaged_messages_do_no_harm)
{
        static const char *const names[] = {"link-add",         "addr-add6",  "peer-addr", "route-multipath4",
                                            "route-multipath6", "route-via6", NULL};

        play_all(until_routes);
        for (const char *const *name = names; *name != NULL; name++)
                each_datagram(*name, cut_and_flip, 1);
}
END_TEST

START_TEST(torn_message_is_counted)
{
        uint8_t bytes[8] __attribute__((aligned(4))) = {200};
        struct link_decoded d = link_decode(&table, bytes, sizeof(bytes), 0);

        ck_assert_uint_eq(d.refused, 1);
        ck_assert_uint_eq(d.what, 0);
}
END_TEST

START_TEST(error_and_interruption_of_a_dump)
{
        struct {
                struct nlmsghdr h;
                struct nlmsgerr e;
        } m = {.h = {.nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 9}};

        ck_assert_uint_eq(link_decode(&table, &m, sizeof(m), 9).what, LINK_DUMP_FAILED);
        ck_assert_uint_eq(link_decode(&table, &m, sizeof(m), 8).what, 0);
        m.h.nlmsg_type = NLMSG_DONE;
        m.h.nlmsg_flags = NLM_F_DUMP_INTR;
        ck_assert_uint_eq(link_decode(&table, &m, sizeof(m), 9).what, LINK_DUMP_DONE | LINK_DUMP_INTERRUPTED);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("link/decode");
        TCase *cases = tcase_create("decode");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(cases, NULL, clean);
        tcase_add_test(cases, interface_appears_and_comes_up);
        tcase_add_test(cases, addresses);
        tcase_add_test(cases, failed_dad_is_no_address);
        tcase_add_test(cases, point_to_point_has_its_peers_network);
        tcase_add_test(cases, default_routes);
        tcase_add_test(cases, replaced_route_leaves_nothing_behind);
        tcase_add_test(cases, multipath_and_foreign_family);
        tcase_add_test(cases, route_before_its_interface);
        tcase_add_test(cases, mac_name_and_flags_change);
        tcase_add_test(cases, bridge_port_has_a_master);
        tcase_add_test(cases, carrier_goes_and_comes);
        tcase_add_test(cases, interface_down_takes_routes_silently);
        tcase_add_test(cases, interface_goes_with_all_it_has);
        tcase_add_test(cases, dumps_end_with_their_own_number);
        tcase_add_test(cases, dump_repairs_what_events_missed);
        tcase_add_test(cases, torn_and_damaged_messages_do_no_harm);
        tcase_add_test(cases, torn_message_is_counted);
        tcase_add_test(cases, error_and_interruption_of_a_dump);
        suite_add_tcase(suite, cases);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
