#include "status_print.h"
#include "base/arena.h"
#include "json/json.h"
#include "say.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_at(struct json_object *o, const char *key)
{
        const char *text = json_string_at(o, key);

        return text ? text : "";
}

static bool is_set(struct json_object *o, const char *key)
{
        bool value = false;

        return json_bool_at(o, key, &value) && value;
}

static void number_cell(struct json_object *o, const char *key, int width)
{
        char text[32] = "-"; /* nobody counted */

        if (json_at(o, key))
                snprintf(text, sizeof(text), "%lld", (long long)json_int_at(o, key));
        say_cell(text, width);
}

static void print_node(struct json_object *node)
{
        struct json_object *status = json_object_at(node, "status");
        int64_t ago = json_int_at(node, "reportedSecondsAgo");
        char text[48];

        say_cell(text_at(node, "name"), 24);
        say_cell(is_set(status, "leader") ? "yes" : "", 8);
        say_cell(text_at(status, "version"), 12);
        snprintf(text, sizeof(text), "%llds ago%s", (long long)(ago > 0 ? ago : 0), is_set(node, "fresh") ? "" : "!");
        say_cell(text, 14);
        say_cell(text_at(status, "sessions"), 8);
        number_cell(json_object_at(status, "layer2"), "total", 10);
        number_cell(json_object_at(status, "announced"), "bgp", 8);
        number_cell(status, "configErrorsTotal", 0);
        putchar('\n');
}

static void print_nodes(struct json_object *nodes)
{
        printf("%-24s%-8s%-12s%-14s%-8s%-10s%-8s%s\n", "NODE", "LEADER", "VERSION", "REPORTED", "PEERS", "OWNED",
               "BGP", "ERRORS");
        for (size_t i = 0; i < json_count(nodes); i++)
                print_node(json_item(nodes, i));
}

static void print_sessions(struct json_object *node)
{
        struct json_object *peers = json_array_at(json_object_at(node, "status"), "peers");

        for (size_t i = 0; i < json_count(peers); i++) {
                struct json_object *peer = json_item(peers, i);

                say_cell(text_at(node, "name"), 24);
                say_cell(text_at(peer, "name"), 20);
                say_cell(text_at(peer, "address"), 28);
                say_cell(text_at(peer, "state"), 13);
                say_cell(text_at(peer, "since"), 22);
                number_cell(peer, "prefixesSent", 0);
                putchar('\n');
        }
}

static void print_owned(struct json_object *node)
{
        struct json_object *layer2 = json_object_at(json_object_at(node, "status"), "layer2");
        struct json_object *list = json_array_at(layer2, "addresses");
        int64_t more = json_int_at(layer2, "total") - (int64_t)json_count(list);

        for (size_t i = 0; i < json_count(list); i++) {
                say_cell(text_at(node, "name"), 24);
                say_cell(text_at(json_item(list, i), "address"), 28);
                say(text_at(json_item(list, i), "interface"), NULL);
                putchar('\n');
        }
        if (more > 0)
                printf("%-24sand %lld more\n", "", (long long)more);
}

/* With a head, where there is anything. */
static void print_of_nodes(struct json_object *nodes, const char *part, const char *head,
                           void (*print)(struct json_object *node))
{
        bool any = false;

        for (size_t i = 0; i < json_count(nodes); i++) {
                struct json_object *status = json_object_at(json_item(nodes, i), "status");
                struct json_object *list = json_at(status, part);

                if (json_object_is_type(list, json_type_object))
                        list = json_array_at(list, "addresses");
                if (json_count(list) > 0 && !any)
                        printf("\n%s\n", head);
                any |= json_count(list) > 0;
                print(json_item(nodes, i));
        }
}

static void print_pools(struct json_object *pools)
{
        if (json_count(pools) > 0)
                printf("\n%-24s%-12s%-12s%-12s%s\n", "POOL", "IPV4 USED", "FREE", "IPV6 USED", "FREE");
        for (size_t i = 0; i < json_count(pools); i++) {
                struct json_object *pool = json_item(pools, i);

                say_cell(text_at(pool, "name"), 24);
                number_cell(pool, "assignedIPv4", 12);
                number_cell(pool, "availableIPv4", 12);
                number_cell(pool, "assignedIPv6", 12);
                number_cell(pool, "availableIPv6", 0);
                putchar('\n');
        }
}

void status_print(struct json_object *document)
{
        struct json_object *nodes = json_array_at(document, "nodes"), *problems = json_array_at(document, "problems");

        if (json_count(nodes) > 0)
                print_nodes(nodes);
        print_of_nodes(nodes, "peers",
                       "NODE                    PEER                ADDRESS                     STATE        SINCE   "
                       "              PREFIXES",
                       print_sessions);
        print_of_nodes(nodes, "layer2", "NODE                    ANSWERS FOR                 INTERFACE", print_owned);
        print_pools(json_array_at(document, "pools"));
        puts(json_count(problems) > 0 ? "\nWhat is wrong:" : "\nAll is well.");
        for (size_t i = 0; i < json_count(problems); i++) {
                say("  ", json_string(json_item(problems, i)), NULL);
                putchar('\n');
        }
}
