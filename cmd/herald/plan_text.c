#include "plan_text.h"
#include "json/json.h"
#include <stdio.h>

static void print_node(struct json_object *node)
{
        struct json_object *l2 = json_object_at(node, "l2"), *bgp = json_array_at(node, "bgp");
        printf("  node %s\n", json_string_at(node, "node"));
        if (json_object_get_boolean(json_object_object_get(l2, "candidate"))) {
                printf("    layer 2: preference %d, interfaces", (int)json_int_at(l2, "rank"));
                for (size_t i = 0; i < json_count(json_array_at(l2, "interfaces")); i++)
                        printf(" %s", json_string(json_item(json_array_at(l2, "interfaces"), i)));
                putchar('\n');
        } else {
                printf("    layer 2: no, %s: %s\n", json_string_at(l2, "reason"),
                       json_string_at(l2, "message"));
        }
        if (json_count(bgp) == 0)
                printf("    BGP: no, %s: %s\n", json_string_at(node, "bgpReason"),
                       json_string_at(node, "bgpMessage"));
        for (size_t i = 0; i < json_count(bgp); i++)
                printf("    BGP: %s to peer %s\n", json_string_at(json_item(bgp, i), "prefix"),
                       json_string_at(json_item(bgp, i), "peer"));
}

void plan_text(struct json_object *plan)
{
        struct json_object *services = json_array_at(plan, "services"), *pools = json_array_at(plan, "pools"),
                           *objects = json_array_at(plan, "objects");
        for (size_t i = 0; i < json_count(services); i++) {
                struct json_object *service = json_item(services, i), *ips = json_array_at(service, "ips"),
                                   *nodes = json_array_at(service, "nodes");
                printf("service %s/%s:", json_string_at(service, "namespace"),
                       json_string_at(service, "name"));
                for (size_t j = 0; j < json_count(ips); j++)
                        printf(" %s", json_string(json_item(ips, j)));
                if (!json_object_get_boolean(json_object_object_get(service, "allocated")))
                        printf(" %s: %s", json_string_at(service, "reason"),
                               json_string_at(service, "message"));
                putchar('\n');
                for (size_t j = 0; json_count(ips) > 0 && j < json_count(nodes); j++)
                        print_node(json_item(nodes, j));
        }
        for (size_t i = 0; i < json_count(pools); i++) {
                struct json_object *pool = json_item(pools, i);
                printf("pool %s: IPv4 %lld used, %lld free; IPv6 %lld used, %lld free\n",
                       json_string_at(pool, "name"), (long long)json_int_at(pool, "assignedIPv4"),
                       (long long)json_int_at(pool, "availableIPv4"),
                       (long long)json_int_at(pool, "assignedIPv6"),
                       (long long)json_int_at(pool, "availableIPv6"));
        }
        for (size_t i = 0; i < json_count(objects); i++) {
                struct json_object *object = json_item(objects, i);
                if (!json_object_get_boolean(json_object_object_get(object, "valid")))
                        printf("refused: %s %s/%s: %s: %s\n", json_string_at(object, "kind"),
                               json_string_at(object, "namespace"), json_string_at(object, "name"),
                               json_string_at(object, "reason"), json_string_at(object, "message"));
        }
}
