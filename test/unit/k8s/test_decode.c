#include "k8s/decode.h"
#include "json/json.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *why;

static struct fact *decode(const char *text)
{
        struct json_object *obj = json_tokener_parse(text);
        ck_assert_msg(obj != NULL, "the test's own JSON is wrong: %s", text);
        why = NULL;
        struct fact *fact = decode_fact(obj, &why);
        json_object_put(obj);
        ck_assert((fact != NULL) != (why != NULL));
        return fact;
}

/* A Service with these members of metadata, spec and the object itself. */
static struct fact *service(const char *meta, const char *spec, const char *rest)
{
        char text[8192];
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"%s},\"spec\":{"
                 "\"type\":\"LoadBalancer\"%s}%s}",
                 meta, spec, rest);
        struct fact *fact = decode(text);
        ck_assert_msg(fact != NULL, "%s: %s", text, why);
        return fact;
}

static struct fact *annotated(const char *annotations)
{
        char meta[4096];
        snprintf(meta, sizeof(meta), ",\"annotations\":{%s}", annotations);
        return service(meta, "", "");
}

static void check_ip(struct ip ip, const char *text)
{
        char buf[IP_STRLEN];
        ck_assert_str_eq(ip_str(ip, buf), text);
}

START_TEST(a_service_from_the_api)
{
        struct fact *f = decode(
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":"
                "\"shop\",\"uid\":\"u-1\","
                "\"resourceVersion\":\"42\",\"generation\":3,\"creationTimestamp\":\"2026-01-02T03:04:05Z\","
                "\"labels\":{\"tier\":\"front\",\"app\":\"web\"},"
                "\"annotations\":{\"heraldlb.io/ip-allocated-from-pool\":\"home\",\"heraldlb.io/"
                "lease-term\":\"17\","
                "\"heraldlb.io/allow-shared-ip\":\"k\",\"heraldlb.io/address-pool\":\"dmz\"}},"
                "\"spec\":{\"type\":\"LoadBalancer\",\"loadBalancerClass\":\"example.com/"
                "x\",\"externalTrafficPolicy\":\"Local\","
                "\"ipFamilyPolicy\":\"PreferDualStack\",\"ipFamilies\":[\"IPv6\",\"IPv4\"],\"clusterIP\":"
                "\"10.0.0.1\","
                "\"clusterIPs\":[\"10.0.0.1\",\"fd00::1\"],\"selector\":{\"z\":\"1\",\"a\":\"2\"},"
                "\"ports\":[{\"port\":443,\"protocol\":\"UDP\"},{\"port\":443},{\"port\":80,\"protocol\":"
                "\"TCP\"},{\"port\":9,\"protocol\":\"SCTP\"}]},"
                "\"status\":{\"loadBalancer\":{\"ingress\":[{\"hostname\":\"x\"},{\"ip\":\"192.0.2.7\","
                "\"ipMode\":\"VIP\"},{\"ip\":\"2001:db8::7\"}]}}}");
        ck_assert_ptr_nonnull(f);
        const struct service *s = &f->u.service;
        ck_assert_int_eq(f->ref.kind, KIND_SERVICE);
        ck_assert_str_eq(f->ref.group, "");
        ck_assert_str_eq(f->ref.namespace, "shop");
        ck_assert_str_eq(f->ref.name, "web");
        ck_assert_str_eq(f->ref.uid, "u-1");
        ck_assert_str_eq(f->ref.rv, "42");
        ck_assert_int_eq(f->created, 1767323045);
        ck_assert_str_eq(labels_get(&f->labels, "tier"), "front");
        ck_assert(s->load_balancer);
        ck_assert_str_eq(s->lb_class, "example.com/x");
        ck_assert_int_eq(s->policy, POLICY_LOCAL);
        ck_assert_int_eq(s->family_policy, FAMILY_PREFER_DUAL);
        ck_assert_uint_eq(s->n_families, 2); /* as clusterIPs say, not ipFamilies */
        ck_assert_int_eq(s->families[0], IP_V4);
        ck_assert_int_eq(s->families[1], IP_V6);
        ck_assert_uint_eq(s->n_ports, 4);
        ck_assert(s->ports[0].proto == L4_TCP && s->ports[0].port == 80);
        ck_assert(s->ports[1].proto == L4_TCP && s->ports[1].port == 443);
        ck_assert(s->ports[2].proto == L4_UDP && s->ports[3].proto == L4_SCTP);
        ck_assert_str_eq(s->pod_selector, "a=2,z=1");
        ck_assert_uint_eq(s->n_status, 2);
        check_ip(s->status_ips[0], "192.0.2.7");
        check_ip(s->status_ips[1], "2001:db8::7");
        ck_assert_str_eq(s->allocated_pool, "home");
        ck_assert_uint_eq(s->term, 17);
        ck_assert_str_eq(s->share_key, "k");
        ck_assert_str_eq(s->requested_pool, "dmz");
        ck_assert_uint_eq(s->n_requested, 0);
        ck_assert_ptr_null(s->request_error);
        fact_free(f);
}
END_TEST

