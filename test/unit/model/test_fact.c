#include "model/fact.h"
#include "test/unit/base/suite.h"

START_TEST(kinds_have_names)
{
        for (unsigned k = KIND_NONE + 1; k < KIND_MAX; k++) {
                ck_assert_ptr_nonnull(kind_name((enum kind)k));
                ck_assert_int_eq(kind_parse(kind_name((enum kind)k)), k);
        }
        ck_assert_str_eq(kind_name(KIND_SERVICE), "Service");
        ck_assert_str_eq(kind_name(KIND_L2ADVERTISEMENT), "L2Advertisement");
        ck_assert_int_eq(kind_parse("Ingress"), KIND_NONE);
        ck_assert_int_eq(kind_parse("service"), KIND_NONE);
        ck_assert_int_eq(kind_parse("None"), KIND_NONE);
        ck_assert_int_eq(kind_parse(""), KIND_NONE);
        ck_assert_str_eq(kind_name(KIND_MAX), kind_name(KIND_NONE));
}
END_TEST

START_TEST(a_new_fact_says_nothing)
{
        struct fact *f = fact_new(KIND_SERVICE), *node = fact_new(KIND_NODE);
        ck_assert_int_eq(f->ref.kind, KIND_SERVICE);
        ck_assert_str_eq(f->ref.group, "");
        ck_assert_str_eq(f->ref.namespace, "");
        ck_assert_str_eq(f->ref.name, "");
        ck_assert_str_eq(f->ref.uid, "");
        ck_assert_str_eq(f->ref.rv, "");
        ck_assert(!f->u.service.load_balancer);
        ck_assert(node->u.node.ready && !node->u.node.leaving);
        fact_free(f);
        fact_free(node);
        fact_free(NULL);
}
END_TEST

START_TEST(refs_have_an_order)
{
        const struct ref v[] = {
                {KIND_SERVICE, "", "a", "z", "1", "1"},
                {KIND_SERVICE, "", "b", "a", "1", "1"},
                {KIND_SERVICE, "", "b", "b", "1", "1"},
                {KIND_NODE, "", "", "a", "1", "1"},
        };
        for (size_t i = 0; i < 4; i++)
                for (size_t k = 0; k < 4; k++) {
                        int c = ref_cmp(&v[i], &v[k]);
                        ck_assert_int_eq((c > 0) - (c < 0), (i > k) - (i < k));
                }
        struct ref newer = v[0];
        newer.uid = newer.rv = "2";
        ck_assert_int_eq(ref_cmp(&newer, &v[0]), 0);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {kinds_have_names, a_new_fact_says_nothing, refs_have_an_order};
        return run_tests("fact", tests, sizeof(tests) / sizeof(tests[0]));
}
