/* The real socket: this machine's own interfaces, and where the test may make a network namespace of its own,
 * events. */
#include "link/link.h"
#include <check.h>
#include <errno.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (5 * SEC)

static struct loop *loop;
static bool timed_out;

static void on_timeout(void *arg)
{
        timed_out = true;
        loop_stop(arg);
}

/* The interface is in the state that the test waits for. */
struct wait {
        struct link *link;
        bool up;
};

static void on_change(void *arg)
{
        struct wait *w = arg;
        const struct link_if *lo = link_by_name(w->link, "lo");

        if (lo != NULL && lo->up == w->up)
                loop_stop(loop);
}

START_TEST(first_snapshot_is_complete)
{
        char *why = NULL;
        struct link *l = link_new(loop, NULL, NULL, &why);
        const struct link_if *lo, *ifs;
        size_t n;

        ck_assert_msg(l != NULL, "%s", why);
        lo = link_by_name(l, "lo");
        ck_assert_ptr_nonnull(lo);
        ck_assert(!lo->arp);
        ck_assert_ptr_eq(link_by_index(l, lo->ifindex), lo);
        ck_assert_ptr_null(link_by_index(l, 0x7ffffff0));
        ifs = link_ifs(l, &n);
        ck_assert_uint_ge(n, 1);
        for (size_t i = 1; i < n; i++)
                ck_assert_int_lt(ifs[i - 1].ifindex, ifs[i].ifindex);
        ck_assert_uint_eq(link_counters(l).refused, 0);
        link_free(l);
}
END_TEST

static bool own_network(void)
{
        if (unshare(CLONE_NEWNET) == 0)
                return true;
        return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

static bool set_up(const char *name, bool up)
{
        struct ifreq r = {.ifr_flags = 0};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        bool ok;

        strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
        ok = ioctl(fd, SIOCGIFFLAGS, &r) == 0;
        r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
        ok = ok && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
        close(fd);
        return ok;
}

static void await(void)
{
        struct loop_timer *t = loop_timer_new(loop, on_timeout, loop);

        timed_out = false;
        loop_timer_at(t, mono_add(mono_now(), PATIENCE));
        loop_run(loop);
        loop_timer_free(t);
        ck_assert(!timed_out);
}

START_TEST(events_reach_the_listener)
{
        struct wait w = {.up = true};
        char *why = NULL;

        if (!own_network()) {
                fprintf(stderr, "no network namespace here: events are not tested\n");
                return;
        }
        w.link = link_new(loop, NULL, NULL, &why);
        ck_assert_msg(w.link != NULL, "%s", why);
        ck_assert(!link_by_name(w.link, "lo")->up);
        link_watch(w.link, on_change, &w);
        ck_assert(set_up("lo", true));
        await();
        w.up = false;
        ck_assert(set_up("lo", false));
        await();
        link_free(w.link);
}
END_TEST

/* More events than the socket holds: the kernel says so, and a new dump makes the table right. */
START_TEST(lost_events_are_made_good)
{
        struct wait w = {.up = true};
        char *why = NULL;

        if (!own_network())
                return;
        w.link = link_new(loop, NULL, NULL, &why);
        ck_assert_msg(w.link != NULL, "%s", why);
        link_watch(w.link, on_change, &w);
        for (int i = 0; i < 1500; i++) {
                ck_assert(set_up("lo", false));
                ck_assert(set_up("lo", true));
        }
        while (link_counters(w.link).overruns == 0 || !link_by_name(w.link, "lo")->up)
                await();
        ck_assert_uint_eq(link_counters(w.link).refused, 0);
        w.up = false;
        ck_assert(set_up("lo", false));
        await();
        link_free(w.link);
}
END_TEST

START_TEST(unwatched_is_not_called)
{
        struct wait w = {.up = true};
        bool second = false;
        char *why = NULL;

        if (!own_network())
                return;
        w.link = link_new(loop, NULL, NULL, &why);
        ck_assert_msg(w.link != NULL, "%s", why);
        link_watch(w.link, on_timeout, &second);
        link_watch(w.link, on_change, &w);
        link_unwatch(w.link, on_timeout, &second);
        ck_assert(set_up("lo", true));
        await();
        link_free(w.link);
}
END_TEST

static void make(void)
{
        loop = loop_new("test");
}

static void unmake(void)
{
        loop_free(loop);
}

int main(void)
{
        Suite *suite = suite_create("link/link");
        TCase *cases = tcase_create("link");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(cases, make, unmake);
        tcase_set_timeout(cases, 60);
        tcase_add_test(cases, first_snapshot_is_complete);
        tcase_add_test(cases, events_reach_the_listener);
        tcase_add_test(cases, lost_events_are_made_good);
        tcase_add_test(cases, unwatched_is_not_called);
        suite_add_tcase(suite, cases);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
