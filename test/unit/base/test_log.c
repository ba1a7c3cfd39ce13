#include "base/clock.h"
#include "base/log.h"
#include "capture.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static struct capture cap;

/* The line without its time; the time is checked here. */
static const char *after_ts(const char *line)
{
        char ts[WALL_STRLEN];
        int64_t sec;
        ck_assert(strncmp(line, "ts=", 3) == 0);
        size_t n = strcspn(line + 3, " ");
        ck_assert_uint_lt(n, sizeof(ts));
        memcpy(ts, line + 3, n);
        ts[n] = '\0';
        ck_assert(wall_parse(ts, &sec));
        return line + 3 + n + 1;
}

START_TEST(a_line_is_logfmt)
{
        capture_begin(&cap);
        log_pairs(LOG_INFO, "bgp", "session is up", "peer=%s addr=%s", "vyos", "192.0.2.1");
        ck_assert_str_eq(after_ts(capture_now(&cap)),
                         "level=info module=bgp msg=\"session is up\" peer=vyos addr=192.0.2.1\n");
        capture_clear(&cap);
        log_warn("k8s", "watch of %s ended", "Services");
        ck_assert_str_eq(after_ts(capture_now(&cap)),
                         "level=warn module=k8s msg=\"watch of Services ended\"\n");
        capture_clear(&cap);
        log_error("bgp", "%s", "x\"\nts=1 level=info msg=\"forged");
        ck_assert_str_eq(after_ts(capture_now(&cap)),
                         "level=error module=bgp msg=\"x\\\"\\nts=1 level=info msg=\\\"forged\"\n");
}
END_TEST

START_TEST(levels_filter)
{
        enum log_level level;
        capture_begin(&cap);
        log_debug("x", "hidden");
        ck_assert_str_eq(capture_now(&cap), "");
        log_set_level(LOG_ERROR);
        log_warn("x", "hidden");
        log_pairs(LOG_WARN, "x", "hidden", "n=%d", 1);
        ck_assert_str_eq(capture_now(&cap), "");
        ck_assert(!log_enabled(LOG_WARN) && log_enabled(LOG_ERROR));
        ck_assert(log_level_parse("debug", &level) && level == LOG_DEBUG);
        log_set_level(level);
        log_debug("x", "seen");
        ck_assert_str_eq(after_ts(capture_now(&cap)), "level=debug module=x msg=\"seen\"\n");
        ck_assert(log_level_parse("error", &level) && level == LOG_ERROR);
        ck_assert(!log_level_parse("INFO", &level) && !log_level_parse("", &level));
}
END_TEST

START_TEST(a_long_line_is_cut_and_says_so)
{
        capture_begin(&cap);
        for (int n = 1900; n < 6000; n += 7) {
                capture_clear(&cap);
                log_info("x", "%*s|", n, "");
                capture_now(&cap);
                ck_assert_uint_le(cap.len, 2048);
                bool whole = strcmp(cap.text + cap.len - 3, "|\"\n") == 0;
                bool marked = strcmp(cap.text + cap.len - 12, " \" cut=true\n") == 0;
                ck_assert_int_eq(whole, n < 1975); /* what the line's other parts leave */
                ck_assert_int_eq(marked, !whole);
                ck_assert_ptr_eq(strchr(cap.text, '\n'), cap.text + cap.len - 1);
        }
        capture_clear(&cap);
        log_pairs(LOG_INFO, "x", "m", "a=\"%*s\" b=2", 3000, "");
        capture_now(&cap);
        ck_assert_uint_le(cap.len, 2048);
        ck_assert_str_eq(cap.text + cap.len - 12, " \" cut=true\n");
}
END_TEST

START_TEST(errno_is_kept)
{
        capture_begin(&cap);
        close(cap.fd); /* writing fails with EPIPE */
        signal(SIGPIPE, SIG_IGN);
        errno = ENOENT;
        log_info("x", "y");
        ck_assert_int_eq(errno, ENOENT);
        ck_assert_uint_eq(log_dropped(), 1);
        log_start();
        errno = EBADF;
        log_pairs(LOG_INFO, "x", "y", "n=%d", 1);
        ck_assert_int_eq(errno, EBADF);
        log_stop();
        ck_assert_uint_eq(log_dropped(), 2);
}
END_TEST

START_TEST(the_thread_writes_all_lines_in_order)
{
        capture_begin(&cap);
        log_start();
        log_start(); /* a second time is nothing */
        for (int i = 0; i < 500; i++)
                log_pairs(LOG_INFO, "x", "m", "n=%d", i);
        log_stop();
        log_stop();
        ck_assert_uint_eq(log_dropped(), 0);
        capture_now(&cap);
        const char *p = cap.text;
        for (int i = 0; i < 500; i++, p = strchr(p, '\n') + 1) {
                char want[64];
                snprintf(want, sizeof(want), "level=info module=x msg=\"m\" n=%d\n", i);
                ck_assert(strncmp(after_ts(p), want, strlen(want)) == 0);
        }
        ck_assert_str_eq(p, "");
}
END_TEST

