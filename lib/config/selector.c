/* Labels and label selectors (metav1.LabelSelector) from their trees. */
#include "config/field.h"
#include "config/value.h"
#include "config/yaml.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 1024, EXPRS_MAX = 64, LABELS_MAX = 256 };

void read_labels(struct reading *r, struct json_object *object, bool selector, struct labels *out)
{
        if (!json_object_is_type(object, json_type_object) ||
            json_object_object_length(object) > LABELS_MAX) {
                refuse(r, object, REASON_INVALID_VALUE, "must be up to %d lines of \"key: value\", but is %s",
                       LABELS_MAX, shown(r, object));
                return;
        }
        size_t n = 0;
        out->v = arena_array(r->arena, (size_t)json_object_object_length(object) + 1, sizeof(*out->v));
        json_object_object_foreach(object, key, value)
        {
                size_t path = path_field(r, key);
                if (!label_key_is_valid(key))
                        refuse(r, value, REASON_INVALID_VALUE, "is not the key of a label");
                else if (!json_object_is_type(value, json_type_string))
                        refuse(r, value, REASON_INVALID_VALUE,
                               "must be a string, but is %s; put it in quotes", shown(r, value));
                else if (!label_value_is_valid(json_object_get_string(value)))
                        refuse(r, value, REASON_INVALID_VALUE, "%s is not the value of a label%s",
                               shown(r, value), selector ? ", so nothing can match it" : "");
                else
                        out->v[n++] = (struct label){arena_strdup(r->arena, key),
                                                     arena_strdup(r->arena, json_object_get_string(value))};
                path_pop(r, path);
        }
        out->n = n;
        labels_sort(out);
}

static const char *const operators[] = {
        [LABEL_IN] = "In",
        [LABEL_NOT_IN] = "NotIn",
        [LABEL_EXISTS] = "Exists",
        [LABEL_DOES_NOT_EXIST] = "DoesNotExist",
};

static void read_operator(struct reading *r, struct json_object *value, struct label_expr *out)
{
        for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
                if (json_object_is_type(value, json_type_string) &&
                    strcmp(json_object_get_string(value), operators[i]) == 0) {
                        out->op = (enum label_op)i;
                        return;
                }
        }
        size_t path = path_field(r, "operator");
        refuse(r, value, REASON_INVALID_VALUE, "must be In, NotIn, Exists or DoesNotExist, but is %s",
               shown(r, value));
        path_pop(r, path);
}

