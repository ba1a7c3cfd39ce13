/* What this node should do for one address: the answer of plan_address(), the order to the announcers. */
#pragma once
#include "model/config.h"

struct attrs { /* of one route; communities are sorted and unique */
        bool has_local_pref;
        uint32_t local_pref;
        struct community *communities;
        size_t n_communities;
};

struct route {
        struct prefix prefix;
        const char *peer; /* BGPPeer name */
        struct attrs attrs;
};

struct want_l2 {
        bool candidate;          /* this node may answer for the address */
        uint32_t rank;           /* 1 is preferred among the candidates of all nodes; 0 if not a candidate */
        const char **interfaces; /* empty: by the address */
        size_t n_interfaces;
        enum reason reason;
        const char *message;
};

struct want {
        struct arena *arena;       /* holds this and all it points to */
        _Atomic unsigned *holders; /* besides the first one */
        struct ip ip;
        const char **uids; /* of the Services that hold it */
        size_t n_uids;
        struct want_l2 l2;
        struct route *routes; /* sorted by peer, prefix; empty: not announced by BGP */
        size_t n_routes;
        enum reason bgp_reason;
        const char *bgp_message;
        bool waits;          /* only for this node's data plane: look again when that has changed */
        uint16_t waits_port; /* for this healthCheckNodePort; 0: for kube-proxy */
};

struct want *want_new(struct ip);
struct want *want_copy(const struct want *); /* in one block of exactly its size */
/* One more holder of the same want, which nobody changes any more: whoever made it and each holder ends with want_free(),
 * in any thread. */
const struct want *want_hold(const struct want *);
void want_free(const struct want *);
bool want_equal(const struct want *, const struct want *); /* in what an announcer would do; not the messages */
bool want_same(const struct want *, const struct want *);  /* in all that it says */
bool attrs_equal(const struct attrs *, const struct attrs *);
int community_cmp(const struct community *, const struct community *);
