/*
 * Logging never makes its caller wait. A line is put together on the caller's stack and copied into a ring
 * under a mutex that is held for the copy only; a thread takes whole lines out and writes them. It writes at
 * most PIPE_BUF bytes after poll() said that there is room, so that it does not block in write() and
 * log_stop() stays bounded. A full ring drops the new line and counts it; once there is room, a line tells
 * how many are missing. This file has the program's only mutable globals.
 */
#include "base/log.h"
#include "base/clock.h"
#include "base/log_text.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
        RING = 256 * 1024,
        LINE = 2048,    /* the longest line with its newline */
        STOP_MS = 1000, /* how long a line may wait for a reader when nothing else can take it */
};

static struct {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        pthread_t thread;
        bool running;
        char ring[RING];
        size_t head, used; /* the oldest byte, how many there are */
        uint64_t told;     /* of the dropped lines, how many a line told of */
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static atomic_bool stopping;
static atomic_int threshold = LOG_INFO;
static _Atomic uint64_t dropped;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
        threshold = (int)level;
}

bool log_level_parse(const char *text, enum log_level *level)
{
        for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
                if (strcmp(text, level_names[i]) == 0) {
                        *level = (enum log_level)i;
                        return true;
                }
        return false;
}

bool log_enabled(enum log_level level)
{
        return (int)level >= threshold;
}

uint64_t log_dropped(void)
{
        return dropped;
}

static void drop_lines(const char *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] == '\n')
                        dropped++;
}

/* Waits until stderr takes bytes: for ever while the program runs, STOP_MS when it stops or nobody else
 * writes. */
static bool wait_writable(bool bounded)
{
        struct pollfd pfd = {.fd = STDERR_FILENO, .events = POLLOUT};
        for (int waited = 0;; waited += 100) {
                int n = poll(&pfd, 1, 100);
                if (n > 0)
                        return !(pfd.revents & POLLNVAL);
                if (n < 0 && errno != EINTR)
                        return false;
                if (!bounded && !stopping)
                        waited = 0;
                else if (waited >= STOP_MS)
                        return false;
        }
}

/* False: they could not be written and are counted as dropped. */
static bool write_out(const char *p, size_t n, bool bounded)
{
        while (n > 0) {
                ssize_t done = -1;
                if (wait_writable(bounded))
                        done = write(STDERR_FILENO, p, n < PIPE_BUF ? n : PIPE_BUF);
                else
                        errno = EIO;
                if (done < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (done <= 0) {
                        drop_lines(p, n);
                        return false;
                }
                p += done;
                n -= (size_t)done;
        }
        return true;
}

static void ring_put(const char *p, size_t n)
{
        size_t tail = (out.head + out.used) % RING;
        size_t first = n < RING - tail ? n : RING - tail;
        memcpy(out.ring + tail, p, first);
        memcpy(out.ring, p + first, n - first);
        out.used += n;
}

/* Takes whole lines, as many as fit in PIPE_BUF: lines of other processes do not come between. */
static size_t ring_take(char p[static PIPE_BUF])
{
        size_t n = out.used < PIPE_BUF ? out.used : PIPE_BUF;
        size_t first = n < RING - out.head ? n : RING - out.head;
        memcpy(p, out.ring + out.head, first);
        memcpy(p + first, out.ring, n - first);
        while (n > 0 && p[n - 1] != '\n')
                n--;
        out.head = (out.head + n) % RING;
        out.used -= n;
        return n;
}

static void begin_line(struct text *t, enum log_level level, const char *module)
{
        char ts[WALL_STRLEN];
        text_add(t, "ts=");
        text_add(t, wall_str(wall_usec(), ts));
        text_add(t, " level=");
        text_add(t, level_names[level]);
        text_add(t, " module=");
        text_add(t, module);
        text_add(t, " msg=");
}

/* buf has room for the mark and the newline behind the text's capacity. */
static size_t end_line(struct text *t)
{
        static const char mark[] = " cut=true";
        if (t->cut) {
                memcpy(t->p + t->len, mark, sizeof(mark) - 1);
                t->len += sizeof(mark) - 1;
        }
        t->p[t->len++] = '\n';
        return t->len;
}

static struct text line_in(char buf[static LINE])
{
        return (struct text){.p = buf, .cap = LINE - 16};
}

/* What the thread says about lines that did not fit; `n` of them. */
static void write_missing(uint64_t n)
{
        char buf[LINE], pairs[64];
        struct text t = line_in(buf);
        begin_line(&t, LOG_WARN, "log");
        text_add_quoted(&t, "log lines were dropped because the reader of stderr is slow");
        snprintf(pairs, sizeof(pairs), " lines=%llu", (unsigned long long)n);
        text_add(&t, pairs);
        write_out(buf, end_line(&t), false);
}

/* Until the program stops and the ring is empty, or nobody reads what is left in it. */
static void *writer_main(void *arg)
{
        char batch[PIPE_BUF];
        bool ok = true;
        size_t n;
        (void)arg;
        pthread_mutex_lock(&out.lock);
        for (;;) {
                while (out.used == 0 && !stopping)
                        pthread_cond_wait(&out.wake, &out.lock);
                if (stopping && (out.used == 0 || !ok))
                        break;
                n = ring_take(batch);
                uint64_t missing = dropped - out.told;
                out.told += missing;
                pthread_mutex_unlock(&out.lock);
                ok = write_out(batch, n, false);
                if (ok && missing > 0)
                        write_missing(missing);
                pthread_mutex_lock(&out.lock);
        }
        while ((n = ring_take(batch)) > 0)
                drop_lines(batch, n);
        pthread_mutex_unlock(&out.lock);
        return NULL;
}

void log_start(void)
{
        sigset_t all, was;
        pthread_mutex_lock(&out.lock);
        bool was_running = out.running;
        pthread_mutex_unlock(&out.lock);
        if (was_running)
                return;
        stopping = false;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &was); /* signals are for the loops */
        bool started = pthread_create(&out.thread, NULL, writer_main, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &was, NULL);
        pthread_mutex_lock(&out.lock);
        out.running = started;
        pthread_mutex_unlock(&out.lock);
}

