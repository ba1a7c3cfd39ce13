/*
 * The table behind link.h: pure. A dump marks everything as stale, what the kernel lists is fresh again, and
 * the end of the dump sweeps the rest: so a dump repairs whatever events were lost.
 */
#pragma once
#include "link/link.h"

struct link_route { /* a default route of the main table */
        enum ip_family family;
        int ifindex;
        struct ip gateway; /* unspecified if the route is on-link */
        uint32_t metric;
        bool stale;
};

struct link_table {
        struct link_if *ifs; /* ascending by ifindex */
        size_t n_ifs;
        struct link_route *routes;
        size_t n_routes;
};

void table_free(struct link_table *); /* what is in it; empty afterwards */
const struct link_if *table_by_index(const struct link_table *, int ifindex);
const struct link_if *table_by_name(const struct link_table *, const char *name);

/* Each tells whether the table changed. The interface's addresses and routes stay as they are in *put. */
bool table_put_if(struct link_table *, const struct link_if *put);
bool table_drop_if(struct link_table *, int ifindex); /* with its addresses and routes */
bool table_put_addr(struct link_table *, int ifindex, const struct link_addr *);
bool table_drop_addr(struct link_table *, int ifindex, const struct link_addr *);
bool table_put_route(struct link_table *, const struct link_route *);
bool table_drop_route(struct link_table *, const struct link_route *);
/* Drops the routes of one family and metric: a route replaced in place sends no deletion. */
bool table_drop_metric(struct link_table *, enum ip_family, uint32_t metric);

void table_mark(struct link_table *);
bool table_sweep(struct link_table *);
