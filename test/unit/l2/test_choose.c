#include "l2/choose.h"
#include "wire.h"

static struct link_addr lan_addrs[4], dmz_addrs[1], pod_addrs[1];
static struct link_if ifs[5];

static struct link_addr addr(const char *ip, uint8_t len)
{
        return (struct link_addr){.ip = ip_of(ip), .subnet = ip_prefix(ip_of(ip), len)};
}

enum { LAN, DMZ, WAN, POD, SLAVE, N_IFS };

static void interface(int i, const char *name, struct link_addr *addrs, size_t n)
{
        ifs[i] = (struct link_if){.ifindex = i + 1, .up = true, .arp = true, .addrs = addrs, .n_addrs = n};
        strcpy(ifs[i].name, name);
}

static void make_node(void)
{
        lan_addrs[0] = addr("192.0.2.10", 24);
        lan_addrs[1] = addr("2001:db8:1::10", 64);
        lan_addrs[2] = addr("203.0.113.77", 32);
        lan_addrs[3] = addr("2001:db8:bad::10", 64);
        lan_addrs[3].dad_failed = true;
        dmz_addrs[0] = addr("198.51.100.10", 24);
        pod_addrs[0] = addr("10.244.0.1", 16);
        interface(LAN, "eth0", lan_addrs, 4);
        interface(DMZ, "eth1", dmz_addrs, 1);
        interface(WAN, "eth2", NULL, 0);
        interface(POD, "cni0", pod_addrs, 1);
        interface(SLAVE, "eth3", lan_addrs, 4);
        ifs[SLAVE].master = 9;
        ifs[WAN].default_route4 = true;
}

static const char *chosen(const char *ip, const char *const *names, size_t n_names)
{
        static char text[64];
        int out[N_IFS];
        size_t n = choose_ifs(ifs, N_IFS, ip_of(ip), names, n_names, out, N_IFS);

        text[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        strcat(text, " ");
                strcat(text, ifs[out[i] - 1].name);
        }
        return text;
}

START_TEST(by_subnet)
{
        ck_assert_str_eq(chosen("192.0.2.200", NULL, 0), "eth0");
        ck_assert_str_eq(chosen("198.51.100.200", NULL, 0), "eth1");
        ck_assert_str_eq(chosen("2001:db8:1::200", NULL, 0), "eth0");
}
END_TEST

START_TEST(by_subnet_on_several)
{
        dmz_addrs[0] = addr("192.0.2.11", 24);
        ck_assert_str_eq(chosen("192.0.2.200", NULL, 0), "eth0 eth1");
}
END_TEST

START_TEST(at_most_max)
{
        int out[1];

        dmz_addrs[0] = addr("192.0.2.11", 24);
        ck_assert_uint_eq(choose_ifs(ifs, N_IFS, ip_of("192.0.2.200"), NULL, 0, out, 1), 1);
        ck_assert_int_eq(out[0], 1);
}
END_TEST

START_TEST(else_by_default_route)
{
        ck_assert_str_eq(chosen("203.0.113.1", NULL, 0), "eth2");
        /* IPv6 without an IPv6 default route: where IPv4 goes */
        ck_assert_str_eq(chosen("2001:db8:ffff::1", NULL, 0), "eth2");
        ifs[LAN].default_route6 = true;
        ck_assert_str_eq(chosen("2001:db8:ffff::1", NULL, 0), "eth0");
        ifs[WAN].default_route4 = false;
        ck_assert_str_eq(chosen("203.0.113.1", NULL, 0), "eth0");
        ifs[LAN].default_route6 = false;
        ck_assert_str_eq(chosen("203.0.113.1", NULL, 0), "");
}
END_TEST

START_TEST(host_address_and_failed_dad_are_no_subnet)
{
        ck_assert_str_eq(chosen("203.0.113.77", NULL, 0), "eth2");
        ck_assert_str_eq(chosen("2001:db8:bad::9", NULL, 0), "eth2");
}
END_TEST

START_TEST(names_win)
{
        static const char *const dmz[] = {"eth1"}, *const both[] = {"eth2", "eth0"}, *const none[] = {"eth9"};

        ck_assert_str_eq(chosen("192.0.2.200", dmz, 1), "eth1");
        ck_assert_str_eq(chosen("192.0.2.200", both, 2), "eth0 eth2");
        ck_assert_str_eq(chosen("192.0.2.200", none, 1), ""); /* and do not fall back */
}
END_TEST

