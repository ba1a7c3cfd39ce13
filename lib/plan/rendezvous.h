/* Inside the plan: which node comes first for an address. */
#pragma once
#include "base/ip.h"

#define RENDEZVOUS_LEN 32

struct rendezvous; /* the hash of one address; one per plan, as finding the digest costs more than using it */

struct rendezvous *rendezvous_new(struct ip);
void rendezvous_free(struct rendezvous *);
/* SHA-256 of node "#" address: the lowest is preferred, the same order as MetalLB's. */
void rendezvous_hash(struct rendezvous *, const char *node, uint8_t out[static RENDEZVOUS_LEN]);
