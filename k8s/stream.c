/*
 * The incremental splitter of watch and list bodies.
 *
 * Values are parsed by json-c's tokener, which keeps its place between calls; it is given null for managedFields. What
 * lies around values (the braces, keys and commas of a list down to its items) is walked here, so that a page of 500
 * objects never exists as one tree. Invariant: the tokener is used only in state IN_VALUE, and it is fresh when that state
 * is entered.
 */
#include "k8s/stream.h"
#include "base/arena.h"
#include "k8s/managed_fields.h"
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum place {
        BETWEEN,    /* a watch: before an object */
        LIST_START, /* before the list's { */
        FIRST_KEY,  /* after {: a key or } */
        KEY,        /* after a comma: a key */
        COLON,      /* after a key */
        MEMBER,     /* before a member's value */
        AFTER_MEMBER,
        FIRST_ITEM, /* after the [ of items: an item or ] */
        ITEM,       /* after a comma in items */
        AFTER_ITEM,
        LIST_END, /* after the list's } */
        IN_VALUE,
};

struct stream {
        enum place place;
        enum place opened; /* while IN_VALUE: where the value began */
        enum stream_error error;
        struct json_tokener *tokener;
        struct managed_fields managed_fields;
        bool nested; /* the value is an object or an array */
        size_t size; /* of the value so far */
        char *field; /* the key last read */
        stream_fn *fn;
        void *arg;
};

struct stream *stream_new(enum stream_shape shape, stream_fn *fn, void *arg)
{
        struct stream *s = xcalloc(1, sizeof(*s));
        s->place = shape == STREAM_WATCH ? BETWEEN : LIST_START;
        s->fn = fn;
        s->arg = arg;
        s->tokener = json_tokener_new_ex(STREAM_MAX_DEPTH);
        if (!s->tokener)
                abort();
        json_tokener_set_flags(s->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
        return s;
}

void stream_free(struct stream *s)
{
        if (!s)
                return;
        json_tokener_free(s->tokener);
        free(s->field);
        free(s);
}

static void open_value(struct stream *s, char first)
{
        json_tokener_reset(s->tokener);
        s->managed_fields = (struct managed_fields){0};
        s->nested = first == '{' || first == '[';
        s->size = 0;
        s->opened = s->place;
        s->place = IN_VALUE;
}

/* A value is whole: says where the stream stands after it. */
static enum stream_error close_value(struct stream *s, struct json_object *value)
{
        bool go_on = true;
        if (s->opened == BETWEEN) {
                s->place = BETWEEN;
                go_on = s->fn(s->arg, NULL, value);
        } else if (s->opened == FIRST_KEY || s->opened == KEY) {
                s->place = COLON;
                free(s->field);
                s->field = xstrdup(json_object_get_string(value));
        } else if (s->opened == MEMBER) {
                s->place = AFTER_MEMBER;
                if (strcmp(s->field, "items") != 0)
                        go_on = s->fn(s->arg, s->field, value);
                else if (value)
                        return STREAM_NOT_JSON; /* items is neither a list nor null */
        } else {
                s->place = AFTER_ITEM;
                go_on = s->fn(s->arg, "items", value);
        }
        return go_on ? STREAM_OK : STREAM_STOPPED;
}

static enum stream_error parse_value(struct stream *s, const char *bytes, size_t n, size_t *used)
{
        struct json_object *value = json_tokener_parse_ex(s->tokener, bytes, (int)n);
        enum json_tokener_error error = json_tokener_get_error(s->tokener);
        *used = error == json_tokener_success ? json_tokener_get_parse_end(s->tokener) : n;
        s->size += *used;
        enum stream_error result = STREAM_OK;
        if (error == json_tokener_error_depth)
                result = STREAM_TOO_DEEP;
        else if (error != json_tokener_success && error != json_tokener_continue)
                result = STREAM_NOT_JSON;
        else if (s->size > STREAM_MAX_VALUE)
                result = STREAM_TOO_LARGE;
        else if (error == json_tokener_success)
                result = close_value(s, value);
        json_object_put(value);
        return result;
}

static enum stream_error leave_out(struct stream *s, const char *bytes, size_t n, size_t *used)
{
        size_t ignored;
        *used = managed_fields_leave_out(&s->managed_fields, bytes, n);
        s->size += *used;
        if (s->size > STREAM_MAX_VALUE)
                return STREAM_TOO_LARGE;
        return s->managed_fields.leaving_out ? STREAM_OK : parse_value(s, "null", strlen("null"), &ignored);
}

static enum stream_error in_value(struct stream *s, const char *bytes, size_t n, size_t *used)
{
        size_t room = STREAM_MAX_VALUE - s->size;
        if (n > room + 1)
                n = room + 1;
        if (s->managed_fields.leaving_out)
                return leave_out(s, bytes, n, used);
        if (s->nested)
                n = managed_fields_take(&s->managed_fields, bytes, n);
        return n > 0 ? parse_value(s, bytes, n, used) : STREAM_OK;
}

/* One byte outside of values. Leaves s->place at IN_VALUE, with the byte not used, if a value begins with it.
 */
static enum stream_error step(struct stream *s, char c, size_t *used)
{
        enum place next = IN_VALUE;
        *used = 1;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
                return STREAM_OK;
        if (s->place == LIST_START && c == '{')
                next = FIRST_KEY;
        else if ((s->place == FIRST_KEY || s->place == AFTER_MEMBER) && c == '}')
                next = LIST_END;
        else if (s->place == COLON && c == ':')
                next = MEMBER;
        else if (s->place == MEMBER && c == '[' && strcmp(s->field, "items") == 0)
                next = FIRST_ITEM;
        else if (s->place == AFTER_MEMBER && c == ',')
                next = KEY;
        else if (s->place == AFTER_ITEM && c == ',')
                next = ITEM;
        else if ((s->place == FIRST_ITEM || s->place == AFTER_ITEM) && c == ']')
                next = AFTER_MEMBER;
        if (next != IN_VALUE) {
                s->place = next;
                return STREAM_OK;
        }
        bool key = (s->place == FIRST_KEY || s->place == KEY) && c == '"';
        bool object = (s->place == BETWEEN || s->place == FIRST_ITEM || s->place == ITEM) && c == '{';
        if (!key && !object && s->place != MEMBER)
                return STREAM_NOT_JSON;
        open_value(s, c);
        *used = 0;
        return STREAM_OK;
}

enum stream_error stream_feed(struct stream *s, const char *bytes, size_t n)
{
        while (n > 0 && s->error == STREAM_OK) {
                size_t used = 0;
                if (s->place == IN_VALUE)
                        s->error = in_value(s, bytes, n, &used);
                else
                        s->error = step(s, *bytes, &used);
                bytes += used;
                n -= used;
        }
        return s->error;
}

enum stream_error stream_end(struct stream *s)
{
        if (s->error == STREAM_OK && s->place != BETWEEN && s->place != LIST_END)
                s->error = STREAM_TRUNCATED;
        return s->error;
}

const char *stream_error_str(enum stream_error error)
{
        switch (error) {
        case STREAM_OK:
                return "is fine";
        case STREAM_NOT_JSON:
                return "is not the JSON that was expected";
        case STREAM_TOO_DEEP:
                return "is nested more than 128 levels deep";
        case STREAM_TOO_LARGE:
                return "has a value of more than 8 MiB";
        case STREAM_STOPPED:
                return "was not read to its end";
        case STREAM_TRUNCATED:
                return "ended in the middle";
        }
        abort();
}
