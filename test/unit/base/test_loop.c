#include "base/loop.h"
#include "capture.h"
#include "suite.h"

#include <signal.h>
#include <stdio.h>

/* A story that callbacks write, one letter each. */
struct story {
        struct loop *loop;
        char text[256];
        size_t n;
        struct loop_timer *timer, *end; /* end: stops the loop when it was armed by end_soon() */
        struct loop_fd *fd;
        struct mono deadline;
        int64_t late;
        int left;
};

static struct story story_new(void)
{
        return (struct story){.loop = loop_new("test")};
}

static void tell(struct story *s, char c)
{
        ck_assert_uint_lt(s->n + 1, sizeof(s->text));
        s->text[s->n++] = c;
}

static void a(void *arg)
{
        tell(arg, 'a');
}

static void b(void *arg)
{
        tell(arg, 'b');
}

static void c(void *arg)
{
        tell(arg, 'c');
}

static void stop(void *arg)
{
        struct story *s = arg;
        tell(s, '.');
        loop_stop(s->loop);
}

static struct loop_timer *timer_in(struct story *s, loop_fn *fn, int64_t ns)
{
        struct loop_timer *t = loop_timer_new(s->loop, fn, s);
        loop_timer_at(t, mono_add(mono_now(), ns));
        return t;
}

/* Called where the story should be over: what must not happen any more has a moment to happen. */
static void end_soon(struct story *s)
{
        if (!s->end)
                s->end = loop_timer_new(s->loop, stop, s);
        loop_timer_at(s->end, mono_add(mono_now(), 2 * MSEC));
}

START_TEST(timers_fire_in_order_of_deadlines)
{
        struct story s = story_new();
        struct loop_timer *v[] = {
                timer_in(&s, stop, 30 * MSEC),
                timer_in(&s, c, 20 * MSEC),
                timer_in(&s, b, -10 * SEC), /* the past: in order, too */
                timer_in(&s, a, -20 * SEC),
                timer_in(&s, b, 5 * MSEC),
                timer_in(&s, a, 0),
        };
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "ababc.");
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
                loop_timer_free(v[i]);
        loop_timer_free(NULL);
        loop_free(s.loop);
        loop_free(NULL);
}
END_TEST

START_TEST(a_timer_moves_and_stops)
{
        struct story s = story_new();
        struct loop_timer *moved = timer_in(&s, a, 0), *stopped = timer_in(&s, b, 0),
                          *never = timer_in(&s, c, 0);
        struct loop_timer *end = timer_in(&s, stop, 10 * MSEC);
        loop_timer_at(moved, mono_add(mono_now(), 5 * MSEC));
        loop_timer_at(moved, mono_add(mono_now(), 2 * MSEC));
        loop_timer_stop(stopped);
        loop_timer_stop(stopped);
        loop_timer_at(never, MONO_NEVER);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "a."); /* once */
        loop_timer_free(moved);
        loop_timer_free(stopped);
        loop_timer_free(never);
        loop_timer_free(end);
        loop_free(s.loop);
}
END_TEST

static void measure(void *arg)
{
        struct story *s = arg;
        int64_t late = mono_since(mono_now(), s->deadline);
        ck_assert_int_ge(late, 0); /* never early */
        if (late < s->late)
                s->late = late;
        if (--s->left == 0) {
                loop_stop(s->loop);
                return;
        }
        s->deadline = mono_add(mono_now(), 300 * USEC + s->left * 7001);
        loop_timer_at(s->timer, s->deadline); /* armed again inside its own callback */
}

START_TEST(a_timer_is_never_early_and_can_be_exact)
{
        struct story s = story_new();
        s.left = 200;
        s.late = INT64_MAX;
        s.deadline = mono_now();
        s.timer = loop_timer_new(s.loop, measure, &s);
        loop_timer_at(s.timer, s.deadline);
        loop_run(s.loop);
        ck_assert_int_lt(s.late, MSEC); /* the best of 200: a busy machine may be late, rounding may not */
        loop_timer_free(s.timer);
        loop_free(s.loop);
}
END_TEST

START_TEST(a_far_deadline_does_not_fire)
{
        struct story s = story_new();
        struct loop_timer *far = timer_in(&s, a, INT64_MAX / 2), *end = timer_in(&s, stop, 5 * MSEC);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, ".");
        loop_timer_free(far);
        loop_timer_free(end);
        loop_free(s.loop);
}
END_TEST

