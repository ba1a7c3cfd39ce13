#include "l2/owned.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

/* Where ip is, or belongs. */
static size_t position(const struct owned *o, struct ip ip)
{
        size_t lo = 0, hi = o->n;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (ip_cmp(o->v[mid], ip) < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static bool is_at(const struct owned *o, size_t at, struct ip ip)
{
        return at < o->n && ip_eq(o->v[at], ip);
}

bool owned_has(const struct owned *o, struct ip ip)
{
        return is_at(o, position(o, ip), ip);
}

bool owned_add(struct owned *o, struct ip ip)
{
        size_t at = position(o, ip);

        if (is_at(o, at, ip))
                return false;
        o->v = xreallocarray(o->v, o->n + 1, sizeof(*o->v));
        memmove(&o->v[at + 1], &o->v[at], (o->n - at) * sizeof(*o->v));
        o->v[at] = ip;
        o->n++;
        return true;
}

bool owned_drop(struct owned *o, struct ip ip)
{
        size_t at = position(o, ip);

        if (!is_at(o, at, ip))
                return false;
        o->n--;
        memmove(&o->v[at], &o->v[at + 1], (o->n - at) * sizeof(*o->v));
        return true;
}

void owned_free(struct owned *o)
{
        free(o->v);
        *o = (struct owned){.n = 0};
}
