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

struct mono plan_address(const struct store *store, const struct config *config, const struct self *self,
                         const struct past *past, struct ip ip, struct mono now, struct want **out)
{
        struct arena *scratch = arena_new();
        struct plan_input in = {.store = store, .config = config, .self = self, .ip = ip, .scratch = scratch};
        struct want *want = want_new(ip);
        struct label name;
        struct labels made_up;
        (void)past;
        (void)now;
        ipam_holding(store, config, ip, scratch, &in.holding);
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
        }
        arena_free(scratch);
        *out = want;
        return MONO_NEVER;
}
