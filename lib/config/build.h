/*
 * All documents that exist now to one typed config. Pure: the same set gives the same config, in whatever
 * order it was filled. A bad object hurts only itself (design decision 8): it is refused with a verdict for
 * each problem, and the others go on. Refused pools stay in the config, invalid, with the ranges that could
 * be read.
 */
#pragma once
#include "config/docs.h"
#include "model/config.h"

struct config *config_build(const struct config_docs *);
void config_free(struct config *); /* NULL is fine */
