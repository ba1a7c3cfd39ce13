/* How long a session waits. Pure; spans in nanoseconds; `random` is any 32 random bits. */
#pragma once
#include "base/clock.h"

enum bgp_failure { /* why the last attempt ended */
                   BGP_FAIL_PLAIN,
                   BGP_FAIL_SOFT,      /* accepted and closed without a word: the peer's own idle time */
                   BGP_FAIL_COLLISION, /* Cease 6/7: the peer is busy with another connection of ours */
                   BGP_FAIL_HARD,      /* only a changed configuration helps: wrong AS, bad identifier */
};

/* The pause before the next attempt, +-25 %; attempt counts from 0. cap_ns: the longest pause, 0 for none. */
int64_t bgp_retry_pause(enum bgp_failure, unsigned attempt, int64_t cap_ns, uint32_t random);
/* RFC 4271 section 10: 75 to 100 % of the configured interval (0: a third of the hold time). 0: never. */
int64_t bgp_keepalive_pause(uint16_t hold_s, uint16_t keepalive_s, uint32_t random);
/* RFC 9687: the greater of 8 minutes and twice the hold time; 0 if that is off. */
int64_t bgp_send_hold(uint16_t hold_s);
/* RFC 4271 4.2: the smaller one; 0 if either is 0. */
uint16_t bgp_hold_time(uint16_t ours_s, uint16_t theirs_s);

#define BGP_OPEN_HOLD   (240 * SEC) /* until the peer's OPEN: RFC 4271 8.2.2 */
#define BGP_CONNECT_MAX (10 * SEC)  /* one TCP connection attempt */
#define BGP_STABLE      (30 * SEC)  /* established for so long: the next failure counts as the first */