static int by_string(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_expr_values(struct reading *r, struct json_object *values, struct label_expr *out)
{
        bool wanted = out->op == LABEL_IN || out->op == LABEL_NOT_IN;
        size_t path = path_field(r, "values");
        if (values && is_list(r, values, 0, VALUES_MAX)) {
                read_words(r, values, label_value_is_valid, "is not the value of a label", &out->values,
                           &out->n_values);
                qsort(out->values, out->n_values, sizeof(*out->values), by_string);
        }
        if (wanted &&
            (!values || (json_object_is_type(values, json_type_array) && !json_object_array_length(values))))
                refuse(r, values, REASON_MISSING_FIELD, "is missing; %s needs at least one value",
                       operators[out->op]);
        if (!wanted && out->n_values > 0)
                refuse(r, values, REASON_INVALID_VALUE, "must be empty for %s; remove it",
                       operators[out->op]);
        path_pop(r, path);
}

static void read_expr(struct reading *r, struct json_object *object, struct label_expr *out)
{
        static const char *const known[] = {"key", "operator", "values", NULL};
        struct json_object *key = NULL, *op = NULL, *values = NULL;
        if (!json_object_is_type(object, json_type_object)) {
                refuse(r, object, REASON_INVALID_VALUE, "must be an object with key and operator, but is %s",
                       shown(r, object));
                return;
        }
        json_object_object_foreach(object, name, value)
        {
                if (strcmp(name, "key") == 0)
                        key = value;
                else if (strcmp(name, "operator") == 0)
                        op = value;
                else if (strcmp(name, "values") == 0)
                        values = value;
                else
                        refuse_unknown(r, value, name, known);
        }
        out->key = json_object_is_type(key, json_type_string)
                           ? arena_strdup(r->arena, json_object_get_string(key))
                           : "";
        if (!label_key_is_valid(out->key)) {
                size_t path = path_field(r, "key");
                refuse(r, key ? key : object, key ? REASON_INVALID_VALUE : REASON_MISSING_FIELD,
                       "must be the key of a label, but is %s", shown(r, key));
                path_pop(r, path);
        }
        size_t before = r->errors;
        read_operator(r, op, out);
        if (r->errors == before)
                read_expr_values(r, values, out);
}

static bool expr_equal(const struct label_expr *a, const struct label_expr *b)
{
        if (a->op != b->op || a->n_values != b->n_values || strcmp(a->key, b->key) != 0)
                return false;
        for (size_t i = 0; i < a->n_values; i++)
                if (strcmp(a->values[i], b->values[i]) != 0)
                        return false;
        return true;
}

static void read_exprs(struct reading *r, struct json_object *list, struct selector *out)
{
        size_t path = path_field(r, "matchExpressions");
        bool good[EXPRS_MAX];
        if (is_list(r, list, 0, EXPRS_MAX)) {
                out->n_exprs = json_object_array_length(list);
                out->exprs = arena_array(r->arena, out->n_exprs + 1, sizeof(*out->exprs));
                for (size_t i = 0; i < out->n_exprs; i++) {
                        struct json_object *entry = json_object_array_get_idx(list, i);
                        size_t inner = path_index(r, i);
                        out->exprs[i].key = "";
                        int outer = r->line;
                        size_t errors = r->errors;
                        r->line = yaml_line(entry) ? yaml_line(entry) : outer;
                        read_expr(r, entry, &out->exprs[i]);
                        r->line = outer;
                        good[i] = r->errors == errors;
                        for (size_t j = 0; j < i; j++)
                                if (good[i] && good[j] && expr_equal(&out->exprs[i], &out->exprs[j]))
                                        refuse(r, entry, REASON_INVALID_VALUE,
                                               "is in the list twice; remove one of them");
                        path_pop(r, inner);
                }
        }
        path_pop(r, path);
}

static void read_selector(struct reading *r, struct json_object *object, struct selector *out)
{
        static const char *const known[] = {"matchLabels", "matchExpressions", NULL};
        if (!json_object_is_type(object, json_type_object)) {
                refuse(r, object, REASON_INVALID_VALUE,
                       "must be an object with matchLabels or matchExpressions, but is %s", shown(r, object));
                return;
        }
        json_object_object_foreach(object, name, value)
        {
                if (strcmp(name, "matchLabels") == 0 && value) {
                        size_t path = path_field(r, name);
                        read_labels(r, value, true, &out->match);
                        path_pop(r, path);
                } else if (strcmp(name, "matchExpressions") == 0 && value) {
                        read_exprs(r, value, out);
                } else if (value) {
                        refuse_unknown(r, value, name, known);
                }
        }
}

void read_selectors(struct reading *r, const struct field *f, struct json_object *list, void *out)
{
        struct selectors s = {0};
        if (!is_list(r, list, f->min, f->max))
                return;
        s.n = json_object_array_length(list);
        s.v = arena_array(r->arena, s.n + 1, sizeof(*s.v));
        for (size_t i = 0; i < s.n; i++) {
                struct json_object *entry = json_object_array_get_idx(list, i);
                size_t path = path_index(r, i);
                read_selector(r, entry, &s.v[i]);
                for (size_t j = 0; j < i; j++)
                        if (json_object_equal(entry, json_object_array_get_idx(list, j)))
                                refuse(r, entry, REASON_INVALID_VALUE,
                                       "is in the list twice; remove one of them");
                path_pop(r, path);
        }
        memcpy((char *)out + f->at, &s, sizeof(s));
}
