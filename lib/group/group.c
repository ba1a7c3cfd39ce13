/*
 * Ownership by rank alone. Changes that have to be told are collected and told by a timer that is due at
 * once: callers are never called back from inside their own call, as it will be when claims arrive from the
 * wire.
 */
#include "group/group.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define TOLD_PER_TURN 32

struct key {
        int ifindex;
        struct ip ip;
};

struct seat { /* one address on one segment */
        struct key key;
        bool candidate;
        uint32_t rank;
        bool owner;  /* what group_owns() says */
        bool told;   /* what the listener knows */
        bool queued; /* in the list of what has to be told */
        UT_hash_handle hh;
};

struct group {
        struct seat *seats;
        struct loop_timer *timer;
        group_owner_fn *changed;
        void *arg;
        struct key *queue;
        size_t n_queue;
};

static struct key key_of(int ifindex, struct ip ip)
{
        struct key k;

        memset(&k, 0, sizeof(k)); /* a hash key: no padding left to chance */
        k.ifindex = ifindex;
        k.ip = ip;
        return k;
}

static struct seat *find(const struct group *g, struct key k)
{
        struct seat *s;

        HASH_FIND(hh, g->seats, &k, sizeof(k), s);
        return s;
}

static void enqueue(struct group *g, struct seat *s)
{
        if (s->queued)
                return;
        s->queued = true;
        g->queue = xreallocarray(g->queue, g->n_queue + 1, sizeof(*g->queue));
        g->queue[g->n_queue++] = s->key;
        loop_timer_at(g->timer, (struct mono){0});
}

static void tell(struct group *g, struct seat *s)
{
        s->queued = false;
        s->owner = s->candidate && s->rank == 1;
        if (s->owner == s->told)
                return;
        s->told = s->owner;
        if (g->changed != NULL)
                g->changed(g->arg, s->key.ifindex, s->key.ip, s->owner);
}

static void on_timer(void *arg)
{
        struct group *g = arg;
        struct key batch[TOLD_PER_TURN];
        size_t n = g->n_queue < TOLD_PER_TURN ? g->n_queue : TOLD_PER_TURN;

        /* The listener may set and unset seats: keys, not pointers, and none of the queue. */
        memcpy(batch, g->queue, n * sizeof(*batch));
        g->n_queue -= n;
        memmove(g->queue, g->queue + n, g->n_queue * sizeof(*batch));
        if (g->n_queue > 0)
                loop_timer_at(g->timer, (struct mono){0});
        for (size_t i = 0; i < n; i++) {
                struct seat *s = find(g, batch[i]);

                if (s != NULL)
                        tell(g, s);
        }
}

struct group *group_new(struct loop *loop, group_owner_fn *changed, void *arg)
{
        struct group *g = xcalloc(1, sizeof(*g));

        g->timer = loop_timer_new(loop, on_timer, g);
        group_listen(g, changed, arg);
        return g;
}

void group_listen(struct group *g, group_owner_fn *changed, void *arg)
{
        g->changed = changed;
        g->arg = arg;
}

void group_free(struct group *g)
{
        struct seat *s, *tmp;

        if (g == NULL)
                return;
        HASH_ITER (hh, g->seats, s, tmp) {
                HASH_DEL(g->seats, s);
                free(s);
        }
        loop_timer_free(g->timer);
        free(g->queue);
        free(g);
}

void group_set(struct group *g, int ifindex, struct ip ip, bool candidate, uint32_t rank)
{
        struct key k = key_of(ifindex, ip);
        struct seat *s = find(g, k);

        if (s == NULL) {
                s = xcalloc(1, sizeof(*s));
                s->key = k;
                HASH_ADD(hh, g->seats, key, sizeof(s->key), s);
        }
        s->candidate = candidate;
        s->rank = rank;
        if (!candidate)
                s->owner = s->told = false;
        if ((s->candidate && s->rank == 1) != s->told)
                enqueue(g, s);
}

void group_unset(struct group *g, int ifindex, struct ip ip)
{
        struct seat *s = find(g, key_of(ifindex, ip));

        if (s == NULL)
                return;
        HASH_DEL(g->seats, s);
        free(s);
}

bool group_owns(const struct group *g, int ifindex, struct ip ip)
{
        const struct seat *s = find(g, key_of(ifindex, ip));

        return s != NULL && s->owner;
}
