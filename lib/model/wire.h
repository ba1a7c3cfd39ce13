/* What the wire says, and what this node has: facts that no API object holds. */
#pragma once
#include "base/clock.h"
#include "base/ip.h"
#include "model/reason.h"

enum wire_fact_kind {
        WIRE_SESSION,  /* a BGP session came up or went down */
        WIRE_OWNER,    /* this node began or ceased to answer for an address */
        WIRE_CONFLICT, /* somebody else uses an address of ours */
};

struct wire_fact { /* strings are valid during the call only */
        enum wire_fact_kind kind;
        struct ip ip;
        const char *peer; /* BGPPeer name; NULL if none */
        int ifindex;
        bool up; /* session established; owner */
        const char *message;
        struct mono at;
};

typedef void wire_fact_fn(void *arg, const struct wire_fact *);
