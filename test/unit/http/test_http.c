/* Real sockets on loopback, one loop: the client is a socket in the same loop. */
#include "base/arena.h"
#include "http/http.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
        struct loop *loop;
        int fd;
        char answer[8192];
        size_t len;
};

static void get_hello(void *arg, struct http_reply *reply)
{
        reply->body = xprintf("hello %s\n", (const char *)arg);
}

static const struct http_route routes[] = {{"/hello", get_hello}, {NULL, NULL}};

static uint16_t free_port(void)
{
        struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(addr);
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
        close(fd);
        return ntohs(addr.sin_port);
}

static void on_readable(void *arg, int fd, int what)
{
        struct client *client = arg;
        ssize_t n = read(fd, client->answer + client->len, sizeof(client->answer) - 1 - client->len);

        (void)what;
        if (n <= 0)
                loop_stop(client->loop); /* the server closed: the answer is whole */
        else
                client->len += (size_t)n;
}

/* Sends the text, returns the whole answer up to the server's close. */
static void ask(const char *text, char *answer, size_t size)
{
        struct client client = {.loop = loop_new("test")};
        struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        uint16_t port = free_port();
        char *why = NULL, world[] = "world";
        struct http *http = http_new(client.loop, "127.0.0.1", port, routes, world, &why);
        struct loop_fd *watch;

        ck_assert_msg(http != NULL, "%s", why);
        client.fd = socket(AF_INET, SOCK_STREAM, 0);
        addr.sin_port = htons(port);
        ck_assert_int_eq(connect(client.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
        ck_assert_int_eq(write(client.fd, text, strlen(text)), (ssize_t)strlen(text));
        fcntl(client.fd, F_SETFL, O_NONBLOCK);
        watch = loop_fd_new(client.loop, client.fd, LOOP_READ, on_readable, &client);
        loop_run(client.loop);
        loop_fd_free(watch);
        close(client.fd);
        http_free(http);
        loop_free(client.loop);
        snprintf(answer, size, "%s", client.answer);
}

START_TEST(answers_a_route)
{
        char answer[8192];

        ask("GET /hello?x=1 HTTP/1.0\r\n\r\n", answer, sizeof(answer));
        ck_assert_ptr_nonnull(strstr(answer, " 200 "));
        ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nhello world\n"));
}
END_TEST

START_TEST(refuses_what_it_does_not_know)
{
        char answer[8192];

        ask("GET /secret HTTP/1.0\r\n\r\n", answer, sizeof(answer));
        ck_assert_ptr_nonnull(strstr(answer, " 404 "));
        ask("POST /hello HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", answer, sizeof(answer));
        ck_assert_ptr_null(strstr(answer, " 200 "));
        ck_assert_ptr_null(strstr(answer, "hello"));
}
END_TEST

START_TEST(survives_nonsense)
{
        char answer[8192], long_line[20000];

        ask("\x16\x03\x01 not http\r\n\r\n", answer, sizeof(answer));
        ck_assert_ptr_null(strstr(answer, " 200 "));
        memset(long_line, 'a', sizeof(long_line));
        memcpy(long_line, "GET /hello HTTP/1.0\r\nX: ", 24);
        long_line[sizeof(long_line) - 1] = '\0';
        ask(long_line, answer, sizeof(answer));
        ck_assert_ptr_null(strstr(answer, " 200 "));
}
END_TEST

START_TEST(says_why_it_cannot_listen)
{
        struct loop *loop = loop_new("test");
        char *why = NULL;

        ck_assert_ptr_null(http_new(loop, "192.0.2.1", 80, routes, NULL, &why));
        ck_assert_ptr_nonnull(strstr(why, "cannot listen on 192.0.2.1:80"));
        free(why);
        loop_free(loop);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("http");
        TCase *tc = tcase_create("http");
        SRunner *runner;
        int failed;

        tcase_add_test(tc, answers_a_route);
        tcase_add_test(tc, refuses_what_it_does_not_know);
        tcase_add_test(tc, survives_nonsense);
        tcase_add_test(tc, says_why_it_cannot_listen);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
