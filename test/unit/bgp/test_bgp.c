/* The announcer against scripted peers: who is told what, and what a change of peers does. */
#include "bgp/bgp.h"
#include "peer.h"

struct t {
        struct bench b;
        struct bgp *bgp;
        struct announcer *a;
        struct peer *p[2];
        struct bgp_peer peers[2];
        int up, down, left;
        char why[256], who[64];
};

static void fact(void *arg, const struct wire_fact *f)
{
        struct t *t = arg;
        ck_assert_int_eq(f->kind, WIRE_SESSION);
        ck_assert_str_ne(f->message, "");
        t->up += f->up;
        t->down += !f->up;
        snprintf(t->why, sizeof(t->why), "%s", f->message);
        snprintf(t->who, sizeof(t->who), "%s", f->peer);
}

static struct t *setup(void)
{
        static const char *const names[] = {"tor-a", "tor-b"};
        struct t *t = xcalloc(1, sizeof(*t));
        t->b = bench_new();
        bench_start(&t->b);
        t->bgp = bgp_new(t->b.loop, "node-1", fact, t);
        t->a = bgp_announcer(t->bgp);
        for (uint32_t i = 0; i < 2; i++) {
                t->p[i] = peer_new(&t->b, "127.0.0.1");
                t->peers[i] = (struct bgp_peer){.ref = {.name = names[i]},
                                                .my_asn = 65001,
                                                .peer_asn = 65002 + i,
                                                .address = t->p[i]->address,
                                                .port = t->p[i]->port,
                                                .hold_time_s = 90};
        }
        return t;
}

static void teardown(struct t *t)
{
        bgp_free(t->bgp);
        bench_free(&t->b);
        free(t);
}

static struct ip ip_of(const char *text)
{
        struct ip ip;
        ck_assert(ip_parse(text, &ip));
        return ip;
}

/* The want of one address: a host route to each of the peers named. */
static void set(struct t *t, const char *text, const char *peer_a, const char *peer_b)
{
        struct want *w = want_new(ip_of(text));
        w->routes = arena_array(w->arena, 2, sizeof(*w->routes));
        const char *names[] = {peer_a, peer_b};
        for (size_t i = 0; i < 2; i++)
                if (names[i] != NULL)
                        w->routes[w->n_routes++] =
                                (struct route){.prefix = ip_prefix(w->ip, 32), .peer = names[i]};
        t->a->set(t->a->self, w);
        want_free(w); /* it is held */
}

static void set_peers(struct t *t, size_t n)
{
        t->a->peers(t->a->self, t->peers, n);
}

static void establish(struct t *t, size_t i)
{
        peer_establish(&t->b, t->p[i], t->peers[i].peer_asn, 90);
}

static bool is_down(void *arg)
{
        return ((struct t *)arg)->down > 0;
}

static bool both_up(void *arg)
{
        return ((struct t *)arg)->up == 2;
}

static bool has_left(void *arg)
{
        return ((struct t *)arg)->left > 0;
}

static void left(void *arg)
{
        ((struct t *)arg)->left++;
}

START_TEST(each_peer_is_told_its_routes)
{
        struct t *t = setup();
        set(t, "192.0.2.1", "tor-a", "tor-b");
        set_peers(t, 2); /* after the address: it is told all the same */
        set(t, "192.0.2.2", "tor-a", NULL);
        set(t, "192.0.2.3", NULL, "tor-x");
        establish(t, 0);
        establish(t, 1);
        bench_until(&t->b, both_up, t, "two sessions");
        peer_wait_routes(&t->b, t->p[0], 2);
        peer_wait_routes(&t->b, t->p[1], 1);
        set(t, "192.0.2.1", "tor-b", NULL);
        peer_wait_routes(&t->b, t->p[0], 1);
        t->a->unset(t->a->self, ip_of("192.0.2.1"));
        peer_wait_routes(&t->b, t->p[1], 0);
        set(t, "192.0.2.2", NULL, NULL); /* a want without routes */
        peer_wait_routes(&t->b, t->p[0], 0);
        struct bgp_status st[3];
        ck_assert_uint_eq(bgp_status(t->bgp, st, 3), 2);
        ck_assert_str_eq(st[1].peer, "tor-b");
        ck_assert_uint_eq(st[1].asn, 65003);
        ck_assert_str_eq(st[1].state, "Established");
        ck_assert_uint_eq(bgp_status(t->bgp, st, 1), 2);
        teardown(t);
}
END_TEST

START_TEST(a_renamed_peer_keeps_its_session)
{
        struct t *t = setup();
        set_peers(t, 1);
        set(t, "192.0.2.1", "tor-a", NULL);
        establish(t, 0);
        peer_wait_routes(&t->b, t->p[0], 1);
        t->peers[0].ref.name = "renamed";
        set_peers(t, 1);
        set(t, "192.0.2.1", "renamed", NULL);
        set(t, "192.0.2.2", "renamed", NULL);
        peer_wait_routes(&t->b, t->p[0], 2);
        ck_assert_uint_eq(t->p[0]->view.announced, 2);
        ck_assert_uint_eq(t->p[0]->view.withdrawn, 0);
        ck_assert_int_eq(t->down, 0);
        struct bgp_status st;
        bgp_status(t->bgp, &st, 1);
        ck_assert_str_eq(st.peer, "renamed");
        teardown(t);
}
END_TEST

