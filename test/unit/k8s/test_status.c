#include "k8s/status.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static void check_body(const char *body, const char *expected)
{
        char *sentence = status_of_body(body, strlen(body), 403);
        ck_assert_str_eq(sentence, expected);
        free(sentence);
}

START_TEST(bodies)
{
        check_body("{\"kind\":\"Status\",\"message\":\"no\\n\\u001brights\"}",
                   "the server answered 403: no  rights");
        check_body("{\"message\":7}", "the server answered 403");
        check_body("{\"message\":\"\"}", "the server answered 403");
        check_body("<html>", "the server answered 403");
        check_body("[]", "the server answered 403");
        check_body("{\"message\":\"cut", "the server answered 403");
        check_body("", "the server answered 403");
}
END_TEST

START_TEST(long_messages_are_cut)
{
        char body[1000];
        memset(body, 'x', sizeof(body));
        memcpy(body, "{\"message\":\"", 12);
        memcpy(body + sizeof(body) - 3, "\"}", 3);
        char *sentence = status_of_body(body, strlen(body), 500);
        ck_assert_uint_eq(strlen(sentence), strlen("the server answered 500: ") + 300);
        free(sentence);
        /* a character of two octets at the cut */
        memset(body + 12, 'x', 299);
        memcpy(body + 12 + 299, "\xc3\xa9", 2);
        sentence = status_of_body(body, strlen(body), 500);
        ck_assert_uint_eq(strlen(sentence), strlen("the server answered 500: ") + 299);
        free(sentence);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("status");
        TCase *tc = tcase_create("status");
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, bodies);
        tcase_add_test(tc, long_messages_are_cut);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
