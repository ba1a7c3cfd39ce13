#include "ipam/ipam.h"
#include "test/unit/store/build.h"
#include <check.h>
#include <stdlib.h>

static struct store *store;
static struct config *config;
static struct book *book;
static struct arena *arena;

static void setup(void)
{
        store = store_new();
        config = test_config();
        book = book_new();
        arena = arena_new();
}

static void teardown(void)
{
        store_free(store);
        test_config_free(config);
        book_free(book);
        arena_free(arena);
}

/* ---- allocation ---- */

/* What a service gets, as "10.0.0.1 2001:db8::1 lan", or the reason of the refusal. What it gets it then
 * holds. */
static const char *allocate(const char *words)
{
        struct fact *service = test_service(words);
        struct grant grant;
        char *text = arena_alloc(arena, 256);
        ipam_allocate(store, config, book, service, arena, &grant);
        for (size_t i = 0; i < grant.n; i++) {
                char buf[IP_STRLEN];
                strcat(strcat(text, ip_str(grant.ips[i], buf)), " ");
        }
        strcat(text, grant.n ? grant.pool->ref.name : reason_name(grant.reason));
        if (grant.n > 0)
                book_set(book, service, grant.ips, grant.n);
        else
                ck_assert_msg(grant.message && *grant.message, "a refusal without a sentence");
        fact_free(service);
        return text;
}

static const char *refusal(const char *words)
{
        struct fact *service = test_service(words);
        struct grant grant;
        ipam_allocate(store, config, book, service, arena, &grant);
        ck_assert_uint_eq(grant.n, 0);
        fact_free(service);
        return grant.message;
}

static void hold(const char *words)
{
        struct fact *service = test_service(words);
        book_set(book, service, service->u.service.status_ips, service->u.service.n_status);
        fact_free(service);
}

START_TEST(lowest_free_address_first)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.3");
        ck_assert_str_eq(allocate("a/one"), "10.0.0.1 lan");
        ck_assert_str_eq(allocate("a/two"), "10.0.0.2 lan");
        ck_assert_str_eq(allocate("a/three"), "10.0.0.3 lan");
        ck_assert_str_eq(allocate("a/four"), "NoFreeAddress");
        ck_assert_str_eq(refusal("a/four"), "pool lan: 0 of 3 free");
        ck_assert(book_drop(book, "a", "two"));
        ck_assert_str_eq(allocate("a/four"), "10.0.0.2 lan");
}
END_TEST

START_TEST(held_addresses_are_skipped)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.4");
        hold("a/held ip=10.0.0.1");
        hold("a/more ip=10.0.0.2 ip=10.0.0.3");
        ck_assert_str_eq(allocate("a/new"), "10.0.0.4 lan");
}
END_TEST

START_TEST(ranges_are_used_in_the_order_written)
{
        test_pool(config, "lan range=10.0.9.0-10.0.9.0 range=10.0.1.0-10.0.1.1");
        ck_assert_str_eq(allocate("a/one"), "10.0.9.0 lan");
        ck_assert_str_eq(allocate("a/two"), "10.0.1.0 lan");
}
END_TEST

START_TEST(pools_in_order_pinned_by_priority_then_the_rest_by_name)
{
        test_pool(config, "a range=10.0.1.1-10.0.1.1");
        test_pool(config, "b range=10.0.2.1-10.0.2.1");
        test_pool(config, "c range=10.0.3.1-10.0.3.1 pinned");
        test_pool(config, "d range=10.0.4.1-10.0.4.1 pinned priority=20");
        test_pool(config, "e range=10.0.5.1-10.0.5.1 pinned priority=10");
        test_pool(config, "f range=10.0.6.1-10.0.6.1 pinned priority=10");
        test_pool(config, "g range=10.0.7.1-10.0.7.1 pinned priority=1 noauto");
        test_pool(config, "h range=10.0.8.1-10.0.8.1 pinned priority=1 namespace=other");
        ck_assert_str_eq(allocate("x/1"), "10.0.5.1 e");
        ck_assert_str_eq(allocate("x/2"), "10.0.6.1 f");
        ck_assert_str_eq(allocate("x/3"), "10.0.4.1 d");
        ck_assert_str_eq(allocate("x/4"), "10.0.3.1 c");
        ck_assert_str_eq(allocate("x/5"), "10.0.1.1 a");
        ck_assert_str_eq(allocate("x/6"), "10.0.2.1 b");
        ck_assert_str_eq(allocate("x/7"), "NoFreeAddress");
}
END_TEST

