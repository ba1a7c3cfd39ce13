/* Fields that hold a list: names, addresses, communities. An entry that is there twice is an error, as it is
 * for MetalLB: it is most often a slip of the pen for something else. */
#include "config/field.h"
#include "config/value.h"
#include "config/yaml.h"
#include "model/want.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static void refuse_entry(struct reading *r, size_t i, struct json_object *at, const char *problem)
{
        size_t path = path_index(r, i);
        refuse(r, at, REASON_INVALID_VALUE, "%s %s", shown(r, at), problem);
        path_pop(r, path);
}

bool is_list(struct reading *r, struct json_object *value, int64_t min, int64_t max)
{
        if (!json_object_is_type(value, json_type_array)) {
                refuse(r, value, REASON_INVALID_VALUE,
                       "must be a list, but is %s; write it as [ ... ] or with dashes", shown(r, value));
                return false;
        }
        int64_t n = (int64_t)json_object_array_length(value);
        if (n < min)
                refuse(r, value, REASON_INVALID_VALUE, "is an empty list; add an entry");
        if (n > max)
                refuse(r, value, REASON_INVALID_VALUE, "has %lld entries, but may have %lld; split it",
                       (long long)n, (long long)max);
        return n >= min && n <= max;
}

/* The text of an entry; NULL if it is no string (then it was refused). */
static const char *entry_string(struct reading *r, size_t i, struct json_object *entry)
{
        if (json_object_is_type(entry, json_type_string) &&
            strlen(json_object_get_string(entry)) == (size_t)json_object_get_string_len(entry))
                return json_object_get_string(entry);
        refuse_entry(r, i, entry, "is not a string; put it in quotes");
        return NULL;
}

struct word {
        const char *text;
        size_t i; /* where it is in the list */
};

static int by_text(const void *a, const void *b)
{
        const struct word *x = a, *y = b;
        int order = strcmp(x->text, y->text);
        return order ? order : (x->i > y->i) - (x->i < y->i);
}

static void refuse_repeated(struct reading *r, struct json_object *list, const char **texts,
                            const size_t *index, size_t n)
{
        struct word *words = xcalloc(n + 1, sizeof(*words));
        for (size_t i = 0; i < n; i++)
                words[i] = (struct word){texts[i], index[i]};
        qsort(words, n, sizeof(*words), by_text);
        for (size_t i = 1; i < n; i++)
                if (strcmp(words[i - 1].text, words[i].text) == 0)
                        refuse_entry(r, words[i].i, json_object_array_get_idx(list, words[i].i),
                                     "is in the list twice; remove one of them");
        free(words);
}

void read_words(struct reading *r, struct json_object *list, bool (*good)(const char *), const char *problem,
                const char ***out, size_t *n_out)
{
        size_t n = json_object_array_length(list), used = 0;
        const char **texts = arena_array(r->arena, n + 1, sizeof(*texts));
        size_t *index = xcalloc(n + 1, sizeof(*index));
        for (size_t i = 0; i < n; i++) {
                struct json_object *entry = json_object_array_get_idx(list, i);
                const char *text = entry_string(r, i, entry);
                if (text && !good(text)) {
                        refuse_entry(r, i, entry, problem);
                } else if (text) {
                        texts[used] = arena_strdup(r->arena, text);
                        index[used++] = i;
                }
        }
        refuse_repeated(r, list, texts, index, used);
        free(index);
        *out = texts;
        *n_out = used;
}

static void read_strings(struct reading *r, const struct field *f, struct json_object *list, void *out)
{
        const char **texts, *problem = f->item == interface_name_is_valid
                                               ? "is not the name of an interface; take it from `ip link`"
                                               : "is not a name; names have a-z, 0-9, dashes and dots";
        size_t n;
        if (!is_list(r, list, f->min, f->max))
                return;
        read_words(r, list, f->item, problem, &texts, &n);
        memcpy((char *)out + f->at, &texts, sizeof(texts));
        memcpy((char *)out + f->count_at, &n, sizeof(n));
}

struct span {
        struct ip_range range;
        size_t i;
};

static int by_start(const void *a, const void *b)
{
        const struct span *x = a, *y = b;
        int order = ip_cmp(x->range.first, y->range.first);
        return order ? order : (x->i > y->i) - (x->i < y->i);
}

