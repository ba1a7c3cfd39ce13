/*
 * Which EndpointSlices to ask the API server for: those of the Services that are followed, by name, as long as the
 * names fit into a selector; then those of all Services. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct slice_names;

enum slice_scope { SLICES_NONE, SLICES_NAMED, SLICES_ALL };

struct slice_names *slice_names_new(void);
void slice_names_free(struct slice_names *);
/* A Service of this name is there, or gone; names of several namespaces are one name. */
void slice_names_add(struct slice_names *, const char *name);
void slice_names_remove(struct slice_names *, const char *name);
/* Whether what was asked for last does not hold all that is needed, or far more than that. */
bool slice_names_outdated(const struct slice_names *);
/* What to ask for now; from then on that is what was asked for last. *selector, a label selector, is the caller's to
 * free; NULL for SLICES_NONE. */
enum slice_scope slice_names_ask(struct slice_names *, char **selector);
