/*
 * Addresses for one Service, by MetalLB's order (serviceAllocation by priority, then the other automatic
 * pools) with every tie decided by name. What is refused says for every pool why.
 */
#include "ipam/ipam.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WANT_V4 = 1, WANT_V6 = 2 };

#define EXPLAINED_POOLS 8 /* in one message */

struct attempt {
        const struct store *store;
        const struct book *book;
        const struct fact *service;
        struct arena *arena;
        struct grant *out;
        bool dual;      /* both families are wanted: say which one is missing */
        bool candidate; /* some pool could have been used */
        size_t explained;
};

static unsigned want_of(enum ip_family family)
{
        return family == IP_V4 ? WANT_V4 : WANT_V6;
}

static unsigned wanted(const struct service *service)
{
        unsigned want = 0;
        for (size_t i = 0; i < service->n_families; i++)
                want |= want_of(service->families[i]);
        return want;
}

static void refuse(struct attempt *at, enum reason reason, const char *message)
{
        *at->out = (struct grant){.reason = reason, .message = message ? message : reason_sentence(reason)};
}

/* ---- one pool ---- */

static bool lowest(const struct attempt *at, const struct pool *pool, enum ip_family family, struct ip *out)
{
        for (size_t i = 0; i < pool->n_ranges; i++)
                if (ip_family(pool->ranges[i].first) == family &&
                    book_lowest(at->book, at->service, pool->ranges[i], pool->avoid_buggy_ips, out))
                        return true;
        return false;
}

static bool take_from(struct attempt *at, const struct pool *pool, unsigned want)
{
        struct grant grant = {.pool = pool, .reason = REASON_ALLOCATED};
        if (want & WANT_V4 && !lowest(at, pool, IP_V4, &grant.ips[grant.n++]))
                return false;
        if (want & WANT_V6 && !lowest(at, pool, IP_V6, &grant.ips[grant.n++]))
                return false;
        *at->out = grant;
        return true;
}

/* ---- why not ---- */

static void explain(struct attempt *at, const struct pool *pool, const char *why)
{
        const char *before = at->out->message;
        at->explained++;
        if (at->explained == EXPLAINED_POOLS + 1)
                at->out->message = arena_printf(at->arena, "%s; and more", before);
        if (at->explained > EXPLAINED_POOLS)
                return;
        at->out->message = arena_printf(at->arena, "%s%spool %s: %s", before ? before : "",
                                        before ? "; " : "", pool->ref.name, why);
}

static void explain_full(struct attempt *at, const struct pool *pool, enum ip_family family)
{
        const char *name = family == IP_V4 ? "IPv4" : "IPv6";
        int64_t size = ipam_pool_size(pool, family);
        if (size == 0)
                explain(at, pool, arena_printf(at->arena, "no %s addresses", name));
        else if (at->dual)
                explain(at, pool, arena_printf(at->arena, "0 of %" PRId64 " %s free", size, name));
        else
                explain(at, pool, arena_printf(at->arena, "0 of %" PRId64 " free", size));
}

static void explain_exhausted(struct attempt *at, const struct pool *pool, unsigned want)
{
        struct ip ip;
        if (want & WANT_V4 && !lowest(at, pool, IP_V4, &ip))
                explain_full(at, pool, IP_V4);
        if (want & WANT_V6 && !lowest(at, pool, IP_V6, &ip))
                explain_full(at, pool, IP_V6);
}

static const char *not_admitted(const struct attempt *at, const struct pool *pool)
{
        if (!selectors_match(&pool->service_selectors, &at->service->labels, true))
                return "labels of the service not selected";
        return arena_printf(at->arena, "namespace %s not allowed", at->service->ref.namespace);
}

/* ---- lists of pools ---- */

static int priority_cmp(const void *a, const void *b)
{
        const struct pool *x = *(const struct pool *const *)a, *y = *(const struct pool *const *)b;
        uint32_t p = (uint32_t)x->priority - 1, q = (uint32_t)y->priority - 1; /* 0 is last */
        if (p != q)
                return p < q ? -1 : 1;
        return ref_cmp(&x->ref, &y->ref);
}

