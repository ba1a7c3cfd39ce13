/*
 * A lock-free stack that many threads push to and one thread takes whole. Taken, it is turned round: what one
 * thread posted comes in the order in which it was posted. The poster that found the stack empty wakes the
 * loop through an eventfd; the loop clears the eventfd before it takes the stack, so no wake-up is lost. A
 * turn handles at most BATCH messages, so that a flood of mail does not starve the timers and sockets of the
 * loop.
 */
#include "base/mailbox.h"
#include "base/arena.h"
#include "base/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 256 };

struct mailbox {
        _Atomic(struct mail *) posted; /* the newest first */
        struct mail *pending;          /* taken, the oldest first; the loop's alone */
        int fd;
        struct loop_fd *ready;
        mail_fn *handle;
        void *arg;
};

/* Makes the loop call us. EAGAIN: the counter is full, so it is readable already. */
static void wake(struct mailbox *m)
{
        uint64_t one = 1;
        while (write(m->fd, &one, sizeof(one)) < 0 && errno == EINTR)
                ;
}

static struct mail *take(struct mailbox *m)
{
        struct mail *newest = atomic_exchange_explicit(&m->posted, NULL, memory_order_acquire),
                    *oldest = NULL;
        while (newest) {
                struct mail *mail = newest;
                newest = mail->next;
                mail->next = oldest;
                oldest = mail;
        }
        return oldest;
}

static void on_ready(void *arg, int fd, int what)
{
        struct mailbox *m = arg;
        uint64_t count;
        (void)what;
        while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
                ;
        if (!m->pending)
                m->pending = take(m);
        for (int i = 0; i < BATCH && m->pending; i++) {
                struct mail *mail = m->pending;
                m->pending = mail->next;
                mail->next = NULL;
                m->handle(m->arg, mail);
        }
        if (m->pending || atomic_load_explicit(&m->posted, memory_order_relaxed))
                wake(m);
}

struct mailbox *mailbox_new(struct loop *loop, mail_fn *handle, void *arg)
{
        struct mailbox *m = xcalloc(1, sizeof(*m));
        m->handle = handle;
        m->arg = arg;
        m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (m->fd < 0)
                abort();
        m->ready = loop_fd_new(loop, m->fd, LOOP_READ, on_ready, m);
        return m;
}

void mailbox_post(struct mailbox *m, struct mail *mail)
{
        struct mail *top = atomic_load_explicit(&m->posted, memory_order_relaxed);
        do
                mail->next = top;
        while (!atomic_compare_exchange_weak_explicit(&m->posted, &top, mail, memory_order_release,
                                                      memory_order_relaxed));
        if (!top)
                wake(m);
}

void mailbox_free(struct mailbox *m)
{
        if (!m)
                return;
        loop_fd_free(m->ready);
        close(m->fd);
        for (int pass = 0; pass < 2; pass++) {
                while (m->pending) {
                        struct mail *mail = m->pending;
                        m->pending = mail->next;
                        free(mail);
                }
                m->pending = take(m);
        }
        free(m);
}
