#include "link/table.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct link_table t;

static struct ip ip_of(const char *text)
{
        struct ip ip;

        ck_assert_msg(ip_parse(text, &ip), "%s", text);
        return ip;
}

static struct link_if interface(int ifindex, const char *name)
{
        struct link_if f = {.ifindex = ifindex, .up = true, .arp = true};

        strncpy(f.name, name, sizeof(f.name) - 1);
        return f;
}

static struct link_addr addr(const char *ip, uint8_t len)
{
        return (struct link_addr){.ip = ip_of(ip), .subnet = ip_prefix(ip_of(ip), len)};
}

static struct link_route route(int ifindex, const char *gateway, uint32_t metric)
{
        struct ip ip = ip_of(gateway);

        return (struct link_route){
                .family = ip_family(ip), .ifindex = ifindex, .gateway = ip, .metric = metric};
}

static void add(int ifindex, const char *name)
{
        struct link_if f = interface(ifindex, name);

        ck_assert(table_put_if(&t, &f));
}

static void clean(void)
{
        table_free(&t);
}

START_TEST(interfaces_stand_in_order)
{
        add(7, "c");
        add(2, "a");
        add(5, "b");
        ck_assert_uint_eq(t.n_ifs, 3);
        ck_assert_int_eq(t.ifs[0].ifindex, 2);
        ck_assert_int_eq(t.ifs[1].ifindex, 5);
        ck_assert_int_eq(t.ifs[2].ifindex, 7);
        ck_assert(table_drop_if(&t, 5));
        ck_assert(!table_drop_if(&t, 5));
        ck_assert_ptr_null(table_by_index(&t, 5));
        ck_assert_str_eq(table_by_index(&t, 7)->name, "c");
        ck_assert_ptr_eq(table_by_name(&t, "a"), table_by_index(&t, 2));
}
END_TEST

START_TEST(only_differences_are_changes)
{
        struct link_if f = interface(2, "a");
        struct link_addr a = addr("2001:db8::1", 64);

        add(2, "a");
        ck_assert(!table_put_if(&t, &f));
        f.up = false;
        ck_assert(table_put_if(&t, &f));
        f.master = 3;
        ck_assert(table_put_if(&t, &f));
        a.tentative = true;
        ck_assert(table_put_addr(&t, 2, &a));
        ck_assert(!table_put_addr(&t, 2, &a));
        a.tentative = false;
        ck_assert(table_put_addr(&t, 2, &a));
        ck_assert_uint_eq(t.ifs[0].n_addrs, 1);
        ck_assert(!table_put_addr(&t, 99, &a));
}
END_TEST

START_TEST(addresses_survive_an_update_of_the_interface)
{
        struct link_if f = interface(2, "renamed");
        struct link_addr a = addr("192.0.2.1", 24);

        add(2, "a");
        ck_assert(table_put_addr(&t, 2, &a));
        ck_assert(table_put_if(&t, &f));
        ck_assert_uint_eq(t.ifs[0].n_addrs, 1);
        ck_assert(link_if_contains(&t.ifs[0], ip_of("192.0.2.99")));
}
END_TEST

START_TEST(wish_to_announce_adds_up)
{
        struct link_if f = interface(2, "a");

        add(2, "a");
        f.notify = 1;
        ck_assert(table_put_if(&t, &f));
        ck_assert(table_put_if(&t, &f));
        ck_assert_uint_eq(t.ifs[0].notify, 2);
        f.notify = 0;
        ck_assert(!table_put_if(&t, &f));
        ck_assert_uint_eq(t.ifs[0].notify, 2);
}
END_TEST

START_TEST(coming_up_is_a_wish_to_announce)
{
        struct link_if f = interface(2, "a");

        add(2, "a");
        f.up = false;
        ck_assert(table_put_if(&t, &f));
        ck_assert_uint_eq(t.ifs[0].notify, 0);
        f.up = true;
        ck_assert(table_put_if(&t, &f));
        ck_assert_uint_eq(t.ifs[0].notify, 1);
}
END_TEST

