/* One interface that addresses are answered on: its sockets, its groups, its burst. */
#pragma once
#include "l2/l2.h"

struct iface;

/* The counters are the caller's and outlive it. */
struct iface *iface_new(struct loop *, const struct link_if *, struct l2_counters *);
void iface_free(struct iface *);
/* MAC, gateways and the kernel's wish to re-announce, as they are now. */
void iface_update(struct iface *, const struct link_if *);
bool iface_own(struct iface *, struct ip);    /* begins to answer, with a burst; false if it did before */
bool iface_disown(struct iface *, struct ip); /* false if it did not answer */
size_t iface_owned(const struct iface *);
size_t iface_groups_failed(const struct iface *);
/* Adds to the counters what the kernel dropped since the last call. */
void iface_collect_drops(struct iface *);