static void free_self(void *arg)
{
        struct story *s = arg;
        loop_timer_free(s->timer);
        s->timer = NULL;
        tell(s, 'f');
}

START_TEST(a_timer_may_free_itself)
{
        struct story s = story_new();
        s.timer = timer_in(&s, free_self, 0);
        struct loop_timer *end = timer_in(&s, stop, 2 * MSEC);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "f.");
        loop_timer_free(end);
        loop_free(s.loop);
}
END_TEST

START_TEST(a_timer_may_free_one_that_is_due_too)
{
        struct story s = story_new();
        struct loop_timer *first = timer_in(&s, free_self, -2 * SEC);
        s.timer = timer_in(&s, a, -1 * SEC); /* due in the same turn, but gone */
        struct loop_timer *end = timer_in(&s, stop, 2 * MSEC);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "f.");
        loop_timer_free(first);
        loop_timer_free(end);
        loop_free(s.loop);
}
END_TEST

static void read_one(void *arg, int fd, int what)
{
        struct story *s = arg;
        char ch;
        ck_assert_int_eq(what, LOOP_READ);
        ck_assert_int_eq(read(fd, &ch, 1), 1);
        tell(s, ch);
        if (ch == '.')
                loop_stop(s->loop);
        if (ch == '0') {
                loop_fd_set(s->fd, 0);
                end_soon(s);
        }
        if (ch == 'x') {
                end_soon(s);
                loop_fd_free(s->fd);
                s->fd = NULL;
        }
}

START_TEST(an_fd_is_level_triggered_until_it_is_paused)
{
        struct story s = story_new();
        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);
        s.fd = loop_fd_new(s.loop, fds[0], LOOP_READ, read_one, &s);
        ck_assert_int_eq(write(fds[1], "abc0de.", 7), 7);
        loop_run(s.loop); /* paused at 0: the timer ends it */
        ck_assert_str_eq(s.text, "abc0.");
        loop_fd_set(s.fd, LOOP_READ);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "abc0.de.");
        loop_fd_free(s.fd);
        loop_fd_free(NULL);
        loop_timer_free(s.end);
        loop_free(s.loop);
        close(fds[0]);
        close(fds[1]);
}
END_TEST

START_TEST(an_fd_may_free_itself)
{
        struct story s = story_new();
        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);
        s.fd = loop_fd_new(s.loop, fds[0], LOOP_READ, read_one, &s);
        ck_assert_int_eq(write(fds[1], "xy", 2), 2);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "x.");
        loop_timer_free(s.end);
        loop_free(s.loop);
        close(fds[0]);
        close(fds[1]);
}
END_TEST

static void on_write(void *arg, int fd, int what)
{
        struct story *s = arg;
        (void)fd;
        tell(s, what == LOOP_WRITE ? 'w' : '?');
        loop_fd_set(s->fd, LOOP_READ);
        end_soon(s);
}

static void on_hangup(void *arg, int fd, int what)
{
        char ch;
        ck_assert_int_eq(what, LOOP_READ); /* only what was asked for, although the fd is also "writable" */
        ck_assert_int_eq(read(fd, &ch, 1), 0);
        stop(arg);
}

START_TEST(an_fd_tells_what_is_ready)
{
        struct story s = story_new();
        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);
        s.fd = loop_fd_new(s.loop, fds[1], LOOP_WRITE, on_write, &s);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "w."); /* once: it was switched to reading */
        loop_fd_free(s.fd);
        close(fds[1]);
        s.fd = loop_fd_new(s.loop, fds[0], 0, on_hangup, &s); /* made paused */
        loop_fd_set(s.fd, LOOP_READ);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "w..");
        loop_fd_free(s.fd);
        loop_timer_free(s.end);
        loop_free(s.loop);
        close(fds[0]);
}
END_TEST

static void b_at_the_end(void *arg)
{
        b(arg);
        end_soon(arg);
}

static void defer_b(void *arg)
{
        struct story *s = arg;
        tell(s, 'd');
        loop_defer(s->loop, b_at_the_end, s);
}

static void defer_to_c(void *arg)
{
        struct story *s = arg;
        tell(s, 'd');
        loop_defer(s->loop, c, s);
}

START_TEST(deferred_functions_run_after_the_callbacks_of_the_turn)
{
        struct story s = story_new();
        struct loop_timer *v[] = {
                timer_in(&s, defer_b, -5 * SEC),
                timer_in(&s, a, -4 * SEC),
                timer_in(&s, a, -3 * SEC),
        };
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "daab.");
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
                loop_timer_free(v[i]);
        loop_timer_free(s.end);
        loop_free(s.loop);
}
END_TEST

