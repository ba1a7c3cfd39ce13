/*
 * Whether the API server in use lives, and which one to use.
 *
 * Every answer is a sign of life; a connection that cannot be made, or dies without an answer, is the opposite. An API
 * server that hangs behind a proxy which keeps its side open (KubePrism) gives no sign at all: /livez is asked now and
 * then, and where that gets no answer every watch is ended, to be opened again from where it was, on a new connection.
 * The same when another server is taken.
 */
#include "k8s/transport_priv.h"
#include "base/arena.h"
#include "base/log.h"
#include "k8s/auth.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { PROBE_TIMEOUT_S = 5 };
static const int64_t FRESH = 30 * SEC; /* so long after a failure no old connection is trusted */
static const int64_t AWAY = 5 * SEC;   /* without any answer, though the Lease asks every 2 s: nobody was there */

static void end_watches(struct transport *t, size_t which)
{
        struct request *r;
        DL_FOREACH(t->requests, r)
        {
                if (r->line == &t->lines[LANE_WATCH] && r->added && r->endpoint == which)
                        r->cut = true;
        }
        transport_settle_later(t);
}

static void failed(struct transport *t, size_t which, const char *why)
{
        struct mono now = mono_now();
        if (which == t->endpoints.current)
                t->fresh_until = mono_add(now, FRESH);
        if (endpoints_failed(&t->endpoints, which, now)) {
                log_warn("k8s", "%s: %s; %s is used now", t->endpoints.v[which].url, why,
                         t->endpoints.v[t->endpoints.current].url);
                end_watches(t, which);
        }
}

void transport_wait(struct transport *t, struct transport_waiter *waiter)
{
        if (!waiter->waits)
                DL_APPEND(t->waiters, waiter);
        waiter->waits = true;
}

void transport_wait_no_more(struct transport *t, struct transport_waiter *waiter)
{
        if (waiter->waits)
                DL_DELETE(t->waiters, waiter);
        waiter->waits = false;
}

static void tell_waiters(struct transport *t, struct mono now)
{
        struct transport_waiter *waiter, *next;
        bool away = mono_since(now, t->answered_at) >= AWAY;
        t->answered_at = now;
        if (!away)
                return;
        DL_FOREACH_SAFE(t->waiters, waiter, next)
        {
                waiter->fn(waiter->arg);
        }
}

static void answered(struct transport *t, size_t which)
{
        size_t before = t->endpoints.current;
        struct mono now = mono_now();
        if (which == before)
                tell_waiters(t, now);
        if (!endpoints_answered(&t->endpoints, which, now))
                return;
        log_info("k8s", "%s answers again and is used", t->endpoints.v[which].url);
        end_watches(t, before);
}

static bool is_dead(CURLcode code)
{
        return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_GOT_NOTHING ||
               code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_SSL_CONNECT_ERROR ||
               code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_OPERATION_TIMEDOUT;
}

void health_learn(struct request *r, CURLcode code, long status)
{
        struct transport *t = r->transport;
        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR || status == 401)
                health_refresh(t, true);
        if (status > 0)
                answered(t, r->endpoint);
        else if (is_dead(code))
                failed(t, r->endpoint, curl_easy_strerror(code));
}

void health_refresh(struct transport *t, bool refused)
{
        char *trouble = auth_refresh(t->auth, refused, mono_now());
        if (trouble && (!t->file_trouble || strcmp(trouble, t->file_trouble) != 0))
                log_warn("k8s", "%s", trouble);
        if (trouble) {
                free(t->file_trouble);
                t->file_trouble = trouble;
        }
}

/* ---- probes ---- */

static void on_probed(void *arg, const struct reply *reply)
{
        struct probe *probe = arg;
        struct transport *t = probe->transport;
        if (reply->status == 0) /* what it says of the server was learnt; what it says of open watches was not */
                end_watches(t, probe->endpoint);
}

static void probe_all(void *arg)
{
        struct transport *t = arg;
        size_t which[ENDPOINTS_MAX], n = endpoints_probe(&t->endpoints, mono_now(), which);
        for (size_t i = 0; i < n; i++) {
                struct probe *probe = &t->probes[which[i]];
                *probe = (struct probe){t, which[i]};
                const struct request_spec spec = {.method = "GET",
                                                  .path = "/livez",
                                                  .lane = LANE_LEASE,
                                                  .timeout_s = PROBE_TIMEOUT_S,
                                                  .on_done = on_probed,
                                                  .arg = probe};
                request_force(transport_send(t, &spec), which[i]);
        }
        loop_timer_at(t->prober, t->endpoints.probe_at);
}

void health_start(struct transport *t, const char *const *urls, size_t n)
{
        struct mono now = mono_now();
        endpoints_init(&t->endpoints, urls, n, now, (uint64_t)now.ns);
        t->answered_at = now;
        t->prober = loop_timer_new(t->loop, probe_all, t);
        loop_timer_at(t->prober, t->endpoints.probe_at);
}

void health_stop(struct transport *t)
{
        loop_timer_free(t->prober);
        endpoints_clear(&t->endpoints);
}
