/* Which BGPPeers this node has sessions with: those that select it, by the config and the labels of its Node.
 */
#pragma once
#include "announce/announce.h"
#include "model/fact.h"

struct peers;
struct secrets;
struct state;

/* announcers is borrowed. */
struct peers *peers_new(const char *node, struct announcer *const *announcers, size_t n, struct state *,
                        const struct secrets *);
void peers_free(struct peers *);
/* Chooses again; where the choice or, as the caller knows, the config or a Secret changed, tells the announcers and
 * the state directory. node: NULL if there is no such object. unknown: some BGPPeers are not known yet, so what this boot
 * had sessions with stays. Returns, per peer of the config, whether it is here; valid until the next
 * call. */
const bool *peers_choose(struct peers *, const struct config *, bool new_input, bool unknown, const struct fact *node);
/* Once after a choice that was told: peers_verdicts() may be others. */
bool peers_news(struct peers *);
/* Peers of this node whose session cannot be opened for want of a password. Valid until the next choice. */
const struct verdict *peers_verdicts(const struct peers *, size_t *n);
