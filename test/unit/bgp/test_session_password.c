/* TCP MD5 signatures: against a listener that drops what is not signed with its key, which the kernel sees to. */
#include "bgp/session.h"
#include "peer.h"
#include <netinet/tcp.h>
#include <stdio.h>

struct t {
        struct bench b;
        struct peer *p;
        struct session *s;
        struct bgp_peer params;
        int down;
        char why[256];
};

static void news(void *arg, struct session *s, enum session_news what, const char *message)
{
        struct t *t = arg;
        (void)s;
        t->down += what == SESSION_DOWN;
        if (what == SESSION_DOWN)
                snprintf(t->why, sizeof(t->why), "%s", message);
}

static void sign(struct t *t, const char *key)
{
        struct tcp_md5sig sig = {.tcpm_keylen = (uint16_t)strlen(key)};
        struct sockaddr_in *in4 = (struct sockaddr_in *)&sig.tcpm_addr;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sig.tcpm_addr;
        if (ip_family(t->p->address) == IP_V4) {
                in4->sin_family = AF_INET;
                memcpy(&in4->sin_addr, ip_bytes(&t->p->address), 4);
        } else {
                in6->sin6_family = AF_INET6;
                memcpy(&in6->sin6_addr, ip_bytes(&t->p->address), 16);
        }
        memcpy(sig.tcpm_key, key, strlen(key));
        ck_assert_int_eq(setsockopt(t->p->listener, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig)), 0);
}

/* The peer has the key; the session has password, which may be NULL. */
static struct t *setup(const char *address, const char *key, const char *password)
{
        struct t *t = xcalloc(1, sizeof(*t));
        t->b = bench_new();
        bench_start(&t->b);
        t->p = peer_new(&t->b, address);
        sign(t, key);
        t->params = (struct bgp_peer){.ref = {.name = "tor"},
                                      .my_asn = 65001,
                                      .peer_asn = 65002,
                                      .address = t->p->address,
                                      .port = t->p->port,
                                      .hold_time_s = 90,
                                      .has_password = true,
                                      .password = password};
        t->s = session_new(t->b.loop, "node-1", &t->params, news, t);
        return t;
}

static void teardown(struct t *t)
{
        session_free(t->s);
        bench_free(&t->b);
        free(t);
}

static bool is_in(const struct t *t, const char *state)
{
        struct bgp_status status;
        session_status(t->s, &status);
        return strcmp(status.state, state) == 0;
}

static bool is_established(void *arg)
{
        return is_in(arg, "Established");
}

static bool is_connecting(void *arg)
{
        return is_in(arg, "Connect");
}

static bool is_down(void *arg)
{
        return ((struct t *)arg)->down > 0;
}

static void establish(struct t *t)
{
        peer_establish(&t->b, t->p, 65002, 90);
        bench_until(&t->b, is_established, t, "Established");
}

START_TEST(signed_with_the_key)
{
        static const char *const addresses[] = {"127.0.0.1", "::1"};
        struct t *t = setup(addresses[_i], "s3cret", "s3cret");
        establish(t);
        teardown(t);
}
END_TEST

START_TEST(never_without_its_password)
{
        struct t *t = setup("127.0.0.1", "s3cret", NULL);
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->why, "cannot connect: its password is not known");
        ck_assert_int_lt(t->p->fd, 0);
        t->params.password = "s3cret";
        session_update(t->s, &t->params);
        establish(t);
        teardown(t);
}
END_TEST

START_TEST(another_password_is_for_the_next_connection)
{
        struct t *t = setup("127.0.0.1", "old", "old");
        establish(t);
        t->params.password = "new";
        session_update(t->s, &t->params);
        sign(t, "new");
        ck_assert(is_established(t));
        peer_close(t->p);
        bench_until(&t->b, is_down, t, "down");
        establish(t);
        teardown(t);
}
END_TEST

START_TEST(what_waits_for_an_answer_begins_anew)
{
        struct t *t = setup("127.0.0.1", "right", "wrong"); /* the SYN is dropped: only silence comes */
        bench_until(&t->b, is_connecting, t, "Connect");
        t->params.password = "right";
        session_update(t->s, &t->params);
        establish(t);
        teardown(t);
}
END_TEST

START_TEST(longer_than_the_kernel_takes)
{
        char password[PASSWORD_MAX + 2] = {0};
        memset(password, 'x', PASSWORD_MAX + 1);
        struct t *t = setup("127.0.0.1", "s3cret", password);
        bench_until(&t->b, is_down, t, "down");
        ck_assert_str_eq(t->why, "cannot connect: the password is too long for a TCP MD5 signature");
        teardown(t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("session_password");
        TCase *t = tcase_create("session_password");
        tcase_set_timeout(t, 120);
        tcase_add_loop_test(t, signed_with_the_key, 0, 2);
        tcase_add_test(t, never_without_its_password);
        tcase_add_test(t, another_password_is_for_the_next_connection);
        tcase_add_test(t, what_waits_for_an_answer_begins_anew);
        tcase_add_test(t, longer_than_the_kernel_takes);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
