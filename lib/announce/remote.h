/*
 * An announcer that lives in another loop. remote_announcer() is called in the control loop; what it is told
 * crosses the mailbox as owned messages and reaches the target in the target's loop, in order. Wire facts
 * come back the same way. Nothing is shared.
 */
#pragma once
#include "announce/announce.h"
#include "base/loop.h"

struct remote;

/* Made before the far loop runs. Facts are handed to fact(arg) in the near loop. */
struct remote *remote_new(struct loop *near_loop, struct loop *far_loop, wire_fact_fn *fact, void *arg);
/* The announcer to call in the near loop; belongs to the remote. */
struct announcer *remote_announcer(struct remote *);
/* The real announcer, called in the far loop from now on. Before the far loop runs. */
void remote_set_target(struct remote *, struct announcer *target);
/* For the target: a wire_fact_fn for the far loop, with the remote as its arg. */
void remote_fact(void *remote, const struct wire_fact *);
/* fn(arg) in the far loop, after all that was told before. */
void remote_call(struct remote *, void (*fn)(void *arg), void *arg);
/* fn(arg) in the near loop, called from the far loop. */
void remote_reply(struct remote *, void (*fn)(void *arg), void *arg);
/* After the far loop has ended. */
void remote_free(struct remote *);
