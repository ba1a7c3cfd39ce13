/* Inside the plan: the layer-2 part of one address. */
#pragma once
#include "plan/nodes.h"

/* Why the node cannot answer for the address; REASON_NONE if it can. That others are Ready is not in it. */
enum reason plan_l2_unable(const struct plan_input *, const struct node_view *);
void plan_l2(const struct plan_input *, const struct node_view *self, struct want *);
