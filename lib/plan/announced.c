/*
 * Each node is asked as if it planned the address itself. Reasons against it are counted per protocol; a protocol
 * that no advertisement is for is not spoken of as long as the other one is advertised. What is told first is
 * what keeps most nodes away.
 */
#include "plan/announced.h"
#include "plan/bgp.h"
#include "plan/l2.h"
#include <stdlib.h>
#include <string.h>

struct census { /* of one protocol */
        size_t nodes, yes;
        size_t against[REASON_MAX];
};

static void count(struct census *census, enum reason reason)
{
        census->nodes++;
        if (reason == REASON_NONE)
                census->yes++;
        else
                census->against[reason]++;
}

static void ask_node(struct plan_input *in, const struct node_view *view, struct census *bgp, struct census *l2)
{
        struct want *want = want_new(in->ip);
        plan_bgp(in, view, want);
        count(bgp, want->n_routes > 0 ? REASON_NONE : want->bgp_reason);
        count(l2, plan_l2_unable(in, view));
        want_free(want);
}

static void ask_all(struct plan_input *in, struct census *bgp, struct census *l2)
{
        struct store_cursor cursor = {0};
        const struct fact *node;
        while ((node = store_next(in->store, KIND_NODE, &cursor))) {
                struct self self = {.node = node->ref.name};
                struct node_view view = node_view_of(node);
                in->self = &self;
                ask_node(in, &view, bgp, l2);
        }
        in->self = NULL;
}

static bool is_about_the_service(enum reason reason)
{
        return reason == REASON_NO_ENDPOINTS || reason == REASON_NO_ADVERTISEMENT;
}

/* "None of 3 nodes may announce it. 2 nodes: why not. 1 node: why not." */
static const char *why_nobody(const struct census *census, enum reason *first, struct arena *arena)
{
        const char *text = arena_printf(arena, "None of %zu nodes may announce it.", census->nodes);
        bool told[REASON_MAX] = {false};
        *first = REASON_NONE;
        for (;;) {
                size_t best = 0;
                enum reason reason = REASON_NONE;
                for (enum reason r = REASON_NONE + 1; r < REASON_MAX; r++) {
                        if (!told[r] && census->against[r] > best) {
                                best = census->against[r];
                                reason = r;
                        }
                }
                if (reason == REASON_NONE)
                        return text;
                told[reason] = true;
                if (*first == REASON_NONE)
                        *first = reason;
                if (best == census->nodes && (best == 1 || is_about_the_service(reason)))
                        text = reason_sentence(reason);
                else
                        text = arena_printf(arena, "%s %zu node%s: %s", text, best, best == 1 ? "" : "s",
                                            reason_sentence(reason));
        }
}

static struct announced nobody(const struct census *bgp, const struct census *l2, struct ip ip, bool named,
                               struct arena *arena)
{
        const struct census *which = bgp->against[REASON_NO_ADVERTISEMENT] == bgp->nodes ? l2 : bgp;
        struct announced out = {0};
        char text[IP_STRLEN];
        out.message = why_nobody(which, &out.reason, arena);
        if (named)
                out.message = arena_printf(arena, "%s: %s", ip_str(ip, text), out.message);
        return out;
}

static const char *who(const struct census *bgp, const struct census *l2, struct arena *arena)
{
        const char *by_l2 = l2->yes ? arena_printf(arena, "by layer 2 from one of %zu node%s", l2->yes,
                                                   l2->yes == 1 ? "" : "s")
                                    : "";
        if (!bgp->yes)
                return arena_printf(arena, "Announced %s.", by_l2);
        return arena_printf(arena, "Announced by BGP from %zu node%s%s%s.", bgp->yes, bgp->yes == 1 ? "" : "s",
                            l2->yes ? ", " : "", by_l2);
}

/* Those who hold the address already, and the Service. */
static void hold(struct plan_input *in, const struct fact *service)
{
        struct store_cursor cursor = {0};
        const struct fact *other;
        size_t n = 1;
        while (store_next_holder(in->store, in->ip, &cursor))
                n++;
        const struct fact **all = arena_array(in->scratch, n, sizeof(struct fact *));
        n = 0;
        all[n++] = service;
        cursor = (struct store_cursor){0};
        while ((other = store_next_holder(in->store, in->ip, &cursor)))
                if (other != service)
                        all[n++] = other;
        ipam_holding_of(in->store, in->config, in->ip, all, n, in->scratch, &in->holding);
        in->serving = arena_array(in->scratch, in->holding.n_holders + 1, sizeof(struct serving));
        for (size_t i = 0; i < in->holding.n_holders; i++)
                in->serving[i] = serving_of(in->store, in->holding.holders[i], ip_family(in->ip), in->scratch);
}

static bool is_holder(const struct holding *holding, const struct fact *service)
{
        for (size_t i = 0; i < holding->n_holders; i++)
                if (holding->holders[i] == service)
                        return true;
        return false;
}

struct announced plan_announced(const struct store *store, const struct config *config, const struct fact *service,
                                const struct ip *ips, size_t n, struct arena *arena)
{
        struct announced out = {.reason = REASON_NO_ADDRESS, .message = reason_sentence(REASON_NO_ADDRESS)};
        struct arena *scratch = arena_new();
        if (store_count(store, KIND_NODE) == 0)
                out.reason = REASON_NONE;
        for (size_t i = 0; i < n && out.reason != REASON_NONE; i++) {
                struct plan_input in = {.store = store, .config = config, .ip = ips[i], .scratch = scratch};
                struct census bgp = {0}, l2 = {0};
                hold(&in, service);
                if (!is_holder(&in.holding, service)) {
                        enum reason reason = in.holding.n_holders ? REASON_ADDRESS_CONFLICT : in.holding.reason;
                        out = (struct announced){.reason = reason, .message = reason_sentence(reason)};
                        break;
                }
                ask_all(&in, &bgp, &l2);
                if (!bgp.yes && !l2.yes) {
                        out = nobody(&bgp, &l2, ips[i], n > 1, arena);
                        break;
                }
                if (i == 0)
                        out = (struct announced){
                                .all = true, .reason = REASON_ANNOUNCED, .message = who(&bgp, &l2, arena)};
        }
        arena_free(scratch);
        return out;
}
