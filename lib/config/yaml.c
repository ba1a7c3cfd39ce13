/*
 * libyaml's events to json-c trees.
 *
 * A text is cut at its document markers first and each piece gets a parser of its own: YAML forbids a marker
 * inside any scalar (YAML 1.2.2, section 9.1.2), so the cut is exact, and an error stays in its document.
 * JSON is read as the YAML it is, except that its escaped surrogate pairs are put into UTF-8 before, which
 * YAML does not know.
 *
 * Two things keep memory in bounds: an alias shares the tree that it names, and the nodes that a reader of
 * the tree will see, not those that are stored, are counted against the limit. Lines are kept as userdata of
 * json-c objects; numbers with a fraction have none, json-c needs their userdata for their text.
 */
#include "config/yaml.h"
#include "base/text.h"
#include "config/scalar.h"
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <yaml.h>

const struct yaml_limits yaml_limits_default = {.bytes = 64u << 20, .nodes = 4000000, .depth = 64};

struct anchor {
        char *name;
        struct json_object *value;
        size_t nodes; /* of the tree */
        UT_hash_handle hh;
};

struct parse {
        yaml_parser_t parser;
        struct yaml_docs *docs;
        const char *file;
        int first_line; /* of the piece in its file, from 0 */
        struct anchor *anchors;
        const char *error; /* the first one; sticky */
        int error_line;
};

static struct json_object *read_node(struct parse *, const yaml_event_t *, size_t depth);

static void fail(struct parse *p, size_t line, const char *text)
{
        if (p->error)
                return;
        p->error = text;
        p->error_line = p->first_line + (int)line + 1;
}

static bool spend(struct parse *p, size_t nodes, size_t line)
{
        if (nodes > p->docs->limits.nodes) {
                fail(p, line, "has too many values, or aliases that expand to too many; split the input");
                return false;
        }
        p->docs->limits.nodes -= nodes;
        return true;
}

static void set_line(const struct parse *p, struct json_object *value, size_t line)
{
        if (value && !json_object_is_type(value, json_type_double))
                json_object_set_userdata(value, (void *)(intptr_t)(p->first_line + (int)line + 1), NULL);
}

int yaml_line(struct json_object *value)
{
        if (!value || json_object_is_type(value, json_type_double))
                return 0;
        return (int)(intptr_t)json_object_get_userdata(value);
}

/* The next event; false on an error, then there is nothing to delete. */
static bool next_event(struct parse *p, yaml_event_t *event)
{
        if (p->error)
                return false;
        if (yaml_parser_parse(&p->parser, event))
                return true;
        const char *problem = p->parser.problem ? p->parser.problem : "cannot be read";
        size_t line =
                p->parser.error == YAML_READER_ERROR ? p->parser.mark.line : p->parser.problem_mark.line;
        fail(p, line, arena_printf(p->docs->arena, "is not valid YAML: %s", problem));
        return false;
}

static void keep_anchor(struct parse *p, const char *name, struct json_object *value, size_t nodes)
{
        struct anchor *a;
        HASH_FIND_STR(p->anchors, name, a);
        if (!a) {
                a = xcalloc(1, sizeof(*a));
                a->name = xstrdup(name);
                HASH_ADD_KEYPTR(hh, p->anchors, a->name, strlen(a->name), a);
        }
        json_object_put(a->value);
        a->value = json_object_get(value);
        a->nodes = nodes;
}

static void drop_anchors(struct parse *p)
{
        struct anchor *a, *tmp;
        HASH_ITER (hh, p->anchors, a, tmp) {
                HASH_DEL(p->anchors, a);
                json_object_put(a->value);
                free(a->name);
                free(a);
        }
}

static struct json_object *read_alias(struct parse *p, const yaml_event_t *event)
{
        size_t line = event->start_mark.line;
        struct anchor *a;
        HASH_FIND_STR(p->anchors, (const char *)event->data.alias.anchor, a);
        if (!a) {
                fail(p, line, "uses an alias whose anchor does not come before it");
                return NULL;
        }
        return spend(p, a->nodes, line) ? json_object_get(a->value) : NULL;
}