START_TEST(same_address_in_two_prefixes)
{
        struct link_addr wide = addr("192.0.2.1", 16), narrow = addr("192.0.2.1", 24);

        add(2, "a");
        ck_assert(table_put_addr(&t, 2, &wide));
        ck_assert(table_put_addr(&t, 2, &narrow));
        ck_assert(table_drop_addr(&t, 2, &wide));
        ck_assert(!table_drop_addr(&t, 2, &wide));
        ck_assert(!link_if_contains(&t.ifs[0], ip_of("192.0.9.9")));
        ck_assert(link_if_contains(&t.ifs[0], ip_of("192.0.2.9")));
}
END_TEST

START_TEST(gateways_are_shown_once_and_bounded)
{
        static const char *const gateways[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "fe80::1", "fe80::2"};
        struct link_route r = route(2, "192.0.2.1", 100);

        add(2, "a");
        for (size_t i = 0; i < sizeof(gateways) / sizeof(gateways[0]); i++) {
                r = route(2, gateways[i], 0);
                ck_assert(table_put_route(&t, &r));
                ck_assert(!table_put_route(&t, &r));
        }
        r = route(2, "192.0.2.1", 100); /* the same gateway by another metric */
        ck_assert(table_put_route(&t, &r));
        ck_assert_uint_eq(t.ifs[0].n_gateways, LINK_GATEWAYS);
        ck_assert(t.ifs[0].default_route4 && t.ifs[0].default_route6);
        ck_assert(table_drop_metric(&t, IP_V4, 0));
        ck_assert_uint_eq(t.ifs[0].n_gateways, 3);
        ck_assert(table_drop_route(&t, &r));
        ck_assert(!t.ifs[0].default_route4 && t.ifs[0].default_route6);
}
END_TEST

START_TEST(on_link_route_has_no_gateway)
{
        struct link_route r = {.family = IP_V4, .ifindex = 2};

        add(2, "a");
        ck_assert(table_put_route(&t, &r));
        ck_assert(t.ifs[0].default_route4);
        ck_assert_uint_eq(t.ifs[0].n_gateways, 0);
}
END_TEST

START_TEST(sweep_takes_what_was_not_seen)
{
        struct link_if f = interface(2, "a");
        struct link_addr kept = addr("192.0.2.1", 24), lost = addr("192.0.2.2", 24);
        struct link_route r = route(2, "192.0.2.254", 0);

        add(2, "a");
        add(3, "b");
        table_put_addr(&t, 2, &kept);
        table_put_addr(&t, 2, &lost);
        table_put_route(&t, &r);
        table_mark(&t);
        table_put_if(&t, &f);
        table_put_addr(&t, 2, &kept);
        ck_assert(table_sweep(&t));
        ck_assert_uint_eq(t.n_ifs, 1);
        ck_assert_uint_eq(t.ifs[0].n_addrs, 1);
        ck_assert(ip_eq(t.ifs[0].addrs[0].ip, kept.ip));
        ck_assert_uint_eq(t.n_routes, 0);
        ck_assert(!t.ifs[0].default_route4);
        ck_assert(!table_sweep(&t));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("link/table");
        TCase *cases = tcase_create("table");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(cases, NULL, clean);
        tcase_add_test(cases, interfaces_stand_in_order);
        tcase_add_test(cases, only_differences_are_changes);
        tcase_add_test(cases, addresses_survive_an_update_of_the_interface);
        tcase_add_test(cases, wish_to_announce_adds_up);
        tcase_add_test(cases, coming_up_is_a_wish_to_announce);
        tcase_add_test(cases, same_address_in_two_prefixes);
        tcase_add_test(cases, gateways_are_shown_once_and_bounded);
        tcase_add_test(cases, on_link_route_has_no_gateway);
        tcase_add_test(cases, sweep_takes_what_was_not_seen);
        suite_add_tcase(suite, cases);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
