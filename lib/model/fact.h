/*
 * What the cluster says: the objects of the Kubernetes API, reduced to what this program uses. A fact is immutable,
 * lives in one arena, and belongs to the store once it was put there.
 */
#pragma once
#include "base/arena.h"
#include "base/ip.h"
#include "model/labels.h"
#include "model/reason.h"

enum kind {
        KIND_NONE,
        KIND_SERVICE,
        KIND_ENDPOINTSLICE,
        KIND_NODE,
        KIND_NAMESPACE,
        KIND_CONFIGMAP,
        KIND_SECRET,
        KIND_POD,
        KIND_DAEMONSET,
        KIND_NODESTATE,
        KIND_IPADDRESSPOOL, /* from here on: config kinds */
        KIND_BGPPEER,
        KIND_BGPADVERTISEMENT,
        KIND_L2ADVERTISEMENT,
        KIND_SETTINGS,
        KIND_MAX,
};

const char *kind_name(enum kind);         /* "Service" */
enum kind kind_parse(const char *name);   /* KIND_NONE if unknown */

struct ref { /* which object */
        enum kind kind;
        const char *group;     /* API group: "", "heraldlb.io", "metallb.io", ... */
        const char *namespace; /* "" if cluster-scoped */
        const char *name;
        const char *uid; /* "" from files */
        const char *rv;  /* resourceVersion; "" from files */
};

enum lb_policy { POLICY_CLUSTER, POLICY_LOCAL };                       /* externalTrafficPolicy */
enum ip_families_policy { FAMILY_SINGLE, FAMILY_PREFER_DUAL, FAMILY_REQUIRE_DUAL };
enum condition { CONDITION_ALLOCATED, CONDITION_ANNOUNCED, CONDITIONS }; /* of a Service */
enum l4 { L4_TCP = 6, L4_UDP = 17, L4_SCTP = 132 };

struct port {
        enum l4 proto;
        uint16_t port;
};

struct condition_seen { /* of status.conditions, one of ours */
        enum { CONDITION_ABSENT, CONDITION_FALSE, CONDITION_TRUE } state;
        uint64_t digest; /* condition_digest() */
};

struct service {
        bool load_balancer;     /* spec.type */
        bool deleting;          /* has a deletionTimestamp: somebody's finalizer keeps it */
        const char *lb_class;   /* spec.loadBalancerClass; NULL if unset */
        enum lb_policy policy;
        enum ip_families_policy family_policy;
        enum ip_family families[2]; /* of clusterIPs (or ipFamilies), primary first */
        size_t n_families;
        struct port *ports; /* sorted */
        size_t n_ports;
        const char *pod_selector; /* "k=v,k2=v2" sorted; "" if none */

        struct ip *requested_ips; /* loadBalancerIPs annotation or spec.loadBalancerIP */
        size_t n_requested;
        const char *request_error; /* why what was requested cannot be read; NULL if it can */
        const char *requested_pool; /* NULL if none */
        const char *share_key;      /* allow-shared-ip; NULL or "" if none */

        struct ip *status_ips; /* status.loadBalancer.ingress[].ip in order */
        size_t n_status;
        bool has_hostname; /* some ingress names a host, or what is no address: never ours */
        const char *allocated_pool; /* annotation ip-allocated-from-pool of ours or of MetalLB's; NULL if none */
        uint16_t health_port; /* spec.healthCheckNodePort; 0 if none */
        struct condition_seen seen[CONDITIONS]; /* what stands there */
        uint64_t term;              /* annotation lease term of the allocation; 0 if none */
};

struct endpoint {
        struct ip ip;
        const char *node; /* NULL: not local anywhere */
        bool ready, serving, terminating;
};

struct endpoint_slice {
        const char *service; /* name, in the same namespace */
        struct endpoint *v;
        size_t n;
};

struct node {
        struct ip addresses[2]; /* InternalIP, at most one of each family */
        size_t n_addresses;
        bool excluded;     /* label node.kubernetes.io/exclude-from-external-load-balancers */
        bool cordoned;     /* spec.unschedulable */
        enum reason leaving; /* by what it is known that the node goes away; REASON_NONE: it stays */
        bool ready;        /* condition Ready is True; true where the object says nothing (files) */
        bool network_down; /* condition NetworkUnavailable is True */
};

struct fact {
        struct arena *arena; /* holds this fact and all it points to */
        struct ref ref;
        int64_t created; /* creationTimestamp, seconds since 1970; 0 if none */
        struct labels labels;
        union {
                struct service service;
                struct endpoint_slice slice;
                struct node node;
        } u; /* by ref.kind; a Namespace is its labels */
};

struct fact *fact_new(enum kind); /* with an arena of its own; strings of ref are "" */
/* The same in one block of exactly its size, for what is kept; frees the other one. A slice loses its labels, which
 * nothing reads once its service is known. */
struct fact *fact_pack(struct fact *);
void fact_free(struct fact *);
const char *condition_type(enum condition); /* "heraldlb.io/Allocated" */
/* Of what a condition says, without when it began to say so. */
uint64_t condition_digest(bool is, const char *reason, const char *message);
int ref_cmp(const struct ref *, const struct ref *); /* kind, namespace, name */
