/* The EndpointSlices of the Services that are followed: one watch, or two while a new selector takes over. */
#pragma once
#include "base/loop.h"
#include "follow.h"

struct kube_slices;

/* owner->changed is called as for every follower. */
struct kube_slices *kube_slices_new(struct loop *, const struct follow_owner *owner);
void kube_slices_free(struct kube_slices *); /* NULL is fine */
void kube_slices_service(struct kube_slices *, const char *name, bool there);
/* The Services were listed again: which there are is seen in the store. */
void kube_slices_recount(struct kube_slices *);
/* The Services were listed once: from now on the API is asked. */
void kube_slices_begin(struct kube_slices *);
bool kube_slices_begun(const struct kube_slices *);
/* All that is needed was listed. */
bool kube_slices_listed(const struct kube_slices *);
/* The watch that counts; NULL while nothing is watched. */
const struct follow *kube_slices_follow(const struct kube_slices *);
struct watch_stats kube_slices_stats(const struct kube_slices *);
