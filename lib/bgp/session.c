/*
 * The session does what the FSM says. Everything that happens (a timer, a message, the connection) becomes
 * one event in session_run(); the FSM answers with a set of actions; perform() carries them out. Parsing
 * never changes state, and no action calls back into session_run(): conn only queues, and an attempt that
 * fails at once is told afterwards, through open_failed. What goes over the connection is in session_conn.c.
 */
#include "base/arena.h"
#include "base/loop.h"
#include "bgp/session_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TTL_SINGLE_HOP = 1, TTL_MULTIHOP = 255 };

static uint32_t next_random(struct session *s) /* xorshift32: for jitter only */
{
        s->random ^= s->random << 13;
        s->random ^= s->random >> 17;
        s->random ^= s->random << 5;
        return s->random;
}

static uint32_t hash(const void *data, size_t len) /* FNV-1a */
{
        const uint8_t *p = data;
        uint32_t h = 2166136261u;
        for (size_t i = 0; i < len; i++)
                h = (h ^ p[i]) * 16777619u;
        return h;
}

static void arm(struct loop_timer *t, int64_t ns)
{
        loop_timer_at(t, ns > 0 ? mono_add(mono_now(), ns) : MONO_NEVER);
}

static bool ebgp(const struct session *s)
{
        return s->peer.my_asn != s->peer.peer_asn;
}

/* --- what it says about itself --- */

void session_error(struct session *s, const char *what, const char *why)
{
        char text[sizeof(s->error)];
        snprintf(text, sizeof(text), "%s %s", what, why);
        memcpy(s->error, text, sizeof(text));
}

void session_error_notification(struct session *s, const char *what, const struct bgp_error *e)
{
        char text[BGP_ERROR_STRLEN];
        session_error(s, what, bgp_error_str(e, text));
}

static void tell_up(struct session *s)
{
        char ip[IP_STRLEN], text[160];
        snprintf(text, sizeof(text), "session with %s (AS %u) is established, hold time %u s%s",
                 ip_str(s->peer.address, ip), s->peer.peer_asn, s->hold_s,
                 s->families == 0 ? "; the peer does not take the family of its address, nothing is announced"
                                  : "");
        log_pairs(LOG_INFO, "bgp", text, "peer=%s", s->name);
        s->reported[0] = '\0';
        s->news(s->arg, s, SESSION_UP, text);
}

static void tell_down(struct session *s, bool was_up)
{
        uint32_t suppressed = 0;
        char ip[IP_STRLEN], why[LOG_QUOTELEN];
        bool news = was_up || strcmp(s->error, s->reported) != 0;
        if (news && log_allow(&s->limit, mono_now().ns, 5, 60 * SEC, &suppressed))
                log_pairs(LOG_WARN, "bgp", was_up ? "session went down" : "session cannot come up",
                          "peer=%s address=%s error=%s suppressed=%u", s->name, ip_str(s->peer.address, ip),
                          log_quote(why, s->error), suppressed);
        if (!news)
                return;
        memcpy(s->reported, s->error, sizeof(s->error));
        s->news(s->arg, s, SESSION_DOWN, s->error);
}

/* --- actions --- */

bool session_hard_error(const struct bgp_error *e)
{
        bool bad_as = e->subcode == 2, bad_id = e->subcode == 3, bad_role = e->subcode == 11;
        return e->code == BGP_OPEN_ERROR && (bad_as || bad_id || bad_role);
}

static uint32_t router_id(const struct session *s, struct ip local)
{
        if (s->peer.router_id != 0)
                return s->peer.router_id;
        if (ip_family(local) == IP_V4) {
                struct reader r = reader_of(ip_bytes(&local), 4);
                return get_u32(&r);
        }
        /* 128.0.0.0 to 191.255.255.255: some routers refuse identifiers that look like multicast addresses */
        return 0x80000000 | (hash(s->node_name, strlen(s->node_name)) & 0x3fffffff);
}

static void send_open(struct session *s)
{
        uint8_t buf[BGP_MAX];
        s->counters.messages_out++;
        conn_send(s->conn, buf, bgp_open_encode(buf, &s->ours));
}

static void send_keepalive(struct session *s)
{
        uint8_t buf[BGP_MAX];
        s->counters.messages_out++;
        conn_send(s->conn, buf, bgp_keepalive_encode(buf));
}

