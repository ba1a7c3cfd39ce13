/*
 * The cases are in test/data/config/check: YAML whose comments say what is to be told about their line,
 *     # want: REASON FIELD: part of the message & REASON FIELD: ...
 * Nothing else may be told of the file.
 */
#include "base/arena.h"
#include "config/check.h"
#include "read_config.h"
#include <stdio.h>

enum { WANTS_MAX = 256 };

struct want {
        int line;
        char reason[32], field[128], text[200];
        bool met;
};

static char *read_text(const char *path)
{
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(file);
        char *text = xcalloc(1, 1 << 18);
        size_t n = fread(text, 1, (1 << 18) - 1, file);
        ck_assert_uint_lt(n, (1 << 18) - 1);
        fclose(file);
        return text;
}

static struct want parse_want(const char *text, int line)
{
        struct want want = {.line = line};
        const char *space = strchr(text, ' '), *colon = strstr(text, ": ");
        size_t len = strlen(text);
        snprintf(want.reason, sizeof(want.reason), "%.*s", (int)(space ? (size_t)(space - text) : len), text);
        if (space)
                snprintf(want.field, sizeof(want.field), "%.*s",
                         (int)(colon ? colon - space - 1 : (long)strlen(space + 1)), space + 1);
        if (colon)
                snprintf(want.text, sizeof(want.text), "%s", colon + 2);
        return want;
}

static size_t parse_wants(char *text, struct want *wants)
{
        size_t n = 0;
        int number = 0;
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = 0;
                number++;
                char *part = strstr(line, "# want: ");
                for (part = part ? part + 8 : NULL; part; n++) {
                        char *more = strstr(part, " & ");
                        if (more)
                                *more = 0;
                        ck_assert_uint_lt(n, WANTS_MAX);
                        wants[n] = parse_want(part, number);
                        part = more ? more + 3 : NULL;
                }
        }
        return n;
}

static bool meets(const struct verdict *v, const struct want *want)
{
        return v->line == want->line && strcmp(reason_name(v->reason), want->reason) == 0 &&
               strcmp(v->field, want->field) == 0 && strstr(v->message, want->text) != NULL;
}

static void check_file(const char *name, size_t at_least)
{
        static struct want wants[WANTS_MAX];
        char *path = xprintf("%s/config/check/%s", TEST_DATA, name), *text = read_text(path);
        memset(wants, 0, sizeof(wants));
        size_t n = parse_wants(text, wants);
        ck_assert_uint_ge(n, at_least);
        struct config *config = config_of_path(path);
        for (size_t i = 0; i < config->n_verdicts; i++) {
                const struct verdict *v = &config->verdicts[i];
                if (check_severity(v) == SEVERITY_NONE)
                        continue;
                size_t j = 0;
                while (j < n && (wants[j].met || !meets(v, &wants[j])))
                        j++;
                char *line = check_line(v);
                ck_assert_msg(j < n, "not wanted: %s", line);
                free(line);
                wants[j].met = true;
        }
        for (size_t j = 0; j < n; j++)
                ck_assert_msg(wants[j].met, "%s:%d: not told: %s %s: %s", path, wants[j].line,
                              wants[j].reason, wants[j].field, wants[j].text);
        config_free(config);
        free(text);
        free(path);
}

static const struct {
        const char *name;
        size_t at_least; /* so many wants: a file that lost its comments must not pass */
} files[] = {{"pool.yaml", 39},     {"peer.yaml", 44},   {"asn.yaml", 8},    {"advertisement.yaml", 29},
             {"identity.yaml", 20}, {"overlap.yaml", 3}, {"syntax.yaml", 10},
             {"settings.yaml", 8}};

START_TEST(cases)
{
        check_file(files[_i].name, files[_i].at_least);
}
END_TEST

static const char three_pools[] =
        "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: b, uid: u1, "
        "creationTimestamp: '2026-01-01T00:00:00Z'}\n"
        "spec: {addresses: [10.0.0.0/24, 10.0.2.0/24, 10.0.3.9-10.0.3.1]}\n---\n"
        "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: a}\n"
        "spec: {addresses: [10.1.0.0/24], serviceAllocation: {}}\n---\n"
        "apiVersion: heraldlb.io/v1alpha1\nkind: BGPPeer\nmetadata: {name: p}\n"
        "spec: {myASN: 0, peerASN: 64512, peerAddress: 10.0.0.1}\n";

/* Design decision 8: what could be read of a refused pool stays, so that held addresses are kept. */
START_TEST(a_refused_pool_keeps_its_ranges)
{
        char ip[IP_STRLEN];
        struct config *config = config_of_text(three_pools);
        ck_assert_uint_eq(config->n_pools, 2);
        ck_assert_str_eq(config->pools[0].ref.name, "a");
        ck_assert(config->pools[0].valid && config->pools[0].auto_assign && config->pools[0].pinned);
        ck_assert_int_eq(config->pools[0].created, 0);
        ck_assert(!config->pools[1].valid && !config->pools[1].pinned);
        ck_assert_str_eq(config->pools[1].ref.uid, "u1");
        ck_assert_int_eq(config->pools[1].created, 1767225600);
        ck_assert_uint_eq(config->pools[1].n_ranges, 2);
        ck_assert_str_eq(ip_str(config->pools[1].ranges[1].last, ip), "10.0.2.255");
        ck_assert_uint_eq(config->n_peers, 0);
        config_free(config);
}
END_TEST

