/*
 * One Service. What it holds is sorted first: kept (a pool allows it and the judge gave it to this Service),
 * lost (no pool allows it, for less than a minute), and dropped (conflict, wrong family, lost for too long).
 * Then what it should have is compared with what it keeps; what is missing is allocated. The status is
 * written only if it differs.
 *
 * A status that somebody else cleared counts as holding what it held before, as far as that is still allowed
 * and nobody else's; what it keeps is then written again.
 *
 * Never touched: Services of another class, and addresses without a pool annotation, which somebody else
 * gave. Nothing is taken away while there is no valid pool at all, and nothing that is kept is given up
 * before its replacement is had (design decision 10).
 */
#include "lead/decide.h"
#include <stdlib.h>
#include <string.h>

struct inventory { /* of the addresses in the status */
        struct ip *kept;
        size_t n_kept;
        struct ip *lost;
        size_t n_lost;
        const struct pool *pool; /* of the first that is kept */
        enum reason lost_reason;
        const char *lost_message;
};

struct desk {
        const struct store *store;
        const struct config *config;
        const struct book *book;
        const struct fact *fact;
        const struct service *service;
        struct arena *arena;
        struct inventory have;
        struct decision *out;
};

static void say(struct desk *desk, enum reason reason, const char *message)
{
        desk->out->reason = reason;
        desk->out->message = message ? message : reason_sentence(reason);
        desk->out->satisfied = reason == REASON_ALLOCATED;
}

static bool has_family(const struct service *service, enum ip_family family)
{
        for (size_t i = 0; i < service->n_families; i++)
                if (service->families[i] == family)
                        return true;
        return service->n_families == 0;
}

/* ---- what it holds ---- */

static const struct fact *winner(struct desk *desk, struct ip ip)
{
        struct holding holding;
        ipam_holding(desk->store, desk->config, ip, desk->arena, &holding);
        for (size_t i = 0; i < holding.n_losers; i++)
                if (holding.losers[i] == desk->fact)
                        return holding.holders[0];
        return NULL;
}

static void found_conflict(struct desk *desk, struct ip ip, const struct fact *by)
{
        char buf[IP_STRLEN];
        desk->out->conflict = true;
        desk->out->conflict_message = arena_printf(desk->arena, "%s belongs to service %s/%s.",
                                                   ip_str(ip, buf), by->ref.namespace, by->ref.name);
}

static void found_lost(struct desk *desk, struct ip ip, enum reason why)
{
        char buf[IP_STRLEN];
        struct inventory *have = &desk->have;
        have->lost[have->n_lost++] = ip;
        have->lost_reason = why;
        have->lost_message = arena_printf(
                desk->arena, "%s %s It is taken back when this has lasted for %d seconds.", ip_str(ip, buf),
                why == REASON_POOL_NOT_ALLOWED ? "is in a pool that does not allow the service."
                                               : "is in no pool that may use it.",
                (int)(LEAD_GRACE / SEC));
}

/* The status is empty, but was not. */
static void take_inventory_of_old(struct desk *desk, const struct before *before)
{
        struct inventory *have = &desk->have;
        have->kept = arena_array(desk->arena, before->n_held + GRANT_MAX, sizeof(struct ip));
        for (size_t i = 0; i < before->n_held; i++) {
                struct ip ip = before->held[i];
                const struct pool *pool;
                enum reason why = ipam_address_allowed(desk->store, desk->config, desk->fact, ip, &pool);
                if (why != REASON_NONE || !has_family(desk->service, ip_family(ip)) ||
                    !book_usable(desk->book, desk->fact, ip))
                        continue;
                if (have->n_kept == 0)
                        have->pool = pool;
                have->kept[have->n_kept++] = ip;
        }
}

static void take_inventory(struct desk *desk)
{
        const struct service *service = desk->service;
        struct inventory *have = &desk->have;
        have->kept = arena_array(desk->arena, service->n_status + GRANT_MAX, sizeof(struct ip));
        have->lost = arena_array(desk->arena, service->n_status, sizeof(struct ip));
        for (size_t i = 0; i < service->n_status; i++) {
                struct ip ip = service->status_ips[i];
                const struct pool *pool;
                enum reason why = ipam_address_allowed(desk->store, desk->config, desk->fact, ip, &pool);
                const struct fact *other = why == REASON_NONE ? winner(desk, ip) : NULL;
                if (!has_family(service, ip_family(ip)))
                        continue;
                if (why != REASON_NONE) {
                        found_lost(desk, ip, why);
                } else if (other) {
                        found_conflict(desk, ip, other);
                } else {
                        if (have->n_kept == 0)
                                have->pool = pool;
                        have->kept[have->n_kept++] = ip;
                }
        }
}