START_TEST(what_a_file_leaves_out)
{
        struct fact *f = service("", "", "");
        ck_assert_str_eq(f->ref.namespace, "default");
        ck_assert_str_eq(f->ref.uid, "");
        ck_assert_int_eq(f->created, 0);
        ck_assert_uint_eq(f->u.service.n_families, 1);
        ck_assert_int_eq(f->u.service.families[0], IP_V4);
        ck_assert_int_eq(f->u.service.policy, POLICY_CLUSTER);
        ck_assert_ptr_null(f->u.service.lb_class);
        ck_assert_str_eq(f->u.service.pod_selector, "");
        fact_free(f);
        f = service("", ",\"ipFamilyPolicy\":\"RequireDualStack\"", "");
        ck_assert_uint_eq(f->u.service.n_families, 2);
        fact_free(f);
        f = service("", ",\"loadBalancerIP\":\"2001:db8::1\"", "");
        ck_assert_uint_eq(f->u.service.n_families, 1);
        ck_assert_int_eq(f->u.service.families[0], IP_V6);
        fact_free(f);
        f = service("", ",\"ipFamilies\":[\"IPv6\"]", "");
        ck_assert_int_eq(f->u.service.families[0], IP_V6);
        fact_free(f);
        f = service("", ",\"clusterIP\":\"None\"", "");
        ck_assert_uint_eq(f->u.service.n_families, 0);
        fact_free(f);
        f = service("", ",\"type\":\"ClusterIP\"", "");
        ck_assert(!f->u.service.load_balancer);
        ck_assert_uint_eq(f->u.service.n_families, 0);
        fact_free(f);
}
END_TEST

START_TEST(requested_addresses)
{
        struct fact *f = annotated("\"heraldlb.io/loadBalancerIPs\":\" 192.0.2.1 ,2001:db8::1 \"");
        ck_assert_uint_eq(f->u.service.n_requested, 2);
        check_ip(f->u.service.requested_ips[0], "192.0.2.1");
        check_ip(f->u.service.requested_ips[1], "2001:db8::1");
        ck_assert_ptr_null(f->u.service.request_error);
        fact_free(f);
        f = service("", ",\"loadBalancerIP\":\"192.0.2.9\"", "");
        ck_assert_uint_eq(f->u.service.n_requested, 1);
        check_ip(f->u.service.requested_ips[0], "192.0.2.9");
        fact_free(f);
        f = annotated("\"heraldlb.io/loadBalancerIPs\":\"  \"");
        ck_assert_ptr_null(f->u.service.request_error);
        fact_free(f);
}
END_TEST

