/*
 * Kubernetes objects to facts.
 *
 * Field meanings: the API's own types (core/v1, discovery/v1); annotations as MetalLB reads them, under three
 * prefixes. Endpoint conditions: ready defaults to true; serving defaults to ready; terminating to false
 * (KEP-1672). Only the first address of an endpoint counts (discovery/v1). Everything here takes any tree of
 * any types.
 */
#include "k8s/decode_service.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/value.h"
#include "json/json.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const prefixes[] = {ANNOTATION_PREFIX, "metallb.io/", "metallb.universe.tf/"};

struct json_object *decode_annotation_value(struct json_object *obj, const char *name)
{
        struct json_object *all = json_object_at(json_object_at(obj, "metadata"), "annotations");
        for (size_t i = 0; all && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
                char key[128];
                struct json_object *value = NULL;
                snprintf(key, sizeof(key), "%s%s", prefixes[i], name);
                if (json_object_object_get_ex(all, key, &value))
                        return value;
        }
        return NULL;
}

const char *decode_annotation(struct json_object *obj, const char *name)
{
        return json_string(decode_annotation_value(obj, name));
}

/* ---- which object ---- */

static const struct {
        enum kind kind;
        const char *group;
        const char *version; /* NULL: any */
        bool namespaced;
} kinds[] = {
        {KIND_SERVICE, "", "v1", true},
        {KIND_ENDPOINTSLICE, "discovery.k8s.io", "v1", true},
        {KIND_NODE, "", "v1", false},
        {KIND_NAMESPACE, "", "v1", false},
        {KIND_CONFIGMAP, "", "v1", true},
        {KIND_SECRET, "", "v1", true},
        {KIND_POD, "", "v1", true},
        {KIND_DAEMONSET, "apps", "v1", true},
        {KIND_NODESTATE, "heraldlb.io", NULL, false},
        {KIND_SETTINGS, "heraldlb.io", NULL, true},
        {KIND_IPADDRESSPOOL, "heraldlb.io", NULL, true},
        {KIND_IPADDRESSPOOL, "metallb.io", NULL, true},
        {KIND_BGPPEER, "heraldlb.io", NULL, true},
        {KIND_BGPPEER, "metallb.io", NULL, true},
        {KIND_BGPADVERTISEMENT, "heraldlb.io", NULL, true},
        {KIND_BGPADVERTISEMENT, "metallb.io", NULL, true},
        {KIND_L2ADVERTISEMENT, "heraldlb.io", NULL, true},
        {KIND_L2ADVERTISEMENT, "metallb.io", NULL, true},
};

/* "group/version", or "version" for the core group. */
static bool api_is(const char *api, const char *group, const char *version)
{
        size_t n = strlen(group);
        if (n == 0)
                return version ? strcmp(api, version) == 0 : !strchr(api, '/');
        if (strncmp(api, group, n) != 0 || api[n] != '/')
                return false;
        return !version || strcmp(api + n + 1, version) == 0;
}

bool decode_ref(struct json_object *obj, struct ref *ref, const char **why)
{
        const char *api = json_string_at(obj, "apiVersion");
        const char *kind_text = json_string_at(obj, "kind");
        if (!api || !kind_text) {
                *why = "apiVersion or kind is missing";
                return false;
        }
        enum kind kind = kind_parse(kind_text);
        size_t i = 0, n = sizeof(kinds) / sizeof(kinds[0]);
        while (i < n && !(kinds[i].kind == kind && api_is(api, kinds[i].group, kinds[i].version)))
                i++;
        if (i == n) {
                *why = "apiVersion and kind name nothing that is used here";
                return false;
        }
        struct json_object *meta = json_object_at(obj, "metadata");
        const char *name = json_string_at(meta, "name");
        if (!name || !name_is_valid(name)) {
                *why = "metadata.name is missing or is no name";
                return false;
        }
        const char *space = kinds[i].namespaced ? json_string_at(meta, "namespace") : NULL;
        if (space && *space && !name_is_valid(space)) {
                *why = "metadata.namespace is no name";
                return false;
        }
        const char *uid = json_string_at(meta, "uid");
        const char *rv = json_string_at(meta, "resourceVersion");
        *ref = (struct ref){kind, kinds[i].group, "", name, uid ? uid : "", rv ? rv : ""};
        if (kinds[i].namespaced)
                ref->namespace = space && *space ? space : "default";
        return true;
}

