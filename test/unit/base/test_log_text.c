#include "base/log.h"
#include "base/log_text.h"
#include "suite.h"

#include <string.h>

static const char *quoted(const char *s)
{
        static char buf[4096];
        struct text t = {.p = buf, .cap = sizeof(buf) - 1};
        text_add_quoted(&t, s);
        ck_assert(!t.cut);
        buf[t.len] = '\0';
        return buf;
}

static const char *pairs(const char *s)
{
        static char buf[4096];
        struct text t = {.p = buf, .cap = sizeof(buf) - 1};
        text_add_pairs(&t, s);
        buf[t.len] = '\0';
        return buf;
}

START_TEST(what_could_fool_a_reader_is_escaped)
{
        static const char *const rows[][2] = {
                {"", "\"\""},
                {"session is up", "\"session is up\""},
                {"say \"hi\"", "\"say \\\"hi\\\"\""},
                {"a\\b", "\"a\\\\b\""},
                {"a\nts=0 level=error", "\"a\\nts=0 level=error\""},
                {"a\r\tb", "\"a\\r\\tb\""},
                {"\x1b[31m\x01\x7f", "\"\\x1b[31m\\x01\\x7f\""},
                {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
                {"\xe2\x82\xac \xf0\x9f\x90\xa7", "\"\xe2\x82\xac \xf0\x9f\x90\xa7\""},
                {"\xc2\x9b"
                 "31m",
                 "\"\\xc2\\x9b31m\""},                   /* CSI of C1 */
                {"\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\""}, /* line separator */
                {"\xff\xfe", "\"\\xff\\xfe\""},
                {"\xc3", "\"\\xc3\""}, /* ends in the middle */
                {"\xc3(", "\"\\xc3(\""},
                {"\xc0\xaf", "\"\\xc0\\xaf\""},                   /* overlong */
                {"\xe0\x80\xaf", "\"\\xe0\\x80\\xaf\""},          /* overlong */
                {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},          /* surrogate */
                {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""}, /* past U+10FFFF */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                ck_assert_str_eq(quoted(rows[i][0]), rows[i][1]);
}
END_TEST

START_TEST(pairs_stay_on_their_line)
{
        ck_assert_str_eq(pairs("peer=vyos addr=192.0.2.1"), "peer=vyos addr=192.0.2.1");
        ck_assert_str_eq(pairs("peer=\"a \\\" b\" n=1"), "peer=\"a \\\" b\" n=1");
        ck_assert_str_eq(pairs("peer=x\nts=1"), "peer=x\\nts=1");
        ck_assert_str_eq(pairs("peer=\"x"), "peer=\"x\"");         /* what was left open is closed */
        ck_assert_str_eq(pairs("peer=\"x\\\""), "peer=\"x\\\"\""); /* an escaped quote does not close */
        ck_assert_str_eq(pairs("peer=\"x\\\\\""), "peer=\"x\\\\\"");
}
END_TEST

START_TEST(every_capacity_leaves_whole_units)
{
        static const char long_text[] = "a\n\"\xe2\x82\xac\x01 b";
        for (size_t cap = 2; cap < 40; cap++) {
                char *buf = malloc(cap);
                struct text t = {.p = buf, .cap = cap};
                text_add_quoted(&t, long_text);
                ck_assert_uint_le(t.len, cap);
                ck_assert(t.len >= 2 && buf[0] == '"' && buf[t.len - 1] == '"');
                ck_assert_int_eq(t.cut, t.len < strlen(quoted(long_text)));
                ck_assert_mem_eq(buf, quoted(long_text), t.len - 1);
                /* what was cut is cut before an escape or a character, not in it */
                if (t.cut)
                        ck_assert(strchr("\"an\xac"
                                         "1 b",
                                         buf[t.len - 2]) != NULL);
                free(buf);
        }
}
END_TEST

START_TEST(quote_quotes_what_needs_it)
{
        char buf[LOG_QUOTELEN], long_text[1000];
        ck_assert_str_eq(log_quote(buf, "vyos"), "vyos");
        ck_assert_str_eq(log_quote(buf, "2001:db8::1/128"), "2001:db8::1/128");
        ck_assert_str_eq(log_quote(buf, ""), "\"\"");
        ck_assert_str_eq(log_quote(buf, NULL), "\"\"");
        ck_assert_str_eq(log_quote(buf, "a b"), "\"a b\"");
        ck_assert_str_eq(log_quote(buf, "a=b"), "\"a=b\"");
        ck_assert_str_eq(log_quote(buf, "a\"b"), "\"a\\\"b\"");
        ck_assert_str_eq(log_quote(buf, "\xff"), "\"\\xff\"");
        for (size_t n = LOG_QUOTELEN - 10; n < sizeof(long_text); n++) {
                memset(long_text, n % 2 ? 'x' : ' ', n);
                long_text[n] = '\0';
                log_quote(buf, long_text);
                ck_assert_uint_lt(strlen(buf), LOG_QUOTELEN);
                if (n >= LOG_QUOTELEN)
                        ck_assert_str_eq(buf + strlen(buf) - 5, n % 2 ? "x...\"" : " ...\"");
        }
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                what_could_fool_a_reader_is_escaped,
                pairs_stay_on_their_line,
                every_capacity_leaves_whole_units,
                quote_quotes_what_needs_it,
        };
        return run_tests("log_text", tests, sizeof(tests) / sizeof(tests[0]));
}
