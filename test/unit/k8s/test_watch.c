/* A watch, its transport and its stream against a server that follows a script. */
#include "watch_scene.h"

START_TEST(pages_events_and_a_reconnect_from_the_last_version)
{
        static const struct step script[] = {
                {"/api/v1/"
                 "services?fieldSelector=metadata.namespace%3Da%20b%2Cspec.type%3DLoadBalancer&labelSelector="
                 "%21headless&limit=500",
                 WHOLE, 200, NULL, LIST("7", "p/2", ITEM("a") "," ITEM("b"))},
                {"&limit=500&continue=p%2F2", WHOLE, 200, NULL, LIST("7", "", ITEM("c"))},
                {"&watch=1&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=", EOF_, 0, NULL,
                 EVENT("ADDED", "d", "8") EVENT("MODIFIED", "a", "9") EVENT("NEWTYPE", "x", "99")
                         EVENT("DELETED", "b", "10") EVENT("BOOKMARK", "", "11")},
                {"&watch=1&resourceVersion=11&", HOLD, 0, NULL, EVENT("ADDED", "e", "12")},
        };
        PLAY(script, "begin a b c end LIVE d a -b e ");
        ck_assert_ptr_null(strcasestr(s.head, "accept-encoding"));
        ck_assert_ptr_null(strcasestr(s.head, "authorization"));
        ck_assert_ptr_nonnull(strstr(s.head, "User-Agent: herald/" HERALD_VERSION "\r\n"));
        ck_assert_ptr_nonnull(strstr(s.head, "Accept: application/json\r\n"));
}
END_TEST

START_TEST(metadata_alone_is_asked_for)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL,
                 "{\"type\":\"ADDED\",\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\","
                 "\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"8\"}}}\n"},
        };
        s.metadata_only = true;
        PLAY(script, "begin a end LIVE b ");
        ck_assert_ptr_nonnull(strstr(s.head, "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1\r\n"));
        ck_assert_uint_gt(watch_stats(s.watch).bytes, strlen(script[0].body));
}
END_TEST

START_TEST(expired_as_an_event)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&resourceVersion=7&", HOLD, 0, NULL,
                 EVENT("ADDED", "b", "8") GONE EVENT("ADDED", "never", "9")},
                {"&limit=500", WHOLE, 200, NULL, LIST("20", "", ITEM("b"))},
                {"&resourceVersion=20&", HOLD, 0, NULL, EVENT("ADDED", "c", "21")},
        };
        PLAY(script, "begin a end LIVE b begin+ b end+ c ");
}
END_TEST

START_TEST(expired_as_a_status)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&resourceVersion=7&", WHOLE, 410, NULL, "{\"kind\":\"Status\",\"code\":410}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("20", "", "")},
                {"&resourceVersion=20&", HOLD, 0, NULL, EVENT("ADDED", "c", "21")},
        };
        PLAY(script, "begin a end LIVE begin+ end+ c ");
}
END_TEST

START_TEST(an_expired_page_begins_again)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "p2", ITEM("a"))},
                {"&continue=p2", WHOLE, 410, NULL, "{}"},
                {"labelSelector=%21headless", WHOLE, 200, NULL, LIST("8", "", ITEM("b"))},
                {"&resourceVersion=8&", HOLD, 0, NULL, ""},
        };
        PLAY(script, "begin a STARTING begin b end LIVE ");
}
END_TEST

