/* An HTTP server on 127.0.0.1 that says exactly what a test tells it to, for tests of what talks to an API
 * server. */
#pragma once
#include "base/arena.h"
#include "base/loop.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_server;

struct fake_conn {
        struct fake_conn *next;
        struct fake_server *server;
        int fd;
        struct loop_fd *watched;
        char *in, *out;
        size_t in_len, out_len;
        bool closing;
};

struct fake_request {
        char *method, *path, *head, *body;
};

/* Answers a request with fake_reply() and the like, now or later. */
typedef void fake_fn(void *arg, struct fake_conn *, const struct fake_request *);

struct fake_server {
        struct loop *loop;
        int fd;
        struct loop_fd *watched;
        struct fake_conn *conns;
        fake_fn *fn;
        void *arg;
        int port, accepted;
};

static void fake_end(struct fake_conn *c)
{
        loop_fd_free(c->watched);
        c->watched = NULL;
        close(c->fd);
        c->fd = -1;
}

static void fake_flush(struct fake_conn *c)
{
        ssize_t n = c->out_len ? send(c->fd, c->out, c->out_len, MSG_NOSIGNAL) : 0;
        if (n > 0) {
                c->out_len -= (size_t)n;
                memmove(c->out, c->out + n, c->out_len);
        }
        if (n < 0 && errno != EAGAIN) {
                c->out_len = 0;
                c->closing = true;
        }
        if (c->out_len == 0 && c->closing)
                fake_end(c);
        else
                loop_fd_set(c->watched, c->out_len ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void fake_bytes(struct fake_conn *c, const char *bytes, size_t n)
{
        if (c->fd < 0)
                return;
        c->out = xreallocarray(c->out, c->out_len + n + 1, 1);
        memcpy(c->out + c->out_len, bytes, n);
        c->out_len += n;
        fake_flush(c);
}

__attribute__((format(printf, 2, 3), unused)) static void fake_text(struct fake_conn *c, const char *fmt, ...)
{
        char *text = NULL;
        va_list ap;
        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                abort();
        va_end(ap);
        fake_bytes(c, text, strlen(text));
        free(text);
}

__attribute__((unused)) static void fake_close(struct fake_conn *c)
{
        c->closing = true;
        if (c->fd >= 0 && c->out_len == 0)
                fake_end(c);
}

/* A whole answer; headers: "" or lines with \r\n. */
__attribute__((unused)) static void fake_reply(struct fake_conn *c, int status, const char *headers,
                                               const char *body)
{
        fake_text(c, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
                  status, strlen(body), headers, body);
}

/* The beginning of a stream that ends with its connection. */
__attribute__((unused)) static void fake_stream(struct fake_conn *c)
{
        fake_text(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
}

static void fake_take_request(struct fake_conn *c)
{
        char *end = c->in_len ? strstr(c->in, "\r\n\r\n") : NULL;
        if (!end)
                return;
        const char *length = strcasestr(c->in, "\r\nContent-Length:");
        size_t head = (size_t)(end - c->in) + 4;
        size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        if (c->in_len < head + body)
                return;
        struct fake_request r = {.head = strndup(c->in, head),
                                 .body = strndup(c->in + head, body),
                                 .method = NULL,
                                 .path = NULL};
        char *line = strndup(c->in, strcspn(c->in, "\r\n")), *rest = line;
        r.method = strsep(&rest, " ");
        r.path = strsep(&rest, " ");
        c->in_len -= head + body;
        memmove(c->in, c->in + head + body, c->in_len + 1);
        c->server->fn(c->server->arg, c, &r);
        free(line);
        free(r.head);
        free(r.body);
}

static void fake_ready(void *arg, int fd, int what)
{
        struct fake_conn *c = arg;
        char buf[65536];
        if (what & LOOP_WRITE)
                fake_flush(c);
        if (c->fd < 0 || !(what & LOOP_READ))
                return;
        ssize_t n = recv(fd, buf, sizeof(buf), 0);
        if (n <= 0) {
                if (n == 0 || errno != EAGAIN)
                        fake_end(c);
                return;
        }
        c->in = xreallocarray(c->in, c->in_len + (size_t)n + 1, 1);
        memcpy(c->in + c->in_len, buf, (size_t)n);
        c->in_len += (size_t)n;
        c->in[c->in_len] = 0;
        fake_take_request(c);
}

static void fake_accept(void *arg, int fd, int what)
{
        struct fake_server *s = arg;
        (void)what;
        int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (conn < 0)
                return;
        struct fake_conn *c = xcalloc(1, sizeof(*c));
        c->server = s;
        c->fd = conn;
        c->next = s->conns;
        s->conns = c;
        s->accepted++;
        c->watched = loop_fd_new(s->loop, conn, LOOP_READ, fake_ready, c);
}

static void fake_start(struct fake_server *s, struct loop *loop, fake_fn *fn, void *arg)
{
        struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(sin);
        *s = (struct fake_server){.loop = loop, .fn = fn, .arg = arg};
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&sin, len) < 0 || listen(s->fd, 64) < 0 ||
            getsockname(s->fd, (struct sockaddr *)&sin, &len) < 0)
                abort();
        s->port = ntohs(sin.sin_port);
        s->watched = loop_fd_new(loop, s->fd, LOOP_READ, fake_accept, s);
}

static void fake_stop(struct fake_server *s)
{
        loop_fd_free(s->watched);
        close(s->fd);
        while (s->conns) {
                struct fake_conn *c = s->conns;
                s->conns = c->next;
                if (c->fd >= 0)
                        fake_end(c);
                free(c->in);
                free(c->out);
                free(c);
        }
}
