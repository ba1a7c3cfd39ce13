/*
 * The announcer: who the peers are and what each of them should know. An address that was set is kept as long
 * as it is wanted, so that a peer that comes later is told too, whatever came first.
 *
 * A renamed peer keeps its session and its rib: the addresses are set again with the new name by whoever
 * renamed it, and as nothing differs, nothing is sent. Sessions that are removed stay until their last
 * message is delivered.
 */
#include "bgp/bgp.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "bgp/session.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct known { /* an address that is set */
        struct ip ip;
        const struct want *want;
        UT_hash_handle hh;
};

struct bgp {
        struct loop *loop;
        char *node_name;
        wire_fact_fn *fact;
        void *arg;
        struct announcer announcer;
        struct session **sessions; /* removed ones too, until they are gone */
        size_t n_sessions;
        struct known *known;
        bool synced, leaving, reaping;
        void (*done)(void *arg); /* of leave(); NULL once called */
        void *done_arg;
        struct loop_timer *deadline;
};

static void left(void *arg)
{
        struct bgp *b = arg;
        void (*done)(void *) = b->done;
        if (done == NULL)
                return;
        b->done = NULL;
        loop_timer_stop(b->deadline);
        done(b->done_arg);
}

static void reap(void *arg)
{
        struct bgp *b = arg;
        size_t n = 0;
        b->reaping = false;
        for (size_t i = 0; i < b->n_sessions; i++) {
                if (session_gone(b->sessions[i]))
                        session_free(b->sessions[i]);
                else
                        b->sessions[n++] = b->sessions[i];
        }
        b->n_sessions = n;
        if (b->leaving && n == 0)
                left(b);
}

static void reap_later(struct bgp *b)
{
        if (!b->reaping)
                loop_defer(b->loop, reap, b);
        b->reaping = true;
}

static void on_news(void *arg, struct session *s, enum session_news news, const char *message)
{
        struct bgp *b = arg;
        if (news == SESSION_GONE) {
                reap_later(b);
                return;
        }
        struct wire_fact fact = {.kind = WIRE_SESSION,
                                 .ip = session_address(s),
                                 .peer = session_peer(s),
                                 .up = news == SESSION_UP,
                                 .message = message,
                                 .at = mono_now()};
        b->fact(b->arg, &fact);
}

/* The routes of a want are sorted by peer. */
static void set_routes(struct session *s, const struct want *want)
{
        size_t first = 0, n = 0;
        while (first < want->n_routes && strcmp(want->routes[first].peer, session_peer(s)) != 0)
                first++;
        while (first + n < want->n_routes && strcmp(want->routes[first + n].peer, session_peer(s)) == 0)
                n++;
        rib_set(session_rib(s), want->ip, want->routes + first, n);
        session_kick(s);
}

static struct session *find(const struct bgp *b, const struct bgp_peer *peer, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (session_is(b->sessions[i], peer))
                        return b->sessions[i];
        return NULL;
}

static void add(struct bgp *b, const struct bgp_peer *peer)
{
        struct session *s = session_new(b->loop, b->node_name, peer, on_news, b);
        struct known *k, *tmp;
        b->sessions = xreallocarray(b->sessions, b->n_sessions + 1, sizeof(struct session *));
        b->sessions[b->n_sessions++] = s;
        HASH_ITER (hh, b->known, k, tmp)
                set_routes(s, k->want);
        if (b->synced)
                session_synced(s);
}

static void peers(void *self, const struct bgp_peer *v, size_t n)
{
        struct bgp *b = self;
        size_t n_old = b->n_sessions;
        bool *keep = xcalloc(n_old + 1, sizeof(*keep));
        bool *is_new = xcalloc(n + 1, sizeof(*is_new));
        for (size_t i = 0; i < n && !b->leaving; i++) {
                struct session *s = find(b, &v[i], n_old);
                is_new[i] = s == NULL;
                for (size_t j = 0; s != NULL && j < n_old; j++) {
                        if (b->sessions[j] != s)
                                continue;
                        if (keep[j])
                                log_pairs(LOG_WARN, "bgp", "two peers are one session, the first is used",
                                          "peer=%s", v[i].ref.name);
                        else
                                session_update(s, &v[i]);
                        keep[j] = true;
                }
        }
        for (size_t j = 0; j < n_old && !b->leaving; j++)
                if (!keep[j])
                        session_stop(b->sessions[j], BGP_CEASE_DECONFIGURED, NULL);
        for (size_t i = 0; i < n && !b->leaving; i++)
                if (is_new[i] && find(b, &v[i], b->n_sessions) == NULL)
                        add(b, &v[i]);
        free(keep);
        free(is_new);
}

