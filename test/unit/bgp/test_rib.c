/* Adj-RIB-Out: after draining, what the peer believes equals what the addresses say, whatever happened
 * before. */
#include "base/clock.h"
#include "bgp/rib.h"
#include "view.h"

static struct ip ip_of(const char *base, uint64_t i)
{
        struct ip ip;
        ck_assert(ip_parse(base, &ip));
        ck_assert(ip_add(&ip, i));
        return ip;
}

static struct bgp_path path_of(enum ip_family family) /* iBGP: local preference shows */
{
        return (struct bgp_path){
                .my_asn = 65001, .as4 = true, .next_hop = ip_of(family == IP_V4 ? "10.0.0.1" : "fd00::1", 0)};
}

/* Pulls at most max messages of each family into the view; returns how many there were. */
static size_t pull(struct rib *rib, struct view *v, size_t max)
{
        uint8_t buf[BGP_MAX];
        size_t n = 0, len;
        for (int f = 0; f < 2; f++) {
                enum ip_family family = f ? IP_V6 : IP_V4;
                struct bgp_path path = path_of(family);
                for (size_t i = 0; i < max && (len = rib_next_update(rib, family, &path, buf)) > 0; i++, n++)
                        view_update(v, buf, len, true);
        }
        return n;
}

static void set_host(struct rib *rib, struct ip ip, const struct attrs *a)
{
        struct route r = {.prefix = ip_prefix(ip, ip_family(ip) == IP_V4 ? 32 : 128),
                          .attrs = a ? *a : (struct attrs){0}};
        rib_set(rib, ip, &r, 1);
}

START_TEST(a_hundred_thousand_prefixes_are_124_messages)
{
        uint8_t buf[BGP_MAX];
        struct rib *rib = rib_new();
        struct bgp_path path = path_of(IP_V4);
        size_t messages = 0, bytes = 0, len;
        path.ebgp = true;
        for (uint64_t i = 0; i < 100000; i++)
                set_host(rib, ip_of("10.0.0.0", i), NULL);
        while ((len = rib_next_update(rib, IP_V4, &path, buf)) > 0) {
                messages++;
                bytes += len;
        }
        ck_assert_uint_eq(messages, 124);
        ck_assert_uint_eq(bytes, 124 * 43 + 100000 * 5);
        ck_assert_uint_eq(rib_told(rib), 100000);
        rib_clear(rib);
        for (messages = 0; rib_next_update(rib, IP_V4, &path, buf) > 0;)
                messages++;
        ck_assert_uint_eq(messages, 123);
        ck_assert_uint_eq(rib_told(rib), 0);
        rib_free(rib);
}
END_TEST

START_TEST(the_same_again_sends_nothing)
{
        struct rib *rib = rib_new();
        struct view v = {0};
        set_host(rib, ip_of("192.0.2.1", 0), NULL);
        ck_assert_uint_eq(pull(rib, &v, 10), 1);
        set_host(rib, ip_of("192.0.2.1", 0), NULL);
        ck_assert_uint_eq(pull(rib, &v, 10), 0);
        rib_unset(rib, ip_of("192.0.2.1", 0));
        set_host(rib, ip_of("192.0.2.1", 0), NULL); /* withdrawn and announced before anything was pulled */
        ck_assert_uint_eq(pull(rib, &v, 10), 0);
        rib_unset(rib, ip_of("192.0.2.1", 0));
        ck_assert_uint_eq(pull(rib, &v, 10), 1);
        ck_assert_uint_eq(v.n, 0);
        set_host(rib, ip_of("192.0.2.1", 0), NULL); /* and the other way round */
        rib_unset(rib, ip_of("192.0.2.1", 0));
        rib_unset(rib, ip_of("192.0.2.1", 0));
        ck_assert_uint_eq(pull(rib, &v, 10), 0);
        rib_free(rib);
        free(v.v);
}
END_TEST

