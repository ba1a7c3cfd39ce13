/*
 * What the leader says of configuration objects in their own status: the condition Accepted, and how full a pool is.
 * Only of objects of our group; MetalLB's are not ours to write. Pure: what stands there is read from the documents.
 */
#pragma once
#include "base/clock.h"
#include "config/docs.h"
#include "model/config.h"
#include "model/write.h"
#include "store/store.h"

struct objects;

struct objects *objects_new(void);
void objects_free(struct objects *); /* NULL is fine */
/* Makes up to max writes (WRITE_STATUS_PATCH, the caller's to free) for objects whose status says something else; one
 * that was written a moment ago and is not seen yet is left alone. Returns how many; max: there may be more. Costs
 * the objects and the addresses in use. */
size_t objects_tell(struct objects *, const struct store *, const struct config_docs *, const struct config *,
                    int64_t wall_usec, struct mono now, struct write **out, size_t max);
/* The write of it failed: it is told again by the next call. */
void objects_failed(struct objects *, const struct ref *);