static const char *standard_tag(const yaml_char_t *tag)
{
        static const char prefix[] = "tag:yaml.org,2002:";
        if (!tag || strncmp((const char *)tag, prefix, sizeof(prefix) - 1) != 0)
                return NULL;
        return (const char *)tag + sizeof(prefix) - 1;
}

static bool tag_is_known(const yaml_char_t *tag)
{
        static const char *const known[] = {"str", "int", "float", "bool", "null", "map", "seq"};
        if (!tag || strcmp((const char *)tag, "!") == 0)
                return true;
        const char *name = standard_tag(tag);
        for (size_t i = 0; name && i < sizeof(known) / sizeof(known[0]); i++)
                if (strcmp(name, known[i]) == 0)
                        return true;
        return false;
}

static struct json_object *read_scalar(struct parse *p, const yaml_event_t *event)
{
        const char *text = (const char *)event->data.scalar.value;
        size_t len = event->data.scalar.length;
        const char *tag = standard_tag(event->data.scalar.tag);
        if (memchr(text, 0, len)) {
                fail(p, event->start_mark.line, "has a NUL character in a value; remove it");
                return NULL;
        }
        bool string = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag;
        if (tag && strcmp(tag, "str") != 0)
                string = false;
        return string ? json_object_new_string_len(text, (int)len) : scalar_plain(text, len);
}

static struct json_object *read_sequence(struct parse *p, size_t depth)
{
        struct json_object *list = json_object_new_array();
        yaml_event_t event;
        while (next_event(p, &event)) {
                bool end = event.type == YAML_SEQUENCE_END_EVENT;
                if (!end)
                        json_object_array_add(list, read_node(p, &event, depth));
                yaml_event_delete(&event);
                if (end)
                        break;
        }
        return list;
}

/* Checks the key of a mapping that has the keys of `map` already. */
static bool key_is_good(struct parse *p, const yaml_event_t *key, struct json_object *map)
{
        size_t line = key->start_mark.line;
        if (key->type != YAML_SCALAR_EVENT) {
                fail(p, line, "has a key that is not a plain word; keys are words or quoted strings");
                return false;
        }
        const char *text = (const char *)key->data.scalar.value;
        if (strlen(text) != key->data.scalar.length) {
                fail(p, line, "has a NUL character in a key; remove it");
                return false;
        }
        if (strcmp(text, "<<") == 0 && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
                fail(p, line, "uses the merge key <<, which is not supported; write the fields out");
                return false;
        }
        if (json_object_object_get_ex(map, text, NULL)) {
                char shown[61];
                text_printable(shown, sizeof(shown), text);
                fail(p, line,
                     arena_printf(p->docs->arena, "has the key \"%s\" twice; remove one of them", shown));
                return false;
        }
        return true;
}

static struct json_object *read_mapping(struct parse *p, size_t depth)
{
        struct json_object *map = json_object_new_object();
        yaml_event_t key, value;
        while (next_event(p, &key)) {
                bool end = key.type == YAML_MAPPING_END_EVENT;
                if (!end && key_is_good(p, &key, map) && next_event(p, &value)) {
                        struct json_object *child = read_node(p, &value, depth);
                        if (value.type != YAML_ALIAS_EVENT)
                                set_line(p, child, key.start_mark.line);
                        json_object_object_add(map, (const char *)key.data.scalar.value, child);
                        yaml_event_delete(&value);
                }
                yaml_event_delete(&key);
                if (end)
                        break;
        }
        return map;
}

static const yaml_char_t *event_anchor(const yaml_event_t *e)
{
        if (e->type == YAML_SCALAR_EVENT)
                return e->data.scalar.anchor;
        return e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.anchor
                                                    : e->data.mapping_start.anchor;
}

static const yaml_char_t *event_tag(const yaml_event_t *e)
{
        if (e->type == YAML_SCALAR_EVENT)
                return e->data.scalar.tag;
        return e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.tag : e->data.mapping_start.tag;
}

