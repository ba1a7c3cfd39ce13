/*
 * The state machine against RFC 4271 8.2.2: a row per event, a column per state, a cell for what must happen.
 * Every pair of state and event that exists here is in the table, so a transition cannot change unseen.
 */
#include "bgp/fsm.h"
#include "bgp/msg.h"
#include <check.h>
#include <stdlib.h>

enum {
        FAIL = BGP_STOP_CONNECT_RETRY | BGP_DROP_TCP | BGP_COUNT_RETRY | BGP_START_IDLE_HOLD,
        STOP = BGP_STOP_CONNECT_RETRY | BGP_STOP_IDLE_HOLD | BGP_DROP_TCP | BGP_RESET_RETRIES,
        TRY = BGP_OPEN_TCP | BGP_START_CONNECT_RETRY,
        ALIVE = BGP_SEND_KEEPALIVE | BGP_START_KEEPALIVE,
};

struct cell {
        enum bgp_state next;
        unsigned actions;
        uint8_t code, subcode;
};

/* The message error or Cease that comes with the event in these tests. */
enum { CODE = 2, SUBCODE = 9 };

#define IGNORED(state)                                                                                       \
        {                                                                                                    \
                BGP_##state, 0, 0, 0                                                                         \
        }
#define FAILS                                                                                                \
        {                                                                                                    \
                BGP_IDLE, FAIL, 0, 0                                                                         \
        }
#define FAILS_UP                                                                                             \
        {                                                                                                    \
                BGP_IDLE, FAIL | BGP_DOWN, 0, 0                                                              \
        }
#define NOTIFIES(c, s)                                                                                       \
        {                                                                                                    \
                BGP_IDLE, FAIL | BGP_NOTIFY, c, s                                                            \
        }
#define DOWN_WITH(c, s)                                                                                      \
        {                                                                                                    \
                BGP_IDLE, FAIL | BGP_NOTIFY | BGP_DOWN, c, s                                                 \
        }

static const struct row {
        enum bgp_event event;
        struct cell cells[BGP_STATES]; /* Idle, Connect, Active, OpenSent, OpenConfirm, Established */
} rows[] = {
        {BGP_ManualStart,
         {{BGP_CONNECT, TRY | BGP_STOP_IDLE_HOLD | BGP_RESET_RETRIES, 0, 0},
          IGNORED(CONNECT),
          IGNORED(ACTIVE),
          IGNORED(OPEN_SENT),
          IGNORED(OPEN_CONFIRM),
          IGNORED(ESTABLISHED)}},
        {BGP_ManualStop,
         {{BGP_IDLE, BGP_STOP_IDLE_HOLD, 0, 0},
          {BGP_IDLE, STOP, 0, 0},
          {BGP_IDLE, STOP, 0, 0},
          {BGP_IDLE, STOP | BGP_NOTIFY, BGP_CEASE, SUBCODE},
          {BGP_IDLE, STOP | BGP_NOTIFY, BGP_CEASE, SUBCODE},
          {BGP_IDLE, STOP | BGP_NOTIFY | BGP_DOWN, BGP_CEASE, SUBCODE}}},
        {BGP_AutomaticStop,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(BGP_CEASE, SUBCODE), NOTIFIES(BGP_CEASE, SUBCODE),
          DOWN_WITH(BGP_CEASE, SUBCODE)}},
        {BGP_ConnectRetryTimer_Expires,
         {IGNORED(IDLE),
          {BGP_CONNECT, TRY | BGP_DROP_TCP, 0, 0},
          {BGP_CONNECT, TRY | BGP_DROP_TCP, 0, 0},
          IGNORED(OPEN_SENT),
          IGNORED(OPEN_CONFIRM),
          IGNORED(ESTABLISHED)}},
        {BGP_HoldTimer_Expires,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(4, 0), NOTIFIES(4, 0), DOWN_WITH(4, 0)}},
        {BGP_KeepaliveTimer_Expires,
         {IGNORED(IDLE),
          FAILS,
          FAILS,
          NOTIFIES(5, 1),
          {BGP_OPEN_CONFIRM, ALIVE, 0, 0},
          {BGP_ESTABLISHED, ALIVE, 0, 0}}},
        {BGP_IdleHoldTimer_Expires,
         {{BGP_CONNECT, TRY, 0, 0},
          IGNORED(CONNECT),
          IGNORED(ACTIVE),
          IGNORED(OPEN_SENT),
          IGNORED(OPEN_CONFIRM),
          IGNORED(ESTABLISHED)}},
        {BGP_Tcp_CR_Acked,
         {IGNORED(IDLE),
          {BGP_OPEN_SENT, BGP_STOP_CONNECT_RETRY | BGP_SEND_OPEN | BGP_START_OPEN_HOLD, 0, 0},
          {BGP_OPEN_SENT, BGP_STOP_CONNECT_RETRY | BGP_SEND_OPEN | BGP_START_OPEN_HOLD, 0, 0},
          IGNORED(OPEN_SENT),
          IGNORED(OPEN_CONFIRM),
          IGNORED(ESTABLISHED)}},
        {BGP_TcpConnectionFails,
         {IGNORED(IDLE),
          FAILS,
          FAILS,
          {BGP_ACTIVE, BGP_DROP_TCP | BGP_COUNT_RETRY | BGP_START_CONNECT_RETRY, 0, 0},
          FAILS,
          FAILS_UP}},
        {BGP_BGPOpen,
         {IGNORED(IDLE),
          FAILS,
          FAILS,
          {BGP_OPEN_CONFIRM, ALIVE | BGP_START_HOLD, 0, 0},
          NOTIFIES(5, 2),
          DOWN_WITH(5, 3)}},
        {BGP_BGPHeaderErr,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(CODE, SUBCODE), NOTIFIES(CODE, SUBCODE),
          DOWN_WITH(CODE, SUBCODE)}},
        {BGP_BGPOpenMsgErr,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(CODE, SUBCODE), NOTIFIES(CODE, SUBCODE), DOWN_WITH(5, 3)}},
        {BGP_NotifMsgVerErr,
         {IGNORED(IDLE),
          {BGP_IDLE, BGP_STOP_CONNECT_RETRY | BGP_DROP_TCP | BGP_START_IDLE_HOLD, 0, 0},
          {BGP_IDLE, BGP_STOP_CONNECT_RETRY | BGP_DROP_TCP | BGP_START_IDLE_HOLD, 0, 0},
          FAILS,
          FAILS,
          FAILS_UP}},
        {BGP_NotifMsg, {IGNORED(IDLE), FAILS, FAILS, FAILS, FAILS, FAILS_UP}},
        {BGP_KeepAliveMsg,
         {IGNORED(IDLE),
          FAILS,
          FAILS,
          NOTIFIES(5, 1),
          {BGP_ESTABLISHED, BGP_START_HOLD | BGP_UP, 0, 0},
          {BGP_ESTABLISHED, BGP_START_HOLD, 0, 0}}},
        {BGP_UpdateMsg, /* rows 22 of the table of malformed cases */
         {IGNORED(IDLE),
          FAILS,
          FAILS,
          NOTIFIES(5, 1),
          NOTIFIES(5, 2),
          {BGP_ESTABLISHED, BGP_START_HOLD, 0, 0}}},
        {BGP_UpdateMsgErr,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(5, 1), NOTIFIES(5, 2), DOWN_WITH(CODE, SUBCODE)}},
        {BGP_SendHoldTimer_Expires,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(5, 1), NOTIFIES(5, 2), DOWN_WITH(8, 0)}},
        {BGP_RouteRefreshMsg,
         {IGNORED(IDLE), FAILS, FAILS, NOTIFIES(5, 1), NOTIFIES(5, 2), IGNORED(ESTABLISHED)}},
};

