#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct mono mono_now(void)
{
        struct timespec ts;
        if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
                abort();
        return (struct mono){ts.tv_sec * SEC + ts.tv_nsec};
}

struct mono mono_add(struct mono t, int64_t ns)
{
        int64_t sum;
        if (t.ns == INT64_MAX)
                return MONO_NEVER;
        if (__builtin_add_overflow(t.ns, ns, &sum))
                return ns > 0 ? MONO_NEVER : (struct mono){INT64_MIN};
        return (struct mono){sum};
}

int64_t mono_since(struct mono now, struct mono then)
{
        int64_t span;
        if (__builtin_sub_overflow(now.ns, then.ns, &span))
                return now.ns > then.ns ? INT64_MAX : INT64_MIN;
        return span;
}

bool mono_before(struct mono a, struct mono b)
{
        return a.ns < b.ns;
}

struct mono mono_min(struct mono a, struct mono b)
{
        return a.ns < b.ns ? a : b;
}

int64_t wall_usec(void)
{
        struct timespec ts;
        if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
                abort();
        return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

const char *wall_str(int64_t usec, char buf[static WALL_STRLEN])
{
        time_t sec = usec / 1000000;
        int64_t rest = usec % 1000000;
        if (rest < 0) {
                rest += 1000000;
                sec--;
        }
        struct tm tm = {0};
        char rest_of_date[16];
        unsigned year = 0;
        /* A year without four digits is written as 0000. strftime() does not pad the year. */
        if (gmtime_r(&sec, &tm) && tm.tm_year >= -1900 && tm.tm_year <= 9999 - 1900)
                year = (unsigned)(tm.tm_year + 1900);
        strftime(rest_of_date, sizeof(rest_of_date), "-%m-%dT%H:%M:%S", &tm);
        snprintf(buf, WALL_STRLEN, "%04u%s.%06uZ", year % 10000, rest_of_date, (unsigned)rest % 1000000);
        return buf;
}

const char *wall_str_seconds(int64_t usec, char buf[static WALL_STRLEN])
{
        wall_str(usec, buf);
        memcpy(strchr(buf, '.'), "Z", 2);
        return buf;
}

/* Takes n digits from *p; -1 if there are fewer. */
static int digits(const char **p, int n)
{
        int value = 0;
        for (; n > 0; n--, (*p)++) {
                if (**p < '0' || **p > '9')
                        return -1;
                value = value * 10 + (**p - '0');
        }
        return value;
}

/* "2006-01-02T15:04:05" by its shape: digits where the pattern has 0, else the same characters. */
static bool shape(const char *text, const char *pattern)
{
        for (; *pattern; text++, pattern++) {
                bool digit = *text >= '0' && *text <= '9';
                if (*pattern == '0' ? !digit : *text != *pattern)
                        return false;
        }
        return true;
}

/* "Z", "+02:00": seconds east of UTC. */
static bool zone_parse(const char *p, int *east)
{
        *east = 0;
        if (strcmp(p, "Z") == 0)
                return true;
        if ((*p != '+' && *p != '-') || !shape(p + 1, "00:00") || p[6])
                return false;
        int sign = *p++ == '-' ? -1 : 1;
        int h = digits(&p, 2);
        p++;
        int m = digits(&p, 2);
        *east = sign * (h * 3600 + m * 60);
        return h <= 23 && m <= 59;
}

bool wall_parse(const char *text, int64_t *sec)
{
        if (!shape(text, "0000-00-00T00:00:00"))
                return false;
        const char *p = text;
        struct tm tm = {.tm_year = digits(&p, 4) - 1900};
        tm.tm_mon = (p++, digits(&p, 2) - 1);
        tm.tm_mday = (p++, digits(&p, 2));
        tm.tm_hour = (p++, digits(&p, 2));
        tm.tm_min = (p++, digits(&p, 2));
        tm.tm_sec = (p++, digits(&p, 2));
        struct tm asked = tm;
        time_t t = timegm(
                &tm); /* carries what is out of range over: then the fields differ from what was asked */
        if (tm.tm_mon != asked.tm_mon || tm.tm_mday != asked.tm_mday || tm.tm_hour != asked.tm_hour ||
            tm.tm_min != asked.tm_min || tm.tm_sec != asked.tm_sec)
                return false;
        if (*p == '.') {
                size_t n = strspn(p + 1, "0123456789");
                if (n == 0 || n > 9)
                        return false;
                p += 1 + n;
        }
        int east;
        if (!zone_parse(p, &east))
                return false;
        *sec = t - east;
        return true;
}
