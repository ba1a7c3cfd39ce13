#include "lead/seat.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define KEY_MAX 520

static size_t make_key(char buf[static KEY_MAX], const char *namespace, const char *name)
{
        int n = snprintf(buf, KEY_MAX, "%s%c%s", namespace, '\0', name);
        return n < KEY_MAX ? (size_t)n : KEY_MAX - 1;
}

struct seat *seat_find(const struct seats *seats, const char *namespace, const char *name)
{
        char key[KEY_MAX];
        struct seat *seat;
        size_t len = make_key(key, namespace, name);
        HASH_FIND(hh, seats->all, key, len, seat);
        return seat;
}

struct seat *seat_obtain(struct seats *seats, const char *namespace, const char *name)
{
        char key[KEY_MAX];
        struct seat *seat = seat_find(seats, namespace, name);
        size_t len = make_key(key, namespace, name);
        if (seat)
                return seat;
        seat = xcalloc(1, sizeof(*seat) + len + 1);
        memcpy(seat->key, key, len);
        HASH_ADD(hh, seats->all, key[0], len, seat);
        return seat;
}

const char *seat_namespace(const struct seat *seat)
{
        return seat->key;
}

const char *seat_name(const struct seat *seat)
{
        return seat->key + strlen(seat->key) + 1;
}

void seat_forget(struct seats *seats, struct seat *seat)
{
        seat_queue(seats, seat, false);
        seat_wait(seats, seat, false);
        seat_time(seats, seat, false);
        HASH_DEL(seats->all, seat);
        flight_end(&seat->flight);
        free(seat->held);
        free(seat->uid);
        free(seat->tried);
        free(seat->message);
        free(seat);
}

void seats_free(struct seats *seats)
{
        struct seat *seat, *tmp;
        HASH_ITER (hh, seats->all, seat, tmp) {
                seat_forget(seats, seat);
        }
}

void seat_hold(struct seat *seat, const struct ip *ips, size_t n)
{
        free(seat->held);
        seat->held = n > 0 ? xcalloc(n, sizeof(*ips)) : NULL;
        seat->n_held = n;
        for (size_t i = 0; i < n; i++)
                seat->held[i] = ips[i];
}

void seat_queue(struct seats *seats, struct seat *seat, bool in)
{
        if (in == seat->queued)
                return;
        seat->queued = in;
        if (in)
                DL_APPEND2(seats->incoming, seat, q_prev, q_next);
        else if (seat->incoming)
                DL_DELETE2(seats->incoming, seat, q_prev, q_next);
        else
                DL_DELETE2(seats->queue, seat, q_prev, q_next);
        seat->incoming = in;
}

void seat_wait(struct seats *seats, struct seat *seat, bool in)
{
        if (in && !seat->waiting)
                DL_APPEND2(seats->waiting, seat, w_prev, w_next);
        else if (!in && seat->waiting)
                DL_DELETE2(seats->waiting, seat, w_prev, w_next);
        seat->waiting = in;
}

void seat_time(struct seats *seats, struct seat *seat, bool in)
{
        if (in && !seat->timed)
                DL_APPEND2(seats->timed, seat, t_prev, t_next);
        else if (!in && seat->timed)
                DL_DELETE2(seats->timed, seat, t_prev, t_next);
        seat->timed = in;
}

static int age_cmp(const struct seat *a, const struct seat *b)
{
        if (a->created != b->created)
                return a->created < b->created ? -1 : 1;
        int by_namespace = strcmp(seat_namespace(a), seat_namespace(b));
        return by_namespace ? by_namespace : strcmp(seat_name(a), seat_name(b));
}

/* What comes back after its flight is among the oldest, so the walk is short. */
void seats_sort_queue(struct seats *seats)
{
        struct seat *at = seats->queue;
        DL_SORT2(seats->incoming, age_cmp, q_prev, q_next);
        while (seats->incoming) {
                struct seat *seat = seats->incoming;
                DL_DELETE2(seats->incoming, seat, q_prev, q_next);
                seat->incoming = false;
                while (at && age_cmp(at, seat) <= 0)
                        at = at->q_next;
                if (at)
                        DL_PREPEND_ELEM2(seats->queue, at, seat, q_prev, q_next);
                else
                        DL_APPEND2(seats->queue, seat, q_prev, q_next);
        }
}

/* ---- flights ---- */

void flight_start(struct flight *flight, const struct write *write)
{
        flight_end(flight);
        flight->up = true;
        flight->ips = xcalloc(write->n_ips + 1, sizeof(struct ip));
        for (size_t i = 0; i < write->n_ips; i++)
                flight->ips[flight->n++] = write->ips[i];
        flight->pool = write->pool ? xstrdup(write->pool) : NULL;
        flight->rv = xstrdup(write->ref.rv);
        flight->term = write->term;
}

void flight_end(struct flight *flight)
{
        free(flight->ips);
        free(flight->pool);
        free(flight->rv);
        *flight = (struct flight){0};
}

bool flight_landed(const struct flight *flight, const struct service *service)
{
        if (flight->n != service->n_status || !flight->pool != !service->allocated_pool ||
            (flight->pool && strcmp(flight->pool, service->allocated_pool) != 0))
                return false;
        for (size_t i = 0; i < flight->n; i++)
                if (!ip_eq(flight->ips[i], service->status_ips[i]))
                        return false;
        return true;
}
