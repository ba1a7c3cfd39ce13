/*
 * Whether the DaemonSet that this daemon is a pod of is being taken away: one of the two answers to SIGTERM
 * (design.md, decision 12).
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

struct daemonset;
struct transport;

#define DAEMONSET_PATIENCE (500 * MSEC)

struct daemonset *daemonset_new(struct transport *, const char *namespace, const char *name);
void daemonset_free(struct daemonset *); /* NULL is fine */

/* answer(arg, going), once, within DAEMONSET_PATIENCE, and not before this returns. It goes if it is not there, or is
 * being deleted; without an answer from the API server it stays. */
void daemonset_ask(struct daemonset *, void (*answer)(void *arg, bool going), void *arg);
