/*
 * The judge of design decision 5. It must give the same answer on every node and in any order of arrival, so
 * it uses nothing but the Services that have the address in their status and the pools.
 */
#include "ipam/ipam.h"
#include "ipam/share.h"
#include <stdlib.h>
#include <string.h>

static int rank_cmp(const void *a, const void *b)
{
        const struct fact *x = *(const struct fact *const *)a, *y = *(const struct fact *const *)b;
        if (x->u.service.term != y->u.service.term)
                return x->u.service.term > y->u.service.term ? -1 : 1;
        if (x->created != y->created)
                return x->created < y->created ? -1 : 1;
        int by_uid = strcmp(x->ref.uid, y->ref.uid);
        return by_uid ? by_uid : ref_cmp(&x->ref, &y->ref);
}

static bool fits(const struct holding *holding, const struct fact *service)
{
        struct tenancy own = tenancy_of(&service->u.service);
        for (size_t i = 0; i < holding->n_holders; i++) {
                struct tenancy other = tenancy_of(&holding->holders[i]->u.service);
                if (!tenancy_compatible(&own, &other))
                        return false;
        }
        return true;
}

/* The next one in the order of rank. Where nobody holds the address, the first one's refusal stands. */
static void judge(const struct store *store, const struct config *config, struct ip ip,
                  const struct fact *service, struct holding *out)
{
        const struct pool *pool;
        enum reason why = ipam_address_allowed(store, config, service, ip, &pool);
        if (why == REASON_NONE && fits(out, service))
                out->holders[out->n_holders++] = service;
        else if (why == REASON_NONE)
                out->losers[out->n_losers++] = service;
        if (out->n_holders > 0)
                out->reason = REASON_NONE;
        else if (out->reason == REASON_NO_ADDRESS)
                out->reason = why;
}

void ipam_holding_of(const struct store *store, const struct config *config, struct ip ip,
                     const struct fact **services, size_t n, struct arena *arena, struct holding *out)
{
        enum reason why;
        *out = (struct holding){.reason = REASON_NO_ADDRESS, .pool = config_pool_of(config, ip)};
        out->holders = arena_array(arena, n + 1, sizeof(struct fact *));
        out->losers = arena_array(arena, n + 1, sizeof(struct fact *));
        if (n > 1)
                qsort(services, n, sizeof(struct fact *), rank_cmp);
        for (size_t i = 0; i < n; i++)
                if (ipam_ours(config, &services[i]->u.service, &why))
                        judge(store, config, ip, services[i], out);
}

void ipam_holding(const struct store *store, const struct config *config, struct ip ip, struct arena *arena,
                  struct holding *out)
{
        struct store_cursor cursor = {0};
        const struct fact *service;
        size_t n = 0;
        while (store_next_holder(store, ip, &cursor))
                n++;
        const struct fact **services = arena_array(arena, n + 1, sizeof(struct fact *));
        n = 0;
        cursor = (struct store_cursor){0};
        while ((service = store_next_holder(store, ip, &cursor)))
                services[n++] = service;
        ipam_holding_of(store, config, ip, services, n, arena, out);
}
