#include "l2/owned.h"
#include "wire.h"

START_TEST(keeps_addresses_once_and_in_order)
{
        static const char *const texts[] = {"192.0.2.9", "2001:db8::1", "10.0.0.1", "192.0.2.10", "fd00::1"};
        enum { N = sizeof(texts) / sizeof(texts[0]) };
        struct owned o = {.n = 0};

        for (size_t i = 0; i < N; i++) {
                ck_assert(owned_add(&o, ip_of(texts[i])));
                ck_assert(!owned_add(&o, ip_of(texts[i])));
        }
        ck_assert_uint_eq(o.n, N);
        for (size_t i = 1; i < N; i++)
                ck_assert_int_lt(ip_cmp(o.v[i - 1], o.v[i]), 0);
        for (size_t i = 0; i < N; i++) {
                ck_assert(owned_has(&o, ip_of(texts[i])));
                ck_assert(owned_drop(&o, ip_of(texts[i])));
                ck_assert(!owned_has(&o, ip_of(texts[i])));
                ck_assert(!owned_drop(&o, ip_of(texts[i])));
        }
        ck_assert_uint_eq(o.n, 0);
        owned_free(&o);
}
END_TEST

START_TEST(empty_has_nothing)
{
        struct owned o = {.n = 0};

        ck_assert(!owned_has(&o, ip_of("0.0.0.0")));
        ck_assert(!owned_drop(&o, ip_of("::")));
        owned_free(&o);
}
END_TEST

int main(void)
{
        TCase *cases = tcase_create("owned");

        tcase_add_test(cases, keeps_addresses_once_and_in_order);
        tcase_add_test(cases, empty_has_nothing);
        return run_suite(cases, "l2/owned");
}
