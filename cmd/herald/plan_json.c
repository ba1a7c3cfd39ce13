#include "plan_json.h"
#include "config/check.h"
#include "ipam/ipam.h"
#include "lead/lead.h"
#include "plan/announced.h"
#include "plan/plan.h"
#include "json/json.h"
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *text_json(const char *text)
{
        return text ? json_object_new_string(text) : NULL;
}

struct json_object *plan_object_json(const char *kind, const struct ref *ref, bool valid, enum reason reason,
                                     const char *message)
{
        struct json_object *out = json_object_new_object();
        json_object_object_add(out, "kind", text_json(kind));
        json_object_object_add(out, "namespace", text_json(ref->namespace ? ref->namespace : ""));
        json_object_object_add(out, "name", text_json(ref->name ? ref->name : ""));
        json_object_object_add(out, "valid", json_object_new_boolean(valid));
        json_object_object_add(out, "reason", text_json(reason_name(reason)));
        json_object_object_add(out, "message",
                               text_json(message && *message ? message : reason_sentence(reason)));
        return out;
}

static struct json_object *bgp_json(const struct route *route)
{
        struct json_object *out = json_object_new_object(), *standard = json_object_new_array(),
                           *large = json_object_new_array();
        char buf[PREFIX_STRLEN], text[64];
        for (size_t i = 0; i < route->attrs.n_communities; i++) {
                const struct community *community = &route->attrs.communities[i];
                int n = snprintf(text, sizeof(text), "%u:%u", community->a, community->b);
                if (community->is_large)
                        snprintf(text + n, sizeof(text) - (size_t)n, ":%u", community->c);
                json_object_array_add(community->is_large ? large : standard, text_json(text));
        }
        json_object_object_add(out, "peer", text_json(route->peer));
        json_object_object_add(out, "prefix", text_json(prefix_str(route->prefix, buf)));
        json_object_object_add(out, "localPref",
                               route->attrs.has_local_pref ? json_object_new_int64(route->attrs.local_pref)
                                                           : NULL);
        json_object_object_add(out, "communities", standard);
        json_object_object_add(out, "largeCommunities", large);
        return out;
}

static struct json_object *l2_json(const struct want *want, const char *message)
{
        struct json_object *out = json_object_new_object(), *interfaces = json_object_new_array();
        const struct want_l2 *l2 = &want->l2;
        if (l2->candidate && l2->n_interfaces == 0)
                json_object_array_add(interfaces, text_json("*"));
        for (size_t i = 0; l2->candidate && i < l2->n_interfaces; i++)
                json_object_array_add(interfaces, text_json(l2->interfaces[i]));
        json_object_object_add(out, "candidate", json_object_new_boolean(l2->candidate));
        json_object_object_add(out, "rank", l2->candidate ? json_object_new_int64(l2->rank) : NULL);
        json_object_object_add(out, "interfaces", interfaces);
        json_object_object_add(out, "reason", text_json(reason_name(l2->reason)));
        json_object_object_add(out, "message", text_json(message));
        return out;
}

static int route_json_cmp(const void *a, const void *b)
{
        struct json_object *x = *(struct json_object *const *)a, *y = *(struct json_object *const *)b;
        int by_peer = strcmp(json_string_at(x, "peer"), json_string_at(y, "peer"));
        return by_peer ? by_peer : strcmp(json_string_at(x, "prefix"), json_string_at(y, "prefix"));
}

/* Somebody else wrote the address into the status, and no pool of ours contains it. */
static bool is_foreign(const struct service *service, enum reason reason)
{
        return reason == REASON_ADDRESS_NOT_IN_POOL && !service->allocated_pool;
}

/* The plan of one address of a service; a refusal if the address is in its status, but not rightly. */
static struct want *want_of(const struct planned *plan, const struct self *self, const struct fact *fact,
                            struct ip ip)
{
        struct holding holding;
        const struct pool *pool;
        struct want *want;
        enum reason reason = ipam_address_allowed(plan->store, plan->config, fact, ip, &pool);
        ipam_holding(plan->store, plan->config, ip, plan->arena, &holding);
        for (size_t i = 0; i < holding.n_losers; i++)
                if (holding.losers[i] == fact)
                        reason = REASON_ADDRESS_CONFLICT;
        if (is_foreign(&fact->u.service, reason))
                reason = REASON_FOREIGN_ADDRESS;
        if (reason == REASON_NONE) {
                plan_address(plan->store, plan->config, self, NULL, ip, (struct mono){0}, &want);
                return want;
        }
        want = want_new(ip);
        want->l2.reason = want->bgp_reason = reason;
        want->l2.message = want->bgp_message = reason_sentence(reason);
        return want;
}