START_TEST(every_state_and_event)
{
        const struct row *row = &rows[_i];
        for (int s = 0; s < BGP_STATES; s++) {
                struct bgp_step step = bgp_fsm((enum bgp_state)s, row->event, CODE, SUBCODE);
                const struct cell *cell = &row->cells[s];
                const char *name = bgp_state_name((enum bgp_state)s);
                ck_assert_msg(step.next == cell->next, "%s, event %d: next is %s", name, row->event,
                              bgp_state_name(step.next));
                ck_assert_msg(step.actions == cell->actions, "%s, event %d: actions %#x, not %#x", name,
                              row->event, step.actions, cell->actions);
                if (step.actions & BGP_NOTIFY)
                        ck_assert_msg(step.code == cell->code && step.subcode == cell->subcode,
                                      "%s, event %d: %u/%u", name, row->event, step.code, step.subcode);
        }
}
END_TEST

/* What holds for every cell, also for rows that somebody adds. */
START_TEST(invariants)
{
        for (int e = 1; e <= 30; e++) {
                for (int s = 0; s < BGP_STATES; s++) {
                        struct bgp_step step = bgp_fsm((enum bgp_state)s, (enum bgp_event)e, CODE, SUBCODE);
                        bool was_up = s == BGP_ESTABLISHED, is_up = step.next == BGP_ESTABLISHED;
                        ck_assert_int_eq(!!(step.actions & BGP_UP), !was_up && is_up);
                        ck_assert_int_eq(!!(step.actions & BGP_DOWN), was_up && !is_up);
                        if (step.actions & BGP_NOTIFY)
                                ck_assert((step.actions & BGP_DROP_TCP) && step.code != 0 &&
                                          s >= BGP_OPEN_SENT);
                        if (s >= BGP_CONNECT &&
                            step.next == BGP_IDLE) /* it comes back, unless it was told to stop */
                                ck_assert_int_eq(!!(step.actions & BGP_START_IDLE_HOLD), e != BGP_ManualStop);
                        if (step.next == BGP_CONNECT && s != BGP_CONNECT)
                                ck_assert(step.actions & BGP_OPEN_TCP &&
                                          step.actions & BGP_START_CONNECT_RETRY);
                }
        }
}
END_TEST

START_TEST(names)
{
        ck_assert_str_eq(bgp_state_name(BGP_IDLE), "Idle");
        ck_assert_str_eq(bgp_state_name(BGP_OPEN_CONFIRM), "OpenConfirm");
        ck_assert_str_eq(bgp_state_name(BGP_ESTABLISHED), "Established");
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bgp/fsm");
        TCase *t = tcase_create("all");
        tcase_add_loop_test(t, every_state_and_event, 0, sizeof(rows) / sizeof(rows[0]));
        tcase_add_test(t, invariants);
        tcase_add_test(t, names);
        suite_add_tcase(s, t);
        SRunner *r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
