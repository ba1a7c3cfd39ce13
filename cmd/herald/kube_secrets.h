/* The Secrets that BGPPeers name: one watch for each, so that no other Secret is ever received. */
#pragma once
#include "k8s/watch.h"

struct config;
struct control;
struct kube_secrets;
struct transport;

/* namespace: of peers that name none. */
struct kube_secrets *kube_secrets_new(struct transport *, struct control *, const char *namespace);
void kube_secrets_free(struct kube_secrets *); /* NULL is fine */
/* Follows what the configuration names now, and nothing else. Not from a watch. */
void kube_secrets_configure(struct kube_secrets *, const struct config *);
struct watch_stats kube_secrets_stats(const struct kube_secrets *);
