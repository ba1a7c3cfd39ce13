/*
 * Whether this node's data plane can serve. Pure: answers of kube-proxy's healthz come in, with the time.
 *
 * kube-proxy answers 200 as long as its rules are not overdue. A node where nobody
 * answers for GATE_ABSENT_AFTER from the start has no kube-proxy (another data plane, or none): nothing is waited
 * for then. Where somebody has answered once, silence is a kube-proxy that is down.
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>
#include <stddef.h>

#define GATE_ABSENT_AFTER (60 * SEC)
#define GATE_FRESH        (5 * SEC) /* how long an answer counts */

enum probe_result {
        PROBE_OK,     /* 200 */
        PROBE_BAD,    /* another answer */
        PROBE_SILENT, /* none */
};

/* What an answer is worth; code 0: there was none. A kube-proxy says 200 from its start on, before it has written
 * any rule; that of 1.36 then names no IP family in "status". One that does not tell ("healthy") is believed. */
enum probe_result gate_judge(int code, const char *body, size_t len);

struct gate {
        bool off;
        bool answered;          /* somebody did, ever */
        bool asked;             /* there was a result, ever */
        struct mono first;      /* when the first result came */
        bool healthy;           /* the last answer was 200, */
        struct mono at;         /* and then */
        bool absent;            /* nobody answered for so long */
};

void gate_result(struct gate *, enum probe_result, struct mono now);
/* A node may announce for the first time what it has not announced. */
bool gate_open(const struct gate *, struct mono now);
