#include "dataplane/gate.h"
#include "test/unit/base/suite.h"
#include <string.h>

static struct mono at(int64_t sec)
{
        return (struct mono){sec * SEC};
}

START_TEST(an_answer_opens_it_and_is_believed_for_a_while)
{
        struct gate gate = {0};
        ck_assert(!gate_open(&gate, at(1)));
        gate_result(&gate, PROBE_OK, at(1));
        ck_assert(gate_open(&gate, at(1)) && gate_open(&gate, at(6)));
        ck_assert(!gate_open(&gate, at(7)));
        gate_result(&gate, PROBE_OK, at(8));
        gate_result(&gate, PROBE_BAD, at(9));
        ck_assert(!gate_open(&gate, at(9)));
}
END_TEST

START_TEST(a_node_where_nobody_ever_answers_has_no_kube_proxy)
{
        struct gate gate = {0};
        for (int64_t sec = 1; sec < 61; sec++) {
                gate_result(&gate, PROBE_SILENT, at(sec));
                ck_assert(!gate_open(&gate, at(sec)));
        }
        gate_result(&gate, PROBE_SILENT, at(61));
        ck_assert(gate.absent && gate_open(&gate, at(61)) && gate_open(&gate, at(1000)));
        gate_result(&gate, PROBE_BAD, at(1001)); /* somebody is there after all */
        ck_assert(!gate.absent && !gate_open(&gate, at(1001)));
}
END_TEST

START_TEST(a_kube_proxy_that_fell_silent_is_down)
{
        struct gate gate = {0};
        gate_result(&gate, PROBE_BAD, at(1));
        for (int64_t sec = 2; sec < 1000; sec++)
                gate_result(&gate, PROBE_SILENT, at(sec));
        ck_assert(!gate.absent && !gate_open(&gate, at(1000)));
}
END_TEST

static enum probe_result judge(int code, const char *body)
{
        return gate_judge(code, body, strlen(body));
}

START_TEST(a_kube_proxy_that_has_written_nothing_yet_is_not_well)
{
        ck_assert_int_eq(judge(0, ""), PROBE_SILENT);
        ck_assert_int_eq(judge(503, "{\"healthy\":true,\"status\":{\"IPv4\":{}}}"), PROBE_BAD);
        ck_assert_int_eq(judge(200, "{\"lastUpdated\":\"x\",\"healthy\":true}"), PROBE_BAD);
        ck_assert_int_eq(judge(200, "{\"lastUpdated\":\"x\",\"healthy\":true,\"status\":{}}"), PROBE_BAD);
        ck_assert_int_eq(judge(200, "{\"healthy\":true,\"status\":{\"IPv4\":{\"healthy\":true}}}"), PROBE_OK);
        ck_assert_int_eq(judge(200, "{\"lastUpdated\":\"x\",\"nodeEligible\":true}"), PROBE_OK); /* older ones */
        ck_assert_int_eq(judge(200, "{\"localEndpoints\":1"), PROBE_OK);
        ck_assert_int_eq(judge(200, "ok"), PROBE_OK);
        ck_assert_int_eq(judge(200, ""), PROBE_OK);
}
END_TEST

START_TEST(off_is_open)
{
        struct gate gate = {.off = true};
        ck_assert(gate_open(&gate, at(1)));
        gate_result(&gate, PROBE_BAD, at(1));
        ck_assert(gate_open(&gate, at(1)));
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {an_answer_opens_it_and_is_believed_for_a_while,
                                      a_node_where_nobody_ever_answers_has_no_kube_proxy,
                                      a_kube_proxy_that_fell_silent_is_down,
                                      a_kube_proxy_that_has_written_nothing_yet_is_not_well, off_is_open};
        return run_tests("gate", tests, sizeof(tests) / sizeof(tests[0]));
}
