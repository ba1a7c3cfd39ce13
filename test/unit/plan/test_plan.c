#include "plan/nodes.h"
#include "plan/plan.h"
#include "plan/rendezvous.h"
#include "test/unit/store/build.h"
#include <check.h>

static struct store *store;
static struct config *config;
static struct arena *arena;

static void setup(void)
{
        store = store_new();
        config = test_config();
        arena = arena_new();
}

static void teardown(void)
{
        store_free(store);
        test_config_free(config);
        arena_free(arena);
}

static void put(enum kind kind, const char *words)
{
        store_put(store, test_fact(kind, words));
}

static void drop(enum kind kind, const char *namespace, const char *name)
{
        struct ref ref = {kind, "", namespace, name, "", ""};
        store_drop(store, &ref);
}

static struct want *plan_as(const struct self *self, const char *ip)
{
        struct want *want;
        struct mono next = plan_address(store, config, self, NULL, test_ip(ip), (struct mono){0}, &want);
        ck_assert_int_eq(next.ns, MONO_NEVER.ns);
        ck_assert_ptr_nonnull(want->l2.message);
        ck_assert_ptr_nonnull(want->bgp_message);
        return want;
}

static const char *l2_text(const struct want *want)
{
        char *text = arena_alloc(arena, 256);
        if (!want->l2.candidate) {
                ck_assert_uint_eq(want->l2.rank, 0);
                return strcpy(text, reason_name(want->l2.reason));
        }
        ck_assert_int_eq(want->l2.reason, REASON_CANDIDATE);
        snprintf(text, 256, "%u", want->l2.rank);
        for (size_t i = 0; i < want->l2.n_interfaces; i++)
                strcat(strcat(text, " "), want->l2.interfaces[i]);
        return text;
}

/* "1 eth0" (rank and interfaces) or the reason against it. */
static const char *l2(const char *node, const char *ip)
{
        struct self self = {.node = node};
        struct want *want = plan_as(&self, ip);
        const char *text = l2_text(want);
        want_free(want);
        return text;
}

/* "peer prefix lp=5 c=1 c=2; ..." or the reason against it. */
static const char *bgp(const char *node, const char *ip)
{
        struct self self = {.node = node};
        struct want *want = plan_as(&self, ip);
        char *text = arena_alloc(arena, 1024);
        ck_assert_int_eq(want->n_routes > 0, want->bgp_reason == REASON_ANNOUNCED);
        if (want->n_routes == 0)
                strcpy(text, reason_name(want->bgp_reason));
        for (size_t i = 0; i < want->n_routes; i++) {
                const struct route *route = &want->routes[i];
                char buf[PREFIX_STRLEN];
                size_t n = strlen(text);
                n += (size_t)snprintf(text + n, 1024 - n, "%s%s %s", i ? "; " : "", route->peer,
                                      prefix_str(route->prefix, buf));
                if (route->attrs.has_local_pref)
                        n += (size_t)snprintf(text + n, 1024 - n, " lp=%u", route->attrs.local_pref);
                for (size_t j = 0; j < route->attrs.n_communities; j++)
                        n += (size_t)snprintf(text + n, 1024 - n, " c=%u", route->attrs.communities[j].b);
        }
        want_free(want);
        return text;
}

/* Three nodes, one pool, one service with an endpoint on node-a, everything advertised. */
static void usual(void)
{
        put(KIND_NODE, "node-a");
        put(KIND_NODE, "node-b");
        put(KIND_NODE, "node-c");
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:rs");
        test_pool(config, "lan range=10.0.0.0/16 range=2001:db8::/64 l:zone=lan");
        test_l2_ad(config, "l2");
        test_bgp_ad(config, "bgp");
        test_peer(config, "tor address=192.0.2.1");
}

/* ---- the election ---- */

