#include "k8s/managed_fields.h"
#include "test/unit/base/suite.h"
#include <check.h>
#include <string.h>

static char kept[256];

/* What of the text is to be parsed, with ~ for what is left out and | where the value ends; the text comes in two
 * pieces. */
static const char *keep(const char *text, size_t cut)
{
        struct managed_fields m = {0};
        size_t at = 0, n = strlen(text);
        kept[0] = '\0';
        while (at < n) {
                size_t end = at < cut ? cut : n, used;
                if (m.leaving_out) {
                        used = managed_fields_leave_out(&m, text + at, end - at);
                        at += used;
                        if (!m.leaving_out)
                                strcat(kept, "~");
                        continue;
                }
                used = managed_fields_take(&m, text + at, end - at);
                strncat(kept, text + at, used);
                at += used;
                if (at < end && !m.leaving_out) {
                        strcat(kept, "|");
                        break;
                }
        }
        return kept;
}

START_TEST(arrays_of_that_name_are_left_out_wherever_the_bytes_are_cut)
{
        static const char *const cases[][2] = {
                {"{\"managedFields\":[]}", "{\"managedFields\":~}"},
                {"{\"managedFields\" :\t[1,[2],{\"a\":[3]}] ,\"b\":1}", "{\"managedFields\" :\t~ ,\"b\":1}"},
                {"{\"managedFields\":[\"]\",\"\\\"]\",\"\\\\\"]}", "{\"managedFields\":~}"},
                {"{\"managedFields\":null,\"a\":[1]}", "{\"managedFields\":null,\"a\":[1]}"},
                {"{\"managedFields\":{\"a\":[1]}}", "{\"managedFields\":{\"a\":[1]}}"},
                {"{\"a\":\"managedFields\",\"b\":[1]}", "{\"a\":\"managedFields\",\"b\":[1]}"},
                {"{\"managedField\":[1]}", "{\"managedField\":[1]}"},
                {"{\"managedFieldss\":[1]}", "{\"managedFieldss\":[1]}"},
                {"{\"xmanagedFields\":[1]}", "{\"xmanagedFields\":[1]}"},
                {"{\"\\\"managedFields\":[1]}", "{\"\\\"managedFields\":[1]}"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                for (size_t cut = 0; cut <= strlen(cases[i][0]); cut++)
                        ck_assert_str_eq(keep(cases[i][0], cut), cases[i][1]);
}
END_TEST

START_TEST(nothing_is_taken_beyond_the_end_of_the_value)
{
        static const char *const cases[][2] = {
                {"{} {", "{}|"},
                {"[\"managedFields\",[1]],", "[\"managedFields\",[1]]|"},
                {"{\"a\":\"}\\\"}\"},", "{\"a\":\"}\\\"}\"}|"},
                {"{\"m\":{\"managedFields\":[{}]}}{\"n\":1}", "{\"m\":{\"managedFields\":~}}|"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                ck_assert_str_eq(keep(cases[i][0], 0), cases[i][1]);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {arrays_of_that_name_are_left_out_wherever_the_bytes_are_cut,
                                      nothing_is_taken_beyond_the_end_of_the_value};
        return run_tests("managed_fields", tests, sizeof(tests) / sizeof(tests[0]));
}