START_TEST(an_unknown_selector_is_dropped)
{
        static const struct step script[] = {
                {"spec.type", WHOLE, 400, NULL, "{\"message\":\"field label not supported: spec.type\"}"},
                {"fieldSelector=metadata.namespace%3Da%20b&labelSelector", WHOLE, 200, NULL,
                 LIST("7", "", ITEM("a"))},
                {"fieldSelector=metadata.namespace%3Da%20b&labelSelector", HOLD, 0, NULL,
                 EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin a end LIVE b ");
}
END_TEST

START_TEST(an_absent_kind_is_empty)
{
        static const struct step script[] = {{"&limit=500", WHOLE, 404, NULL, "404 page not found\n"}};
        PLAY(script, "begin end ABSENT ");
        ck_assert_ptr_nonnull(strstr(s.sentence, "404"));
}
END_TEST

START_TEST(forbidden_from_the_start_is_not_synced_and_says_why)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 403, NULL, "{\"message\":\"services is forbidden:\\nno RBAC\"}"}};
        PLAY(script, "STARTING ");
        ck_assert_str_eq(
                s.sentence,
                "cannot list /api/v1/services: the server answered 403: services is forbidden: no RBAC");
}
END_TEST

START_TEST(forbidden_later_keeps_the_content)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", WHOLE, 403, NULL, "{}"},
        };
        PLAY(script, "begin a end LIVE STALE ");
}
END_TEST

START_TEST(retry_after_is_obeyed)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 429, "Retry-After: 2\r\n", "{}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "STARTING begin a end LIVE b ");
        ck_assert(between(0, 1) >= 2);
}
END_TEST

START_TEST(cut_connections_lose_nothing)
{
        static const struct step script[] = {
                {"&limit=500", DROP, 0, NULL, NULL},
                {"&limit=500", CUT, 0, NULL, "{\"metadata\":{},\"items\":[" ITEM("a") ",{\"meta"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&resourceVersion=7&", CUT, 0, NULL, EVENT("ADDED", "b", "8") "{\"type\":\"ADDED\",\"obj"},
                {"&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "c", "9")},
        };
        PLAY(script, "STARTING begin a STARTING begin a end LIVE b STALE LIVE c ");
}
END_TEST

START_TEST(a_stream_that_ends_in_an_object_is_a_failure)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", EOF_, 0, NULL, EVENT("ADDED", "b", "8") "{\"type\":\"ADDED\",\"obj"},
                {"&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "c", "9")},
        };
        PLAY(script, "begin end LIVE b STALE LIVE c ");
        ck_assert(between(1, 2) >= 0.4);
}
END_TEST

START_TEST(garbage_is_refused_and_asked_for_again)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, "<html>login</html>"},
                {"&limit=500", WHOLE, 200, NULL, "{\"items\":[7]}"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", HOLD, 0, NULL,
                 EVENT("ADDED", "b", "8") "oops" EVENT("ADDED", "never", "9")},
                {"&resourceVersion=8&", HOLD, 0, NULL, "{\"no\":\"event\"}" EVENT("ADDED", "never", "9")},
                {"&resourceVersion=8&", HOLD, 0, NULL, EVENT("ADDED", "c", "9")},
        };
        PLAY(script, "begin STARTING begin begin end LIVE b STALE LIVE STALE LIVE c ");
}
END_TEST

START_TEST(no_http_at_all)
{
        static const struct step script[] = {
                {"&limit=500", RAW, 0, NULL, "SSH-2.0-OpenSSH_9\r\n"},
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "STARTING begin end LIVE b ");
}
END_TEST

START_TEST(an_oversized_object_is_refused)
{
        size_t n = (size_t)9 << 20;
        char *body = xcalloc(n + 1, 1);
        memset(body, 'x', n);
        memcpy(body, "{\"type\":\"", 9);
        const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", HOLD, 0, NULL, body},
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin end LIVE STALE LIVE b ");
        free(body);
}
END_TEST

START_TEST(a_very_short_watch_is_not_repeated_at_once)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", "")},
                {"&resourceVersion=7&", EOF_, 0, NULL, ""},
                {"&resourceVersion=7&", EOF_, 0, NULL, ""},
                {"&resourceVersion=7&", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin end LIVE STALE LIVE STALE LIVE b ");
        ck_assert(between(1, 2) >= 0.4 && between(2, 3) >= 0.8);
}
END_TEST

static void write_token(const char *path, const char *token)
{
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(token, file);
        fclose(file);
}

