/*
 * What this node wants written, most of it only as the leader. Values, not requests: k8s/write makes requests of
 * them, standalone mode files.
 */
#pragma once
#include "model/fact.h"
#include "model/reason.h"

enum write_type {
        WRITE_STATUS,       /* of a Service: addresses, annotations */
        WRITE_CONDITIONS,   /* of a Service, and nothing else of it */
        WRITE_EVENT,
        WRITE_STATUS_PATCH, /* of an object of ours: body is a merge patch of its status subresource */
        WRITE_APPLY,        /* body is the whole object, which is made or becomes so (server-side apply) */
        WRITE_CREATE,       /* body is the whole object; one that is there already is left as it is */
        WRITE_TYPES,
};

#define CONDITION_MESSAGE_MAX 1024
struct condition_write {
        bool said; /* this one is written */
        bool is;
        bool moved; /* it was not so before: lastTransitionTime is now */
        enum reason reason;
        const char *message; /* at most CONDITION_MESSAGE_MAX octets that only print */
};

struct write {
        struct arena *arena; /* holds this write and all it points to; write_free() */
        enum write_type type;
        struct ref ref; /* uid and rv guard the write: it must fail if the object is another or a newer one */
        /* WRITE_STATUS: the addresses that the Service holds from now on; none clears it */
        struct ip *ips;
        size_t n_ips;
        const char *pool; /* for the annotation ip-allocated-from-pool; NULL removes it */
        uint64_t term;    /* leaseTransitions of the writer, kept as an annotation with the allocation */
        struct condition_write conditions[CONDITIONS]; /* and WRITE_CONDITIONS */
        /* WRITE_EVENT */
        bool warning;
        enum reason reason;
        const char *action; /* what was attempted: "Allocate", "Check" */
        const char *message;
        /* WRITE_STATUS_PATCH, WRITE_APPLY, WRITE_CREATE */
        char *body; /* JSON, malloced; may hold a secret: write_free() overwrites it */
};

struct write *write_new(enum write_type, const struct ref *); /* copies ref */
void write_free(struct write *);
