/*
 * Every answer that a watch may get, with what must follow: the rows of client-go's reflector and of the API's rules
 * for resourceVersions. For a LIST, for a WatchList before its end, and for a WATCH.
 */
#include "k8s/watch_fsm.h"
#include "test/unit/base/suite.h"
#include <string.h>

enum what { LIST, STREAM, WATCH };
enum then { SAME_PAGE, LIST_ALL, AS_LIST, FOLLOW }; /* AS_LIST: by a LIST, a WatchList is not tried again */

static const struct row {
        const char *name;
        enum what what;
        struct watch_end end;
        enum then then;
        double min_s, max_s;
        enum watch_state state;
} rows[] = {
        {"410 of a LIST with a continue token", LIST, {.status = 410}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"410 of a WATCH, HTTP", WATCH, {.status = 410}, LIST_ALL, 0, 0, WATCH_LIVE},
        {"410 of a WATCH, ERROR event in a 200", WATCH, {.status = 200, .code = 410, .events = 3}, LIST_ALL, 0, 0,
         WATCH_LIVE},
        {"410 of a WatchList", STREAM, {.status = 200, .code = 410}, AS_LIST, 0, 0, WATCH_STARTING},
        {"504 ResourceVersionTooLarge of a WATCH, HTTP", WATCH, {.status = 504, .retry_after_s = 1}, FOLLOW, 0.4, 2,
         WATCH_STALE},
        {"504 ResourceVersionTooLarge, ERROR event", WATCH, {.status = 200, .code = 504}, FOLLOW, 0.4, 0.8,
         WATCH_STALE},
        {"504 of a LIST", LIST, {.status = 504, .retry_after_s = 1}, SAME_PAGE, 0.4, 2, WATCH_STARTING},
        {"429 with Retry-After of a LIST", LIST, {.status = 429, .retry_after_s = 9}, SAME_PAGE, 9, 10,
         WATCH_STARTING},
        {"429 with Retry-After of a WATCH keeps the version", WATCH, {.status = 429, .retry_after_s = 9}, FOLLOW, 9,
         10, WATCH_STALE},
        {"429 of a WatchList is waited for", STREAM, {.status = 429, .retry_after_s = 3}, LIST_ALL, 3, 4,
         WATCH_STARTING},
        {"429 as an ERROR event", WATCH, {.status = 200, .code = 429}, FOLLOW, 0.4, 0.8, WATCH_STALE},
        {"503 with Retry-After of a LIST", LIST, {.status = 503, .retry_after_s = 1}, SAME_PAGE, 1, 2, WATCH_STARTING},
        {"503 with Retry-After of a WATCH", WATCH, {.status = 503, .retry_after_s = 1}, FOLLOW, 1, 2, WATCH_STALE},
        {"503 of a WatchList", STREAM, {.status = 503, .retry_after_s = 1}, LIST_ALL, 1, 2, WATCH_STARTING},
        {"401 of a LIST", LIST, {.status = 401}, SAME_PAGE, 0.4, 0.8, WATCH_STARTING},
        {"401 of a WATCH keeps the version", WATCH, {.status = 401}, FOLLOW, 0.4, 0.8, WATCH_STALE},
        {"401 of a WatchList", STREAM, {.status = 401}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"403 of a LIST", LIST, {.status = 403}, SAME_PAGE, 0.4, 0.8, WATCH_STARTING},
        {"403 of a WATCH keeps the version", WATCH, {.status = 403}, FOLLOW, 0.4, 0.8, WATCH_STALE},
        {"403 of a WatchList", STREAM, {.status = 403}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"404 of a first LIST: empty", LIST, {.status = 404}, LIST_ALL, 30, 33, WATCH_ABSENT},
        {"404 of a first WatchList: empty", STREAM, {.status = 404}, LIST_ALL, 30, 33, WATCH_ABSENT},
        {"404 of a WATCH: stale", WATCH, {.status = 404}, LIST_ALL, 30, 33, WATCH_STALE},
        {"422 of a WatchList: the server has none", STREAM, {.status = 422}, AS_LIST, 0, 0, WATCH_STARTING},
        {"400 of a WatchList", STREAM, {.status = 400}, AS_LIST, 0, 0, WATCH_STARTING},
        {"500 as an ERROR event of a WatchList: no progress notifications", STREAM, {.status = 200, .code = 500},
         AS_LIST, 0, 0, WATCH_STARTING},
        {"a WatchList without an end", STREAM, {.status = 200, .stalled = true}, AS_LIST, 0, 0, WATCH_STARTING},
        {"a WatchList that ends too soon", STREAM, {.status = 200, .whole = true, .events = 5}, AS_LIST, 0, 0,
         WATCH_STARTING},
        {"a WatchList that is no JSON", STREAM, {.status = 200, .garbage = true}, AS_LIST, 0, 0, WATCH_STARTING},
        {"no connection for a WatchList", STREAM, {.status = 0}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"no connection for a LIST", LIST, {.status = 0}, SAME_PAGE, 0.4, 0.8, WATCH_STARTING},
        {"no connection for a WATCH keeps the version", WATCH, {.status = 0}, FOLLOW, 0.4, 0.8, WATCH_STALE},
        {"400 of a LIST's next page", LIST, {.status = 400}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"406 of a LIST", LIST, {.status = 406}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"500 of a WATCH", WATCH, {.status = 500}, FOLLOW, 0.4, 0.8, WATCH_STALE},
        {"422 of a WATCH", WATCH, {.status = 422}, LIST_ALL, 0.4, 0.8, WATCH_STALE},
        {"a WATCH that the server ends in order", WATCH,
         {.status = 200, .whole = true, .events = 1, .lived_ns = 400 * SEC}, FOLLOW, 0, 0.05, WATCH_LIVE},
        {"a very short WATCH without events", WATCH, {.status = 200, .whole = true, .lived_ns = 100 * MSEC}, FOLLOW,
         0.4, 0.8, WATCH_STALE},
        {"a WATCH that is cut", WATCH, {.status = 200, .events = 7, .lived_ns = 9 * SEC}, FOLLOW, 0.4, 0.8,
         WATCH_STALE},
        {"a WATCH that fell silent: again at once, without a list", WATCH, {.status = 0, .stalled = true}, FOLLOW, 0,
         0, WATCH_LIVE},
        {"a LIST that is no JSON", LIST, {.status = 200, .garbage = true}, LIST_ALL, 0.4, 0.8, WATCH_STARTING},
        {"a LIST that is cut", LIST, {.status = 200}, SAME_PAGE, 0.4, 0.8, WATCH_STARTING},
};

