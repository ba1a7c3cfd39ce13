/*
 * The leader goes through one queue of Services, oldest first. Into it come Services that changed, Services
 * that wait when something was released (an address, a port of a shared one), and Services whose time has
 * come. Before anything is decided the book of claims has everything that any status holds and every write
 * under way will make held; so an address that is in nobody's status yet is never given twice, in whatever
 * order the watch shows things.
 *
 * A write carries the resourceVersion that it was decided by and fails if the object is newer. A flight
 * therefore ends when the store shows its addresses, or a newer resourceVersion (it can land no more), or
 * when its failure is told. A Service with a flight under way is not decided.
 *
 * A status is kept in mind when it was seen, and stays claimed when somebody else clears it: the Service gets
 * the same addresses again (design decisions 6 and 10).
 */
#include "lead/lead.h"
#include "lead/conditions.h"
#include "lead/decide.h"
#include "lead/seat.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define LOOKS_PER_CALL  512
#define ASKS_PER_CALL   8192 /* of nodes, about an address */
#define WRITES_PER_LOOK 5
#define BACKOFF_FIRST   (1 * SEC)
#define BACKOFF_LONGEST (60 * SEC)
#define BEHIND_PATIENCE (10 * SEC) /* a conflict need not be a newer object: policies answer 409, too */
#define RESTORES_AT_ONCE 3
#define RESTORE_PAUSE   (2 * SEC) /* shorter than an address without a holder is announced */
#define RESTORE_PEACE   (60 * SEC)

struct lead {
        struct seats seats;
        struct book *book;
        bool started;  /* all services were seen once */
        bool released; /* somebody who waits may be helped */
};

struct turn { /* of lead_decide() */
        struct lead *lead;
        const struct store *store;
        const struct config *config;
        uint64_t term;
        struct mono now;
        struct write **out;
        size_t n;
};

struct lead *lead_new(void)
{
        struct lead *lead = xcalloc(1, sizeof(*lead));
        lead->book = book_new();
        return lead;
}

void lead_free(struct lead *lead)
{
        if (!lead)
                return;
        seats_free(&lead->seats);
        book_free(lead->book);
        free(lead);
}

/* ---- facts ---- */

/* The claims of a Service: what its status has, or had before somebody else cleared it, and what a flight
 * will put there. */
static void claim(struct lead *lead, const struct seat *seat, const struct fact *fact)
{
        const struct service *service = &fact->u.service;
        const struct ip *has = service->n_status > 0 ? service->status_ips : seat->held;
        size_t n = 0, n_has = service->n_status > 0 ? service->n_status : seat->n_held;
        if (!service->load_balancer && !service->allocated_pool)
                n_has = 0; /* somebody else's, or long over */
        struct ip *ips = xcalloc(n_has + seat->flight.n + 1, sizeof(*ips));
        for (size_t i = 0; i < n_has; i++)
                ips[n++] = has[i];
        for (size_t i = 0; i < seat->flight.n; i++)
                ips[n++] = seat->flight.ips[i];
        lead->released |= book_set(lead->book, fact, ips, n);
        free(ips);
}

static void forget(struct lead *lead, struct seat *seat)
{
        lead->released |= book_drop(lead->book, seat_namespace(seat), seat_name(seat));
        seat_forget(&lead->seats, seat);
}

static void check_flight(struct seat *seat, const struct fact *fact)
{
        if (!seat->flight.up)
                return;
        if (flight_landed(&seat->flight, &fact->u.service)) {
                seat->landed = true;
                seat->trouble = TROUBLE_NONE;
                seat->backoff = 0;
                flight_end(&seat->flight);
        } else if (*fact->ref.rv && strcmp(seat->flight.rv, fact->ref.rv) != 0) {
                flight_end(&seat->flight);
        }
}

