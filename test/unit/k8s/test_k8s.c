#include "k8s/k8s.h"
#include <check.h>
#include <stdlib.h>

static void check_path(enum kind kind, const char *group, const char *namespace, const char *name,
                       const char *expected)
{
        const struct k8s_kind *k = k8s_kind(kind, group);
        ck_assert_ptr_nonnull(k);
        char *path = k8s_path(k, namespace, name);
        ck_assert_str_eq(path, expected);
        free(path);
}

START_TEST(paths)
{
        check_path(KIND_SERVICE, "", NULL, NULL, "/api/v1/services");
        check_path(KIND_SERVICE, "", "shop", "web", "/api/v1/namespaces/shop/services/web");
        check_path(KIND_ENDPOINTSLICE, "discovery.k8s.io", NULL, NULL,
                   "/apis/discovery.k8s.io/v1/endpointslices");
        check_path(KIND_NODE, "", NULL, "n1", "/api/v1/nodes/n1");
        check_path(KIND_NODE, "", "ignored", NULL, "/api/v1/nodes");
        check_path(KIND_NAMESPACE, "", NULL, NULL, "/api/v1/namespaces");
        check_path(KIND_CONFIGMAP, "", "hb", NULL, "/api/v1/namespaces/hb/configmaps");
        check_path(KIND_IPADDRESSPOOL, "heraldlb.io", "hb", NULL,
                   "/apis/heraldlb.io/v1alpha1/namespaces/hb/ipaddresspools");
        check_path(KIND_BGPPEER, "metallb.io", "m", NULL, "/apis/metallb.io/v1beta2/namespaces/m/bgppeers");
        check_path(KIND_L2ADVERTISEMENT, "metallb.io", "m", "a b",
                   "/apis/metallb.io/v1beta1/namespaces/m/l2advertisements/a%20b");
}
END_TEST

START_TEST(every_kind_has_a_place)
{
        for (enum kind kind = KIND_SERVICE; kind < KIND_MAX; kind++) {
                bool ours = kind == KIND_NODESTATE || kind >= KIND_IPADDRESSPOOL;
                bool metallb = kind >= KIND_IPADDRESSPOOL && kind != KIND_SETTINGS;
                const char *core = kind == KIND_ENDPOINTSLICE ? "discovery.k8s.io" : kind == KIND_DAEMONSET ? "apps" : "";
                ck_assert((k8s_kind(kind, core) != NULL) == !ours);
                ck_assert((k8s_kind(kind, "heraldlb.io") != NULL) == ours);
                ck_assert((k8s_kind(kind, "metallb.io") != NULL) == metallb);
        }
        ck_assert_ptr_null(k8s_kind(KIND_NONE, ""));
}
END_TEST

START_TEST(escapes)
{
        char *text = k8s_escape("aZ0-._~ /?&=%+\xc3\xa4");
        ck_assert_str_eq(text, "aZ0-._~%20%2F%3F%26%3D%25%2B%C3%A4");
        free(text);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("k8s");
        TCase *tc = tcase_create("k8s");
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, paths);
        tcase_add_test(tc, every_kind_has_a_place);
        tcase_add_test(tc, escapes);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
