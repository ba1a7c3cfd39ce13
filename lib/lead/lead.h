/*
 * What only the leader does: giving addresses to Services and taking back what no pool allows any more. A
 * state machine without I/O: facts and time come in, writes go out. The caller runs it while it is the leader
 * and every required kind is synced, so that nothing is allocated before all that is held is known; it starts
 * with a new one each time.
 */
#pragma once
#include "base/clock.h"
#include "model/config.h"
#include "model/write.h"
#include "store/store.h"

struct lead;

struct lead *lead_new(void);
void lead_free(struct lead *); /* NULL is fine */

/* Decides about the services that are dirty, that wait for something that changed, or whose time has come; a
 * call looks at a bounded number of them. Takes the store's dirty services. Writes up to max (at least 5)
 * writes, which are the caller's to free. After a changed config the caller says store_mark_all(). Returns
 * the next moment to call it if no fact changes before (the past if it was not done). */
struct mono lead_decide(struct lead *, struct store *, const struct config *, uint64_t term, struct mono now,
                        struct write **out, size_t max, size_t *n);

enum lead_failure {
        LEAD_CONFLICT, /* the object was newer than ref.rv, or another one: decided again when the watch shows
                          it */
        LEAD_REFUSED,  /* it was not written: tried again after a while */
        LEAD_UNKNOWN, /* nobody knows: the addresses stay reserved, the same is written again after a while */
};
/* A WRITE_STATUS failed; lead_decide() is due then. (One that succeeded is seen through the store.) */
void lead_failed(struct lead *, const struct store *, const struct ref *, enum lead_failure, struct mono now);

/* It was not asked for a while: how long an address was in no pool is not known, and counts from now on. */
void lead_resume(struct lead *);
/* A WRITE_CONDITIONS failed: what it said is said again after a while. */
void lead_conditions_failed(struct lead *, const struct ref *, struct mono now);

/* What became of a service: REASON_ALLOCATED if it has all addresses that it should have. False if it was not
 * looked at yet. The message is valid until the next lead_decide(). */
bool lead_verdict(const struct lead *, const struct ref *, enum reason *, const char **message);

#define LEAD_GRACE (60 * SEC) /* how long an address is kept that no pool allows (design decision 10) */