static char token_path[] = "herald-test-token-XXXXXX";

static void rotate_then_serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        bool old = strstr(r->head, "Authorization: Bearer old\r\n");
        (void)arg;
        if (!old && !strstr(r->head, "Authorization: Bearer new\r\n"))
                snprintf(s.unexpected, sizeof(s.unexpected), "no token");
        write_token(token_path, " new\n");
        if (old)
                fake_reply(c, 401, "", "{}");
        else
                serve(NULL, c, r);
}

START_TEST(a_refused_token_is_read_again_once)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        int fd = mkstemp(token_path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        s.server.fn = rotate_then_serve;
        s.auth.token = xstrdup("old");
        s.auth.token_file = token_path;
        s.auth.token_read = mono_now();
        PLAY(script, "begin a end LIVE b "); /* without a failure in between */
        unlink(token_path);
        free(s.auth.token);
}
END_TEST

static void refuse_all(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg, (void)r;
        s.at++;
        fake_reply(c, 401, "", "{\"message\":\"Unauthorized\"}");
}

START_TEST(a_refused_token_that_did_not_change_is_not_tried_again)
{
        s.server.fn = refuse_all;
        s.auth.token = xstrdup("old");
        play(NULL, 0, "STARTING ");
        ck_assert_uint_eq(s.at, 1);
        ck_assert_ptr_null(strstr(s.sentence, "old"));
        free(s.auth.token);
}
END_TEST

START_TEST(nobody_listens)
{
        fake_stop(&s.server);
        play(NULL, 0, "STARTING ");
        char expected[256];
        snprintf(expected, sizeof(expected), "cannot list /api/v1/services: %s: Connection refused",
                 s.auth.server);
        ck_assert_str_eq(s.sentence, expected);
        fake_start(&s.server, s.loop, serve, NULL);
}
END_TEST

START_TEST(freed_in_the_middle_of_a_request)
{
        static const struct step script[] = {
                {"&limit=500", WHOLE, 200, NULL, LIST("7", "", ITEM("a"))},
                {"&watch=1", HOLD, 0, NULL, EVENT("ADDED", "b", "8")},
        };
        PLAY(script, "begin a end LIVE b ");
        watch_free(s.watch);
        s.watch = NULL;
        loop_timer_at(s.deadline, mono_add(mono_now(), SEC / 100));
        loop_run(s.loop); /* what was cancelled is cleaned up without a call */
        ck_assert_str_eq(s.trace, "begin a end LIVE b ");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("watch");
        TCase *tc = tcase_create("watch");
        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, pages_events_and_a_reconnect_from_the_last_version);
        tcase_add_test(tc, metadata_alone_is_asked_for);
        tcase_add_test(tc, expired_as_an_event);
        tcase_add_test(tc, expired_as_a_status);
        tcase_add_test(tc, an_expired_page_begins_again);
        tcase_add_test(tc, an_unknown_selector_is_dropped);
        tcase_add_test(tc, an_absent_kind_is_empty);
        tcase_add_test(tc, forbidden_from_the_start_is_not_synced_and_says_why);
        tcase_add_test(tc, forbidden_later_keeps_the_content);
        tcase_add_test(tc, retry_after_is_obeyed);
        tcase_add_test(tc, cut_connections_lose_nothing);
        tcase_add_test(tc, a_stream_that_ends_in_an_object_is_a_failure);
        tcase_add_test(tc, garbage_is_refused_and_asked_for_again);
        tcase_add_test(tc, no_http_at_all);
        tcase_add_test(tc, an_oversized_object_is_refused);
        tcase_add_test(tc, a_very_short_watch_is_not_repeated_at_once);
        tcase_add_test(tc, a_refused_token_is_read_again_once);
        tcase_add_test(tc, a_refused_token_that_did_not_change_is_not_tried_again);
        tcase_add_test(tc, nobody_listens);
        tcase_add_test(tc, freed_in_the_middle_of_a_request);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
