#include "ipam/share.h"
#include <string.h>

struct tenancy tenancy_of(const struct service *service)
{
        bool local = service->policy == POLICY_LOCAL;
        return (struct tenancy){
                .key = service->share_key ? service->share_key : "",
                .backends = local && service->pod_selector ? service->pod_selector : "",
                .ports = service->ports,
                .n_ports = service->n_ports,
        };
}

static int port_cmp(const struct port *a, const struct port *b)
{
        if (a->proto != b->proto)
                return a->proto < b->proto ? -1 : 1;
        return (a->port > b->port) - (a->port < b->port);
}

static bool have_port_in_common(const struct tenancy *a, const struct tenancy *b)
{
        for (size_t i = 0; i < a->n_ports; i++)
                for (size_t j = 0; j < b->n_ports; j++)
                        if (port_cmp(&a->ports[i], &b->ports[j]) == 0)
                                return true;
        return false;
}

bool tenancy_compatible(const struct tenancy *a, const struct tenancy *b)
{
        return *a->key && !strcmp(a->key, b->key) && !strcmp(a->backends, b->backends) &&
               !have_port_in_common(a, b);
}

bool tenancy_equal(const struct tenancy *a, const struct tenancy *b)
{
        if (a->n_ports != b->n_ports || strcmp(a->key, b->key) != 0 || strcmp(a->backends, b->backends) != 0)
                return false;
        for (size_t i = 0; i < a->n_ports; i++)
                if (port_cmp(&a->ports[i], &b->ports[i]) != 0)
                        return false;
        return true;
}