START_TEST(a_removed_peer_is_told_and_the_other_stays)
{
        struct t *t = setup();
        set_peers(t, 2);
        set(t, "192.0.2.1", "tor-a", "tor-b");
        establish(t, 0);
        establish(t, 1);
        peer_wait_routes(&t->b, t->p[1], 1);
        set_peers(t, 1);
        struct bgp_error e = peer_notification(&t->b, t->p[1]);
        ck_assert_uint_eq(e.code * 100u + e.subcode, 603);
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->who, "tor-b");
        ck_assert_str_eq(t->why, "we sent NOTIFICATION 6/3 Peer De-configured");
        bench_until(&t->b, peer_is_at_end, t->p[1], "the end");
        peer_close(t->p[1]);
        set(t, "192.0.2.2", "tor-a", NULL);
        peer_wait_routes(&t->b, t->p[0], 2);
        set_peers(t, 2); /* and back again, with what is set */
        establish(t, 1);
        t->p[1]->view.n = 0;
        peer_wait_routes(&t->b, t->p[1], 1);
        ck_assert_int_eq(t->down, 1);
        teardown(t);
}
END_TEST

START_TEST(two_names_for_one_session)
{
        struct t *t = setup();
        t->peers[1] = t->peers[0];
        t->peers[1].ref.name = "twin";
        set_peers(t, 2);
        struct bgp_status st[2];
        ck_assert_uint_eq(bgp_status(t->bgp, st, 2), 1);
        ck_assert_str_eq(st[0].peer, "tor-a");
        set_peers(t, 2);
        ck_assert_uint_eq(bgp_status(t->bgp, st, 2), 1);
        ck_assert_str_eq(st[0].peer, "tor-a");
        teardown(t);
}
END_TEST

START_TEST(synced_reaches_peers_that_come_later)
{
        struct t *t = setup();
        set_peers(t, 1);
        t->a->synced(t->a->self);
        set_peers(t, 2);
        for (size_t i = 0; i < 2; i++) {
                establish(t, i);
                while (t->p[i]->view.eor4 == 0) {
                        bench_until(&t->b, peer_has_message, t->p[i], "End-of-RIB");
                        peer_absorb(t->p[i]);
                }
        }
        teardown(t);
}
END_TEST

START_TEST(the_node_leaves)
{
        struct t *t = setup();
        set_peers(t, 2); /* the second never answers */
        set(t, "192.0.2.1", "tor-a", "tor-b");
        establish(t, 0);
        peer_wait_routes(&t->b, t->p[0], 1);
        t->a->leave(t->a->self, LEAVE_NODE, mono_add(mono_now(), 15 * SEC), left, t);
        struct bgp_error e = peer_notification(&t->b, t->p[0]);
        ck_assert_uint_eq(e.code * 100u + e.subcode, 602);
        ck_assert_uint_eq(t->p[0]->view.n, 0);
        peer_close(t->p[0]);
        peer_close(t->p[1]);
        bench_until(&t->b, has_left, t, "left");
        ck_assert_int_eq(t->left, 1);
        set_peers(t, 2); /* too late */
        set(t, "192.0.2.1", "tor-a", "tor-b");
        ck_assert_uint_eq(bgp_status(t->bgp, NULL, 0), 0);
        teardown(t);
}
END_TEST

START_TEST(the_deadline_ends_a_leave)
{
        struct t *t = setup();
        set_peers(t, 1);
        for (int i = 0; i < 3; i++)
                set(t, i == 0 ? "192.0.2.1" : i == 1 ? "192.0.2.2" : "192.0.2.3", "tor-a", NULL);
        establish(t, 0);
        peer_wait_routes(&t->b, t->p[0], 3);
        t->p[0]->deaf = true; /* and never closes */
        struct mono begin = mono_now();
        t->a->leave(t->a->self, LEAVE_NODE, mono_add(begin, 300 * MSEC), left, t);
        bench_until(&t->b, has_left, t, "left");
        ck_assert_int_lt(mono_since(mono_now(), begin),
                         1900 * MSEC); /* before the connection gives up itself */
        teardown(t);
        t = setup(); /* no peers at all */
        t->a->leave(t->a->self, LEAVE_NODE, mono_add(mono_now(), 15 * SEC), left, t);
        bench_until(&t->b, has_left, t, "left");
        teardown(t);
}
END_TEST

START_TEST(the_process_restarts)
{
        struct t *t = setup();
        set_peers(t, 2);
        set(t, "192.0.2.1", "tor-a", NULL);
        establish(t, 0);
        peer_wait_routes(&t->b, t->p[0], 1);
        t->a->leave(t->a->self, LEAVE_RESTART, mono_add(mono_now(), 15 * SEC), left, t);
        bench_until(&t->b, has_left, t, "left");
        bench_until(&t->b, peer_is_at_end, t->p[0], "the end");
        ck_assert_uint_eq(t->p[0]->len, 0);
        ck_assert_uint_eq(t->p[0]->view.n, 1);
        teardown(t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/bgp");
        TCase *t = tcase_create("all");
        tcase_set_timeout(t, 60);
        tcase_add_test(t, each_peer_is_told_its_routes);
        tcase_add_test(t, a_renamed_peer_keeps_its_session);
        tcase_add_test(t, a_removed_peer_is_told_and_the_other_stays);
        tcase_add_test(t, two_names_for_one_session);
        tcase_add_test(t, synced_reaches_peers_that_come_later);
        tcase_add_test(t, the_node_leaves);
        tcase_add_test(t, the_deadline_ends_a_leave);
        tcase_add_test(t, the_process_restarts);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
