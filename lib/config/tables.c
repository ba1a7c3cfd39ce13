/* The rows: every field of every kind. What a row cannot say (one field against another) is in rules.c. */
#include "config/field.h"
#include "config/rules.h"
#include "config/value.h"
#include <string.h>

#define MEMBER(type, member)       offsetof(type, member), sizeof(((type *)0)->member), 0
#define LIST(type, member, number) offsetof(type, member), 0, offsetof(type, number)
#define NO_MEMBER                  0, 0, 0
#define NUMBER(min, max)           (min), (max)
#define ENTRIES(max)               0, (max)
#define ANY                        0, 0
#define V1BETA2                    (API_HERALD | API_METALLB_V1BETA2)

static const struct field service_allocation[] = {
        {"priority", FIELD_INT, MEMBER(struct pool, priority), NUMBER(0, INT32_MAX), .in = API_ALL,
         .since = "0.1", .doc = "Pools with a lower number are used first; 0 is last."},
        {"namespaces", FIELD_STRINGS, LIST(struct pool, namespaces, n_namespaces), ENTRIES(1024),
         .item = name_is_valid, .item_max = 253, .in = API_ALL, .since = "0.1",
         .doc = "Namespaces whose Services may use the pool."},
        {"namespaceSelectors", FIELD_SELECTORS, MEMBER(struct pool, namespace_selectors), ENTRIES(64),
         .in = API_ALL, .since = "0.1",
         .doc = "Namespaces, by their labels, whose Services may use the pool; added to namespaces."},
        {"serviceSelectors", FIELD_SELECTORS, MEMBER(struct pool, service_selectors), ENTRIES(64),
         .in = API_ALL, .since = "0.1", .doc = "Services, by their labels, that may use the pool."},
        {0},
};

static const struct field pool_spec[] = {
        {"addresses", FIELD_RANGES, LIST(struct pool, ranges, n_ranges), NUMBER(1, 1024), .in = API_ALL,
         .required = true, .since = "0.1",
         .doc = "Prefixes such as \"192.0.2.0/24\" and ranges such as \"192.0.2.10-192.0.2.20\"."},
        {"autoAssign", FIELD_BOOL, MEMBER(struct pool, auto_assign), ANY, .def = "true", .in = API_ALL,
         .since = "0.1", .doc = "Whether Services that ask for no pool may get addresses of this one."},
        {"avoidBuggyIPs", FIELD_BOOL, MEMBER(struct pool, avoid_buggy_ips), ANY, .def = "false",
         .in = API_ALL, .since = "0.1", .doc = "Never use IPv4 addresses that end in .0 or .255."},
        {"serviceAllocation", FIELD_OBJECT, NO_MEMBER, ANY, .sub = service_allocation, .in = API_ALL,
         .since = "0.1", .doc = "Which Services may use the pool, and in which order pools are tried."},
        {0},
};

static const struct field password_secret[] = {
        {"name", FIELD_STRING, MEMBER(struct bgp_peer, password_secret), ANY, .item = name_is_valid,
         .item_max = 253, .in = V1BETA2, .since = "0.1", .doc = "Name of the Secret."},
        {"namespace", FIELD_STRING, MEMBER(struct bgp_peer, secret_namespace), ANY, .item = name_is_valid,
         .item_max = 253, .in = V1BETA2, .since = "0.1",
         .doc = "Without effect: the Secret stands in the namespace of the BGPPeer."},
        {0},
};

