/* What session.c and session_conn.c share: one session, seen from inside. */
#pragma once
#include "base/log.h"
#include "bgp/conn.h"
#include "bgp/fsm.h"
#include "bgp/session.h"
#include "bgp/timers.h"

struct session {
        struct loop *loop;
        const char *node_name;
        session_fn *news;
        void *arg;
        char *name;
        struct bgp_peer peer; /* without its name, selectors and password */
        char *password;       /* NULL: none, or not known now */
        struct rib *rib;

        enum bgp_state state;
        struct mono since, changed; /* changed: came up or went down; at first, began */
        unsigned retries;         /* ConnectRetryCounter */
        enum bgp_failure failure; /* of the last attempt */
        struct loop_timer *connect_retry, *idle_hold, *hold, *keepalive, *send_hold;

        struct conn *conn, *closing; /* in use; the one before, whose NOTIFICATION is under way */
        bool open_failed;            /* the attempt failed at once: session_run() tells the FSM afterwards */
        bool heard;                  /* the peer sent something on this connection */
        struct bgp_open ours;        /* the OPEN that was sent */
        unsigned families;           /* that both sides want */
        uint16_t hold_s;             /* negotiated */
        struct bgp_path path;
        unsigned eor_due;    /* families whose End-of-RIB was not sent yet */
        size_t refused_told; /* rib_refused() in the last log line of this session */

        bool synced, kicked, stopped, freed;
        struct bgp_error leave_with; /* when all is sent; code 0: stays */
        char error[256], reported[256];
        uint32_t random;
        struct log_limit limit, content_limit, refused_limit;
        struct bgp_status counters;
};

/* err: what is wrong with the message, or the Cease to send; NULL if the event has none. */
void session_run(struct session *, enum bgp_event, const struct bgp_error *err);
void session_error(struct session *, const char *what, const char *why); /* for last_error: "what why" */
void session_error_notification(struct session *, const char *what, const struct bgp_error *);
bool session_hard_error(const struct bgp_error *); /* only another configuration helps */

/* Whether it is another one than before. Before the other parameters are taken over. */
bool session_take_password(struct session *, const struct bgp_peer *);
void session_forget_password(struct session *);

void session_connected(struct session *, struct ip local);
void session_progress(struct session *); /* the kernel took bytes */
void session_drained(struct session *);  /* it took all there are */
extern const struct conn_ops session_conn_ops;
