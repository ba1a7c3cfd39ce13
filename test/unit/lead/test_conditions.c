/* The conditions of a Service: what is said, when, and when not again. */
#include "lead/lead.h"
#include "test/unit/base/suite.h"
#include "test/unit/store/build.h"
#include <stdio.h>
#include <string.h>

static struct store *store;
static struct config *config;
static struct lead *lead;
static struct mono now, next;
static unsigned last_rv;
static char *said; /* of the last decision */
static char *alarm; /* its Event that nobody announces the Service: "NodeExcluded: message" */

static void begin(void)
{
        store = store_new();
        config = test_config();
        lead = lead_new();
        now = (struct mono){100 * SEC};
        last_rv = 0;
        test_pool(config, "lan range=10.0.0.0/24");
        test_l2_ad(config, "l2");
        store_put(store, test_fact(KIND_NODE, "n1"));
        store_put(store, test_fact(KIND_NODE, "n2"));
        store_put(store, test_fact(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:rs"));
}

static void end(void)
{
        lead_free(lead);
        store_free(store);
        test_config_free(config);
        free(said);
        free(alarm);
        said = alarm = NULL;
}

/* The Service as the watch shows it, with the conditions that were written. */
static void show(const char *words, const struct write *write)
{
        char *text = xprintf("a/web uid=1 rv=%u %s", ++last_rv, words);
        struct fact *fact = test_service(text);
        for (enum condition c = 0; write && c < CONDITIONS; c++) {
                const struct condition_write *condition = &write->conditions[c];
                if (condition->said)
                        fact->u.service.seen[c] = (struct condition_seen){
                                condition->is ? CONDITION_TRUE : CONDITION_FALSE,
                                condition_digest(condition->is, reason_name(condition->reason), condition->message)};
        }
        store_put(store, fact);
        free(text);
}

/* "status: Allocated=True(Allocated) ...": what is written now; the write is the caller's. */
static struct write *decide_once(void)
{
        static const char *const names[] = {"Allocated", "Announced"};
        struct write *writes[16], *kept = NULL;
        size_t n;
        free(said);
        said = xstrdup("");
        free(alarm);
        alarm = NULL;
        next = lead_decide(lead, store, config, 7, now, writes, 16, &n);
        for (size_t i = 0; i < n; i++) {
                if (writes[i]->type == WRITE_EVENT) {
                        if (strcmp(writes[i]->action, "Announce") == 0)
                                alarm = xprintf("%s: %s", reason_name(writes[i]->reason), writes[i]->message);
                        write_free(writes[i]);
                        continue;
                }
                ck_assert_ptr_null(kept);
                kept = writes[i];
                char *text = xstrdup(kept->type == WRITE_STATUS ? "status:" : "conditions:");
                for (enum condition c = 0; c < CONDITIONS; c++) {
                        const struct condition_write *condition = &kept->conditions[c];
                        char *longer = condition->said ? xprintf("%s %s=%s%s(%s)", text, names[c],
                                                                 condition->moved ? "!" : "",
                                                                 condition->is ? "True" : "False",
                                                                 reason_name(condition->reason))
                                                       : xstrdup(text);
                        free(text);
                        text = longer;
                }
                free(said);
                said = text;
        }
        return kept;
}

static void expect(const char *what)
{
        struct write *write = decide_once();
        ck_assert_str_eq(said, what);
        write_free(write);
}

START_TEST(the_first_write_says_both)
{
        begin();
        show("", NULL);
        struct write *write = decide_once();
        ck_assert_str_eq(said, "status: Allocated=!True(Allocated) Announced=!True(Announced)");
        ck_assert_str_eq(write->conditions[CONDITION_ANNOUNCED].message,
                         "Announced by layer 2 from one of 2 nodes.");
        show("ip=10.0.0.0 alloc=lan", write);
        write_free(write);
        expect("");
        store_mark_all(store);
        expect("");
        end();
}
END_TEST

START_TEST(what_goes_down_with_a_status_is_said_with_the_next_one)
{
        begin();
        show("", NULL);
        struct write *write = decide_once();
        lead_failed(lead, store, &write->ref, LEAD_CONFLICT, now);
        write_free(write);
        show("", NULL); /* somebody else's change */
        write = decide_once();
        ck_assert_str_eq(said, "status: Allocated=!True(Allocated) Announced=!True(Announced)");
        write_free(write);
        end();
}
END_TEST

/* While a status is under way nothing is due, however late it is. */
START_TEST(words_that_wait_behind_a_status_call_nobody)
{
        begin();
        show("", NULL);
        struct write *first = decide_once();
        show("ip=10.0.0.0 alloc=lan", first);
        expect("");
        now = mono_add(now, 1 * SEC);
        store_put(store, test_fact(KIND_NODE, "n3"));
        show("ip=10.0.0.0 alloc=lan ask=10.0.0.7", first);
        struct write *second = decide_once(); /* is not seen for long */
        ck_assert_ptr_nonnull(second);
        for (int i = 0; i < 12; i++) {
                now = mono_add(now, 5 * SEC);
                expect("");
                ck_assert(mono_before(now, next));
        }
        write_free(second);
        write_free(first);
        end();
}
END_TEST

/* The second one takes the place of the first in the queue, so it says all that is not there yet. */
START_TEST(what_waits_is_named_by_the_next_write_too)
{
        begin();
        config->n_pools = 0;
        show("", NULL);
        expect("conditions: Allocated=!False(NoPools) Announced=!False(NoAddress)");
        config->n_pools = 1;
        store_mark_all(store);
        expect("status: Allocated=!True(Allocated) Announced=!True(Announced)");
        end();
}
END_TEST

START_TEST(why_not_is_said_too)
{
        begin();
        config->n_pools = 0;
        show("", NULL);
        expect("conditions: Allocated=!False(NoPools) Announced=!False(NoAddress)");
        store_mark_all(store);
        expect(""); /* it is on its way */
        end();
}
END_TEST

START_TEST(a_turn_is_told_at_once_and_words_wait)
{
        begin();
        show("", NULL);
        struct write *first = decide_once();
        show("ip=10.0.0.0 alloc=lan", first);
        expect("");
        store_put(store, test_fact(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:"));
        struct write *second = decide_once();
        ck_assert_str_eq(said, "conditions: Announced=!False(NoEndpoints)");
        second->conditions[CONDITION_ALLOCATED] = first->conditions[CONDITION_ALLOCATED];
        show("ip=10.0.0.0 alloc=lan", second);
        expect("");
        store_put(store, test_fact(KIND_NODE, "n1 excluded"));
        store_put(store, test_fact(KIND_NODE, "n2 excluded"));
        expect(""); /* other words for False: they wait */
        ck_assert_int_eq(next.ns, now.ns + 10 * SEC);
        now = next;
        expect("conditions: Announced=False(NodeExcluded)");
        write_free(first);
        write_free(second);
        end();
}
END_TEST

START_TEST(nodes_that_may_not_announce_are_an_event)
{
        begin();
        show("", NULL);
        struct write *first = decide_once();
        ck_assert_ptr_null(alarm);
        show("ip=10.0.0.0 alloc=lan", first);
        expect("");
        store_put(store, test_fact(KIND_NODE, "n1 excluded"));
        expect("");
        store_put(store, test_fact(KIND_NODE, "n2 excluded"));
        now = mono_add(now, 60 * SEC);
        expect("conditions: Announced=!False(NodeExcluded)");
        ck_assert_ptr_nonnull(alarm);
        ck_assert_ptr_nonnull(strstr(alarm, "NodeExcluded: None of 2 nodes may announce it. 2 nodes: The node has the label "
                                            "node.kubernetes.io/exclude-from-external-load-balancers"));
        expect("");
        ck_assert_ptr_null(alarm);
        write_free(first);
        end();
}
END_TEST

START_TEST(nodes_that_go_are_an_event)
{
        static const struct {
                const char *what, *reason;
        } rows[] = {{"tainted", "NodeOutOfService"}, {"leaving", "NodeLeaving"}, {"netdown", "NodeNetworkUnavailable"}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char node[32], expected[80];
                begin();
                show("", NULL);
                struct write *first = decide_once();
                show("ip=10.0.0.0 alloc=lan", first);
                expect("");
                snprintf(node, sizeof(node), "n1 %s", rows[i].what);
                store_put(store, test_fact(KIND_NODE, node));
                snprintf(node, sizeof(node), "n2 %s", rows[i].what);
                store_put(store, test_fact(KIND_NODE, node));
                now = mono_add(now, 60 * SEC);
                snprintf(expected, sizeof(expected), "conditions: Announced=!False(%s)", rows[i].reason);
                expect(expected);
                ck_assert_ptr_nonnull(alarm);
                ck_assert_ptr_nonnull(strstr(alarm, rows[i].reason));
                write_free(first);
                end();
        }
}
END_TEST

START_TEST(pods_that_are_not_there_are_no_event)
{
        begin();
        show("", NULL);
        struct write *first = decide_once();
        show("ip=10.0.0.0 alloc=lan", first);
        expect("");
        store_put(store, test_fact(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:"));
        expect("conditions: Announced=!False(NoEndpoints)");
        ck_assert_ptr_null(alarm);
        write_free(first);
        end();
}
END_TEST

START_TEST(what_failed_is_said_again)
{
        begin();
        config->n_pools = 0;
        show("", NULL);
        struct write *write = decide_once();
        lead_conditions_failed(lead, &write->ref, now);
        expect("");
        ck_assert_int_eq(next.ns, now.ns + 1 * SEC);
        now = next;
        expect("conditions: Allocated=!False(NoPools) Announced=!False(NoAddress)");
        write_free(write);
        end();
}
END_TEST

START_TEST(other_classes_are_left_alone)
{
        begin();
        show("class=other", NULL);
        expect("");
        config->settings.lb_class = "other";
        store_mark_all(store);
        expect("status: Allocated=!True(Allocated) Announced=!True(Announced)");
        end();
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {the_first_write_says_both, what_goes_down_with_a_status_is_said_with_the_next_one,
                                      words_that_wait_behind_a_status_call_nobody, what_waits_is_named_by_the_next_write_too, why_not_is_said_too,
                                      a_turn_is_told_at_once_and_words_wait,
                                      nodes_that_may_not_announce_are_an_event, nodes_that_go_are_an_event,
                                      pods_that_are_not_there_are_no_event, what_failed_is_said_again,
                                      other_classes_are_left_alone};
        return run_tests("conditions", tests, sizeof(tests) / sizeof(tests[0]));
}
