#include "base/text.h"
#include "suite.h"
#include <string.h>

static void shows(const char *src, const char *expected)
{
        char out[256];
        ck_assert_uint_eq(text_printable(out, sizeof(out), src), strlen(src));
        ck_assert_str_eq(out, expected);
        char *copy = strdup(src);
        ck_assert_ptr_eq(text_clean(copy), copy);
        ck_assert_str_eq(copy, expected);
        free(copy);
}

START_TEST(what_only_prints_stays)
{
        shows("", "");
        shows("a b~!", "a b~!");
        shows("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
        shows("\xc2\xa0", "\xc2\xa0");
}
END_TEST

START_TEST(what_does_more_is_a_space)
{
        shows("a\x1b[2Jb", "a [2Jb");
        shows("\r\n\t\x7f\x01", "     ");
        shows("a\xc2\x9b"
              "31mb",
              "a 31mb"); /* CSI of C1 */
        shows("a\xe2\x80\xa8"
              "b\xe2\x80\xa9",
              "a b ");
}
END_TEST

START_TEST(what_is_not_utf8_is_a_question_mark)
{
        shows("\xc3", "?");
        shows("\x80z", "?z");
        shows("a\xe2\x82", "a??");
        shows("\xc0\xaf", "??");           /* overlong */
        shows("\xed\xa0\x80", "???");      /* a surrogate */
        shows("\xf4\x90\x80\x80", "????"); /* above U+10FFFF */
        shows("\xff\xfe", "??");
}
END_TEST

START_TEST(no_character_is_cut_in_two)
{
        static const char text[] = "ab\xc3\xa9\xf0\x9f\x98\x80z";
        static const struct {
                size_t size, taken;
        } cases[] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 4}, {8, 4}, {9, 8}, {10, 9}, {11, 9}};
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char *out = malloc(cases[i].size); /* the sanitizer watches its end */
                ck_assert_uint_eq(text_printable(out, cases[i].size, text), cases[i].taken);
                ck_assert_uint_eq(strlen(out), cases[i].taken);
                ck_assert_int_eq(strncmp(out, text, cases[i].taken), 0);
                free(out);
        }
        char *cut = text_cut(text, 7);
        ck_assert_str_eq(cut, "ab\xc3\xa9");
        free(cut);
        cut = text_cut("a\n", 300);
        ck_assert_str_eq(cut, "a ");
        free(cut);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {what_only_prints_stays, what_does_more_is_a_space,
                                      what_is_not_utf8_is_a_question_mark, no_character_is_cut_in_two};
        return run_tests("text", tests, sizeof(tests) / sizeof(tests[0]));
}
