/* Neighbour solicitations and advertisements (RFC 4861 sections 4.3, 4.4, 7.1) on Ethernet: frames in, frames
 * out. Pure. */
#pragma once
#include "l2/frame.h"

enum ndp_type { NDP_SOLICITATION = 135, NDP_ADVERTISEMENT = 136 };

struct ndp {
        struct mac eth_dst, eth_src;
        enum ndp_type type;
        struct ip src, dst; /* of the IPv6 header; src unspecified: a DAD probe (RFC 4862) */
        struct ip target;
        bool solicited, override; /* flags of an advertisement */
        bool has_lladdr; /* option source (solicitation) or target (advertisement) link-layer address */
        struct mac lladdr;
};

enum ndp_refusal {
        NDP_OK,
        NDP_TRUNCATED,
        NDP_NOT_IPV6,   /* Ethernet type or version */
        NDP_NOT_ICMPV6, /* also anything behind extension headers */
        NDP_HOP_LIMIT,  /* not 255: it came through a router */
        NDP_LENGTH,     /* the IPv6 payload is shorter than the message */
        NDP_CHECKSUM,
        NDP_TYPE,          /* neither solicitation nor advertisement */
        NDP_CODE,          /* not 0 */
        NDP_TARGET,        /* multicast, unspecified or IPv4-mapped */
        NDP_SOURCE,        /* multicast or IPv4-mapped; unspecified in an advertisement */
        NDP_OPTION_LENGTH, /* 0, past the end, or not that of an Ethernet address */
        NDP_LLADDR,    /* zero or multicast; also the Ethernet source of a solicitation without the option */
        NDP_PROBE_DST, /* DAD probe not sent to a solicited-node group */
        NDP_PROBE_LLADDR, /* DAD probe that carries a source link-layer address */
        NDP_SOLICITED,    /* multicast advertisement that says solicited */
        NDP_REFUSALS,
};

/* *out is written only on NDP_OK. Bytes behind the IPv6 payload are padding. */
enum ndp_refusal ndp_decode(const void *bytes, size_t len, struct ndp *out);
const char *ndp_refusal_str(enum ndp_refusal);
/* With the link-layer address option if has_lladdr; hop limit 255, checksum, router flag 0. */
struct frame ndp_encode(const struct ndp *);

/* ff02::1:ffXX:XXXX of an address, and the Ethernet group of a multicast address (RFC 2464 section 7). */
struct ip ndp_solicited_node(struct ip);
struct mac ndp_group_mac(struct ip);

/* The answer: S=1 to the asker; to a DAD probe S=0 to all nodes. O=1 and the target link-layer address in
 * both. The source is the target itself, as from any host that has the address: the link-local address may be
 * missing or tentative. */
struct frame ndp_reply(const struct ndp *solicitation, struct mac self);
/* "vip is at self" to all nodes: S=0, O=1. */
struct frame ndp_unsolicited(struct ip vip, struct mac self);
/* An ordinary solicitation from vip with its link-layer address: the target has to note it (RFC 4861 7.2.3),
 * even where unsolicited advertisements are dropped, and even if it had no entry. */
struct frame ndp_directed(struct ip vip, struct mac self, struct ip target);