static void forget(struct bgp *b, struct ip ip)
{
        struct known *k;
        HASH_FIND(hh, b->known, &ip, sizeof(ip), k);
        if (k == NULL)
                return;
        HASH_DELETE(hh, b->known, k);
        want_free(k->want);
        free(k);
}

static void unset(void *self, struct ip ip)
{
        struct bgp *b = self;
        if (b->leaving)
                return;
        forget(b, ip);
        for (size_t i = 0; i < b->n_sessions; i++) {
                rib_unset(session_rib(b->sessions[i]), ip);
                session_kick(b->sessions[i]);
        }
}

static void set(void *self, const struct want *want)
{
        struct bgp *b = self;
        if (want->n_routes == 0) {
                unset(self, want->ip);
                return;
        }
        if (b->leaving)
                return;
        forget(b, want->ip);
        struct known *k = xcalloc(1, sizeof(*k));
        k->ip = want->ip;
        k->want = want_hold(want);
        HASH_ADD(hh, b->known, ip, sizeof(k->ip), k);
        for (size_t i = 0; i < b->n_sessions; i++)
                set_routes(b->sessions[i], want);
}

static void synced(void *self)
{
        struct bgp *b = self;
        b->synced = true;
        for (size_t i = 0; i < b->n_sessions; i++)
                session_synced(b->sessions[i]);
}

static void leave(void *self, enum leave how, struct mono deadline, void (*done)(void *arg), void *arg)
{
        struct bgp *b = self;
        b->leaving = true;
        b->done = done;
        b->done_arg = arg;
        loop_timer_at(b->deadline, deadline);
        for (size_t i = 0; i < b->n_sessions; i++) {
                if (how == LEAVE_RESTART)
                        session_stop(b->sessions[i], 0, NULL);
                else
                        session_leave(b->sessions[i], BGP_CEASE_SHUTDOWN, "the node is leaving");
        }
        reap_later(b);
}

struct bgp *bgp_new(struct loop *loop, const char *node_name, wire_fact_fn *fact, void *arg)
{
        struct bgp *b = xcalloc(1, sizeof(*b));
        b->loop = loop;
        b->node_name = xstrdup(node_name);
        b->fact = fact;
        b->arg = arg;
        b->deadline = loop_timer_new(loop, left, b);
        b->announcer = (struct announcer){
                .self = b, .peers = peers, .set = set, .unset = unset, .synced = synced, .leave = leave};
        return b;
}

static void release(void *arg)
{
        struct bgp *b = arg;
        free(b->sessions);
        free(b->node_name);
        free(b);
}

void bgp_free(struct bgp *b)
{
        struct known *k, *tmp;
        if (b == NULL)
                return;
        for (size_t i = 0; i < b->n_sessions; i++)
                session_free(b->sessions[i]);
        b->n_sessions = 0;
        b->done = NULL;
        HASH_ITER (hh, b->known, k, tmp)
                forget(b, k->ip);
        loop_timer_free(b->deadline);
        b->deadline = NULL;
        loop_defer(b->loop, release, b); /* after a reap that may be deferred already */
}

struct announcer *bgp_announcer(struct bgp *b)
{
        return &b->announcer;
}

size_t bgp_status(const struct bgp *b, struct bgp_status *out, size_t max)
{
        for (size_t i = 0; i < b->n_sessions && i < max; i++)
                session_status(b->sessions[i], &out[i]);
        return b->n_sessions;
}
