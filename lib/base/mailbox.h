/*
 * The one way from thread to thread: owned, immutable messages, in order, never refused. post() is called from any
 * thread; the handler runs in the loop that the mailbox was made on and owns the message then.
 */
#pragma once
#include <stddef.h>

struct loop;
struct mailbox;

struct mail { /* first member of every message; allocated by malloc */
        struct mail *next;
        int type;
};

typedef void mail_fn(void *arg, struct mail *);

struct mailbox *mailbox_new(struct loop *, mail_fn *handle, void *arg);
void mailbox_post(struct mailbox *, struct mail *);
/* Frees what was posted and not handled with free(). In the loop's thread, when no other thread posts any more. */
void mailbox_free(struct mailbox *);
