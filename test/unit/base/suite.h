/* What every Check program of ours ends with: run these tests, tell, exit. */
#pragma once
#include <check.h>
#include <stddef.h>
#include <stdlib.h>

static inline int run_tests(const char *name, const TTest *const *tests, size_t n)
{
        Suite *suite = suite_create(name);
        TCase *tcase = tcase_create(name);
        tcase_set_timeout(tcase, 60);
        for (size_t i = 0; i < n; i++)
                tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