START_TEST(preference_is_the_hash_of_node_and_address)
{
        uint8_t hash[RENDEZVOUS_LEN];
        static const uint8_t a[] = {0xdd, 0x41, 0x59, 0x1f, 0xe8, 0xf3, 0x1f, 0x9f};
        static const uint8_t b[] = {0x2a, 0xca, 0xe8, 0x85, 0x81, 0xfd, 0x8b, 0x47};
        struct rendezvous *rendezvous = rendezvous_new(test_ip("10.0.0.1"));
        for (int i = 0; i < 2; i++) { /* one is for all nodes */
                rendezvous_hash(rendezvous, "node-a", hash);
                ck_assert_mem_eq(hash, a, sizeof(a));
                rendezvous_hash(rendezvous, "node-b", hash);
                ck_assert_mem_eq(hash, b, sizeof(b));
        }
        rendezvous_free(rendezvous);
}
END_TEST

START_TEST(ranks_are_those_of_metallb)
{
        usual();
        put(KIND_SERVICE, "a/web ip=10.0.0.1 ip=10.0.0.2");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "2");
        ck_assert_str_eq(l2("node-c", "10.0.0.1"), "3");
        ck_assert_str_eq(l2("node-b", "10.0.0.2"), "1");
        ck_assert_str_eq(l2("node-c", "10.0.0.2"), "2");
        ck_assert_str_eq(l2("node-a", "10.0.0.2"), "3");
}
END_TEST

START_TEST(only_candidates_are_ranked)
{
        usual();
        put(KIND_NODE, "node-b excluded");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeExcluded");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-c", "10.0.0.1"), "2");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NodeExcluded");
        config->settings.ignore_excluded = true;
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        config->settings.ignore_excluded = false;
        put(KIND_NODE, "node-b cordoned");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        config->settings.drain_cordoned = true;
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeCordoned");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NodeCordoned");
        put(KIND_NODE, "node-b tainted");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeOutOfService");
        put(KIND_NODE, "node-b leaving");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeLeaving");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NodeLeaving");
        put(KIND_NODE, "node-b netdown");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeNetworkUnavailable");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NodeNetworkUnavailable");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
}
END_TEST

START_TEST(not_ready_nodes_stand_back_as_long_as_another_is_ready)
{
        usual();
        put(KIND_NODE, "node-b notready");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeNotReady");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "tor 10.0.0.1/32"); /* NotReady withdraws nothing */
        put(KIND_NODE, "node-a notready");
        put(KIND_NODE, "node-c notready");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "2");
        ck_assert_str_eq(l2("node-c", "10.0.0.1"), "3");
}
END_TEST

START_TEST(without_node_objects_there_is_only_self)
{
        usual();
        drop(KIND_NODE, "", "node-a");
        drop(KIND_NODE, "", "node-b");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeLeaving"); /* others are there, this one is gone */
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NodeLeaving");
        drop(KIND_NODE, "", "node-c");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "tor 10.0.0.1/32");
        test_l2_ad(config, "by-name nodesel:kubernetes.io/hostname=node-b interface=eth0");
        config->l2_ads[0] = config->l2_ads[1];
        config->n_l2_ads = 1;
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1 eth0");
        ck_assert_str_eq(l2("node-x", "10.0.0.1"), "NodeNotSelected");
}
END_TEST

/* ---- who holds it ---- */

START_TEST(addresses_that_nobody_holds)
{
        usual();
        ck_assert_str_eq(l2("node-a", "10.0.0.7"), "NoAddress");
        ck_assert_str_eq(bgp("node-a", "10.0.0.7"), "NoAddress");
        put(KIND_SERVICE, "a/far ip=192.0.2.1");
        ck_assert_str_eq(l2("node-a", "192.0.2.1"), "AddressNotInPool");
        ck_assert_str_eq(bgp("node-a", "192.0.2.1"), "AddressNotInPool");
}
END_TEST

START_TEST(holders_are_named)
{
        struct self self = {.node = "node-a"};
        usual();
        put(KIND_SERVICE, "a/web uid=u1 ip=10.0.0.1 share=k port=tcp/80 created=1");
        put(KIND_SERVICE, "a/dns uid=u2 ip=10.0.0.1 share=k port=udp/53 created=2");
        put(KIND_SERVICE, "a/bad uid=u3 ip=10.0.0.1 created=3");
        struct want *want = plan_as(&self, "10.0.0.1");
        ck_assert_uint_eq(want->n_uids, 2);
        ck_assert_str_eq(want->uids[0], "u1");
        ck_assert_str_eq(want->uids[1], "u2");
        want_free(want);
}
END_TEST

