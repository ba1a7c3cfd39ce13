#include "base/base64.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *in, *out;
} rows[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYmFy", "foobar"},
        {"Zm9vYg", "foob"},          /* without padding */
        {" Zm9v\nYmFy\n", "foobar"}, /* as `base64` wraps it */
        {"_-__", NULL},
        {"Zm9vY", NULL},
        {"Zg==Zg==", NULL},
        {"Zm=vYg", NULL},
        {"Zm9v====", NULL},
        {"Zm8AYmFy", NULL}, /* a NUL in it */
        {"Zm9v!", NULL},
};

START_TEST(decoding)
{
        char *text = base64_text(rows[_i].in);
        if (rows[_i].out)
                ck_assert_str_eq(text, rows[_i].out);
        else
                ck_assert_ptr_null(text);
        free(text);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("base64");
        TCase *tcase = tcase_create("base64");
        tcase_add_loop_test(tcase, decoding, 0, sizeof(rows) / sizeof(rows[0]));
        suite_add_tcase(suite, tcase);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
