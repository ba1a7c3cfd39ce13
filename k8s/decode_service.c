/*
 * A Service: what it is, which addresses it asks for and which its status has.
 */
#include "k8s/decode_service.h"
#include "base/text.h"
#include "json/json.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A pool's name, as it may stand in a sentence: what is changed by that is no pool's name anyway. */
static const char *pool_name(struct arena *arena, const char *text)
{
        char name[254];
        if (!text || !*text)
                return NULL;
        text_printable(name, sizeof(name), text);
        return arena_strdup(arena, name);
}

static void add_family(struct service *svc, enum ip_family family)
{
        if (family == IP_NONE || svc->n_families == 2 || (svc->n_families == 1 && svc->families[0] == family))
                return;
        svc->families[svc->n_families++] = family;
}

static void add_family_of(struct service *svc, const char *cluster_ip)
{
        struct ip ip;
        if (cluster_ip && ip_parse(cluster_ip, &ip))
                add_family(svc, ip_family(ip));
}

/* What the API server would choose for a load balancer from a file that says nothing. */
static void default_families(struct service *svc)
{
        for (size_t i = 0; i < svc->n_requested; i++)
                add_family(svc, ip_family(svc->requested_ips[i]));
        if (svc->n_families == 0)
                add_family(svc, IP_V4);
        if (svc->family_policy != FAMILY_SINGLE)
                add_family(svc, svc->families[0] == IP_V4 ? IP_V6 : IP_V4);
}

static void decode_families(struct service *svc, struct json_object *spec)
{
        struct json_object *ips = json_array_at(spec, "clusterIPs");
        struct json_object *names = json_array_at(spec, "ipFamilies");
        const char *single = json_string_at(spec, "clusterIP");
        const char *first = json_count(ips) ? json_string(json_item(ips, 0)) : single;
        if (first && strcmp(first, "None") == 0)
                return;
        for (size_t i = 0; i < json_count(ips); i++)
                add_family_of(svc, json_string(json_item(ips, i)));
        if (svc->n_families == 0)
                add_family_of(svc, single);
        if (svc->n_families > 0 || (first && *first))
                return;
        for (size_t i = 0; i < json_count(names); i++)
                add_family(svc, decode_family(json_string(json_item(names, i))));
        if (svc->n_families == 0 && svc->load_balancer)
                default_families(svc);
}

static void decode_policies(struct service *svc, struct json_object *spec)
{
        const char *type = json_string_at(spec, "type");
        const char *traffic = json_string_at(spec, "externalTrafficPolicy");
        const char *families = json_string_at(spec, "ipFamilyPolicy");
        svc->load_balancer = type && strcmp(type, "LoadBalancer") == 0;
        svc->policy = traffic && strcmp(traffic, "Local") == 0 ? POLICY_LOCAL : POLICY_CLUSTER;
        if (families && strcmp(families, "PreferDualStack") == 0)
                svc->family_policy = FAMILY_PREFER_DUAL;
        else if (families && strcmp(families, "RequireDualStack") == 0)
                svc->family_policy = FAMILY_REQUIRE_DUAL;
        else
                svc->family_policy = FAMILY_SINGLE;
}

static int port_cmp(const void *a, const void *b)
{
        const struct port *x = a, *y = b;
        if (x->proto != y->proto)
                return x->proto < y->proto ? -1 : 1;
        return (x->port > y->port) - (x->port < y->port);
}

static bool decode_port(struct json_object *obj, struct port *out)
{
        static const struct {
                const char *name;
                enum l4 proto;
        } protos[] = {{"TCP", L4_TCP}, {"UDP", L4_UDP}, {"SCTP", L4_SCTP}};
        int64_t number = json_int_at(obj, "port");
        const char *name = json_string_at(obj, "protocol");
        if (number < 1 || number > UINT16_MAX)
                return false;
        for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++) {
                if (strcmp(name ? name : "TCP", protos[i].name) == 0) {
                        *out = (struct port){protos[i].proto, (uint16_t)number};
                        return true;
                }
        }
        return false;
}

static void decode_ports(struct fact *fact, struct json_object *spec)
{
        struct service *svc = &fact->u.service;
        struct json_object *ports = json_array_at(spec, "ports");
        svc->ports = arena_array(fact->arena, json_count(ports) + 1, sizeof(svc->ports[0]));
        for (size_t i = 0; i < json_count(ports); i++) {
                if (decode_port(json_item(ports, i), &svc->ports[svc->n_ports]))
                        svc->n_ports++;
        }
        qsort(svc->ports, svc->n_ports, sizeof(svc->ports[0]), port_cmp);
}

static const char *decode_pod_selector(struct arena *arena, struct json_object *map)
{
        struct labels labels = decode_labels(arena, map);
        size_t size = 1;
        for (size_t i = 0; i < labels.n; i++)
                size += strlen(labels.v[i].key) + strlen(labels.v[i].value) + 2;
        char *text = arena_alloc(arena, size), *end = text;
        for (size_t i = 0; i < labels.n; i++) {
                end = stpcpy(end, i ? "," : "");
                end = stpcpy(stpcpy(stpcpy(end, labels.v[i].key), "="), labels.v[i].value);
        }
        return text;
}

static char *trim(char *text)
{
        while (isspace((unsigned char)*text))
                text++;
        char *end = text + strlen(text);
        while (end > text && isspace((unsigned char)end[-1]))
                *--end = 0;
        return text;
}

