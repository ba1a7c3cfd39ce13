#include "plan_text.h"
#include "model/reason.h"
#include "json/json.h"
#include "say.h"
#include <stdio.h>
#include <string.h>

static const char *text_at(struct json_object *object, const char *key)
{
        const char *text = json_string_at(object, key);
        return text ? text : "";
}

static bool is_set(struct json_object *object, const char *key)
{
        bool value = false;
        return json_bool_at(object, key, &value) && value;
}

static void say_all(struct json_object *list)
{
        for (size_t i = 0; i < json_count(list); i++) {
                const char *text = json_string(json_item(list, i));
                say(" ", text ? text : "", NULL);
        }
}

/* What the message says beyond the reason's sentence: an address of the service for which the answer is no.
 */
static void print_more(const char *head, const char *message, enum reason reason)
{
        const char *sentence = reason_sentence(reason);
        size_t len = strlen(sentence);
        if (strncmp(message, sentence, len) != 0 || message[len] == 0)
                return;
        say(head, message + len, NULL);
        putchar('\n');
}

static void print_node(struct json_object *node)
{
        struct json_object *l2 = json_object_at(node, "l2"), *bgp = json_array_at(node, "bgp");
        say("  node ", text_at(node, "node"), NULL);
        putchar('\n');
        if (is_set(l2, "candidate")) {
                printf("    layer 2: preference %d, interfaces", (int)json_int_at(l2, "rank"));
                say_all(json_array_at(l2, "interfaces"));
        } else {
                say("    layer 2: no, ", text_at(l2, "reason"), ": ", text_at(l2, "message"), NULL);
        }
        putchar('\n');
        if (is_set(l2, "candidate"))
                print_more("    layer 2:", text_at(l2, "message"), REASON_CANDIDATE);
        if (json_count(bgp) == 0) {
                say("    BGP: no, ", text_at(node, "bgpReason"), ": ", text_at(node, "bgpMessage"), NULL);
                putchar('\n');
        }
        for (size_t i = 0; i < json_count(bgp); i++) {
                struct json_object *route = json_item(bgp, i);
                say("    BGP: ", text_at(route, "prefix"), " to peer ", text_at(route, "peer"), NULL);
                putchar('\n');
        }
        if (json_count(bgp) > 0)
                print_more("    BGP:", text_at(node, "bgpMessage"), REASON_ANNOUNCED);
}

static void print_service(struct json_object *service)
{
        struct json_object *ips = json_array_at(service, "ips"), *nodes = json_array_at(service, "nodes"),
                           *why = json_object_at(service, "unannounced");
        say("service ", text_at(service, "namespace"), "/", text_at(service, "name"), ":", NULL);
        say_all(ips);
        if (!is_set(service, "allocated"))
                say(" ", text_at(service, "reason"), ": ", text_at(service, "message"), NULL);
        putchar('\n');
        if (why) {
                say("  announced by no node: ", text_at(why, "reason"), ": ", text_at(why, "message"), NULL);
                putchar('\n');
        }
        for (size_t i = 0; json_count(ips) > 0 && i < json_count(nodes); i++)
                print_node(json_item(nodes, i));
}

static void print_pool(struct json_object *pool)
{
        say("pool ", text_at(pool, "name"), NULL);
        printf(": IPv4 %lld used, %lld free; IPv6 %lld used, %lld free\n",
               (long long)json_int_at(pool, "assignedIPv4"), (long long)json_int_at(pool, "availableIPv4"),
               (long long)json_int_at(pool, "assignedIPv6"), (long long)json_int_at(pool, "availableIPv6"));
}

static void print_refused(struct json_object *object)
{
        say("refused: ", text_at(object, "kind"), " ", text_at(object, "namespace"), "/",
            text_at(object, "name"), ": ", text_at(object, "reason"), ": ", text_at(object, "message"), NULL);
        putchar('\n');
}

void plan_text(struct json_object *plan)
{
        struct json_object *services = json_array_at(plan, "services"), *pools = json_array_at(plan, "pools"),
                           *objects = json_array_at(plan, "objects");
        for (size_t i = 0; i < json_count(services); i++)
                print_service(json_item(services, i));
        for (size_t i = 0; i < json_count(pools); i++)
                print_pool(json_item(pools, i));
        for (size_t i = 0; i < json_count(objects); i++)
                if (!is_set(json_item(objects, i), "valid"))
                        print_refused(json_item(objects, i));
}