START_TEST(changed_attributes_replace)
{
        struct rib *rib = rib_new();
        struct view v = {0};
        struct community c = {.a = 65535, .b = 0};
        struct attrs a = {.communities = &c, .n_communities = 1};
        set_host(rib, ip_of("192.0.2.1", 0), NULL);
        pull(rib, &v, 10);
        set_host(rib, ip_of("192.0.2.1", 0), &a);
        ck_assert_uint_eq(pull(rib, &v, 10), 1);
        ck_assert_uint_eq(v.withdrawn, 0);
        ck_assert_str_eq(v.v[0].attrs, " path= hop=0a000001 pref=100 65535:0");
        set_host(rib, ip_of("192.0.2.1", 0), NULL); /* there and back in one turn */
        set_host(rib, ip_of("192.0.2.1", 0), &a);
        ck_assert_uint_eq(pull(rib, &v, 10), 0);
        rib_free(rib);
        free(v.v);
}
END_TEST

START_TEST(withdrawals_go_first_and_families_apart)
{
        struct rib *rib = rib_new();
        struct view v = {0};
        uint8_t buf[BGP_MAX];
        struct bgp_path path = path_of(IP_V4);
        set_host(rib, ip_of("192.0.2.1", 0), NULL);
        set_host(rib, ip_of("2001:db8::1", 0), NULL);
        size_t len = rib_next_update(rib, IP_V4, &path, buf);
        view_update(&v, buf, len, true);
        ck_assert_uint_eq(rib_next_update(rib, IP_V4, &path, buf), 0);
        ck_assert_uint_eq(v.n, 1);
        rib_unset(rib, ip_of("192.0.2.1", 0));
        set_host(rib, ip_of("192.0.2.2", 0), NULL);
        len = rib_next_update(rib, IP_V4, &path, buf);
        view_update(&v, buf, len, true);
        ck_assert_uint_eq(v.withdrawn, 1);
        ck_assert_uint_eq(v.n, 0);
        rib_free(rib);
        free(v.v);
}
END_TEST

START_TEST(aggregation_unites)
{
        struct rib *rib = rib_new();
        struct view v = {0};
        struct community c1 = {.a = 1, .b = 1}, c2 = {.a = 2, .b = 2};
        struct prefix net = ip_prefix(ip_of("192.0.2.0", 0), 24);
        struct route low = {
                .prefix = net,
                .attrs = {.communities = &c2, .n_communities = 1, .has_local_pref = true, .local_pref = 5}};
        struct route high = {
                .prefix = net,
                .attrs = {.communities = &c1, .n_communities = 1, .has_local_pref = true, .local_pref = 9}};
        rib_set(rib, ip_of("192.0.2.9", 0), &high, 1);
        rib_set(rib, ip_of("192.0.2.1", 0), &low, 1);
        ck_assert_uint_eq(pull(rib, &v, 10), 1);
        ck_assert_str_eq(v.v[0].attrs, " path= hop=0a000001 pref=5 1:1 2:2");
        rib_unset(rib, ip_of("192.0.2.1", 0));
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 1);
        ck_assert_str_eq(v.v[0].attrs, " path= hop=0a000001 pref=9 1:1");
        rib_unset(rib, ip_of("192.0.2.9", 0));
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 0);
        rib_free(rib);
        free(v.v);
}
END_TEST

START_TEST(an_aggregate_of_very_many_addresses_is_quick)
{
        enum { N = 60000 };
        struct rib *rib = rib_new();
        struct view v = {0};
        struct mono begin = mono_now();
        struct route r = {.prefix = ip_prefix(ip_of("10.0.0.0", 0), 16)};
        for (uint64_t i = 0; i < N; i++)
                rib_set(rib, ip_of("10.0.0.0", i), &r, 1);
        ck_assert_uint_eq(pull(rib, &v, 10), 1);
        for (uint64_t i = 0; i < N; i++)
                rib_unset(rib, ip_of("10.0.0.0", i));
        ck_assert_uint_eq(pull(rib, &v, 10), 1);
        ck_assert_uint_eq(v.n, 0);
        ck_assert_int_lt(mono_since(mono_now(), begin), 20 * SEC); /* quadratic would be minutes */
        rib_free(rib);
        free(v.v);
}
END_TEST

