/* A config as documents again: what check(print(config)) reads is equal to what was printed. */
#pragma once
#include "model/config.h"

struct json_object;

/* {"apiVersion": "v1", "kind": "List", "items": [...]} of all valid objects, without what is at its default;
 * the caller's to put. */
struct json_object *config_print(const struct config *);