START_TEST(refusals_name_every_pool)
{
        test_pool(config, "a range=10.0.1.0-10.0.1.1");
        test_pool(config, "b range=10.0.2.1-10.0.2.1 pinned namespace=other");
        test_pool(config, "c range=10.0.3.1-10.0.3.1 noauto");
        test_pool(config, "d range=10.0.4.1-10.0.4.1 pinned sel:app=db");
        test_pool(config, "e range=10.0.5.1-10.0.5.1 invalid");
        test_pool(config, "f range=2001:db8::/64");
        hold("x/held ip=10.0.1.0");
        hold("x/more ip=10.0.1.1");
        ck_assert_str_eq(
                refusal("shop/web"),
                "pool a: 0 of 2 free; pool b: namespace shop not allowed; pool c: only on request; "
                "pool d: labels of the service not selected; pool e: invalid; pool f: no IPv4 addresses");
}
END_TEST

START_TEST(without_a_usable_pool)
{
        ck_assert_str_eq(allocate("a/web"), "NoPools");
        test_pool(config, "a range=10.0.1.1-10.0.1.1 invalid");
        ck_assert_str_eq(allocate("a/web"), "NoPools");
        test_pool(config, "b range=10.0.2.1-10.0.2.1 noauto");
        ck_assert_str_eq(allocate("a/web"), "NoPoolForService");
        test_pool(config, "c range=2001:db8::/64");
        ck_assert_str_eq(allocate("a/web"), "NoPoolForService");
        ck_assert_str_eq(allocate("a/web family=0"), "NoClusterIP");
}
END_TEST

START_TEST(namespaces_and_selectors)
{
        test_pool(config,
                  "a range=10.0.1.1-10.0.1.9 pinned namespace=shop nssel:team=web sel:app=db sel:app=web");
        store_put(store, test_fact(KIND_NAMESPACE, "blog l:team=web"));
        ck_assert_str_eq(allocate("shop/1 l:app=web"), "10.0.1.1 a");
        ck_assert_str_eq(allocate("shop/2 l:app=mail"), "NoPoolForService");
        ck_assert_str_eq(allocate("blog/1 l:app=db"), "10.0.1.2 a");
        ck_assert_str_eq(allocate("other/1 l:app=db"), "NoPoolForService");
}
END_TEST

START_TEST(a_namespace_can_be_selected_by_its_name_without_its_object)
{
        test_pool(config, "a range=10.0.1.1-10.0.1.9 pinned nssel:kubernetes.io/metadata.name=shop");
        ck_assert_str_eq(allocate("shop/1"), "10.0.1.1 a");
        ck_assert_str_eq(allocate("blog/1"), "NoPoolForService");
}
END_TEST

START_TEST(requested_pool)
{
        test_pool(config, "a range=10.0.1.1-10.0.1.1");
        test_pool(config, "b range=10.0.2.1-10.0.2.1 noauto");
        test_pool(config, "c range=10.0.3.1-10.0.3.1 pinned namespace=other");
        test_pool(config, "d range=10.0.4.1-10.0.4.1 invalid");
        ck_assert_str_eq(allocate("x/1 askpool=b"), "10.0.2.1 b");
        ck_assert_str_eq(allocate("x/2 askpool=b"), "NoFreeAddress");
        ck_assert_str_eq(refusal("x/2 askpool=b"), "pool b: 0 of 1 free");
        ck_assert_str_eq(allocate("x/3 askpool=c"), "PoolNotAllowed");
        ck_assert_str_eq(allocate("x/3 askpool=d"), "UnknownPool");
        ck_assert_str_eq(allocate("x/3 askpool=z"), "UnknownPool");
}
END_TEST

