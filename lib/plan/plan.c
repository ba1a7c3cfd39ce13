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
        struct subject subject = {.store = store, .config = config, .self = self, .ip = ip};
        struct want *want = want_new(ip);
        struct arena *scratch = arena_new();
        struct label name;
        struct labels made_up;
        (void)past;
        (void)now;
        ipam_holding(store, config, ip, scratch, &subject.holding);
        if (subject.holding.reason != REASON_NONE) {
                refuse(want, subject.holding.reason);
        } else {
                size_t n = subject.holding.n_holders;
                subject.serving = arena_array(scratch, n, sizeof(struct serving));
                for (size_t i = 0; i < n; i++)
                        subject.serving[i] = serving_of(store, subject.holding.holders[i], ip_family(ip));
                struct spot spot = spot_self(&subject, &name, &made_up);
                name_holders(&subject.holding, want);
                plan_l2(&subject, &spot, want);
                plan_bgp(&subject, &spot, want);
        }
        arena_free(scratch);
        *out = want;
        return MONO_NEVER;
}
