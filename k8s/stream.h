/*
 * Bytes to JSON values as they arrive, cut anywhere; managedFields comes out as null. Pure. A stream holds at most one value in memory, and no
 * value larger than STREAM_MAX_VALUE or deeper than STREAM_MAX_DEPTH: what goes beyond is refused, not grown
 * into.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define STREAM_MAX_VALUE ((size_t)8 << 20) /* etcd stores at most 1.5 MiB an object */
#define STREAM_MAX_DEPTH 128

struct json_object;
struct stream;

enum stream_shape {
        STREAM_WATCH, /* objects one after the other, as a watch sends them */
        STREAM_LIST,  /* one object; the elements of its "items" are handed out one by one */
};

enum stream_error {
        STREAM_OK,
        STREAM_NOT_JSON,
        STREAM_TOO_DEEP,
        STREAM_TOO_LARGE,
        STREAM_STOPPED,   /* the handler returned false */
        STREAM_TRUNCATED, /* only from stream_end() */
};

/* STREAM_WATCH: field is NULL. STREAM_LIST: field is "items" for each element, else the name of another
 * member of the list, such as "metadata". value is borrowed and may be NULL (JSON null). False stops the
 * stream for good. */
typedef bool stream_fn(void *arg, const char *field, struct json_object *value);

struct stream *stream_new(enum stream_shape, stream_fn *, void *arg);
void stream_free(struct stream *); /* NULL is fine; not from the handler */
/* Errors stay: every later call returns the first one. */
enum stream_error stream_feed(struct stream *, const char *bytes, size_t n);
/* No more bytes: STREAM_TRUNCATED in the middle of a value or a list. */
enum stream_error stream_end(struct stream *);
const char *stream_error_str(enum stream_error); /* a phrase: "is not JSON" */
