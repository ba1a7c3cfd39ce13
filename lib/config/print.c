/* Printing follows the same field tables as reading, so that neither can forget a field that the other has.
 */
#include "config/print.h"
#include "base/arena.h"
#include "config/field.h"
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *print_fields(const struct field *, const void *in);

static struct json_object *print_text(const char *text)
{
        return json_object_new_string(text);
}

static uint32_t load_number(const struct field *f, const void *in)
{
        const char *member = (const char *)in + f->at;
        uint8_t n8;
        uint16_t n16;
        uint32_t n32;
        if (f->size == sizeof(n8)) {
                memcpy(&n8, member, sizeof(n8));
                return n8;
        }
        if (f->size == sizeof(n16)) {
                memcpy(&n16, member, sizeof(n16));
                return n16;
        }
        memcpy(&n32, member, sizeof(n32));
        return n32;
}

static bool load_bool(const struct field *f, const void *in)
{
        bool b;
        memcpy(&b, (const char *)in + f->at, sizeof(b));
        return b;
}

static struct json_object *print_number(const struct field *f, const void *in)
{
        uint32_t number = load_number(f, in);
        char text[32];
        if (f->type != FIELD_SECONDS)
                return json_object_new_int64(number);
        snprintf(text, sizeof(text), "%us", number);
        return print_text(text);
}

static struct json_object *print_ip(const struct field *f, const void *in)
{
        struct ip ip;
        char text[IP_STRLEN];
        memcpy(&ip, (const char *)in + f->at, sizeof(ip));
        return ip_is_unspecified(ip) ? NULL : print_text(ip_str(ip, text));
}

static struct json_object *print_router_id(const struct field *f, const void *in)
{
        uint32_t id = load_number(f, in);
        char text[IP_STRLEN];
        const uint8_t b[4] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
        return id ? print_text(ip_str(ip_from4(b), text)) : NULL;
}

static struct json_object *print_range(struct ip_range range)
{
        char first[IP_STRLEN], last[IP_STRLEN], text[2 * IP_STRLEN + 1], prefix[PREFIX_STRLEN];
        struct prefix one;
        if (ip_range_prefixes(range, &one, 1) == 1)
                return print_text(prefix_str(one, prefix));
        snprintf(text, sizeof(text), "%s-%s", ip_str(range.first, first), ip_str(range.last, last));
        return print_text(text);
}

static struct json_object *print_community(const struct community *c)
{
        char text[48];
        if (c->is_large)
                snprintf(text, sizeof(text), "large:%u:%u:%u", c->a, c->b, c->c);
        else
                snprintf(text, sizeof(text), "%u:%u", c->a, c->b);
        return print_text(text);
}

static struct json_object *print_list(const struct field *f, const void *in)
{
        const void *v;
        size_t n;
        memcpy(&v, (const char *)in + f->at, sizeof(v));
        memcpy(&n, (const char *)in + f->count_at, sizeof(n));
        struct json_object *list = json_object_new_array();
        for (size_t i = 0; i < n; i++)
                json_object_array_add(list, f->type == FIELD_STRINGS ? print_text(((const char *const *)v)[i])
                                            : f->type == FIELD_RANGES
                                                    ? print_range(((const struct ip_range *)v)[i])
                                                    : print_community((const struct community *)v + i));
        return list;
}

static struct json_object *print_labels(const struct labels *labels)
{
        struct json_object *out = json_object_new_object();
        for (size_t i = 0; i < labels->n; i++)
                json_object_object_add(out, labels->v[i].key, print_text(labels->v[i].value));
        return out;
}

static struct json_object *print_expr(const struct label_expr *expr)
{
        static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist"};
        struct json_object *out = json_object_new_object(), *values = json_object_new_array();
        json_object_object_add(out, "key", print_text(expr->key));
        json_object_object_add(out, "operator", print_text(operators[expr->op]));
        for (size_t i = 0; i < expr->n_values; i++)
                json_object_array_add(values, print_text(expr->values[i]));
        if (expr->n_values > 0)
                json_object_object_add(out, "values", values);
        else
                json_object_put(values);
        return out;
}

static struct json_object *print_selector(const struct selector *s)
{
        struct json_object *out = json_object_new_object();
        if (s->match.n > 0)
                json_object_object_add(out, "matchLabels", print_labels(&s->match));
        if (s->n_exprs > 0) {
                struct json_object *list = json_object_new_array();
                for (size_t i = 0; i < s->n_exprs; i++)
                        json_object_array_add(list, print_expr(&s->exprs[i]));
                json_object_object_add(out, "matchExpressions", list);
        }
        return out;
}