/* The plans of all addresses of a service on a node; at least one, which says so if there is no address. */
static struct want **wants_of(const struct planned *plan, const char *node, const struct fact *fact,
                              size_t *n_out)
{
        const struct service *service = &fact->u.service;
        struct self self = {.node = node};
        size_t n = service->load_balancer ? service->n_status : 0;
        struct want **wants = xcalloc(n + 1, sizeof(*wants));
        for (size_t i = 0; i < n; i++)
                wants[i] = want_of(plan, &self, fact, service->status_ips[i]);
        if (n == 0) {
                wants[0] = want_new((struct ip){{0}});
                wants[0]->l2.reason = wants[0]->bgp_reason = REASON_NO_ADDRESS;
                wants[0]->l2.message = wants[0]->bgp_message = reason_sentence(REASON_NO_ADDRESS);
        }
        *n_out = n > 0 ? n : 1;
        return wants;
}

/* The message for all addresses: the one of the address that was chosen to speak for them, and each other
 * one's that differs. */
static const char *joined_message(const struct planned *plan, struct want **wants, size_t n,
                                  const struct want *chosen, bool l2)
{
        const char *spoken = l2 ? chosen->l2.message : chosen->bgp_message, *out = spoken;
        char buf[IP_STRLEN];
        for (size_t i = 0; i < n; i++) {
                const char *message = l2 ? wants[i]->l2.message : wants[i]->bgp_message;
                enum reason reason = l2 ? wants[i]->l2.reason : wants[i]->bgp_reason;
                if (strcmp(message, spoken) != 0)
                        out = arena_printf(plan->arena, "%s Not %s (%s): %s", out, ip_str(wants[i]->ip, buf),
                                           reason_name(reason), message);
        }
        return out;
}

/* One node's part: the routes of all addresses; of layer 2 the first address that it is a candidate for, for
 * all addresses of a service have the same advertisements and, per family, the same endpoints. */
static struct json_object *node_json(const struct planned *plan, const struct fact *node,
                                     const struct fact *fact)
{
        struct json_object *out = json_object_new_object(), *bgp = json_object_new_array();
        size_t n;
        struct want **wants = wants_of(plan, node->ref.name, fact, &n);
        const struct want *l2 = wants[0], *announced = wants[0];
        for (size_t i = 0; i < n; i++) {
                if (!l2->l2.candidate && wants[i]->l2.candidate)
                        l2 = wants[i];
                if (announced->n_routes == 0 && wants[i]->n_routes > 0)
                        announced = wants[i];
                for (size_t j = 0; j < wants[i]->n_routes; j++)
                        json_object_array_add(bgp, bgp_json(&wants[i]->routes[j]));
        }
        json_object_array_sort(bgp, route_json_cmp);
        json_object_object_add(out, "node", text_json(node->ref.name));
        json_object_object_add(out, "l2", l2_json(l2, joined_message(plan, wants, n, l2, true)));
        json_object_object_add(out, "bgp", bgp);
        json_object_object_add(out, "bgpReason", text_json(reason_name(announced->bgp_reason)));
        json_object_object_add(out, "bgpMessage",
                               text_json(joined_message(plan, wants, n, announced, false)));
        for (size_t i = 0; i < n; i++)
                want_free(wants[i]);
        free(wants);
        return out;
}

/* Where no node announces an address of the service: why, over all nodes. */
static void add_unannounced(struct json_object *out, const struct planned *plan, const struct fact *fact, size_t n)
{
        struct announced announced = plan_announced(plan->store, plan->config, fact, fact->u.service.status_ips, n,
                                                    plan->arena);
        if (n == 0 || announced.all || announced.reason == REASON_NONE)
                return;
        struct json_object *why = json_object_new_object();
        json_object_object_add(why, "reason", text_json(reason_name(announced.reason)));
        json_object_object_add(why, "message", text_json(announced.message));
        json_object_object_add(out, "unannounced", why);
}

static struct json_object *service_json(const struct planned *plan, const struct fact *fact)
{
        struct json_object *out = json_object_new_object(), *ips = json_object_new_array(),
                           *nodes = json_object_new_array();
        const struct service *service = &fact->u.service;
        size_t n = service->load_balancer ? service->n_status : 0;
        const struct pool *pool = n > 0 ? config_pool_of(plan->config, service->status_ips[0]) : NULL;
        enum reason reason = REASON_NONE;
        const char *message;
        char buf[IP_STRLEN];
        if (!lead_verdict(plan->lead, &fact->ref, &reason, &message)) {
                ipam_ours(plan->config, service, &reason);
                message = reason_sentence(reason);
        }
        for (size_t i = 0; i < n; i++)
                json_object_array_add(ips, text_json(ip_str(service->status_ips[i], buf)));
        for (size_t i = 0; i < plan->n_nodes; i++)
                json_object_array_add(nodes, node_json(plan, plan->nodes[i], fact));
        json_object_object_add(out, "namespace", text_json(fact->ref.namespace));
        json_object_object_add(out, "name", text_json(fact->ref.name));
        json_object_object_add(out, "ips", ips);
        json_object_object_add(out, "pool", text_json(pool ? pool->ref.name : NULL));
        json_object_object_add(out, "allocated", json_object_new_boolean(reason == REASON_ALLOCATED));
        json_object_object_add(out, "reason", text_json(reason_name(reason)));
        json_object_object_add(out, "message", text_json(message));
        if (plan->for_people)
                add_unannounced(out, plan, fact, n);
        json_object_object_add(out, "nodes", nodes);
        return out;
}

