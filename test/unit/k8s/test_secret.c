#include "k8s/secret.h"
#include "json/json.h"
#include <check.h>
#include <string.h>

START_TEST(a_tree_forgets_all_its_strings)
{
        struct json_object *tree = json_tokener_parse("{\"users\":[{\"name\":\"a\",\"user\":{\"token\":"
                                                      "\"s3cret\",\"n\":7}},\"another, and a long one\"]}");
        struct json_object *users = json_array_at(tree, "users"),
                           *user = json_object_at(json_item(users, 0), "user");
        const char *token = json_string_at(user, "token"), *other = json_string(json_item(users, 1));
        static const char zeros[32];
        secret_tree_wipe(tree);
        ck_assert_mem_eq(token, zeros, 6);
        ck_assert_mem_eq(other, zeros, strlen("another, and a long one"));
        ck_assert_int_eq(json_int_at(user, "n"), 7);
        json_object_put(tree);
        secret_tree_wipe(NULL);
}
END_TEST

START_TEST(nothing_is_fine)
{
        secret_free(NULL);
        secret_list_free(NULL);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("secret");
        TCase *tc = tcase_create("secret");
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, a_tree_forgets_all_its_strings);
        tcase_add_test(tc, nothing_is_fine);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