static void notify(struct session *s, const struct bgp_error *e)
{
        uint8_t buf[BGP_MAX];
        session_error_notification(s, "we sent NOTIFICATION", e);
        if (session_hard_error(e))
                s->failure = BGP_FAIL_HARD;
        if (s->conn == NULL)
                return;
        s->counters.messages_out++;
        s->counters.notifications_out++;
        conn_free(s->closing);
        s->closing = s->conn;
        s->conn = NULL;
        conn_finish(s->closing, buf, bgp_notification_encode(buf, e));
}

static void drop_tcp(struct session *s)
{
        loop_timer_stop(s->hold);
        loop_timer_stop(s->keepalive);
        loop_timer_stop(s->send_hold);
        conn_free(s->conn);
        s->conn = NULL;
}

static void open_tcp(struct session *s)
{
        const char *why = "";
        struct conn_to to = {
                .remote = s->peer.address,
                .source = s->peer.source,
                .port = s->peer.port,
                .password = s->password,
                .ttl = ebgp(s) && !s->peer.multihop ? TTL_SINGLE_HOP : TTL_MULTIHOP,
        };
        s->heard = false;
        s->failure = BGP_FAIL_PLAIN;
        if (s->peer.has_password && !s->password)
                why = "its password is not known";
        else
                s->conn = conn_open(s->loop, &to, &session_conn_ops, s, &why);
        if (s->conn == NULL) {
                s->open_failed = true; /* not session_run(): this step has more actions to do */
                session_error(s, "cannot connect:", why);
        }
}

void session_connected(struct session *s, struct ip local)
{
        unsigned v4 = bgp_peer_carries(&s->peer, IP_V4) ? BGP_IPV4 : 0;
        unsigned v6 = bgp_peer_carries(&s->peer, IP_V6) ? BGP_IPV6 : 0;
        s->ours = (struct bgp_open){
                .asn = s->peer.my_asn,
                .hold_time_s = s->peer.hold_time_s,
                .id = router_id(s, local),
                .families = v4 | v6,
                .as4 = true,
                .refresh = true,
        };
        s->path = (struct bgp_path){.my_asn = s->peer.my_asn, .ebgp = ebgp(s), .next_hop = local};
        session_run(s, BGP_Tcp_CR_Acked, NULL);
}

void session_progress(struct session *s)
{
        if (s->state == BGP_ESTABLISHED)
                arm(s->send_hold, bgp_send_hold(s->hold_s));
}

static int64_t retry_pause(struct session *s)
{
        return bgp_retry_pause(s->failure, s->retries, s->peer.connect_time_s * SEC, next_random(s));
}

static void came_up(struct session *s)
{
        s->changed = s->since;
        s->counters.established++;
        s->eor_due = s->families;
        s->refused_told = 0;
        rib_reset(s->rib);
        arm(s->send_hold, bgp_send_hold(s->hold_s));
        if (s->hold_s != 0)
                conn_user_timeout(s->conn, bgp_send_hold(s->hold_s));
        tell_up(s);
        session_kick(s);
}

static void went_down(struct session *s)
{
        rib_reset(s->rib);
        s->families = 0;
        if (mono_since(mono_now(), s->changed) >= BGP_STABLE)
                s->retries = 1;
        s->changed = mono_now();
}

/* In the order of enum bgp_action. */
static void perform(struct session *s, unsigned actions, const struct bgp_error *error)
{
        if (actions & BGP_STOP_CONNECT_RETRY)
                loop_timer_stop(s->connect_retry);
        if (actions & BGP_STOP_IDLE_HOLD)
                loop_timer_stop(s->idle_hold);
        if (actions & BGP_RESET_RETRIES)
                s->retries = 0;
        if (actions & BGP_COUNT_RETRY && s->failure == BGP_FAIL_PLAIN)
                s->retries++;
        if (actions & BGP_NOTIFY)
                notify(s, error);
        if (actions & BGP_DOWN)
                went_down(s);
        if (actions & BGP_DROP_TCP)
                drop_tcp(s);
        if (actions & BGP_OPEN_TCP)
                open_tcp(s);
        if (actions & BGP_SEND_OPEN)
                send_open(s);
        if (actions & BGP_SEND_KEEPALIVE)
                send_keepalive(s);
        if (actions & BGP_START_CONNECT_RETRY)
                arm(s->connect_retry, s->state == BGP_CONNECT ? BGP_CONNECT_MAX : retry_pause(s));
        if (actions & BGP_START_IDLE_HOLD)
                loop_timer_at(s->idle_hold, mono_add(mono_now(), retry_pause(s))); /* may be 0: next turn */
        if (actions & BGP_START_OPEN_HOLD)
                arm(s->hold, BGP_OPEN_HOLD);
        if (actions & BGP_START_HOLD)
                arm(s->hold, s->hold_s * SEC);
        if (actions & BGP_START_KEEPALIVE)
                arm(s->keepalive, bgp_keepalive_pause(s->hold_s, s->peer.keepalive_time_s, next_random(s)));
        if (actions & BGP_UP)
                came_up(s);
}

