/* Which pool lets which Service have which address. */
#include "ipam/ipam.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

static bool same_class(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool ipam_ours(const struct config *config, const struct service *service, enum reason *why)
{
        *why = !service->load_balancer                                        ? REASON_NOT_LOAD_BALANCER
               : !same_class(service->lb_class, config->settings.lb_class) ? REASON_OTHER_CLASS
                                                                              : REASON_NONE;
        return *why == REASON_NONE;
}

/* The API server labels every namespace with its name; one that is not here is taken to have that label only.
 */
static bool namespace_selected(const struct store *store, const struct pool *pool, const char *name)
{
        const struct fact *namespace = store_namespace(store, name);
        struct label name_label = {"kubernetes.io/metadata.name", name};
        struct labels unknown = {&name_label, 1};
        return selectors_match(&pool->namespace_selectors, namespace ? &namespace->labels : &unknown, false);
}

bool ipam_pool_admits(const struct store *store, const struct pool *pool, const struct fact *service)
{
        bool any_namespace = pool->n_namespaces == 0 && pool->namespace_selectors.n == 0;
        bool named = false;
        for (size_t i = 0; i < pool->n_namespaces && !named; i++)
                named = !strcmp(pool->namespaces[i], service->ref.namespace);
        if (!any_namespace && !named && !namespace_selected(store, pool, service->ref.namespace))
                return false;
        return selectors_match(&pool->service_selectors, &service->labels, true);
}

enum reason ipam_address_allowed(const struct store *store, const struct config *config,
                                 const struct fact *service, struct ip ip, const struct pool **pool)
{
        *pool = config_pool_of(config, ip);
        if (!*pool)
                return REASON_ADDRESS_NOT_IN_POOL;
        if (!(*pool)->valid)
                return REASON_NONE;
        if ((*pool)->avoid_buggy_ips && book_buggy(ip))
                return REASON_ADDRESS_NOT_IN_POOL;
        return ipam_pool_admits(store, *pool, service) ? REASON_NONE : REASON_POOL_NOT_ALLOWED;
}

/* How many of the IPv4 addresses from 0.0.0.0 up to and with ip end in 0 or 255. */
static int64_t buggy_up_to(struct ip ip)
{
        int64_t blocks = ip.b[12] << 16 | ip.b[13] << 8 | ip.b[14];
        return 2 * blocks + 1 + (ip.b[15] == 255);
}

int64_t ipam_pool_size(const struct pool *pool, enum ip_family family)
{
        int64_t size = 0;
        for (size_t i = 0; i < pool->n_ranges; i++) {
                struct ip_range range = pool->ranges[i];
                if (ip_family(range.first) != family)
                        continue;
                int64_t n = ip_range_count(range);
                if (pool->avoid_buggy_ips && family == IP_V4)
                        n -= buggy_up_to(range.last) - buggy_up_to(range.first) + book_buggy(range.first);
                size = n > INT64_MAX - size ? INT64_MAX : size + n;
        }
        return size;
}

struct pool_use *ipam_pool_use(const struct store *store, const struct config *config)
{
        struct pool_use *use = xcalloc(config->n_pools + 1, sizeof(*use));
        struct store_cursor cursor = {0};
        struct ip ip;
        while (store_next_address(store, &ip, &cursor)) {
                const struct pool *pool = config_pool_of(config, ip);
                if (pool)
                        use[pool - config->pools].assigned[ip_family(ip) == IP_V6]++;
        }
        return use;
}
