/* What the tests of layer 2 share. */
#pragma once
#include "l2/frame.h"
#include <check.h>
#include <stdlib.h>

static const struct mac SELF = {{0x02, 0, 0, 0, 0, 0x01}};
static const struct mac PEER = {{0x02, 0, 0, 0, 0, 0x02}};
static const struct mac OTHER = {{0x02, 0, 0, 0, 0, 0x03}};

static inline struct ip ip_of(const char *text)
{
        struct ip ip;

        ck_assert_msg(ip_parse(text, &ip), "%s", text);
        return ip;
}

/* Frees nothing: the test process ends. A buffer of exactly n bytes, so that ASan sees a read past its end.
 */
static inline uint8_t *exact_copy(const void *bytes, size_t n)
{
        uint8_t *copy = malloc(n == 0 ? 1 : n);

        memcpy(copy, bytes, n);
        return copy;
}

static inline int run_suite(TCase *cases, const char *name)
{
        Suite *suite = suite_create(name);
        SRunner *runner;
        int failed;

        suite_add_tcase(suite, cases);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
