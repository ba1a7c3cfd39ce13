/* The one table of reasons. A sentence says what is so and, where somebody can do something about it, what.
 */
#include "model/reason.h"

struct row {
        const char *name, *sentence;
};

static const struct row rows[REASON_MAX] = {
        [REASON_NONE] = {"None", "There is nothing to say."},
        /* services */
        [REASON_ALLOCATED] = {"Allocated", "The service holds the addresses that it asks for."},
        [REASON_NOT_LOAD_BALANCER] = {"NotLoadBalancer",
                                      "The service is not of type LoadBalancer, so it gets no address."},
        [REASON_OTHER_CLASS] = {"OtherClass",
                                "The service names a loadBalancerClass that another controller serves."},
        [REASON_NO_CLUSTER_IP] = {"NoClusterIP", "The service has no cluster IP of the families that it "
                                                 "requires; a headless service cannot be "
                                                 "load-balanced."},
        [REASON_NO_POOLS] = {"NoPools", "There is no valid IPAddressPool; create one to get addresses."},
        [REASON_NO_FREE_ADDRESS] =
                {"NoFreeAddress",
                 "No pool that the service may use has a free address; extend a pool or remove a service."},
        [REASON_NO_POOL_FOR_SERVICE] = {"NoPoolForService",
                                        "No pool gives addresses to this service by itself: look at "
                                        "autoAssign, at serviceAllocation and at "
                                        "the families of the pools."},
        [REASON_UNKNOWN_POOL] = {"UnknownPool",
                                 "The service asks for an address pool that does not exist or is not valid."},
        [REASON_POOL_NOT_ALLOWED] = {"PoolNotAllowed", "The serviceAllocation of the pool does not admit "
                                                       "this service; its namespaces and selectors decide."},
        [REASON_INVALID_REQUEST] =
                {"InvalidRequest",
                 "What the service asks for cannot be read or contradicts itself; correct its annotations or "
                 "spec.loadBalancerIP."},
        [REASON_ADDRESS_NOT_IN_POOL] = {"AddressNotInPool",
                                        "The address is in no pool that the service may use."},
        [REASON_ADDRESS_IN_USE] = {"AddressInUse", "Another service holds the requested address; to share "
                                                   "it, both need the same allow-shared-ip key, "
                                                   "different ports and agreeing traffic policies."},
        [REASON_ADDRESS_CONFLICT] = {"AddressConflict", "Another service has the better right to this "
                                                        "address, so it is not announced for this one and is "
                                                        "taken from its status."},
        [REASON_FAMILY_MISMATCH] =
                {"FamilyMismatch",
                 "The IP families of the addresses do not fit those of the service's cluster IPs."},
        [REASON_FOREIGN_ADDRESS] = {"ForeignAddress", "The status of the service holds an address that no "
                                                      "pool of ours contains and that we did not "
                                                      "allocate; it is left alone."},
        [REASON_BEING_DELETED] = {"BeingDeleted", "The service is being deleted, so it gets no address any more."},
        /* announcing */
        [REASON_ANNOUNCED] = {"Announced", "This node announces the address to its BGP peers."},
        [REASON_CANDIDATE] = {"Candidate", "This node may answer ARP and NDP for the address."},
        [REASON_NO_ADDRESS] = {"NoAddress", "The service has no address that could be announced."},
        [REASON_NO_ENDPOINTS] = {"NoEndpoints", "No endpoint of the service can serve on any node."},
        [REASON_NO_LOCAL_ENDPOINTS] =
                {"NoLocalEndpoints",
                 "externalTrafficPolicy is Local and no endpoint on this node can serve."},
        [REASON_NO_ADVERTISEMENT] =
                {"NoAdvertisement",
                 "No advertisement of this protocol selects the pool and the service; create one that does."},
        [REASON_NODE_NOT_SELECTED] = {"NodeNotSelected",
                                      "The nodeSelectors of the advertisements leave this node out."},
        [REASON_NO_PEERS] = {"NoPeers",
                             "No BGPPeer that the advertisements name is configured for this node."},
        [REASON_NO_PEER_OF_FAMILY] =
                {"NoPeerOfFamily",
                 "A BGP session carries routes of the family of its own address only, and this node has no "
                 "session of the family of the service's address; add a BGPPeer with an address of it."},
        [REASON_LOCAL_PREF_CONFLICT] = {"LocalPrefConflict",
                                        "Advertisements of the same prefix to the same peer ask for "
                                        "different localPref values; make them "
                                        "equal."},
        [REASON_NODE_EXCLUDED] =
                {"NodeExcluded",
                 "The node has the label node.kubernetes.io/exclude-from-external-load-balancers; remove it, or "
                 "set excludeLabel: ignore in Settings."},
        [REASON_NODE_LEAVING] = {"NodeLeaving",
                                 "The Node is being deleted, or is gone, so its addresses go to other nodes."},
        [REASON_NODE_TO_BE_DELETED] = {"NodeToBeDeleted", "The node has the taint "
                                                          "ToBeDeletedByClusterAutoscaler, so its addresses "
                                                          "go to other nodes."},
        [REASON_NODE_OUT_OF_SERVICE] = {"NodeOutOfService", "The node has the taint "
                                                            "node.kubernetes.io/out-of-service, so its "
                                                            "addresses go to other nodes."},
        [REASON_NODE_SHUTTING_DOWN] = {"NodeShuttingDown", "The kubelet says that the node is shutting down, "
                                                           "so its addresses go to other nodes."},
        [REASON_NODE_CORDONED] = {"NodeCordoned", "The node is cordoned, and drainOnCordon is set in "
                                                  "Settings; uncordon it to announce from it again."},
        [REASON_NODE_NOT_READY] =
                {"NodeNotReady", "The node is not Ready, so it does not take over addresses on the segment."},
        [REASON_NODE_NETWORK_UNAVAILABLE] =
                {"NodeNetworkUnavailable",
                 "The node's condition NetworkUnavailable is True: its pod network is not set up."},
        [REASON_DATA_PLANE_NOT_READY] =
                {"DataPlaneNotReady", "kube-proxy on this node does not say that it is well, so the address is not "
                                      "announced from here yet; look at kube-proxy, or at dataPlane in Settings."},
        [REASON_HEALTH_CHECK_NOT_READY] =
                {"HealthCheckNotReady", "kube-proxy on this node does not say yet, at the service's "
                                        "healthCheckNodePort, that it serves the service."},
        [REASON_FOREIGN_CONTROLLER] =
                {"ForeignController", "MetalLB's speaker runs in this cluster, so nothing is announced and nothing "
                                      "is written; remove MetalLB's speaker to switch."},
        /* objects */
        [REASON_ACCEPTED] = {"Accepted", "The object is valid and in use."},
        [REASON_INVALID_YAML] = {"InvalidYAML", "The document is not well-formed YAML or JSON."},
        [REASON_UNKNOWN_FIELD] = {"UnknownField", "The object has a field that its kind does not know."},
        [REASON_FIELD_NOT_SUPPORTED] =
                {"FieldNotSupported",
                 "The object uses a field that is known but not supported yet; remove it."},
        [REASON_INVALID_VALUE] = {"InvalidValue", "A field has a value that is not allowed there."},
        [REASON_MISSING_FIELD] = {"MissingField", "A required field is missing."},
        [REASON_OVERLAPPING_POOL] = {"OverlappingPool", "Addresses of the pool belong to an older pool "
                                                        "already; each address may be in one pool only."},
        [REASON_DUPLICATE_NAME] =
                {"DuplicateName",
                 "Another object of this kind has the same name; give one of them another name."},
        [REASON_DUPLICATE_PEER] =
                {"DuplicatePeer",
                 "Another BGPPeer already describes a session with this address on the same nodes."},
        [REASON_SHADOWED] = {"Shadowed", "An object of the same kind and name takes precedence: heraldlb.io "
                                         "goes before metallb.io, and both "
                                         "before files and the ConfigMap."},
        [REASON_UNKNOWN_KIND] =
                {"UnknownKind",
                 "The document is of a kind or API group that is not known here; it is left out."},
        [REASON_PASSWORD_SECRET_MISSING] =
                {"PasswordSecretMissing",
                 "The Secret that holds the password of a BGP session does not exist or has none that can be used; "
                 "the session is not opened without it."},
        /* nodes */
        [REASON_SYNCED] = {"Synced", "Every required kind was listed, and the node announces what it should."},
        [REASON_NOT_SYNCED] = {"NotSynced", "Not every required kind was listed yet; nothing new is announced before."},
};

/* Rows are found by index: a reason without a row would be a NULL name, which test_reason looks for. */
_Static_assert(REASON_MAX == 52, "a reason was added or removed: give it a row above");

static const struct row *row_of(enum reason r)
{
        return &rows[(unsigned)r < REASON_MAX ? r : REASON_NONE];
}

const char *reason_name(enum reason r)
{
        return row_of(r)->name;
}

const char *reason_sentence(enum reason r)
{
        return row_of(r)->sentence;
}
