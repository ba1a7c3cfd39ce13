#include "model/write.h"
#include "test/unit/base/suite.h"

START_TEST(a_write_owns_its_ref)
{
        struct fact *f = fact_new(KIND_SERVICE);
        f->ref.namespace = arena_strdup(f->arena, "default");
        f->ref.name = arena_strdup(f->arena, "web");
        f->ref.uid = arena_strdup(f->arena, "uid-1");
        f->ref.rv = arena_strdup(f->arena, "42");
        struct write *w = write_new(WRITE_EVENT, &f->ref);
        fact_free(f); /* the sanitizer sees whoever looks into it */
        ck_assert_int_eq(w->type, WRITE_EVENT);
        ck_assert_int_eq(w->ref.kind, KIND_SERVICE);
        ck_assert_str_eq(w->ref.group, "");
        ck_assert_str_eq(w->ref.namespace, "default");
        ck_assert_str_eq(w->ref.name, "web");
        ck_assert_str_eq(w->ref.uid, "uid-1");
        ck_assert_str_eq(w->ref.rv, "42");
        ck_assert_uint_eq(w->n_ips, 0);
        ck_assert_ptr_null(w->pool);
        write_free(w);
        write_free(NULL);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {a_write_owns_its_ref};
        return run_tests("write", tests, sizeof(tests) / sizeof(tests[0]));
}