START_TEST(unreadable_requests)
{
        static const struct {
                const char *value, *part;
        } cases[] = {
                {"\"192.0.2.256\"", "is not an IP address"},
                {"\"192.0.2.1,\"", "is not an IP address"},
                {"\"192.0.2.1 192.0.2.2\"", "not an IP"},
                {"\"192.0.2.1,192.0.2.2\"", "one family"},
                {"\"10.0.0.1,fd00::1,fd00::2\"", "more than"},
                {"\"::ffff:10.0.0.1\"", "not an IP"},
                {"7", "not a string"},
                {"\"010.0.0.1\"", "not an IP"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[256];
                snprintf(text, sizeof(text), "\"heraldlb.io/loadBalancerIPs\":%s", cases[i].value);
                struct fact *f = annotated(text);
                ck_assert_msg(f->u.service.request_error && strstr(f->u.service.request_error, cases[i].part),
                              "%s: %s", cases[i].value, f->u.service.request_error);
                ck_assert_uint_eq(f->u.service.n_requested, 0);
                fact_free(f);
        }
        struct fact *f = service(",\"annotations\":{\"metallb.io/loadBalancerIPs\":\"192.0.2.1\"}",
                                 ",\"loadBalancerIP\":\"192.0.2.1\"", "");
        ck_assert_ptr_nonnull(strstr(f->u.service.request_error, "both"));
        fact_free(f);
}
END_TEST

/* What others wrote comes back in sentences that reach a terminal. */
START_TEST(foreign_text_is_shown_without_its_controls)
{
        struct fact *f = annotated("\"heraldlb.io/loadBalancerIPs\":\"\\u001b]0;x\\u0007\\u009b1m\"");
        ck_assert_str_eq(f->u.service.request_error, "\" ]0;x  1m\" is not an IP address");
        fact_free(f);
        /* 61 octets and three characters of two: the cut at 64 falls between two of them */
        f = annotated("\"heraldlb.io/loadBalancerIPs\":\""
                      "0123456789012345678901234567890123456789012345678901234567890\\u00e9\\u00e9\\u00e9\"");
        ck_assert_str_eq(f->u.service.request_error,
                         "\"0123456789012345678901234567890123456789012345678901234567890\xc3\xa9...\" "
                         "is not an IP address");
        fact_free(f);
        f = annotated("\"heraldlb.io/address-pool\":\"a\\u001bb\",\"heraldlb.io/"
                      "ip-allocated-from-pool\":\"c\\nd\"");
        ck_assert_str_eq(f->u.service.requested_pool, "a b");
        ck_assert_str_eq(f->u.service.allocated_pool, "c d");
        fact_free(f);
}
END_TEST

START_TEST(names_are_those_that_kubernetes_takes)
{
        static const char *const bad[] = {"\\u001b[2J", "a b", "A", "a/b", "-a", "a..b", "\\u00e9", ""};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                char text[256];
                snprintf(text, sizeof(text),
                         "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"%s\"}}", bad[i]);
                struct fact *f = decode(text);
                ck_assert_msg(!f, "%s is taken for a name", bad[i]);
                ck_assert_ptr_nonnull(strstr(why, "metadata.name"));
        }
        struct fact *f = decode("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\","
                                "\"namespace\":\"\\u001b[2J\"}}");
        ck_assert_ptr_null(f);
        ck_assert_ptr_nonnull(strstr(why, "metadata.namespace"));
}
END_TEST

START_TEST(the_newest_spelling_wins)
{
        struct fact *f = annotated("\"metallb.universe.tf/address-pool\":\"old\"");
        ck_assert_str_eq(f->u.service.requested_pool, "old");
        fact_free(f);
        f = annotated("\"metallb.universe.tf/address-pool\":\"old\",\"metallb.io/address-pool\":\"new\"");
        ck_assert_str_eq(f->u.service.requested_pool, "new");
        fact_free(f);
        f = annotated("\"metallb.io/address-pool\":\"new\",\"heraldlb.io/address-pool\":\"ours\"");
        ck_assert_str_eq(f->u.service.requested_pool, "ours");
        fact_free(f);
        f = annotated("\"metallb.io/address-pool\":\"new\",\"heraldlb.io/address-pool\":\"\"");
        ck_assert_ptr_null(f->u.service.requested_pool);
        fact_free(f);
        f = annotated(
                "\"metallb.universe.tf/ip-allocated-from-pool\":\"p\",\"metallb.io/allow-shared-ip\":\"s\","
                "\"metallb.io/loadBalancerIPs\":\"192.0.2.3\"");
        ck_assert_str_eq(f->u.service.allocated_pool, "p");
        ck_assert_str_eq(f->u.service.share_key, "s");
        check_ip(f->u.service.requested_ips[0], "192.0.2.3");
        fact_free(f);
}
END_TEST