void log_stop(void)
{
        pthread_mutex_lock(&out.lock);
        bool was = out.running;
        out.running = false;
        stopping = true;
        pthread_cond_signal(&out.wake);
        pthread_mutex_unlock(&out.lock);
        if (was)
                pthread_join(out.thread, NULL);
}

static void emit(const char *line, size_t n)
{
        pthread_mutex_lock(&out.lock);
        bool direct = !out.running;
        if (!direct && n <= RING - out.used) {
                ring_put(line, n);
                pthread_cond_signal(&out.wake);
        } else if (!direct) {
                dropped++;
        }
        pthread_mutex_unlock(&out.lock);
        if (direct)
                write_out(line, n, true);
}

void log_line(enum log_level level, const char *module, const char *fmt, ...)
{
        if (!log_enabled(level))
                return;
        int saved = errno;
        char msg[LINE], buf[LINE];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(msg, sizeof(msg), fmt, ap); /* what this cuts is longer than a line */
        va_end(ap);
        struct text t = line_in(buf);
        begin_line(&t, level, module);
        text_add_quoted(&t, msg);
        emit(buf, end_line(&t));
        errno = saved;
}

void log_pairs(enum log_level level, const char *module, const char *msg, const char *fmt, ...)
{
        if (!log_enabled(level))
                return;
        int saved = errno;
        char pairs[LINE], buf[LINE];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(pairs, sizeof(pairs), fmt, ap);
        va_end(ap);
        struct text t = line_in(buf);
        begin_line(&t, level, module);
        text_add_quoted(&t, msg);
        text_add(&t, " ");
        text_add_pairs(&t, pairs);
        emit(buf, end_line(&t));
        errno = saved;
}

bool log_allow(struct log_limit *l, int64_t now_ns, uint32_t burst, int64_t per_ns, uint32_t *suppressed)
{
        if (now_ns - l->window_start >= per_ns) {
                l->window_start = now_ns;
                l->passed = 0;
        }
        if (l->passed >= burst) {
                l->suppressed++;
                return false;
        }
        l->passed++;
        if (suppressed)
                *suppressed = l->suppressed;
        l->suppressed = 0;
        return true;
}
