/* Inside the plan: which nodes there are, which could announce, and who comes first. */
#pragma once
#include "ipam/ipam.h"
#include "plan/plan.h"

struct subject { /* what is planned: one address and who holds it */
        const struct store *store;
        const struct config *config;
        const struct self *self;
        struct ip ip;
        struct holding holding;
        struct serving *serving; /* of each holder */
};

/* The endpoints of a holder, of the address's family, by the ready-first rule (reference KEP-1669, KEP-1672):
 * ready ones count; where none is ready anywhere, serving and terminating ones do. */
struct serving {
        bool anywhere;
        bool ready; /* some endpoint is ready: only ready ones count */
};

struct spot { /* a node, which may have no object */
        const char *name;
        const struct labels *labels;
        const struct node *node; /* NULL: unknown to the API */
};

struct serving serving_of(const struct store *, const struct fact *service, enum ip_family);
/* The holder has an endpoint that counts on the node. */
bool serving_on(const struct store *, const struct fact *service, enum ip_family, struct serving,
                const char *node);

/* The self as a spot; its labels are made up in *made_up if there is no Node object at all. */
struct spot spot_self(const struct subject *, struct label *name, struct labels *made_up);
struct spot spot_of(const struct fact *node);

/* Why the node may announce nothing at all; REASON_NONE if it may. */
enum reason spot_unfit(const struct subject *, const struct spot *);
/* Why the endpoints of the holders keep the node from announcing; REASON_NONE if they do not. */
enum reason spot_unserved(const struct subject *, const struct spot *);

/* The advertisement is for the pool of the address and for this holder. */
bool ad_selects(const struct advertisement *, const struct pool *, const struct fact *service);
bool ad_on_node(const struct advertisement *, const struct spot *);

#define HASH_LEN 32
/* SHA-256 of node "#" address: the order of preference, the same as MetalLB's. */
void rendezvous(const char *node, struct ip, uint8_t out[static HASH_LEN]);