START_TEST(terms_that_are_no_numbers_are_none)
{
        static const char *const bad[] = {"\"\"", "\"-1\"", "\" 1\"", "\"1x\"", "\"99999999999999999999\"",
                                          "1",    "null"};
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                char text[128];
                snprintf(text, sizeof(text), "\"heraldlb.io/lease-term\":%s", bad[i]);
                struct fact *f = annotated(text);
                ck_assert_msg(f->u.service.term == 0, "%s", bad[i]);
                fact_free(f);
        }
}
END_TEST

START_TEST(wrong_types_everywhere)
{
        static const char *const values[] = {"null", "7",    "1.5",          "true",   "\"x\"",
                                             "[]",   "{}",   "[7]",          "[null]", "{\"a\":7}",
                                             "[{}]", "[[]]", "\"a\\u0000b\""};
        static const char *const shapes[] = {
                "{\"apiVersion\":%1$s,\"kind\":\"Service\",\"metadata\":{\"name\":\"x\"}}",
                "{\"apiVersion\":\"v1\",\"kind\":%1$s,\"metadata\":{\"name\":\"x\"}}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":%1$s}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":%1$s}}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"x\",\"labels\":%1$s,"
                "\"uid\":%1$s,\"generation\":%1$s,"
                "\"annotations\":%1$s,\"creationTimestamp\":%1$s,\"namespace\":%1$s},\"spec\":%1$s,"
                "\"status\":%1$s}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"x\"},\"spec\":{"
                "\"type\":%1$s,\"ports\":%1$s,"
                "\"clusterIPs\":%1$s,\"clusterIP\":%1$s,\"ipFamilies\":%1$s,\"selector\":%1$s,"
                "\"loadBalancerIP\":%1$s},"
                "\"status\":{\"loadBalancer\":%1$s}}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"x\"},\"spec\":{"
                "\"type\":\"LoadBalancer\","
                "\"ports\":[{\"port\":%1$s,\"protocol\":%1$s}]},\"status\":{\"loadBalancer\":{\"ingress\":%1$"
                "s}}}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"taints\":"
                "%1$s},\"status\":{\"conditions\":%1$s}}",
                "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"taints\":"
                "[{\"key\":%1$s}]},"
                "\"status\":{\"conditions\":[{\"type\":%1$s,\"status\":%1$s}]}}",
                "{\"apiVersion\":\"discovery.k8s.io/"
                "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"x\",\"labels\":"
                "{\"kubernetes.io/service-name\":%1$s}},\"addressType\":%1$s,\"endpoints\":%1$s}",
                "{\"apiVersion\":\"discovery.k8s.io/"
                "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"x\",\"labels\":"
                "{\"kubernetes.io/"
                "service-name\":\"s\"}},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":%1$s,"
                "\"conditions\":%1$s,\"nodeName\":%1$s}]}",
        };
        for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
                for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
                        char text[4096];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                        snprintf(text, sizeof(text), shapes[i], values[k]);
#pragma GCC diagnostic pop
                        fact_free(decode(text)); /* whatever it is, it is an answer */
                }
        }
}
END_TEST

