/* Inside the plan: which nodes there are, and which could announce. */
#pragma once
#include "ipam/ipam.h"
#include "plan/plan.h"

/* The endpoints of a holder, of the address's family, by the ready-first rule (reference KEP-1669, KEP-1672):
 * ready ones count; where none is ready anywhere, serving and terminating ones do. */
struct serving {
        bool anywhere;
        bool ready;         /* some endpoint is ready: only ready ones count */
        const char **nodes; /* sorted, unique: those with an endpoint that counts; for policy Local only */
        size_t n_nodes;
};

struct plan_input { /* one address, who holds it, and what is found once for all nodes */
        const struct store *store;
        const struct config *config;
        const struct self *self;
        struct ip ip;
        struct holding holding;
        struct serving *serving; /* of each holder */
        struct arena *scratch;
};

struct node_view { /* a node, which may have no object */
        const char *name;
        const struct labels *labels;
        const struct node *node; /* NULL: unknown to the API */
};

struct serving serving_of(const struct store *, const struct fact *service, enum ip_family, struct arena *);
/* A holder of policy Local has an endpoint that counts on the node. */
bool serving_on(const struct serving *, const char *node);

/* Self; its labels are made up in *made_up if there is no Node object at all. */
struct node_view node_view_self(const struct plan_input *, struct label *name, struct labels *made_up);
struct node_view node_view_of(const struct fact *node);

/* Why the node may announce nothing at all; REASON_NONE if it may. */
enum reason node_unfit(const struct plan_input *, const struct node_view *);
/* Why the endpoints of the holders keep the node from announcing; REASON_NONE if they do not. */
enum reason node_unserved(const struct plan_input *, const struct node_view *);

/* The advertisement is for the pool of the address and for this holder. */
bool ad_selects(const struct advertisement *, const struct pool *, const struct fact *service);
bool ad_on_node(const struct advertisement *, const struct node_view *);
