/*
 * Follows a directory and one below it by inotify. Either may be taken away and come back: it is looked for
 * every second, and the inner one is made again.
 */
#pragma once
#include "base/loop.h"

struct dir_watch;

struct dir_watch_handler {
        void (*changed)(void *arg, const char *name, bool inner); /* a file was written, moved or deleted */
        void (*everything)(void *arg);                            /* changes may have been missed */
        void (*settled)(void *arg);                               /* after one or more of the others */
};

/* NULL if the outer directory cannot be read: *why is then a sentence (free it). Calls nothing before it
 * returns. */
struct dir_watch *dir_watch_new(struct loop *, const char *outer, const char *inner,
                                const struct dir_watch_handler *, void *arg, char **why);
void dir_watch_free(struct dir_watch *); /* NULL is fine */
