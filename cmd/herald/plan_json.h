/* What was planned, as the document of `herald plan -o json`, whose names are a contract. */
#pragma once
#include "model/fact.h"
#include "model/reason.h"
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct config;
struct json_object;
struct lead;
struct store;

struct planned { /* all borrowed */
        const struct config *config;
        const struct store *store; /* after the leader's writes */
        const struct lead *lead;
        struct arena *arena;
        const struct fact **services; /* by namespace and name */
        size_t n_services;
        const struct fact **nodes; /* by name */
        size_t n_nodes;
        bool for_people; /* also why no node at all announces a service, which is not in the contract */
        struct json_object *refused; /* rows of objects of the cluster that could not be used */
};

/* The caller's to put. */
struct json_object *plan_json(const struct planned *);
/* A row of `objects`; without a message, the reason's sentence. */
struct json_object *plan_object_json(const char *kind, const struct ref *, bool valid, enum reason,
                                     const char *message);
