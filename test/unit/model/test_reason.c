#include "model/reason.h"
#include "test/unit/base/suite.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* A condition's reason in Kubernetes: a capital, then letters and digits. Ours are words, so not all
 * capitals. */
static bool camel_case(const char *s)
{
        bool lower = false;
        if (!isupper((unsigned char)*s))
                return false;
        for (; *s; s++) {
                if (!isalnum((unsigned char)*s))
                        return false;
                lower |= islower((unsigned char)*s) != 0;
        }
        return lower;
}

START_TEST(every_reason_has_a_name_and_a_sentence)
{
        for (unsigned r = 0; r < REASON_MAX; r++) {
                const char *name = reason_name((enum reason)r), *sentence = reason_sentence((enum reason)r);
                ck_assert_msg(name && sentence, "reason %u has no row", r);
                ck_assert_msg(camel_case(name), "%s", name);
                size_t n = strlen(sentence);
                ck_assert_msg(n >= 20 && n <= 200, "%s: %zu characters", name, n);
                ck_assert_msg(sentence[n - 1] == '.', "%s: %s", name, sentence);
                ck_assert_msg(!strstr(sentence, "  ") && !strpbrk(sentence, "\n\t\""), "%s", sentence);
        }
}
END_TEST

START_TEST(no_two_reasons_are_the_same)
{
        for (unsigned a = 0; a < REASON_MAX; a++)
                for (unsigned b = 0; b < a; b++) {
                        ck_assert_str_ne(reason_name((enum reason)a), reason_name((enum reason)b));
                        ck_assert_str_ne(reason_sentence((enum reason)a), reason_sentence((enum reason)b));
                }
}
END_TEST

/* Users and their scripts know these; a row in the wrong place would move them. */
START_TEST(names_are_those_of_their_constants)
{
        ck_assert_str_eq(reason_name(REASON_ALLOCATED), "Allocated");
        ck_assert_str_eq(reason_name(REASON_NO_CLUSTER_IP), "NoClusterIP");
        ck_assert_str_eq(reason_name(REASON_NO_FREE_ADDRESS), "NoFreeAddress");
        ck_assert_str_eq(reason_name(REASON_ADDRESS_CONFLICT), "AddressConflict");
        ck_assert_str_eq(reason_name(REASON_FOREIGN_ADDRESS), "ForeignAddress");
        ck_assert_str_eq(reason_name(REASON_NO_LOCAL_ENDPOINTS), "NoLocalEndpoints");
        ck_assert_str_eq(reason_name(REASON_NODE_NETWORK_UNAVAILABLE), "NodeNetworkUnavailable");
        ck_assert_str_eq(reason_name(REASON_SHADOWED), "Shadowed");
        ck_assert_str_eq(reason_name(REASON_UNKNOWN_KIND), "UnknownKind");
        ck_assert_str_eq(reason_name(REASON_MAX), reason_name(REASON_NONE)); /* no reason of ours */
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                every_reason_has_a_name_and_a_sentence,
                no_two_reasons_are_the_same,
                names_are_those_of_their_constants,
        };
        return run_tests("reason", tests, sizeof(tests) / sizeof(tests[0]));
}
