/*
 * Reading an object by its field table. A problem does not end the reading: the operator is to see all of
 * them at once. What could be read stands in the struct even when the object is refused (an invalid pool
 * keeps its ranges).
 */
#include "config/field.h"
#include "base/text.h"
#include "config/entry.h"
#include "config/value.h"
#include "config/yaml.h"
#include "json/json.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        PROBLEMS_MAX = 50, /* of one object; who has more starts with these */
        WORD_MAX = 60,     /* octets of a name or value that are shown */
};

void problems_add(struct problems *problems, struct verdict verdict)
{
        if (problems->n == problems->room) {
                problems->room = problems->room ? problems->room * 2 : 16;
                problems->v = xreallocarray(problems->v, problems->room, sizeof(problems->v[0]));
        }
        problems->v[problems->n++] = verdict;
}

/* One text in the arena, whatever its length: cut short it might end inside a character. */
static const char *format(struct reading *r, const char *fmt, va_list ap)
        __attribute__((format(printf, 2, 0)));
static const char *format(struct reading *r, const char *fmt, va_list ap)
{
        char *text;
        if (vasprintf(&text, fmt, ap) < 0)
                abort();
        const char *kept = arena_strdup(r->arena, text);
        free(text);
        return kept;
}

void refuse(struct reading *r, struct json_object *at, enum reason reason, const char *fmt, ...)
{
        va_list ap;
        if (r->errors++ >= PROBLEMS_MAX)
                return;
        struct verdict verdict = {.ref = r->ref, .reason = reason, .kind = r->kind};
        va_start(ap, fmt);
        verdict.message = format(r, fmt, ap);
        va_end(ap);
        if (r->path_len > 0)
                verdict.message = arena_printf(r->arena, "%s: %s", r->path, verdict.message);
        if (r->doc->file[0])
                verdict.file = arena_strdup(r->arena, r->doc->file);
        verdict.line = yaml_line(at) ? yaml_line(at) : r->line;
        verdict.field = arena_strdup(r->arena, r->path);
        problems_add(r->problems, verdict);
}

void note(struct reading *r, const char *fmt, ...)
{
        va_list ap;
        if (strlen(r->notes) > 2000)
                return;
        va_start(ap, fmt);
        const char *text = format(r, fmt, ap);
        va_end(ap);
        r->notes = arena_printf(r->arena, "%s%s%s: %s", r->notes, *r->notes ? "; " : "", r->path, text);
}

const char *shown(struct reading *r, struct json_object *value)
{
        switch (json_object_get_type(value)) {
        case json_type_null:
                return "empty";
        case json_type_object:
                return "an object";
        case json_type_array:
                return "a list";
        case json_type_string:
                break;
        case json_type_boolean:
        case json_type_int:
        case json_type_double:
                return arena_strdup(r->arena, json_object_get_string(value));
        }
        char word[WORD_MAX + 1];
        const char *text = json_object_get_string(value);
        size_t n = text_printable(word, sizeof(word), text);
        return arena_printf(r->arena, "\"%s%s\"", word, text[n] ? "..." : "");
}

static size_t path_add(struct reading *r, const char *part)
{
        size_t before = r->path_len;
        text_printable(r->path + before, sizeof(r->path) - before, part);
        r->path_len = before + strlen(r->path + before);
        return before;
}

size_t path_field(struct reading *r, const char *name)
{
        char part[WORD_MAX + 2] = ".";
        text_printable(part + 1, WORD_MAX + 1, name);
        return path_add(r, r->path_len > 0 ? part : part + 1);
}

size_t path_index(struct reading *r, size_t i)
{
        char part[32];
        snprintf(part, sizeof(part), "[%zu]", i);
        return path_add(r, part);
}

void path_pop(struct reading *r, size_t len)
{
        r->path_len = len;
        r->path[len] = 0;
}

