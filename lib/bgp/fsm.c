/*
 * One function per state; read each beside its paragraph of RFC 4271 8.2.2. There is no listener, so there
 * are no collisions (6.8), no DelayOpen and no passive start; DampPeerOscillations is always on.
 *
 * Where this differs from the letter of section 8:
 * - NotifMsg in OpenSent sends no NOTIFICATION: 6.4 forbids answering one.
 * - BGPHeaderErr in Established is told as what it is (6.1), not as an FSM error.
 * - FSM errors carry the subcodes of RFC 6608.
 * - AutomaticStop starts the idle hold timer: it ends a connection, not the peering. ManualStop ends both.
 * - The IdleHoldTimer runs in Idle only and the ConnectRetryTimer in Connect and Active only; one that fires
 * elsewhere is ignored instead of ending a session that works: it would be an error of ours, not of the peer.
 */
#include "bgp/fsm.h"
#include "bgp/msg.h"
#include <stdbool.h>

static struct bgp_step stay(enum bgp_state s, unsigned actions)
{
        return (struct bgp_step){.next = s, .actions = actions};
}

/* To Idle, and from there to the next attempt. */
static struct bgp_step fail(unsigned actions)
{
        return (struct bgp_step){.next = BGP_IDLE,
                                 .actions = actions | BGP_STOP_CONNECT_RETRY | BGP_DROP_TCP |
                                            BGP_COUNT_RETRY | BGP_START_IDLE_HOLD};
}

static struct bgp_step fail_with(unsigned actions, uint8_t code, uint8_t subcode)
{
        struct bgp_step step = fail(actions | BGP_NOTIFY);
        step.code = code;
        step.subcode = subcode;
        return step;
}

static struct bgp_step stop(unsigned actions, uint8_t subcode)
{
        return (struct bgp_step){.next = BGP_IDLE,
                                 .actions = actions | BGP_STOP_CONNECT_RETRY | BGP_STOP_IDLE_HOLD |
                                            BGP_DROP_TCP | BGP_RESET_RETRIES,
                                 .code = BGP_CEASE,
                                 .subcode = subcode};
}

static struct bgp_step idle(enum bgp_event e)
{
        switch ((int)e) {
        case BGP_ManualStart:
                return stay(BGP_CONNECT,
                            BGP_STOP_IDLE_HOLD | BGP_RESET_RETRIES | BGP_OPEN_TCP | BGP_START_CONNECT_RETRY);
        case BGP_IdleHoldTimer_Expires: /* AutomaticStart with DampPeerOscillations */
                return stay(BGP_CONNECT, BGP_OPEN_TCP | BGP_START_CONNECT_RETRY);
        case BGP_ManualStop:
                return stay(BGP_IDLE, BGP_STOP_IDLE_HOLD);
        default:
                return stay(BGP_IDLE, 0);
        }
}

/* Connect and Active differ in whether a TCP connection is being made. */
static struct bgp_step connecting(enum bgp_state s, enum bgp_event e, uint8_t subcode)
{
        switch ((int)e) {
        case BGP_ManualStart:
        case BGP_IdleHoldTimer_Expires:
                return stay(s, 0);
        case BGP_ManualStop:
                return stop(0, subcode);
        case BGP_ConnectRetryTimer_Expires:
                return stay(BGP_CONNECT, BGP_DROP_TCP | BGP_OPEN_TCP | BGP_START_CONNECT_RETRY);
        case BGP_Tcp_CR_Acked:
                return stay(BGP_OPEN_SENT, BGP_STOP_CONNECT_RETRY | BGP_SEND_OPEN | BGP_START_OPEN_HOLD);
        case BGP_NotifMsgVerErr:
                return stay(BGP_IDLE, BGP_STOP_CONNECT_RETRY | BGP_DROP_TCP | BGP_START_IDLE_HOLD);
        default:
                return fail(0);
        }
}

static struct bgp_step open_sent(enum bgp_event e, uint8_t code, uint8_t subcode)
{
        switch (e) {
        case BGP_ManualStart:
        case BGP_ConnectRetryTimer_Expires:
        case BGP_IdleHoldTimer_Expires:
        case BGP_Tcp_CR_Acked:
                return stay(BGP_OPEN_SENT, 0);
        case BGP_ManualStop:
                return stop(BGP_NOTIFY, subcode);
        case BGP_AutomaticStop:
                return fail_with(0, BGP_CEASE, subcode);
        case BGP_HoldTimer_Expires:
                return fail_with(0, BGP_HOLD_EXPIRED, 0);
        case BGP_TcpConnectionFails:
                return stay(BGP_ACTIVE, BGP_DROP_TCP | BGP_COUNT_RETRY | BGP_START_CONNECT_RETRY);
        case BGP_BGPOpen:
                return stay(BGP_OPEN_CONFIRM, BGP_SEND_KEEPALIVE | BGP_START_KEEPALIVE | BGP_START_HOLD);
        case BGP_BGPHeaderErr:
        case BGP_BGPOpenMsgErr:
                return fail_with(0, code, subcode);
        case BGP_NotifMsgVerErr:
        case BGP_NotifMsg:
                return fail(0);
        case BGP_KeepaliveTimer_Expires:
        case BGP_KeepAliveMsg:
        case BGP_UpdateMsg:
        case BGP_UpdateMsgErr:
        case BGP_SendHoldTimer_Expires:
        case BGP_RouteRefreshMsg:
                break;
        }
        return fail_with(0, BGP_FSM_ERROR, 1);
}

