/* The question about our DaemonSet, against a server that says what a test tells it to. */
#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/daemonset.h"
#include "k8s/transport.h"
#include "test/unit/base/suite.h"
#include <signal.h>

static const char here[] = "{\"metadata\":{\"name\":\"herald\"}}";
static const char deleted[] = "{\"metadata\":{\"name\":\"herald\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}";

struct scene {
        struct loop *loop;
        struct fake_server server;
        struct auth auth;
        struct transport *transport;
        struct daemonset *ds;
        int status; /* 0: the server is silent */
        const char *body;
        enum { NONE, STAYS, GOES } answer;
};

static struct scene s;

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg;
        ck_assert_str_eq(r->method, "GET");
        ck_assert_str_eq(r->path, "/apis/apps/v1/namespaces/hb/daemonsets/herald");
        if (s.status)
                fake_reply(c, s.status, "", s.body);
}

static void on_answer(void *arg, bool going)
{
        (void)arg;
        ck_assert_int_eq(s.answer, NONE);
        s.answer = going ? GOES : STAYS;
        loop_stop(s.loop);
}

static int ask(int status, const char *body)
{
        s.status = status;
        s.body = body;
        s.answer = NONE;
        daemonset_ask(s.ds, on_answer, NULL);
        ck_assert_int_eq(s.answer, NONE);
        loop_run(s.loop);
        return s.answer;
}

static void begin(void)
{
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        s = (struct scene){.loop = loop_new("test")};
        fake_start(&s.server, s.loop, serve, NULL);
        s.auth.server = xprintf("http://127.0.0.1:%d", s.server.port);
        s.transport = transport_new(s.loop, &s.auth, &error);
        s.ds = daemonset_new(s.transport, "hb", "herald");
}

static void end(void)
{
        daemonset_free(s.ds);
        transport_free(s.transport);
        fake_stop(&s.server);
        loop_free(s.loop);
        free(s.auth.server);
}

START_TEST(it_goes_if_it_is_gone_or_being_deleted)
{
        begin();
        ck_assert_int_eq(ask(200, here), STAYS);
        ck_assert_int_eq(ask(200, deleted), GOES);
        ck_assert_int_eq(ask(404, "{}"), GOES);
        end();
}
END_TEST

START_TEST(without_an_answer_it_stays)
{
        begin();
        ck_assert_int_eq(ask(500, "{}"), STAYS);
        ck_assert_int_eq(ask(403, deleted), STAYS);
        ck_assert_int_eq(ask(200, "nonsense"), STAYS);
        ck_assert_int_eq(ask(0, NULL), STAYS);
        end();
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {it_goes_if_it_is_gone_or_being_deleted, without_an_answer_it_stays};
        return run_tests("daemonset", tests, sizeof(tests) / sizeof(tests[0]));
}
