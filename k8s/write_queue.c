/*
 * Invariant: a slot is in ready[type] if it has a write that waits, none that runs and no pause; in paused if
 * it has none that runs and pauses; in neither while one runs. A slot with nothing of these is freed.
 */
#include "k8s/write_queue.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const int64_t pause_first = 100 * MSEC, pause_cap = 30 * SEC;

void pause_longer(struct pause *p, struct mono now, int64_t at_least)
{
        int64_t delay = pause_first;
        for (unsigned i = 0; i < p->failures && delay < pause_cap; i++)
                delay *= 2;
        if (delay > pause_cap)
                delay = pause_cap;
        if (p->failures < 1000)
                p->failures++;
        p->until = mono_add(now, delay > at_least ? delay : at_least);
}

/* ---- the heap of pauses: its first ends first, each before those at 2i and 2i + 1 (from 1) ---- */

static bool ends_before(struct write_queue *q, size_t a, size_t b)
{
        q->steps++;
        return mono_before(q->paused[a - 1]->pause.until, q->paused[b - 1]->pause.until);
}

static void place(struct write_queue *q, size_t at, struct write_slot *slot)
{
        q->paused[at - 1] = slot;
        slot->heaped = at;
}

static void exchange(struct write_queue *q, size_t a, size_t b)
{
        struct write_slot *slot = q->paused[a - 1];
        place(q, a, q->paused[b - 1]);
        place(q, b, slot);
}

static void heap_push(struct write_queue *q, struct write_slot *slot)
{
        if (q->n_paused == q->room) {
                q->room = q->room ? q->room * 2 : 16;
                q->paused = xreallocarray(q->paused, q->room, sizeof(*q->paused));
        }
        place(q, ++q->n_paused, slot);
        for (size_t at = q->n_paused; at > 1 && ends_before(q, at, at / 2); at /= 2)
                exchange(q, at, at / 2);
}

static struct write_slot *heap_pop(struct write_queue *q)
{
        struct write_slot *first = q->paused[0];
        place(q, 1, q->paused[--q->n_paused]);
        for (size_t at = 1, child; (child = 2 * at) <= q->n_paused; at = child) {
                if (child < q->n_paused && ends_before(q, child + 1, child))
                        child++;
                if (!ends_before(q, child, at))
                        break;
                exchange(q, at, child);
        }
        first->heaped = 0;
        return first;
}

/* ---- slots ---- */

static struct write_slot *slot_of(struct write_queue *q, const struct write *write)
{
        const struct ref *r = &write->ref;
        struct write_slot *slot = NULL;
        char *key = xprintf("%d %d %s/%s/%s/%s", (int)write->type,
                            write->type == WRITE_EVENT ? (int)write->reason : 0, kind_name(r->kind), r->group,
                            r->namespace, r->name);
        HASH_FIND_STR(q->slots, key, slot);
        if (slot) {
                free(key);
                return slot;
        }
        slot = xcalloc(1, sizeof(*slot));
        slot->key = key;
        slot->type = write->type;
        HASH_ADD_KEYPTR(hh, q->slots, slot->key, strlen(slot->key), slot);
        return slot;
}

static void slot_free(struct write_queue *q, struct write_slot *slot)
{
        HASH_DEL(q->slots, slot);
        write_free(slot->waiting);
        write_free(slot->running);
        free(slot->key);
        free(slot);
}

/* Puts a slot that neither runs nor pauses where it belongs now. */
static void settle(struct write_queue *q, struct write_slot *slot)
{
        q->steps++;
        if (slot->waiting)
                DL_APPEND(q->ready[slot->type], slot);
        else
                slot_free(q, slot);
}

struct write *write_queue_put(struct write_queue *q, struct write *write)
{
        struct write_slot *slot = slot_of(q, write);
        struct write *former = slot->waiting;
        slot->waiting = write;
        if (!former && !slot->running && !slot->heaped)
                settle(q, slot);
        return former;
}

struct write_slot *write_queue_next(struct write_queue *q, enum write_type type)
{
        q->steps++;
        return q->ready[type];
}

void write_queue_start(struct write_queue *q, struct write_slot *slot)
{
        DL_DELETE(q->ready[slot->type], slot);
        slot->running = slot->waiting;
        slot->waiting = NULL;
}

struct write *write_queue_end(struct write_queue *q, struct write_slot *slot, struct mono now)
{
        struct write *write = slot->running;
        slot->running = NULL;
        if (mono_before(now, slot->pause.until))
                heap_push(q, slot);
        else
                settle(q, slot);
        return write;
}

struct mono write_queue_wake(struct write_queue *q, struct mono now)
{
        while (q->n_paused > 0 && !mono_before(now, q->paused[0]->pause.until))
                settle(q, heap_pop(q));
        return q->n_paused > 0 ? q->paused[0]->pause.until : MONO_NEVER;
}

void write_queue_forget_waiting(struct write_queue *q, struct write_slot *slot)
{
        if (!slot->waiting)
                return;
        bool ready = !slot->running && !slot->heaped;
        write_free(slot->waiting);
        slot->waiting = NULL;
        if (!ready)
                return;
        DL_DELETE(q->ready[slot->type], slot);
        slot_free(q, slot);
}

void write_queue_clear(struct write_queue *q)
{
        struct write_slot *slot, *next;
        HASH_ITER (hh, q->slots, slot, next)
                slot_free(q, slot);
        free(q->paused);
        *q = (struct write_queue){0};
}
