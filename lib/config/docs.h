/*
 * The set of config documents that exist now, by where they came from. What it means is config_build()'s
 * affair: the set keeps documents as they are, good or bad.
 */
#pragma once
#include "model/fact.h"
#include <stdbool.h>

struct config_docs;
struct json_object;
struct yaml_docs;

enum config_origin { /* of two objects of one kind and name, the later origin wins */
                     CONFIG_FILE,
                     CONFIG_CONFIGMAP, /* the ConfigMap herald-config */
                     CONFIG_METALLB,   /* objects of the API group metallb.io */
                     CONFIG_HERALD,    /* objects of the API group heraldlb.io */
                     CONFIG_ORIGINS,
};

struct config_docs *config_docs_new(void);
void config_docs_free(struct config_docs *); /* NULL is fine */

/* One object of the API: puts it in place of the former one of its origin, kind, namespace and name. Takes a
 * reference of its own; the tree must not change any more. Returns whether anything that matters changed: not
 * status, resourceVersion or managedFields. */
bool config_docs_put(struct config_docs *, enum config_origin, struct json_object *root);
/* Returns whether there was one. */
bool config_docs_remove(struct config_docs *, enum config_origin, enum kind, const char *namespace,
                        const char *name);
/* The newest state of the object, its status too; NULL if there is none. Borrowed. */
struct json_object *config_docs_object(const struct config_docs *, enum config_origin, const struct ref *);
/* Forgets all documents of an origin. */
void config_docs_clear(struct config_docs *, enum config_origin);

/* All documents of files: puts them in place of the former ones. What a ConfigMap herald-config among them
 * holds counts as files too. */
void config_docs_read(struct config_docs *, const struct yaml_docs *);
/* The ConfigMap herald-config (every key that ends in .yaml or .yml): puts its documents in place of the
 * former ones. */
void config_docs_configmap(struct config_docs *, struct json_object *configmap);
