/*
 * Asks this node's data plane whether it can serve: kube-proxy's healthz all the time, the healthCheckNodePort of
 * a Service (KEP-3836, service health server) while its first announcement waits for it. Only first
 * announcements wait; nothing is withdrawn by what is heard here (design.md, Policies, Data plane).
 */
#pragma once
#include "base/loop.h"
#include "model/config.h"

struct dataplane;

/* changed(arg), from the loop, when what waits should be looked at again. */
struct dataplane *dataplane_new(struct loop *, loop_fn *changed, void *arg);
void dataplane_free(struct dataplane *); /* NULL is fine */

/* Where to ask, and whether at all. standalone: only if Settings names an address. */
void dataplane_configure(struct dataplane *, const struct settings *, bool standalone);
/* The node's own addresses, at most two: kube-proxy answers for Services where it serves node ports, which is not
 * on loopback in nftables mode. */
void dataplane_here(struct dataplane *, const struct ip *, size_t n);
/* Whether kube-proxy is well. */
bool dataplane_open(const struct dataplane *, struct mono now);
/* Whether the data plane of this node is another one: nobody answers at healthz. */
bool dataplane_absent(const struct dataplane *);
/* The whole set of healthCheckNodePorts that are waited for, sorted; waiting: something waits, for whatever. */
void dataplane_wait(struct dataplane *, bool waiting, const uint16_t *ports, size_t n);
/* Those of them that answered 200, sorted; valid until the next call. */
const uint16_t *dataplane_ports(const struct dataplane *, size_t *n);
