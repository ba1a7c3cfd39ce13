#include "config/scalar.h"
#include "read_config.h"
#include <json-c/json.h>

static const struct {
        const char *text;
        enum json_type type;
        const char *printed;
} scalars[] = {
        {"", json_type_null, "null"},
        {"~", json_type_null, "null"},
        {"NULL", json_type_null, "null"},
        {"nULL", json_type_string, "\"nULL\""},
        {"true", json_type_boolean, "true"},
        {"False", json_type_boolean, "false"},
        {"yes", json_type_string, "\"yes\""},
        {"off", json_type_string, "\"off\""},
        {"0", json_type_int, "0"},
        {"-0", json_type_int, "0"},
        {"+12", json_type_int, "12"},
        {"-9223372036854775808", json_type_int, "-9223372036854775808"},
        {"18446744073709551615", json_type_int, "18446744073709551615"},
        {"18446744073709551616", json_type_double, "18446744073709551616"},
        {"-9223372036854775809", json_type_double, "-9223372036854775809"},
        {"1.10", json_type_double, "1.10"},
        {"1e3", json_type_double, "1e3"},
        {"1.", json_type_double, "1."},
        {"010", json_type_string, "\"010\""},
        {"0x10", json_type_string, "\"0x10\""},
        {"1_000", json_type_string, "\"1_000\""},
        {"1e", json_type_string, "\"1e\""},
        {"-", json_type_string, "\"-\""},
        {".5", json_type_string, "\".5\""},
        {"10.0.0.1", json_type_string, "\"10.0.0.1\""},
        {"12:30", json_type_string, "\"12:30\""},
        {"2026-01-01", json_type_string, "\"2026-01-01\""},
};

START_TEST(plain_scalars)
{
        struct json_object *value = scalar_plain(scalars[_i].text, strlen(scalars[_i].text));
        ck_assert_int_eq(json_object_get_type(value), scalars[_i].type);
        ck_assert_str_eq(json_object_to_json_string(value), scalars[_i].printed);
        json_object_put(value);
}
END_TEST

START_TEST(surrogates)
{
        const char *pair = " {\"a\": \"\\uD83D\\uDE00\"}", *lone = "{\"a\": \"\\ud83d\\u0041\"}",
                   *escaped = "{\"a\": \"\\\\ud83d\\ude00\"}", *yaml = "a: \"\\ud83d\\ude00\"";
        size_t len = strlen(pair);
        char *out = json_surrogates_to_utf8(pair, &len);
        ck_assert_str_eq(out, " {\"a\": \"\xf0\x9f\x98\x80\"}");
        ck_assert_uint_eq(len, strlen(out));
        free(out);
        len = strlen(lone);
        out = json_surrogates_to_utf8(lone, &len);
        ck_assert_str_eq(out, lone);
        free(out);
        len = strlen(escaped);
        out = json_surrogates_to_utf8(escaped, &len);
        ck_assert_str_eq(out, escaped);
        free(out);
        len = strlen(yaml);
        ck_assert_ptr_null(json_surrogates_to_utf8(yaml, &len));
        len = 0;
        ck_assert_ptr_null(json_surrogates_to_utf8("", &len));
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("scalar");
        tcase_add_loop_test(tests, plain_scalars, 0, sizeof(scalars) / sizeof(scalars[0]));
        tcase_add_test(tests, surrogates);
        return run_tests(tests);
}