static struct json_object *services_json(const struct planned *plan)
{
        struct json_object *out = json_object_new_array();
        for (size_t i = 0; i < plan->n_services; i++)
                json_object_array_add(out, service_json(plan, plan->services[i]));
        return out;
}

static int64_t available(const struct pool *pool, enum ip_family family, int64_t assigned)
{
        int64_t size = pool->valid ? ipam_pool_size(pool, family) : 0;
        if (size == INT64_MAX)
                return size;
        return size > assigned ? size - assigned : 0;
}

static struct json_object *pools_json(const struct planned *plan)
{
        struct json_object *out = json_object_new_array();
        const struct config *config = plan->config;
        int64_t(*assigned)[2] = xcalloc(config->n_pools + 1, sizeof(*assigned));
        struct store_cursor cursor = {0};
        struct ip ip;
        while (store_next_address(plan->store, &ip, &cursor)) {
                struct holding holding;
                ipam_holding(plan->store, config, ip, plan->arena, &holding);
                if (holding.n_holders > 0)
                        assigned[holding.pool - config->pools][ip_family(ip) == IP_V6]++;
        }
        for (size_t i = 0; i < config->n_pools; i++) {
                const struct pool *pool = &config->pools[i];
                struct json_object *row = json_object_new_object();
                json_object_object_add(row, "name", text_json(pool->ref.name));
                json_object_object_add(row, "assignedIPv4", json_object_new_int64(assigned[i][0]));
                json_object_object_add(row, "assignedIPv6", json_object_new_int64(assigned[i][1]));
                json_object_object_add(row, "availableIPv4",
                                       json_object_new_int64(available(pool, IP_V4, assigned[i][0])));
                json_object_object_add(row, "availableIPv6",
                                       json_object_new_int64(available(pool, IP_V6, assigned[i][1])));
                json_object_array_add(out, row);
        }
        free(assigned);
        return out;
}

static int verdict_json_cmp(const void *a, const void *b)
{
        static const char *const keys[] = {"kind", "namespace", "name", "reason", "message"};
        struct json_object *x = *(struct json_object *const *)a, *y = *(struct json_object *const *)b;
        int cmp = 0;
        for (size_t i = 0; cmp == 0 && i < sizeof(keys) / sizeof(keys[0]); i++)
                cmp = strcmp(json_string_at(x, keys[i]), json_string_at(y, keys[i]));
        return cmp;
}

static int by_object(const void *a, const void *b)
{
        const struct verdict *x = *(const struct verdict *const *)a, *y = *(const struct verdict *const *)b;
        uintptr_t p = (uintptr_t)x->ref.name, q = (uintptr_t)y->ref.name; /* an object's own, see check.h */
        return p != q ? (p > q) - (p < q) : (x > y) - (x < y);
}

/* All that was found about one object, of which there is at least one; *i becomes the next object's. */
static struct json_object *verdicts_json(const struct planned *plan, const struct verdict **v, size_t n,
                                         size_t *i)
{
        const struct verdict *first = v[*i];
        const char *message = first->message;
        for ((*i)++; *i < n && check_same_object(first, v[*i]); (*i)++)
                message = arena_printf(plan->arena, "%s; %s", message, v[*i]->message);
        return plan_object_json(first->kind, &first->ref, first->valid, first->reason, message);
}

static struct json_object *objects_json(const struct planned *plan)
{
        struct json_object *out = json_object_get(plan->refused);
        size_t n = plan->config->n_verdicts;
        const struct verdict **v = xcalloc(n + 1, sizeof(*v));
        for (size_t i = 0; i < n; i++)
                v[i] = &plan->config->verdicts[i];
        qsort(v, n, sizeof(*v), by_object);
        for (size_t i = 0; i < n;)
                json_object_array_add(out, verdicts_json(plan, v, n, &i));
        free(v);
        json_object_array_sort(out, verdict_json_cmp);
        return out;
}

struct json_object *plan_json(const struct planned *plan)
{
        struct json_object *out = json_object_new_object();
        json_object_object_add(out, "services", services_json(plan));
        json_object_object_add(out, "pools", pools_json(plan));
        json_object_object_add(out, "objects", objects_json(plan));
        return out;
}
