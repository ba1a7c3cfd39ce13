/*
 * What runs this node's data plane, by the interfaces that it makes, and what that means for announcing. For the log:
 * nothing is decided by it.
 */
#pragma once
#include <stdbool.h>

struct around {
        bool ipvs;       /* kube-proxy's interface of that mode, which holds every load-balancer address */
        bool strict_arp; /* the kernel answers ARP only on the interface that has the address */
        bool cilium;
};

struct around around_look(void);
/* A sentence that somebody should read, NULL if there is none. Cilium counts where no kube-proxy answers. */
const char *around_warning(const struct around *);
const char *around_note(const struct around *);
