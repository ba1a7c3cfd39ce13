#include "model/want.h"
#include "test/unit/base/suite.h"

#include <string.h>

static struct ip ip(const char *text)
{
        struct ip out;
        ck_assert(ip_parse(text, &out));
        return out;
}

/* A want with something in every field; each call has memory of its own. */
static struct want *sample(void)
{
        struct want *w = want_new(ip("192.0.2.10"));
        struct arena *a = w->arena;
        w->n_uids = 2;
        w->uids = arena_array(a, 2, sizeof(*w->uids));
        w->uids[0] = arena_strdup(a, "uid-1");
        w->uids[1] = arena_strdup(a, "uid-2");
        w->l2 = (struct want_l2){.candidate = true, .rank = 2, .n_interfaces = 1, .reason = REASON_CANDIDATE};
        w->l2.interfaces = arena_array(a, 1, sizeof(*w->l2.interfaces));
        w->l2.interfaces[0] = arena_strdup(a, "eth0");
        w->l2.message = arena_strdup(a, "l2 message");
        w->bgp_reason = REASON_ANNOUNCED;
        w->bgp_message = arena_strdup(a, "bgp message");
        w->n_routes = 2;
        w->routes = arena_array(a, 2, sizeof(*w->routes));
        for (size_t i = 0; i < 2; i++) {
                struct route *r = &w->routes[i];
                r->prefix = ip_prefix(w->ip, 32);
                r->peer = arena_strdup(a, i ? "vyos" : "opnsense");
        }
        struct attrs *attrs = &w->routes[0].attrs;
        *attrs = (struct attrs){.has_local_pref = true, .local_pref = 200, .n_communities = 2};
        attrs->communities = arena_array(a, 2, sizeof(*attrs->communities));
        attrs->communities[0] = (struct community){false, 65000, 1, 0};
        attrs->communities[1] = (struct community){true, 65000, 1, 2};
        return w;
}

START_TEST(a_want_lasts_until_its_last_holder_is_done)
{
        struct want *w = sample();
        const struct want *held = want_hold(w), *again = want_hold(held);
        ck_assert_ptr_eq(held, w);
        want_free(w);
        want_free(again);
        ck_assert_str_eq(held->bgp_message, "bgp message"); /* the sanitizer sees if it was the last one */
        struct want *copy = want_copy(held);
        want_free(held);
        ck_assert_str_eq(copy->bgp_message, "bgp message");
        want_free(copy); /* a copy has holders of its own */
}
END_TEST

START_TEST(the_same_is_more_than_equal)
{
        struct want *a = sample(), *b = sample();
        ck_assert(want_same(a, b));
        b->bgp_message = "another";
        ck_assert(want_equal(a, b) && !want_same(a, b));
        b->bgp_message = a->bgp_message;
        b->waits = !b->waits;
        ck_assert(!want_same(a, b));
        want_free(a);
        want_free(b);
}
END_TEST

START_TEST(a_copy_is_equal_and_its_own)
{
        struct want *w = sample();
        struct want *copy = want_copy(w);
        ck_assert(want_equal(w, copy));
        ck_assert_ptr_ne(copy->arena, w->arena);
        want_free(w); /* the sanitizer sees whoever looks into the original */
        struct want *fresh = sample();
        ck_assert(want_equal(fresh, copy));
        ck_assert_str_eq(copy->l2.message, "l2 message");
        ck_assert_str_eq(copy->bgp_message, "bgp message");
        ck_assert_int_eq(copy->l2.reason, REASON_CANDIDATE);
        ck_assert_int_eq(copy->bgp_reason, REASON_ANNOUNCED);
        want_free(fresh);
        want_free(copy);
        want_free(NULL);
}
END_TEST

START_TEST(a_new_one_announces_nothing)
{
        struct want *w = want_new(ip("2001:db8::1")), *copy = want_copy(w);
        ck_assert(!w->l2.candidate);
        ck_assert_uint_eq(w->n_routes, 0);
        ck_assert_uint_eq(w->n_uids, 0);
        ck_assert(want_equal(w, copy));
        want_free(w);
        want_free(copy);
}
END_TEST

static void change_ip(struct want *w)
{
        w->ip = ip("192.0.2.11");
}
static void change_uid(struct want *w)
{
        w->uids[1] = "uid-3";
}
static void drop_uid(struct want *w)
{
        w->n_uids = 1;
}
static void change_candidate(struct want *w)
{
        w->l2.candidate = false;
}
static void change_rank(struct want *w)
{
        w->l2.rank = 1;
}
static void change_interface(struct want *w)
{
        w->l2.interfaces[0] = "eth1";
}
static void drop_interface(struct want *w)
{
        w->l2.n_interfaces = 0;
}
static void change_prefix(struct want *w)
{
        w->routes[1].prefix = ip_prefix(w->ip, 24);
}
static void change_peer(struct want *w)
{
        w->routes[1].peer = "frr";
}
static void drop_route(struct want *w)
{
        w->n_routes = 1;
}
static void change_local_pref(struct want *w)
{
        w->routes[0].attrs.local_pref = 201;
}
static void drop_local_pref(struct want *w)
{
        w->routes[0].attrs.has_local_pref = false;
}
static void add_local_pref(struct want *w)
{
        w->routes[1].attrs.has_local_pref = true;
}
static void change_community(struct want *w)
{
        w->routes[0].attrs.communities[1].c = 3;
}
static void drop_community(struct want *w)
{
        w->routes[0].attrs.n_communities = 1;
}

START_TEST(every_difference_that_matters_is_seen)
{
        static void (*const changes[])(struct want *) = {
                change_ip,         change_uid,      drop_uid,       change_candidate, change_rank,
                change_interface,  drop_interface,  change_prefix,  change_peer,      drop_route,
                change_local_pref, drop_local_pref, add_local_pref, change_community, drop_community,
        };
        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                struct want *a = sample(), *b = sample();
                ck_assert(want_equal(a, b));
                changes[i](b);
                ck_assert_msg(!want_equal(a, b) && !want_equal(b, a), "change %zu", i);
                want_free(a);
                want_free(b);
        }
}
END_TEST

START_TEST(words_make_no_difference)
{
        struct want *a = sample(), *b = sample();
        b->l2.message = "other";
        b->l2.reason = REASON_NONE;
        b->bgp_message = NULL;
        b->bgp_reason = REASON_NO_PEERS;
        b->routes[1].attrs.local_pref = 7; /* unset: its value says nothing */
        ck_assert(want_equal(a, b));
        want_free(a);
        want_free(b);
}
END_TEST

START_TEST(communities_have_an_order)
{
        static const struct community v[] = {
                {false, 1, 5, 0}, {false, 2, 0, 0},         {false, 65535, 65281, 0}, {true, 0, 0, 1},
                {true, 1, 0, 0},  {true, 1, 0, 4294967295}, {true, 4294967295, 0, 0},
        };
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
                for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
                        int c = community_cmp(&v[i], &v[k]);
                        ck_assert_int_eq((c > 0) - (c < 0), (i > k) - (i < k));
                }
        struct community x = {false, 1, 5, 9}; /* a standard one has no third number */
        ck_assert_int_eq(community_cmp(&x, &v[0]), 0);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                a_want_lasts_until_its_last_holder_is_done,
                the_same_is_more_than_equal,
                a_copy_is_equal_and_its_own,
                a_new_one_announces_nothing,
                every_difference_that_matters_is_seen,
                words_make_no_difference,
                communities_have_an_order,
        };
        return run_tests("want", tests, sizeof(tests) / sizeof(tests[0]));
}