START_TEST(it_can_start_again)
{
        capture_begin(&cap);
        for (int i = 0; i < 20; i++) {
                log_start();
                log_info("x", "in the ring");
                log_stop();
                log_info("x", "direct");
        }
        capture_now(&cap);
        size_t lines = 0;
        for (size_t i = 0; i < cap.len; i++)
                lines += cap.text[i] == '\n';
        ck_assert_uint_eq(lines, 40);
}
END_TEST

struct tally {
        unsigned long lines, told;
};

/* Counts the whole lines in the capture and forgets them. */
static void tally_lines(struct tally *t)
{
        char *p = cap.text, *end;
        for (; (end = strchr(p, '\n')); p = end + 1) {
                *end = '\0';
                ck_assert_msg(strncmp(p, "ts=", 3) == 0, "not a whole line: %s", p);
                const char *told = strstr(p, "slow\" lines=");
                if (told)
                        t->told += strtoul(told + 12, NULL, 10);
                else
                        t->lines++;
        }
        cap.len -= (size_t)(p - cap.text);
        memmove(cap.text, p, cap.len + 1);
}

START_TEST(a_slow_reader_costs_lines_not_time)
{
        enum { MAX = 100000 };
        unsigned long sent = 0;
        struct tally t = {0};
        capture_begin(&cap);
        log_start();
        while (log_dropped() < 10 && sent < MAX) {
                log_info("x", "line %lu of many that nobody reads for now", sent);
                sent++;
        }
        unsigned long dropped = log_dropped();
        ck_assert_uint_ge(dropped, 10);
        ck_assert_uint_ge(sent - dropped, 2000); /* the ring was used: 256 KiB of lines of 105 bytes */
        while (t.lines + t.told < sent) {
                ck_assert_msg(capture_more(&cap), "%lu lines, told of %lu, sent %lu", t.lines, t.told, sent);
                tally_lines(&t);
        }
        ck_assert_uint_eq(t.told, dropped);
        ck_assert_uint_eq(t.lines, sent - dropped);
        log_stop();
        ck_assert_uint_eq(log_dropped(), dropped);
}
END_TEST

START_TEST(stop_does_not_wait_for_ever)
{
        unsigned long sent = 0;
        struct tally t = {0};
        capture_begin(&cap);
        log_start();
        for (; sent < 3000; sent++)
                log_info("x", "line %lu of many that nobody ever reads", sent);
        log_stop(); /* nobody reads; Check's timeout is the judge */
        while (*capture_now(&cap))
                tally_lines(&t);
        ck_assert_uint_gt(t.lines, 0);
        ck_assert_uint_eq(t.lines + log_dropped(), sent);
}
END_TEST

static void *hammer(void *arg)
{
        for (int i = 0; i < 300; i++)
                log_pairs(LOG_INFO, "x", "m", "thread=%d n=%d", *(int *)arg, i);
        return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
        pthread_t threads[2];
        int ids[2] = {0, 1}, next[2] = {0, 0};
        capture_begin(&cap);
        log_start();
        for (int i = 0; i < 2; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &ids[i]), 0);
        for (int i = 0; i < 2; i++)
                pthread_join(threads[i], NULL);
        log_stop();
        const char *p = capture_now(&cap);
        for (int i = 0; i < 600; i++, p = strchr(p, '\n') + 1) {
                int id, n;
                ck_assert_int_eq(
                        sscanf(after_ts(p), "level=info module=x msg=\"m\" thread=%d n=%d\n", &id, &n), 2);
                ck_assert(id == 0 || id == 1);
                ck_assert_int_eq(n, next[id]++);
        }
}
END_TEST

START_TEST(limit_passes_bursts_and_counts_the_rest)
{
        struct log_limit l = {0};
        uint32_t suppressed = 99;
        ck_assert(log_allow(&l, 100 * SEC, 2, SEC, &suppressed));
        ck_assert_uint_eq(suppressed, 0);
        ck_assert(log_allow(&l, 100 * SEC, 2, SEC, &suppressed));
        for (int i = 0; i < 5; i++)
                ck_assert(!log_allow(&l, 101 * SEC - 1, 2, SEC, &suppressed));
        ck_assert(log_allow(&l, 101 * SEC, 2, SEC, &suppressed));
        ck_assert_uint_eq(suppressed, 5);
        ck_assert(log_allow(&l, 101 * SEC, 2, SEC, NULL));
        ck_assert(!log_allow(&l, 101 * SEC, 2, SEC, NULL));
        ck_assert(log_allow(&l, 102 * SEC, 2, SEC, &suppressed));
        ck_assert_uint_eq(suppressed, 1); /* those before were told */
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                a_line_is_logfmt,
                levels_filter,
                a_long_line_is_cut_and_says_so,
                errno_is_kept,
                the_thread_writes_all_lines_in_order,
                it_can_start_again,
                a_slow_reader_costs_lines_not_time,
                stop_does_not_wait_for_ever,
                lines_of_threads_do_not_mix,
                limit_passes_bursts_and_counts_the_rest,
        };
        return run_tests("log", tests, sizeof(tests) / sizeof(tests[0]));
}