START_TEST(requested_addresses)
{
        test_pool(config, "a range=10.0.1.0/24 range=2001:db8::/64");
        test_pool(config, "b range=10.0.2.0/24 nobuggy noauto");
        test_pool(config, "c range=10.0.3.0/24 invalid");
        test_pool(config, "d range=10.0.4.0/24 pinned namespace=other");
        ck_assert_str_eq(allocate("x/1 ask=10.0.1.9"), "10.0.1.9 a");
        ck_assert_str_eq(allocate("x/1 ask=10.0.1.9"), "10.0.1.9 a"); /* its own claim is no obstacle */
        ck_assert_str_eq(allocate("x/2 ask=10.0.1.9"), "AddressInUse");
        ck_assert_str_eq(allocate("x/2 ask=10.0.2.7"), "10.0.2.7 b");
        ck_assert_str_eq(allocate("x/3 ask=10.0.2.255"), "AddressNotInPool");
        ck_assert_str_eq(allocate("x/3 ask=192.0.2.1"), "AddressNotInPool");
        ck_assert_str_eq(allocate("x/3 ask=10.0.3.1"), "PoolNotAllowed");
        ck_assert_str_eq(allocate("x/3 ask=10.0.4.1"), "PoolNotAllowed");
        ck_assert_str_eq(allocate("x/3 ask=10.0.1.8 askpool=b"), "InvalidRequest");
        ck_assert_str_eq(allocate("x/3 askerror=nonsense"), "InvalidRequest");
        ck_assert_str_eq(allocate("x/3 ask=2001:db8::5"), "FamilyMismatch");
        ck_assert_str_eq(allocate("x/3 ask=10.0.1.8 family=46"), "FamilyMismatch");
        ck_assert_str_eq(allocate("x/3 ask=10.0.1.8 ask=10.0.1.7"), "InvalidRequest");
        ck_assert_str_eq(allocate("x/3 family=46 ask=2001:db8::5 ask=10.0.1.8"), "2001:db8::5 10.0.1.8 a");
        ck_assert_str_eq(allocate("x/4 family=46 ask=2001:db8::6 ask=10.0.2.8"), "InvalidRequest");
}
END_TEST

START_TEST(buggy_addresses_are_avoided)
{
        test_pool(config, "a range=10.0.0.254-10.0.1.1 nobuggy");
        ck_assert_int_eq(ipam_pool_size(&config->pools[0], IP_V4), 2);
        ck_assert_str_eq(allocate("x/1"), "10.0.0.254 a");
        ck_assert_str_eq(allocate("x/2"), "10.0.1.1 a");
        ck_assert_str_eq(refusal("x/3"), "pool a: 0 of 2 free");
}
END_TEST

START_TEST(pool_sizes)
{
        test_pool(config, "a range=10.0.0.0/16 range=10.1.0.3-10.1.0.7 range=2001:db8::/120");
        test_pool(config, "b range=10.0.0.0/16 nobuggy");
        test_pool(config, "c range=2001:db8::/64 range=2001:db8:1::/64");
        test_pool(config, "d range=10.0.0.255-10.0.1.0 nobuggy");
        ck_assert_int_eq(ipam_pool_size(&config->pools[0], IP_V4), 65541);
        ck_assert_int_eq(ipam_pool_size(&config->pools[0], IP_V6), 256);
        ck_assert_int_eq(ipam_pool_size(&config->pools[1], IP_V4), 65536 - 512);
        ck_assert_int_eq(ipam_pool_size(&config->pools[2], IP_V6), INT64_MAX);
        ck_assert_int_eq(ipam_pool_size(&config->pools[3], IP_V4), 0);
}
END_TEST

