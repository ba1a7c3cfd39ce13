/* The wire loop in its thread: interfaces, the layer-2 group and the ARP and NDP responder (design decision
 * 2). */
#pragma once
#include "announce/announce.h"
#include "base/ip.h"
#include <net/if.h>

struct loop;
struct metrics;
struct wire;

/* Facts arrive in the control loop. NULL if layer 2 cannot work here: *why is then a sentence (free it). */
struct wire *wire_new(struct loop *control, wire_fact_fn *, void *arg, char **why);
struct announcer *wire_announcer(struct wire *); /* to be called in the control loop */
/* Interfaces that layer 2 can use and that have an address beyond the link, by index; at most a second old. */
enum { WIRE_IF_ADDRS = 8 };
struct wire_if {
        int ifindex;
        char name[IFNAMSIZ];
        uint8_t mac[6];
        bool up;
        struct ip addrs[WIRE_IF_ADDRS];
        size_t n_addrs; /* may be more than fit */
};
const struct wire_if *wire_ifs(const struct wire *, size_t *n); /* valid until the loop turns */
void wire_start(struct wire *);
void wire_stop(struct wire *);                      /* waits for the thread's end; then frees all of it */
void wire_metrics(struct wire *, struct metrics *); /* at most a second old */
