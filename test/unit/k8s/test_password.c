#include "k8s/password.h"
#include "k8s/secret.h"
#include "json/json.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS_21 "eHh4eHh4eHh4eHh4eHh4eHh4eHh4" /* all x */

static const struct {
        const char *secret, *password, *why;
} rows[] = {
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"password\":\"czNjcmV0\"}}", "s3cret", NULL},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"stringData\":{\"password\":\"plain\"},"
         "\"data\":{\"password\":\"czNjcmV0\"}}",
         "plain", NULL}, /* as the API server decides */
        {"{\"type\":\"Opaque\",\"data\":{\"password\":\"czNjcmV0\"}}", NULL,
         "is not of type kubernetes.io/basic-auth"},
        {"{\"data\":{\"password\":\"czNjcmV0\"}}", NULL, "is not of type kubernetes.io/basic-auth"},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"username\":\"czNjcmV0\"}}", NULL,
         "has no key password"},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":[\"password\"]}", NULL, "has no key password"},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"password\":5}}", NULL, "has no key password"},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"password\":\"?\"}}", NULL,
         "has a password that is not base64 of a text"},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"password\":\"\"}}", NULL, "has an empty password"},
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"password\":\"" OCTETS_21 OCTETS_21 OCTETS_21
         "eHh4eHh4eHh4eHh4eHh4eHg=\"}}",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL}, /* 80 */
        {"{\"type\":\"kubernetes.io/basic-auth\",\"data\":{\"password\":\"" OCTETS_21 OCTETS_21 OCTETS_21
         "eHh4eHh4eHh4eHh4eHh4eHh4\"}}",
         NULL, "has a password of more than 80 octets, the most that a TCP MD5 signature takes"},
        {"[]", NULL, "is not of type kubernetes.io/basic-auth"},
};

START_TEST(what_a_secret_holds)
{
        struct json_object *root = json_tokener_parse(rows[_i].secret);
        const char *why = NULL;
        char *password = password_of_secret(root, &why);
        if (rows[_i].password) {
                ck_assert_str_eq(password, rows[_i].password);
        } else {
                ck_assert_ptr_null(password);
                ck_assert_str_eq(why, rows[_i].why);
        }
        secret_free(password);
        json_object_put(root);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("password");
        TCase *tc = tcase_create("password");
        suite_add_tcase(suite, tc);
        tcase_add_loop_test(tc, what_a_secret_holds, 0, sizeof(rows) / sizeof(rows[0]));
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