/* ---- endpoints ---- */

START_TEST(no_endpoints)
{
        usual();
        drop(KIND_ENDPOINTSLICE, "a", "web-1");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "NoEndpoints");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoEndpoints");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoEndpoints");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=2001:db8:1::1@node-a:rs"); /* of the other family */
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoEndpoints");
}
END_TEST

START_TEST(local_needs_an_endpoint_on_the_node)
{
        usual();
        put(KIND_SERVICE, "a/web ip=10.0.0.1 local");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NoLocalEndpoints");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NoLocalEndpoints");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@-:rs");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoLocalEndpoints");
}
END_TEST

START_TEST(local_with_many_endpoints)
{
        usual();
        put(KIND_SERVICE, "a/web ip=10.0.0.1 local");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-c:rs ep=10.1.0.2@node-a:rs "
                                "ep=10.1.0.3@node-c:rs ep=10.1.0.4@node-z:rs ep=10.1.0.5@-:rs");
        put(KIND_ENDPOINTSLICE, "a/web-2 service=web ep=10.1.1.1@node-a:rs ep=10.1.1.2@node-b:st "
                                "ep=2001:db8:1::1@node-b:rs ep=10.1.1.3@node-aa:rs");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NoLocalEndpoints");
        ck_assert_str_eq(bgp("node-c", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NoLocalEndpoints");
        ck_assert_str_eq(l2("node-c", "10.0.0.1"), "2");
}
END_TEST

START_TEST(terminating_endpoints_count_only_where_none_is_ready_anywhere)
{
        usual();
        put(KIND_SERVICE, "a/web ip=10.0.0.1 local");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:st");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        put(KIND_ENDPOINTSLICE, "a/web-2 service=web ep=10.1.0.2@node-b:rs");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoLocalEndpoints");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        put(KIND_ENDPOINTSLICE,
            "a/web-2 service=web ep=10.1.0.2@node-b:t"); /* terminating, and not serving */
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NoLocalEndpoints");
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        ck_assert_str_eq(bgp("node-c", "10.0.0.1"), "tor 10.0.0.1/32");
}
END_TEST

START_TEST(serving_but_not_ready_does_not_count)
{
        usual();
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:s");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoEndpoints");
}
END_TEST

/* ---- advertisements ---- */

START_TEST(without_an_advertisement)
{
        usual();
        config->n_l2_ads = 0;
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "NoAdvertisement");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        config->n_bgp_ads = 0;
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoAdvertisement");
        test_l2_ad(config, "other pool=other");
        test_bgp_ad(config, "other poolsel:zone=dmz");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "NoAdvertisement");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoAdvertisement");
        test_l2_ad(config, "second pool=other poolsel:zone=lan"); /* named or selected */
        test_bgp_ad(config, "second pool=lan");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
}
END_TEST

START_TEST(service_selectors)
{
        usual();
        config->n_l2_ads = config->n_bgp_ads = 0;
        test_l2_ad(config, "l2 sel:app=web");
        test_bgp_ad(config, "bgp sel:app=web");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "NoAdvertisement");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoAdvertisement");
        put(KIND_SERVICE, "a/web ip=10.0.0.1 l:app=web");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
}
END_TEST

START_TEST(node_selectors)
{
        usual();
        config->n_l2_ads = config->n_bgp_ads = 0;
        test_l2_ad(config, "l2 nodesel:rack=1 nodesel:rack=2");
        test_bgp_ad(config, "bgp nodesel:rack=1");
        put(KIND_NODE, "node-a l:rack=1");
        put(KIND_NODE, "node-c l:rack=2");
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NodeNotSelected");
        ck_assert_str_eq(l2("node-c", "10.0.0.1"), "2");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-c", "10.0.0.1"), "NodeNotSelected");
}
END_TEST

