#include "base/arena.h"
#include "k8s/write_body.h"
#include "json/json.h"
#include <check.h>
#include <string.h>

static const struct ref web = {KIND_SERVICE, "", "shop", "web", "u-1", "42"};
static struct write_request request;

static bool make(struct write *w)
{
        char *name = write_event_name(w, INT64_C(1795399590403996), 7);
        bool ok = write_request_of(w, &(struct event_form){.instance = "node-a", .name = name, .count = 1},
                                   INT64_C(1795399590403996), &request);
        free(name);
        write_free(w);
        return ok;
}

static struct write *status_of(const char *first, const char *second, const char *pool, uint64_t term)
{
        struct write *w = write_new(WRITE_STATUS, &web);
        w->ips = arena_array(w->arena, 2, sizeof(struct ip));
        if (first)
                ck_assert(ip_parse(first, &w->ips[w->n_ips++]));
        if (second)
                ck_assert(ip_parse(second, &w->ips[w->n_ips++]));
        w->pool = pool;
        w->term = term;
        return w;
}

START_TEST(a_status_with_two_addresses)
{
        ck_assert(make(status_of("192.0.2.1", "2001:db8::1", "home", 17)));
        ck_assert_str_eq(request.method, "PATCH");
        ck_assert_str_eq(request.path, "/api/v1/namespaces/shop/services/web/status");
        ck_assert_str_eq(request.content_type, "application/strategic-merge-patch+json");
        ck_assert_str_eq(
                request.body,
                "{\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"42\",\"annotations\":{"
                "\"heraldlb.io/ip-allocated-from-pool\":\"home\",\"heraldlb.io/lease-term\":\"17\"}},"
                "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"192.0.2.1\",\"ipMode\":\"VIP\"},"
                "{\"ip\":\"2001:db8::1\",\"ipMode\":\"VIP\"}]}}}");
        write_request_clear(&request);
}
END_TEST

START_TEST(a_cleared_status)
{
        ck_assert(make(status_of(NULL, NULL, NULL, 17)));
        ck_assert_str_eq(request.body,
                         "{\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"42\",\"annotations\":{"
                         "\"heraldlb.io/ip-allocated-from-pool\":null,\"heraldlb.io/lease-term\":null,"
                         "\"metallb.io/ip-allocated-from-pool\":null,\"metallb.universe.tf/"
                         "ip-allocated-from-pool\":null}},"
                         "\"status\":{\"loadBalancer\":{\"ingress\":null}}}");
        write_request_clear(&request);
}
END_TEST

/* 2026-11-27T10:00:00Z */
#define NOON INT64_C(1795773600000000)

START_TEST(conditions_alone)
{
        struct ref ref = {KIND_SERVICE, "", "shop", "web", "u-1", "42"};
        struct write *w = write_new(WRITE_CONDITIONS, &ref);
        w->conditions[CONDITION_ALLOCATED] = (struct condition_write){
                .said = true, .is = true, .moved = true, .reason = REASON_ALLOCATED, .message = "Good."};
        w->conditions[CONDITION_ANNOUNCED] =
                (struct condition_write){.said = true, .reason = REASON_NO_ENDPOINTS, .message = "None."};
        ck_assert(write_request_of(w, NULL, NOON, &request));
        ck_assert_str_eq(request.body,
                         "{\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"42\"},\"status\":{\"conditions\":["
                         "{\"type\":\"heraldlb.io/Allocated\",\"status\":\"True\",\"reason\":\"Allocated\","
                         "\"message\":\"Good.\",\"lastTransitionTime\":\"2026-11-27T10:00:00Z\"},"
                         "{\"type\":\"heraldlb.io/Announced\",\"status\":\"False\",\"reason\":\"NoEndpoints\","
                         "\"message\":\"None.\"}]}}");
        write_request_clear(&request);
        write_free(w);
}
END_TEST

START_TEST(the_same_event_again_is_a_series)
{
        struct write *w = write_new(WRITE_EVENT, &web);
        w->reason = REASON_NO_FREE_ADDRESS;
        w->message = "None is free.";
        ck_assert(write_request_of(w, &(struct event_form){.instance = "n1", .name = "web.1", .count = 3}, NOON,
                                   &request));
        ck_assert_str_eq(request.method, "PATCH");
        ck_assert_str_eq(request.content_type, "application/merge-patch+json");
        ck_assert_str_eq(request.path, "/apis/events.k8s.io/v1/namespaces/shop/events/web.1");
        ck_assert_str_eq(request.body,
                         "{\"series\":{\"count\":3,\"lastObservedTime\":\"2026-11-27T10:00:00.000000Z\"}}");
        write_request_clear(&request);
        ck_assert(write_request_of(
                w, &(struct event_form){.instance = "n1", .name = "web.2", .count = 1, .combined = true}, NOON,
                &request));
        ck_assert_str_eq(request.method, "POST");
        ck_assert_ptr_nonnull(
                strstr(request.body, "\"note\":\"(combined from similar events): None is free.\""));
        write_request_clear(&request);
        write_free(w);
}
END_TEST

START_TEST(a_status_of_something_else_has_no_place)
{
        const struct ref node = {KIND_NODE, "", "", "n1", "", ""};
        ck_assert(!make(write_new(WRITE_STATUS, &node)));
}
END_TEST

