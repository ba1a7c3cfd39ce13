/*
 * Which Events are worth posting: client-go's rules (record.EventCorrelator) for events.k8s.io/v1. Pure.
 *
 * The same Event again within EVENT_SERIES is a count on the first one (series). More than EVENT_SIMILAR different
 * messages of one object and reason within EVENT_WINDOW are told as one that is combined. Of one object at most
 * EVENT_TOKENS at once, then one every EVENT_REFILL. At most EVENT_KEYS keys are remembered, the oldest go first.
 */
#pragma once
#include "base/clock.h"
#include "model/write.h"

#define EVENT_SERIES  (6 * 60 * SEC)
#define EVENT_WINDOW  (10 * 60 * SEC)
#define EVENT_REFILL  (5 * 60 * SEC)
#define EVENT_SIMILAR 10
#define EVENT_TOKENS  25
#define EVENT_KEYS    4096
#define EVENT_NAMELEN 254

enum event_act {
        EVENT_POST,   /* a new one; event_limit_posted() says by which name */
        EVENT_COUNT,  /* the series of *name has *count occurrences now */
        EVENT_DROP,   /* too many */
};

struct event_verdict {
        enum event_act act;
        bool combined; /* EVENT_POST, EVENT_COUNT: "(combined from similar events): " goes before the message */
        unsigned count;
        const char *name; /* valid until the next call */
};

struct event_limit;

struct event_limit *event_limit_new(void);
void event_limit_free(struct event_limit *); /* NULL is fine */
struct event_verdict event_limit_take(struct event_limit *, const struct write *event, struct mono now);
/* The Event was posted as name, or (NULL) it, or its first one, is not there: the next one is new. */
void event_limit_posted(struct event_limit *, const struct write *event, bool combined, const char *name);