START_TEST(interfaces_unite_and_one_advertisement_without_them_means_all)
{
        usual();
        config->n_l2_ads = 0;
        test_l2_ad(config, "a interface=eth1 interface=eth0");
        test_l2_ad(config, "b interface=eth2 interface=eth1");
        test_l2_ad(config, "c interface=eth9 nodesel:none=x");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1 eth0 eth1 eth2");
        test_l2_ad(config, "d");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
}
END_TEST

START_TEST(routes_by_peer_and_prefix)
{
        usual();
        config->n_bgp_ads = config->n_peers = 0;
        test_bgp_ad(config, "a community=2 community=5");
        test_bgp_ad(config, "b len4=24 community=3 peer=tor-b");
        test_bgp_ad(config, "c community=1 community=5 peer=tor-a peer=nobody");
        test_peer(config, "tor-a address=192.0.2.1");
        test_peer(config, "tor-b address=192.0.2.2");
        test_peer(config, "tor-c address=192.0.2.3 nodesel:rack=7");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor-a 10.0.0.1/32 c=1 c=2 c=5; tor-b 10.0.0.0/24 c=3; "
                                                    "tor-b 10.0.0.1/32 c=2 c=5");
        put(KIND_NODE, "node-c l:rack=7");
        config->n_bgp_ads = 1;
        ck_assert_str_eq(bgp("node-c", "10.0.0.1"), "tor-a 10.0.0.1/32 c=2 c=5; tor-b 10.0.0.1/32 c=2 c=5; "
                                                    "tor-c 10.0.0.1/32 c=2 c=5");
}
END_TEST

START_TEST(without_a_peer)
{
        usual();
        config->n_peers = 0;
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoPeers");
        test_peer(config, "tor address=192.0.2.1 nodesel:rack=7");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoPeers");
}
END_TEST

START_TEST(a_session_belongs_to_the_first_peer_that_asks_for_it)
{
        usual();
        config->n_peers = 0;
        test_peer(config, "tor-a address=192.0.2.1 nodesel:rack=1");
        test_peer(config, "tor-b address=192.0.2.1");
        test_peer(config, "tor-c address=192.0.2.2");
        put(KIND_NODE, "node-a l:rack=1");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor-a 10.0.0.1/32; tor-c 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "tor-b 10.0.0.1/32; tor-c 10.0.0.1/32");
}
END_TEST

START_TEST(ipv6_has_its_own_length)
{
        usual();
        config->n_bgp_ads = 0;
        test_bgp_ad(config, "a len4=24 len6=64");
        test_peer(config, "tor6 address=2001:db8:ffff::1");
        put(KIND_SERVICE, "a/web ip=10.0.0.1 ip=2001:db8::5");
        put(KIND_ENDPOINTSLICE, "a/web-2 service=web ep=2001:db8:1::1@node-a:rs");
        ck_assert_str_eq(bgp("node-a", "2001:db8::5"), "tor6 2001:db8::/64");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.0/24");
}
END_TEST

START_TEST(local_preferences)
{
        usual();
        config->n_bgp_ads = 0;
        test_bgp_ad(config, "a localpref=100");
        test_bgp_ad(config, "b localpref=100 community=1");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32 lp=100 c=1");
        test_bgp_ad(config, "c localpref=200 len4=24"); /* another prefix */
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.0/24 lp=200; tor 10.0.0.1/32 lp=100 c=1");
        test_bgp_ad(config, "d localpref=200");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "LocalPrefConflict");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        config->n_bgp_ads = 1;
        test_bgp_ad(config, "e"); /* with and without is a conflict too */
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "LocalPrefConflict");
}
END_TEST

static const char *bgp_message(const char *node, const char *ip)
{
        struct self self = {.node = node};
        struct want *want = plan_as(&self, ip);
        const char *text = arena_strdup(arena, want->bgp_message);
        want_free(want);
        return text;
}

