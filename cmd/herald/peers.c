#include "peers.h"
#include "base/arena.h"
#include "base/log.h"
#include "plan/plan.h"
#include "secrets.h"
#include "state.h"
#include <stdlib.h>
#include <string.h>

struct peers {
        const char *node;
        struct announcer *const *announcers;
        size_t n_announcers;
        struct state *state;
        const struct secrets *secrets;
        bool *here;
        bool news;
        bool unknown; /* at the last choice */
        struct arena *arena; /* of verdicts */
        struct verdict *verdicts;
        size_t n_verdicts;
};

struct peers *peers_new(const char *node, struct announcer *const *announcers, size_t n, struct state *state,
                        const struct secrets *secrets)
{
        struct peers *peers = xcalloc(1, sizeof(*peers));

        *peers = (struct peers){.node = node,
                                .announcers = announcers,
                                .n_announcers = n,
                                .state = state,
                                .secrets = secrets,
                                .arena = arena_new()};
        return peers;
}

void peers_free(struct peers *peers)
{
        arena_free(peers->arena);
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

static void tell_missing(struct peers *peers, const struct bgp_peer *peer, const char *why)
{
        struct ref ref = {.kind = KIND_BGPPEER,
                          .group = arena_strdup(peers->arena, peer->ref.group),
                          .namespace = arena_strdup(peers->arena, peer->ref.namespace),
                          .name = arena_strdup(peers->arena, peer->ref.name),
                          .uid = arena_strdup(peers->arena, peer->ref.uid),
                          .rv = arena_strdup(peers->arena, peer->ref.rv)};

        peers->verdicts[peers->n_verdicts++] =
                (struct verdict){.ref = ref,
                                 .reason = REASON_PASSWORD_SECRET_MISSING,
                                 .kind = kind_name(KIND_BGPPEER),
                                 .field = "spec.passwordSecret",
                                 .message = arena_printf(peers->arena,
                                                         "spec.passwordSecret: the Secret %s %s; the session is not "
                                                         "opened without its password",
                                                         peer->password_secret, why)};
}

static void add_password(struct peers *peers, struct bgp_peer *peer)
{
        struct secret secret = secrets_find(peers->secrets, peer->ref.namespace, peer->password_secret);

        peer->password = secret.password;
        if (secret.why)
                tell_missing(peers, peer, secret.why);
}

/* Those of before that none of v takes the place of. */
static size_t add_former(const struct peers *peers, struct bgp_peer *v, size_t n)
{
        size_t n_former, n_known = n;
        const struct bgp_peer *former = state_peers(peers->state, &n_former);

        for (size_t i = 0; i < n_former; i++) {
                size_t j = 0;
                while (j < n_known && !bgp_peer_same_session(&v[j], &former[i]) &&
                       strcmp(v[j].ref.name, former[i].ref.name) != 0)
                        j++;
                if (j == n_known)
                        v[n++] = former[i];
        }
        return n;
}

static void hand_over(struct peers *peers, const struct config *config)
{
        size_t n = 0, n_former;
        struct bgp_peer *v;

        state_peers(peers->state, &n_former);
        v = xcalloc(config->n_peers + n_former + 1, sizeof(*v));
        arena_free(peers->arena);
        peers->arena = arena_new();
        peers->verdicts = arena_array(peers->arena, config->n_peers, sizeof(*peers->verdicts));
        peers->n_verdicts = 0;
        for (size_t i = 0; i < config->n_peers; i++) {
                if (!peers->here[i])
                        continue;
                v[n] = config->peers[i];
                if (v[n].password_secret)
                        add_password(peers, &v[n]);
                n++;
        }
        if (peers->unknown)
                n = add_former(peers, v, n);
        for (size_t i = 0; i < peers->n_announcers; i++)
                peers->announcers[i]->peers(peers->announcers[i]->self, v, n);
        state_put_peers(peers->state, v, n);
        peers->news = true;
        free(v);
}

bool peers_news(struct peers *peers)
{
        bool news = peers->news;

        peers->news = false;
        return news;
}

const struct verdict *peers_verdicts(const struct peers *peers, size_t *n)
{
        *n = peers->n_verdicts;
        return peers->verdicts;
}

const bool *peers_choose(struct peers *peers, const struct config *config, bool new_input, bool unknown,
                         const struct fact *node)
{
        struct label hostname = {"kubernetes.io/hostname", peers->node};
        struct labels made_up = {&hostname, 1};
        const struct labels *labels = node ? &node->labels : &made_up;
        bool *here = xcalloc(config->n_peers + 1, sizeof(bool));

        plan_peers(config, labels, here);
        if (!new_input && peers->here && unknown == peers->unknown && memcmp(here, peers->here, config->n_peers * sizeof(bool)) == 0) {
                free(here);
                return peers->here;
        }
        free(peers->here);
        peers->here = here;
        peers->unknown = unknown;
        tell_refused(config, labels, here);
        hand_over(peers, config);
        return here;
}
