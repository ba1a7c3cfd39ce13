/*
 * When a report is written: at once when something important changed, counts at their leisure, and now and then in any
 * case, so that a report that is old is known to be of a daemon that does not report. Pure. A write that failed is
 * tried again later and later.
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>
#include <stdint.h>

#define PACE_WRITES  (10 * SEC)  /* never two within this */
#define PACE_COUNTS  (60 * SEC)  /* that only counts changed is told after this */
#define PACE_RENEWAL (300 * SEC) /* that nothing changed is told after this */
#define PACE_RETRY_MAX (600 * SEC)

struct pace { /* zeroed: nothing was written yet */
        bool written; /* anything, ever */
        struct mono at; /* the last write */
        uint64_t important, all; /* digests of what was written then */
        unsigned failures; /* in a row */
};

/* Whether what has these digests is to be written now; if so, takes it as written. */
bool pace_due(struct pace *, uint64_t important, uint64_t all, struct mono now);
/* The write came to nothing: what it told is not known there. */
void pace_failed(struct pace *);
void pace_done(struct pace *);
