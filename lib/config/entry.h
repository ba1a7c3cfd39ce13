/* Inside of a set of documents; for lib/config only. */
#pragma once
#include "config/docs.h"

struct entry {
        enum config_origin origin;
        struct json_object *root; /* a reference; NULL: a document that could not be read */
        char *file;               /* "" from the API */
        int line;
        char *error;
};

struct config_docs {
        struct entry *v; /* in no order */
        size_t n, room;
};

/* metadata.name, kind and the like; "" where it is missing or no string. */
const char *entry_text(const struct entry *, const char *parent, const char *key);
