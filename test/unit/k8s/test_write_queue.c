#include "k8s/write_queue.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct write_queue queue;

static void teardown(void)
{
        write_queue_clear(&queue);
}

static struct mono at(int64_t ms)
{
        return (struct mono){SEC + ms * MSEC};
}

static struct write *put(enum write_type type, int number)
{
        char name[16];
        snprintf(name, sizeof(name), "web-%d", number);
        const struct ref ref = {KIND_SERVICE, "", "shop", name, "u", "1"};
        return write_queue_put(&queue, write_new(type, &ref));
}

/* Starts the next one and returns its name, "" if none may go. */
static const char *start(enum write_type type, struct write_slot **out)
{
        *out = write_queue_next(&queue, type);
        if (!*out)
                return "";
        write_queue_start(&queue, *out);
        return (*out)->running->ref.name;
}

static void end(struct write_slot *slot, struct mono now)
{
        write_free(write_queue_end(&queue, slot, now));
}

static void end_refused(struct write_slot *slot, struct mono now)
{
        pause_longer(&slot->pause, now, 0);
        end(slot, now);
}

START_TEST(first_come_first_served)
{
        struct write_slot *a, *b, *none;
        for (int i = 1; i <= 3; i++)
                ck_assert_ptr_null(put(WRITE_STATUS, i));
        put(WRITE_EVENT, 9);
        write_free(put(WRITE_STATUS, 1)); /* newer, but its place is the old one's */
        ck_assert_str_eq(start(WRITE_STATUS, &a), "web-1");
        ck_assert_str_eq(start(WRITE_STATUS, &b), "web-2");
        ck_assert_ptr_null(
                put(WRITE_STATUS, 1)); /* waits for the end of the one under way, then for its turn */
        end(a, at(0));
        ck_assert_str_eq(start(WRITE_STATUS, &a), "web-3");
        end(b, at(0));
        end(a, at(0));
        ck_assert_str_eq(start(WRITE_STATUS, &a), "web-1");
        ck_assert_str_eq(start(WRITE_STATUS, &none), "");
        ck_assert_str_eq(start(WRITE_EVENT, &b), "web-9");
        end(a, at(0));
        end(b, at(0));
        ck_assert_ptr_null(queue.slots);
}
END_TEST

START_TEST(pauses_grow_and_end_in_their_order)
{
        struct write_slot *slot;
        struct pause pause = {0};
        static const int64_t expected[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
                pause_longer(&pause, at(0), 0);
                ck_assert_int_eq(mono_since(pause.until, at(0)), expected[i] * MSEC);
        }
        pause_longer(&pause, at(0), 60 * SEC);
        ck_assert_int_eq(mono_since(pause.until, at(0)), 60 * SEC);
        for (int i = 0; i < 50; i++) { /* all pause, each from another time on */
                put(WRITE_STATUS, i);
                start(WRITE_STATUS, &slot);
                end_refused(slot, at(i * 37 % 50));
                put(WRITE_STATUS, i);
        }
        ck_assert_ptr_null(write_queue_next(&queue, WRITE_STATUS));
        for (int ms = 0; ms < 50; ms++) {
                ck_assert_int_eq(mono_since(write_queue_wake(&queue, at(99 + ms)), at(0)), (100 + ms) * MSEC);
                ck_assert_ptr_null(write_queue_next(&queue, WRITE_STATUS));
                write_queue_wake(&queue, at(100 + ms));
                int number;
                ck_assert_int_eq(sscanf(start(WRITE_STATUS, &slot), "web-%d", &number), 1);
                ck_assert_int_eq(number * 37 % 50, ms);
                end(slot, at(100 + ms));
        }
        write_queue_wake(&queue, at(SEC));
        ck_assert_ptr_null(queue.slots);
}
END_TEST

START_TEST(a_pause_outlives_its_write)
{
        struct write_slot *slot;
        put(WRITE_STATUS, 1);
        start(WRITE_STATUS, &slot);
        end_refused(slot, at(0));
        ck_assert_ptr_nonnull(queue.slots);
        write_queue_wake(&queue, at(99));
        put(WRITE_STATUS, 1);
        ck_assert_ptr_null(write_queue_next(&queue, WRITE_STATUS));
        write_queue_wake(&queue, at(100));
        start(WRITE_STATUS, &slot);
        ck_assert_uint_eq(slot->pause.failures, 1); /* a second failure is a longer pause */
        end_refused(slot, at(100));
        ck_assert_int_eq(mono_since(write_queue_wake(&queue, at(299)), at(0)), 300 * MSEC);
        ck_assert_int_eq(write_queue_wake(&queue, at(300)).ns, MONO_NEVER.ns);
        ck_assert_ptr_null(queue.slots); /* nothing waited */
}
END_TEST

/* 10,000 Services, 50 under way: what a write costs does not follow how many wait, or pause. */
START_TEST(the_work_for_many_writes_is_linear)
{
        enum { N = 10000, IN_FLIGHT = 50 };
        struct write_slot *running[IN_FLIGHT];
        int done = 0, n = 0;
        bool refused[N] = {false};
        for (int i = 0; i < N; i++)
                put(WRITE_STATUS, i);
        for (struct mono now = at(0); done < N; now = mono_add(now, MSEC)) {
                write_queue_wake(&queue, now);
                while (n < IN_FLIGHT && write_queue_next(&queue, WRITE_STATUS))
                        start(WRITE_STATUS, &running[n++]);
                if (n == 0)
                        continue;
                struct write_slot *slot = running[0]; /* each completion is a turn of its own */
                running[0] = running[--n];
                int number;
                ck_assert_int_eq(sscanf(slot->running->ref.name, "web-%d", &number), 1);
                if (number % 2 && !refused[number]) {
                        refused[number] = true;
                        end_refused(slot, now);
                        put(WRITE_STATUS, number);
                } else {
                        end(slot, now);
                        done++;
                }
        }
        ck_assert_ptr_null(queue.slots);
        ck_assert_uint_lt(queue.steps, (size_t)N * 40); /* a scan of the queue would be 100,000,000 */
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("write_queue");
        TCase *tc = tcase_create("write_queue");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, NULL, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, first_come_first_served);
        tcase_add_test(tc, pauses_grow_and_end_in_their_order);
        tcase_add_test(tc, a_pause_outlives_its_write);
        tcase_add_test(tc, the_work_for_many_writes_is_linear);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
