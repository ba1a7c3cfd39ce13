/* Inside the leader: what one Service should have. Pure. */
#pragma once
#include "ipam/ipam.h"
#include "lead/lead.h"

struct decision {   /* arrays and messages are the arena's */
        bool write; /* the status should become these addresses and that pool */
        struct ip *ips;
        size_t n;
        const char *pool; /* NULL: none */
        bool satisfied;   /* it has, or will have by this write, what it should have */
        bool content;     /* and there is nothing that it could still get */
        enum reason reason;
        const char *message;
        bool lost;     /* its status has an address that no pool allows: time decides */
        bool gives_up; /* of what it held before, nothing is to be restored any more */
        bool conflict; /* an address was dropped that another Service has by right */
        const char *conflict_message;
};

struct before {                /* what time adds to the facts */
        const struct ip *held; /* the last addresses of the status: restored if it has none now */
        size_t n_held;
        bool expired; /* what no pool allows has been so for LEAD_GRACE */
};

void decide(const struct store *, const struct config *, const struct book *, const struct fact *service,
            const struct before *, struct arena *, struct decision *out);