START_TEST(use_of_pools_counts_an_address_that_is_shared_once)
{
        struct pool_use *use;
        test_pool(config, "a range=10.0.0.1-10.0.0.9 range=2001:db8::1-2001:db8::9");
        test_pool(config, "b range=10.1.0.1-10.1.0.2");
        store_put(store, test_service("x/1 ip=10.0.0.1 share=k port=tcp/80"));
        store_put(store, test_service("x/2 ip=10.0.0.1 ip=2001:db8::1 share=k port=tcp/81"));
        store_put(store, test_service("x/3 ip=10.0.0.2"));
        store_put(store, test_service("x/4 ip=192.0.2.1"));
        use = ipam_pool_use(store, config);
        ck_assert_int_eq(use[0].assigned[0], 2);
        ck_assert_int_eq(use[0].assigned[1], 1);
        ck_assert_int_eq(use[1].assigned[0], 0);
        free(use);
}
END_TEST

START_TEST(families)
{
        test_pool(config, "a range=10.0.0.1-10.0.0.2");
        test_pool(config, "b range=10.1.0.1-10.1.0.2 range=2001:db8::1-2001:db8::1");
        ck_assert_str_eq(allocate("x/1 family=6"), "2001:db8::1 b");
        ck_assert_str_eq(allocate("x/2 family=64 require"), "NoFreeAddress");
        ck_assert_str_eq(refusal("x/2 family=64 require"),
                         "pool a: no IPv6 addresses; pool b: 0 of 1 IPv6 free");
        ck_assert_str_eq(allocate("x/2 family=46 prefer"), "10.0.0.1 a");
        ck_assert_str_eq(allocate("x/3 family=4 require"), "NoClusterIP");
        book_drop(book, "x", "1");
        ck_assert_str_eq(allocate("x/4 family=64 require"), "10.1.0.1 2001:db8::1 b");
        ck_assert_str_eq(allocate("x/5 family=64 prefer"),
                         "10.0.0.2 a"); /* no IPv6 anywhere: the second family */
}
END_TEST

START_TEST(prefer_dual_takes_a_dual_pool_first)
{
        test_pool(config, "a range=10.0.0.1-10.0.0.2");
        test_pool(config, "b range=10.1.0.1-10.1.0.2 range=2001:db8::1-2001:db8::9");
        ck_assert_str_eq(allocate("x/1 family=46 prefer"), "10.1.0.1 2001:db8::1 b");
}
END_TEST

START_TEST(extension_comes_from_the_same_pool)
{
        struct grant grant;
        struct fact *service = test_service("x/1 family=46 ip=10.0.0.1");
        test_pool(config, "a range=10.0.0.1-10.0.0.2");
        test_pool(config, "b range=10.1.0.1-10.1.0.2 range=2001:db8::1-2001:db8::9");
        ipam_extend(store, book, service, &config->pools[0], IP_V6, arena, &grant);
        ck_assert_uint_eq(grant.n, 0);
        ck_assert_str_eq(grant.message, "pool a: no IPv6 addresses");
        ipam_extend(store, book, service, &config->pools[1], IP_V6, arena, &grant);
        ck_assert_uint_eq(grant.n, 1);
        ck_assert(ip_eq(grant.ips[0], test_ip("2001:db8::1")));
        fact_free(service);
}
END_TEST