static void keep_in_mind(struct seat *seat, const struct config *config, const struct service *service)
{
        enum reason why;
        if (!ipam_ours(config, service, &why))
                seat_hold(seat, NULL, 0);
        else if (service->n_status > 0)
                seat_hold(seat, service->status_ips, service->n_status);
}

/* Who holds the same address may have lost it by this change, or shares it no longer. */
static void queue_sharers(struct lead *lead, const struct store *store, const struct fact *fact)
{
        for (size_t i = 0; i < fact->u.service.n_status; i++) {
                struct store_cursor cursor = {0};
                const struct fact *other;
                while ((other = store_next_holder(store, fact->u.service.status_ips[i], &cursor))) {
                        struct seat *seat = seat_find(&lead->seats, other->ref.namespace, other->ref.name);
                        if (seat && other != fact)
                                seat_queue(&lead->seats, seat, true);
                }
        }
}

/* The Service is new to us, has changed, or is gone. */
static void see(struct lead *lead, const struct store *store, const struct config *config,
                const char *namespace, const char *name)
{
        const struct fact *fact = store_service(store, namespace, name);
        struct seat *seat = seat_find(&lead->seats, namespace, name);
        if (seat && (!fact || strcmp(seat->uid, fact->ref.uid) != 0)) {
                forget(lead, seat);
                seat = NULL;
        }
        if (!fact)
                return;
        if (!seat) {
                seat = seat_obtain(&lead->seats, namespace, name);
                seat->uid = xstrdup(fact->ref.uid);
                seat->created = fact->created;
                const struct fact *had = store_cleared(store, namespace, name); /* while nobody led */
                if (!lead->started && had && strcmp(had->ref.uid, fact->ref.uid) == 0 && had->u.service.allocated_pool)
                        seat_hold(seat, had->u.service.status_ips, had->u.service.n_status);
        }
        check_flight(seat, fact);
        if (!fact->u.service.load_balancer && !fact->u.service.n_status && !seat->flight.up) {
                forget(lead, seat);
                return;
        }
        keep_in_mind(seat, config, &fact->u.service);
        claim(lead, seat, fact);
        seat_queue(&lead->seats, seat, true);
        if (lead->started) /* else all are looked at */
                queue_sharers(lead, store, fact);
}

static void see_all(struct lead *lead, struct store *store, const struct config *config)
{
        struct service_name name;
        struct store_cursor cursor = {0};
        const struct fact *fact;
        while (store_dirty_service(store, &name))
                see(lead, store, config, name.namespace, name.name);
        if (lead->started)
                return;
        while ((fact = store_next(store, KIND_SERVICE, &cursor)))
                see(lead, store, config, fact->ref.namespace, fact->ref.name);
        lead->started = true;
}

/* ---- time ---- */

static struct mono due(const struct seat *seat)
{
        if (seat->trouble != TROUBLE_NONE)
                return seat->retry_at;
        struct mono when = seat->conditions_due && !seat->flight.up ? seat->conditions_at : MONO_NEVER;
        if (seat->robbed)
                when = mono_min(when, seat->restore_at);
        if (seat->trouble == TROUBLE_NONE && seat->lost && !seat->flight.up)
                when = mono_min(when, mono_add(seat->lost_since, LEAD_GRACE));
        return when;
}

static bool behind(const struct seat *seat, const struct fact *fact)
{
        return seat->trouble == TROUBLE_BEHIND && strcmp(seat->tried, fact->ref.rv) == 0;
}

/* Whoever clears a status as often as it is restored is not answered as fast. */
static bool is_robbed_again(struct seat *seat, const struct fact *fact, struct mono now)
{
        seat->robbed = fact->u.service.n_status == 0 && seat->n_held > 0 && !seat->flight.up &&
                       mono_before(now, seat->restore_at);
        return seat->robbed;
}

static void count_restoring(struct seat *seat, struct mono now)
{
        if (!mono_before(now, mono_add(seat->restore_at, RESTORE_PEACE)))
                seat->restores = 0;
        seat->restore_at = ++seat->restores < RESTORES_AT_ONCE ? now : mono_add(now, RESTORE_PAUSE);
}