START_TEST(what_cannot_be_used_says_why)
{
        static const struct {
                const char *text, *part;
        } cases[] = {
                {"[]", "apiVersion or kind"},
                {"{\"kind\":\"Service\",\"metadata\":{\"name\":\"x\"}}", "apiVersion or kind"},
                {"{\"apiVersion\":\"v2\",\"kind\":\"Service\",\"metadata\":{\"name\":\"x\"}}",
                 "nothing that is used"},
                {"{\"apiVersion\":\"v1\",\"kind\":\"Ingress\",\"metadata\":{\"name\":\"x\"}}",
                 "nothing that is used"},
                {"{\"apiVersion\":\"discovery.k8s.io/"
                 "v1beta1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"x\"}}",
                 "nothing that is used"},
                {"{\"apiVersion\":\"v1\",\"kind\":\"Service\"}", "metadata.name"},
                {"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"\"}}",
                 "metadata.name"},
                {"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a/b\"}}",
                 "metadata.name"},
                {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}",
                 "no fact"},
                {"{\"apiVersion\":\"metallb.io/"
                 "v1beta1\",\"kind\":\"IPAddressPool\",\"metadata\":{\"name\":\"x\"}}",
                 "no fact"},
                {"{\"apiVersion\":\"discovery.k8s.io/"
                 "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"x\"}}",
                 "service-name"},
                {"{\"apiVersion\":\"discovery.k8s.io/"
                 "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"x\",\"labels\":"
                 "{\"kubernetes.io/service-name\":\"s\"}},\"addressType\":7}",
                 "addressType"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct fact *f = decode(cases[i].text);
                ck_assert_ptr_null(f);
                ck_assert_msg(strstr(why, cases[i].part) != NULL, "%s: %s", cases[i].text, why);
        }
}
END_TEST

START_TEST(endpoint_conditions)
{
        struct fact *f = decode(
                "{\"apiVersion\":\"discovery.k8s.io/"
                "v1\",\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"web-1\",\"namespace\":\"shop\","
                "\"labels\":{\"kubernetes.io/"
                "service-name\":\"web\"}},\"addressType\":\"IPv4\",\"endpoints\":["
                "{\"addresses\":[\"10.1.0.1\",\"10.1.0.99\"],\"nodeName\":\"n1\"},"
                "{\"addresses\":[\"10.1.0.2\"],\"conditions\":{\"ready\":false}},"
                "{\"addresses\":[\"10.1.0.3\"],\"conditions\":{\"ready\":false,\"serving\":true,"
                "\"terminating\":true},\"nodeName\":\"n2\"},"
                "{\"addresses\":[\"10.1.0.4\"],\"conditions\":{\"ready\":true,\"serving\":false},"
                "\"nodeName\":\"\"},"
                "{\"addresses\":[\"fd00::1\"]},{\"addresses\":[]},{}]}");
        static const struct {
                const char *ip, *node;
                bool ready, serving, terminating;
        } expected[] = {
                {"10.1.0.1", "n1", true, true, false},
                {"10.1.0.2", NULL, false, false, false},
                {"10.1.0.3", "n2", false, true, true},
                {"10.1.0.4", NULL, true, false, false},
        };
        ck_assert_ptr_nonnull(f);
        ck_assert_str_eq(f->ref.group, "discovery.k8s.io");
        ck_assert_str_eq(f->u.slice.service, "web");
        ck_assert_uint_eq(f->u.slice.n, 4);
        for (size_t i = 0; i < 4; i++) {
                const struct endpoint *e = &f->u.slice.v[i];
                check_ip(e->ip, expected[i].ip);
                ck_assert_pstr_eq(e->node, expected[i].node);
                ck_assert(e->ready == expected[i].ready && e->serving == expected[i].serving &&
                          e->terminating == expected[i].terminating);
        }
        fact_free(f);
}
END_TEST

/* It says nothing about addresses, but the API allows it: no refusal, or every one would be a line in the
 * log. */