/* err: what is wrong with the message, or the Cease to send; NULL if the event has none. */
void session_run(struct session *s, enum bgp_event e, const struct bgp_error *err)
{
        struct bgp_step step = bgp_fsm(s->state, e, err ? err->code : 0, err ? err->subcode : 0);
        struct bgp_error error = bgp_error_of(step.code, step.subcode, NULL, 0);
        if (err != NULL && err->code == step.code && err->subcode == step.subcode)
                error = *err;
        enum bgp_state old = s->state;
        s->state = step.next;
        if (old != step.next) {
                s->since = mono_now();
                log_pairs(LOG_DEBUG, "bgp", "state changed", "peer=%s from=%s to=%s event=%d", s->name,
                          bgp_state_name(old), bgp_state_name(step.next), (int)e);
        }
        perform(s, step.actions, &error);
        bool next_attempt = old == BGP_ACTIVE && step.actions & BGP_OPEN_TCP;
        if (step.actions & BGP_DROP_TCP && !next_attempt && e != BGP_ManualStop)
                tell_down(s, old == BGP_ESTABLISHED);
        if (s->open_failed) {
                s->open_failed = false;
                session_run(s, BGP_TcpConnectionFails, NULL);
        }
}

/* --- timers --- */

static void on_connect_retry(void *arg)
{
        struct session *s = arg;
        if (s->state == BGP_CONNECT)
                session_error(s, "cannot connect:", "no answer");
        session_run(s, BGP_ConnectRetryTimer_Expires, NULL);
}

static void on_idle_hold(void *arg)
{
        session_run(arg, BGP_IdleHoldTimer_Expires, NULL);
}

static void on_hold(void *arg)
{
        session_run(arg, BGP_HoldTimer_Expires, NULL);
}

static void on_keepalive(void *arg)
{
        session_run(arg, BGP_KeepaliveTimer_Expires, NULL);
}

static void on_send_hold(void *arg)
{
        session_run(arg, BGP_SendHoldTimer_Expires, NULL);
}

/* --- its owner --- */

static void take_params(struct session *s, const struct bgp_peer *peer)
{
        free(s->name);
        s->name = xstrdup(peer->ref.name);
        s->peer = *peer;
        s->peer.ref = (struct ref){0};
        s->peer.node_selectors = (struct selectors){0};
        s->peer.password = s->peer.password_secret = NULL;
}

struct session *session_new(struct loop *loop, const char *node_name, const struct bgp_peer *peer,
                            session_fn *news, void *arg)
{
        struct session *s = xcalloc(1, sizeof(*s));
        s->loop = loop;
        s->node_name = node_name;
        s->news = news;
        s->arg = arg;
        session_take_password(s, peer);
        take_params(s, peer);
        s->rib = rib_new();
        s->since = s->changed = mono_now();
        s->random = hash(node_name, strlen(node_name)) ^ hash(peer->address.b, 16) ^ (uint32_t)s->since.ns;
        s->random |= 1;
        s->connect_retry = loop_timer_new(loop, on_connect_retry, s);
        s->idle_hold = loop_timer_new(loop, on_idle_hold, s);
        s->hold = loop_timer_new(loop, on_hold, s);
        s->keepalive = loop_timer_new(loop, on_keepalive, s);
        s->send_hold = loop_timer_new(loop, on_send_hold, s);
        loop_timer_at(s->idle_hold, s->since); /* next turn, so that nobody hears before we return */
        return s;
}