START_TEST(a_session_carries_the_family_of_its_address_only)
{
        usual();
        put(KIND_SERVICE, "a/web ip=10.0.0.1 ip=2001:db8::5");
        put(KIND_ENDPOINTSLICE, "a/web-2 service=web ep=2001:db8:1::1@node-a:rs");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-a", "2001:db8::5"), "NoPeerOfFamily");
        ck_assert_ptr_nonnull(strstr(bgp_message("node-a", "2001:db8::5"),
                                     "2001:db8::5 needs a BGPPeer with an IPv6 address"));
        test_peer(config, "tor6 address=2001:db8:ffff::1 nodesel:rack=7"); /* not on this node */
        ck_assert_str_eq(bgp("node-a", "2001:db8::5"), "NoPeerOfFamily");
        test_peer(config, "tor6-b address=2001:db8:ffff::2");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32");
        ck_assert_str_eq(bgp("node-a", "2001:db8::5"), "tor6-b 2001:db8::5/128");
        config->peers[0] = config->peers[2];
        config->n_peers = 1;
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoPeerOfFamily");
        ck_assert_ptr_nonnull(strstr(bgp_message("node-a", "10.0.0.1"), "an IPv4 address"));
        config->n_peers = 0;
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "NoPeers");
}
END_TEST

START_TEST(the_peers_of_a_node_are_found_once)
{
        bool here[5];
        struct label rack = {"rack", "1"};
        struct labels labels = {&rack, 1};
        usual();
        config->n_peers = 0;
        test_peer(config, "tor-a address=192.0.2.1 nodesel:rack=2");
        test_peer(config, "tor-b address=192.0.2.1 nodesel:rack=1");
        test_peer(config, "tor-c address=192.0.2.1");
        test_peer(config, "tor-d address=192.0.2.1");
        test_peer(config, "tor-e address=192.0.2.1");
        config->peers[3].source = test_ip("192.0.2.9");
        config->peers[4].port = 1179;
        plan_peers(config, &labels, here);
        ck_assert_mem_eq(here, ((const bool[]){false, true, false, true, true}), sizeof(here));
        plan_peers(config, &(struct labels){0}, here);
        ck_assert_mem_eq(here, ((const bool[]){false, false, true, true, true}), sizeof(here));
        for (size_t i = 0; i < 5; i++)
                here[i] = i == 4;
        struct self self = {.node = "node-a", .peers_here = here}; /* it is believed */
        struct want *want = plan_as(&self, "10.0.0.1");
        ck_assert_uint_eq(want->n_routes, 1);
        ck_assert_str_eq(want->routes[0].peer, "tor-e");
        want_free(want);
}
END_TEST

/* ---- sharing ---- */

START_TEST(sharers_are_merged)
{
        usual();
        config->n_bgp_ads = 0;
        test_bgp_ad(config, "dns sel:app=dns community=1");
        test_bgp_ad(config, "web sel:app=web community=2");
        put(KIND_SERVICE, "a/web ip=10.0.0.1 share=k port=tcp/80 local pods=x l:app=web");
        put(KIND_SERVICE, "a/dns ip=10.0.0.1 share=k port=udp/53 local pods=x l:app=dns");
        put(KIND_ENDPOINTSLICE, "a/dns-1 service=dns ep=10.1.0.1@node-a:rs ep=10.1.0.2@node-b:rs");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32 c=1 c=2");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NoLocalEndpoints"); /* web is not there */
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "1");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NoLocalEndpoints");
        drop(KIND_ENDPOINTSLICE, "a", "web-1"); /* one that nobody serves takes nothing from the other */
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "tor 10.0.0.1/32 c=1");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        drop(KIND_ENDPOINTSLICE, "a", "dns-1");
        ck_assert_str_eq(bgp("node-b", "10.0.0.1"), "NoEndpoints");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NoEndpoints");
}
END_TEST

START_TEST(sharers_with_different_local_preferences_are_refused)
{
        usual();
        config->n_bgp_ads = 0;
        test_bgp_ad(config, "dns sel:app=dns localpref=1");
        test_bgp_ad(config, "web sel:app=web localpref=2");
        put(KIND_SERVICE, "a/web ip=10.0.0.1 share=k port=tcp/80 l:app=web");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "tor 10.0.0.1/32 lp=2");
        put(KIND_SERVICE, "a/dns ip=10.0.0.1 share=k port=udp/53 l:app=dns");
        put(KIND_ENDPOINTSLICE, "a/dns-1 service=dns ep=10.1.0.1@node-a:rs");
        ck_assert_str_eq(bgp("node-a", "10.0.0.1"), "LocalPrefConflict");
}
END_TEST