START_TEST(reset_and_refresh_tell_all_again)
{
        struct rib *rib = rib_new();
        struct view v = {0};
        for (uint64_t i = 0; i < 1000; i++)
                set_host(rib, ip_of("192.0.2.0", i), NULL);
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 1000);
        rib_refresh(rib, IP_V6);
        ck_assert_uint_eq(pull(rib, &v, 10), 0);
        rib_refresh(rib, IP_V4);
        rib_unset(rib, ip_of("192.0.2.0", 0)); /* a refresh does not swallow a withdrawal */
        ck_assert_uint_eq(pull(rib, &v, 10), 3);
        ck_assert_uint_eq(v.announced, 1999);
        ck_assert_uint_eq(v.n, 999);
        rib_unset(rib, ip_of("192.0.2.0", 1));
        rib_reset(rib);
        ck_assert_uint_eq(rib_told(rib), 0);
        v.n = 0;
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 998);
        ck_assert_uint_eq(v.withdrawn, 1);
        ck_assert_uint_eq(rib_told(rib), 998);
        rib_free(rib);
        free(v.v);
}
END_TEST

START_TEST(attributes_too_long_are_not_announced)
{
        struct rib *rib = rib_new();
        struct view v = {0};
        struct community c[1000];
        for (uint32_t i = 0; i < 1000; i++)
                c[i] = (struct community){.a = 1, .b = i};
        struct attrs a = {.communities = c, .n_communities = 1000};
        set_host(rib, ip_of("192.0.2.1", 0), NULL);
        set_host(rib, ip_of("192.0.2.2", 0), &a);
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 1);
        ck_assert_uint_eq(rib_refused(rib), 1);
        set_host(rib, ip_of("192.0.2.1", 0),
                 &a); /* known to the peer with attributes that are no longer true */
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 0);
        ck_assert_uint_eq(rib_refused(rib), 2);
        set_host(rib, ip_of("192.0.2.1", 0), NULL);
        rib_unset(rib, ip_of("192.0.2.2", 0));
        pull(rib, &v, 10);
        ck_assert_uint_eq(v.n, 1);
        ck_assert_uint_eq(rib_refused(rib), 0);
        rib_free(rib);
        free(v.v);
}
END_TEST

/* --- against a model --- */

enum { ADDRESSES = 24, MAX_ROUTES = 3, COMMUNITIES = 4 };

struct truth {
        struct ip ip;
        struct route routes[MAX_ROUTES];
        struct community communities[MAX_ROUTES][COMMUNITIES];
        size_t n;
};

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
        seed = seed * 1664525u + 1013904223u;
        return (seed >> 8) % sides;
}

static void random_routes(struct truth *t)
{
        static const uint8_t lens[2][MAX_ROUTES] = {{32, 28, 24}, {128, 124, 64}};
        bool v6 = ip_family(t->ip) == IP_V6;
        t->n = 0;
        for (size_t i = 0; i < MAX_ROUTES; i++) {
                if (dice(2))
                        continue;
                struct route *r = &t->routes[t->n];
                struct community *c = t->communities[t->n++];
                *r = (struct route){.prefix = ip_prefix(t->ip, lens[v6][i]), .attrs.communities = c};
                for (uint32_t k = 0; k < COMMUNITIES; k++)
                        if (dice(3) == 0)
                                c[r->attrs.n_communities++] = (struct community){
                                        .is_large = k >= 2, .a = 10 + k, .b = k, .c = k / 2 * k};
                r->attrs.has_local_pref = dice(3) == 0;
                r->attrs.local_pref = dice(3);
        }
}

/* The words of a prefix by brute force; false if no address contributes. */
static bool expected(const struct truth *t, struct prefix p, char *words, size_t size)
{
        bool any = false, has_pref = false;
        unsigned pref = 100, seen = 0;
        for (size_t i = 0; i < ADDRESSES; i++) { /* in the order of addresses */
                for (size_t k = 0; k < t[i].n; k++) {
                        const struct attrs *a = &t[i].routes[k].attrs;
                        if (prefix_cmp(t[i].routes[k].prefix, p) != 0)
                                continue;
                        any = true;
                        if (a->has_local_pref && !has_pref)
                                pref = a->local_pref;
                        has_pref = has_pref || a->has_local_pref;
                        for (size_t j = 0; j < a->n_communities; j++)
                                seen |= 1u << (a->communities[j].a - 10);
                }
        }
        bool v6 = ip_family(p.ip) == IP_V6;
        int at = snprintf(words, size, " path=%s pref=%u", v6 ? "" : " hop=0a000001", pref);
        for (unsigned k = 0; k < COMMUNITIES; k++) {
                if (!(seen & 1u << k))
                        continue;
                if (k < 2)
                        at += snprintf(words + at, size - (size_t)at, " %u:%u", 10 + k, k);
                else
                        at += snprintf(words + at, size - (size_t)at, " %u:%u:%u", 10 + k, k, k / 2 * k);
        }
        if (v6)
                snprintf(words + at, size - (size_t)at, " hop=fd000000000000000000000000000001");
        return any;
}