static const struct field peer_spec[] = {
        {"myASN", FIELD_ASN, MEMBER(struct bgp_peer, my_asn), NUMBER(0, UINT32_MAX), .in = API_ALL,
         .required = true, .since = "0.1",
         .doc = "AS number of the nodes; a private one is the normal case."},
        {"peerASN", FIELD_ASN, MEMBER(struct bgp_peer, peer_asn), NUMBER(0, UINT32_MAX), .in = API_ALL,
         .required = true, .since = "0.1", .doc = "AS number of the router."},
        {"peerAddress", FIELD_IP, MEMBER(struct bgp_peer, address), ANY, .in = API_ALL, .required = true,
         .since = "0.1", .doc = "Address of the router."},
        {"peerPort", FIELD_INT, MEMBER(struct bgp_peer, port), NUMBER(1, UINT16_MAX), .def = "179",
         .in = V1BETA2, .since = "0.1", .doc = "TCP port of the router."},
        {"peerPort", FIELD_INT, MEMBER(struct bgp_peer, port), NUMBER(0, UINT16_MAX),
         .in = API_METALLB_V1BETA1, .since = "0.1", .doc = "TCP port of the router; 0 is 179."},
        {"sourceAddress", FIELD_IP, MEMBER(struct bgp_peer, source), ANY, .in = API_ALL, .since = "0.1",
         .doc = "Address of the node to connect from; the kernel chooses if it is unset."},
        {"holdTime", FIELD_SECONDS, MEMBER(struct bgp_peer, hold_time_s), NUMBER(0, UINT16_MAX),
         .in = API_ALL, .since = "0.1",
         .doc = "Without a message for so long the session ends; 0s: never. 90s if it is unset, or three "
                "times "
                "keepaliveTime."},
        {"keepaliveTime", FIELD_SECONDS, MEMBER(struct bgp_peer, keepalive_time_s), NUMBER(0, UINT16_MAX),
         .in = API_ALL, .since = "0.1",
         .doc = "Time between keepalives; a third of the hold time if it is unset."},
        {"connectTime", FIELD_SECONDS, MEMBER(struct bgp_peer, connect_time_s), NUMBER(1, UINT16_MAX),
         .in = V1BETA2, .since = "0.1", .doc = "Longest pause between two attempts to connect."},
        {"routerID", FIELD_ROUTER_ID, MEMBER(struct bgp_peer, router_id), ANY, .in = API_ALL, .since = "0.1",
         .doc = "BGP identifier of the node, written as an IPv4 address."},
        {"ebgpMultiHop", FIELD_BOOL, MEMBER(struct bgp_peer, multihop), ANY, .def = "false", .in = API_ALL,
         .since = "0.1", .doc = "The router is more than one hop away."},
        {"nodeSelectors", FIELD_SELECTORS, MEMBER(struct bgp_peer, node_selectors), ENTRIES(64),
         .in = API_ALL, .since = "0.1",
         .doc = "Nodes, by their labels, that have this peer; all if it is empty."},
        {"password", FIELD_SECRET, MEMBER(struct bgp_peer, password), ANY, .item_max = PASSWORD_MAX,
         .in = API_ALL, .since = "0.1", .doc = "Password of TCP MD5 signatures (RFC 2385)."},
        {"passwordSecret", FIELD_OBJECT, NO_MEMBER, ANY, .sub = password_secret, .in = V1BETA2,
         .since = "0.1",
         .doc = "Secret of type kubernetes.io/basic-auth whose key password is the TCP MD5 password."},
        {"bfdProfile", FIELD_STRING, NO_MEMBER, ANY, .in = API_ALL, .planned = true,
         .doc = "Name of a BFDProfile."},
        {"enableGracefulRestart", FIELD_BOOL, NO_MEMBER, ANY, .in = V1BETA2, .planned = true,
         .doc = "Graceful restart, RFC 4724."},
        {"interface", FIELD_STRING, NO_MEMBER, ANY, .in = V1BETA2, .planned = true,
         .doc = "Interface for a session without configured addresses."},
        {"dynamicASN", FIELD_STRING, NO_MEMBER, ANY, .in = V1BETA2, .planned = true,
         .doc = "Take any AS number from the router: internal or external."},
        {"localASN", FIELD_INT, NO_MEMBER, NUMBER(1, UINT32_MAX), .in = V1BETA2, .planned = true,
         .doc = "AS number shown to this router in place of myASN."},
        {"vrf", FIELD_STRING, NO_MEMBER, ANY, .in = V1BETA2, .planned = true, .doc = "VRF of the session."},
        {"disableMP", FIELD_BOOL, NO_MEMBER, ANY, .in = V1BETA2, .planned = true,
         .doc = "Do not offer multiprotocol extensions."},
        {"dualStackAddressFamily", FIELD_BOOL, NO_MEMBER, ANY, .in = V1BETA2, .planned = true,
         .doc = "Carry both address families on this session."},
        {0},
};