START_TEST(layer_2_needs_all_sharers_advertised)
{
        usual();
        config->n_l2_ads = 0;
        test_l2_ad(config, "web sel:app=web");
        put(KIND_SERVICE, "a/web ip=10.0.0.1 share=k port=tcp/80 l:app=web");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "1");
        put(KIND_SERVICE, "a/dns ip=10.0.0.1 share=k port=udp/53");
        put(KIND_ENDPOINTSLICE, "a/dns-1 service=dns ep=10.1.0.1@node-a:rs");
        ck_assert_str_eq(l2("node-b", "10.0.0.1"), "NoAdvertisement");
}
END_TEST

/* ---- a status that somebody cleared ---- */

static const struct mono lost_at = {100 * SEC};
static struct mono next;

/* The routes of node-a for 10.0.0.1, which it announces since before lost_at. */
static const char *after_loss(const struct want *was, int64_t since)
{
        struct self self = {.node = "node-a"};
        struct past past = {.announced = true, .was = was, .lost_at = lost_at};
        struct want *want;
        next = plan_address(store, config, &self, &past, test_ip("10.0.0.1"), mono_add(lost_at, since),
                            &want);
        const char *text = arena_printf(arena, "%s, %s", l2_text(want), reason_name(want->bgp_reason));
        if (want->n_routes > 0)
                ck_assert(want_equal(want, was));
        want_free(want);
        return text;
}

static struct want *announced(void)
{
        struct self self = {.node = "node-a"};
        usual();
        return plan_as(&self, "10.0.0.1");
}

START_TEST(a_cleared_address_stays_for_five_seconds)
{
        struct want *was = announced();
        put(KIND_SERVICE, "a/web");
        ck_assert_str_eq(after_loss(was, 0), "2, Announced");
        ck_assert_int_eq(next.ns, lost_at.ns + 5 * SEC);
        ck_assert_str_eq(after_loss(was, 5 * SEC - 1), "2, Announced");
        ck_assert_int_eq(next.ns, lost_at.ns + 5 * SEC);
        ck_assert_str_eq(after_loss(was, 5 * SEC), "NoAddress, NoAddress");
        ck_assert_int_eq(next.ns, MONO_NEVER.ns);
        ck_assert_str_eq(l2("node-a", "10.0.0.1"), "NoAddress"); /* nothing is added that was not there */
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        ck_assert_str_eq(after_loss(was, 1), "2, Announced");
        ck_assert_int_eq(next.ns, MONO_NEVER.ns);
        want_free(was);
}
END_TEST

START_TEST(what_is_not_to_be_restored_goes_at_once)
{
        struct want *was = announced();
        static const char *const now[] = {"a/web ip=10.0.0.2", "a/web clusterip", "a/web uid=other",
                                          "a/web class=other", "a/web deleting", "a/other"};
        for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++) {
                drop(KIND_SERVICE, "a", "web");
                put(KIND_SERVICE, now[i]);
                ck_assert_str_eq(after_loss(was, 1), "NoAddress, NoAddress");
                ck_assert_int_eq(next.ns, MONO_NEVER.ns);
        }
        put(KIND_SERVICE, "a/web");
        config->n_pools = 0;
        ck_assert_str_eq(after_loss(was, 1), "AddressNotInPool, AddressNotInPool");
        ck_assert_int_eq(next.ns, MONO_NEVER.ns);
        want_free(was);
}
END_TEST

START_TEST(a_cleared_address_follows_the_usual_rules)
{
        struct want *was = announced();
        put(KIND_SERVICE, "a/web");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:");
        ck_assert_str_eq(after_loss(was, 1), "NoEndpoints, NoEndpoints");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:rs");
        put(KIND_NODE, "node-a excluded");
        ck_assert_str_eq(after_loss(was, 1), "NodeExcluded, NodeExcluded");
        want_free(was);
}
END_TEST