START_TEST(excluded_names_only_if_named)
{
        static const char *const pod[] = {"cni0"};

        ck_assert_str_eq(chosen("10.244.0.9", NULL, 0), "eth2");
        ck_assert_str_eq(chosen("10.244.0.9", pod, 1), "cni0");
}
END_TEST

START_TEST(ports_and_noarp_never)
{
        static const char *const names[] = {"eth3", "eth0"};

        ck_assert_str_eq(chosen("192.0.2.200", names, 2), "eth0");
        ifs[LAN].arp = false;
        ck_assert_str_eq(chosen("192.0.2.200", names, 2), "");
        ck_assert_str_eq(chosen("192.0.2.200", NULL, 0), "eth2");
}
END_TEST

static const struct {
        const char *name;
        bool usable;
} names[] = {
        {"docker0", false}, {"cbr0", false},       {"dummy0", false},       {"virbr0", false},
        {"lxcbr0", false},  {"veth12", false},     {"lo", false},           {"cali1a", false},
        {"tunl0", false},   {"flannel.1", false},  {"cni0", false},         {"lxc1a", false},
        {"eth0", true},     {"kube-ipvs0", false}, {"nodelocaldns", false}, {"lo0", true},
        {"bond0", true},    {"br0", true},         {"enp1s0.10", true},     {"mylxc", true},
};

START_TEST(the_list_of_names)
{
        interface(0, names[_i].name, NULL, 0);
        ck_assert_int_eq(choose_usable(&ifs[0], false), names[_i].usable);
        ck_assert(choose_usable(&ifs[0], true));
}
END_TEST

START_TEST(pods_are_no_places)
{
        static struct link_addr local[1];
        struct link_if *places;
        size_t n;

        places = choose_places(ifs, N_IFS, &n);
        ck_assert_uint_eq(n, 3); /* neither the pods' bridge nor the port */
        ck_assert_int_eq(places[0].ifindex, LAN + 1);
        ck_assert_int_eq(places[1].ifindex, DMZ + 1);
        ck_assert_int_eq(places[2].ifindex, WAN + 1);
        free(places);
        local[0] = addr("fe80::1", 64);
        interface(DMZ, "eni1a2b", local, 1);
        places = choose_places(ifs, N_IFS, &n);
        ck_assert_uint_eq(n, 2);
        free(places);
}
END_TEST

START_TEST(fingerprint_sees_what_may_move_an_address)
{
        uint64_t before = choose_fingerprint(ifs, N_IFS);

        ifs[LAN].mac[0] = 2;
        ifs[LAN].n_gateways = 1;
        lan_addrs[1].tentative = true;
        ck_assert(choose_fingerprint(ifs, N_IFS) == before);
        ifs[LAN].up = false;
        ck_assert(choose_fingerprint(ifs, N_IFS) != before);
        ifs[LAN].up = true;
        ifs[WAN].default_route4 = false;
        ck_assert(choose_fingerprint(ifs, N_IFS) != before);
        ifs[WAN].default_route4 = true;
        lan_addrs[3].dad_failed = false;
        ck_assert(choose_fingerprint(ifs, N_IFS) != before);
        lan_addrs[3].dad_failed = true;
        dmz_addrs[0] = addr("198.51.100.10", 25);
        ck_assert(choose_fingerprint(ifs, N_IFS) != before);
        dmz_addrs[0] = addr("198.51.100.10", 24);
        ck_assert(choose_fingerprint(ifs, N_IFS) == before);
        ck_assert(choose_fingerprint(ifs, N_IFS - 1) != before);
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("choose");

        tcase_add_checked_fixture(cases, make_node, NULL);
        tcase_add_test(cases, by_subnet);
        tcase_add_test(cases, by_subnet_on_several);
        tcase_add_test(cases, at_most_max);
        tcase_add_test(cases, else_by_default_route);
        tcase_add_test(cases, host_address_and_failed_dad_are_no_subnet);
        tcase_add_test(cases, names_win);
        tcase_add_test(cases, excluded_names_only_if_named);
        tcase_add_test(cases, ports_and_noarp_never);
        tcase_add_test(cases, pods_are_no_places);
        tcase_add_test(cases, fingerprint_sees_what_may_move_an_address);
        tcase_add_loop_test(cases, the_list_of_names, 0, sizeof(names) / sizeof(names[0]));
        return run_suite(cases, "l2/choose");
}