/* The pools that may be used without being asked for; pinned ones by priority, the others by name. */
static size_t automatic(struct attempt *at, const struct config *config, bool pinned, const struct pool **out)
{
        size_t n = 0;
        for (size_t i = 0; i < config->n_pools; i++) {
                const struct pool *pool = &config->pools[i];
                if (pool->pinned == pinned && pool->valid && pool->auto_assign &&
                    ipam_pool_admits(at->store, pool, at->service))
                        out[n++] = pool;
        }
        if (pinned && n > 1)
                qsort(out, n, sizeof(struct pool *), priority_cmp);
        return n;
}

static bool take_first(struct attempt *at, const struct pool **pools, size_t n, unsigned want)
{
        for (size_t i = 0; i < n; i++)
                if (take_from(at, pools[i], want))
                        return true;
        return false;
}

static bool take_from_list(struct attempt *at, const struct pool **pools, size_t n)
{
        const struct service *service = &at->service->u.service;
        unsigned want = wanted(service);
        if (take_first(at, pools, n, want))
                return true;
        if (service->n_families < 2 || service->family_policy != FAMILY_PREFER_DUAL)
                return false;
        return take_first(at, pools, n, want_of(service->families[0])) ||
               take_first(at, pools, n, want_of(service->families[1]));
}

/* The pool has addresses of the families that the service needs at least. */
static bool has_families(const struct pool *pool, const struct service *service)
{
        bool all = true, any = false;
        for (size_t i = 0; i < service->n_families; i++) {
                bool has = ipam_pool_size(pool, service->families[i]) > 0;
                all &= has;
                any |= has;
        }
        return service->family_policy == FAMILY_PREFER_DUAL ? any : all;
}

static void explain_all(struct attempt *at, const struct config *config)
{
        const struct service *service = &at->service->u.service;
        bool any_valid = false;
        *at->out = (struct grant){0};
        for (size_t i = 0; i < config->n_pools; i++) {
                const struct pool *pool = &config->pools[i];
                any_valid |= pool->valid;
                if (!pool->valid) {
                        explain(at, pool, "invalid");
                } else if (!ipam_pool_admits(at->store, pool, at->service)) {
                        explain(at, pool, not_admitted(at, pool));
                } else if (!pool->auto_assign) {
                        explain(at, pool, "only on request");
                } else {
                        at->candidate |= has_families(pool, service);
                        explain_exhausted(at, pool, wanted(service));
                }
        }
        refuse(at,
               !any_valid       ? REASON_NO_POOLS
               : !at->candidate ? REASON_NO_POOL_FOR_SERVICE
                                : REASON_NO_FREE_ADDRESS,
               at->out->message);
}

static void from_any(struct attempt *at, const struct config *config)
{
        const struct pool **pools = arena_array(at->arena, config->n_pools + 1, sizeof(struct pool *));
        size_t n = automatic(at, config, true, pools);
        if (take_from_list(at, pools, n))
                return;
        n = automatic(at, config, false, pools);
        if (!take_from_list(at, pools, n))
                explain_all(at, config);
}

/* ---- what the Service asks for ---- */

static void from_pool(struct attempt *at, const struct config *config)
{
        const char *name = at->service->u.service.requested_pool;
        const struct pool *pool = config_pool(config, name);
        if (!pool) {
                refuse(at, REASON_UNKNOWN_POOL, arena_printf(at->arena, "There is no pool %s.", name));
        } else if (!pool->valid) {
                refuse(at, REASON_UNKNOWN_POOL, arena_printf(at->arena, "pool %s: invalid", name));
        } else if (!ipam_pool_admits(at->store, pool, at->service)) {
                refuse(at, REASON_POOL_NOT_ALLOWED,
                       arena_printf(at->arena, "pool %s: %s", name, not_admitted(at, pool)));
        } else if (!take_from_list(at, &pool, 1)) {
                *at->out = (struct grant){0};
                explain_exhausted(at, pool, wanted(&at->service->u.service));
                refuse(at, REASON_NO_FREE_ADDRESS, at->out->message);
        }
}