static void refuse_self_overlap(struct reading *r, struct json_object *list, struct span *spans, size_t n)
{
        qsort(spans, n, sizeof(*spans), by_start);
        for (size_t i = 1, widest = 0; i < n; i++) {
                if (ip_cmp(spans[i].range.first, spans[widest].range.last) <= 0) {
                        size_t later = spans[i].i > spans[widest].i ? i : widest,
                               other = later == i ? widest : i;
                        size_t path = path_index(r, spans[later].i);
                        struct json_object *at = json_object_array_get_idx(list, spans[later].i);
                        refuse(r, at, REASON_INVALID_VALUE,
                               "%s overlaps addresses[%zu] of the same pool; remove one", shown(r, at),
                               spans[other].i);
                        path_pop(r, path);
                }
                if (ip_cmp(spans[i].range.last, spans[widest].range.last) > 0)
                        widest = i;
        }
}

static void note_host_bits(struct reading *r, size_t i, const char *text, struct ip_range range)
{
        char ip[IP_STRLEN];
        const char *slash = strchr(text, '/');
        size_t len = slash ? (size_t)(slash - text) : 0;
        struct ip written;
        if (len == 0 || len >= sizeof(ip))
                return;
        memcpy(ip, text, len);
        ip[len] = 0;
        if (!ip_parse(ip, &written) || ip_eq(written, range.first))
                return;
        size_t path = path_index(r, i);
        note(r, "\"%.60s\" means the whole prefix from %s on", text, ip_str(range.first, ip));
        path_pop(r, path);
}

static void read_ranges(struct reading *r, const struct field *f, struct json_object *list, void *out)
{
        if (!is_list(r, list, f->min, f->max))
                return;
        size_t n = json_object_array_length(list), used = 0;
        struct ip_range *ranges = arena_array(r->arena, n + 1, sizeof(*ranges));
        struct span *spans = xcalloc(n + 1, sizeof(*spans));
        for (size_t i = 0; i < n; i++) {
                struct json_object *entry = json_object_array_get_idx(list, i);
                const char *text = entry_string(r, i, entry);
                struct ip_range range;
                bool readable = false;
                const char *problem = text ? pool_range_parse(text, &range, &readable) : NULL;
                if (problem)
                        refuse_entry(r, i, entry, problem);
                if (!readable)
                        continue;
                note_host_bits(r, i, text, range);
                spans[used] = (struct span){range, i};
                ranges[used++] = range;
        }
        refuse_self_overlap(r, list, spans, used);
        free(spans);
        memcpy((char *)out + f->at, &ranges, sizeof(ranges));
        memcpy((char *)out + f->count_at, &used, sizeof(used));
}

static int by_community(const void *a, const void *b)
{
        return community_cmp(a, b);
}

static bool read_community(struct reading *r, size_t i, struct json_object *entry, struct community *out)
{
        const char *text = entry_string(r, i, entry);
        if (text && community_is_alias(text)) {
                size_t path = path_index(r, i);
                refuse(r, entry, REASON_FIELD_NOT_SUPPORTED,
                       "communities by name are not supported yet; write %s as \"A:B\"", shown(r, entry));
                path_pop(r, path);
                return false;
        }
        const char *problem = text ? community_parse(text, out) : NULL;
        if (problem)
                refuse_entry(r, i, entry, problem);
        return text && !problem;
}

static void read_communities(struct reading *r, const struct field *f, struct json_object *list, void *out)
{
        if (!is_list(r, list, f->min, f->max))
                return;
        size_t n = json_object_array_length(list), used = 0;
        struct community *v = arena_array(r->arena, n + 1, sizeof(*v));
        for (size_t i = 0; i < n; i++)
                if (read_community(r, i, json_object_array_get_idx(list, i), &v[used]))
                        used++;
        qsort(v, used, sizeof(*v), by_community);
        for (size_t i = 1; i < used; i++)
                if (community_cmp(&v[i - 1], &v[i]) == 0)
                        refuse(r, list, REASON_INVALID_VALUE, "has a community twice; remove one of them");
        memcpy((char *)out + f->at, &v, sizeof(v));
        memcpy((char *)out + f->count_at, &used, sizeof(used));
}

void read_list(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        if (f->type == FIELD_STRINGS)
                read_strings(r, f, value, out);
        else if (f->type == FIELD_RANGES)
                read_ranges(r, f, value, out);
        else if (f->type == FIELD_COMMUNITIES)
                read_communities(r, f, value, out);
        else
                read_selectors(r, f, value, out);
}
