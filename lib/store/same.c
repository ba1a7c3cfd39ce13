/*
 * Most events of a busy cluster change nothing that is used here: a node's heartbeat, a Service's managed
 * fields. They end in this file. Every field of model/fact.h that a decision reads must be compared.
 */
#include "store/same.h"
#include <string.h>

static bool same_text(const char *a, const char *b)
{
        return a == b || (a && b && !strcmp(a, b));
}

static bool same_ips(const struct ip *a, size_t n_a, const struct ip *b, size_t n_b)
{
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (!ip_eq(a[i], b[i]))
                        return false;
        return true;
}

static bool same_ports(const struct service *a, const struct service *b)
{
        if (a->n_ports != b->n_ports)
                return false;
        for (size_t i = 0; i < a->n_ports; i++)
                if (a->ports[i].proto != b->ports[i].proto || a->ports[i].port != b->ports[i].port)
                        return false;
        return true;
}

static bool same_families(const struct service *a, const struct service *b)
{
        if (a->n_families != b->n_families || a->family_policy != b->family_policy)
                return false;
        for (size_t i = 0; i < a->n_families; i++)
                if (a->families[i] != b->families[i])
                        return false;
        return true;
}

static bool same_service(const struct service *a, const struct service *b)
{
        return a->load_balancer == b->load_balancer && a->deleting == b->deleting && a->policy == b->policy &&
               a->health_port == b->health_port && a->has_hostname == b->has_hostname && a->term == b->term && same_text(a->lb_class, b->lb_class) &&
               same_families(a, b) && same_ports(a, b) && same_text(a->pod_selector, b->pod_selector) &&
               same_ips(a->requested_ips, a->n_requested, b->requested_ips, b->n_requested) &&
               same_text(a->request_error, b->request_error) &&
               same_text(a->requested_pool, b->requested_pool) && same_text(a->share_key, b->share_key) &&
               same_ips(a->status_ips, a->n_status, b->status_ips, b->n_status) &&
               same_text(a->allocated_pool, b->allocated_pool);
}

static bool same_slice(const struct endpoint_slice *a, const struct endpoint_slice *b)
{
        if (a->n != b->n || !same_text(a->service, b->service))
                return false;
        for (size_t i = 0; i < a->n; i++) {
                const struct endpoint *x = &a->v[i], *y = &b->v[i];
                if (!ip_eq(x->ip, y->ip) || !same_text(x->node, y->node) || x->ready != y->ready ||
                    x->serving != y->serving || x->terminating != y->terminating)
                        return false;
        }
        return true;
}

static bool same_node(const struct node *a, const struct node *b)
{
        return same_ips(a->addresses, a->n_addresses, b->addresses, b->n_addresses) &&
               a->excluded == b->excluded && a->leaving == b->leaving && a->cordoned == b->cordoned &&
               a->ready == b->ready && a->network_down == b->network_down;
}

bool fact_same(const struct fact *a, const struct fact *b)
{
        if (a->ref.kind == KIND_ENDPOINTSLICE)
                return same_slice(&a->u.slice, &b->u.slice);
        if (!labels_equal(&a->labels, &b->labels))
                return false;
        if (a->ref.kind == KIND_SERVICE)
                return a->created == b->created && same_service(&a->u.service, &b->u.service);
        return a->ref.kind != KIND_NODE || same_node(&a->u.node, &b->u.node);
}
