/*
 * YAML and JSON text to json-c trees. Every tree is a mapping, the root of one document; `kind: List` (and
 * any
 * ...List with items) is taken apart into its items. Scalars are those of the YAML 1.2 core schema: true and
 * false are booleans, yes and on are strings, quoted scalars are strings. Refused: duplicate keys, merge
 * keys, unknown tags, NUL characters, and whatever goes over a limit; an alias counts as often as it is used.
 * A document that cannot be read does not hurt the others of its file.
 */
#pragma once
#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct yaml_limits {
        size_t bytes; /* of one text */
        size_t nodes; /* of all documents of a set, aliases expanded; 64 octets of text count as one more */
        size_t depth;
};
extern const struct yaml_limits yaml_limits_default; /* 64 MiB, 4 million nodes, 64 levels */

struct yaml_doc {
        struct json_object *root; /* owned by the set; NULL if it could not be read: error says why */
        const char *file;         /* as given */
        int line;                 /* where the document, or the error, is; from 1 */
        const char *error;        /* a sentence without file and line; NULL if root is there */
};

struct yaml_docs {
        struct arena *arena;
        struct yaml_doc *v;
        size_t n;
        struct yaml_limits limits; /* what is left of them */
        bool unreadable;           /* a path could not be opened or read; a document of its own says why */
};

struct yaml_docs *yaml_docs_new(const struct yaml_limits *); /* NULL: the default */
void yaml_docs_free(struct yaml_docs *);                     /* NULL is fine */

/* Appends the documents of a text; file is only a name for messages. */
void yaml_read_text(struct yaml_docs *, const char *file, const char *text, size_t len);
/* Appends those of a file, of standard input ("-"), or of the *.yaml, *.yml and *.json files right in a
 * directory, in the order of their names; dot-files and what is not a regular file are left out. A path that
 * is neither is refused, never waited for. */
void yaml_read_path(struct yaml_docs *, const char *path);
/* Appends those of one regular file; anything else (a directory, a FIFO that nobody writes) is refused. */
void yaml_read_file(struct yaml_docs *, const char *path);
/* The same as yaml_read_path(), but for commands: waits for a FIFO or a device that the operator named, such
 * as the /dev/fd/63 of a shell's <(...). */
void yaml_read_argument(struct yaml_docs *, const char *path);
/* A file of this name in a directory is one of ours: *.yaml, *.yml, *.json, and no dot-file. */
bool yaml_is_document(const char *name);
/* Appends a document that could not be read. Both texts are copied. */
void yaml_add_error(struct yaml_docs *, const char *file, int line, const char *error);

/* Appends a document of another set, sharing its tree. */
void yaml_add_document(struct yaml_docs *, const struct yaml_doc *);

/* The line of a value (for a value in a mapping: of its key); 0 if unknown, as for trees from elsewhere. */
int yaml_line(struct json_object *);
