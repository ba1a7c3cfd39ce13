/*
 * The Kubernetes API as the source: one watch per kind fills the store and the configuration. What is written is
 * kube_lead's.
 */
#pragma once
#include <stdbool.h>

struct control;
struct kube_lead;
struct kube_source;
struct loop;
struct metrics;
struct run_options;

/* NULL if it is not known how to reach the API server: *why is then a sentence (free it). An API server that
 * is down is no error: it is asked until it answers. */
struct kube_source *kube_source_new(struct loop *, struct control *, const struct run_options *, char **why);
/* answer(arg, going), not before this returns and within 500 ms: whether the DaemonSet that --daemonset names is being
 * taken away. False: none is named, and there is no answer. */
bool kube_source_ask_going(struct kube_source *, void (*answer)(void *arg, bool going), void *arg);
void kube_source_free(struct kube_source *);
struct kube_lead *kube_source_lead(const struct kube_source *); /* writes; lives as long */
const char *kube_source_server(const struct kube_source *); /* the API server in use */
/* Which required kinds were not listed yet, and why, a line each; for free(). */
char *kube_source_missing(const struct kube_source *);
void kube_source_metrics(const struct kube_source *, struct metrics *);
