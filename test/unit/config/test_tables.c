/*
 * The CRDs are written by hand, the field tables too: they must say the same. Name by name: type, bounds,
 * default, required, description. What a field's CEL rules say is tested against a real API server, in e2e.
 */
#include "base/arena.h"
#include "config/field.h"
#include "config/value.h"
#include "read_config.h"
#include <json-c/json.h>

static struct json_object *get(struct json_object *object, const char *key)
{
        struct json_object *value = NULL;
        json_object_object_get_ex(object, key, &value);
        return value;
}

static const char *text(struct json_object *object, const char *key)
{
        struct json_object *value = get(object, key);
        return value ? json_object_get_string(value) : "";
}

static int64_t number(struct json_object *object, const char *key)
{
        struct json_object *value = get(object, key);
        return value ? json_object_get_int64(value) : -1;
}

static bool lists(struct json_object *list, const char *name)
{
        for (size_t i = 0; list && i < json_object_array_length(list); i++)
                if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), name) == 0)
                        return true;
        return false;
}

static const char *type_of(const struct field *f)
{
        switch (f->type) {
        case FIELD_BOOL:
                return "boolean";
        case FIELD_INT:
        case FIELD_ASN:
                return "integer";
        case FIELD_SECONDS:
        case FIELD_IP:
        case FIELD_ROUTER_ID:
        case FIELD_STRING:
        case FIELD_SECRET:
        case FIELD_WORD:
                return "string";
        case FIELD_OBJECT:
                return "object";
        case FIELD_STRINGS:
        case FIELD_RANGES:
        case FIELD_COMMUNITIES:
        case FIELD_SELECTORS:
        case FIELD_OBJECTS:
                break;
        }
        return "array";
}

static void compare_fields(const char *kind, const struct field *table, struct json_object *schema);

static void compare_list(const char *where, const struct field *f, struct json_object *schema)
{
        struct json_object *items = get(schema, "items");
        bool objects = f->type == FIELD_SELECTORS || f->type == FIELD_OBJECTS;
        ck_assert_msg(number(schema, "maxItems") == f->max, "%s: maxItems", where);
        ck_assert_msg(number(schema, "minItems") == (f->min ? f->min : -1), "%s: minItems", where);
        ck_assert_msg(strcmp(text(items, "type"), objects ? "object" : "string") == 0, "%s: type of items",
                      where);
        ck_assert_msg(strcmp(text(schema, "x-kubernetes-list-type"), objects ? "atomic" : "set") == 0,
                      "%s: list type", where);
        if (f->type == FIELD_STRINGS)
                ck_assert_msg(number(items, "maxLength") == (int64_t)f->item_max, "%s: maxLength", where);
        if (f->type == FIELD_SELECTORS) {
                ck_assert_msg(get(get(items, "properties"), "matchLabels") != NULL, "%s: matchLabels", where);
                ck_assert_msg(get(get(items, "properties"), "matchExpressions") != NULL,
                              "%s: matchExpressions", where);
        }
}

static void compare_field(const char *kind, const struct field *f, struct json_object *schema)
{
        char *where = xprintf("%s.%s", kind, f->name);
        bool whole = f->type == FIELD_INT || f->type == FIELD_ASN;
        ck_assert_msg(schema != NULL, "%s is not in the CRD", where);
        ck_assert_msg(strcmp(text(schema, "type"), type_of(f)) == 0, "%s: type %s", where,
                      text(schema, "type"));
        ck_assert_msg(strncmp(text(schema, "description"), f->doc, strlen(f->doc)) == 0, "%s: description",
                      where);
        ck_assert_msg(strcmp(text(schema, "default"), f->def ? f->def : "") == 0, "%s: default", where);
        if (f->planned)
                ck_assert_msg(strstr(text(schema, "description"), "Not supported yet") != NULL, "%s: planned",
                              where);
        if (whole) {
                const char *format = f->max > INT32_MAX ? "int64" : "int32";
                ck_assert_msg(number(schema, "minimum") == f->min, "%s: minimum", where);
                ck_assert_msg(number(schema, "maximum") == f->max, "%s: maximum", where);
                ck_assert_msg(strcmp(text(schema, "format"), format) == 0, "%s: format", where);
        }
        if ((f->type == FIELD_STRING || f->type == FIELD_SECRET) && !f->planned)
                ck_assert_msg(number(schema, "maxLength") == (int64_t)f->item_max, "%s: maxLength", where);
        for (size_t i = 0; f->type == FIELD_WORD && f->words[i]; i++)
                ck_assert_msg(lists(get(schema, "enum"), f->words[i]), "%s: %s", where, f->words[i]);
        if (strcmp(type_of(f), "array") == 0)
                compare_list(where, f, schema);
        if (f->sub)
                compare_fields(where, f->sub, f->type == FIELD_OBJECTS ? get(schema, "items") : schema);
        free(where);
}

