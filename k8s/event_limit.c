#include "k8s/event_limit.h"
#include "base/arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Of one object (tokens), of one object and reason (similar), of one message (series): three keys, one table. */
struct memory {
        char *key;
        struct mono since, last;
        int64_t tokens_ns;  /* of an object: one Event costs EVENT_REFILL */
        unsigned similar;   /* of a reason: messages since `since` */
        unsigned count;     /* of a message */
        char name[EVENT_NAMELEN];
        UT_hash_handle hh;  /* in order of use, the oldest first */
};

struct event_limit {
        struct memory *all;
};

struct event_limit *event_limit_new(void)
{
        return xcalloc(1, sizeof(struct event_limit));
}

static void forget(struct event_limit *l, struct memory *m)
{
        HASH_DEL(l->all, m);
        free(m->key);
        free(m);
}

void event_limit_free(struct event_limit *l)
{
        if (!l)
                return;
        while (l->all)
                forget(l, l->all);
        free(l);
}

/* Takes key over. */
static struct memory *recall(struct event_limit *l, char *key, struct mono now)
{
        struct memory *m;
        HASH_FIND_STR(l->all, key, m);
        if (m) {
                HASH_DEL(l->all, m); /* to its end */
                free(key);
        } else {
                m = xcalloc(1, sizeof(*m));
                m->key = key;
                m->since = m->last = now;
                m->tokens_ns = EVENT_TOKENS * EVENT_REFILL;
        }
        HASH_ADD_KEYPTR(hh, l->all, m->key, strlen(m->key), m);
        if (HASH_COUNT(l->all) > EVENT_KEYS)
                forget(l, l->all);
        return m;
}

static char *key_of(char what, const struct write *e, const char *more)
{
        return xprintf("%c %d %s/%s/%s %s", what, (int)e->ref.kind, e->ref.namespace, e->ref.name, e->ref.uid, more);
}

static struct memory *recall_series(struct event_limit *l, const struct write *e, bool combined, struct mono now)
{
        char *more = xprintf("%d %d %s", e->warning, (int)e->reason, combined ? "" : e->message ? e->message : "");
        struct memory *m = recall(l, key_of(combined ? 'c' : 'm', e, more), now);
        free(more);
        return m;
}

/* Whether this message is one of too many; a message that is known is none more. */
static bool is_combined(struct event_limit *l, const struct write *e, bool known, struct mono now)
{
        char *more = xprintf("%d %d", e->warning, (int)e->reason);
        struct memory *m = recall(l, key_of('r', e, more), now);
        free(more);
        if (mono_since(now, m->since) > EVENT_WINDOW) {
                m->since = now;
                m->similar = 0;
        }
        if (!known)
                m->similar++;
        return m->similar > EVENT_SIMILAR;
}

static bool take_token(struct event_limit *l, const struct write *e, struct mono now)
{
        struct memory *m = recall(l, key_of('o', e, ""), now);
        m->tokens_ns += mono_since(now, m->last);
        m->last = now;
        if (m->tokens_ns > EVENT_TOKENS * EVENT_REFILL)
                m->tokens_ns = EVENT_TOKENS * EVENT_REFILL;
        if (m->tokens_ns < EVENT_REFILL)
                return false;
        m->tokens_ns -= EVENT_REFILL;
        return true;
}

static bool goes_on(const struct memory *m, struct mono now)
{
        return m->name[0] && mono_since(now, m->last) <= EVENT_SERIES;
}

struct event_verdict event_limit_take(struct event_limit *l, const struct write *e, struct mono now)
{
        struct memory *m = recall_series(l, e, false, now);
        bool known = goes_on(m, now);
        bool combined = is_combined(l, e, known, now);
        if (!take_token(l, e, now))
                return (struct event_verdict){.act = EVENT_DROP};
        if (combined && !known)
                m = recall_series(l, e, true, now);
        bool series = goes_on(m, now);
        m->count = series ? m->count + 1 : 1;
        if (!series)
                m->name[0] = 0;
        m->last = now;
        return (struct event_verdict){.act = series ? EVENT_COUNT : EVENT_POST,
                                      .combined = combined && !known,
                                      .count = m->count,
                                      .name = m->name};
}

void event_limit_posted(struct event_limit *l, const struct write *e, bool combined, const char *name)
{
        char *more = xprintf("%d %d %s", e->warning, (int)e->reason, combined ? "" : e->message ? e->message : "");
        char *key = key_of(combined ? 'c' : 'm', e, more);
        struct memory *m;
        HASH_FIND_STR(l->all, key, m);
        if (m)
                snprintf(m->name, sizeof(m->name), "%s", name ? name : "");
        free(more);
        free(key);
}
