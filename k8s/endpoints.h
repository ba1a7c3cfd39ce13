/*
 * Which of several API servers is asked. Pure. The first of the list that works is used: those on this machine
 * (KubePrism) first, the others in the order given. One that fails is left at once for the next that did not fail
 * lately; a better one is taken again when it has answered twice in a row. Where there is only one, it is always that.
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>
#include <stddef.h>

#define ENDPOINTS_MAX   8
#define ENDPOINT_PROBE  (15 * SEC) /* about so often the one in use is asked whether it lives, and better ones too */
#define ENDPOINT_REST   (5 * SEC)  /* so long one that failed is not chosen if another can be */

struct endpoint_server {
        char *url;
        unsigned well;        /* answers in a row */
        struct mono rest_until;
};

struct endpoints {
        struct endpoint_server v[ENDPOINTS_MAX];
        size_t n, current;
        struct mono probe_at;
        uint64_t random;
        uint64_t failovers;
};

/* Copies urls, leaves out repeated ones and those beyond ENDPOINTS_MAX; n > 0. */
void endpoints_init(struct endpoints *, const char *const *urls, size_t n, struct mono now, uint64_t seed);
void endpoints_clear(struct endpoints *);
/* A request to it got no answer, and it is not the request's fault. True if another one is current now. */
bool endpoints_failed(struct endpoints *, size_t which, struct mono now);
/* It answered. True if it is current now and was not. */
bool endpoints_answered(struct endpoints *, size_t which, struct mono now);
/* Which to probe now: *out, up to ENDPOINTS_MAX; the current one and all that are better. 0 before probe_at. */
size_t endpoints_probe(struct endpoints *, struct mono now, size_t *out);