START_TEST(settings_reach_their_members)
{
        struct config *config = config_of_path(TEST_DATA "/config/check/settings.yaml");
        const struct settings *s = &config->settings;
        char ip[IP_STRLEN];
        ck_assert_str_eq(s->lb_class, "example.com/herald");
        ck_assert(s->ignore_excluded && s->drain_cordoned && s->ignore_health_check_node_port);
        ck_assert(!s->data_plane_off);
        ck_assert_str_eq(ip_str(s->healthz_ip, ip), "::1");
        ck_assert_uint_eq(s->healthz_port, 10256);
        config_free(config);
        config = config_of_text("apiVersion: heraldlb.io/v1alpha1\nkind: Settings\nmetadata: {name: default}\n"
                                "spec: {dataPlane: {kubeProxyHealthz: 'off'}}\n");
        ck_assert(config->settings.data_plane_off && !config->settings.ignore_excluded);
        ck_assert_ptr_null(config->settings.lb_class);
        config_free(config);
}
END_TEST

/* Else the Services of this class would be withdrawn for another field, and those of others be ours. */
START_TEST(settings_that_are_refused_still_say_whose_services_are_ours)
{
        static const char begin[] = "apiVersion: heraldlb.io/v1alpha1\nkind: Settings\nmetadata: {name: default}\nspec: ";
        static const struct {
                const char *spec, *lb_class;
        } rows[] = {{"{loadBalancerClass: example.com/x, excludeLabel: ignore, dataPlane: {kubeProxyHealthz: '127.0.0.1:99999'}}",
                     "example.com/x"},
                    {"{loadBalancerClass: 7, excludeLabel: ignore}", ""},
                    {"{loadBalancerClass: 'a b', excludeLabel: ignore}", NULL}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char *text = xprintf("%s%s\n", begin, rows[i].spec);
                struct config *config = config_of_text(text);
                ck_assert(!config->verdicts[0].valid);
                ck_assert(config->settings.ignore_excluded);
                ck_assert_ptr_nonnull(config->settings.lb_class);
                if (rows[i].lb_class)
                        ck_assert_str_eq(config->settings.lb_class, rows[i].lb_class);
                ck_assert_uint_eq(config->settings.healthz_port, 0);
                config_free(config);
                free(text);
        }
}
END_TEST

START_TEST(every_field_reaches_its_member)
{
        char ip[IP_STRLEN];
        struct config *config = config_of_path(TEST_DATA "/config/full.json");
        ck_assert_uint_eq(config->n_pools, 1);
        const struct pool *pool = &config->pools[0];
        ck_assert(pool->valid && !pool->auto_assign && pool->avoid_buggy_ips && pool->pinned);
        ck_assert_int_eq(pool->priority, 10);
        ck_assert_str_eq(labels_get(&pool->labels, "zone"), "a");
        ck_assert_uint_eq(pool->n_namespaces, 2);
        ck_assert_str_eq(pool->namespaces[1], "db");
        ck_assert_uint_eq(pool->namespace_selectors.n, 1);
        ck_assert_uint_eq(pool->service_selectors.n, 2);
        ck_assert_int_eq(pool->service_selectors.v[1].exprs[1].op, LABEL_DOES_NOT_EXIST);
        ck_assert_uint_eq(config->n_peers, 1);
        const struct bgp_peer *peer = &config->peers[0];
        ck_assert_uint_eq(peer->my_asn, 64514);
        ck_assert_uint_eq(peer->peer_asn, 4200000000);
        ck_assert_str_eq(ip_str(peer->address, ip), "fd00::1");
        ck_assert_str_eq(ip_str(peer->source, ip), "fd00::2");
        ck_assert_uint_eq(peer->port, 1790);
        ck_assert_uint_eq(peer->hold_time_s, 30);
        ck_assert_uint_eq(peer->keepalive_time_s, 7);
        ck_assert_uint_eq(peer->connect_time_s, 5);
        ck_assert_uint_eq(peer->router_id, 0x0a000001);
        ck_assert(peer->multihop && peer->node_selectors.n == 1);
        ck_assert_uint_eq(config->n_bgp_ads, 1);
        const struct bgp_ad *ad = &config->bgp_ads[0];
        ck_assert(ad->aggregation_len4 == 26 && ad->aggregation_len6 == 64);
        ck_assert(ad->has_local_pref && ad->local_pref == 200);
        ck_assert(ad->n_communities == 2 && ad->n_peers == 1 && ad->ad.n_pools == 1);
        ck_assert(ad->ad.pool_selectors.n == 1 && ad->ad.node_selectors.n == 1 &&
                  ad->ad.service_selectors.n == 0);
        ck_assert_uint_eq(config->n_l2_ads, 1);
        ck_assert_uint_eq(config->l2_ads[0].n_interfaces, 2);
        ck_assert_str_eq(config->l2_ads[0].interfaces[0], "eth0");
        ck_assert_uint_eq(config->l2_ads[0].ad.service_selectors.n, 1);
        config_free(config);
}
END_TEST