/* One requested address; false if it was refused. All must be of one pool. */
static bool requested_ip(struct attempt *at, const struct config *config, struct ip ip, struct grant *grant)
{
        const struct pool *pool;
        const char *only = at->service->u.service.requested_pool;
        enum reason why = ipam_address_allowed(at->store, config, at->service, ip, &pool);
        char buf[IP_STRLEN];
        ip_str(ip, buf);
        if (why == REASON_ADDRESS_NOT_IN_POOL)
                refuse(at, why, arena_printf(at->arena, "%s is in no pool that may use it.", buf));
        else if (why != REASON_NONE)
                refuse(at, why,
                       arena_printf(at->arena, "%s: pool %s: %s", buf, pool->ref.name,
                                    not_admitted(at, pool)));
        else if (!pool->valid)
                refuse(at, REASON_POOL_NOT_ALLOWED,
                       arena_printf(at->arena, "%s: pool %s: invalid", buf, pool->ref.name));
        else if (only && strcmp(only, pool->ref.name) != 0)
                refuse(at, REASON_INVALID_REQUEST,
                       arena_printf(at->arena, "%s is in pool %s, but pool %s is asked for.", buf,
                                    pool->ref.name, only));
        else if (grant->pool && grant->pool != pool)
                refuse(at, REASON_INVALID_REQUEST,
                       arena_printf(
                               at->arena,
                               "%s is in pool %s, the other address in pool %s; they must be in one pool.",
                               buf, pool->ref.name, grant->pool->ref.name));
        else if (!book_usable(at->book, at->service, ip))
                refuse(at, REASON_ADDRESS_IN_USE,
                       arena_printf(at->arena, "%s is in use, and cannot be shared with whoever uses it.",
                                    buf));
        else {
                grant->pool = pool;
                grant->ips[grant->n++] = ip;
                return true;
        }
        return false;
}

static void from_request(struct attempt *at, const struct config *config)
{
        const struct service *service = &at->service->u.service;
        struct grant grant = {.reason = REASON_ALLOCATED};
        unsigned want = 0;
        if (service->n_requested > GRANT_MAX) {
                refuse(at, REASON_INVALID_REQUEST, "More than two addresses are asked for.");
                return;
        }
        for (size_t i = 0; i < service->n_requested; i++) {
                unsigned family = want_of(ip_family(service->requested_ips[i]));
                if (want & family) {
                        refuse(at, REASON_INVALID_REQUEST, "Two addresses of one family are asked for.");
                        return;
                }
                want |= family;
        }
        if (want != wanted(service)) {
                refuse(at, REASON_FAMILY_MISMATCH, NULL);
                return;
        }
        for (size_t i = 0; i < service->n_requested; i++)
                if (!requested_ip(at, config, service->requested_ips[i], &grant))
                        return;
        *at->out = grant;
}

void ipam_allocate(const struct store *store, const struct config *config, const struct book *book,
                   const struct fact *fact, struct arena *arena, struct grant *out)
{
        const struct service *service = &fact->u.service;
        struct attempt at = {.store = store, .book = book, .service = fact, .arena = arena, .out = out};
        at.dual = service->n_families > 1;
        if (service->request_error)
                refuse(&at, REASON_INVALID_REQUEST, service->request_error);
        else if (service->n_families == 0)
                refuse(&at, REASON_NO_CLUSTER_IP, NULL);
        else if (service->family_policy == FAMILY_REQUIRE_DUAL && service->n_families < 2)
                refuse(&at, REASON_NO_CLUSTER_IP,
                       "ipFamilyPolicy is RequireDualStack, but the service has cluster IPs of one family "
                       "only.");
        else if (service->n_requested > 0)
                from_request(&at, config);
        else if (service->requested_pool)
                from_pool(&at, config);
        else
                from_any(&at, config);
}

void ipam_extend(const struct store *store, const struct book *book, const struct fact *service,
                 const struct pool *pool, enum ip_family family, struct arena *arena, struct grant *out)
{
        struct attempt at = {.store = store, .book = book, .service = service, .arena = arena, .out = out};
        at.dual = true;
        if (pool->valid && ipam_pool_admits(store, pool, service) && take_from(&at, pool, want_of(family)))
                return;
        *out = (struct grant){0};
        explain_exhausted(&at, pool, want_of(family));
        refuse(&at, REASON_NO_FREE_ADDRESS, out->message);
}
