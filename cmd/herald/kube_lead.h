/*
 * The Lease, and the writes: those of the leader, and this node's NodeState. A leader decides nothing before it has
 * listed the Services once more, so that it knows all that others have written.
 */
#pragma once
#include <stdbool.h>

struct control;
struct follow;
struct kube_lead;
struct kube_metallb;
struct loop;
struct metrics;
struct run_options;
struct transport;
struct write;

/* services and metallb are borrowed. */
struct kube_lead *kube_lead_new(struct loop *, struct control *, struct transport *, struct follow *services,
                                const struct kube_metallb *, const struct run_options *);
void kube_lead_free(struct kube_lead *); /* NULL is fine */
/* Something was listed, or changed. able: all was listed that a leader has to know; from then on it competes. */
void kube_lead_look(struct kube_lead *, bool able);
/* Takes ownership; a failure is told by control_write_failed(). */
void kube_lead_write(void *lead, struct write *);
/* fn(arg, whether it was done, why not) after each write of this node's NodeState; NULL: nobody. */
void kube_lead_on_reported(struct kube_lead *, void (*fn)(void *arg, bool done, const char *sentence), void *arg);
/* Gives the Lease back when the last write was answered, within 2 s; one that is not keeps it: it runs out then. */
void kube_lead_leave(struct kube_lead *, void (*done)(void *arg), void *arg);
void kube_lead_metrics(const struct kube_lead *, struct metrics *);
