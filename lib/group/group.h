/*
 * Who owns an address on a segment. Layer 2 says what this node could announce there; the group answers, now
 * or later and as often as it changes, whether this node is the owner.
 *
 * Giving up is immediate, and not told: after group_set() without candidacy or group_unset() the address is
 * not owned. Ownership that begins, and ownership that goes to somebody else, is told by the callback, from
 * the loop, never from inside these functions. The claim protocol goes behind this interface; for now the
 * owner is the candidate whose rank is 1, which all nodes see alike as long as they see the same nodes.
 */
#pragma once
#include "base/ip.h"
#include "base/loop.h"

struct group;
typedef void group_owner_fn(void *arg, int ifindex, struct ip, bool owner);

/* changed may be NULL until group_listen(). */
struct group *group_new(struct loop *, group_owner_fn *changed, void *arg);
void group_listen(struct group *, group_owner_fn *changed, void *arg);
void group_free(struct group *); /* NULL is fine */

/* The whole truth of this node's candidacy for ip on ifindex. rank: 1 is preferred; 0 if not a candidate. */
void group_set(struct group *, int ifindex, struct ip ip, bool candidate, uint32_t rank);
void group_unset(struct group *, int ifindex, struct ip ip);
bool group_owns(const struct group *, int ifindex, struct ip ip);