void refuse_unknown(struct reading *r, struct json_object *at, const char *key, const char *const *known)
{
        const char *best = NULL;
        int best_distance = 4;
        if (r->errors >= PROBLEMS_MAX) { /* do not look for names that nobody will see */
                r->errors++;
                return;
        }
        for (; *known; known++) {
                int distance = edit_distance(key, *known);
                if (distance < best_distance && (size_t)distance * 3 <= strlen(*known)) {
                        best = *known;
                        best_distance = distance;
                }
        }
        size_t path = path_field(r, key);
        if (best)
                refuse(r, at, REASON_UNKNOWN_FIELD, "is not a field of %s; did you mean %s?", r->kind, best);
        else
                refuse(r, at, REASON_UNKNOWN_FIELD, "is not a field of %s; remove it", r->kind);
        path_pop(r, path);
}

static void refuse_unknown_field(struct reading *r, struct json_object *at, const char *key,
                                 const struct field *table)
{
        const char *known[32] = {NULL};
        size_t n = 0;
        for (const struct field *f = table; f->name && n + 1 < 32; f++) {
                if ((f->in & r->version) != 0) {
                        known[n++] = f->name;
                } else if (strcmp(f->name, key) == 0) {
                        size_t path = path_field(r, key);
                        refuse(r, at, REASON_UNKNOWN_FIELD,
                               "is not a field of %s in this apiVersion, but in a later one; change "
                               "apiVersion",
                               r->kind);
                        path_pop(r, path);
                        return;
                }
        }
        refuse_unknown(r, at, key, known);
}

static bool asks_for_nothing(struct json_object *value)
{
        switch (json_object_get_type(value)) {
        case json_type_null:
                return true;
        case json_type_boolean:
                return !json_object_get_boolean(value);
        case json_type_int:
                return json_object_get_int64(value) == 0;
        case json_type_string:
                return json_object_get_string_len(value) == 0;
        case json_type_array:
                return json_object_array_length(value) == 0;
        case json_type_object:
                return json_object_object_length(value) == 0;
        case json_type_double:
                break;
        }
        return false;
}

static const struct field *find_field(const struct reading *r, const struct field *table, const char *key)
{
        for (; table->name; table++)
                if (strcmp(table->name, key) == 0 && (table->in & r->version) != 0)
                        return table;
        return NULL;
}

static void set_defaults(struct reading *r, const struct field *table, void *out)
{
        for (const struct field *f = table; f->name; f++) {
                if (f->type == FIELD_OBJECT && !f->planned)
                        set_defaults(r, f->sub, out);
                if (!f->def || f->planned)
                        continue;
                struct json_object *value = f->type == FIELD_BOOL  ? json_object_new_boolean(f->def[0] == 't')
                                            : f->type == FIELD_INT ? json_object_new_int64(atoll(f->def))
                                                                   : json_object_new_string(f->def);
                read_value(r, f, value, out);
                json_object_put(value);
        }
}

static void read_one(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        size_t path = path_field(r, f->name);
        if (!f->planned)
                read_value(r, f, value, out);
        else if (!asks_for_nothing(value))
                refuse(r, value, REASON_FIELD_NOT_SUPPORTED, "is not supported yet; remove it (%s)", f->doc);
        path_pop(r, path);
}

static void read_present(struct reading *r, const struct field *table, struct json_object *object, void *out)
{
        int outer = r->line;
        if (yaml_line(object))
                r->line = yaml_line(object);
        json_object_object_foreach(object, key, value)
        {
                const struct field *f = find_field(r, table, key);
                if (!f)
                        refuse_unknown_field(r, value, key, table);
                else if (value)
                        read_one(r, f, value, out);
        }
        for (const struct field *f = table; f->name; f++) {
                if (!f->required || json_at(object, f->name) || (f->in & r->version) == 0)
                        continue;
                size_t path = path_field(r, f->name);
                refuse(r, object, REASON_MISSING_FIELD, "is missing; add it (%s)", f->doc);
                path_pop(r, path);
        }
        r->line = outer;
}

void read_fields(struct reading *r, const struct field *table, struct json_object *object, void *out)
{
        set_defaults(r, table, out);
        if (json_object_is_type(object, json_type_object))
                read_present(r, table, object, out);
        else
                refuse(r, object, REASON_INVALID_VALUE,
                       "must be an object, but is %s; put its fields under it", shown(r, object));
}
