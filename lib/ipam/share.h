/*
 * When two Services may have one address (MetalLB's rules): both have the same sharing key, the same
 * backends, and no port in common. Backends are the same if both are externalTrafficPolicy Cluster, or Local
 * with one pod selector.
 */
#pragma once
#include "model/fact.h"

struct tenancy {                  /* what sharing depends on; borrowed */
        const char *key;          /* "" shares with nobody */
        const char *backends;     /* the pod selector, "" for Cluster */
        const struct port *ports; /* sorted */
        size_t n_ports;
};

struct tenancy tenancy_of(const struct service *);
bool tenancy_compatible(const struct tenancy *, const struct tenancy *);
bool tenancy_equal(const struct tenancy *, const struct tenancy *);
