/*
 * Whether MetalLB's speaker runs (design.md, ForeignController): its pods in MetalLB's namespace, found by the labels
 * of MetalLB's manifests and of its Helm chart. Asked only where MetalLB's kinds exist.
 */
#pragma once
#include "follow.h"

struct kube_metallb;

/* changed(arg): kube_metallb_speaks() or what is known has changed. */
struct kube_metallb *kube_metallb_new(struct transport *, const char *namespace, void (*changed)(void *arg),
                                      void *arg);
void kube_metallb_free(struct kube_metallb *); /* NULL is fine */
/* The kinds exist: look for pods. */
void kube_metallb_begin(struct kube_metallb *);
bool kube_metallb_begun(const struct kube_metallb *);
bool kube_metallb_known(const struct kube_metallb *);  /* listed, or not to be looked for */
bool kube_metallb_speaks(const struct kube_metallb *); /* some speaker's pod is there */
struct watch_stats kube_metallb_stats(const struct kube_metallb *);