START_TEST(deferred_functions_keep_their_order)
{
        struct story s = story_new();
        loop_defer(s.loop, a, &s);
        loop_defer(s.loop, defer_b, &s); /* defers one more: it comes after all that are there */
        loop_defer(s.loop, c, &s);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "adcb.");
        for (int i = 0; i < 100; i++)
                loop_defer(s.loop, i % 2 ? a : b, &s);
        loop_defer(s.loop, defer_to_c, &s);
        s.n = 0;
        loop_timer_free(s.end);
        loop_free(s.loop); /* runs them, also what they defer */
        ck_assert_uint_eq(s.n, 102);
        for (size_t i = 0; i < 100; i++)
                ck_assert_int_eq(s.text[i], i % 2 ? 'a' : 'b');
        ck_assert(memcmp(s.text + 100, "dc", 2) == 0);
}
END_TEST

START_TEST(stop_before_run_is_not_lost)
{
        struct story s = story_new();
        struct loop_timer *t = timer_in(&s, a, 0);
        loop_stop(s.loop);
        loop_run(s.loop);
        ck_assert_str_eq(s.text, "");
        struct loop_timer *end = timer_in(&s, stop, MSEC);
        loop_run(s.loop); /* it was stopped once, not for ever */
        ck_assert_str_eq(s.text, "a.");
        loop_timer_free(t);
        loop_timer_free(end);
        loop_free(s.loop);
}
END_TEST

START_TEST(signals_arrive_in_the_loop)
{
        struct story s = story_new();
        loop_signal(s.loop, SIGUSR1, a, &s);
        loop_signal(s.loop, SIGTERM, stop, &s);
        struct loop_timer *t = timer_in(&s, b, 0);
        ck_assert_int_eq(raise(SIGUSR1), 0);
        ck_assert_int_eq(raise(SIGTERM), 0);
        ck_assert_str_eq(s.text, ""); /* not in the handler */
        loop_run(s.loop);
        ck_assert_ptr_nonnull(strchr(s.text, 'a'));
        ck_assert_int_eq(s.text[s.n - 1], '.');
        loop_timer_free(t);
        loop_free(s.loop);
}
END_TEST

static void slow(void *arg)
{
        struct story *s = arg;
        struct mono until = mono_add(mono_now(), 3 * MSEC);
        while (mono_before(mono_now(), until))
                ;
        if (--s->left == 0)
                loop_stop(s->loop);
        else
                loop_timer_at(s->timer, mono_now());
}

START_TEST(slow_callbacks_are_counted_and_told_once)
{
        static struct capture cap;
        struct story s = story_new();
        capture_begin(&cap);
        s.left = 4;
        s.timer = timer_in(&s, slow, 0);
        loop_set_limit(s.loop, 2 * MSEC);
        loop_run(s.loop);
        struct loop_stats st = loop_stats(s.loop);
        ck_assert_uint_eq(st.callbacks, 4);
        ck_assert_uint_eq(st.slow, 4);
        ck_assert_int_ge(st.max_ns, 3 * MSEC);
        ck_assert_int_ge(st.busy_ns, 12 * MSEC);
        ck_assert_int_eq(loop_stats(s.loop).max_ns, 0); /* since the last look */
        const char *line = capture_now(&cap);
        ck_assert_ptr_nonnull(strstr(line, "level=warn module=loop"));
        ck_assert_ptr_nonnull(strstr(line, "loop=test"));
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
        loop_timer_free(s.timer);
        loop_free(s.loop);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                timers_fire_in_order_of_deadlines,
                a_timer_moves_and_stops,
                a_timer_is_never_early_and_can_be_exact,
                a_far_deadline_does_not_fire,
                a_timer_may_free_itself,
                a_timer_may_free_one_that_is_due_too,
                an_fd_is_level_triggered_until_it_is_paused,
                an_fd_may_free_itself,
                an_fd_tells_what_is_ready,
                deferred_functions_run_after_the_callbacks_of_the_turn,
                deferred_functions_keep_their_order,
                stop_before_run_is_not_lost,
                signals_arrive_in_the_loop,
                slow_callbacks_are_counted_and_told_once,
        };
        return run_tests("loop", tests, sizeof(tests) / sizeof(tests[0]));
}