static void assert_view(const struct truth *t, struct view *v)
{
        size_t distinct = 0;
        for (size_t i = 0; i < ADDRESSES; i++) {
                for (size_t k = 0; k < t[i].n; k++) {
                        char words[512];
                        struct prefix p = t[i].routes[k].prefix;
                        uint8_t key[18] = {(uint8_t)ip_family(p.ip), p.len};
                        memcpy(key + 2, ip_bytes(&p.ip), (p.len + 7u) / 8);
                        expected(t, p, words, sizeof(words));
                        struct view_route *r = view_find(v, key);
                        ck_assert_ptr_nonnull(r);
                        ck_assert_str_eq(r->attrs, words);
                        bool first = true;
                        for (size_t j = 0; j < i && first; j++)
                                for (size_t m = 0; m < t[j].n; m++)
                                        first = first && prefix_cmp(t[j].routes[m].prefix, p) != 0;
                        distinct += first;
                }
        }
        ck_assert_uint_eq(v->n, distinct);
}

static void run_model(uint32_t run)
{
        struct truth t[ADDRESSES] = {0};
        struct rib *rib = rib_new();
        struct view v = {0};
        bool told_again = false;
        seed = run;
        for (uint64_t i = 0; i < ADDRESSES; i++)
                t[i].ip = i < ADDRESSES / 2 ? ip_of("192.0.2.10", i) : ip_of("2001:db8::8", i);
        for (int step = 0; step < 400; step++) {
                struct truth *one = &t[dice(ADDRESSES)];
                uint32_t what = dice(20);
                if (what < 10) {
                        random_routes(one);
                        rib_set(rib, one->ip, one->routes, one->n);
                } else if (what < 14) {
                        one->n = 0;
                        rib_unset(rib, one->ip);
                } else if (what < 17) {
                        pull(rib, &v, 1 + dice(3));
                } else if (what == 17) {
                        rib_refresh(rib, dice(2) ? IP_V4 : IP_V6);
                        told_again = true;
                } else if (what == 18 && dice(5) == 0) {
                        rib_reset(rib);
                        v.n = 0;
                } else {
                        size_t redundant = v.redundant;
                        pull(rib, &v, SIZE_MAX);
                        assert_view(t, &v);
                        ck_assert_uint_eq(rib_told(rib), v.n);
                        ck_assert(told_again || v.redundant == redundant);
                        told_again = false;
                }
        }
        rib_clear(rib);
        pull(rib, &v, SIZE_MAX);
        ck_assert_uint_eq(v.n, 0);
        rib_free(rib);
        free(v.v);
}

START_TEST(against_a_model)
{
        for (uint32_t run = 0; run < 25; run++)
                run_model(25 * (uint32_t)_i + run);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/rib");
        TCase *t = tcase_create("all");
        tcase_set_timeout(t, 60);
        tcase_add_test(t, a_hundred_thousand_prefixes_are_124_messages);
        tcase_add_test(t, the_same_again_sends_nothing);
        tcase_add_test(t, changed_attributes_replace);
        tcase_add_test(t, withdrawals_go_first_and_families_apart);
        tcase_add_test(t, aggregation_unites);
        tcase_add_test(t, an_aggregate_of_very_many_addresses_is_quick);
        tcase_add_test(t, reset_and_refresh_tell_all_again);
        tcase_add_test(t, attributes_too_long_are_not_announced);
        tcase_add_loop_test(t, against_a_model, 0, 4);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
