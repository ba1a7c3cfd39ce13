#include "plan/plan.h"
#include "plan/bgp.h"
#include "plan/l2.h"
#include "plan/nodes.h"
#include <stdlib.h>

static void refuse(struct want *want, enum reason reason)
{
        want->l2.reason = want->bgp_reason = reason;
        want->l2.message = want->bgp_message = reason_sentence(reason);
}

static void name_holders(const struct holding *holding, struct want *want)
{
        want->uids = arena_array(want->arena, holding->n_holders, sizeof(want->uids[0]));
        for (size_t i = 0; i < holding->n_holders; i++)
                want->uids[want->n_uids++] = arena_strdup(want->arena, holding->holders[i]->ref.uid);
}

/* Somebody else cleared the status of Services that this node announces the address for: they hold it a while
 * longer. Returns until when. */
static struct mono hold_on(struct plan_input *in, const struct past *past, struct mono now)
{
        size_t n = 0;
        if (!past || !past->announced || !past->was || past->lost_at.ns == MONO_NEVER.ns)
                return MONO_NEVER;
        struct mono end = mono_add(past->lost_at, PLAN_RESTORE);
        if (!mono_before(now, end))
                return MONO_NEVER;
        const struct fact **cleared = arena_array(in->scratch, past->was->n_uids + 1, sizeof(cleared[0]));
        for (size_t i = 0; i < past->was->n_uids; i++) {
                const struct fact *fact = store_service_by_uid(in->store, past->was->uids[i]);
                if (fact && fact->u.service.n_status == 0 && !fact->u.service.deleting)
                        cleared[n++] = fact;
        }
        ipam_holding_of(in->store, in->config, in->ip, cleared, n, in->scratch, &in->holding);
        return in->holding.n_holders > 0 ? end : MONO_NEVER;
}

static int port_cmp(const void *a, const void *b)
{
        uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
        return (x > y) - (x < y);
}

/* The healthCheckNodePort of a holder that has a ready endpoint here and whose check has not passed; 0: none. */
static uint16_t unchecked_port(const struct plan_input *in)
{
        const struct self *self = in->self;
        for (size_t i = 0; self->check_ports && i < in->holding.n_holders; i++) {
                const struct service *holder = &in->holding.holders[i]->u.service;
                uint16_t port = holder->policy == POLICY_LOCAL ? holder->health_port : 0;
                if (port && in->serving[i].ready && serving_on(&in->serving[i], self->node) &&
                    !(self->n_ports_ready > 0 &&
                      bsearch(&port, self->ports_ready, self->n_ports_ready, sizeof(port), port_cmp)))
                        return port;
        }
        return 0;
}

static void hold_back(struct want *want, enum reason reason)
{
        if (want->l2.candidate) {
                want->l2 = (struct want_l2){.reason = reason, .message = reason_sentence(reason)};
        }
        if (want->n_routes > 0) {
                want->n_routes = 0;
                want->bgp_reason = reason;
                want->bgp_message = reason_sentence(reason);
        }
}

/* The first announcement of an address waits until the data plane can serve (design.md, Policies). */
static void wait_for_data_plane(const struct plan_input *in, const struct past *past, struct want *want)
{
        if ((past && past->announced) || (!want->l2.candidate && want->n_routes == 0))
                return;
        want->waits_port = in->self->data_plane_down ? 0 : unchecked_port(in);
        want->waits = in->self->data_plane_down || want->waits_port;
        if (want->waits)
                hold_back(want, want->waits_port ? REASON_HEALTH_CHECK_NOT_READY : REASON_DATA_PLANE_NOT_READY);
}

struct mono plan_address(const struct store *store, const struct config *config, const struct self *self,
                         const struct past *past, struct ip ip, struct mono now, struct want **out)
{
        struct arena *scratch = arena_new();
        struct plan_input in = {.store = store, .config = config, .self = self, .ip = ip, .scratch = scratch};
        struct want *want = want_new(ip);
        struct label name;
        struct labels made_up;
        struct mono again = MONO_NEVER;
        ipam_holding(store, config, ip, scratch, &in.holding);
        if (in.holding.reason == REASON_NO_ADDRESS)
                again = hold_on(&in, past, now);
        if (in.holding.reason != REASON_NONE) {
                refuse(want, in.holding.reason);
        } else {
                size_t n = in.holding.n_holders;
                in.serving = arena_array(scratch, n, sizeof(struct serving));
                for (size_t i = 0; i < n; i++)
                        in.serving[i] = serving_of(store, in.holding.holders[i], ip_family(ip), scratch);
                struct node_view view = node_view_self(&in, &name, &made_up);
                name_holders(&in.holding, want);
                plan_l2(&in, &view, want);
                plan_bgp(&in, &view, want);
                if (self->foreign)
                        hold_back(want, REASON_FOREIGN_CONTROLLER);
                wait_for_data_plane(&in, past, want);
        }
        arena_free(scratch);
        *out = want;
        return again;
}

static void hold_all(struct plan_input *in)
{
        struct store_cursor cursor = {0};
        size_t max = 0;
        while (store_next_holder(in->store, in->ip, &cursor))
                max++;
        in->holding.holders = arena_array(in->scratch, max + 1, sizeof(in->holding.holders[0]));
        in->serving = arena_array(in->scratch, max + 1, sizeof(in->serving[0]));
        cursor = (struct store_cursor){0};
        for (size_t i = 0; i < max; i++) {
                in->holding.holders[i] = store_next_holder(in->store, in->ip, &cursor);
                in->serving[i] = serving_of(in->store, in->holding.holders[i], ip_family(in->ip), in->scratch);
        }
        in->holding.n_holders = max;
}

bool plan_may_stay(const struct store *store, const struct config *config, const struct self *self, struct ip ip)
{
        struct arena *scratch = arena_new();
        struct plan_input in = {.store = store, .config = config, .self = self, .ip = ip, .scratch = scratch};
        struct label name;
        struct labels made_up;
        struct node_view view = node_view_self(&in, &name, &made_up);
        bool fit = view.node ? !view.node->network_down && view.node->leaving == REASON_NONE
                             : store_count(store, KIND_NODE) == 0;
        hold_all(&in);
        bool stays = fit && !self->foreign && node_unserved(&in, &view) == REASON_NONE;
        arena_free(scratch);
        return stays;
}
