/*
 * Log lines in logfmt to stderr: ts=... level=info module=bgp msg="..." key=value. A line goes into a ring that a
 * thread of its own writes out; when the reader of stderr is slow the ring drops and counts, the caller never waits.
 * Before log_start() and after log_stop() lines are written directly. errno is kept.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level);
bool log_level_parse(const char *text, enum log_level *out); /* debug, info, warn, error */
bool log_enabled(enum log_level);
void log_start(void);
void log_stop(void); /* writes out what is left; gives up when nobody reads for a second */
uint64_t log_dropped(void);

/* A line that is a sentence only. What could forge a line or drive a terminal is escaped. */
void log_line(enum log_level, const char *module, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A sentence and its pairs: log_pairs(LOG_INFO, "bgp", "session is up", "peer=%s addr=%s", name, addr).
 * A value that may hold spaces, quotes or foreign bytes goes through log_quote(). */
void log_pairs(enum log_level, const char *module, const char *msg, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* s as the value of a pair: as it is, or quoted and escaped; cut with "..." when longer. NULL gives "".
 * Returns buf. */
#define LOG_QUOTELEN 256
const char *log_quote(char buf[static LOG_QUOTELEN], const char *s);

#define log_debug(module, ...) log_line(LOG_DEBUG, module, __VA_ARGS__)
#define log_info(module, ...)  log_line(LOG_INFO, module, __VA_ARGS__)
#define log_warn(module, ...)  log_line(LOG_WARN, module, __VA_ARGS__)
#define log_error(module, ...) log_line(LOG_ERROR, module, __VA_ARGS__)

/* For lines that remote parties can cause: true at most `burst` times per `per_ns`; the next line that passes tells
 * how many were left out through *suppressed. One struct per kind of line, zeroed at first, used by one thread. */
struct log_limit {
        int64_t window_start;
        uint32_t passed, suppressed;
};
bool log_allow(struct log_limit *, int64_t now_ns, uint32_t burst, int64_t per_ns, uint32_t *suppressed);
