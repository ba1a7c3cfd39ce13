/* The NodeState of this node: collected every 2 s, written when lib/report/pace.h says so. */
#pragma once
#include "model/wire.h"

struct bgp;
struct control;
struct kube_source;
struct loop;
struct node_report;
struct wire;

struct node_report_from {
        const char *node;
        struct control *control;
        struct bgp *bgp;
        struct wire *wire;
        struct kube_source *kube; /* takes the writes */
};

/* Begins at once; nothing is written before the Node itself is known, which owns the object. */
struct node_report *node_report_new(struct loop *, const struct node_report_from *);
void node_report_free(struct node_report *); /* NULL is fine */
/* A WIRE_OWNER fact. */
void node_report_owner(struct node_report *, const struct wire_fact *);
