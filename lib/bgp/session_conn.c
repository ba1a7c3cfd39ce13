/*
 * What goes over the connection of a session. In: messages are framed, decoded and become events of the FSM;
 * what a peer announces is checked, counted and dropped; a turn handles a bounded number. Out: what the rib
 * gives when the connection has room, and the End-of-RIB of a family when the rib has nothing left for it and
 * its owner said that it is complete.
 */
#include "bgp/session_priv.h"

enum { MESSAGES_PER_TURN = 25 };

/* --- messages --- */

static void on_open(struct session *s, struct reader body)
{
        struct bgp_open theirs;
        struct bgp_error err;
        if (s->state == BGP_OPEN_SENT) {
                if (!bgp_open_decode(body, &theirs, &err) ||
                    !bgp_open_check(&theirs, &s->ours, s->peer.peer_asn, &err)) {
                        session_run(s, BGP_BGPOpenMsgErr, &err);
                        return;
                }
                s->hold_s = bgp_hold_time(s->ours.hold_time_s, theirs.hold_time_s);
                s->families = s->ours.families & theirs.families;
                s->path.as4 = theirs.as4;
        }
        session_run(s, BGP_BGPOpen, NULL);
}

static void on_update(struct session *s, struct reader body)
{
        struct bgp_update_in in;
        struct bgp_error err;
        uint32_t suppressed = 0;
        s->counters.updates_in++;
        if (s->state == BGP_ESTABLISHED) {
                if (!bgp_update_decode(body, &in, &err)) {
                        session_run(s, BGP_UpdateMsgErr, &err);
                        return;
                }
                s->counters.content_errors_in += in.content_errors;
                if (in.content_errors > 0 &&
                    log_allow(&s->content_limit, mono_now().ns, 1, 60 * SEC, &suppressed))
                        log_pairs(LOG_INFO, "bgp", "ignored a malformed UPDATE", "peer=%s suppressed=%u",
                                  s->name, suppressed);
        }
        session_run(s, BGP_UpdateMsg, NULL);
}

static void on_notification(struct session *s, struct reader body)
{
        struct bgp_error e = bgp_notification_decode(body);
        s->counters.notifications_in++;
        session_error_notification(s, "the peer sent NOTIFICATION", &e);
        if (session_hard_error(&e))
                s->failure = BGP_FAIL_HARD;
        else if (e.code == BGP_CEASE && e.subcode == BGP_CEASE_COLLISION)
                s->failure = BGP_FAIL_COLLISION;
        session_run(s, e.code == BGP_OPEN_ERROR && e.subcode == 1 ? BGP_NotifMsgVerErr : BGP_NotifMsg, NULL);
}

static void on_refresh(struct session *s, struct reader body)
{
        unsigned families;
        struct bgp_error err;
        if (s->state == BGP_ESTABLISHED) {
                if (!bgp_refresh_decode(body, &families, &err)) {
                        session_run(s, BGP_UpdateMsgErr, &err);
                        return;
                }
                if (families & s->families & BGP_IPV4)
                        rib_refresh(s->rib, IP_V4);
                if (families & s->families & BGP_IPV6)
                        rib_refresh(s->rib, IP_V6);
                session_kick(s);
        }
        session_run(s, BGP_RouteRefreshMsg, NULL);
}

static void on_message(struct session *s, const struct bgp_frame *f)
{
        s->heard = true;
        s->counters.messages_in++;
        switch (f->type) {
        case BGP_OPEN:
                on_open(s, f->body);
                break;
        case BGP_UPDATE:
                on_update(s, f->body);
                break;
        case BGP_NOTIFICATION:
                on_notification(s, f->body);
                break;
        case BGP_KEEPALIVE:
                session_run(s, BGP_KeepAliveMsg, NULL);
                break;
        case BGP_ROUTE_REFRESH:
                on_refresh(s, f->body);
                break;
        }
}

/* --- the connection --- */

static void on_connected(void *arg, struct ip local)
{
        session_connected(arg, local);
}

static size_t on_input(void *arg, const uint8_t *p, size_t n, bool *again)
{
        struct session *s = arg;
        const struct conn *conn = s->conn;
        size_t used = 0;
        for (int i = 0; s->conn == conn; i++) {
                struct bgp_frame frame;
                struct bgp_error err;
                enum bgp_framing what = bgp_frame(p + used, n - used, &frame, &err);
                if (what == BGP_FRAME_MORE)
                        break;
                if (i == MESSAGES_PER_TURN) {
                        *again = true;
                        break;
                }
                if (what == BGP_FRAME_BAD) {
                        session_run(s, BGP_BGPHeaderErr, &err);
                        break;
                }
                used += frame.len;
                on_message(s, &frame);
        }
        return used;
}

static size_t next_message(struct session *s, uint8_t *buf)
{
        static const struct {
                unsigned bit;
                enum ip_family family;
        } families[] = {{BGP_IPV4, IP_V4}, {BGP_IPV6, IP_V6}};
        for (size_t i = 0; i < 2; i++) {
                if (!(s->families & families[i].bit))
                        continue;
                size_t n = rib_next_update(s->rib, families[i].family, &s->path, buf);
                if (n == 0 && s->synced && s->eor_due & families[i].bit) {
                        s->eor_due &= ~families[i].bit;
                        n = bgp_eor_encode(buf, families[i].family);
                }
                if (n > 0)
                        return n;
        }
        return 0;
}

/* What is refused is known when the rib was asked for all. */
static void tell_refused(struct session *s)
{
        uint32_t suppressed = 0;
        size_t n = rib_refused(s->rib);
        if (n == s->refused_told || !log_allow(&s->refused_limit, mono_now().ns, 5, 60 * SEC, &suppressed))
                return;
        s->refused_told = n;
        log_pairs(LOG_WARN, "bgp",
                  n > 0 ? "prefixes have attributes that fit into no message and are not announced"
                        : "all prefixes are announced again",
                  "peer=%s prefixes=%zu suppressed=%u", s->name, n, suppressed);
}

static size_t on_output(void *arg, uint8_t *buf, size_t room)
{
        struct session *s = arg;
        size_t len = 0, n;
        while (s->state == BGP_ESTABLISHED && room - len >= BGP_MAX && (n = next_message(s, buf + len)) > 0) {
                len += n;
                s->counters.messages_out++;
                s->counters.updates_out++;
        }
        tell_refused(s);
        return len;
}

static void on_progress(void *arg)
{
        session_progress(arg);
}

static void on_drained(void *arg)
{
        session_drained(arg);
}

static void on_failed(void *arg, const char *why)
{
        struct session *s = arg;
        session_error(s, s->state == BGP_CONNECT ? "cannot connect:" : "connection lost:", why);
        if (s->state == BGP_OPEN_SENT && !s->heard)
                s->failure = BGP_FAIL_SOFT;
        session_run(s, BGP_TcpConnectionFails, NULL);
}

static void on_gone(void *arg)
{
        struct session *s = arg;
        conn_free(s->closing);
        s->closing = NULL;
        if (session_gone(s))
                s->news(s->arg, s, SESSION_GONE, "");
}

const struct conn_ops session_conn_ops = {
        .connected = on_connected,
        .input = on_input,
        .output = on_output,
        .progress = on_progress,
        .drained = on_drained,
        .failed = on_failed,
        .gone = on_gone,
};