static const char *not_an_ip(struct arena *arena, const char *item)
{
        char shown[65];
        size_t n = text_printable(shown, sizeof(shown), item);
        return arena_printf(arena, "\"%s%s\" is not an IP address", shown, item[n] ? "..." : "");
}

/* "a" or "a, b" of two families. Returns what is wrong with it, or NULL. */
static const char *decode_requested_list(struct fact *fact, const char *list)
{
        struct service *svc = &fact->u.service;
        char *rest = arena_strdup(fact->arena, list), *item;
        svc->requested_ips = arena_array(fact->arena, 2, sizeof(struct ip));
        while ((item = strsep(&rest, ","))) {
                struct ip ip;
                item = trim(item);
                if (!ip_parse(item, &ip))
                        return not_an_ip(fact->arena, item);
                if (svc->n_requested == 2)
                        return "more than two addresses are requested; one per family is possible";
                if (svc->n_requested == 1 && ip_family(svc->requested_ips[0]) == ip_family(ip))
                        return "two addresses of one family are requested; one per family is possible";
                svc->requested_ips[svc->n_requested++] = ip;
        }
        return NULL;
}

static void decode_requests(struct fact *fact, struct json_object *obj, struct json_object *spec)
{
        struct service *svc = &fact->u.service;
        struct json_object *value = decode_annotation_value(obj, "loadBalancerIPs");
        const char *listed = json_string(value), *field = json_string_at(spec, "loadBalancerIP");
        bool has_list = listed && listed[strspn(listed, " \t\r\n")];
        bool has_field = field && *field;
        if (value && !listed)
                svc->request_error = "the annotation loadBalancerIPs is not a string";
        else if (has_list && has_field)
                svc->request_error =
                        "both the annotation loadBalancerIPs and spec.loadBalancerIP are set; remove one";
        else if (has_list || has_field)
                svc->request_error = decode_requested_list(fact, has_list ? listed : field);
        if (svc->request_error)
                svc->n_requested = 0;
        svc->requested_pool = pool_name(fact->arena, decode_annotation(obj, "address-pool"));
        svc->share_key = decode_text(fact->arena, decode_annotation(obj, "allow-shared-ip"));
}

static void decode_status(struct fact *fact, struct json_object *obj)
{
        struct service *svc = &fact->u.service;
        struct json_object *status = json_object_at(json_object_at(obj, "status"), "loadBalancer");
        struct json_object *ingress = json_array_at(status, "ingress");
        svc->status_ips = arena_array(fact->arena, json_count(ingress) + 1, sizeof(struct ip));
        for (size_t i = 0; i < json_count(ingress); i++) {
                const char *text = json_string_at(json_item(ingress, i), "ip");
                if (text && ip_parse(text, &svc->status_ips[svc->n_status]))
                        svc->n_status++;
                else
                        svc->has_hostname = true;
        }
}

static void decode_conditions(struct service *svc, struct json_object *obj)
{
        struct json_object *list = json_array_at(json_object_at(obj, "status"), "conditions");
        for (size_t i = 0; i < json_count(list); i++) {
                struct json_object *item = json_item(list, i);
                const char *type = json_string_at(item, "type"), *status = json_string_at(item, "status"),
                           *reason = json_string_at(item, "reason"), *message = json_string_at(item, "message");
                for (enum condition c = 0; type && status && c < CONDITIONS; c++) {
                        if (strcmp(type, condition_type(c)) != 0)
                                continue;
                        bool is = strcmp(status, "True") == 0;
                        svc->seen[c].state = is ? CONDITION_TRUE : CONDITION_FALSE;
                        svc->seen[c].digest =
                                condition_digest(is, reason ? reason : "", message ? message : "");
                }
        }
}

/* kube-proxy does not answer for a Service that names another proxy. */
static uint16_t decode_health_port(const struct fact *fact, struct json_object *spec)
{
        int64_t port = json_int_at(spec, "healthCheckNodePort");
        if (labels_get(&fact->labels, "service.kubernetes.io/service-proxy-name"))
                return 0;
        return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static uint64_t decode_term(const char *text)
{
        char *end = NULL;
        if (!text || !isdigit((unsigned char)*text))
                return 0;
        errno = 0;
        unsigned long long term = strtoull(text, &end, 10);
        return errno || *end ? 0 : term;
}

void decode_service(struct fact *fact, struct json_object *obj)
{
        struct service *svc = &fact->u.service;
        struct json_object *spec = json_object_at(obj, "spec");
        decode_policies(svc, spec);
        svc->deleting = json_string_at(json_object_at(obj, "metadata"), "deletionTimestamp");
        svc->lb_class = decode_text(fact->arena, json_string_at(spec, "loadBalancerClass"));
        decode_requests(fact, obj, spec);
        decode_families(svc, spec);
        decode_ports(fact, spec);
        svc->health_port = decode_health_port(fact, spec);
        svc->pod_selector = decode_pod_selector(fact->arena, json_object_at(spec, "selector"));
        decode_status(fact, obj);
        decode_conditions(svc, obj);
        svc->allocated_pool = pool_name(fact->arena, decode_annotation(obj, ANNOTATION_POOL));
        svc->term = decode_term(decode_annotation(obj, ANNOTATION_TERM));
}