static struct bgp_step open_confirm(enum bgp_event e, uint8_t code, uint8_t subcode)
{
        switch (e) {
        case BGP_ManualStart:
        case BGP_ConnectRetryTimer_Expires:
        case BGP_IdleHoldTimer_Expires:
        case BGP_Tcp_CR_Acked:
                return stay(BGP_OPEN_CONFIRM, 0);
        case BGP_ManualStop:
                return stop(BGP_NOTIFY, subcode);
        case BGP_AutomaticStop:
                return fail_with(0, BGP_CEASE, subcode);
        case BGP_HoldTimer_Expires:
                return fail_with(0, BGP_HOLD_EXPIRED, 0);
        case BGP_KeepaliveTimer_Expires:
                return stay(BGP_OPEN_CONFIRM, BGP_SEND_KEEPALIVE | BGP_START_KEEPALIVE);
        case BGP_TcpConnectionFails:
        case BGP_NotifMsgVerErr:
        case BGP_NotifMsg:
                return fail(0);
        case BGP_BGPHeaderErr:
        case BGP_BGPOpenMsgErr:
                return fail_with(0, code, subcode);
        case BGP_KeepAliveMsg:
                return stay(BGP_ESTABLISHED, BGP_START_HOLD | BGP_UP);
        case BGP_BGPOpen:
        case BGP_UpdateMsg:
        case BGP_UpdateMsgErr:
        case BGP_SendHoldTimer_Expires:
        case BGP_RouteRefreshMsg:
                break;
        }
        return fail_with(0, BGP_FSM_ERROR, 2);
}

static struct bgp_step established(enum bgp_event e, uint8_t code, uint8_t subcode)
{
        switch (e) {
        case BGP_ManualStart:
        case BGP_ConnectRetryTimer_Expires:
        case BGP_IdleHoldTimer_Expires:
        case BGP_Tcp_CR_Acked:
        case BGP_RouteRefreshMsg:
                return stay(BGP_ESTABLISHED, 0);
        case BGP_ManualStop:
                return stop(BGP_DOWN | BGP_NOTIFY, subcode);
        case BGP_AutomaticStop:
                return fail_with(BGP_DOWN, BGP_CEASE, subcode);
        case BGP_HoldTimer_Expires:
                return fail_with(BGP_DOWN, BGP_HOLD_EXPIRED, 0);
        case BGP_SendHoldTimer_Expires:
                return fail_with(BGP_DOWN, BGP_SEND_HOLD_EXPIRED, 0);
        case BGP_KeepaliveTimer_Expires:
                return stay(BGP_ESTABLISHED, BGP_SEND_KEEPALIVE | BGP_START_KEEPALIVE);
        case BGP_TcpConnectionFails:
        case BGP_NotifMsgVerErr:
        case BGP_NotifMsg:
                return fail(BGP_DOWN);
        case BGP_KeepAliveMsg:
        case BGP_UpdateMsg:
                return stay(BGP_ESTABLISHED, BGP_START_HOLD);
        case BGP_UpdateMsgErr:
        case BGP_BGPHeaderErr:
                return fail_with(BGP_DOWN, code, subcode);
        case BGP_BGPOpen:
        case BGP_BGPOpenMsgErr:
                break;
        }
        return fail_with(BGP_DOWN, BGP_FSM_ERROR, 3);
}

struct bgp_step bgp_fsm(enum bgp_state s, enum bgp_event e, uint8_t code, uint8_t subcode)
{
        switch (s) {
        case BGP_CONNECT:
        case BGP_ACTIVE:
                return connecting(s, e, subcode);
        case BGP_OPEN_SENT:
                return open_sent(e, code, subcode);
        case BGP_OPEN_CONFIRM:
                return open_confirm(e, code, subcode);
        case BGP_ESTABLISHED:
                return established(e, code, subcode);
        case BGP_IDLE:
                break;
        }
        return idle(e);
}

const char *bgp_state_name(enum bgp_state s)
{
        static const char *const names[BGP_STATES] = {"Idle",     "Connect",     "Active",
                                                      "OpenSent", "OpenConfirm", "Established"};
        return names[s];
}
