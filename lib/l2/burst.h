/*
 * What is said unasked on becoming the owner of an address, and when: the takeover burst of one interface.
 * Pure: time comes in, frames go out.
 *
 *   IPv4   0: gratuitous request, gratuitous reply, directed request to each gateway;
 *          +20 ms, +100 ms, +500 ms, +1.1 s, +2.2 s, +5 s: gratuitous request; directed again at +1.1 s
 *   IPv6   0, +1 s, +2 s: advertisement to all nodes (RFC 4861 7.2.6: at most three, a second apart);
 *          0, +20 ms, +100 ms, +500 ms, +1.1 s: directed solicitation to each gateway
 *
 * Frames leave through a token bucket, and the first frames of all addresses go before any repeat.
 */
#pragma once
#include "base/clock.h"
#include "l2/frame.h"

#define BURST_RATE  2000 /* frames a second */
#define BURST_DEPTH 64   /* frames that may leave at once */

struct burst;

struct burst_targets { /* who is told directly; of both families, each address tells those of its own */
        struct mac self;
        const struct ip *gateways;
        size_t n_gateways;
};

struct burst *burst_new(uint32_t rate, uint32_t depth);
void burst_free(struct burst *);
/* From the beginning, also if it was under way. */
void burst_start(struct burst *, struct ip, struct mono now);
void burst_stop(struct burst *, struct ip);
/* The next frame that may leave now: true, to be asked again at once. Otherwise false, and *when is the time
 * to ask again (MONO_NEVER if nothing is left to say). */
bool burst_next(struct burst *, struct mono now, const struct burst_targets *, struct frame *out,
                struct mono *when);
