/*
 * This node's interfaces, addresses and default routes, by netlink events: never by polling. A snapshot is
 * always at hand; whoever cares is called after it changed. Needs no capability.
 */
#pragma once
#include "base/ip.h"
#include "base/loop.h"
#include <net/if.h>

#define LINK_GATEWAYS 4 /* default gateways kept per interface */

struct link_addr {
        struct ip ip;
        struct prefix subnet; /* on-link prefix of the address; /32 or /128 says nothing about neighbours */
        bool tentative;       /* IPv6 DAD is not done */
        bool dad_failed;      /* somebody else has it */
        bool stale;           /* not seen yet by the dump under way; for table.c */
};

struct link_if {
        int ifindex;
        char name[IFNAMSIZ];
        uint8_t mac[6];
        bool up;    /* administratively up, with carrier */
        bool arp;   /* Ethernet with broadcast, and neither loopback nor NOARP */
        int master; /* ifindex of the bond, bridge or VRF that it is a port of; 0 if none */
        uint32_t
                notify; /* grows when it comes up and when the kernel asks for re-announcement (bond failover,
                           notify peers), so that no listener misses a flap between two of its calls */
        struct link_addr *addrs;
        size_t n_addrs;
        bool default_route4, default_route6;
        struct ip gateways[LINK_GATEWAYS]; /* of the default routes in the main table, both families */
        size_t n_gateways;
        bool stale; /* as above */
};

struct link;
typedef void link_fn(void *arg);

/* Returns with the first snapshot complete. changed may be NULL. NULL if the kernel gives no netlink socket
 * or no answer: *why is then a sentence (free it). */
struct link *link_new(struct loop *, link_fn *changed, void *arg, char **why);
void link_free(struct link *); /* NULL is fine */
/* A further listener, called from the loop after a change; at most 4. */
void link_watch(struct link *, link_fn *changed, void *arg);
void link_unwatch(struct link *, link_fn *changed, void *arg);

/* All interfaces, ascending by ifindex. What is returned here and below is valid until the next turn. */
const struct link_if *link_ifs(const struct link *, size_t *n);
const struct link_if *link_by_index(const struct link *, int ifindex);
const struct link_if *link_by_name(const struct link *, const char *name);

struct link_counters {
        uint64_t messages, refused; /* netlink messages read; those that made no sense */
        uint64_t overruns;          /* events lost by the socket, made good by a dump */
};
struct link_counters link_counters(const struct link *);

/* The interface has an address (not one that failed DAD) whose subnet contains ip. */
bool link_if_contains(const struct link_if *, struct ip);
