/* Inside the leader: the conditions of a Service. */
#pragma once
#include "lead/decide.h"
#include "lead/seat.h"

/* What of the conditions is to be said now, in out[CONDITIONS]: what stands there, or was written a moment ago, is
 * not said again; what is neither urgent nor due waits (seat->conditions_due, conditions_at). Messages are the
 * arena's. ips: what the Service holds now or by the write that goes out. True if something is to be said. */
bool conditions_of(struct seat *, const struct store *, const struct config *, const struct fact *service,
                   const struct decision *, const struct ip *ips, size_t n, struct mono now, struct arena *,
                   struct condition_write out[static CONDITIONS]);

/* That no node announces the Service deserves an Event: somebody has to do something. Pods that are not there come and
 * go, and a refused address has an Event already. */
bool condition_alarms(const struct condition_write *announced);
