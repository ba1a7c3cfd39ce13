/* What is wrong with configuration objects, told once: every daemon logs it, the leader makes an Event of it.
 */
#pragma once
#include "model/config.h"
#include "model/write.h"

struct verdicts;

struct verdicts *verdicts_new(void);
void verdicts_free(struct verdicts *);
/* All verdicts that hold now, from begin to end: logs the refusals that did not hold the time before. write: takes
 * Events over; NULL while this node does not lead. */
void verdicts_begin(struct verdicts *);
void verdicts_tell(struct verdicts *, const struct verdict *, size_t n, void (*write)(void *arg, struct write *),
                   void *arg);
void verdicts_end(struct verdicts *);
