/* Which BGPPeers this node has sessions with: those that select it, by the config and the labels of its Node.
 */
#pragma once
#include "announce/announce.h"
#include "model/fact.h"

struct peers;
struct state;

/* announcers is borrowed. */
struct peers *peers_new(const char *node, struct announcer *const *announcers, size_t n, struct state *);
void peers_free(struct peers *);
/* Chooses again; where the choice or the config changed, tells the announcers and the state directory. node:
 * NULL if there is no such object. Returns, per peer of the config, whether it is here; valid until the next
 * call. */
const bool *peers_choose(struct peers *, const struct config *, bool new_config, const struct fact *node);
