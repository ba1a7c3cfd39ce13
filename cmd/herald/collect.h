/* Metrics that are read off modules which know nothing of metrics. */
#pragma once
#include "report/metrics.h"

struct bgp;
struct config;
struct loop;
struct store;

void put_bgp_metrics(struct metrics *, const struct bgp *);
void put_pool_metrics(struct metrics *, const struct store *, const struct config *);
/* Of the process and of the control loop. */
void put_process_metrics(struct metrics *, struct loop *control);
