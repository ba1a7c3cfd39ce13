/*
 * Membership in solicited-node groups (MLD reports by the kernel), so that switches which snoop forward
 * solicitations to us. The groups of several addresses may be one: counted. Needs no capability.
 */
#pragma once
#include "base/ip.h"
#include <stdint.h>

struct mcast;

struct mcast *mcast_new(int ifindex);
void mcast_free(struct mcast *); /* leaves every group; NULL is fine */
/* True when this is the first address of its group, or the last one. */
bool mcast_join(struct mcast *, struct ip address);
bool mcast_leave(struct mcast *, struct ip address);
/* Joins all groups anew, n at a call, so that they are reported anew; also those that could not be joined
 * before. True while some are left: call again. */
bool mcast_rejoin(struct mcast *, size_t n);
/* Groups that the kernel would not join: then a switch that snoops may not forward. */
size_t mcast_failed(const struct mcast *);