START_TEST(sharing)
{
        test_pool(config, "a range=10.0.0.1-10.0.0.9");
        ck_assert_str_eq(allocate("x/alone port=tcp/1"), "10.0.0.1 a");
        ck_assert_str_eq(allocate("x/1 share=k port=tcp/80"), "10.0.0.2 a");
        ck_assert_str_eq(allocate("x/2 share=k port=tcp/443"), "10.0.0.2 a");
        ck_assert_str_eq(allocate("y/3 share=k port=udp/80"), "10.0.0.2 a");
        ck_assert_str_eq(allocate("x/4 share=k port=tcp/80"), "10.0.0.3 a"); /* the port is taken */
        ck_assert_str_eq(allocate("x/5 share=k port=tcp/8080 local pods=app=x"),
                         "10.0.0.4 a"); /* other backends */
        ck_assert_str_eq(allocate("x/6 share=k port=tcp/8081 local pods=app=x"), "10.0.0.4 a");
        ck_assert_str_eq(allocate("x/7 share=other port=tcp/5"), "10.0.0.5 a");
        ck_assert_str_eq(allocate("x/8 share=k port=tcp/81 ask=10.0.0.5"), "AddressInUse");
        ck_assert_str_eq(allocate("x/9 share=k port=tcp/82 ask=10.0.0.3"), "10.0.0.3 a");
        ck_assert(book_drop(book, "x", "alone"));
        ck_assert_str_eq(allocate("x/last share=k port=tcp/9"),
                         "10.0.0.1 a"); /* lower and free goes before shared */
}
END_TEST

START_TEST(large_pools_are_not_walked)
{
        test_pool(config, "a range=2001:db8::/32 range=10.0.0.0/8");
        for (int i = 0; i < 20000; i++) {
                char words[32];
                snprintf(words, sizeof(words), "x/%d family=46", i);
                struct fact *service = test_service(words);
                struct grant grant;
                struct ip expected = test_ip("2001:db8::");
                struct arena *scratch = arena_new();
                ipam_allocate(store, config, book, service, scratch, &grant);
                ck_assert_uint_eq(grant.n, 2);
                ck_assert(ip_add(&expected, (uint64_t)i));
                ck_assert(ip_eq(grant.ips[1], expected));
                book_set(book, service, grant.ips, grant.n);
                fact_free(service);
                arena_free(scratch);
        }
}
END_TEST

/* The book against a naive one: a table of who claims which of 16 addresses. */
START_TEST(book_finds_the_lowest_free_address)
{
        unsigned seed = (unsigned)_i * 77 + 1;
        int owner[16];
        struct ip_range range = {test_ip("10.0.0.248"), test_ip("10.0.1.7")};
        memset(owner, -1, sizeof(owner));
        for (int step = 0; step < 300; step++) {
                char words[32];
                struct ip ips[2], found;
                int lowest = -1;
                seed = seed * 1103515245u + 12345u;
                int who = (int)(seed >> 16) % 10, at = (int)(seed >> 20) % 16, with = (int)(seed >> 24) % 16;
                snprintf(words, sizeof(words), "x/%d", who);
                struct fact *service = test_service(words);
                for (int i = 0; i < 16; i++)
                        if (owner[i] == who)
                                owner[i] = -1;
                for (int i = 0; i < 2; i++) {
                        int a = i ? with : at;
                        ips[i] = test_ip("10.0.0.248");
                        ip_add(&ips[i], (uint64_t)a);
                }
                size_t n = owner[at] >= 0 ? 0 : owner[with] >= 0 ? 1 : 2;
                book_set(book, service, ips, n);
                if (n > 0)
                        owner[at] = who;
                if (n > 1)
                        owner[with] = who;
                for (int i = 15; i >= 0; i--)
                        if (owner[i] < 0)
                                lowest = i;
                bool any = book_lowest(book, service, range, false, &found);
                ck_assert_int_eq(any, lowest >= 0);
                struct ip expected = range.first;
                ip_add(&expected, (uint64_t)(lowest < 0 ? 0 : lowest));
                ck_assert(!any || ip_eq(found, expected));
                fact_free(service);
        }
}
END_TEST

START_TEST(book_says_when_others_are_helped)
{
        struct fact *service = test_service("x/1 ip=10.0.0.1 ip=10.0.0.2"),
                    *shares = test_service("x/2 share=k");
        struct fact *more = test_service("x/2 share=k port=tcp/80");
        struct ip *ips = service->u.service.status_ips;
        ck_assert(!book_set(book, service, ips, 2));
        ck_assert(!book_set(book, service, ips, 2));
        ck_assert(book_set(book, service, ips, 1));
        ck_assert(book_set(book, service, ips, 0));
        ck_assert(!book_drop(book, "x", "1"));
        ck_assert(book_set(book, shares, ips, 1)); /* somewhere to share */
        ck_assert(!book_set(book, shares, ips, 1));
        ck_assert(book_set(book, more, ips, 1)); /* other ports than before */
        fact_free(service);
        fact_free(shares);
        fact_free(more);
}
END_TEST

