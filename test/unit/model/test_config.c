#include "model/config.h"
#include "test/unit/base/suite.h"

static struct ip_range range(const char *text)
{
        struct ip_range r;
        ck_assert_ptr_null(ip_range_parse(text, &r));
        return r;
}

static const char *pool_of(const struct config *c, const char *text)
{
        struct ip ip;
        ck_assert(ip_parse(text, &ip));
        const struct pool *p = config_pool_of(c, ip);
        return p ? p->ref.name : "none";
}

START_TEST(pools_are_found)
{
        struct ip_range one[] = {range("192.0.2.0/25"), range("2001:db8::/64")};
        struct ip_range two[] = {range("192.0.2.64-192.0.2.200")},
                        three[] = {range("192.0.2.100-192.0.2.255")};
        struct pool pools[] = {
                {.ref.name = "broken", .ranges = two, .n_ranges = 1},
                {.ref.name = "fine", .ranges = one, .n_ranges = 2, .valid = true},
                {.ref.name = "worse", .ranges = three, .n_ranges = 1},
        };
        struct config c = {.pools = pools, .n_pools = 3}, empty = {0};
        ck_assert_ptr_eq(config_pool(&c, "broken"), &pools[0]);
        ck_assert_ptr_eq(config_pool(&c, "fine"), &pools[1]);
        ck_assert_ptr_eq(config_pool(&c, "worse"), &pools[2]);
        ck_assert_ptr_null(config_pool(&c, "fin"));
        ck_assert_ptr_null(config_pool(&empty, "fine"));
        ck_assert_str_eq(pool_of(&c, "192.0.2.10"), "fine");
        ck_assert_str_eq(pool_of(&c, "192.0.2.100"), "fine");   /* the valid one, though it comes later */
        ck_assert_str_eq(pool_of(&c, "192.0.2.150"), "broken"); /* the first of two invalid ones */
        ck_assert_str_eq(pool_of(&c, "192.0.2.250"), "worse");
        ck_assert_str_eq(pool_of(&c, "2001:db8::99"), "fine");
        ck_assert_str_eq(pool_of(&c, "2001:db8:1::"), "none");
        ck_assert_str_eq(pool_of(&empty, "192.0.2.10"), "none");
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {pools_are_found};
        return run_tests("config", tests, sizeof(tests) / sizeof(tests[0]));
}