START_TEST(the_past_counts_only_where_it_is_known)
{
        struct self self = {.node = "node-a"};
        struct want *was = announced(), *want;
        const struct past pasts[] = {{.announced = false, .was = was, .lost_at = lost_at},
                                     {.announced = true, .was = NULL, .lost_at = lost_at},
                                     {.announced = true, .was = was, .lost_at = MONO_NEVER}};
        put(KIND_SERVICE, "a/web");
        for (size_t i = 0; i < sizeof(pasts) / sizeof(pasts[0]); i++) {
                struct mono again =
                        plan_address(store, config, &self, &pasts[i], test_ip("10.0.0.1"), lost_at, &want);
                ck_assert_int_eq(again.ns, MONO_NEVER.ns);
                ck_assert_int_eq(want->bgp_reason, REASON_NO_ADDRESS);
                want_free(want);
        }
        want_free(was);
}
END_TEST

static const char *as(const struct self *self, bool announced, uint16_t *port)
{
        char *text = arena_alloc(arena, 256);
        struct past past = {.announced = announced, .lost_at = MONO_NEVER};
        struct want *want;
        plan_address(store, config, self, &past, test_ip("10.0.0.1"), (struct mono){0}, &want);
        snprintf(text, 256, "%s, %s", reason_name(want->l2.reason), reason_name(want->bgp_reason));
        ck_assert(want->l2.candidate == (want->l2.reason == REASON_CANDIDATE));
        ck_assert((want->n_routes > 0) == (want->bgp_reason == REASON_ANNOUNCED));
        *port = want->waits_port;
        ck_assert(want->waits == (strstr(text, "Not") != NULL));
        want_free(want);
        return text;
}

START_TEST(a_first_announcement_waits_for_the_data_plane)
{
        struct self self = {.node = "node-a", .data_plane_down = true};
        uint16_t port;
        usual();
        ck_assert_str_eq(as(&self, false, &port), "DataPlaneNotReady, DataPlaneNotReady");
        ck_assert_uint_eq(port, 0);
        ck_assert_str_eq(as(&self, true, &port), "Candidate, Announced"); /* it never withdraws */
        self.data_plane_down = false;
        ck_assert_str_eq(as(&self, false, &port), "Candidate, Announced");
        self.foreign = true;
        struct want *want;
        plan_address(store, config, &self, NULL, test_ip("10.0.0.1"), (struct mono){0}, &want);
        ck_assert(want->l2.reason == REASON_FOREIGN_CONTROLLER && want->n_routes == 0 && !want->waits);
        want_free(want);
}
END_TEST

/* Without pools: only what is no configuration counts. */
START_TEST(what_may_stay_while_the_configuration_is_not_known)
{
        const struct ip ip = test_ip("10.0.0.1");
        struct self self = {.node = "n1"};
        put(KIND_NODE, "n1");
        put(KIND_NODE, "n2");
        ck_assert(!plan_may_stay(store, config, &self, ip)); /* nobody holds it */
        put(KIND_SERVICE, "a/web local ip=10.0.0.1");
        ck_assert(!plan_may_stay(store, config, &self, ip)); /* nobody serves it */
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:rs");
        ck_assert(plan_may_stay(store, config, &self, ip));
        self.foreign = true;
        ck_assert(!plan_may_stay(store, config, &self, ip));
        self.foreign = false;
        put(KIND_NODE, "n1 excluded");
        ck_assert(plan_may_stay(store, config, &self, ip)); /* Settings may say that it does not count */
        put(KIND_NODE, "n1 tainted");
        ck_assert(!plan_may_stay(store, config, &self, ip));
        put(KIND_NODE, "n1 netdown");
        ck_assert(!plan_may_stay(store, config, &self, ip));
        drop(KIND_NODE, "", "n1");
        ck_assert(!plan_may_stay(store, config, &self, ip));
        put(KIND_NODE, "n1");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n2:rs");
        ck_assert(!plan_may_stay(store, config, &self, ip));
}
END_TEST

