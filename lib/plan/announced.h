/*
 * Who of all nodes announces the addresses of a Service, or why nobody does: what the leader tells about it. A
 * pure function of the facts; what a node alone knows (its sessions, its data plane) is not in it.
 */
#pragma once
#include "model/config.h"
#include "store/store.h"

struct announced {
        bool all; /* every address is announced by somebody */
        enum reason reason;
        const char *message; /* the arena's */
};

/* As if the Service held these addresses, which its status may not show yet. Without any Node object there is
 * nobody to ask: REASON_NONE. Costs nodes x advertisements. */
struct announced plan_announced(const struct store *, const struct config *, const struct fact *service,
                                const struct ip *ips, size_t n, struct arena *);