START_TEST(a_slice_of_names_is_an_empty_one)
{
        struct fact *f =
                decode("{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{"
                       "\"name\":\"s\",\"labels\":{\"kubernetes.io/service-name\":\"web\"}},"
                       "\"addressType\":\"FQDN\",\"endpoints\":[{\"addresses\":[\"www.example.com\"]},"
                       "{\"addresses\":[\"10.0.0.1\"]},{\"addresses\":[\"fd00::1\"]}]}");
        ck_assert_msg(f != NULL, "%s", why);
        ck_assert_str_eq(f->u.slice.service, "web");
        ck_assert_uint_eq(f->u.slice.n, 0);
        fact_free(f);
}
END_TEST

START_TEST(node_signals)
{
        static const struct {
                const char *meta, *rest;
                struct node expected;
        } cases[] = {
                {"", "", {.ready = true}},
                {",\"labels\":{\"node.kubernetes.io/exclude-from-external-load-balancers\":\"\"}",
                 "",
                 {.excluded = true, .ready = true}},
                {",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", "", {.leaving = REASON_NODE_LEAVING, .ready = true}},
                {"",
                 ",\"spec\":{\"taints\":[{\"key\":\"x\"},{\"key\":\"ToBeDeletedByClusterAutoscaler\"}]}",
                 {.leaving = REASON_NODE_TO_BE_DELETED, .ready = true}},
                {"",
                 ",\"spec\":{\"taints\":[{\"key\":\"node.kubernetes.io/out-of-service\"}]}",
                 {.leaving = REASON_NODE_OUT_OF_SERVICE, .ready = true}},
                {"",
                 ",\"spec\":{\"unschedulable\":true,\"taints\":[{\"key\":\"node.kubernetes.io/"
                 "unschedulable\"}]}",
                 {.ready = true, .cordoned = true}},
                {"",
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":"
                 "\"KubeletNotReady\",\"message\":\"[PLEG is not healthy, node is shutting down]\"}]}",
                 {.leaving = REASON_NODE_SHUTTING_DOWN}},
                {"", /* not every reason why it is not ready */
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":"
                 "\"KubeletNotReady\",\"message\":\"container runtime network not ready\"}]}",
                 {.ready = false}},
                {"",
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":"
                 "\"KubeletNotReady\",\"message\":\"node is shutting down\"}]}",
                 {.ready = true}},
                {"", /* the words of somebody else */
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"Unknown\",\"reason\":"
                 "\"NodeStatusUnknown\",\"message\":\"node is shutting down\"}]}",
                 {.ready = false}},
                {"",
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"},{\"type\":"
                 "\"NetworkUnavailable\",\"status\":\"True\"}]}",
                 {.ready = true, .network_down = true}},
                {"",
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"},{\"type\":"
                 "\"NetworkUnavailable\",\"status\":\"False\"}]}",
                 {.ready = false}},
                {"",
                 ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"Unknown\"}]}",
                 {.ready = false}},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[1024];
                snprintf(text, sizeof(text),
                         "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\","
                         "\"namespace\":\"no\"%s}%s}",
                         cases[i].meta, cases[i].rest);
                struct fact *f = decode(text);
                const struct node *n = &f->u.node, *e = &cases[i].expected;
                ck_assert_msg(n->excluded == e->excluded && n->leaving == e->leaving &&
                                      n->cordoned == e->cordoned &&
                                      n->ready == e->ready && n->network_down == e->network_down,
                              "%s", text);
                ck_assert_str_eq(f->ref.namespace, "");
                fact_free(f);
        }
}
END_TEST

START_TEST(a_node_has_one_address_of_a_family)
{
        struct fact *f = decode("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"},\"status\":{"
                                "\"addresses\":[{\"type\":\"Hostname\",\"address\":\"n\"},"
                                "{\"type\":\"ExternalIP\",\"address\":\"192.0.2.1\"},"
                                "{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"},"
                                "{\"type\":\"InternalIP\",\"address\":\"10.0.0.2\"},"
                                "{\"type\":\"InternalIP\",\"address\":\"fd00::1\"},"
                                "{\"type\":\"InternalIP\",\"address\":\"fd00::2\"}]}}");
        char text[IP_STRLEN];
        ck_assert_uint_eq(f->u.node.n_addresses, 2);
        ck_assert_str_eq(ip_str(f->u.node.addresses[0], text), "10.0.0.1");
        ck_assert_str_eq(ip_str(f->u.node.addresses[1], text), "fd00::1");
        fact_free(f);
}
END_TEST