static struct bgp_peer peer_with(const char *fields)
{
        char *text = xprintf("apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: p}\n"
                             "spec: {myASN: 64512, peerASN: 64513, peerAddress: 10.0.0.1%s}\n",
                             fields);
        struct config *config = config_of_text(text);
        ck_assert_msg(config->n_peers == 1, "%s: %s", fields, config->verdicts[0].message);
        struct bgp_peer peer = config->peers[0];
        config_free(config);
        free(text);
        return peer;
}

START_TEST(timers_follow_each_other)
{
        struct bgp_peer peer = peer_with("");
        ck_assert(peer.hold_time_s == 90 && peer.keepalive_time_s == 0 && peer.port == 179);
        peer = peer_with(", keepaliveTime: 20s");
        ck_assert(peer.hold_time_s == 60 && peer.keepalive_time_s == 20);
        peer = peer_with(", holdTime: 3.9s");
        ck_assert(peer.hold_time_s == 3 && peer.keepalive_time_s == 0);
        peer = peer_with(", holdTime: 0s, keepaliveTime: 0s");
        ck_assert(peer.hold_time_s == 0 && peer.keepalive_time_s == 0);
}
END_TEST

/* The same documents in any order, and wherever they stand in a file, mean the same. */
START_TEST(order_changes_nothing)
{
        static const char a[] = "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: x}\n"
                                "spec: {addresses: [10.0.0.0/24]}\n",
                          b[] = "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: x}\n"
                                "spec: {addresses: [10.9.0.0/24]}\n",
                          c[] = "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: y}\n"
                                "spec: {addresses: [10.0.0.128-10.9.0.0]}\n";
        static const char *const orders[][3] = {{a, b, c}, {a, c, b}, {b, a, c},
                                                {b, c, a}, {c, a, b}, {c, b, a}};
        for (size_t i = 0; i < 6; i++) {
                char *text = xprintf("%s---\n%s---\n%s", orders[i][0], orders[i][1], orders[i][2]),
                     ip[IP_STRLEN];
                struct config *config = config_of_text(text);
                ck_assert_uint_eq(config->n_pools, 2);
                ck_assert_str_eq(ip_str(config->pools[0].ranges[0].first, ip), "10.0.0.0");
                ck_assert(config->pools[0].valid && !config->pools[1].valid);
                ck_assert_uint_eq(config->n_verdicts, 3);
                config_free(config);
                free(text);
        }
}
END_TEST

START_TEST(an_empty_set_gives_an_empty_config)
{
        struct config *config = config_of_text("");
        ck_assert(config->n_pools == 0 && config->n_peers == 0 && config->n_verdicts == 0);
        ck_assert_ptr_null(config_pool(config, "x"));
        config_free(config);
        config_free(NULL);
}
END_TEST

/* Who has very many problems is told the first of them. */
START_TEST(problems_of_an_object_are_bounded)
{
        char text[8192] =
                "apiVersion: heraldlb.io/v1alpha1\nkind: L2Advertisement\nmetadata: {name: a}\nspec:\n";
        for (int i = 0; i < 200; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "  unknown%d: 1\n", i);
        struct config *config = config_of_text(text);
        ck_assert_uint_eq(config->n_verdicts, 50);
        ck_assert_uint_eq(config->n_l2_ads, 0);
        config_free(config);
}
END_TEST

START_TEST(lists_are_bounded)
{
        char text[8192] = "apiVersion: heraldlb.io/v1alpha1\nkind: L2Advertisement\nmetadata: {name: a}\n"
                          "spec: {interfaces: [eth0";
        for (int i = 0; i < 64; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), ", eth%d", i + 1);
        struct config *config = config_of_text(strcat(text, "]}\n"));
        ck_assert_uint_eq(config->n_verdicts, 1);
        ck_assert_str_eq(config->verdicts[0].message,
                         "spec.interfaces: has 65 entries, but may have 64; split it");
        config_free(config);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("build");
        tcase_add_loop_test(tests, cases, 0, sizeof(files) / sizeof(files[0]));
        tcase_add_test(tests, a_refused_pool_keeps_its_ranges);
        tcase_add_test(tests, settings_reach_their_members);
        tcase_add_test(tests, settings_that_are_refused_still_say_whose_services_are_ours);
        tcase_add_test(tests, every_field_reaches_its_member);
        tcase_add_test(tests, timers_follow_each_other);
        tcase_add_test(tests, order_changes_nothing);
        tcase_add_test(tests, problems_of_an_object_are_bounded);
        tcase_add_test(tests, lists_are_bounded);
        tcase_add_test(tests, an_empty_set_gives_an_empty_config);
        return run_tests(tests);
}
