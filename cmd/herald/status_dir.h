/*
 * DIR/status of standalone mode: what a leader would write into Service.status, one document per Service in
 * NAMESPACE_NAME.json (neither name has an underscore). Read on demand; nothing is kept.
 */
#pragma once
#include <stdbool.h>

struct json_object;
struct ref;
struct write;

/* The Service as the API server would show it: the document as written, with the status and annotations from
 * its file, if there is one. A new reference, for the caller to put. */
struct json_object *status_apply(const char *dir, const struct ref *, struct json_object *service);
/* Replaces the Service's file at once. False if it cannot, which is logged. */
bool status_write(const char *dir, const struct write *);
void status_remove(const char *dir, const struct ref *);
/* Whose file this is: *namespace and *name are malloced. False if the name is none of ours. */
bool status_owner(const char *file, char **namespace, char **name);