/* The part that both advertisements have; `type` is the struct. */
#define ADVERTISEMENT(type)                                                                                  \
        {"ipAddressPools",                                                                                   \
         FIELD_STRINGS,                                                                                      \
         LIST(type, ad.pools, ad.n_pools),                                                                   \
         ENTRIES(1024),                                                                                      \
         .item = name_is_valid,                                                                              \
         .item_max = 253,                                                                                    \
         .in = API_ALL,                                                                                      \
         .since = "0.1",                                                                                     \
         .doc = "Pools whose addresses are announced; all if this and ipAddressPoolSelectors are empty."},   \
                {"ipAddressPoolSelectors",                                                                   \
                 FIELD_SELECTORS,                                                                            \
                 MEMBER(type, ad.pool_selectors),                                                            \
                 ENTRIES(64),                                                                                \
                 .in = API_ALL,                                                                              \
                 .since = "0.1",                                                                             \
                 .doc = "Pools by their labels; added to ipAddressPools."},                                  \
                {"nodeSelectors",                                                                            \
                 FIELD_SELECTORS,                                                                            \
                 MEMBER(type, ad.node_selectors),                                                            \
                 ENTRIES(64),                                                                                \
                 .in = API_ALL,                                                                              \
                 .since = "0.1",                                                                             \
                 .doc = "Nodes, by their labels, that announce; all if it is empty."},                       \
        {                                                                                                    \
                "serviceSelectors", FIELD_SELECTORS, MEMBER(type, ad.service_selectors), ENTRIES(64),        \
                        .in = API_ALL, .since = "0.1",                                                       \
                        .doc = "Services, by their labels, that are announced; all if it is empty."          \
        }

static const struct field bgp_ad_spec[] = {
        ADVERTISEMENT(struct bgp_ad),
        {"aggregationLength", FIELD_INT, MEMBER(struct bgp_ad, aggregation_len4), NUMBER(1, 32), .def = "32",
         .in = API_ALL, .since = "0.1", .doc = "Length of the IPv4 prefixes that are announced."},
        {"aggregationLengthV6", FIELD_INT, MEMBER(struct bgp_ad, aggregation_len6), NUMBER(1, 128),
         .def = "128", .in = API_ALL, .since = "0.1",
         .doc = "Length of the IPv6 prefixes that are announced."},
        {"localPref", FIELD_INT, MEMBER(struct bgp_ad, local_pref), NUMBER(0, UINT32_MAX), .in = API_ALL,
         .since = "0.1", .doc = "LOCAL_PREF for routers of the same AS; 0 is unset."},
        {"communities", FIELD_COMMUNITIES, LIST(struct bgp_ad, communities, n_communities), ENTRIES(256),
         .item_max = 253, .in = API_ALL, .since = "0.1",
         .doc = "BGP communities, \"A:B\" or \"large:A:B:C\"."},
        {"peers", FIELD_STRINGS, LIST(struct bgp_ad, peers, n_peers), ENTRIES(256), .item = name_is_valid,
         .item_max = 253, .in = API_ALL, .since = "0.1",
         .doc = "Names of BGPPeers to announce to; all if it is empty."},
        {0},
};

static const struct field preferred_node[] = {
        {"weight", FIELD_INT, NO_MEMBER, NUMBER(1, 100), .in = API_ALL, .planned = true,
         .doc = "Added per match."},
        {"preference", FIELD_OBJECT, NO_MEMBER, ANY, .in = API_ALL, .planned = true, .doc = "Selects nodes."},
        {0},
};

