#include "base/arena.h"
#include "config/yaml.h"
#include "read_config.h"
#include <json-c/json.h>
#include <stdio.h>

static struct yaml_docs *read_text(const char *text, const struct yaml_limits *limits)
{
        struct yaml_docs *docs = yaml_docs_new(limits);
        yaml_read_text(docs, "f.yaml", text, strlen(text));
        return docs;
}

static struct json_object *root_is(struct yaml_docs *docs, size_t i, int line)
{
        ck_assert_uint_lt(i, docs->n);
        ck_assert_msg(docs->v[i].root != NULL, "line %d %s", docs->v[i].line, docs->v[i].error);
        ck_assert_str_eq(docs->v[i].file, "f.yaml");
        ck_assert_int_eq(docs->v[i].line, line);
        return docs->v[i].root;
}

static struct json_object *get(struct json_object *object, const char *key)
{
        struct json_object *value = NULL;
        ck_assert_msg(json_object_object_get_ex(object, key, &value), "no %s", key);
        return value;
}

START_TEST(values_know_their_lines)
{
        struct yaml_docs *docs = read_text("a: 1\n"
                                           "b:\n"
                                           "  c: text\n"
                                           "  d:\n"
                                           "  - x\n"
                                           "  - y: true\n"
                                           "e: {f: 1, g: [2,\n"
                                           "  3]}\n",
                                           NULL);
        struct json_object *root = root_is(docs, 0, 1), *b = get(root, "b"), *d = get(b, "d"),
                           *e = get(root, "e");
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_int_eq(yaml_line(get(root, "a")), 1);
        ck_assert_int_eq(yaml_line(b), 2); /* of the key */
        ck_assert_int_eq(yaml_line(get(b, "c")), 3);
        ck_assert_int_eq(yaml_line(d), 4);
        ck_assert_int_eq(yaml_line(json_object_array_get_idx(d, 0)), 5);
        ck_assert_int_eq(yaml_line(get(json_object_array_get_idx(d, 1), "y")), 6);
        ck_assert_int_eq(yaml_line(json_object_array_get_idx(get(e, "g"), 0)), 7);
        ck_assert_int_eq(yaml_line(json_object_array_get_idx(get(e, "g"), 1)), 8);
        ck_assert_int_eq(yaml_line(NULL), 0);
        yaml_docs_free(docs);
}
END_TEST

START_TEST(documents_are_told_apart)
{
        struct yaml_docs *docs =
                read_text("\xef\xbb\xbf# comment\n%YAML 1.2\n---\na: |\n  text\n   --- not a marker\n"
                          "--- # here\nb: 2\n...\n---\n# nothing\n---\n---\nc: 3\n...\nd: 4\n",
                          NULL);
        ck_assert_uint_eq(docs->n, 4);
        ck_assert_str_eq(json_object_get_string(get(root_is(docs, 0, 4), "a")), "text\n --- not a marker\n");
        get(root_is(docs, 1, 8), "b");
        get(root_is(docs, 2, 14), "c");
        get(root_is(docs, 3, 16), "d");
        yaml_docs_free(docs);
}
END_TEST

START_TEST(tags_and_quotes_say_what_a_scalar_is)
{
        struct yaml_docs *docs = read_text(
                "   # indented\na: !!str 5\nb: !!int 5\nc: '5'\nd: ! 5\ne: 5\nf: !!int '5'\n", NULL);
        static const enum json_type types[] = {json_type_string, json_type_int, json_type_string,
                                               json_type_string, json_type_int, json_type_int};
        for (size_t i = 0; i < 6; i++) {
                const char key[] = {(char)('a' + i), 0};
                ck_assert_int_eq(json_object_get_type(get(root_is(docs, 0, 2), key)), types[i]);
        }
        yaml_docs_free(docs);
}
END_TEST

START_TEST(an_error_stays_in_its_document)
{
        struct yaml_docs *docs = read_text("a: 1\n---\nb: [\n---\nc: 3\n---\n\"d\n---\ne: 5", NULL);
        ck_assert_uint_eq(docs->n, 5);
        root_is(docs, 0, 1);
        ck_assert_ptr_null(docs->v[1].root);
        ck_assert_ptr_nonnull(strstr(docs->v[1].error, "is not valid YAML"));
        root_is(docs, 2, 5);
        ck_assert_ptr_nonnull(docs->v[3].error);
        root_is(docs, 4, 9);
        yaml_docs_free(docs);
}
END_TEST

START_TEST(json_is_read_as_it_is)
{
        struct yaml_docs *docs =
                read_text("{\n\t\"a\":\"\\ud83d\\ude00 \\\\ud83d \\u00e9 \\/\",\n\t\"b\":[1,-2,true,null],\n"
                          "\"c\":{\"d\":18446744073709551615}}\n",
                          NULL);
        struct json_object *root = root_is(docs, 0, 1);
        ck_assert_str_eq(json_object_get_string(get(root, "a")), "\xf0\x9f\x98\x80 \\ud83d \xc3\xa9 /");
        ck_assert_int_eq(json_object_get_int(json_object_array_get_idx(get(root, "b"), 1)), -2);
        ck_assert_int_eq(yaml_line(get(root, "b")), 3);
        ck_assert_uint_eq(json_object_get_uint64(get(get(root, "c"), "d")), UINT64_MAX);
        yaml_docs_free(docs);
}
END_TEST

