/*
 * Layer 2: candidates are the nodes that could answer for an address, ranked by rendezvous hashing, so that
 * every node finds the same order and a change of one node moves only that node's addresses. A node that the
 * API calls not Ready is no candidate as long as another one is: if all are not Ready it is the API that is
 * wrong, and nothing moves.
 */
#include "plan/l2.h"
#include <stdlib.h>
#include <string.h>

/* REASON_NONE if, for every holder, an advertisement covers the node. */
static enum reason unadvertised(const struct subject *subject, const struct spot *spot)
{
        const struct config *config = subject->config;
        const struct holding *holding = &subject->holding;
        enum reason reason = REASON_NONE;
        for (size_t i = 0; i < holding->n_holders; i++) {
                bool advertised = false, covered = false;
                for (size_t j = 0; j < config->n_l2_ads; j++) {
                        const struct advertisement *ad = &config->l2_ads[j].ad;
                        if (!ad_selects(ad, holding->pool, holding->holders[i]))
                                continue;
                        advertised = true;
                        covered |= ad_on_node(ad, spot);
                }
                if (!advertised)
                        return REASON_NO_ADVERTISEMENT;
                if (!covered)
                        reason = REASON_NODE_NOT_SELECTED;
        }
        return reason;
}

/* All but readiness, which depends on the others. */
static enum reason unable(const struct subject *subject, const struct spot *spot)
{
        enum reason reason = unadvertised(subject, spot);
        if (reason == REASON_NONE)
                reason = spot_unfit(subject, spot);
        return reason != REASON_NONE ? reason : spot_unserved(subject, spot);
}

struct standing { /* of this node among the candidates */
        uint32_t ready_before, all_before;
        bool any_ready;
};

static struct standing stand(const struct subject *subject, const struct spot *self)
{
        struct standing standing = {0};
        struct store_cursor cursor = {0};
        const struct fact *node;
        uint8_t own[HASH_LEN], other[HASH_LEN];
        rendezvous(self->name, subject->ip, own);
        while ((node = store_next(subject->store, KIND_NODE, &cursor))) {
                struct spot spot = spot_of(node);
                if (unable(subject, &spot) != REASON_NONE)
                        continue;
                rendezvous(spot.name, subject->ip, other);
                bool before = memcmp(other, own, HASH_LEN) < 0;
                standing.any_ready |= node->u.node.ready;
                standing.ready_before += before && node->u.node.ready;
                standing.all_before += before;
        }
        return standing;
}

static void add_interface(struct want *want, const char *name)
{
        size_t i = 0;
        while (i < want->l2.n_interfaces && strcmp(want->l2.interfaces[i], name) < 0)
                i++;
        if (i < want->l2.n_interfaces && !strcmp(want->l2.interfaces[i], name))
                return;
        memmove(&want->l2.interfaces[i + 1], &want->l2.interfaces[i],
                (want->l2.n_interfaces - i) * sizeof(want->l2.interfaces[0]));
        want->l2.interfaces[i] = arena_strdup(want->arena, name);
        want->l2.n_interfaces++;
}

/* The union over all advertisements that apply here; one without interfaces means all. */
static void unite_interfaces(const struct subject *subject, const struct spot *self, struct want *want)
{
        const struct config *config = subject->config;
        const struct holding *holding = &subject->holding;
        size_t max = 0;
        for (size_t j = 0; j < config->n_l2_ads; j++)
                max += config->l2_ads[j].n_interfaces;
        want->l2.interfaces = arena_array(want->arena, max + 1, sizeof(want->l2.interfaces[0]));
        for (size_t j = 0; j < config->n_l2_ads; j++) {
                const struct l2_ad *ad = &config->l2_ads[j];
                bool applies = false;
                for (size_t i = 0; i < holding->n_holders; i++)
                        applies |= ad_selects(&ad->ad, holding->pool, holding->holders[i]);
                if (!applies || !ad_on_node(&ad->ad, self))
                        continue;
                if (ad->n_interfaces == 0) {
                        want->l2.n_interfaces = 0;
                        return;
                }
                for (size_t k = 0; k < ad->n_interfaces; k++)
                        add_interface(want, ad->interfaces[k]);
        }
}

void plan_l2(const struct subject *subject, const struct spot *self, struct want *want)
{
        enum reason reason = unable(subject, self);
        if (reason == REASON_NONE) {
                struct standing standing = stand(subject, self);
                bool ready = !self->node || self->node->ready;
                if (!ready && standing.any_ready) {
                        reason = REASON_NODE_NOT_READY;
                } else {
                        reason = REASON_CANDIDATE;
                        want->l2.candidate = true;
                        want->l2.rank =
                                1 + (standing.any_ready ? standing.ready_before : standing.all_before);
                        unite_interfaces(subject, self, want);
                }
        }
        want->l2.reason = reason;
        want->l2.message = reason_sentence(reason);
}
