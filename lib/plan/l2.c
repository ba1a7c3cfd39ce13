/*
 * Layer 2: candidates are the nodes that could answer for an address, ranked by rendezvous hashing, so that
 * every node finds the same order and a change of one node moves only that node's addresses. A node that the
 * API calls not Ready is no candidate as long as another one is: if all are not Ready it is the API that is
 * wrong, and nothing moves.
 */
#include "plan/l2.h"
#include "plan/rendezvous.h"
#include <stdlib.h>
#include <string.h>

struct ad_list {
        const struct l2_ad **v;
        size_t n;
};

struct candidacy { /* what is asked of every node */
        const struct plan_input *in;
        struct ad_list *ads; /* the advertisements for each holder, on whatever node */
};

static struct candidacy candidacy_of(const struct plan_input *in)
{
        const struct config *config = in->config;
        const struct holding *holding = &in->holding;
        struct candidacy c = {in, arena_array(in->scratch, holding->n_holders, sizeof(struct ad_list))};
        for (size_t i = 0; i < holding->n_holders; i++) {
                struct ad_list *list = &c.ads[i];
                list->v = arena_array(in->scratch, config->n_l2_ads + 1, sizeof(list->v[0]));
                for (size_t j = 0; j < config->n_l2_ads; j++)
                        if (ad_selects(&config->l2_ads[j].ad, holding->pool, holding->holders[i]))
                                list->v[list->n++] = &config->l2_ads[j];
        }
        return c;
}

/* REASON_NONE if, for every holder, an advertisement covers the node. */
static enum reason unadvertised(const struct candidacy *c, const struct node_view *view)
{
        enum reason reason = REASON_NONE;
        for (size_t i = 0; i < c->in->holding.n_holders; i++) {
                bool covered = false;
                if (c->ads[i].n == 0)
                        return REASON_NO_ADVERTISEMENT;
                for (size_t j = 0; j < c->ads[i].n && !covered; j++)
                        covered = ad_on_node(&c->ads[i].v[j]->ad, view);
                if (!covered)
                        reason = REASON_NODE_NOT_SELECTED;
        }
        return reason;
}

/* All but readiness, which depends on the others. */
static enum reason unable(const struct candidacy *c, const struct node_view *view)
{
        enum reason reason = unadvertised(c, view);
        if (reason == REASON_NONE)
                reason = node_unfit(c->in, view);
        return reason != REASON_NONE ? reason : node_unserved(c->in, view);
}

enum reason plan_l2_unable(const struct plan_input *in, const struct node_view *view)
{
        struct candidacy candidacy = candidacy_of(in);
        return unable(&candidacy, view);
}

struct preferred { /* how many candidates come before this node */
        uint32_t ready, all;
        bool any_ready; /* some candidate is ready, before or after */
};

static struct preferred preferred_to(const struct candidacy *c, const struct node_view *self)
{
        struct preferred preferred = {0};
        struct store_cursor cursor = {0};
        struct rendezvous *rendezvous = rendezvous_new(c->in->ip);
        const struct fact *node;
        uint8_t own[RENDEZVOUS_LEN], other[RENDEZVOUS_LEN];
        rendezvous_hash(rendezvous, self->name, own);
        while ((node = store_next(c->in->store, KIND_NODE, &cursor))) {
                struct node_view view = node_view_of(node);
                if (unable(c, &view) != REASON_NONE)
                        continue;
                rendezvous_hash(rendezvous, view.name, other);
                bool before = memcmp(other, own, RENDEZVOUS_LEN) < 0;
                preferred.any_ready |= node->u.node.ready;
                preferred.ready += before && node->u.node.ready;
                preferred.all += before;
        }
        rendezvous_free(rendezvous);
        return preferred;
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
static void unite_interfaces(const struct candidacy *c, const struct node_view *self, struct want *want)
{
        const struct config *config = c->in->config;
        size_t max = 0;
        for (size_t j = 0; j < config->n_l2_ads; j++)
                max += config->l2_ads[j].n_interfaces;
        want->l2.interfaces = arena_array(want->arena, max + 1, sizeof(want->l2.interfaces[0]));
        for (size_t i = 0; i < c->in->holding.n_holders; i++) {
                for (size_t j = 0; j < c->ads[i].n; j++) {
                        const struct l2_ad *ad = c->ads[i].v[j];
                        if (!ad_on_node(&ad->ad, self))
                                continue;
                        if (ad->n_interfaces == 0) {
                                want->l2.n_interfaces = 0;
                                return;
                        }
                        for (size_t k = 0; k < ad->n_interfaces; k++)
                                add_interface(want, ad->interfaces[k]);
                }
        }
}

void plan_l2(const struct plan_input *in, const struct node_view *self, struct want *want)
{
        struct candidacy candidacy = candidacy_of(in);
        enum reason reason = unable(&candidacy, self);
        if (reason == REASON_NONE) {
                struct preferred preferred = preferred_to(&candidacy, self);
                bool ready = !self->node || self->node->ready;
                if (!ready && preferred.any_ready) {
                        reason = REASON_NODE_NOT_READY;
                } else {
                        reason = REASON_CANDIDATE;
                        want->l2.candidate = true;
                        want->l2.rank = 1 + (preferred.any_ready ? preferred.ready : preferred.all);
                        unite_interfaces(&candidacy, self, want);
                }
        }
        want->l2.reason = reason;
        want->l2.message = reason_sentence(reason);
}
