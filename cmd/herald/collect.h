/* Metrics that are read off modules which know nothing of metrics. */
#pragma once
#include "report/metrics.h"

struct bgp;
struct control_view;
struct loop;

void put_bgp_metrics(struct metrics *, const struct bgp *);
void put_control_metrics(struct metrics *, const struct control_view *);
/* Of the process and of the control loop. */
void put_process_metrics(struct metrics *, struct loop *control);
