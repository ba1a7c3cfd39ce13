#include "peers.h"
#include "base/arena.h"
#include "base/log.h"
#include "plan/plan.h"
#include "state.h"
#include <stdlib.h>
#include <string.h>

struct peers {
        const char *node;
        struct announcer *const *announcers;
        size_t n_announcers;
        struct state *state;
        bool *here;
};

struct peers *peers_new(const char *node, struct announcer *const *announcers, size_t n, struct state *state)
{
        struct peers *peers = xcalloc(1, sizeof(*peers));

        *peers = (struct peers){.node = node, .announcers = announcers, .n_announcers = n, .state = state};
        return peers;
}

void peers_free(struct peers *peers)
{
        free(peers->here);
        free(peers);
}

/* Of two that ask for one session the second is refused, and says so. */
static void tell_refused(const struct config *config, const struct labels *labels, const bool *here)
{
        for (size_t i = 0; i < config->n_peers; i++)
                if (!here[i] && selectors_match(&config->peers[i].node_selectors, labels, true))
                        log_warn("config",
                                 "BGPPeer %s asks for a session that another BGPPeer has on this node; give "
                                 "it another "
                                 "address, port or nodeSelectors (%s)",
                                 config->peers[i].ref.name, reason_name(REASON_DUPLICATE_PEER));
}

static void hand_over(struct peers *peers, const struct config *config)
{
        struct bgp_peer *v = xcalloc(config->n_peers + 1, sizeof(*v));
        size_t n = 0;

        for (size_t i = 0; i < config->n_peers; i++)
                if (peers->here[i])
                        v[n++] = config->peers[i];
        for (size_t i = 0; i < peers->n_announcers; i++)
                peers->announcers[i]->peers(peers->announcers[i]->self, v, n);
        state_put_peers(peers->state, v, n);
        free(v);
}

const bool *peers_choose(struct peers *peers, const struct config *config, bool new_config,
                         const struct fact *node)
{
        struct label hostname = {"kubernetes.io/hostname", peers->node};
        struct labels made_up = {&hostname, 1};
        const struct labels *labels = node ? &node->labels : &made_up;
        bool *here = xcalloc(config->n_peers + 1, sizeof(bool));

        plan_peers(config, labels, here);
        if (!new_config && peers->here && memcmp(here, peers->here, config->n_peers * sizeof(bool)) == 0) {
                free(here);
                return peers->here;
        }
        free(peers->here);
        peers->here = here;
        tell_refused(config, labels, here);
        hand_over(peers, config);
        return here;
}