static void queue_timed(struct lead *lead, const struct store *store, struct mono now)
{
        struct seat *seat;
        DL_FOREACH2(lead->seats.timed, seat, t_next)
        {
                const struct fact *fact = store_service(store, seat_namespace(seat), seat_name(seat));
                bool caught_up = seat->trouble == TROUBLE_BEHIND && fact && !behind(seat, fact);
                if (caught_up || !mono_before(now, due(seat)))
                        seat_queue(&lead->seats, seat, true);
        }
}

static void queue_waiting(struct lead *lead)
{
        struct seat *seat;
        if (!lead->released)
                return;
        DL_FOREACH2(lead->seats.waiting, seat, w_next)
        {
                seat_queue(&lead->seats, seat, true);
        }
        lead->released = false;
}

static void keep_time(struct lead *lead, struct seat *seat)
{
        seat_time(&lead->seats, seat,
                  seat->lost || seat->robbed || seat->conditions_due || seat->trouble != TROUBLE_NONE);
}

/* ---- writes ---- */

static void event(struct turn *turn, const struct fact *fact, bool warning, enum reason reason,
                  const char *action, const char *message)
{
        struct write *write = write_new(WRITE_EVENT, &fact->ref);
        write->warning = warning;
        write->reason = reason;
        write->action = action;
        write->message = arena_strdup(write->arena, message);
        turn->out[turn->n++] = write;
}

static void tell_landed(struct turn *turn, const struct fact *fact)
{
        const struct service *service = &fact->u.service;
        struct arena *arena = arena_new();
        const char *text = "Assigned";
        for (size_t i = 0; i < service->n_status; i++) {
                char buf[IP_STRLEN];
                text = arena_printf(arena, "%s%s %s", text, i > 0 ? " and" : "",
                                    ip_str(service->status_ips[i], buf));
        }
        if (service->n_status > 0)
                event(turn, fact, false, REASON_ALLOCATED, "Allocate",
                      arena_printf(arena, "%s from pool %s.", text,
                                   service->allocated_pool ? service->allocated_pool : "?"));
        arena_free(arena);
}

/* Some of the addresses are new. What was allocated in an earlier term keeps that term. */
static bool gains(const struct service *service, const struct ip *ips, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                size_t j = 0;
                while (j < service->n_status && !ip_eq(service->status_ips[j], ips[i]))
                        j++;
                if (j == service->n_status)
                        return true;
        }
        return false;
}

static void status(struct turn *turn, struct seat *seat, const struct fact *fact, const struct ip *ips,
                   size_t n, const char *pool)
{
        struct write *write = write_new(WRITE_STATUS, &fact->ref);
        write->ips = arena_array(write->arena, n + 1, sizeof(struct ip));
        for (size_t i = 0; i < n; i++)
                write->ips[write->n_ips++] = ips[i];
        write->pool = pool ? arena_strdup(write->arena, pool) : NULL;
        write->term = gains(&fact->u.service, ips, n) ? turn->term : fact->u.service.term;
        turn->out[turn->n++] = write;
        flight_start(&seat->flight, write);
        claim(turn->lead, seat, fact);
}

/* What failed with an unknown outcome is written again as it was: the first write may still land, and then
 * this one cannot. */
static void write_again(struct turn *turn, struct seat *seat, const struct fact *fact)
{
        const struct flight old = seat->flight;
        seat->flight = (struct flight){0};
        status(turn, seat, fact, old.ips, old.n, old.pool);
        free(old.ips);
        free(old.pool);
        free(old.rv);
}

static void copy_conditions(struct write *write, const struct condition_write from[static CONDITIONS])
{
        for (enum condition c = 0; c < CONDITIONS; c++) {
                write->conditions[c] = from[c];
                write->conditions[c].message = arena_strdup(write->arena, from[c].message);
        }
}

