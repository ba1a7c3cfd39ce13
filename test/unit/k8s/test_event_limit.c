#include "base/arena.h"
#include "k8s/event_limit.h"
#include "test/unit/base/suite.h"
#include <stdio.h>
#include <string.h>

static struct event_limit *limit;
static struct mono now;

static struct write *event(const char *name, const char *message)
{
        struct ref ref = {KIND_SERVICE, "", "a", name, "u", "1"};
        struct write *w = write_new(WRITE_EVENT, &ref);
        w->reason = REASON_NO_FREE_ADDRESS;
        w->warning = true;
        w->message = arena_strdup(w->arena, message);
        return w;
}

/* "post", "combined", "count N of NAME", "drop"; what is posted gets the name that is given. */
static const char *take(const char *object, const char *message, const char *name)
{
        static char text[300];
        struct write *w = event(object, message);
        struct event_verdict v = event_limit_take(limit, w, now);
        if (v.act == EVENT_DROP)
                snprintf(text, sizeof(text), "drop");
        else if (v.act == EVENT_COUNT)
                snprintf(text, sizeof(text), "count %u of %s", v.count, v.name);
        else
                snprintf(text, sizeof(text), v.combined ? "combined" : "post");
        if (v.act == EVENT_POST)
                event_limit_posted(limit, w, v.combined, name);
        write_free(w);
        return text;
}

static void begin(void)
{
        limit = event_limit_new();
        now = (struct mono){1000 * SEC};
}

START_TEST(the_same_again_is_a_count)
{
        begin();
        ck_assert_str_eq(take("web", "none free", "e1"), "post");
        ck_assert_str_eq(take("web", "none free", "e2"), "count 2 of e1");
        ck_assert_str_eq(take("web", "others free", "e3"), "post");
        ck_assert_str_eq(take("db", "none free", "e4"), "post");
        now.ns += EVENT_SERIES;
        ck_assert_str_eq(take("web", "none free", "e5"), "count 3 of e1");
        now.ns += EVENT_SERIES + 1; /* the series is over */
        ck_assert_str_eq(take("web", "none free", "e6"), "post");
        ck_assert_str_eq(take("web", "none free", "e7"), "count 2 of e6");
        event_limit_free(limit);
}
END_TEST

START_TEST(what_is_not_there_is_posted_again)
{
        begin();
        struct write *w = event("web", "none free");
        ck_assert_int_eq(event_limit_take(limit, w, now).act, EVENT_POST);
        event_limit_posted(limit, w, false, NULL);
        ck_assert_int_eq(event_limit_take(limit, w, now).act, EVENT_POST);
        write_free(w);
        event_limit_free(limit);
}
END_TEST

START_TEST(many_similar_ones_are_combined)
{
        char message[32];
        begin();
        for (int i = 0; i < EVENT_SIMILAR; i++) {
                snprintf(message, sizeof(message), "try %d", i);
                ck_assert_str_eq(take("web", message, message), "post");
        }
        ck_assert_str_eq(take("web", "try 10", "e10"), "combined");
        ck_assert_str_eq(take("web", "try 11", "e11"), "count 2 of e10");
        ck_assert_str_eq(take("web", "try 3", "e12"), "count 2 of try 3"); /* a known one goes on as it was */
        ck_assert_str_eq(take("db", "try 12", "e13"), "post");
        now.ns += EVENT_WINDOW + 1;
        ck_assert_str_eq(take("web", "try 13", "e14"), "post");
        event_limit_free(limit);
}
END_TEST

START_TEST(an_object_has_a_budget)
{
        begin();
        for (int i = 0; i < EVENT_TOKENS; i++)
                ck_assert_str_ne(take("web", "none free", "e1"), "drop");
        ck_assert_str_eq(take("web", "none free", "e1"), "drop");
        ck_assert_str_eq(take("db", "none free", "e2"), "post");
        now.ns += EVENT_REFILL;
        ck_assert_str_ne(take("web", "none free", "e1"), "drop");
        ck_assert_str_eq(take("web", "none free", "e1"), "drop");
        event_limit_free(limit);
}
END_TEST

START_TEST(memory_is_bounded)
{
        char name[32];
        begin();
        ck_assert_str_eq(take("first", "none free", "e1"), "post");
        for (int i = 0; i < 2 * EVENT_KEYS; i++) {
                snprintf(name, sizeof(name), "s%d", i);
                take(name, "none free", name);
        }
        ck_assert_str_eq(take("first", "none free", "e2"), "post"); /* it was forgotten */
        event_limit_free(limit);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {the_same_again_is_a_count, what_is_not_there_is_posted_again,
                                      many_similar_ones_are_combined, an_object_has_a_budget, memory_is_bounded};
        return run_tests("event_limit", tests, sizeof(tests) / sizeof(tests[0]));
}
