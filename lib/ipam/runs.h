/* A set of addresses kept as disjoint runs, so that the next address outside of it is found in O(log runs).
 */
#pragma once
#include "base/ip.h"

struct runs {
        void *root;
};

void runs_add(struct runs *, struct ip);    /* must not be in the set */
void runs_remove(struct runs *, struct ip); /* must be in the set */
/* The first address from ip on that is not in the set; false if the address space ends first. */
bool runs_next_outside(const struct runs *, struct ip *ip);
void runs_free(struct runs *);
