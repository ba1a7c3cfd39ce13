#include "group/group.h"
#include <check.h>
#include <stdlib.h>

enum { ETH0 = 2, ETH1 = 3 };

struct change {
        int ifindex;
        struct ip ip;
        bool owner;
};

static struct loop *loop;
static struct group *group;
static struct change changes[16];
static size_t n_changes;
static struct ip vip;

static void on_change(void *arg, int ifindex, struct ip ip, bool owner)
{
        (void)arg;
        changes[n_changes++] = (struct change){ifindex, ip, owner};
        ck_assert_int_eq(group_owns(group, ifindex, ip), owner);
}

static void stop(void *arg)
{
        loop_stop(arg);
}

/* Runs the loop until what is due now was done. */
static void turn(void)
{
        struct loop_timer *t = loop_timer_new(loop, stop, loop);

        loop_timer_at(t, mono_add(mono_now(), 2 * MSEC));
        loop_run(loop);
        loop_timer_free(t);
}

static void make(void)
{
        loop = loop_new("test");
        group = group_new(loop, on_change, NULL);
        n_changes = 0;
        ck_assert(ip_parse("192.0.2.9", &vip));
}

static void unmake(void)
{
        group_free(group);
        loop_free(loop);
}

START_TEST(first_candidate_becomes_owner_later)
{
        group_set(group, ETH0, vip, true, 1);
        ck_assert(!group_owns(group, ETH0, vip));
        ck_assert_uint_eq(n_changes, 0);
        turn();
        ck_assert(group_owns(group, ETH0, vip));
        ck_assert_uint_eq(n_changes, 1);
        ck_assert(changes[0].owner && changes[0].ifindex == ETH0 && ip_eq(changes[0].ip, vip));
        ck_assert(!group_owns(group, ETH1, vip)); /* another segment is another question */
}
END_TEST

START_TEST(second_does_not)
{
        group_set(group, ETH0, vip, true, 2);
        group_set(group, ETH1, vip, false, 0);
        turn();
        ck_assert_uint_eq(n_changes, 0);
        ck_assert(!group_owns(group, ETH0, vip) && !group_owns(group, ETH1, vip));
}
END_TEST

START_TEST(rank_moves_ownership)
{
        group_set(group, ETH0, vip, true, 2);
        turn();
        group_set(group, ETH0, vip, true, 1);
        turn();
        ck_assert_uint_eq(n_changes, 1);
        group_set(group, ETH0, vip, true, 2);
        turn();
        ck_assert_uint_eq(n_changes, 2);
        ck_assert(!changes[1].owner && !group_owns(group, ETH0, vip));
}
END_TEST

START_TEST(same_again_tells_nothing)
{
        for (int i = 0; i < 3; i++) {
                group_set(group, ETH0, vip, true, 1);
                turn();
        }
        ck_assert_uint_eq(n_changes, 1);
}
END_TEST

START_TEST(giving_up_is_immediate_and_not_told)
{
        group_set(group, ETH0, vip, true, 1);
        group_set(group, ETH1, vip, true, 1);
        turn();
        ck_assert_uint_eq(n_changes, 2);
        group_set(group, ETH0, vip, false, 0);
        group_unset(group, ETH1, vip);
        ck_assert(!group_owns(group, ETH0, vip) && !group_owns(group, ETH1, vip));
        turn();
        ck_assert_uint_eq(n_changes, 2);
}
END_TEST

START_TEST(given_up_and_taken_again_is_told_again)
{
        group_set(group, ETH0, vip, true, 1);
        turn();
        group_set(group, ETH0, vip, false, 0);
        group_set(group, ETH0, vip, true, 1);
        ck_assert(!group_owns(group, ETH0, vip));
        turn();
        ck_assert_uint_eq(n_changes, 2);
        ck_assert(changes[1].owner);
}
END_TEST

START_TEST(gone_before_it_was_told)
{
        group_set(group, ETH0, vip, true, 1);
        group_unset(group, ETH0, vip);
        turn();
        ck_assert_uint_eq(n_changes, 0);
        group_unset(group, ETH0, vip);
        group_set(group, ETH0, vip, true, 1);
        group_unset(group, ETH0, vip);
        group_set(group, ETH0, vip, true, 1);
        turn();
        ck_assert_uint_eq(n_changes, 1);
}
END_TEST

static void unset_the_other(void *arg, int ifindex, struct ip ip, bool owner)
{
        (void)arg;
        (void)owner;
        n_changes++;
        group_unset(group, ifindex == ETH0 ? ETH1 : ETH0, ip);
}

START_TEST(listener_may_change_seats)
{
        group_listen(group, unset_the_other, NULL);
        group_set(group, ETH0, vip, true, 1);
        group_set(group, ETH1, vip, true, 1);
        turn();
        ck_assert_uint_eq(n_changes, 1);
        ck_assert(group_owns(group, ETH0, vip) && !group_owns(group, ETH1, vip));
}
END_TEST

START_TEST(freed_with_news_untold)
{
        group_set(group, ETH0, vip, true, 1);
        group_free(group);
        group = NULL;
        turn();
        ck_assert_uint_eq(n_changes, 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("group/group");
        TCase *cases = tcase_create("group");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(cases, make, unmake);
        tcase_add_test(cases, first_candidate_becomes_owner_later);
        tcase_add_test(cases, second_does_not);
        tcase_add_test(cases, rank_moves_ownership);
        tcase_add_test(cases, same_again_tells_nothing);
        tcase_add_test(cases, giving_up_is_immediate_and_not_told);
        tcase_add_test(cases, given_up_and_taken_again_is_told_again);
        tcase_add_test(cases, gone_before_it_was_told);
        tcase_add_test(cases, listener_may_change_seats);
        tcase_add_test(cases, freed_with_news_untold);
        suite_add_tcase(suite, cases);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
