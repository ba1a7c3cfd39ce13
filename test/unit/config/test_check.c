#include "base/arena.h"
#include "config/check.h"
#include "read_config.h"
#include <json-c/json.h>

static const char text[] = "apiVersion: heraldlb.io/v1alpha1\n"
                           "kind: IPAddressPool\n"
                           "metadata: {name: lan, namespace: default}\n"
                           "spec:\n"
                           "  addresses: [10.0.0.9-10.0.0.1]\n"
                           "  autoAssign: 1\n"
                           "---\n"
                           "apiVersion: v2\n"
                           "kind: Something\n"
                           "---\n"
                           "a: [\n"
                           "---\n"
                           "b: [\n"
                           "---\n"
                           "apiVersion: heraldlb.io/v1alpha1\n"
                           "kind: L2Advertisement\n"
                           "metadata: {name: l2}\n"
                           "---\n"
                           "apiVersion: metallb.io/v1beta1\n"
                           "kind: L2Advertisement\n"
                           "metadata: {name: l2}\n";

START_TEST(lines)
{
        static const char *const expected[] = {
                "test.yaml:5: error: IPAddressPool default/lan: spec.addresses[0]: \"10.0.0.9-10.0.0.1\" "
                "starts after it "
                "ends; swap the two addresses (InvalidValue)",
                "test.yaml:6: error: IPAddressPool default/lan: spec.autoAssign: must be true or false, but "
                "is 1; write "
                "true or false (InvalidValue)",
                "test.yaml:8: note: Something: is not configuration of HeraldLB; skipped (UnknownKind)",
        };
        struct config *config = config_of_text(text);
        for (size_t i = 0; i < 3; i++) {
                char *line = check_line(&config->verdicts[i]);
                ck_assert_str_eq(line, expected[i]);
                free(line);
        }
        char *line = check_line(&config->verdicts[3]);
        ck_assert_ptr_eq(strstr(line, "test.yaml:12: error: is not valid YAML"), line);
        free(line);
        config_free(config);
}
END_TEST

START_TEST(summary)
{
        struct config *config = config_of_text(text);
        struct check_summary sum = check_summary(config);
        ck_assert_uint_eq(sum.objects, 6);
        ck_assert_uint_eq(sum.errors, 4);
        ck_assert_uint_eq(sum.warnings, 1);
        ck_assert_uint_eq(sum.notes, 1);
        config_free(config);
}
END_TEST

START_TEST(as_json)
{
        struct config *config = config_of_text(text);
        struct json_object *json = check_json(config), *problems = json_object_object_get(json, "problems");
        ck_assert_int_eq(json_object_get_int(json_object_object_get(json, "errors")), 4);
        ck_assert_uint_eq(json_object_array_length(problems), 6);
        struct json_object *first = json_object_array_get_idx(problems, 0);
        static const char *const expected[][2] = {
                {"severity", "error"},      {"file", "test.yaml"},   {"group", "heraldlb.io"},
                {"kind", "IPAddressPool"},  {"name", "lan"},         {"field", "spec.addresses[0]"},
                {"reason", "InvalidValue"}, {"namespace", "default"}};
        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
                ck_assert_str_eq(json_object_get_string(json_object_object_get(first, expected[i][0])),
                                 expected[i][1]);
        ck_assert_int_eq(json_object_get_int(json_object_object_get(first, "line")), 5);
        json_object_put(json);
        config_free(config);
}
END_TEST

/* Names of files, of fields and values are written by others; a line goes to a terminal. */
START_TEST(lines_do_not_steer_a_terminal)
{
        const struct verdict unread = {.ref = {.namespace = "", .name = ""},
                                       .kind = "",
                                       .file = "x\x1b[2J\xff.yaml",
                                       .line = 1,
                                       .message = "cannot be read"};
        char *line = check_line(&unread);
        ck_assert_ptr_eq(strstr(line, "x [2J?.yaml:1: error: cannot be read"), line);
        free(line);
        struct config *config = config_of_text(
                "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: lan}\n"
                "spec: {addresses: [\"\\x9b31m\"], \"\\e[1m\": 1}\n");
        ck_assert_uint_eq(config->n_verdicts, 2);
        ck_assert_ptr_nonnull(strstr(config->verdicts[1].message, "spec.addresses[0]: \" 31m\" is neither"));
        ck_assert_ptr_nonnull(strstr(config->verdicts[0].message, "spec. [1m: is not a field"));
        config_free(config);
}
END_TEST

/* What we ship as an example must be without a word to say. */
START_TEST(samples_are_good)
{
        struct config *config = config_of_path(TEST_DATA "/../../deploy/samples");
        ck_assert_uint_ge(config->n_peers, 2);
        ck_assert_uint_ge(config->n_pools, 2);
        for (size_t i = 0; i < config->n_verdicts; i++) {
                char *line = check_line(&config->verdicts[i]);
                ck_assert_msg(check_severity(&config->verdicts[i]) == SEVERITY_NONE, "%s", line);
                free(line);
        }
        config_free(config);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("check");
        tcase_add_test(tests, lines);
        tcase_add_test(tests, summary);
        tcase_add_test(tests, as_json);
        tcase_add_test(tests, lines_do_not_steer_a_terminal);
        tcase_add_test(tests, samples_are_good);
        return run_tests(tests);
}