static struct watch_step answer(struct watch_fsm *f, const struct row *row)
{
        struct watch_end end = row->end;
        const struct watch_end good = {.status = 200, .retry_after_s = -1, .whole = true};
        if (end.retry_after_s == 0)
                end.retry_after_s = -1;
        watch_fsm_init(f, false, row->what == STREAM, 42);
        watch_fsm_start(f);
        if (row->what == STREAM)
                return watch_fsm_streamed(f, &end);
        if (row->what == LIST) {
                bool first = end.status == 404;
                if (!first)
                        watch_fsm_listed(f, &good, "7", "p2");
                return watch_fsm_listed(f, &end, NULL, NULL);
        }
        watch_fsm_listed(f, &good, "7", NULL);
        watch_fsm_opened(f);
        return watch_fsm_watched(f, &end);
}

START_TEST(every_row)
{
        const struct row *row = &rows[_i];
        struct watch_fsm f;
        struct watch_step step = answer(&f, row);
        double delay = (double)step.delay_ns / 1e9;
        enum watch_want want = row->then == FOLLOW                              ? WANT_WATCH
                               : row->then == LIST_ALL && row->what == STREAM ? WANT_STREAM
                                                                                : WANT_LIST;
        ck_assert_msg(step.want == want, "%s: wants %d, not %d", row->name, step.want, want);
        ck_assert_msg(delay >= row->min_s && delay <= row->max_s, "%s: waits %f s", row->name, delay);
        ck_assert_msg(f.state == row->state, "%s: state %d, not %d", row->name, f.state, row->state);
        if (row->then == FOLLOW)
                ck_assert_msg(f.rv && strcmp(f.rv, "7") == 0, "%s: it goes on from %s", row->name, f.rv);
        if (row->then == SAME_PAGE)
                ck_assert_msg(f.next && strcmp(f.next, "p2") == 0, "%s: not the same page", row->name);
        if (row->then == LIST_ALL || row->then == AS_LIST)
                ck_assert_msg(!f.next && !f.rv, "%s: not from the beginning", row->name);
        ck_assert_msg(step.fresh == row->end.stalled || row->what == STREAM, "%s: connection", row->name);
        watch_fsm_clear(&f);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("watch_rows");
        TCase *tc = tcase_create("watch_rows");
        tcase_add_loop_test(tc, every_row, 0, (int)(sizeof(rows) / sizeof(rows[0])));
        suite_add_tcase(suite, tc);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