static struct json_object *print_selectors(const struct field *f, const void *in)
{
        struct selectors s;
        memcpy(&s, (const char *)in + f->at, sizeof(s));
        struct json_object *list = json_object_new_array();
        for (size_t i = 0; i < s.n; i++)
                json_object_array_add(list, print_selector(&s.v[i]));
        return list;
}

static struct json_object *print_value(const struct field *f, const void *in)
{
        switch (f->type) {
        case FIELD_BOOL:
                return json_object_new_boolean(load_bool(f, in));
        case FIELD_INT:
        case FIELD_ASN:
        case FIELD_SECONDS:
                return print_number(f, in);
        case FIELD_IP:
                return print_ip(f, in);
        case FIELD_ROUTER_ID:
                return print_router_id(f, in);
        case FIELD_STRINGS:
        case FIELD_RANGES:
        case FIELD_COMMUNITIES:
                return print_list(f, in);
        case FIELD_SELECTORS:
                return print_selectors(f, in);
        case FIELD_OBJECT:
                return print_fields(f->sub, in);
        case FIELD_STRING:
        case FIELD_OBJECTS:
                break;
        }
        return NULL;
}

/* At its default, or empty: what reading makes of nothing. */
static bool goes_without_saying(const struct field *f, struct json_object *value)
{
        if (!value || f->zero_counts)
                return !value;
        if (f->def)
                return strcmp(json_object_get_string(value), f->def) == 0;
        switch (json_object_get_type(value)) {
        case json_type_array:
                return json_object_array_length(value) == 0;
        case json_type_object:
                return json_object_object_length(value) == 0;
        case json_type_int:
                return json_object_get_int64(value) == 0;
        case json_type_string:
                return strcmp(json_object_get_string(value), "0s") == 0;
        case json_type_null:
        case json_type_boolean:
        case json_type_double:
                break;
        }
        return false;
}

static struct json_object *print_fields(const struct field *table, const void *in)
{
        struct json_object *out = json_object_new_object();
        for (const struct field *f = table; f->name; f++) {
                if (f->planned || (f->in & API_HERALD) == 0)
                        continue;
                struct json_object *value = print_value(f, in);
                if (goes_without_saying(f, value))
                        json_object_put(value);
                else
                        json_object_object_add(out, f->name, value);
        }
        return out;
}

static struct json_object *print_metadata(const struct ref *ref, const struct labels *labels, int64_t created)
{
        struct json_object *out = json_object_new_object();
        char time[WALL_STRLEN];
        json_object_object_add(out, "name", print_text(ref->name));
        if (*ref->namespace)
                json_object_object_add(out, "namespace", print_text(ref->namespace));
        if (labels && labels->n > 0)
                json_object_object_add(out, "labels", print_labels(labels));
        if (created)
                json_object_object_add(out, "creationTimestamp",
                                       print_text(wall_str(created * 1000000, time)));
        return out;
}

static void print_object(struct json_object *items, enum kind kind, const void *in)
{
        const struct kind_table *table = kind_table(kind);
        const struct pool *pool = kind == KIND_IPADDRESSPOOL ? in : NULL;
        struct ref ref;
        memcpy(&ref, (const char *)in + table->ref_at, sizeof(ref));
        struct json_object *out = json_object_new_object(), *spec = print_fields(table->spec, in);
        if (pool && pool->pinned && !json_object_object_get_ex(spec, "serviceAllocation", NULL))
                json_object_object_add(spec, "serviceAllocation", json_object_new_object());
        json_object_object_add(out, "apiVersion", print_text("heraldlb.io/v1alpha1"));
        json_object_object_add(out, "kind", print_text(kind_name(kind)));
        json_object_object_add(out, "metadata",
                               print_metadata(&ref, pool ? &pool->labels : NULL, pool ? pool->created : 0));
        json_object_object_add(out, "spec", spec);
        json_object_array_add(items, out);
}

struct json_object *config_print(const struct config *config)
{
        struct json_object *out = json_object_new_object(), *items = json_object_new_array();
        json_object_object_add(out, "apiVersion", print_text("v1"));
        json_object_object_add(out, "kind", print_text("List"));
        json_object_object_add(out, "items", items);
        for (size_t i = 0; i < config->n_pools; i++)
                if (config->pools[i].valid)
                        print_object(items, KIND_IPADDRESSPOOL, &config->pools[i]);
        for (size_t i = 0; i < config->n_peers; i++)
                print_object(items, KIND_BGPPEER, &config->peers[i]);
        for (size_t i = 0; i < config->n_bgp_ads; i++)
                print_object(items, KIND_BGPADVERTISEMENT, &config->bgp_ads[i]);
        for (size_t i = 0; i < config->n_l2_ads; i++)
                print_object(items, KIND_L2ADVERTISEMENT, &config->l2_ads[i]);
        return out;
}
