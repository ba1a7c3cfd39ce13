/* Catches what goes to stderr in a pipe. Check runs each test in a process of its own, so nothing is put
 * back. */
#pragma once
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct capture {
        int fd; /* read end */
        char text[1 << 16];
        size_t len;
};

static inline void capture_clear(struct capture *c)
{
        c->len = 0;
        c->text[0] = '\0';
}

static inline void capture_begin(struct capture *c)
{
        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);
        ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
        close(fds[1]);
        c->fd = fds[0];
        capture_clear(c);
}

/* Adds what comes within 10 s at most to text; false when nothing comes or there is no more room. */
static inline bool capture_more(struct capture *c)
{
        struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
        if (c->len + 1 == sizeof(c->text) || poll(&pfd, 1, 10000) <= 0)
                return false;
        ssize_t n = read(c->fd, c->text + c->len, sizeof(c->text) - 1 - c->len);
        if (n <= 0)
                return false;
        c->len += (size_t)n;
        c->text[c->len] = '\0';
        return true;
}

/* What is there at this moment; for lines that were written directly. */
static inline const char *capture_now(struct capture *c)
{
        struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
        while (poll(&pfd, 1, 0) > 0 && capture_more(c))
                ;
        return c->text;
}