static bool any_valid_pool(const struct config *config)
{
        for (size_t i = 0; i < config->n_pools; i++)
                if (config->pools[i].valid)
                        return true;
        return false;
}

/* ---- what it should have ---- */

static bool among(struct ip ip, const struct ip *v, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (ip_eq(v[i], ip))
                        return true;
        return false;
}

static bool same_set(const struct ip *a, size_t n_a, const struct ip *b, size_t n_b)
{
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (!among(a[i], b, n_b))
                        return false;
        return true;
}

static enum ip_family missing_family(const struct desk *desk)
{
        for (size_t i = 0; i < desk->service->n_families; i++) {
                enum ip_family family = desk->service->families[i];
                bool there = false;
                for (size_t j = 0; j < desk->have.n_kept; j++)
                        there |= ip_family(desk->have.kept[j]) == family;
                for (size_t j = 0; j < desk->have.n_lost; j++)
                        there |= ip_family(desk->have.lost[j]) == family;
                if (!there)
                        return family;
        }
        return IP_NONE;
}

/* Writes ips as the new status, if it is not that already. Addresses that no pool allows are kept with it for
 * their time, unless they are replaced. */
static void assign(struct desk *desk, const struct ip *ips, size_t n, const struct pool *pool, bool keep_lost)
{
        const struct service *service = desk->service;
        const struct inventory *have = &desk->have;
        struct decision *out = desk->out;
        size_t n_lost = keep_lost ? have->n_lost : 0;
        out->ips = arena_array(desk->arena, n + n_lost, sizeof(struct ip));
        out->n = 0;
        for (size_t i = 0; i < n; i++)
                out->ips[out->n++] = ips[i];
        for (size_t i = 0; i < n_lost; i++)
                out->ips[out->n++] = have->lost[i];
        out->pool = pool ? pool->ref.name : out->n > 0 ? service->allocated_pool : NULL;
        bool same_pool =
                out->pool == service->allocated_pool ||
                (out->pool && service->allocated_pool && !strcmp(out->pool, service->allocated_pool));
        bool same_ips = same_set(out->ips, out->n, service->status_ips, service->n_status);
        bool foreign = service->n_status > 0 && !service->allocated_pool;
        out->write = !same_ips || (!same_pool && !foreign);
}

static void keep(struct desk *desk)
{
        assign(desk, desk->have.kept, desk->have.n_kept, desk->have.pool, true);
}

/* The user asks for something else than what is kept: it is taken when it can be had. */
static void change(struct desk *desk)
{
        struct grant grant;
        ipam_allocate(desk->store, desk->config, desk->book, desk->fact, desk->arena, &grant);
        if (grant.n > 0) {
                assign(desk, grant.ips, grant.n, grant.pool, false);
                say(desk, REASON_ALLOCATED, NULL);
                return;
        }
        keep(desk);
        say(desk, grant.reason, grant.message);
}

static void settle_lost(struct desk *desk)
{
        keep(desk);
        say(desk, desk->have.lost_reason, desk->have.lost_message);
}

static int ip_order(const void *a, const void *b)
{
        return ip_cmp(*(const struct ip *)a, *(const struct ip *)b);
}

/* What is kept stays; a family that is missing comes from the same pool. */
static void complete(struct desk *desk)
{
        struct inventory *have = &desk->have;
        enum ip_family missing = missing_family(desk);
        struct grant grant = {0};
        if (desk->service->family_policy == FAMILY_REQUIRE_DUAL && desk->service->n_families < 2) {
                ipam_allocate(desk->store, desk->config, desk->book, desk->fact, desk->arena, &grant);
                keep(desk);
                say(desk, grant.reason, grant.message);
                return;
        }
        if (missing != IP_NONE) {
                ipam_extend(desk->store, desk->book, desk->fact, have->pool, missing, desk->arena, &grant);
                if (grant.n > 0) {
                        have->kept[have->n_kept++] = grant.ips[0];
                        qsort(have->kept, have->n_kept, sizeof(struct ip), ip_order);
                }
        }
        if (have->n_lost > 0) {
                settle_lost(desk);
                return;
        }
        keep(desk);
        if (missing == IP_NONE || grant.n > 0 || desk->service->family_policy == FAMILY_PREFER_DUAL)
                say(desk, REASON_ALLOCATED, NULL);
        else
                say(desk, grant.reason, grant.message);
        desk->out->content = missing == IP_NONE || grant.n > 0;
}

