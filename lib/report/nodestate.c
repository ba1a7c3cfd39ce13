#include "report/nodestate.h"
#include "base/clock.h"
#include "base/text.h"
#include "json/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct json_object *to, const char *key, const char *text)
{
        json_object_object_add(to, key, json_object_new_string(text));
}

static void put_sentence(struct json_object *to, const char *key, const char *text)
{
        char *cut = text_cut(text, NODESTATE_TEXT);

        put(to, key, cut);
        free(cut);
}

static void put_number(struct json_object *to, const char *key, size_t n)
{
        json_object_object_add(to, key, json_object_new_int64((int64_t)n));
}

static void put_time(struct json_object *to, const char *key, int64_t usec)
{
        char text[WALL_STRLEN];

        put(to, key, wall_str_seconds(usec, text));
}

static void put_ip(struct json_object *to, const char *key, struct ip ip)
{
        char text[IP_STRLEN];

        put(to, key, ip_str(ip, text));
}

static size_t at_most(size_t n, size_t max)
{
        return n < max ? n : max;
}

/* ---- parts of the status ---- */

static struct json_object *peers_of(const struct node_state *s, bool counted)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < at_most(s->n_peers, NODESTATE_PEERS); i++) {
                const struct node_peer *peer = &s->peers[i];
                struct json_object *o = json_object_new_object();

                put(o, "name", peer->name);
                put_ip(o, "address", peer->address);
                put(o, "state", peer->established ? "Established" : "Down");
                put_time(o, "since", peer->since);
                if (counted)
                        put_number(o, "prefixesSent", peer->prefixes_sent);
                if (*peer->last_error)
                        put_sentence(o, "lastError", peer->last_error);
                json_object_array_add(list, o);
        }
        return list;
}

static struct json_object *layer2_of(const struct node_state *s)
{
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();

        for (size_t i = 0; i < at_most(s->n_addresses, NODESTATE_ADDRESSES); i++) {
                struct json_object *item = json_object_new_object();

                put_ip(item, "address", s->addresses[i].ip);
                put_sentence(item, "interface", s->addresses[i].interface);
                json_object_array_add(list, item);
        }
        put_number(o, "total", s->n_addresses);
        json_object_object_add(o, "addresses", list);
        return o;
}

static struct json_object *interface_of(const struct node_interface *interface)
{
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        const uint8_t *m = interface->mac;
        char mac[18], ip[IP_STRLEN];

        snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
        put_sentence(o, "name", interface->name);
        json_object_object_add(o, "index", json_object_new_int(interface->index));
        put(o, "mac", mac);
        json_object_object_add(o, "up", json_object_new_boolean(interface->up));
        for (size_t i = 0; i < at_most(interface->n_addresses, NODESTATE_INTERFACE_ADDRESSES); i++)
                json_object_array_add(list, json_object_new_string(ip_str(interface->addresses[i], ip)));
        json_object_object_add(o, "addresses", list);
        return o;
}

static struct json_object *interfaces_of(const struct node_state *s)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < at_most(s->n_interfaces, NODESTATE_INTERFACES); i++)
                json_object_array_add(list, interface_of(&s->interfaces[i]));
        return list;
}

static struct json_object *errors_of(const struct node_state *s)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < at_most(s->n_verdicts, NODESTATE_ERRORS); i++) {
                const struct verdict *v = s->verdicts[i];
                struct json_object *o = json_object_new_object();

                put_sentence(o, "group", v->ref.group);
                put_sentence(o, "kind", v->kind);
                put_sentence(o, "namespace", v->ref.namespace);
                put_sentence(o, "name", v->ref.name);
                put(o, "reason", reason_name(v->reason));
                put_sentence(o, "message", v->message);
                json_object_array_add(list, o);
        }
        return list;
}

enum reason node_state_reason(const struct node_state *s)
{
        if (!s->synced)
                return REASON_NOT_SYNCED;
        return s->foreign ? REASON_FOREIGN_CONTROLLER : REASON_SYNCED;
}

static struct json_object *condition(const char *type, bool is, enum reason reason, const char *message, int64_t since)
{
        struct json_object *o = json_object_new_object();

        put(o, "type", type);
        put(o, "status", is ? "True" : "False");
        put_time(o, "lastTransitionTime", since);
        put(o, "reason", reason_name(reason));
        put_sentence(o, "message", *message ? message : reason_sentence(reason));
        return o;
}

static struct json_object *conditions_of(const struct node_state *s)
{
        struct json_object *list = json_object_new_array();
        enum reason ready = node_state_reason(s), synced = s->synced ? REASON_SYNCED : REASON_NOT_SYNCED;

        json_object_array_add(list, condition("Ready", ready == REASON_SYNCED, ready,
                                              ready == REASON_NOT_SYNCED ? s->missing : "", s->ready_since));
        json_object_array_add(list, condition("Synced", s->synced, synced, s->synced ? "" : s->missing,
                                              s->synced_since));
        return list;
}

static void put_sessions(struct json_object *to, const struct node_state *s)
{
        char text[48];
        size_t established = 0;

        for (size_t i = 0; i < s->n_peers; i++)
                established += s->peers[i].established;
        snprintf(text, sizeof(text), "%zu/%zu", established, s->n_peers);
        put(to, "sessions", text);
}

static struct json_object *status_of(const struct node_state *s, bool counted, int64_t reported)
{
        struct json_object *o = json_object_new_object(), *announced = json_object_new_object();

        put(o, "version", s->version);
        put(o, "bootID", s->boot_id);
        put_time(o, "startedAt", s->started);
        put_time(o, "reportedAt", reported);
        put_sentence(o, "apiServer", s->api_server);
        json_object_object_add(o, "leader", json_object_new_boolean(s->leader));
        if (s->foreign)
                json_object_object_add(o, "foreignController", json_object_new_boolean(true));
        json_object_object_add(o, "conditions", conditions_of(s));
        put_sessions(o, s);
        json_object_object_add(o, "peers", peers_of(s, counted));
        json_object_object_add(o, "layer2", layer2_of(s));
        if (counted) {
                put_number(announced, "bgp", s->announced_bgp);
                put_number(announced, "layer2", s->announced_l2);
        }
        json_object_object_add(o, "announced", announced);
        put_number(o, "interfacesTotal", s->n_interfaces);
        json_object_object_add(o, "interfaces", interfaces_of(s));
        put_number(o, "configErrorsTotal", s->n_verdicts);
        json_object_object_add(o, "configErrors", errors_of(s));
        return o;
}

/* ---- the object ---- */

/* With its Node it goes, by garbage collection. */
static struct json_object *owner_of(const struct node_state *s)
{
        struct json_object *list = json_object_new_array(), *o = json_object_new_object();

        put(o, "apiVersion", "v1");
        put(o, "kind", "Node");
        put(o, "name", s->node);
        put(o, "uid", s->uid);
        json_object_array_add(list, o);
        return list;
}

char *node_state_text(const struct node_state *s, bool counted, int64_t reported)
{
        struct json_object *o = json_object_new_object(), *meta = json_object_new_object();
        char *text;

        put(o, "apiVersion", "heraldlb.io/v1alpha1");
        put(o, "kind", kind_name(KIND_NODESTATE));
        put(meta, "name", s->node);
        json_object_object_add(meta, "ownerReferences", owner_of(s));
        json_object_object_add(o, "metadata", meta);
        json_object_object_add(o, "status", status_of(s, counted, reported));
        text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
        if (!text)
                abort();
        return text;
}
