#include "base/arena.h"
#include "k8s/slice_names.h"
#include "test/unit/base/suite.h"
#include <stdio.h>
#include <string.h>

static struct slice_names *names;
static char *selector;

static enum slice_scope ask(void)
{
        free(selector);
        return slice_names_ask(names, &selector);
}

static void add_many(int from, int to)
{
        for (int i = from; i < to; i++) {
                char name[16];
                snprintf(name, sizeof(name), "s%d", i);
                slice_names_add(names, name);
        }
}

static void remove_many(int from, int to)
{
        for (int i = from; i < to; i++) {
                char name[16];
                snprintf(name, sizeof(name), "s%d", i);
                slice_names_remove(names, name);
        }
}

START_TEST(names_come_and_go)
{
        names = slice_names_new();
        selector = NULL;
        ck_assert(!slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NONE);
        ck_assert_ptr_null(selector);
        slice_names_add(names, "web");
        ck_assert(slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NAMED);
        ck_assert_str_eq(selector, "kubernetes.io/service-name in (web)");
        ck_assert(!slice_names_outdated(names));
        slice_names_add(names, "web"); /* in another namespace */
        ck_assert(!slice_names_outdated(names));
        slice_names_add(names, "db");
        ck_assert(slice_names_outdated(names));
        ask();
        ck_assert_str_eq(selector, "kubernetes.io/service-name in (web,db)");
        slice_names_remove(names, "web");
        slice_names_remove(names, "db");
        ck_assert(!slice_names_outdated(names)); /* one web is left; db costs nothing */
        slice_names_add(names, "db");
        ck_assert(!slice_names_outdated(names)); /* it was asked for all the time */
        slice_names_remove(names, "db");
        slice_names_remove(names, "web");
        ck_assert(slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NONE);
        slice_names_remove(names, "never");
        ck_assert(!slice_names_outdated(names));
        slice_names_free(names);
        free(selector);
}
END_TEST

START_TEST(many_names_are_all_and_the_way_back_is_longer)
{
        names = slice_names_new();
        selector = NULL;
        add_many(0, 120);
        ck_assert_int_eq(ask(), SLICES_NAMED);
        ck_assert_uint_lt(strlen(selector), 8000);
        add_many(120, 121);
        ck_assert(slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_ALL);
        ck_assert_str_eq(selector, "!service.kubernetes.io/headless");
        add_many(121, 5000);
        ck_assert(!slice_names_outdated(names));
        remove_many(61, 5000);
        ck_assert(!slice_names_outdated(names));
        remove_many(60, 61);
        ck_assert(slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NAMED);
        remove_many(20, 60); /* most of what is asked for is gone */
        ck_assert(slice_names_outdated(names));
        slice_names_free(names);
        free(selector);
}
END_TEST

START_TEST(long_names_count_by_their_length)
{
        char name[64];
        names = slice_names_new();
        selector = NULL;
        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "%063d", i);
                slice_names_add(names, name);
        }
        ck_assert_int_eq(ask(), SLICES_ALL);
        slice_names_free(names);
        free(selector);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {names_come_and_go, many_names_are_all_and_the_way_back_is_longer,
                                      long_names_count_by_their_length};
        return run_tests("slice_names", tests, sizeof(tests) / sizeof(tests[0]));
}