/* ---- the judge ---- */

/* Who holds 10.0.0.1, as "a/one a/two | a/three". */
static const char *judge(void)
{
        struct holding holding;
        char *text = arena_alloc(arena, 256);
        ipam_holding(store, config, test_ip("10.0.0.1"), arena, &holding);
        for (size_t i = 0; i < holding.n_holders + holding.n_losers; i++) {
                const struct fact *fact =
                        i < holding.n_holders ? holding.holders[i] : holding.losers[i - holding.n_holders];
                if (i == holding.n_holders)
                        strcat(text, "| ");
                strcat(strcat(text, fact->ref.name), " ");
        }
        strcat(text, reason_name(holding.reason));
        return text;
}

static void put(const char *words)
{
        store_put(store, test_service(words));
}

START_TEST(term_then_creation_then_uid_decide)
{
        test_pool(config, "lan range=10.0.0.0/24");
        put("a/late ip=10.0.0.1 term=1 created=50");
        ck_assert_str_eq(judge(), "late None");
        put("a/early ip=10.0.0.1 term=1 created=10");
        ck_assert_str_eq(judge(), "early | late None");
        put("a/term2 ip=10.0.0.1 term=2 created=99");
        ck_assert_str_eq(judge(), "term2 | early late None");
        put("a/uid ip=10.0.0.1 term=2 created=99 uid=0");
        ck_assert_str_eq(judge(), "uid | term2 early late None");
}
END_TEST

START_TEST(sharers_hold_together)
{
        test_pool(config, "lan range=10.0.0.0/24");
        put("a/one ip=10.0.0.1 created=1 share=k port=tcp/80");
        put("a/two ip=10.0.0.1 created=2 share=k port=tcp/443");
        put("a/clash ip=10.0.0.1 created=3 share=k port=tcp/443");
        put("a/three ip=10.0.0.1 created=4 share=k port=udp/443");
        put("a/nokey ip=10.0.0.1 created=0 term=0 port=tcp/1 uid=zz");
        ck_assert_str_eq(judge(), "nokey | one two clash three None");
        put("a/nokey port=tcp/1");
        ck_assert_str_eq(judge(), "one two three | clash None");
}
END_TEST

START_TEST(backends_must_agree)
{
        test_pool(config, "lan range=10.0.0.0/24");
        put("a/one ip=10.0.0.1 created=1 share=k port=tcp/80 local pods=app=x");
        put("a/two ip=10.0.0.1 created=2 share=k port=tcp/443 pods=app=x");
        put("b/three ip=10.0.0.1 created=3 share=k port=tcp/444 local pods=app=x");
        put("b/four ip=10.0.0.1 created=4 share=k port=tcp/445 local pods=app=y");
        ck_assert_str_eq(judge(), "one three | two four None");
}
END_TEST

START_TEST(empty_keys_share_nothing)
{
        test_pool(config, "lan range=10.0.0.0/24");
        put("a/one ip=10.0.0.1 created=1 share= port=tcp/80");
        put("a/two ip=10.0.0.1 created=2 share= port=tcp/81");
        ck_assert_str_eq(judge(), "one | two None");
}
END_TEST

START_TEST(what_no_pool_allows_is_not_held)
{
        put("a/one ip=10.0.0.1");
        ck_assert_str_eq(judge(), "AddressNotInPool");
        test_pool(config, "lan range=10.0.0.1-10.0.0.9 namespace=b pinned");
        ck_assert_str_eq(judge(), "PoolNotAllowed");
        put("b/two ip=10.0.0.1 created=9");
        ck_assert_str_eq(judge(), "two None"); /* and takes it from nobody */
        config->pools[0].valid = false;
        ck_assert_str_eq(judge(), "one | two None"); /* an invalid pool allows what lies in it */
}
END_TEST

