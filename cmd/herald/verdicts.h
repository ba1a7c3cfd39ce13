/* What is wrong with configuration objects, told once: every daemon logs it, the leader makes an Event of it.
 */
#pragma once
#include "model/config.h"
#include "model/write.h"

struct verdicts;

struct verdicts *verdicts_new(void);
void verdicts_free(struct verdicts *);
/* Logs the refusals that the config before had not. write: takes Events over; NULL while this node does not
 * lead. */
void verdicts_tell(struct verdicts *, const struct config *, void (*write)(void *arg, struct write *),
                   void *arg);
