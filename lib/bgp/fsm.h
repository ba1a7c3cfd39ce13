/*
 * The finite state machine of RFC 4271 section 8, for one connection that we open ourselves. Pure: a state
 * and an event give the next state and what to do. The session does it, in the order of the bits.
 */
#pragma once
#include <stdint.h>

enum bgp_state { BGP_IDLE, BGP_CONNECT, BGP_ACTIVE, BGP_OPEN_SENT, BGP_OPEN_CONFIRM, BGP_ESTABLISHED };
enum { BGP_STATES = BGP_ESTABLISHED + 1 };

enum bgp_event { /* numbers of RFC 4271 8.1; 29 is RFC 9687's, 30 ours */
                 BGP_ManualStart = 1,
                 BGP_ManualStop = 2,
                 BGP_AutomaticStop = 8,
                 BGP_ConnectRetryTimer_Expires = 9,
                 BGP_HoldTimer_Expires = 10,
                 BGP_KeepaliveTimer_Expires = 11,
                 BGP_IdleHoldTimer_Expires = 13,
                 BGP_Tcp_CR_Acked = 16,
                 BGP_TcpConnectionFails = 18,
                 BGP_BGPOpen = 19,
                 BGP_BGPHeaderErr = 21,
                 BGP_BGPOpenMsgErr = 22,
                 BGP_NotifMsgVerErr = 24,
                 BGP_NotifMsg = 25,
                 BGP_KeepAliveMsg = 26,
                 BGP_UpdateMsg = 27,
                 BGP_UpdateMsgErr = 28,
                 BGP_SendHoldTimer_Expires = 29,
                 BGP_RouteRefreshMsg = 30,
};

enum bgp_action {
        BGP_STOP_CONNECT_RETRY = 1 << 0,
        BGP_STOP_IDLE_HOLD = 1 << 1,
        BGP_RESET_RETRIES = 1 << 2, /* ConnectRetryCounter = 0 */
        BGP_COUNT_RETRY = 1 << 3,   /* ConnectRetryCounter + 1 */
        BGP_NOTIFY = 1 << 4,        /* send the NOTIFICATION in .code, .subcode */
        BGP_DOWN = 1 << 5,          /* was Established: release its resources, tell */
        BGP_DROP_TCP = 1 << 6,      /* stops Hold, Keepalive and SendHold timers too */
        BGP_OPEN_TCP = 1 << 7,
        BGP_SEND_OPEN = 1 << 8,
        BGP_SEND_KEEPALIVE = 1 << 9,
        BGP_START_CONNECT_RETRY = 1 << 10,
        BGP_START_IDLE_HOLD = 1 << 11, /* DampPeerOscillations: a pause, then the next attempt */
        BGP_START_OPEN_HOLD = 1 << 12, /* the large value of 8.2.2 */
        BGP_START_HOLD = 1 << 13,      /* from now, with the negotiated time */
        BGP_START_KEEPALIVE = 1 << 14,
        BGP_UP = 1 << 15, /* Established: SendHold timer, everything is to be told again */
};

struct bgp_step {
        enum bgp_state next;
        unsigned actions;
        uint8_t code, subcode; /* with BGP_NOTIFY */
};

/* code and subcode: with BGPHeaderErr, BGPOpenMsgErr, UpdateMsgErr what is wrong; with the stops the Cease to
 * send. */
struct bgp_step bgp_fsm(enum bgp_state, enum bgp_event, uint8_t code, uint8_t subcode);
const char *bgp_state_name(enum bgp_state); /* "OpenSent" */
