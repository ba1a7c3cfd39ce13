/* The wire loop in its thread: interfaces, the layer-2 group and the ARP and NDP responder (design decision
 * 2). */
#pragma once
#include "announce/announce.h"

struct loop;
struct metrics;
struct wire;

/* Facts arrive in the control loop. NULL if layer 2 cannot work here: *why is then a sentence (free it). */
struct wire *wire_new(struct loop *control, wire_fact_fn *, void *arg, char **why);
struct announcer *wire_announcer(struct wire *); /* to be called in the control loop */
void wire_start(struct wire *);
void wire_stop(struct wire *);                      /* waits for the thread's end; then frees all of it */
void wire_metrics(struct wire *, struct metrics *); /* at most a second old */
