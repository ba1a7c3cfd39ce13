/*
 * The BGP speaker of this node: sessions to the configured peers, to which it announces the routes of the
 * addresses that it is told about (RFC 4271, 4760, 6793). It opens every connection itself and keeps no route
 * of a peer. It runs in one loop; nothing here blocks.
 */
#pragma once
#include "announce/announce.h"

struct loop;
struct bgp;

/* The fact function hears of every session that comes up, goes down, or cannot come up, each time with the
 * reason. node_name is where a router id comes from on nodes without IPv4. */
struct bgp *bgp_new(struct loop *, const char *node_name, wire_fact_fn *, void *arg);
/* Closes what leave() did not, without a word to the peers. Before loop_free(), which frees the last of it.
 */
void bgp_free(struct bgp *);

/* Valid until bgp_free(). Semantics:
 * - peers(): a session is its local address, remote address and port. What stays the same is not touched, a
 * new name resets nothing; a peer that is gone is sent Cease 6/3, one that must be reset 6/6.
 * - set(): routes are sent in the same turn of the loop, as far as the peer takes them.
 * - synced(): lets End-of-RIB (RFC 4724) go out, on every session after all its routes.
 * - leave(LEAVE_NODE): withdraws all, then Cease 6/2 with a text. leave(LEAVE_RESTART): closes TCP without a
 * word. */
struct announcer *bgp_announcer(struct bgp *);

struct bgp_status {
        const char *peer; /* BGPPeer name; valid until the next peers() */
        struct ip address;
        uint32_t asn;
        const char *state; /* Idle, Connect, Active, OpenSent, OpenConfirm, Established */
        struct mono since;
        struct mono changed; /* came up, or went down; its beginning if it never came up */
        uint32_t prefixes_sent;    /* that the peer knows from us now */
        uint32_t prefixes_refused; /* not announced: attributes too long for a message */
        uint64_t messages_in, messages_out, updates_in, updates_out;
        uint64_t notifications_in, notifications_out, content_errors_in;
        uint64_t established;   /* how often it came up */
        const char *last_error; /* "" if none; valid until the loop runs */
};
/* Returns how many sessions there are; writes max of them. */
size_t bgp_status(const struct bgp *, struct bgp_status *out, size_t max);