START_TEST(policy_local_waits_for_its_health_check)
{
        uint16_t port;
        const uint16_t ready[] = {30001, 30007};
        struct self self = {.node = "node-a", .check_ports = true};
        usual();
        put(KIND_SERVICE, "a/web ip=10.0.0.1 health=30007");
        ck_assert_str_eq(as(&self, false, &port), "Candidate, Announced"); /* policy Cluster has none */
        put(KIND_SERVICE, "a/web ip=10.0.0.1 local health=30007");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:rs");
        ck_assert_str_eq(as(&self, false, &port), "HealthCheckNotReady, HealthCheckNotReady");
        ck_assert_uint_eq(port, 30007);
        ck_assert_str_eq(as(&self, true, &port), "Candidate, Announced");
        self.ports_ready = ready;
        self.n_ports_ready = 2;
        ck_assert_str_eq(as(&self, false, &port), "Candidate, Announced");
        self.n_ports_ready = 1;
        ck_assert_str_eq(as(&self, false, &port), "HealthCheckNotReady, HealthCheckNotReady");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@node-a:st"); /* the check counts ready ones only */
        ck_assert_str_eq(as(&self, false, &port), "Candidate, Announced");
        self.check_ports = false;
        ck_assert_str_eq(as(&self, false, &port), "Candidate, Announced");
}
END_TEST

static void add_all(TCase *tcase)
{
        tcase_add_test(tcase, a_first_announcement_waits_for_the_data_plane);
        tcase_add_test(tcase, what_may_stay_while_the_configuration_is_not_known);
        tcase_add_test(tcase, policy_local_waits_for_its_health_check);
        tcase_add_test(tcase, preference_is_the_hash_of_node_and_address);
        tcase_add_test(tcase, ranks_are_those_of_metallb);
        tcase_add_test(tcase, only_candidates_are_ranked);
        tcase_add_test(tcase, not_ready_nodes_stand_back_as_long_as_another_is_ready);
        tcase_add_test(tcase, without_node_objects_there_is_only_self);
        tcase_add_test(tcase, addresses_that_nobody_holds);
        tcase_add_test(tcase, holders_are_named);
        tcase_add_test(tcase, no_endpoints);
        tcase_add_test(tcase, local_needs_an_endpoint_on_the_node);
        tcase_add_test(tcase, local_with_many_endpoints);
        tcase_add_test(tcase, terminating_endpoints_count_only_where_none_is_ready_anywhere);
        tcase_add_test(tcase, serving_but_not_ready_does_not_count);
        tcase_add_test(tcase, without_an_advertisement);
        tcase_add_test(tcase, service_selectors);
        tcase_add_test(tcase, node_selectors);
        tcase_add_test(tcase, interfaces_unite_and_one_advertisement_without_them_means_all);
        tcase_add_test(tcase, routes_by_peer_and_prefix);
        tcase_add_test(tcase, without_a_peer);
        tcase_add_test(tcase, a_session_belongs_to_the_first_peer_that_asks_for_it);
        tcase_add_test(tcase, ipv6_has_its_own_length);
        tcase_add_test(tcase, a_session_carries_the_family_of_its_address_only);
        tcase_add_test(tcase, the_peers_of_a_node_are_found_once);
        tcase_add_test(tcase, local_preferences);
        tcase_add_test(tcase, sharers_are_merged);
        tcase_add_test(tcase, sharers_with_different_local_preferences_are_refused);
        tcase_add_test(tcase, layer_2_needs_all_sharers_advertised);
        tcase_add_test(tcase, a_cleared_address_stays_for_five_seconds);
        tcase_add_test(tcase, what_is_not_to_be_restored_goes_at_once);
        tcase_add_test(tcase, a_cleared_address_follows_the_usual_rules);
        tcase_add_test(tcase, the_past_counts_only_where_it_is_known);
}

int main(void)
{
        Suite *suite = suite_create("plan");
        TCase *tcase = tcase_create("plan");
        tcase_add_checked_fixture(tcase, setup, teardown);
        add_all(tcase);
        suite_add_tcase(suite, tcase);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