static void decide_held(struct desk *desk)
{
        const struct service *service = desk->service;
        const struct inventory *have = &desk->have;
        bool other_ips = service->n_requested > 0 &&
                         !same_set(service->requested_ips, service->n_requested, have->kept, have->n_kept);
        bool other_pool =
                service->requested_pool && strcmp(service->requested_pool, have->pool->ref.name) != 0;
        if (service->request_error || other_ips || (other_pool && service->n_requested == 0)) {
                change(desk);
        } else if (other_pool) {
                keep(desk);
                say(desk, REASON_INVALID_REQUEST,
                    arena_printf(desk->arena,
                                 "The addresses that are asked for are in pool %s, but pool %s is asked for.",
                                 have->pool->ref.name, service->requested_pool));
        } else {
                complete(desk);
        }
}

/* Nothing is kept. What is lost stays for its time unless the user asks for something by name that can be
 * had. */
static void decide_bare(struct desk *desk)
{
        const struct service *service = desk->service;
        bool another_pool = service->requested_pool && (!service->allocated_pool ||
                                                        strcmp(service->requested_pool, service->allocated_pool) != 0);
        bool asks = service->n_requested > 0 || another_pool;
        struct grant grant;
        if (desk->have.n_lost > 0 && !asks) {
                settle_lost(desk);
                return;
        }
        ipam_allocate(desk->store, desk->config, desk->book, desk->fact, desk->arena, &grant);
        if (grant.n > 0) {
                assign(desk, grant.ips, grant.n, grant.pool, false);
                say(desk, REASON_ALLOCATED, NULL);
                return;
        }
        if (desk->have.n_lost > 0) {
                settle_lost(desk);
                return;
        }
        assign(desk, NULL, 0, NULL, false);
        say(desk, grant.reason, grant.message);
}

/* Somebody else wrote the addresses: they are announced if a pool allows them, and changed only at the user's
 * wish. */
static void decide_foreign(struct desk *desk)
{
        const struct service *service = desk->service;
        bool asks = service->n_requested > 0 || service->requested_pool || service->request_error;
        if (desk->out->conflict)
                say(desk, REASON_ADDRESS_CONFLICT, desk->out->conflict_message);
        else if (desk->have.n_kept < service->n_status)
                say(desk, REASON_FOREIGN_ADDRESS, NULL);
        else if (asks)
                decide_held(desk);
        else
                say(desk, REASON_ALLOCATED, NULL);
        desk->out->conflict = false;
}

void decide(const struct store *store, const struct config *config, const struct book *book,
            const struct fact *fact, const struct before *before, struct arena *arena, struct decision *out)
{
        const struct service *service = &fact->u.service;
        struct desk desk = {.store = store,
                            .config = config,
                            .book = book,
                            .fact = fact,
                            .service = service,
                            .arena = arena,
                            .out = out};
        enum reason why;
        *out = (struct decision){.content = true};
        if (!ipam_ours(config, service, &why)) {
                say(&desk, why, NULL);
                if (why == REASON_NOT_LOAD_BALANCER && service->n_status > 0 && service->allocated_pool)
                        assign(&desk, NULL, 0, NULL, false);
                return;
        }
        if (service->deleting) { /* what it has is announced until it is gone; whoever clears its status is right */
                say(&desk, service->n_status > 0 ? REASON_ALLOCATED : REASON_BEING_DELETED, NULL);
                return;
        }
        if (service->n_status > 0)
                take_inventory(&desk);
        else
                take_inventory_of_old(&desk, before);
        if (service->n_status > 0 && !service->allocated_pool) {
                decide_foreign(&desk);
                return;
        }
        if (service->has_hostname && !service->allocated_pool) {
                say(&desk, REASON_FOREIGN_ADDRESS, NULL);
                return;
        }
        bool restores = service->n_status == 0 && desk.have.n_kept > 0; /* an invalid pool allows that too */
        if (!any_valid_pool(config) && !restores) {
                bool fine = service->n_status > 0 && desk.have.n_kept == service->n_status;
                out->conflict = false;
                say(&desk, fine ? REASON_ALLOCATED : REASON_NO_POOLS, NULL);
                out->content = fine;
                return;
        }
        out->lost = desk.have.n_lost > 0;
        if (before->expired)
                desk.have.n_lost = 0;
        if (desk.have.n_kept > 0)
                decide_held(&desk);
        else
                decide_bare(&desk);
        out->gives_up = service->n_status == 0 && desk.have.n_kept == 0;
        if (!out->satisfied)
                out->content = false;
}
