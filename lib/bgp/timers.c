/*
 * Routers accept and close connections for a while after a session ended, some for 5 s, some for 60 s, and a
 * node that restarts should be back at once. So retries are fast at first and bounded later, never doubling
 * to minutes; and all nodes of a cluster do not come at the same moment.
 */
#include "bgp/timers.h"

static const int64_t retry_schedule[] = {0,       200 * MSEC, 1 * SEC,  2 * SEC, 5 * SEC,
                                         5 * SEC, 10 * SEC,   10 * SEC, 30 * SEC};

/* low..high percent of span */
static int64_t jitter(int64_t span, unsigned low, unsigned high, uint32_t random)
{
        int64_t permille = low * 10 + random % ((high - low) * 10 + 1);
        return span / 1000 * permille;
}

int64_t bgp_retry_pause(enum bgp_failure why, unsigned attempt, int64_t cap_ns, uint32_t random)
{
        const unsigned last = sizeof(retry_schedule) / sizeof(retry_schedule[0]) - 1;
        int64_t pause = retry_schedule[attempt < last ? attempt : last];
        if (why == BGP_FAIL_HARD)
                pause = 30 * SEC;
        else if (why == BGP_FAIL_SOFT)
                pause = 1500 * MSEC;
        else if (why == BGP_FAIL_COLLISION)
                pause = 500 * MSEC;
        pause = jitter(pause, 75, 125, random);
        return cap_ns > 0 && pause > cap_ns ? cap_ns : pause;
}

int64_t bgp_keepalive_pause(uint16_t hold_s, uint16_t keepalive_s, uint32_t random)
{
        int64_t third = hold_s * SEC / 3;
        int64_t span = keepalive_s > 0 && keepalive_s * SEC < third ? keepalive_s * SEC : third;
        return jitter(span, 75, 100, random);
}

int64_t bgp_send_hold(uint16_t hold_s)
{
        int64_t twice = 2 * hold_s * SEC;
        if (hold_s == 0)
                return 0;
        return twice > 480 * SEC ? twice : 480 * SEC;
}

uint16_t bgp_hold_time(uint16_t ours_s, uint16_t theirs_s)
{
        return ours_s < theirs_s ? ours_s : theirs_s;
}
