#include "base/arena.h"
#include "k8s/slice_names.h"
#include "test/unit/base/suite.h"
#include <stdio.h>
#include <string.h>

static struct slice_names *names;
static char *selector;

/* The Services that are there. */
static char there[6000][72];
static size_t n_there;

static const char *next(void *arg)
{
        size_t *at = arg;
        return *at < n_there ? there[(*at)++] : NULL;
}

static enum slice_scope ask(void)
{
        size_t at = 0;
        free(selector);
        return slice_names_ask(names, next, &at, &selector);
}

static void add(const char *name)
{
        snprintf(there[n_there++], sizeof(there[0]), "%s", name);
        slice_names_add(names, name);
}

static void take_away(const char *name)
{
        size_t i = 0;
        while (strcmp(there[i], name) != 0)
                i++;
        slice_names_remove(names, name);
        memmove(there[i], there[--n_there], sizeof(there[0]));
}

static void add_many(int from, int to)
{
        for (int i = from; i < to; i++) {
                char name[16];
                snprintf(name, sizeof(name), "s%d", i);
                add(name);
        }
}

static void remove_many(int from, int to)
{
        for (int i = from; i < to; i++) {
                char name[16];
                snprintf(name, sizeof(name), "s%d", i);
                take_away(name);
        }
}

START_TEST(names_come_and_go)
{
        names = slice_names_new();
        n_there = 0;
        selector = NULL;
        ck_assert(!slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NONE);
        ck_assert_ptr_null(selector);
        add("web");
        ck_assert(slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NAMED);
        ck_assert_str_eq(selector, "kubernetes.io/service-name in (web)");
        ck_assert(!slice_names_outdated(names));
        add("web"); /* in another namespace */
        ck_assert(!slice_names_outdated(names));
        add("db");
        ck_assert(slice_names_outdated(names));
        ask();
        ck_assert_str_eq(selector, "kubernetes.io/service-name in (web,db)");
        take_away("web");
        take_away("db");
        ck_assert(!slice_names_outdated(names)); /* one web is left; db costs nothing */
        add("db");
        ck_assert(!slice_names_outdated(names)); /* it was asked for all the time */
        take_away("db");
        take_away("web");
        ck_assert(slice_names_outdated(names));
        ck_assert_int_eq(ask(), SLICES_NONE);
                add("a");
        ask();
        slice_names_reset(names); /* a relist: what was asked for holds on */
        slice_names_add(names, "a");
        ck_assert(!slice_names_outdated(names));
        slice_names_add(names, "b");
        ck_assert(slice_names_outdated(names));
        slice_names_free(names);
        free(selector);
}
END_TEST

START_TEST(many_names_are_all_and_the_way_back_is_longer)
{
        names = slice_names_new();
        n_there = 0;
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
        n_there = 0;
        selector = NULL;
        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "%063d", i);
                add(name);
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
