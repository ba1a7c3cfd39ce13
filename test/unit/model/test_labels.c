#include "model/labels.h"
#include "test/unit/base/suite.h"

static struct label sorted[] = {{"app", "web"}, {"empty", ""}, {"tier", "front"}};
static const struct labels labels = {sorted, 3};
static const struct labels none = {NULL, 0};

START_TEST(labels_are_found_by_key)
{
        ck_assert_str_eq(labels_get(&labels, "app"), "web");
        ck_assert_str_eq(labels_get(&labels, "empty"), "");
        ck_assert_str_eq(labels_get(&labels, "tier"), "front");
        ck_assert_ptr_null(labels_get(&labels, "ap"));
        ck_assert_ptr_null(labels_get(&labels, "zone"));
        ck_assert_ptr_null(labels_get(&none, "app"));
}
END_TEST

START_TEST(sorting_makes_order_irrelevant)
{
        struct label v[] = {{"tier", "front"}, {"app", "web"}, {"empty", ""}};
        struct labels mixed = {v, 3}, empty = none;
        ck_assert(!labels_equal(&mixed, &labels));
        labels_sort(&mixed);
        ck_assert(labels_equal(&mixed, &labels));
        labels_sort(&empty);
        ck_assert(labels_equal(&empty, &none));
        ck_assert(!labels_equal(&empty, &labels));
        v[1].value = "x";
        ck_assert(!labels_equal(&mixed, &labels));
        v[1] = (struct label){"emptz", ""};
        ck_assert(!labels_equal(&mixed, &labels));
}
END_TEST

static bool expr(const char *key, enum label_op op, const char **values, size_t n)
{
        struct label_expr e = {key, op, values, n};
        struct selector s = {.exprs = &e, .n_exprs = 1};
        return selector_matches(&s, &labels);
}

START_TEST(expressions)
{
        const char *hit[] = {"db", "web"}, *miss[] = {"db", "we", "web2"}, *blank[] = {""};
        ck_assert(expr("app", LABEL_IN, hit, 2));
        ck_assert(!expr("app", LABEL_IN, miss, 3));
        ck_assert(!expr("zone", LABEL_IN, hit, 2));   /* absent is in nothing */
        ck_assert(!expr("zone", LABEL_IN, blank, 1)); /* absent is not empty */
        ck_assert(expr("empty", LABEL_IN, blank, 1));
        ck_assert(!expr("app", LABEL_NOT_IN, hit, 2));
        ck_assert(expr("app", LABEL_NOT_IN, miss, 3));
        ck_assert(expr("zone", LABEL_NOT_IN, hit, 2)); /* absent is in nothing */
        ck_assert(expr("app", LABEL_EXISTS, NULL, 0));
        ck_assert(expr("empty", LABEL_EXISTS, NULL, 0));
        ck_assert(!expr("zone", LABEL_EXISTS, NULL, 0));
        ck_assert(!expr("app", LABEL_DOES_NOT_EXIST, NULL, 0));
        ck_assert(expr("zone", LABEL_DOES_NOT_EXIST, NULL, 0));
}
END_TEST

START_TEST(all_terms_of_a_selector_must_hold)
{
        struct label web[] = {{"app", "web"}}, both[] = {{"app", "web"}, {"tier", "back"}};
        struct label_expr yes = {.key = "tier", .op = LABEL_EXISTS},
                          no = {.key = "tier", .op = LABEL_DOES_NOT_EXIST};
        struct selector s = {.match = {web, 1}};
        ck_assert(selector_matches(&s, &labels));
        ck_assert(!selector_matches(&s, &none));
        s.exprs = &yes;
        s.n_exprs = 1;
        ck_assert(selector_matches(&s, &labels));
        s.exprs = &no;
        ck_assert(!selector_matches(&s, &labels));
        s = (struct selector){.match = {both, 2}};
        ck_assert(!selector_matches(&s, &labels));
        s = (struct selector){0};
        ck_assert(selector_matches(&s, &labels)); /* empty: everything */
        ck_assert(selector_matches(&s, &none));
}
END_TEST

START_TEST(one_of_the_selectors_is_enough)
{
        struct label web[] = {{"app", "web"}}, db[] = {{"app", "db"}};
        struct selector v[] = {{.match = {db, 1}}, {.match = {web, 1}}};
        struct selectors empty = {NULL, 0}, only_db = {v, 1}, any = {v, 2};
        ck_assert(selectors_match(&empty, &labels, true));
        ck_assert(!selectors_match(&empty, &labels, false));
        ck_assert(!selectors_match(&only_db, &labels, true));
        ck_assert(selectors_match(&any, &labels, false));
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                labels_are_found_by_key,           sorting_makes_order_irrelevant, expressions,
                all_terms_of_a_selector_must_hold, one_of_the_selectors_is_enough,
        };
        return run_tests("labels", tests, sizeof(tests) / sizeof(tests[0]));
}
