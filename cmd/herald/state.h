/*
 * The state directory (design decision 7): what this boot announces, so that a restarted daemon continues it
 * until it is synced. One file per address, so that a change costs that address; valid for one boot id.
 * Secrets are never in it.
 */
#pragma once
#include "model/want.h"

struct state;

/* Makes and reads the directory. NULL if it cannot be written: *why is then a sentence (free it). What
 * another boot left is removed; what cannot be read is skipped with a log line. */
struct state *state_open(const char *dir, char **why);
void state_close(struct state *);

/* What was there when it was opened. The wants one after the other, each once, theirs to free; NULL at the end. The peers
 * are theirs to read, ours to free. */
struct want *state_take_want(struct state *);
const struct bgp_peer *state_peers(const struct state *, size_t *n);

/* Keep or forget one address; keep the peers. A failure is logged once and the daemon goes on. */
void state_put(struct state *, const struct want *);
void state_drop(struct state *, struct ip);
void state_put_peers(struct state *, const struct bgp_peer *, size_t n);