START_TEST(other_classes_and_types_do_not_count)
{
        test_pool(config, "lan range=10.0.0.0/24");
        put("a/class ip=10.0.0.1 class=example.com/lb");
        put("a/type ip=10.0.0.1 clusterip");
        ck_assert_str_eq(judge(), "NoAddress");
        put("a/ours ip=10.0.0.1 created=5");
        ck_assert_str_eq(judge(), "ours None");
}
END_TEST

START_TEST(the_judge_does_not_depend_on_order)
{
        static const char *const words[] = {"a/one ip=10.0.0.1 created=1 share=k port=tcp/80",
                                            "a/two ip=10.0.0.1 created=1 share=k port=tcp/81",
                                            "a/three ip=10.0.0.1 created=1 share=k port=tcp/80 uid=aa",
                                            "a/four ip=10.0.0.1 created=2 term=1",
                                            "b/five ip=10.0.0.1 created=1 term=1 share=k port=tcp/9",
                                            "b/six ip=10.0.0.1 created=0 uid="};
        enum { N = sizeof(words) / sizeof(words[0]) };
        unsigned seed = (unsigned)_i + 1;
        int order[N];
        const char *expected = "five one two | four six three None";
        test_pool(config, "lan range=10.0.0.0/24");
        for (int i = 0; i < N; i++) {
                seed = seed * 1103515245u + 12345u;
                int j = (int)((seed >> 16) % (unsigned)(i + 1));
                order[i] = order[j];
                order[j] = i;
        }
        for (int i = 0; i < N; i++)
                put(words[order[i]]);
        ck_assert_str_eq(judge(), expected);
}
END_TEST

static TCase *allocation_tests(void)
{
        TCase *tcase = tcase_create("allocation");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, lowest_free_address_first);
        tcase_add_test(tcase, held_addresses_are_skipped);
        tcase_add_test(tcase, ranges_are_used_in_the_order_written);
        tcase_add_test(tcase, pools_in_order_pinned_by_priority_then_the_rest_by_name);
        tcase_add_test(tcase, refusals_name_every_pool);
        tcase_add_test(tcase, without_a_usable_pool);
        tcase_add_test(tcase, namespaces_and_selectors);
        tcase_add_test(tcase, a_namespace_can_be_selected_by_its_name_without_its_object);
        tcase_add_test(tcase, requested_pool);
        tcase_add_test(tcase, requested_addresses);
        tcase_add_test(tcase, buggy_addresses_are_avoided);
        tcase_add_test(tcase, pool_sizes);
        tcase_add_test(tcase, use_of_pools_counts_an_address_that_is_shared_once);
        tcase_add_test(tcase, families);
        tcase_add_test(tcase, prefer_dual_takes_a_dual_pool_first);
        tcase_add_test(tcase, extension_comes_from_the_same_pool);
        tcase_add_test(tcase, sharing);
        tcase_add_test(tcase, large_pools_are_not_walked);
        tcase_add_loop_test(tcase, book_finds_the_lowest_free_address, 0, 20);
        tcase_add_test(tcase, book_says_when_others_are_helped);
        return tcase;
}

static TCase *judge_tests(void)
{
        TCase *tcase = tcase_create("judge");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, term_then_creation_then_uid_decide);
        tcase_add_test(tcase, sharers_hold_together);
        tcase_add_test(tcase, backends_must_agree);
        tcase_add_test(tcase, empty_keys_share_nothing);
        tcase_add_test(tcase, what_no_pool_allows_is_not_held);
        tcase_add_test(tcase, other_classes_and_types_do_not_count);
        tcase_add_loop_test(tcase, the_judge_does_not_depend_on_order, 0, 30);
        return tcase;
}

int main(void)
{
        Suite *suite = suite_create("ipam");
        suite_add_tcase(suite, allocation_tests());
        suite_add_tcase(suite, judge_tests());
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
