#include "dir_watch.h"
#include "base/arena.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t RETRY = 1 * SEC;

struct dir_watch {
        char *outer, *inner;
        const struct dir_watch_handler *handler;
        void *arg;
        int inotify, outer_wd, inner_wd;
        struct loop_fd *fd;
        struct loop_timer *retry;
};

static int watch(struct dir_watch *w, const char *path)
{
        return inotify_add_watch(w->inotify, path,
                                 IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                         IN_MOVE_SELF | IN_ONLYDIR);
}

/* True if one of them is followed that was not before. */
static bool watch_both(struct dir_watch *w)
{
        bool back = false;

        if (w->outer_wd < 0)
                back |= (w->outer_wd = watch(w, w->outer)) >= 0;
        if (w->inner_wd < 0) {
                mkdir(w->inner, 0755); /* where it cannot be made, another node has to */
                back |= (w->inner_wd = watch(w, w->inner)) >= 0;
        }
        if (w->outer_wd < 0 || w->inner_wd < 0)
                loop_timer_at(w->retry, mono_add(mono_now(), RETRY));
        return back;
}

static void watch_again(void *arg)
{
        struct dir_watch *w = arg;

        if (watch_both(w)) {
                w->handler->everything(w->arg);
                w->handler->settled(w->arg);
        }
}

static void on_gone(struct dir_watch *w, int wd)
{
        if (wd == w->outer_wd) {
                log_error("standalone", "%s is gone; what was read from it is kept", w->outer);
                w->outer_wd = -1;
        } else if (wd == w->inner_wd) {
                log_warn("standalone", "%s is gone; it is made again", w->inner);
                w->inner_wd = -1;
        }
        loop_timer_at(w->retry, mono_now());
}

/* A new file is looked at when its writer closes it. A link is never written: it is there at once. */
static bool is_link(const struct dir_watch *w, const char *name, bool inner)
{
        char *path = xprintf("%s/%s", inner ? w->inner : w->outer, name);
        struct stat st;
        bool yes = lstat(path, &st) == 0 && (S_ISLNK(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink > 1));

        free(path);
        return yes;
}

static void on_event(struct dir_watch *w, const struct inotify_event *event, const char *name)
{
        bool inner = event->wd == w->inner_wd;

        if (strncmp(name, "..", 2) == 0) /* a mounted ConfigMap changes by swapping the link ..data */
                w->handler->everything(w->arg);
        else if (!(event->mask & IN_CREATE) || is_link(w, name, inner))
                w->handler->changed(w->arg, name, inner);
}

static void on_inotify(void *arg, int fd, int what)
{
        struct dir_watch *w = arg;
        char buf[16384];
        ssize_t n = read(fd, buf, sizeof buf);

        (void)what;
        for (char *p = buf; n > 0 && p < buf + n;) {
                struct inotify_event event;

                memcpy(&event, p, sizeof event);
                if (event.mask & IN_Q_OVERFLOW)
                        w->handler->everything(w->arg);
                else if (event.mask & IN_MOVE_SELF)
                        inotify_rm_watch(w->inotify, event.wd);
                else if (event.mask & IN_IGNORED)
                        on_gone(w, event.wd);
                else if (event.len)
                        on_event(w, &event, p + sizeof(event));
                p += sizeof event + event.len;
        }
        w->handler->settled(w->arg);
}

struct dir_watch *dir_watch_new(struct loop *loop, const char *outer, const char *inner,
                                const struct dir_watch_handler *handler, void *arg, char **why)
{
        struct dir_watch *w = xcalloc(1, sizeof *w);

        *w = (struct dir_watch){.outer = xstrdup(outer),
                                .inner = xstrdup(inner),
                                .handler = handler,
                                .arg = arg,
                                .outer_wd = -1,
                                .inner_wd = -1,
                                .inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
        w->retry = loop_timer_new(loop, watch_again, w);
        if (w->inotify < 0) {
                *why = xprintf("inotify is not to be had: %s", strerror(errno));
                dir_watch_free(w);
                return NULL;
        }
        watch_both(w);
        if (access(outer, R_OK | X_OK) < 0 || w->outer_wd < 0) {
                *why = xprintf("cannot read the directory %s: %s; name a readable directory by --standalone",
                               outer, strerror(errno));
                dir_watch_free(w);
                return NULL;
        }
        if (w->inner_wd < 0)
                log_warn("standalone", "cannot make %s; another node must write the addresses", inner);
        w->fd = loop_fd_new(loop, w->inotify, LOOP_READ, on_inotify, w);
        return w;
}

void dir_watch_free(struct dir_watch *w)
{
        if (!w)
                return;
        loop_fd_free(w->fd);
        loop_timer_free(w->retry);
        if (w->inotify >= 0)
                close(w->inotify);
        free(w->outer);
        free(w->inner);
        free(w);
}
