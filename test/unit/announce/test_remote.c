/* Two loops in two threads, as in the daemon; a target that records what it is told. */
#include "announce/remote.h"
#include "base/arena.h"
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct far {
        struct loop *loop;
        struct remote *remote;
        pthread_t thread;
        char log[4096]; /* written by the far thread, read after it ended */
};

static void note(struct far *far, const char *word, const char *what)
{
        size_t len = strlen(far->log);

        snprintf(far->log + len, sizeof(far->log) - len, "%s %s;", word, what);
}

static void far_set(void *self, const struct want *want)
{
        struct far *far = self;
        char ip[IP_STRLEN];

        note(far, want->uids[0], ip_str(want->ip, ip));
        remote_fact(far->remote,
                    &(struct wire_fact){.kind = WIRE_OWNER, .ip = want->ip, .up = true, .message = "hi"});
}

static void far_unset(void *self, struct ip ip)
{
        char text[IP_STRLEN];

        note(self, "unset", ip_str(ip, text));
}

static void far_synced(void *self)
{
        note(self, "synced", "");
}

static void far_leave(void *self, enum leave how, struct mono deadline, void (*done)(void *), void *arg)
{
        note(self, "leave", how == LEAVE_NODE ? "node" : "restart");
        ck_assert(!mono_before(MONO_NEVER, deadline));
        done(arg);
}

static void stop_loop(void *loop)
{
        loop_stop(loop);
}

static void *run_loop(void *loop)
{
        loop_run(loop);
        return NULL;
}

struct near {
        struct loop *loop;
        unsigned facts;
        struct ip last;
        bool left;
};

static void on_fact(void *arg, const struct wire_fact *fact)
{
        struct near *near = arg;

        ck_assert_int_eq(fact->kind, WIRE_OWNER);
        ck_assert_str_eq(fact->message, "hi");
        ck_assert_ptr_null(fact->peer);
        near->facts++;
        near->last = fact->ip;
}

static void on_left(void *arg)
{
        struct near *near = arg;

        near->left = true;
        loop_stop(near->loop);
}

START_TEST(calls_cross_in_order_and_answers_come_back)
{
        struct near near = {.loop = loop_new("near")};
        struct far far = {.loop = loop_new("far")};
        struct announcer target = {
                .self = &far, .set = far_set, .unset = far_unset, .synced = far_synced, .leave = far_leave};
        struct announcer *face;
        struct want *want;
        struct ip ip;

        ck_assert(ip_parse("203.0.113.7", &ip));
        far.remote = remote_new(near.loop, far.loop, on_fact, &near);
        remote_set_target(far.remote, &target);
        face = remote_announcer(far.remote);
        want = want_new(ip);
        want->uids = arena_array(want->arena, 1, sizeof(*want->uids));
        want->uids[0] = arena_strdup(want->arena, "uid-1");
        want->n_uids = 1;
        face->set(face->self, want);
        want_free(want); /* it is held */
        face->unset(face->self, ip);
        face->synced(face->self);
        ck_assert_int_eq(pthread_create(&far.thread, NULL, run_loop, far.loop), 0);
        face->leave(face->self, LEAVE_NODE, MONO_NEVER, on_left, &near);
        loop_run(near.loop);
        ck_assert(near.left);
        ck_assert_uint_eq(near.facts, 1);
        ck_assert(ip_eq(near.last, ip));
        remote_call(far.remote, stop_loop, far.loop);
        pthread_join(far.thread, NULL);
        ck_assert_str_eq(far.log, "uid-1 203.0.113.7;unset 203.0.113.7;synced ;leave node;");
        remote_free(far.remote);
        loop_free(far.loop);
        loop_free(near.loop);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("remote");
        TCase *tc = tcase_create("remote");
        SRunner *runner;
        int failed;

        tcase_add_test(tc, calls_cross_in_order_and_answers_come_back);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
