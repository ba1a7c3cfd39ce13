#include "dataplane/around.h"
#include "test/unit/base/suite.h"
#include <string.h>

START_TEST(ipvs_without_strict_arp_is_warned_of)
{
        ck_assert_ptr_null(around_warning(&(struct around){.cilium = true}));
        ck_assert_ptr_null(around_warning(&(struct around){.ipvs = true, .strict_arp = true}));
        ck_assert_ptr_nonnull(strstr(around_warning(&(struct around){.ipvs = true}), "strictARP"));
}
END_TEST

START_TEST(cilium_is_told_of)
{
        ck_assert_ptr_null(around_note(&(struct around){.ipvs = true}));
        ck_assert_ptr_nonnull(strstr(around_note(&(struct around){.cilium = true}), "Cilium"));
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {ipvs_without_strict_arp_is_warned_of, cilium_is_told_of};
        return run_tests("around", tests, sizeof(tests) / sizeof(tests[0]));
}
