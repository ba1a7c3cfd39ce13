/* What a document is, by its apiVersion, kind and metadata. For lib/config only. */
#pragma once
#include "config/field.h"

struct identity {
        bool ours;       /* one of the config kinds: to be read */
        bool other;      /* of the cluster's own kinds (Service, Node, ...): not config, and nothing to say */
        int rank;        /* of two with one kind and name the higher wins */
        int64_t created; /* INT64_MAX if nothing says */
        struct labels labels;
};

/* Fills r (arena, doc and problems are set) with ref, kind and version, and tells what is wrong with them. */
struct identity identify(struct reading *r);