/* The value that begins with this event. NULL is JSON's null, and what an error gives. */
static struct json_object *read_node(struct parse *p, const yaml_event_t *event, size_t depth)
{
        size_t line = event->start_mark.line, before = p->docs->limits.nodes;
        struct json_object *value;
        if (event->type == YAML_ALIAS_EVENT)
                return read_alias(p, event);
        if (!spend(p, event->type == YAML_SCALAR_EVENT ? 1 + event->data.scalar.length / 64 : 1, line))
                return NULL;
        if (!tag_is_known(event_tag(event))) {
                fail(p, line, "has a tag (!...) that is not one of YAML's own; remove it");
                return NULL;
        }
        if (event->type == YAML_SCALAR_EVENT) {
                value = read_scalar(p, event);
        } else if (depth >= p->docs->limits.depth) {
                fail(p, line, "is nested too deeply");
                return NULL;
        } else if (event->type == YAML_SEQUENCE_START_EVENT) {
                value = read_sequence(p, depth + 1);
        } else {
                value = read_mapping(p, depth + 1);
        }
        set_line(p, value, line);
        if (event_anchor(event) && !p->error)
                keep_anchor(p, (const char *)event_anchor(event), value, before - p->docs->limits.nodes);
        return value;
}

static void add_doc(struct yaml_docs *docs, struct yaml_doc doc)
{
        if ((docs->n & (docs->n - 1)) == 0) /* room doubles at the powers of two */
                docs->v = xreallocarray(docs->v, docs->n ? docs->n * 2 : 1, sizeof(docs->v[0]));
        docs->v[docs->n++] = doc;
}

/* `kind: List` and the lists of the API: each item is a document. Items may leave out what their list says.
 */
static bool add_items(struct yaml_docs *docs, struct json_object *root, const char *file, size_t depth)
{
        struct json_object *items, *kind, *version;
        if (!json_object_object_get_ex(root, "kind", &kind) || !json_object_is_type(kind, json_type_string) ||
            !json_object_object_get_ex(root, "items", &items) || !json_object_is_type(items, json_type_array))
                return false;
        const char *name = json_object_get_string(kind);
        size_t len = strlen(name);
        if (len < 4 || strcmp(name + len - 4, "List") != 0)
                return false;
        for (size_t i = 0; i < json_object_array_length(items); i++) {
                struct json_object *item = json_object_array_get_idx(items, i);
                if (!json_object_is_type(item, json_type_object)) {
                        const char *error = "has an item in its list that is not an object; remove it";
                        add_doc(docs,
                                (struct yaml_doc){.file = file, .line = yaml_line(item), .error = error});
                        continue;
                }
                if (len > 4 && !json_object_object_get_ex(item, "kind", NULL))
                        json_object_object_add(item, "kind", json_object_new_string_len(name, (int)len - 4));
                if (len > 4 && !json_object_object_get_ex(item, "apiVersion", NULL) &&
                    json_object_object_get_ex(root, "apiVersion", &version))
                        json_object_object_add(item, "apiVersion", json_object_get(version));
                if (depth == 0 || !add_items(docs, item, file, depth - 1))
                        add_doc(docs, (struct yaml_doc){json_object_get(item), file, yaml_line(item), NULL});
        }
        return true;
}

static void add_root(struct parse *p, struct json_object *root, size_t line)
{
        struct yaml_docs *docs = p->docs;
        if (!p->error && root && !json_object_is_type(root, json_type_object))
                fail(p, line, "is not an object; a document starts with apiVersion: and kind:");
        if (!p->error && root && !add_items(docs, root, p->file, docs->limits.depth))
                add_doc(docs, (struct yaml_doc){json_object_get(root), p->file, p->first_line + (int)line + 1,
                                                NULL});
        json_object_put(root);
}

