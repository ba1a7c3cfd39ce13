#include "report/metrics.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(groups_samples_by_metric)
{
        struct metrics *m = metrics_new();
        char *page;

        metrics_put(m, METRIC_BGP_SESSION_UP, 1, "peer", "vyos", NULL);
        metrics_put(m, METRIC_SYNCED, 1, NULL);
        metrics_put(m, METRIC_BGP_SESSION_UP, 0, "peer", "opnsense", NULL);
        page = metrics_render(m);
        ck_assert_str_eq(page, "# HELP herald_synced 1 once every required kind was listed.\n"
                               "# TYPE herald_synced gauge\n"
                               "herald_synced 1\n"
                               "# HELP herald_bgp_session_up 1 while the session is Established.\n"
                               "# TYPE herald_bgp_session_up gauge\n"
                               "herald_bgp_session_up{peer=\"vyos\"} 1\n"
                               "herald_bgp_session_up{peer=\"opnsense\"} 0\n");
        free(page);
        metrics_free(m);
}
END_TEST

START_TEST(escapes_label_values)
{
        struct metrics *m = metrics_new();
        char *page;

        metrics_put(m, METRIC_POOL_ADDRESSES, 51, "pool", "a\"b\\c\nd", "family", "IPv4", NULL);
        page = metrics_render(m);
        ck_assert_ptr_nonnull(
                strstr(page, "herald_pool_addresses{pool=\"a\\\"b\\\\c\\nd\",family=\"IPv4\"} 51\n"));
        free(page);
        metrics_free(m);
}
END_TEST

START_TEST(every_metric_has_its_own_name)
{
        struct metrics *m = metrics_new();
        char *page, *line, *rest;
        size_t types = 0;

        for (int i = 0; i < METRIC_MAX; i++)
                metrics_put(m, (enum metric)i, i, NULL);
        page = metrics_render(m);
        for (line = strtok_r(page, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                if (strncmp(line, "# TYPE ", 7) != 0)
                        continue;
                types++;
                ck_assert_msg(!strstr(line, "_total") == !strstr(line, " counter"), "%s", line);
        }
        ck_assert_uint_eq(types, METRIC_MAX);
        free(page);
        metrics_free(m);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("metrics");
        TCase *tc = tcase_create("metrics");
        SRunner *runner;
        int failed;

        tcase_add_test(tc, groups_samples_by_metric);
        tcase_add_test(tc, escapes_label_values);
        tcase_add_test(tc, every_metric_has_its_own_name);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
