#include "json/json.h"
#include <check.h>
#include <stdlib.h>

static struct json_object *tree;

static void setup(void)
{
        tree = json_tokener_parse(
                "{\"o\":{\"a\":1},\"l\":[\"x\",2],\"s\":\"text\",\"nul\":\"a\\u0000b\",\"i\":-7,"
                "\"d\":1.5,\"t\":true,\"f\":false,\"none\":null}");
        ck_assert_ptr_nonnull(tree);
}

static void teardown(void)
{
        json_object_put(tree);
}

START_TEST(what_has_the_type_is_there)
{
        bool value = false;
        ck_assert_int_eq(json_int_at(json_object_at(tree, "o"), "a"), 1);
        ck_assert_uint_eq(json_count(json_array_at(tree, "l")), 2);
        ck_assert_str_eq(json_string(json_item(json_array_at(tree, "l"), 0)), "x");
        ck_assert_str_eq(json_string_at(tree, "s"), "text");
        ck_assert_int_eq(json_int_at(tree, "i"), -7);
        ck_assert(json_bool_at(tree, "t", &value) && value);
        ck_assert(json_bool_at(tree, "f", &value) && !value);
        ck_assert(json_object_is_type(json_at(tree, "d"), json_type_double));
        ck_assert_ptr_nonnull(json_member(tree, "d", json_type_double));
}
END_TEST

START_TEST(what_has_another_type_is_not)
{
        static const char *const keys[] = {"o", "l", "s", "nul", "i", "d", "t", "none", "missing"};
        bool value = true;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                const char *key = keys[i];
                ck_assert((json_object_at(tree, key) != NULL) == (*key == 'o'));
                ck_assert((json_array_at(tree, key) != NULL) == (*key == 'l'));
                ck_assert((json_string_at(tree, key) != NULL) == (*key == 's'));
                ck_assert((json_int_at(tree, key) != 0) == (*key == 'i'));
                ck_assert(json_bool_at(tree, key, &value) == (*key == 't') && value);
        }
        ck_assert_ptr_null(json_at(tree, "missing"));
        ck_assert_ptr_null(json_at(tree, "none"));
        ck_assert_ptr_null(json_item(json_array_at(tree, "l"), 2));
}
END_TEST

START_TEST(anything_may_be_asked)
{
        struct json_object *const things[] = {NULL, json_array_at(tree, "l"), json_at(tree, "s")};
        bool value = true;
        for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
                ck_assert_ptr_null(json_at(things[i], "a"));
                ck_assert_ptr_null(json_string_at(things[i], "a"));
                ck_assert_int_eq(json_int_at(things[i], "a"), 0);
                ck_assert(!json_bool_at(things[i], "a", &value) && value);
        }
        ck_assert_uint_eq(json_count(json_at(tree, "o")), 0);
        ck_assert_ptr_null(json_item(NULL, 0));
        ck_assert_ptr_null(json_string(NULL));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("json");
        TCase *tc = tcase_create("json");
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, what_has_the_type_is_there);
        tcase_add_test(tc, what_has_another_type_is_not);
        tcase_add_test(tc, anything_may_be_asked);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
