/*
 * What the operator wrote, typed and checked. A config is immutable, lives in one arena and is replaced as a whole.
 * Field names and meanings are MetalLB's; see docs and reference. Arrays are sorted by name.
 */
#pragma once
#include "base/clock.h"
#include "model/fact.h"
#include "model/reason.h"

struct pool {
        struct ref ref;
        int64_t created;
        struct labels labels;
        struct ip_range *ranges; /* in the order written */
        size_t n_ranges;
        bool auto_assign;
        bool avoid_buggy_ips; /* never x.x.x.0 and x.x.x.255 */
        bool pinned;          /* serviceAllocation is there */
        int priority;         /* 0 is last */
        const char **namespaces;
        size_t n_namespaces;
        struct selectors namespace_selectors;
        struct selectors service_selectors;
        bool valid; /* an invalid pool allows held addresses in the ranges that could be read, and allocates nothing */
};

struct bgp_peer {
        struct ref ref; /* ref.name is what advertisements name */
        uint32_t my_asn, peer_asn;
        struct ip address;
        uint16_t port;
        struct ip source; /* unspecified: the kernel chooses */
        uint16_t hold_time_s;      /* 0 disables; default 90 */
        uint16_t keepalive_time_s; /* 0: hold / 3 */
        uint16_t connect_time_s;   /* longest pause between attempts; 0: the built-in schedule */
        uint32_t router_id;        /* host order; 0: chosen by the session */
        bool multihop;
        /* TCP MD5 (RFC 2385). Who has a password is never connected without one: password NULL means that it is
         * not known now. Nothing that is shown or kept may hold it. */
        bool has_password;
        const char *password;
        const char *password_secret;     /* the Secret that holds it, in the namespace of ref; NULL: none */
        const char *secret_namespace;    /* as written; it has no effect */
        struct selectors node_selectors; /* empty: all nodes */
};

#define PASSWORD_MAX 80 /* octets: what Linux takes for a TCP MD5 signature */

/* What makes a session: address, port, source. An order; 0: the same session, of which a node has only one
 * (design.md, BGP sessions). */
int bgp_peer_session_cmp(const struct bgp_peer *, const struct bgp_peer *);
bool bgp_peer_same_session(const struct bgp_peer *, const struct bgp_peer *);
/* Whether the session carries routes of the family: that of the peer's address only. */
bool bgp_peer_carries(const struct bgp_peer *, enum ip_family);

struct community { /* standard: two numbers, large: three (RFC 1997, RFC 8092) */
        bool is_large;
        uint32_t a, b, c;
};

struct advertisement { /* the part that BGPAdvertisement and L2Advertisement share */
        struct ref ref;
        const char **pools;
        size_t n_pools;
        struct selectors pool_selectors; /* both empty: all pools */
        struct selectors node_selectors; /* empty: all nodes */
        struct selectors service_selectors; /* empty: all services */
};

struct bgp_ad {
        struct advertisement ad;
        uint8_t aggregation_len4, aggregation_len6;
        bool has_local_pref;
        uint32_t local_pref;
        struct community *communities; /* sorted, no duplicates */
        size_t n_communities;
        const char **peers; /* empty: all */
        size_t n_peers;
};

struct l2_ad {
        struct advertisement ad;
        const char **interfaces; /* empty: by the address (design.md, Segments) */
        size_t n_interfaces;
};

struct settings { /* the Settings object "default", or what can be read of it; zeroed, it is what holds without one */
        struct ref ref;
        bool ignore_excluded;  /* excludeLabel: ignore */
        bool drain_cordoned;   /* drainOnCordon */
        const char *lb_class;  /* loadBalancerClass: only Services of it are ours; NULL: those without one; "": of none, it cannot be read */
        const char *healthz;   /* dataPlane.kubeProxyHealthz as written; NULL if it is not */
        bool data_plane_off;   /* it is "off" */
        struct ip healthz_ip;  /* of kube-proxy's healthz; unspecified: 127.0.0.1 */
        uint16_t healthz_port; /* 0: 10256 */
        bool ignore_health_check_node_port; /* dataPlane.healthCheckNodePort: ignore */
};

struct verdict { /* what became of one object */
        struct ref ref;
        bool valid;
        enum reason reason;
        const char *message; /* "spec.addresses[2]: what is wrong; the remedy"; notes, or "", if valid */
        const char *kind;    /* as written, also where ref.kind is KIND_NONE */
        const char *field;   /* "spec.addresses[2]"; "" if it is about the whole object */
        const char *file;    /* NULL if it came from the API */
        int line;            /* 0 if unknown */
};

struct config {
        struct arena *arena;
        struct pool *pools;
        size_t n_pools;
        struct bgp_peer *peers; /* valid ones only */
        size_t n_peers;
        struct bgp_ad *bgp_ads; /* valid ones only */
        size_t n_bgp_ads;
        struct l2_ad *l2_ads; /* valid ones only */
        size_t n_l2_ads;
        struct settings settings;
        struct verdict *verdicts; /* one per object read; several for one object if several things are wrong */
        size_t n_verdicts;
};

const struct pool *config_pool(const struct config *, const char *name); /* NULL if there is none */
/* The pool whose ranges hold ip: a valid one, else an invalid one; NULL if none. */
const struct pool *config_pool_of(const struct config *, struct ip);
