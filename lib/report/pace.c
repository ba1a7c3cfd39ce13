#include "report/pace.h"

static int64_t retry_pause(unsigned failures)
{
        int64_t pause = PACE_WRITES;

        while (failures-- > 1 && pause < PACE_RETRY_MAX)
                pause *= 2;
        return pause < PACE_RETRY_MAX ? pause : PACE_RETRY_MAX;
}

/* How long after the last write. */
static int64_t pause_of(const struct pace *p, uint64_t important, uint64_t all)
{
        if (p->failures > 0)
                return retry_pause(p->failures);
        if (important != p->important)
                return PACE_WRITES;
        return all != p->all ? PACE_COUNTS : PACE_RENEWAL;
}

bool pace_due(struct pace *p, uint64_t important, uint64_t all, struct mono now)
{
        if (p->written && mono_since(now, p->at) < pause_of(p, important, all))
                return false;
        *p = (struct pace){
                .written = true, .at = now, .important = important, .all = all, .failures = p->failures};
        return true;
}

void pace_failed(struct pace *p)
{
        p->failures++;
}

void pace_done(struct pace *p)
{
        p->failures = 0;
}