/* ---- what all kinds have ---- */

struct labels decode_labels(struct arena *arena, struct json_object *map)
{
        struct labels out = {0};
        if (!map || !json_object_is_type(map, json_type_object))
                return out;
        out.v = arena_array(arena, (size_t)json_object_object_length(map) + 1, sizeof(out.v[0]));
        json_object_object_foreach(map, key, value)
        {
                const char *text = json_string(value);
                if (text)
                        out.v[out.n++] = (struct label){arena_strdup(arena, key), arena_strdup(arena, text)};
        }
        labels_sort(&out);
        return out;
}

static struct fact *decode_common(struct json_object *obj, const struct ref *ref)
{
        struct fact *fact = fact_new(ref->kind);
        struct json_object *meta = json_object_at(obj, "metadata");
        fact->ref.group = arena_strdup(fact->arena, ref->group);
        fact->ref.namespace = arena_strdup(fact->arena, ref->namespace);
        fact->ref.name = arena_strdup(fact->arena, ref->name);
        fact->ref.uid = arena_strdup(fact->arena, ref->uid);
        fact->ref.rv = arena_strdup(fact->arena, ref->rv);
        fact->labels = decode_labels(fact->arena, json_object_at(meta, "labels"));
        const char *created = json_string_at(meta, "creationTimestamp");
        if (!created || !wall_parse(created, &fact->created))
                fact->created = 0;
        return fact;
}

const char *decode_text(struct arena *arena, const char *text)
{
        return text && *text ? arena_strdup(arena, text) : NULL;
}

enum ip_family decode_family(const char *name)
{
        if (!name)
                return IP_NONE;
        return strcmp(name, "IPv4") == 0 ? IP_V4 : strcmp(name, "IPv6") == 0 ? IP_V6 : IP_NONE;
}

/* ---- EndpointSlice ---- */

static bool decode_endpoint(struct arena *arena, struct json_object *obj, enum ip_family family,
                            struct endpoint *out)
{
        struct json_object *conditions = json_object_at(obj, "conditions");
        const char *addr = json_string(json_item(json_array_at(obj, "addresses"), 0));
        if (!addr || !ip_parse(addr, &out->ip) || ip_family(out->ip) != family)
                return false;
        out->node = decode_text(arena, json_string_at(obj, "nodeName"));
        if (!json_bool_at(conditions, "ready", &out->ready))
                out->ready = true;
        if (!json_bool_at(conditions, "serving", &out->serving))
                out->serving = out->ready;
        if (!json_bool_at(conditions, "terminating", &out->terminating))
                out->terminating = false;
        return true;
}

static bool decode_slice(struct fact *fact, struct json_object *obj, const char **why)
{
        struct endpoint_slice *slice = &fact->u.slice;
        const char *service = labels_get(&fact->labels, "kubernetes.io/service-name");
        const char *type = json_string_at(obj, "addressType");
        enum ip_family family = decode_family(type);
        struct json_object *endpoints = json_array_at(obj, "endpoints");
        if (!service || !*service) {
                *why = "the label kubernetes.io/service-name is missing";
                return false;
        }
        if (!type || !*type) {
                *why = "addressType is missing";
                return false;
        }
        slice->service = service;
        slice->v = arena_array(fact->arena, json_count(endpoints) + 1, sizeof(slice->v[0]));
        for (size_t i = 0; family != IP_NONE && i < json_count(endpoints); i++) { /* FQDN: none that counts */
                if (decode_endpoint(fact->arena, json_item(endpoints, i), family, &slice->v[slice->n]))
                        slice->n++;
        }
        return true;
}