static void compare_fields(const char *kind, const struct field *table, struct json_object *schema)
{
        struct json_object *properties = get(schema, "properties"), *required = get(schema, "required");
        int n = 0;
        for (const struct field *f = table; f->name; f++) {
                if ((f->in & API_HERALD) == 0)
                        continue;
                compare_field(kind, f, get(properties, f->name));
                ck_assert_msg(lists(required, f->name) == f->required, "%s.%s: required", kind, f->name);
                n++;
        }
        ck_assert_msg(json_object_object_length(properties) == n, "%s: the CRD has %d fields, the table %d",
                      kind, json_object_object_length(properties), n);
}

static struct json_object *crd_of(struct yaml_docs *docs, const char *kind)
{
        for (size_t i = 0; i < docs->n; i++) {
                ck_assert_msg(docs->v[i].root != NULL, "%s:%d %s", docs->v[i].file, docs->v[i].line,
                              docs->v[i].error);
                struct json_object *spec = get(docs->v[i].root, "spec");
                if (strcmp(text(get(spec, "names"), "kind"), kind) == 0)
                        return spec;
        }
        ck_abort_msg("no CRD of %s", kind);
        return NULL;
}

START_TEST(crds_say_what_the_tables_say)
{
        const struct kind_table *table = &kind_tables[_i];
        const char *kind = kind_name(table->kind);
        struct yaml_docs *docs = yaml_docs_new(NULL);
        yaml_read_path(docs, TEST_DATA "/../../deploy/crds");
        struct json_object *crd = crd_of(docs, kind);
        struct json_object *version = json_object_array_get_idx(get(crd, "versions"), 0);
        struct json_object *schema = get(get(version, "schema"), "openAPIV3Schema");
        ck_assert_str_eq(text(crd, "group"), "heraldlb.io");
        ck_assert_str_eq(text(crd, "scope"), "Namespaced");
        ck_assert(lists(get(get(crd, "names"), "categories"), "heraldlb"));
        ck_assert_str_eq(text(version, "name"), "v1alpha1");
        ck_assert_ptr_nonnull(get(get(version, "subresources"), "status"));
        ck_assert_int_eq(lists(get(schema, "required"), "spec"), table->spec_required);
        compare_fields(kind, table->spec, get(get(schema, "properties"), "spec"));
        yaml_docs_free(docs);
}
END_TEST

static void check_rows(const struct field *table)
{
        for (const struct field *f = table; f->name; f++) {
                ck_assert_msg(f->doc && f->doc[0], "%s has no documentation", f->name);
                ck_assert_msg(f->in != 0, "%s is in no version", f->name);
                ck_assert_msg(f->planned || f->since, "%s: since when?", f->name);
                ck_assert_msg(f->planned || f->type == FIELD_OBJECT || f->size || f->count_at,
                              "%s has no member", f->name);
                ck_assert_msg(f->type != FIELD_STRINGS || (f->item && f->item_max), "%s: which names?",
                              f->name);
                if (f->sub)
                        check_rows(f->sub);
        }
}

START_TEST(rows_are_whole)
{
        check_rows(kind_tables[_i].spec);
        ck_assert_ptr_eq(kind_table(kind_tables[_i].kind), &kind_tables[_i]);
        ck_assert_ptr_null(kind_table(KIND_SERVICE));
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("tables");
        tcase_add_loop_test(tests, crds_say_what_the_tables_say, 0, (int)n_kind_tables);
        tcase_add_loop_test(tests, rows_are_whole, 0, (int)n_kind_tables);
        return run_tests(tests);
}
