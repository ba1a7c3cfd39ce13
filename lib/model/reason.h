/*
 * Every "no" has a reason: one CamelCase word and one sentence, from one table, the same in plan, conditions, Events,
 * metrics and the log. Rows are in reason.c.
 */
#pragma once

enum reason {
        REASON_NONE,
        /* services */
        REASON_ALLOCATED,
        REASON_NOT_LOAD_BALANCER,
        REASON_OTHER_CLASS,
        REASON_NO_CLUSTER_IP,
        REASON_NO_POOLS,
        REASON_NO_FREE_ADDRESS,
        REASON_NO_POOL_FOR_SERVICE,
        REASON_UNKNOWN_POOL,
        REASON_POOL_NOT_ALLOWED,
        REASON_INVALID_REQUEST,
        REASON_ADDRESS_NOT_IN_POOL,
        REASON_ADDRESS_IN_USE,
        REASON_ADDRESS_CONFLICT,
        REASON_FAMILY_MISMATCH,
        REASON_FOREIGN_ADDRESS,
        REASON_BEING_DELETED,
        /* announcing */
        REASON_ANNOUNCED,
        REASON_CANDIDATE,
        REASON_NO_ADDRESS,
        REASON_NO_ENDPOINTS,
        REASON_NO_LOCAL_ENDPOINTS,
        REASON_NO_ADVERTISEMENT,
        REASON_NODE_NOT_SELECTED,
        REASON_NO_PEERS,
        REASON_NO_PEER_OF_FAMILY,
        REASON_LOCAL_PREF_CONFLICT,
        REASON_NODE_EXCLUDED,
        REASON_NODE_LEAVING,
        REASON_NODE_TO_BE_DELETED,
        REASON_NODE_OUT_OF_SERVICE,
        REASON_NODE_SHUTTING_DOWN,
        REASON_NODE_CORDONED,
        REASON_NODE_NOT_READY,
        REASON_NODE_NETWORK_UNAVAILABLE,
        REASON_DATA_PLANE_NOT_READY,
        REASON_HEALTH_CHECK_NOT_READY,
        REASON_FOREIGN_CONTROLLER,
        /* objects */
        REASON_ACCEPTED,
        REASON_INVALID_YAML,
        REASON_UNKNOWN_FIELD,
        REASON_FIELD_NOT_SUPPORTED,
        REASON_INVALID_VALUE,
        REASON_MISSING_FIELD,
        REASON_OVERLAPPING_POOL,
        REASON_DUPLICATE_NAME,
        REASON_DUPLICATE_PEER,
        REASON_SHADOWED,
        REASON_UNKNOWN_KIND,
        REASON_PASSWORD_SECRET_MISSING,
        /* nodes */
        REASON_SYNCED,
        REASON_NOT_SYNCED,
        REASON_MAX,
};

const char *reason_name(enum reason);     /* "NoFreeAddress" */
const char *reason_sentence(enum reason); /* "No pool that the service may use has a free address." */
