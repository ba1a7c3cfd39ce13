/* Time. The only caller of clock_gettime. Spans are nanoseconds; points in time are types of their own. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USEC INT64_C(1000)
#define MSEC (1000 * USEC)
#define SEC  (1000 * MSEC)

struct mono { /* CLOCK_BOOTTIME: goes on while the machine sleeps */
        int64_t ns;
};

#define MONO_NEVER ((struct mono){INT64_MAX})

struct mono mono_now(void);
struct mono mono_add(struct mono, int64_t ns); /* saturates at MONO_NEVER */
int64_t mono_since(struct mono now, struct mono then);
bool mono_before(struct mono, struct mono);
struct mono mono_min(struct mono, struct mono);

/* CLOCK_REALTIME in microseconds since 1970, for what is shown to people and to the API. */
int64_t wall_usec(void);
/* RFC 3339 with six digits, "2006-01-02T15:04:05.000000Z" (Kubernetes MicroTime). */
#define WALL_STRLEN 32
const char *wall_str(int64_t usec, char buf[static WALL_STRLEN]);
/* Without fractions, "2006-01-02T15:04:05Z" (Kubernetes Time). */
const char *wall_str_seconds(int64_t usec, char buf[static WALL_STRLEN]);
/* Kubernetes Time or MicroTime to seconds since 1970; false if it is neither. */
bool wall_parse(const char *text, int64_t *sec);
