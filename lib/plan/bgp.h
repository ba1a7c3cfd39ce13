/* Inside the plan: the routes of one address. */
#pragma once
#include "plan/nodes.h"

void plan_bgp(const struct subject *, const struct spot *self, struct want *);
