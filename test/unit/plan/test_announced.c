#include "plan/announced.h"
#include "test/unit/base/suite.h"
#include "test/unit/store/build.h"
#include <string.h>

static struct store *store;
static struct config *config;
static struct arena *arena;

static void begin(void)
{
        store = store_new();
        config = test_config();
        arena = arena_new();
        test_pool(config, "lan range=10.0.0.0/24 range=2001:db8::/64");
        test_bgp_ad(config, "bgp");
        test_peer(config, "r1 address=192.0.2.1");
        for (char name[] = "n1"; name[1] < '4'; name[1]++)
                store_put(store, test_fact(KIND_NODE, name));
        store_put(store, test_fact(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:rs"));
        store_put(store, test_service("a/web family=46"));
}

static void end(void)
{
        arena_free(arena);
        test_config_free(config);
        store_free(store);
}

static struct announced of(const char *first, const char *second)
{
        struct ip ips[2];
        size_t n = 0;
        ips[n++] = test_ip(first);
        if (second)
                ips[n++] = test_ip(second);
        return plan_announced(store, config, store_service(store, "a", "web"), ips, n, arena);
}

static void check(struct announced a, bool all, enum reason reason, const char *message)
{
        ck_assert_str_eq(a.message, message);
        ck_assert_int_eq(a.reason, reason);
        ck_assert_int_eq(a.all, all);
}

START_TEST(who_announces)
{
        begin();
        check(of("10.0.0.1", NULL), true, REASON_ANNOUNCED, "Announced by BGP from 3 nodes.");
        test_l2_ad(config, "l2 nodesel:kubernetes.io/hostname=n1");
        store_put(store, test_fact(KIND_NODE, "n1 l:kubernetes.io/hostname=n1"));
        check(of("10.0.0.1", NULL), true, REASON_ANNOUNCED,
              "Announced by BGP from 3 nodes, by layer 2 from one of 1 node.");
        end();
}
END_TEST

START_TEST(why_nobody_does)
{
        begin();
        store_put(store, test_fact(KIND_NODE, "n1 excluded"));
        store_put(store, test_fact(KIND_NODE, "n2 excluded"));
        check(of("10.0.0.1", NULL), true, REASON_ANNOUNCED, "Announced by BGP from 1 node.");
        store_put(store, test_fact(KIND_NODE, "n3 tainted"));
        check(of("10.0.0.1", NULL), false, REASON_NODE_EXCLUDED,
              "None of 3 nodes may announce it. 2 nodes: The node has the label "
              "node.kubernetes.io/exclude-from-external-load-balancers; remove it, or set excludeLabel: ignore in "
              "Settings. 1 node: The node has the taint node.kubernetes.io/out-of-service, so its addresses go to "
              "other nodes.");
        store_put(store, test_fact(KIND_NODE, "n3 excluded"));
        check(of("10.0.0.1", NULL), false, REASON_NODE_EXCLUDED,
              "None of 3 nodes may announce it. 3 nodes: The node has the label "
              "node.kubernetes.io/exclude-from-external-load-balancers; remove it, or set excludeLabel: ignore in "
              "Settings.");
        config->settings.ignore_excluded = true;
        check(of("10.0.0.1", NULL), true, REASON_ANNOUNCED, "Announced by BGP from 3 nodes.");
        store_put(store, test_fact(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:"));
        for (char name[] = "n1"; name[1] < '4'; name[1]++)
                store_put(store, test_fact(KIND_NODE, name));
        check(of("10.0.0.1", NULL), false, REASON_NO_ENDPOINTS, reason_sentence(REASON_NO_ENDPOINTS));
        config->n_bgp_ads = 0;
        check(of("10.0.0.1", NULL), false, REASON_NO_ADVERTISEMENT, reason_sentence(REASON_NO_ADVERTISEMENT));
        test_l2_ad(config, "l2"); /* BGP is not spoken of where only layer 2 is advertised */
        check(of("10.0.0.1", NULL), false, REASON_NO_ENDPOINTS, reason_sentence(REASON_NO_ENDPOINTS));
        end();
}
END_TEST

START_TEST(each_address_counts)
{
        begin();
        struct announced a = of("10.0.0.1", "2001:db8::1");
        ck_assert(!a.all && a.reason == REASON_NO_ENDPOINTS);
        ck_assert_str_eq(a.message, "2001:db8::1: No endpoint of the service can serve on any node.");
        check(of("10.9.0.1", NULL), false, REASON_ADDRESS_NOT_IN_POOL, reason_sentence(REASON_ADDRESS_NOT_IN_POOL));
        store_put(store, test_service("a/old ip=10.0.0.1 term=9"));
        check(of("10.0.0.1", NULL), false, REASON_ADDRESS_CONFLICT, reason_sentence(REASON_ADDRESS_CONFLICT));
        end();
}
END_TEST

START_TEST(without_nodes_nobody_is_asked)
{
        begin();
        for (char name[] = "n1"; name[1] < '4'; name[1]++)
                store_drop(store, &(struct ref){KIND_NODE, "", "", name, "", ""});
        ck_assert_int_eq(of("10.0.0.1", NULL).reason, REASON_NONE);
        end();
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {who_announces, why_nobody_does, each_address_counts,
                                      without_nodes_nobody_is_asked};
        return run_tests("announced", tests, sizeof(tests) / sizeof(tests[0]));
}