static struct write *event_of(const struct ref *ref, const char *message)
{
        struct write *w = write_new(WRITE_EVENT, ref);
        w->warning = true;
        w->reason = REASON_NO_FREE_ADDRESS;
        w->action = "Allocate";
        w->message = arena_strdup(w->arena, message);
        return w;
}

START_TEST(an_event)
{
        ck_assert(make(event_of(&web, "pool \"home\" is full")));
        ck_assert_str_eq(request.method, "POST");
        ck_assert_str_eq(request.path, "/apis/events.k8s.io/v1/namespaces/shop/events");
        ck_assert_str_eq(request.content_type, "application/json");
        ck_assert_str_eq(
                request.body,
                "{\"apiVersion\":\"events.k8s.io/"
                "v1\",\"kind\":\"Event\",\"metadata\":{\"namespace\":\"shop\","
                "\"name\":\"web.660e80ad0df9c007\"},\"eventTime\":\"2026-11-23T02:06:30.403996Z\",\"type\":"
                "\"Warning\","
                "\"reason\":\"NoFreeAddress\",\"action\":\"Allocate\",\"note\":\"pool \\\"home\\\" is full\","
                "\"regarding\":{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"namespace\":\"shop\",\"name\":"
                "\"web\","
                "\"uid\":\"u-1\",\"resourceVersion\":\"42\"},\"reportingController\":\"heraldlb.io/herald\","
                "\"reportingInstance\":\"node-a\"}");
        write_request_clear(&request);
}
END_TEST

START_TEST(an_event_about_a_cluster_wide_object)
{
        const struct ref node = {KIND_NODE, "", "", "n1", "", ""};
        ck_assert(make(event_of(&node, "x")));
        ck_assert_str_eq(request.path, "/apis/events.k8s.io/v1/namespaces/default/events");
        ck_assert_ptr_nonnull(strstr(
                request.body, "\"regarding\":{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\"}"));
        write_request_clear(&request);
}
END_TEST

START_TEST(an_event_about_a_metallb_object)
{
        const struct ref peer = {KIND_BGPPEER, "metallb.io", "metallb-system", "tor", "u", "1"};
        ck_assert(make(event_of(&peer, "x")));
        ck_assert_ptr_nonnull(
                strstr(request.body, "\"apiVersion\":\"metallb.io/v1beta2\",\"kind\":\"BGPPeer\""));
        write_request_clear(&request);
        const struct ref file = {KIND_BGPPEER, "", "", "tor", "", ""};
        ck_assert(!make(event_of(&file, "x")));
}
END_TEST

START_TEST(the_limits_of_events_are_kept)
{
        char name[254], message[1200];
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = 0;
        memset(message, 'x', sizeof(message));
        memcpy(message + 1023, "\xc3\xa4", 2); /* a character across the limit */
        message[sizeof(message) - 1] = 0;
        const struct ref ref = {KIND_SERVICE, "", "shop", name, "", ""};
        ck_assert(make(event_of(&ref, message)));
        struct json_object *body = json_tokener_parse(request.body);
        ck_assert_uint_eq(strlen(json_string_at(body, "note")), 1023);
        ck_assert_uint_eq(strlen(json_string_at(json_object_at(body, "metadata"), "name")), 253);
        json_object_put(body);
        write_request_clear(&request);
}
END_TEST

static struct write *with_body(enum write_type type, enum kind kind, const char *namespace, const char *body)
{
        struct ref ref = {kind, kind == KIND_SECRET ? "" : "heraldlb.io", namespace, "lan", "u-1", "7"};
        struct write *w = write_new(type, &ref);
        w->body = xstrdup(body);
        return w;
}

static void check_request(struct write *w, const char *method, const char *type, const char *path,
                          const char *body)
{
        struct write_request r;
        ck_assert(write_request_of(w, NULL, 0, &r));
        ck_assert_str_eq(r.method, method);
        ck_assert_str_eq(r.content_type, type);
        ck_assert_str_eq(r.path, path);
        ck_assert_str_eq(r.body, body);
        write_request_clear(&r);
        write_free(w);
}

START_TEST(what_carries_its_body)
{
        check_request(with_body(WRITE_STATUS_PATCH, KIND_IPADDRESSPOOL, "ns", "{\"status\":{\"free\":1}}"), "PATCH",
                      "application/merge-patch+json",
                      "/apis/heraldlb.io/v1alpha1/namespaces/ns/ipaddresspools/lan/status",
                      "{\"status\":{\"free\":1},\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"7\"}}");
        check_request(with_body(WRITE_APPLY, KIND_NODESTATE, "", "{}"), "PATCH", "application/apply-patch+yaml",
                      "/apis/heraldlb.io/v1alpha1/nodestates/lan?fieldManager=herald&force=true", "{}");
        check_request(with_body(WRITE_CREATE, KIND_SECRET, "ns", "{}"), "POST", "application/json",
                      "/api/v1/namespaces/ns/secrets", "{}");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("write_body");
        TCase *tc = tcase_create("write_body");
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, the_same_event_again_is_a_series);
        tcase_add_test(tc, conditions_alone);
        tcase_add_test(tc, what_carries_its_body);
        tcase_add_test(tc, a_status_with_two_addresses);
        tcase_add_test(tc, a_cleared_status);
        tcase_add_test(tc, a_status_of_something_else_has_no_place);
        tcase_add_test(tc, an_event);
        tcase_add_test(tc, an_event_about_a_cluster_wide_object);
        tcase_add_test(tc, an_event_about_a_metallb_object);
        tcase_add_test(tc, the_limits_of_events_are_kept);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
