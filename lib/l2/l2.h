/*
 * Layer 2: the announcer that answers ARP and NDP for the addresses that this node owns, and tells the
 * segment when it begins to. Lives in the wire loop; everything here is called there. Needs NET_RAW.
 */
#pragma once
#include "announce/announce.h"
#include "group/group.h"
#include "l2/responder.h"
#include "link/link.h"

struct l2;

/* link and group stay the caller's and outlive it; it listens to both. Owners are told as WIRE_OWNER by
 * fact(arg). NULL if it may not open packet sockets: *why is then a sentence (free it). */
struct l2 *l2_new(struct loop *, struct link *, struct group *, wire_fact_fn *fact, void *arg, char **why);
void l2_free(struct l2 *); /* stops answering, tells nobody; NULL is fine */
struct announcer *l2_announcer(struct l2 *);
struct l2_counters {
        uint64_t owned; /* (address, interface) pairs that are answered for now */
        uint64_t arp_received[ANSWERS], ndp_received[ANSWERS]; /* valid frames by what became of them */
        uint64_t arp_refused[ARP_REFUSALS], ndp_refused[NDP_REFUSALS];
        uint64_t arp_replies, ndp_replies; /* sent */
        uint64_t gratuitous;               /* frames sent unasked */
        uint64_t send_errors;
        uint64_t kernel_drops;  /* frames that came faster than they were read */
        uint64_t groups_failed; /* solicited-node groups that could not be joined, now */
};
struct l2_counters l2_counters(struct l2 *);
