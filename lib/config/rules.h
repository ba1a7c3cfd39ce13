/* What one field alone does not show. For lib/config only. */
#pragma once
#include "config/field.h"

struct object { /* one that is read, and has won its name */
        struct reading r;
        struct json_object *spec; /* NULL if it has none */
        int64_t created;          /* INT64_MAX if nothing says */
        const struct kind_table *table;
        void *typed; /* struct pool, ...; in the arena of the config */
};

/* One object: called by way of kind_tables with the spec and the struct that was read from it. */
void check_pool(struct reading *, struct json_object *spec, void *pool);
void check_peer(struct reading *, struct json_object *spec, void *peer);
void check_bgp_ad(struct reading *, struct json_object *spec, void *bgp_ad);
void check_settings(struct reading *, struct json_object *spec, void *settings);

/* Objects against each other; a function of the set, not of its order. Only objects without problems are
 * looked at: a refused one hurts no other. */
void check_pools(struct object **pools, size_t n);
void check_peers(struct object **peers, size_t n);
void check_aggregation(struct object **ads, size_t n_ads, struct object **pools, size_t n_pools);
