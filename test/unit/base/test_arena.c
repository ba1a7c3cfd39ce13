#include "base/arena.h"
#include "suite.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static bool all_zero(const char *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i])
                        return false;
        return true;
}

START_TEST(objects_are_zeroed_aligned_and_apart)
{
        enum { N = 2000 };
        struct arena *a = arena_new();
        static char *v[N];
        for (size_t i = 0; i < N; i++) {
                size_t n = i * 37 % 700;
                v[i] = arena_alloc(a, n);
                ck_assert_uint_eq((uintptr_t)v[i] % _Alignof(max_align_t), 0);
                ck_assert(all_zero(v[i], n));
                memset(v[i], (int)(i % 255) + 1, n);
        }
        for (size_t i = 0; i < N; i++) { /* nobody wrote over a neighbour */
                size_t n = i * 37 % 700, same = 0;
                while (same < n && (uint8_t)v[i][same] == i % 255 + 1)
                        same++;
                ck_assert_uint_eq(same, n);
        }
        arena_free(a);
        arena_free(NULL);
}
END_TEST

START_TEST(large_objects_leave_room_for_small_ones)
{
        struct arena *a = arena_new();
        char *first = arena_alloc(a, 16), *large = arena_alloc(a, 1 << 20), *second = arena_alloc(a, 16);
        ck_assert(all_zero(large, 1 << 20));
        memset(large, 1, 1 << 20);
        ck_assert(all_zero(first, 16) && all_zero(second, 16));
        ck_assert_uint_lt((uintptr_t)second - (uintptr_t)first, 256); /* in the chunk that was begun */
        arena_free(a);
}
END_TEST

START_TEST(strings)
{
        struct arena *a = arena_new();
        ck_assert_str_eq(arena_strdup(a, "herald"), "herald");
        ck_assert_str_eq(arena_strdup(a, ""), "");
        ck_assert_ptr_null(arena_strdup(a, NULL));
        ck_assert_str_eq(arena_printf(a, "%s/%d", "pool", 7), "pool/7");
        ck_assert_uint_eq(strlen(arena_printf(a, "%20000s", "x")), 20000);
        ck_assert_ptr_nonnull(arena_array(a, 0, 8));
        arena_free(a);

        char *s = xprintf("%d", 42), *t = xstrdup("x");
        int *v = xcalloc(4, sizeof(*v));
        v = xreallocarray(v, 8, sizeof(*v));
        ck_assert_str_eq(s, "42");
        ck_assert_str_eq(t, "x");
        ck_assert_int_eq(v[3], 0);
        free(s);
        free(t);
        free(v);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
START_TEST(the_sanitizer_guards_the_end_of_objects)
{
        struct arena *a = arena_new();
        char *p = arena_alloc(a, 16), *q = arena_alloc(a, 5);
        ck_assert(!__asan_address_is_poisoned(p + 15));
        ck_assert(__asan_address_is_poisoned(p + 16));
        ck_assert(!__asan_address_is_poisoned(q + 4));
        ck_assert(__asan_address_is_poisoned(q + 5));
        arena_free(a);
}
END_TEST
#endif

START_TEST(an_array_that_overflows_aborts)
{
        struct arena *a = arena_new();
        arena_array(a, SIZE_MAX / 8 + 2, 8); /* 8 bytes, if it wrapped */
}
END_TEST

START_TEST(an_object_without_memory_aborts)
{
        struct arena *a = arena_new();
        arena_alloc(a, SIZE_MAX);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("arena");
        TCase *tcase = tcase_create("arena");
        tcase_add_test(tcase, objects_are_zeroed_aligned_and_apart);
        tcase_add_test(tcase, large_objects_leave_room_for_small_ones);
        tcase_add_test(tcase, strings);
#ifdef __SANITIZE_ADDRESS__
        tcase_add_test(tcase, the_sanitizer_guards_the_end_of_objects);
#endif
        tcase_add_test_raise_signal(tcase, an_array_that_overflows_aborts, SIGABRT);
        tcase_add_test_raise_signal(tcase, an_object_without_memory_aborts, SIGABRT);
        suite_add_tcase(suite, tcase);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
