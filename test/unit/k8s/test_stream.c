#include "base/arena.h"
#include "k8s/stream.h"
#include "json/json.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen { /* what came out, as one text */
        char text[4096];
        int stop_after; /* 0: never */
        int values;
};

static bool record(void *arg, const char *field, struct json_object *value)
{
        struct seen *seen = arg;
        size_t n = strlen(seen->text);
        snprintf(seen->text + n, sizeof(seen->text) - n, "%s=%s;", field ? field : "",
                 json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
        return ++seen->values != seen->stop_after;
}

static enum stream_error run(enum stream_shape shape, const char *bytes, size_t n, size_t cut,
                             struct seen *seen)
{
        struct stream *s = stream_new(shape, record, seen);
        stream_feed(s, bytes, cut);
        stream_feed(s, bytes + cut, n - cut);
        enum stream_error error = stream_end(s);
        ck_assert_int_eq(stream_feed(s, " ", 1), error); /* errors stay */
        stream_free(s);
        return error;
}

static enum stream_error whole(enum stream_shape shape, const char *text, struct seen *seen)
{
        *seen = (struct seen){0};
        return run(shape, text, strlen(text), 0, seen);
}

static const char watch_text[] =
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"\\u00e4\xc3\xa4\\\"}\"}}}\n"
        " {\"type\":\"BOOKMARK\",\"object\":{\"n\":-1.5e3,\"t\":true,\"z\":null}}\r\n{}";
static const char list_text[] =
        " {\"kind\":\"List\", \"metadata\" : {\"resourceVersion\":\"7\"}, \"items\" : [ {\"a\":[1,2]} ,"
        "{\"b\":\"]}\"}, {} ] ,\"n\":12,\"t\":false,\"z\":null} ";

START_TEST(values_come_out_however_the_bytes_are_cut)
{
        static const struct {
                enum stream_shape shape;
                const char *text, *expected;
        } cases[] = {
                {STREAM_WATCH, watch_text,
                 "={\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"\xc3\xa4\xc3\xa4\\\"}\"}}};"
                 "={\"type\":\"BOOKMARK\",\"object\":{\"n\":-1.5e3,\"t\":true,\"z\":null}};={};"},
                {STREAM_LIST, list_text,
                 "kind=\"List\";metadata={\"resourceVersion\":\"7\"};items={\"a\":[1,2]};items={\"b\":\"]}\"}"
                 ";items={};"
                 "n=12;t=false;z=null;"},
                {STREAM_WATCH, "{\"a\":{\"managedFields\" : [{\"x\":[\"\\\"]\"]},{}],\"b\":\"managedFields\"}}{\"c\":1}",
                 "={\"a\":{\"managedFields\":null,\"b\":\"managedFields\"}};={\"c\":1};"},
                {STREAM_LIST, "{\"items\":[{\"managedFields\":[]},{\"managedFields\":{\"a\":1}}]}",
                 "items={\"managedFields\":null};items={\"managedFields\":{\"a\":1}};"},
                {STREAM_LIST, "{\"items\":null}", ""},
                {STREAM_LIST, "{\"items\":[]}", ""},
                {STREAM_LIST, "{}", ""},
                {STREAM_WATCH, "", ""},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                size_t n = strlen(cases[i].text);
                for (size_t cut = 0; cut <= n; cut++) {
                        struct seen seen = {0};
                        ck_assert_int_eq(run(cases[i].shape, cases[i].text, n, cut, &seen), STREAM_OK);
                        ck_assert_str_eq(seen.text, cases[i].expected);
                }
        }
}
END_TEST

START_TEST(one_byte_at_a_time)
{
        struct seen seen = {0};
        struct stream *s = stream_new(STREAM_LIST, record, &seen);
        for (const char *p = list_text; *p; p++)
                ck_assert_int_eq(stream_feed(s, p, 1), STREAM_OK);
        ck_assert_int_eq(stream_end(s), STREAM_OK);
        ck_assert_int_eq(seen.values, 8);
        stream_free(s);
}
END_TEST

START_TEST(every_truncation_is_told)
{
        struct seen seen = {0};
        size_t n = strlen(list_text) - 1; /* without the blank after the } */
        for (size_t len = 0; len < n; len++) {
                seen = (struct seen){0};
                ck_assert_int_eq(run(STREAM_LIST, list_text, len, len / 2, &seen), STREAM_TRUNCATED);
        }
        size_t first = strcspn(watch_text, "\n");
        for (size_t len = 1; len < first; len++) {
                seen = (struct seen){0};
                ck_assert_int_eq(run(STREAM_WATCH, watch_text, len, 0, &seen), STREAM_TRUNCATED);
                ck_assert_int_eq(seen.values, 0);
        }
}
END_TEST

START_TEST(nonsense_is_refused)
{
        static const struct {
                enum stream_shape shape;
                const char *text;
        } cases[] = {
                {STREAM_WATCH, "x"},
                {STREAM_WATCH, "[]"},
                {STREAM_WATCH, "1 "},
                {STREAM_WATCH, "\"text\""},
                {STREAM_WATCH, "null"},
                {STREAM_WATCH, "{}{]"},
                {STREAM_WATCH, "{\"a\":1,}"},
                {STREAM_WATCH, "{\"a\":'x'}"},
                {STREAM_WATCH, "{\"a\":nan}"},
                {STREAM_WATCH, "{\"managedFields\":[1,],}"},
                {STREAM_WATCH, "{\"managedFields\":[]]"},
                {STREAM_WATCH, "[\"managedFields\":[]]"},
                {STREAM_WATCH, "<html>"},
                {STREAM_WATCH, "{} ,{}"},
                {STREAM_LIST, "[]"},
                {STREAM_LIST, "{\"items\":{}}"},
                {STREAM_LIST, "{\"items\":\"x\"}"},
                {STREAM_LIST, "{\"items\":[1]}"},
                {STREAM_LIST, "{\"items\":[{} {}]}"},
                {STREAM_LIST, "{\"items\":[{},]}"},
                {STREAM_LIST, "{\"items\":[,{}]}"},
                {STREAM_LIST, "{\"a\" 1}"},
                {STREAM_LIST, "{\"a\":1 \"b\":2}"},
                {STREAM_LIST, "{\"a\":1,}"},
                {STREAM_LIST, "{,}"},
                {STREAM_LIST, "{a:1}"},
                {STREAM_LIST, "{} {}"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct seen seen;
                enum stream_error error = whole(cases[i].shape, cases[i].text, &seen);
                ck_assert_msg(error == STREAM_NOT_JSON, "%s: %s", cases[i].text, stream_error_str(error));
        }
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
        struct seen seen = {0};
        ck_assert_int_eq(run(STREAM_WATCH, "\0{}", 3, 0, &seen), STREAM_NOT_JSON);
        seen = (struct seen){0};
        ck_assert_int_ne(run(STREAM_WATCH, "{\"a\":\0 1}", 9, 0, &seen), STREAM_OK);
        ck_assert_int_eq(seen.values, 0);
}
END_TEST

static char *nested(int depth)
{
        size_t n = (size_t)depth;
        char *text = xcalloc(n * 7 + 8, 1);
        for (int i = 0; i < depth; i++)
                strcat(text, "{\"a\":");
        strcat(text, "1");
        for (int i = 0; i < depth; i++)
                strcat(text, "}");
        return text;
}

START_TEST(depth_is_bounded)
{
        struct seen seen;
        char *fine = nested(STREAM_MAX_DEPTH - 1), *deep = nested(STREAM_MAX_DEPTH + 1);
        ck_assert_int_eq(whole(STREAM_WATCH, fine, &seen), STREAM_OK);
        ck_assert_int_eq(whole(STREAM_WATCH, deep, &seen), STREAM_TOO_DEEP);
        free(fine);
        free(deep);
}
END_TEST

static bool count(void *arg, const char *field, struct json_object *value)
{
        (void)field, (void)value;
        ++*(int *)arg;
        return true;
}

/* {"a":"xxx..."} of exactly `size` bytes, in pieces */
static enum stream_error feed_large(size_t size, int *values)
{
        enum { PIECE = 65536 };
        static char piece[PIECE];
        struct stream *s = stream_new(STREAM_WATCH, count, values);
        memset(piece, 'x', sizeof(piece));
        enum stream_error error = stream_feed(s, "{\"a\":\"", 6);
        for (size_t left = size - 8; left > 0 && error == STREAM_OK;) {
                size_t n = left < PIECE ? left : PIECE;
                error = stream_feed(s, piece, n);
                left -= n;
        }
        if (error == STREAM_OK)
                error = stream_feed(s, "\"}", 2);
        stream_free(s);
        return error;
}

START_TEST(size_is_bounded)
{
        int values = 0;
        ck_assert_int_eq(feed_large(STREAM_MAX_VALUE, &values), STREAM_OK);
        ck_assert_int_eq(values, 1);
        ck_assert_int_eq(feed_large(STREAM_MAX_VALUE + 1, &values), STREAM_TOO_LARGE);
        ck_assert_int_eq(values, 1);
}
END_TEST

START_TEST(the_handler_stops_it)
{
        struct seen seen = {.stop_after = 2};
        ck_assert_int_eq(run(STREAM_WATCH, "{\"a\":1}{\"b\":2}{\"c\":3}", 21, 0, &seen), STREAM_STOPPED);
        ck_assert_str_eq(seen.text, "={\"a\":1};={\"b\":2};");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("stream");
        TCase *tc = tcase_create("stream");
        tcase_set_timeout(tc, 60);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, values_come_out_however_the_bytes_are_cut);
        tcase_add_test(tc, one_byte_at_a_time);
        tcase_add_test(tc, every_truncation_is_told);
        tcase_add_test(tc, nonsense_is_refused);
        tcase_add_test(tc, a_nul_byte_is_refused);
        tcase_add_test(tc, depth_is_bounded);
        tcase_add_test(tc, size_is_bounded);
        tcase_add_test(tc, the_handler_stops_it);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
