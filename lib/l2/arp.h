/* ARP on Ethernet for IPv4 (RFC 826, RFC 5227): frames in, frames out. Pure. */
#pragma once
#include "l2/frame.h"

#define ARP_FRAME_LEN 42

enum arp_op { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp {
        struct mac eth_dst, eth_src;
        enum arp_op op;
        struct mac sha, tha; /* sender's and target's hardware address */
        struct ip spa, tpa;  /* sender's (0.0.0.0: a probe) and target's protocol address */
};

enum arp_refusal {
        ARP_OK,
        ARP_TRUNCATED,
        ARP_NOT_ARP,    /* Ethernet type */
        ARP_HARDWARE,   /* not Ethernet */
        ARP_PROTOCOL,   /* not IPv4 */
        ARP_LENGTHS,    /* of the addresses */
        ARP_OP,         /* neither request nor reply */
        ARP_SENDER_MAC, /* zero, multicast or broadcast: nobody can be answered there */
        ARP_REFUSALS,
};

/* *out is written only on ARP_OK. Bytes behind the packet are the padding of a short frame. */
enum arp_refusal arp_decode(const void *bytes, size_t len, struct arp *out);
const char *arp_refusal_str(enum arp_refusal);
struct frame arp_encode(const struct arp *);

/* The answer to a request, unicast to its sender. */
struct frame arp_reply(const struct arp *request, struct mac self);
/* "vip is at self", for everybody: as a request (SPA = TPA, RFC 5227 section 3) and as a reply. The reply has
 * THA = SHA: Linux does not take one with THA = broadcast as gratuitous. */
struct frame arp_gratuitous_request(struct ip vip, struct mac self);
struct frame arp_gratuitous_reply(struct ip vip, struct mac self);
/* An ordinary question from vip: the target has to note where vip is (RFC 826), even where gratuitous ARP is
 * dropped. */
struct frame arp_directed(struct ip vip, struct mac self, struct ip target);