static void release(void *arg)
{
        struct session *s = arg;
        session_forget_password(s);
        free(s->name);
        free(s);
}

void session_free(struct session *s)
{
        if (s == NULL)
                return;
        drop_tcp(s);
        conn_free(s->closing);
        loop_timer_free(s->connect_retry);
        loop_timer_free(s->idle_hold);
        loop_timer_free(s->hold);
        loop_timer_free(s->keepalive);
        loop_timer_free(s->send_hold);
        rib_free(s->rib);
        s->freed = true;
        loop_defer(s->loop, release, s); /* after a kick that may be deferred already */
}

bool session_is(const struct session *s, const struct bgp_peer *peer)
{
        return !s->stopped && bgp_peer_same_session(&s->peer, peer);
}

void session_update(struct session *s, const struct bgp_peer *peer)
{
        bool reset = s->peer.my_asn != peer->my_asn || s->peer.peer_asn != peer->peer_asn ||
                     s->peer.hold_time_s != peer->hold_time_s || s->peer.router_id != peer->router_id ||
                     s->peer.multihop != peer->multihop;
        bool other_password = session_take_password(s, peer);
        take_params(s, peer);
        if (!reset && (!other_password || s->state == BGP_ESTABLISHED)) /* a key holds for a connection's life */
                return;
        struct bgp_error change = bgp_error_of(BGP_CEASE, BGP_CEASE_CONFIG_CHANGE, NULL, 0);
        session_error(s, "configuration", "changed");
        s->retries = 0;
        s->failure = BGP_FAIL_PLAIN;
        if (s->state == BGP_IDLE)
                loop_timer_at(s->idle_hold, mono_now());
        else
                session_run(s, BGP_AutomaticStop, &change);
}

const char *session_peer(const struct session *s)
{
        return s->name;
}

struct ip session_address(const struct session *s)
{
        return s->peer.address;
}

struct rib *session_rib(struct session *s)
{
        return s->rib;
}

static void pull(void *arg)
{
        struct session *s = arg;
        if (s->freed)
                return;
        s->kicked = false;
        if (s->state == BGP_ESTABLISHED)
                conn_pull(s->conn);
}

void session_kick(struct session *s)
{
        if (s->kicked || s->state != BGP_ESTABLISHED)
                return;
        s->kicked = true;
        loop_defer(s->loop, pull, s);
}

void session_synced(struct session *s)
{
        s->synced = true;
        session_kick(s);
}

static void stop(struct session *s, const struct bgp_error *cease)
{
        bool was_up = s->state == BGP_ESTABLISHED;
        s->stopped = true;
        session_run(s, BGP_ManualStop, cease);
        if (was_up)
                tell_down(s, true);
        if (session_gone(s))
                s->news(s->arg, s, SESSION_GONE, "");
}

void session_stop(struct session *s, uint8_t subcode, const char *text)
{
        struct bgp_error cease = bgp_error_of(BGP_CEASE, subcode, NULL, 0);
        if (text != NULL)
                cease = bgp_error_text(subcode, text);
        if (subcode == 0 && s->conn != NULL) {
                session_error(s, "closed", "without a NOTIFICATION");
                session_run(s, BGP_TcpConnectionFails, NULL);
        }
        stop(s, &cease);
}

void session_leave(struct session *s, uint8_t subcode, const char *text)
{
        if (s->stopped || s->state != BGP_ESTABLISHED) {
                session_stop(s, subcode, text);
                return;
        }
        s->leave_with = bgp_error_text(subcode, text);
        rib_clear(s->rib);
        session_kick(s);
}

void session_drained(struct session *s)
{
        if (s->leave_with.code != 0 && s->state == BGP_ESTABLISHED)
                stop(s, &s->leave_with);
}

bool session_gone(const struct session *s)
{
        return s->stopped && s->conn == NULL && s->closing == NULL;
}

void session_status(const struct session *s, struct bgp_status *out)
{
        *out = s->counters;
        out->peer = s->name;
        out->address = s->peer.address;
        out->asn = s->peer.peer_asn;
        out->state = bgp_state_name(s->state);
        out->since = s->since;
        out->changed = s->changed;
        out->prefixes_sent = (uint32_t)rib_told(s->rib);
        out->prefixes_refused = (uint32_t)rib_refused(s->rib);
        out->last_error = s->error;
}
