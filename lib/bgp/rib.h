/*
 * Adj-RIB-Out of one peer: what it should know, what it was told, and the difference, packed. Pure. Addresses
 * contribute routes; several may contribute the same prefix (aggregation): their communities unite, and the
 * lowest address that has a local preference gives it. Nothing is encoded before it is pulled, so what waits
 * for a slow peer is never more than the newest state of each prefix.
 */
#pragma once
#include "bgp/msg.h"

struct rib;

struct rib *rib_new(void);
void rib_free(struct rib *);

/* The whole truth of one address; copied. routes: those for this peer, each prefix once. */
void rib_set(struct rib *, struct ip, const struct route *routes, size_t n);
void rib_unset(struct rib *, struct ip);
void rib_clear(struct rib *); /* unset all */

/* Packs the next UPDATE of a family: withdrawals first, then prefixes with equal attributes. 0: nothing is
 * left. */
size_t rib_next_update(struct rib *, enum ip_family, const struct bgp_path *, uint8_t buf[static BGP_MAX]);

void rib_reset(struct rib *);                   /* the session is gone: the peer knows nothing */
void rib_refresh(struct rib *, enum ip_family); /* the peer wants to be told again */

size_t rib_told(const struct rib *);    /* prefixes that the peer knows from us */
size_t rib_refused(const struct rib *); /* prefixes whose attributes fit into no message: not announced */