static const struct {
        const char *text, *error;
} refused[] = {
        {"a: 1\nb: 2\na: 3\n", "has the key \"a\" twice"},
        {"{\"a\": 1, \"a\": 2}", "has the key \"a\" twice"},
        {"a: &x {b: 1}\nc:\n  <<: *x\n", "merge key"},
        {"a: *b\n", "alias"},
        {"a: &x [*x]\n", "alias"},
        {"a: !!binary aGk=\n", "tag"},
        {"a: !x y\n", "tag"},
        {"a: \"x\\0y\"\n", "NUL"},
        {"\"x\\0y\": a\n", "NUL"},
        {"[1]: 2\n", "key"},
        {"- 1\n", "is not an object"},
        {"text\n", "is not an object"},
        {"a: [1, 2\n", "is not valid YAML"},
        {"a: \xff\n", "is not valid YAML"},
        {"a:\n\t- b\n", "is not valid YAML"},
        {"kind: List\nitems: [1]\n", "an item in its list"},
};

START_TEST(refuses)
{
        struct yaml_docs *docs = read_text(refused[_i].text, NULL);
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_ptr_null(docs->v[0].root);
        ck_assert_int_ge(docs->v[0].line, 1);
        ck_assert_msg(strstr(docs->v[0].error, refused[_i].error) != NULL, "%s", docs->v[0].error);
        yaml_docs_free(docs);
}
END_TEST

START_TEST(lists_are_taken_apart)
{
        struct yaml_docs *docs =
                read_text("apiVersion: v1\nkind: List\nitems:\n- {kind: A}\n- kind: List\n  items:\n"
                          "  - {kind: B}\n---\napiVersion: g/v1\nkind: ThingList\nitems: [{x: 1}]\n---\n"
                          "kind: List\n",
                          NULL);
        ck_assert_uint_eq(docs->n, 4);
        ck_assert_str_eq(json_object_get_string(get(root_is(docs, 0, 4), "kind")), "A");
        ck_assert_str_eq(json_object_get_string(get(root_is(docs, 1, 7), "kind")), "B");
        ck_assert_str_eq(json_object_get_string(get(root_is(docs, 2, 11), "kind")), "Thing");
        ck_assert_str_eq(json_object_get_string(get(root_is(docs, 2, 11), "apiVersion")), "g/v1");
        root_is(docs, 3, 13); /* a List without items is an object like others */
        yaml_docs_free(docs);
}
END_TEST

START_TEST(aliases_are_shared_but_counted)
{
        const struct yaml_limits limits = {.bytes = 4096, .nodes = 1000, .depth = 64};
        struct yaml_docs *docs = read_text("a: &x [1, 2]\nb: *x\n", &limits);
        ck_assert_int_eq((int)json_object_array_length(get(root_is(docs, 0, 1), "b")), 2);
        ck_assert_uint_eq(1000 - docs->limits.nodes, 7); /* the mapping, and twice a list of two */
        yaml_docs_free(docs);

        char laughs[2048] = "l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n";
        for (int i = 1; i < 20; i++)
                snprintf(laughs + strlen(laughs), sizeof(laughs) - strlen(laughs),
                         "l%d: &l%d [*l%d, *l%d, *l%d, *l%d]\n", i, i, i - 1, i - 1, i - 1, i - 1);
        docs = read_text(laughs, NULL);
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_ptr_null(docs->v[0].root);
        ck_assert_ptr_nonnull(strstr(docs->v[0].error, "too many values"));
        yaml_docs_free(docs);
}
END_TEST

START_TEST(limits_hold)
{
        const struct yaml_limits limits = {.bytes = 200, .nodes = 20, .depth = 3};
        char many[128] = "a: [1", bytes[400] = "a: 1 #";
        struct yaml_docs *docs = read_text("a: [[1]]\n---\na: [[[1]]]\n", &limits);
        ck_assert_uint_eq(docs->n, 2);
        root_is(docs, 0, 1);
        ck_assert_ptr_nonnull(strstr(docs->v[1].error, "nested too deeply"));
        yaml_docs_free(docs);
        for (int i = 0; i < 20; i++)
                strcat(many, ",1");
        docs = read_text(strcat(many, "]"), &limits);
        ck_assert_ptr_nonnull(strstr(docs->v[0].error, "too many values"));
        yaml_docs_free(docs);
        memset(bytes + 6, 'x', 300);
        docs = read_text(bytes, &limits);
        ck_assert_ptr_nonnull(strstr(docs->v[0].error, "too long"));
        yaml_docs_free(docs);
        yaml_docs_free(NULL);
}
END_TEST

/* Deep nesting must end quickly, whatever the depth of the text. */
START_TEST(a_deep_text_is_refused)
{
        char *deep = xcalloc(1, 200001);
        memset(deep, '[', 200000);
        struct yaml_docs *docs = read_text(deep, NULL);
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_ptr_nonnull(docs->v[0].error);
        yaml_docs_free(docs);
        free(deep);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("yaml");
        tcase_add_test(tests, values_know_their_lines);
        tcase_add_test(tests, documents_are_told_apart);
        tcase_add_test(tests, tags_and_quotes_say_what_a_scalar_is);
        tcase_add_test(tests, an_error_stays_in_its_document);
        tcase_add_test(tests, json_is_read_as_it_is);
        tcase_add_loop_test(tests, refuses, 0, sizeof(refused) / sizeof(refused[0]));
        tcase_add_test(tests, lists_are_taken_apart);
        tcase_add_test(tests, aliases_are_shared_but_counted);
        tcase_add_test(tests, limits_hold);
        tcase_add_test(tests, a_deep_text_is_refused);
        return run_tests(tests);
}
