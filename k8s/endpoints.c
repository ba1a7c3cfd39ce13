#include "k8s/endpoints.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

enum { WELL_ENOUGH = 2 };

static bool is_local(const char *url)
{
        static const char *const local[] = {"localhost", "127.", "[::1]"};
        const char *host = strstr(url, "://");
        for (size_t i = 0; host && i < sizeof(local) / sizeof(local[0]); i++)
                if (strncmp(host + 3, local[i], strlen(local[i])) == 0)
                        return true;
        return false;
}

static void add(struct endpoints *e, const char *url)
{
        for (size_t i = 0; i < e->n; i++)
                if (strcmp(e->v[i].url, url) == 0)
                        return;
        if (e->n < ENDPOINTS_MAX)
                e->v[e->n++] = (struct endpoint_server){.url = xstrdup(url)};
}

static void probe_later(struct endpoints *e, struct mono now)
{
        e->random ^= e->random << 13;
        e->random ^= e->random >> 7;
        e->random ^= e->random << 17;
        e->probe_at = mono_add(now, ENDPOINT_PROBE * 3 / 4 + (int64_t)(e->random % (uint64_t)(ENDPOINT_PROBE / 2)));
}

void endpoints_init(struct endpoints *e, const char *const *urls, size_t n, struct mono now, uint64_t seed)
{
        *e = (struct endpoints){.random = seed ? seed : 1};
        for (size_t i = 0; i < n; i++)
                if (is_local(urls[i]))
                        add(e, urls[i]);
        for (size_t i = 0; i < n; i++)
                add(e, urls[i]);
        probe_later(e, now);
}

void endpoints_clear(struct endpoints *e)
{
        for (size_t i = 0; i < e->n; i++)
                free(e->v[i].url);
        *e = (struct endpoints){0};
}

/* The best that need not rest; else the one whose rest ends first. */
static size_t choose(const struct endpoints *e, struct mono now)
{
        size_t best = 0;
        for (size_t i = 0; i < e->n; i++) {
                if (!mono_before(now, e->v[i].rest_until))
                        return i;
                if (mono_before(e->v[i].rest_until, e->v[best].rest_until))
                        best = i;
        }
        return best;
}

bool endpoints_failed(struct endpoints *e, size_t which, struct mono now)
{
        size_t before = e->current;
        e->v[which].well = 0;
        e->v[which].rest_until = mono_add(now, ENDPOINT_REST);
        if (which != e->current)
                return false;
        e->current = choose(e, now);
        e->failovers += e->current != before;
        return e->current != before;
}

bool endpoints_answered(struct endpoints *e, size_t which, struct mono now)
{
        (void)now;
        if (e->v[which].well < WELL_ENOUGH)
                e->v[which].well++;
        if (which >= e->current || e->v[which].well < WELL_ENOUGH)
                return false;
        e->current = which;
        e->failovers++;
        return true;
}

size_t endpoints_probe(struct endpoints *e, struct mono now, size_t *out)
{
        size_t n = 0;
        if (mono_before(now, e->probe_at))
                return 0;
        for (size_t i = 0; i <= e->current; i++)
                out[n++] = i;
        probe_later(e, now);
        return n;
}
