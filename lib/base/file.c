#include "base/file.h"
#include "base/arena.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct content {
        char *text;
        size_t len, room; /* room is for the NUL too */
};

static void drop(struct content *c)
{
        if (c->text)
                explicit_bzero(c->text, c->len);
        free(c->text);
        c->text = NULL;
}

/* Not by realloc(): it could leave a copy of a secret behind. */
static void grow(struct content *c)
{
        struct content larger = {.len = c->len, .room = c->room * 2};
        larger.text = xcalloc(larger.room, 1);
        memcpy(larger.text, c->text, c->len);
        drop(c);
        *c = larger;
}

/* To its end; false and errno if it cannot be, or is longer than max. The file may grow meanwhile. */
static bool read_all(int fd, struct content *c, size_t max)
{
        for (;;) {
                if (c->len + 1 == c->room)
                        grow(c);
                ssize_t n = read(fd, c->text + c->len, c->room - c->len - 1);
                if (n == 0)
                        return true;
                if (n < 0 && errno != EINTR)
                        return false;
                c->len += n > 0 ? (size_t)n : 0;
                if (c->len > max) {
                        errno = EFBIG;
                        return false;
                }
        }
}

static bool read_regular(int fd, struct content *c, size_t max)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return false;
        if (!S_ISREG(st.st_mode)) {
                errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
                return false;
        }
        if (st.st_size > 0 && (size_t)st.st_size > max) {
                errno = EFBIG;
                return false;
        }
        c->room = st.st_size > 0 ? (size_t)st.st_size + 2 : 4096; /* one more, to see its end */
        c->text = xcalloc(c->room, 1);
        return read_all(fd, c, max);
}

static const char *sentence(int error)
{
        switch (error) {
        case EFBIG:
                return "it is too large";
        case ENOTSUP:
        case ENXIO: /* open() of a socket */
                return "it is not a regular file";
        case EISDIR:
                return "it is a directory, not a regular file";
        default:
                return strerror(error);
        }
}

char *file_read(int at, const char *path, size_t max, size_t *len, const char **why)
{
        struct content c = {0};
        int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        bool ok = fd >= 0 && read_regular(fd, &c, max);
        int error = errno;
        if (fd >= 0)
                close(fd);
        if (!ok) {
                drop(&c);
                *why = sentence(error);
                errno = error;
                return NULL;
        }
        if (len)
                *len = c.len;
        return c.text;
}