/* ---- Node ---- */

static enum reason leaving_taint(struct json_object *spec)
{
        struct json_object *taints = json_array_at(spec, "taints");
        for (size_t i = 0; i < json_count(taints); i++) {
                const char *key = json_string_at(json_item(taints, i), "key");
                if (key && strcmp(key, "ToBeDeletedByClusterAutoscaler") == 0)
                        return REASON_NODE_TO_BE_DELETED;
                if (key && strcmp(key, "node.kubernetes.io/out-of-service") == 0)
                        return REASON_NODE_OUT_OF_SERVICE;
        }
        return REASON_NONE;
}

/* What a kubelet says that holds up a shutdown until its pods have ended (KEP-2000, kubelet's nodeshutdown and
 * nodestatus): Ready is False for KubeletNotReady, and among what is wrong is this sentence. */
static bool shuts_down(struct json_object *ready)
{
        const char *reason = json_string_at(ready, "reason"), *message = json_string_at(ready, "message");
        return reason && message && strcmp(reason, "KubeletNotReady") == 0 &&
               strstr(message, "node is shutting down");
}

static void decode_addresses(struct node *node, struct json_object *list)
{
        for (size_t i = 0; i < json_count(list) && node->n_addresses < 2; i++) {
                const char *type = json_string_at(json_item(list, i), "type");
                const char *address = json_string_at(json_item(list, i), "address");
                struct ip ip;
                if (!type || !address || strcmp(type, "InternalIP") != 0 || !ip_parse(address, &ip))
                        continue;
                if (node->n_addresses == 0 || ip_family(node->addresses[0]) != ip_family(ip))
                        node->addresses[node->n_addresses++] = ip;
        }
}

static void decode_node(struct fact *fact, struct json_object *obj)
{
        struct node *node = &fact->u.node;
        struct json_object *conditions = json_array_at(json_object_at(obj, "status"), "conditions");
        node->excluded = labels_get(&fact->labels, "node.kubernetes.io/exclude-from-external-load-balancers");
        node->leaving = json_string_at(json_object_at(obj, "metadata"), "deletionTimestamp")
                                ? REASON_NODE_LEAVING
                                : leaving_taint(json_object_at(obj, "spec"));
        json_bool_at(json_object_at(obj, "spec"), "unschedulable", &node->cordoned);
        node->ready = true;
        decode_addresses(node, json_array_at(json_object_at(obj, "status"), "addresses"));
        for (size_t i = 0; i < json_count(conditions); i++) {
                const char *type = json_string_at(json_item(conditions, i), "type");
                const char *status = json_string_at(json_item(conditions, i), "status");
                bool is_true = status && strcmp(status, "True") == 0;
                if (type && strcmp(type, "Ready") == 0) {
                        node->ready = is_true;
                        if (!is_true && node->leaving == REASON_NONE && shuts_down(json_item(conditions, i)))
                                node->leaving = REASON_NODE_SHUTTING_DOWN;
                } else if (type && strcmp(type, "NetworkUnavailable") == 0) {
                        node->network_down = is_true;
                }
        }
}

struct fact *decode_fact(struct json_object *obj, const char **why)
{
        struct ref ref;
        if (!decode_ref(obj, &ref, why))
                return NULL;
        if (ref.kind != KIND_SERVICE && ref.kind != KIND_ENDPOINTSLICE && ref.kind != KIND_NODE &&
            ref.kind != KIND_NAMESPACE) {
                *why = "this kind is no fact that is planned with";
                return NULL;
        }
        struct fact *fact = decode_common(obj, &ref);
        if (ref.kind == KIND_SERVICE) {
                decode_service(fact, obj);
        } else if (ref.kind == KIND_NODE) {
                decode_node(fact, obj);
        } else if (ref.kind == KIND_ENDPOINTSLICE && !decode_slice(fact, obj, why)) {
                fact_free(fact);
                return NULL;
        }
        return fact_pack(fact);
}