static const struct field l2_ad_spec[] = {
        ADVERTISEMENT(struct l2_ad),
        {"interfaces", FIELD_STRINGS, LIST(struct l2_ad, interfaces, n_interfaces), ENTRIES(64),
         .item = interface_name_is_valid, .item_max = 15, .in = API_ALL, .since = "0.1",
         .doc = "Interfaces to answer on; chosen by the address if it is empty."},
        {"preferredNodeSelectors", FIELD_OBJECTS, NO_MEMBER, ENTRIES(64), .sub = preferred_node,
         .in = API_ALL, .planned = true, .doc = "Nodes that should rather announce than others."},
        {0},
};

static const char *const honour_or_ignore[] = {"honour", "ignore", NULL};

static const struct field data_plane[] = {
        {"kubeProxyHealthz", FIELD_STRING, MEMBER(struct settings, healthz), ANY, .item_max = 64,
         .in = API_HERALD, .since = "0.1",
         .doc = "Where kube-proxy tells its health, \"ADDRESS:PORT\"; \"off\": announcing waits for no data "
                "plane. 127.0.0.1:10256 if it is unset."},
        {"healthCheckNodePort", FIELD_WORD, MEMBER(struct settings, ignore_health_check_node_port), ANY,
         .def = "honour", .words = honour_or_ignore, .in = API_HERALD, .since = "0.1",
         .doc = "Whether announcing a Service of policy Local waits for its health check on the node: honour or "
                "ignore."},
        {0},
};

static const struct field settings_spec[] = {
        {"loadBalancerClass", FIELD_STRING, MEMBER(struct settings, lb_class), ANY, .item = label_key_is_valid,
         .item_max = 317, .in = API_HERALD, .since = "0.1",
         .doc = "Services of this loadBalancerClass are served; those without a class if it is unset."},
        {"excludeLabel", FIELD_WORD, MEMBER(struct settings, ignore_excluded), ANY, .def = "honour",
         .words = honour_or_ignore, .in = API_HERALD, .since = "0.1",
         .doc = "What the label node.kubernetes.io/exclude-from-external-load-balancers means: honour or "
                "ignore."},
        {"drainOnCordon", FIELD_BOOL, MEMBER(struct settings, drain_cordoned), ANY, .def = "false",
         .in = API_HERALD, .since = "0.1", .doc = "Whether a cordoned node stops announcing."},
        {"dataPlane", FIELD_OBJECT, NO_MEMBER, ANY, .sub = data_plane, .in = API_HERALD, .since = "0.1",
         .doc = "What a node's first announcement of an address waits for."},
        {0},
};

const struct kind_table kind_tables[] = {
        {KIND_IPADDRESSPOOL, pool_spec, true, sizeof(struct pool), offsetof(struct pool, ref), check_pool},
        {KIND_BGPPEER, peer_spec, true, sizeof(struct bgp_peer), offsetof(struct bgp_peer, ref), check_peer},
        {KIND_BGPADVERTISEMENT, bgp_ad_spec, false, sizeof(struct bgp_ad), offsetof(struct bgp_ad, ad.ref),
         check_bgp_ad},
        {KIND_L2ADVERTISEMENT, l2_ad_spec, false, sizeof(struct l2_ad), offsetof(struct l2_ad, ad.ref), NULL},
        {KIND_SETTINGS, settings_spec, false, sizeof(struct settings), offsetof(struct settings, ref),
         check_settings},
};
const size_t n_kind_tables = sizeof(kind_tables) / sizeof(kind_tables[0]);

const struct kind_table *kind_table(enum kind kind)
{
        for (size_t i = 0; i < n_kind_tables; i++)
                if (kind_tables[i].kind == kind)
                        return &kind_tables[i];
        return NULL;
}