/* With the addresses if those are written, else in a write of their own. */
static void conditions(struct turn *turn, struct seat *seat, const struct fact *fact,
                       const struct decision *decision, struct arena *arena)
{
        const struct service *service = &fact->u.service;
        struct condition_write said[CONDITIONS];
        struct write *write;
        if (!conditions_of(seat, turn->store, turn->config, fact, decision,
                           decision->write ? decision->ips : service->status_ips,
                           decision->write ? decision->n : service->n_status, turn->now, arena, said))
                return;
        if (decision->write) {
                write = turn->out[turn->n - 1];
        } else {
                write = write_new(WRITE_CONDITIONS, &fact->ref);
                turn->out[turn->n++] = write;
        }
        copy_conditions(write, said);
        if (condition_alarms(&said[CONDITION_ANNOUNCED]))
                event(turn, fact, true, said[CONDITION_ANNOUNCED].reason, "Announce",
                      said[CONDITION_ANNOUNCED].message);
}

/* ---- decisions ---- */

static void conclude(struct turn *turn, struct seat *seat, const struct fact *fact,
                     const struct decision *decision, struct arena *arena)
{
        enum reason why;
        bool ours = ipam_ours(turn->config, &fact->u.service, &why);
        if (decision->lost && !seat->lost)
                seat->lost_since = turn->now;
        seat->lost = decision->lost;
        if (decision->conflict && seat->told != REASON_ADDRESS_CONFLICT) {
                event(turn, fact, true, REASON_ADDRESS_CONFLICT, "Check", decision->conflict_message);
                seat->told = REASON_ADDRESS_CONFLICT;
        }
        if (decision->gives_up && seat->n_held > 0) {
                seat_hold(seat, NULL, 0);
                claim(turn->lead, seat, fact);
        }
        if (decision->write && fact->u.service.n_status == 0 && seat->n_held > 0)
                count_restoring(seat, turn->now);
        if (decision->write)
                status(turn, seat, fact, decision->ips, decision->n, decision->pool);
        if (ours)
                conditions(turn, seat, fact, decision, arena);
        if (ours && !decision->satisfied && seat->told != decision->reason)
                event(turn, fact, true, decision->reason, "Allocate", decision->message);
        if (!decision->conflict || !decision->satisfied)
                seat->told = decision->reason;
        seat->reason = decision->reason;
        free(seat->message);
        seat->message = decision->satisfied ? NULL : xstrdup(decision->message);
        seat_wait(&turn->lead->seats, seat, !decision->content);
}

static void look(struct turn *turn, struct seat *seat)
{
        const struct fact *fact = store_service(turn->store, seat_namespace(seat), seat_name(seat));
        struct decision decision;
        bool late = seat->trouble != TROUBLE_NONE && !mono_before(turn->now, seat->retry_at);
        bool waits = fact && behind(seat, fact), again = seat->trouble == TROUBLE_LATER || waits;
        if (!fact || (again && !late))
                return;
        seat->trouble = TROUBLE_NONE;
        if (seat->flight.up) {
                check_flight(seat, fact);
                claim(turn->lead, seat, fact);
        }
        if (seat->landed)
                tell_landed(turn, fact);
        seat->landed = false;
        if (seat->flight.up) {
                bool unsure = seat->flight.unsure || !waits; /* what met a conflict did not land */
                if (again)
                        write_again(turn, seat, fact);
                seat->flight.unsure = again ? unsure : seat->flight.unsure;
                keep_time(turn->lead, seat);
                return;
        }
        if (is_robbed_again(seat, fact, turn->now)) {
                keep_time(turn->lead, seat);
                return;
        }
        bool expired = seat->lost && !mono_before(turn->now, mono_add(seat->lost_since, LEAD_GRACE));
        struct arena *arena = arena_new();
        const struct before before = {seat->held, seat->n_held, expired};
        decide(turn->store, turn->config, turn->lead->book, fact, &before, arena, &decision);
        conclude(turn, seat, fact, &decision, arena);
        keep_time(turn->lead, seat);
        arena_free(arena);
}