START_TEST(a_service_that_a_finalizer_keeps_is_being_deleted)
{
        struct fact *f = decode("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\","
                                "\"finalizers\":[\"example.com/x\"],\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}");
        ck_assert(f->u.service.deleting);
        fact_free(f);
        f = decode("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"}}");
        ck_assert(!f->u.service.deleting);
        fact_free(f);
}
END_TEST

static uint16_t health_port(const char *labels, const char *port)
{
        char text[512];
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\",\"labels\":{%s}},"
                 "\"spec\":{\"type\":\"LoadBalancer\",\"healthCheckNodePort\":%s}}",
                 labels, port);
        struct fact *f = decode(text);
        uint16_t found = f->u.service.health_port;
        fact_free(f);
        return found;
}

START_TEST(a_health_check_is_kube_proxys)
{
        ck_assert_uint_eq(health_port("", "32000"), 32000);
        ck_assert_uint_eq(health_port("", "0"), 0);
        ck_assert_uint_eq(health_port("", "65536"), 0);
        ck_assert_uint_eq(health_port("\"service.kubernetes.io/service-proxy-name\":\"other\"", "32000"), 0);
}
END_TEST

START_TEST(a_namespace_is_its_labels)
{
        struct fact *f = decode("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
                                "\"shop\",\"labels\":{\"team\":\"a\"}}}");
        ck_assert_int_eq(f->ref.kind, KIND_NAMESPACE);
        ck_assert_str_eq(labels_get(&f->labels, "team"), "a");
        fact_free(f);
}
END_TEST

START_TEST(a_reference_to_any_kind)
{
        struct json_object *obj =
                json_tokener_parse("{\"apiVersion\":\"metallb.io/v1beta2\",\"kind\":\"BGPPeer\",\"metadata\":"
                                   "{\"name\":\"tor\",\"namespace\":\"m\",\"uid\":\"u\"}}");
        struct ref ref;
        ck_assert(decode_ref(obj, &ref, &why));
        ck_assert_int_eq(ref.kind, KIND_BGPPEER);
        ck_assert_str_eq(ref.group, "metallb.io");
        ck_assert_str_eq(ref.namespace, "m");
        ck_assert_str_eq(ref.name, "tor");
        ck_assert_str_eq(ref.uid, "u");
        ck_assert_str_eq(ref.rv, "");
        json_object_put(obj);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("decode");
        TCase *tc = tcase_create("decode");
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, a_service_from_the_api);
        tcase_add_test(tc, what_a_file_leaves_out);
        tcase_add_test(tc, requested_addresses);
        tcase_add_test(tc, unreadable_requests);
        tcase_add_test(tc, foreign_text_is_shown_without_its_controls);
        tcase_add_test(tc, names_are_those_that_kubernetes_takes);
        tcase_add_test(tc, the_newest_spelling_wins);
        tcase_add_test(tc, terms_that_are_no_numbers_are_none);
        tcase_add_test(tc, wrong_types_everywhere);
        tcase_add_test(tc, what_cannot_be_used_says_why);
        tcase_add_test(tc, endpoint_conditions);
        tcase_add_test(tc, a_slice_of_names_is_an_empty_one);
        tcase_add_test(tc, node_signals);
        tcase_add_test(tc, a_node_has_one_address_of_a_family);
        tcase_add_test(tc, a_health_check_is_kube_proxys);
        tcase_add_test(tc, a_service_that_a_finalizer_keeps_is_being_deleted);
        tcase_add_test(tc, a_namespace_is_its_labels);
        tcase_add_test(tc, a_reference_to_any_kind);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
