/*
 * What a node tells about itself through the API: one NodeState object per node, named after the Node, which owns it.
 * Pure: a struct in, the object out. Everything is bounded, so that no node can grow beyond what the API takes.
 */
#pragma once
#include "base/ip.h"
#include "model/config.h"

enum {
        NODESTATE_PEERS = 128,      /* so many of each are listed; the totals count all */
        NODESTATE_ADDRESSES = 256,
        NODESTATE_INTERFACES = 32,
        NODESTATE_INTERFACE_ADDRESSES = 8,
        NODESTATE_ERRORS = 50,
        NODESTATE_TEXT = 300,       /* octets of a sentence */
};

/* Points in time are microseconds since 1970: when something began, never how long it lasts. */
struct node_peer {
        const char *name; /* of the BGPPeer */
        struct ip address;
        bool established;
        int64_t since; /* it is so */
        uint32_t prefixes_sent;
        const char *last_error; /* "" if none */
};

struct node_address { /* answered for by layer 2 */
        struct ip ip;
        const char *interface;
};

struct node_interface {
        const char *name;
        int index;
        uint8_t mac[6];
        bool up;
        struct ip addresses[NODESTATE_INTERFACE_ADDRESSES];
        size_t n_addresses; /* may be more than are listed */
};

struct node_state {
        const char *node, *uid; /* of the Node */
        const char *version, *boot_id, *api_server;
        int64_t started, synced_since; /* synced_since: when synced last changed */
        int64_t ready_since;           /* when what Ready says last changed */
        bool synced, leader, foreign;
        const char *missing; /* what is not listed yet, and why; "" */
        const struct node_peer *peers;
        size_t n_peers;
        const struct node_address *addresses;
        size_t n_addresses;
        const struct node_interface *interfaces;
        size_t n_interfaces;
        const struct verdict *const *verdicts; /* those that refuse */
        size_t n_verdicts;
        size_t announced_bgp, announced_l2; /* addresses */
};

/* The reasons of the condition Ready. */
enum reason node_state_reason(const struct node_state *);

/* The object, as JSON, for free(). counted: with the numbers that change all the time. */
char *node_state_text(const struct node_state *, bool counted, int64_t reported);