struct mono lead_decide(struct lead *lead, struct store *store, const struct config *config, uint64_t term,
                        struct mono now, struct write **out, size_t max, size_t *n)
{
        struct turn turn = {
                .lead = lead, .store = store, .config = config, .term = term, .now = now, .out = out};
        struct mono next = MONO_NEVER;
        struct seat *seat;
        if (max < WRITES_PER_LOOK)
                abort();
        see_all(lead, store, config);
        queue_timed(lead, store, now);
        queue_waiting(lead);
        seats_sort_queue(&lead->seats);
        size_t nodes = store_count(store, KIND_NODE);
        size_t max_looks = nodes * LOOKS_PER_CALL > ASKS_PER_CALL ? ASKS_PER_CALL / nodes + 1 : LOOKS_PER_CALL;
        for (size_t looks = 0; looks < max_looks && turn.n + WRITES_PER_LOOK <= max; looks++) {
                seat = lead->seats.queue;
                if (!seat)
                        break;
                seat_queue(&lead->seats, seat, false);
                look(&turn, seat);
        }
        *n = turn.n;
        if (lead->seats.queue || lead->released)
                return now;
        DL_FOREACH2(lead->seats.timed, seat, t_next)
        {
                next = mono_min(next, due(seat));
        }
        return next;
}

void lead_failed(struct lead *lead, const struct store *store, const struct ref *ref,
                 enum lead_failure failure, struct mono now)
{
        struct seat *seat = seat_find(&lead->seats, ref->namespace, ref->name);
        const struct fact *fact = store_service(store, ref->namespace, ref->name);
        if (!seat || strcmp(seat->uid, ref->uid) != 0)
                return;
        memset(seat->told_conditions, 0, sizeof(seat->told_conditions)); /* they went with it */
        if (!seat->flight.up)
                return;
        seat->backoff = seat->backoff ? 2 * seat->backoff : BACKOFF_FIRST;
        if (seat->backoff > BACKOFF_LONGEST)
                seat->backoff = BACKOFF_LONGEST;
        seat->retry_at = mono_add(now, seat->backoff);
        seat->trouble = TROUBLE_LATER;
        seat->flight.unsure |= failure == LEAD_UNKNOWN;
        if (failure == LEAD_CONFLICT && *seat->flight.rv) {
                free(seat->tried);
                seat->tried = xstrdup(seat->flight.rv);
                seat->trouble = TROUBLE_BEHIND;
                seat->retry_at = mono_add(seat->retry_at, BEHIND_PATIENCE);
        } else if (!seat->flight.unsure) {
                flight_end(&seat->flight);
                if (fact)
                        claim(lead, seat, fact);
        }
        keep_time(lead, seat);
}

void lead_conditions_failed(struct lead *lead, const struct ref *ref, struct mono now)
{
        struct seat *seat = seat_find(&lead->seats, ref->namespace, ref->name);
        if (!seat || strcmp(seat->uid, ref->uid) != 0)
                return;
        memset(seat->told_conditions, 0, sizeof(seat->told_conditions));
        seat->conditions_at = mono_add(now, BACKOFF_FIRST);
        seat->conditions_due = true;
        keep_time(lead, seat);
}

void lead_resume(struct lead *lead)
{
        struct seat *seat, *next;
        HASH_ITER (hh, lead->seats.all, seat, next) {
                seat->lost = false; /* "on end" (design decision 10) is not known */
        }
}

bool lead_verdict(const struct lead *lead, const struct ref *ref, enum reason *reason, const char **message)
{
        const struct seat *seat = seat_find(&lead->seats, ref->namespace, ref->name);
        if (!seat || seat->reason == REASON_NONE)
                return false;
        *reason = seat->reason;
        *message = seat->message ? seat->message : reason_sentence(seat->reason);
        return true;
}
