/*
 * Standalone mode: Services, EndpointSlices, Nodes, Namespaces and configuration from the YAML and JSON files
 * of one directory, which is followed by inotify. What a leader would write into Service.status stands in
 * DIR/status/, one file per Service, written by the node that is first by name; the directory may be shared
 * between nodes.
 */
#pragma once
#include "base/loop.h"

struct control;
struct dir_source;
struct write;

/* Reads all of it. NULL if the directory cannot be read or followed: *why is then a sentence (free it). */
struct dir_source *dir_source_new(struct loop *, struct control *, const char *dir, const char *node,
                                  char **why);
void dir_source_free(struct dir_source *);
/* The leader's writes; takes ownership; a failure is told by control_write_failed(). */
void dir_source_write(void *source, struct write *);
