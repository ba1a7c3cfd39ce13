/* Inside the plan: the layer-2 part of one address. */
#pragma once
#include "plan/nodes.h"

void plan_l2(const struct plan_input *, const struct node_view *self, struct want *);
