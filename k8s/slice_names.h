/*
 * Which EndpointSlices to ask the API server for: those of the Services that are followed, by name, as long as the
 * names fit into a selector; then those of all Services. Pure. It remembers what was asked for, not the Services.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct slice_names;

enum slice_scope { SLICES_NONE, SLICES_NAMED, SLICES_ALL };

struct slice_names *slice_names_new(void);
void slice_names_free(struct slice_names *);
/* A Service of this name is there, or gone. */
void slice_names_add(struct slice_names *, const char *name);
void slice_names_remove(struct slice_names *, const char *name);
/* Forgets which Services are there, but not what was asked for: all are added again. */
void slice_names_reset(struct slice_names *);
/* Whether what was asked for last does not hold all that is needed, or far more than that. */
bool slice_names_outdated(const struct slice_names *);
/* What to ask for now: next(arg) names the Services that are there one by one, then NULL. *selector, a label selector,
 * is the caller's to free; NULL for SLICES_NONE. */
enum slice_scope slice_names_ask(struct slice_names *, const char *(*next)(void *arg), void *arg, char **selector);
