/* Joins real groups on the loopback interface, which needs no capability, and reads the kernel's list of
 * them. */
#include "l2/mcast.h"
#include "wire.h"
#include <stdio.h>

#define LOOPBACK 1

static bool has_ipv6(void)
{
        FILE *f = fopen("/proc/net/if_inet6", "r");
        char line[256];
        bool found = false;

        while (f != NULL && fgets(line, sizeof(line), f) != NULL)
                found |= strstr(line, " 01 ") != NULL;
        if (f != NULL)
                fclose(f);
        return found;
}

/* What the kernel counts for ff02::1:ff<last 3 bytes> on the loopback; 0 if it is not a member. */
static int users(const char *last)
{
        FILE *f = fopen("/proc/net/igmp6", "r");
        char group[33], name[32], wanted[33];
        int index, count, found = 0;

        snprintf(wanted, sizeof(wanted), "ff0200000000000000000001ff%s", last);
        while (f != NULL && fscanf(f, "%d %31s %32s %d %*s %*s", &index, name, group, &count) == 4)
                if (index == LOOPBACK && strcmp(group, wanted) == 0)
                        found = count;
        if (f != NULL)
                fclose(f);
        return found;
}

START_TEST(addresses_share_a_group)
{
        struct mcast *m = mcast_new(LOOPBACK);
        bool real = has_ipv6();

        ck_assert(mcast_join(m, ip_of("2001:db8::a1:b2c3")));
        ck_assert(!mcast_join(m, ip_of("fd00::a1:b2c3")));
        ck_assert(mcast_join(m, ip_of("2001:db8::a1:b2c4")));
        if (real) {
                ck_assert_int_eq(users("a1b2c3"), 1);
                ck_assert_int_eq(users("a1b2c4"), 1);
                ck_assert_uint_eq(mcast_failed(m), 0);
        }
        ck_assert(!mcast_leave(m, ip_of("2001:db8::a1:b2c3")));
        ck_assert(!real || users("a1b2c3") == 1);
        ck_assert(mcast_leave(m, ip_of("fd00::a1:b2c3")));
        ck_assert_int_eq(users("a1b2c3"), 0);
        ck_assert(!mcast_leave(m, ip_of("fd00::a1:b2c3")));
        mcast_free(m);
        ck_assert_int_eq(users("a1b2c4"), 0);
}
END_TEST

/* More than the kernel allows one socket (net.core.optmem_max). */
START_TEST(hundreds_of_groups)
{
        struct mcast *m = mcast_new(LOOPBACK);
        struct ip vip = ip_of("2001:db8::c0:0");

        for (int i = 0; i < 1000; i++) {
                ck_assert(ip_add(&vip, 1));
                ck_assert(mcast_join(m, vip));
        }
        if (has_ipv6()) {
                ck_assert_uint_eq(mcast_failed(m), 0);
                ck_assert_int_eq(users("c003e8"), 1);
        }
        mcast_free(m);
}
END_TEST

START_TEST(rejoins_a_few_at_a_time)
{
        struct mcast *m = mcast_new(LOOPBACK);
        struct ip vip = ip_of("2001:db8::d0:0");
        int turns = 1;

        ck_assert(!mcast_rejoin(m, 1)); /* nothing to do */
        for (int i = 0; i < 100; i++) {
                ck_assert(ip_add(&vip, 1));
                ck_assert(mcast_join(m, vip));
        }
        ck_assert(mcast_rejoin(m, 10));
        for (int i = 10; i < 20; i++) { /* those that come next go away meanwhile */
                vip = ip_of("2001:db8::d0:1");
                ck_assert(ip_add(&vip, (uint64_t)i));
                ck_assert(mcast_leave(m, vip));
        }
        while (mcast_rejoin(m, 10))
                turns++;
        ck_assert_int_eq(turns, 8);
        if (has_ipv6()) {
                ck_assert_uint_eq(mcast_failed(m), 0);
                ck_assert_int_eq(users("d00001"), 1);
                ck_assert_int_eq(users("d0000b"), 0);
                ck_assert_int_eq(users("d00064"), 1);
        }
        mcast_free(m);
}
END_TEST

START_TEST(failure_is_counted_and_forgotten)
{
        struct mcast *m = mcast_new(0x7fffffff);

        ck_assert(mcast_join(m, ip_of("2001:db8::1")));
        ck_assert_uint_eq(mcast_failed(m), 1);
        ck_assert(mcast_leave(m, ip_of("2001:db8::1")));
        ck_assert_uint_eq(mcast_failed(m), 0);
        mcast_free(m);
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("mcast");

        tcase_add_test(cases, addresses_share_a_group);
        tcase_add_test(cases, hundreds_of_groups);
        tcase_add_test(cases, rejoins_a_few_at_a_time);
        tcase_add_test(cases, failure_is_counted_and_forgotten);
        return run_suite(cases, "l2/mcast");
}