/* Reads one piece: one document. */
static void read_piece(struct yaml_docs *docs, const char *file, int first_line, const char *text, size_t len)
{
        struct parse p = {.docs = docs, .file = file, .first_line = first_line};
        yaml_event_t event;
        if (!yaml_parser_initialize(&p.parser))
                abort(); /* out of memory */
        yaml_parser_set_input_string(&p.parser, (const unsigned char *)text, len);
        yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
        while (next_event(&p, &event)) {
                yaml_event_type_t type = event.type;
                if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                    type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT)
                        add_root(&p, read_node(&p, &event, 0), event.start_mark.line);
                yaml_event_delete(&event);
                if (type == YAML_STREAM_END_EVENT)
                        break;
        }
        if (p.error)
                add_doc(docs, (struct yaml_doc){.file = file, .line = p.error_line, .error = p.error});
        drop_anchors(&p);
        yaml_parser_delete(&p.parser);
}

/* Does the line begin with this mark ("---" or "..."), and nothing else but space behind it? */
static bool is_marker(const char *line, const char *end, const char *mark)
{
        return end - line >= 3 && memcmp(line, mark, 3) == 0 &&
               (line + 3 == end || (line[3] && strchr(" \t\r\n", line[3])));
}

/* Nothing but blank lines, comments and directives (%YAML): what may stand before a marker. */
static bool is_prologue(const char *line, const char *end)
{
        while (line < end) {
                const char *eol = memchr(line, '\n', (size_t)(end - line));
                size_t blank = 0, len = (size_t)((eol ? eol : end) - line);
                while (blank < len && (line[blank] == ' ' || line[blank] == '\t' || line[blank] == '\r'))
                        blank++;
                if (blank < len && line[blank] != '#' && line[0] != '%')
                        return false;
                line += len + (eol ? 1 : 0);
        }
        return true;
}

static void read_pieces(struct yaml_docs *docs, const char *file, const char *text, size_t len)
{
        const char *end = text + len, *start = text, *line = text;
        int first = 0, number = 0;
        if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                start = line = text + 3; /* byte order mark */
        while (line < end) {
                const char *eol = memchr(line, '\n', (size_t)(end - line)), *next = eol ? eol + 1 : end;
                bool ends = is_marker(line, end, "...");
                if (ends || is_marker(line, end, "---")) {
                        if (!is_prologue(start, line))
                                read_piece(docs, file, first, start, (size_t)(line - start));
                        start = ends ? next : line;
                        first = ends ? number + 1 : number;
                }
                line = next;
                number++;
        }
        if (!is_prologue(start, end))
                read_piece(docs, file, first, start, (size_t)(end - start));
}

void yaml_read_text(struct yaml_docs *docs, const char *file, const char *text, size_t len)
{
        file = arena_strdup(docs->arena, file);
        if (len > docs->limits.bytes) {
                yaml_add_error(docs, file, 1, "is too long; split it");
                return;
        }
        char *utf8 = json_surrogates_to_utf8(text, &len);
        read_pieces(docs, file, utf8 ? utf8 : text, len);
        free(utf8);
}

void yaml_add_error(struct yaml_docs *docs, const char *file, int line, const char *error)
{
        struct yaml_doc doc = {.line = line};
        doc.file = arena_strdup(docs->arena, file);
        doc.error = arena_strdup(docs->arena, error);
        add_doc(docs, doc);
}

void yaml_add_document(struct yaml_docs *docs, const struct yaml_doc *from)
{
        struct yaml_doc doc = {.line = from->line};
        doc.file = arena_strdup(docs->arena, from->file);
        doc.error = arena_strdup(docs->arena, from->error);
        doc.root = json_object_get(from->root);
        add_doc(docs, doc);
}

struct yaml_docs *yaml_docs_new(const struct yaml_limits *limits)
{
        struct arena *arena = arena_new();
        struct yaml_docs *docs = arena_alloc(arena, sizeof(*docs));
        docs->arena = arena;
        docs->limits = limits ? *limits : yaml_limits_default;
        return docs;
}

void yaml_docs_free(struct yaml_docs *docs)
{
        if (!docs)
                return;
        for (size_t i = 0; i < docs->n; i++)
                json_object_put(docs->v[i].root);
        free(docs->v);
        arena_free(docs->arena);
}
