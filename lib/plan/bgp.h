/* Inside the plan: the routes of one address. */
#pragma once
#include "plan/nodes.h"

void plan_bgp(const struct plan_input *, const struct node_view *self, struct want *);
