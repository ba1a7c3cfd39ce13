#include "base/arena.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "suite.h"

#include <pthread.h>
#include <stdbool.h>

enum { SENDERS = 2, EACH = 100000 };

struct message {
        struct mail mail;
        int sender, n;
};

struct box {
        struct loop *loop;
        struct mailbox *mailbox;
        int next[SENDERS];
        bool in_order;
        int total, expected;
        int first_turn;
};

static void post(struct mailbox *m, int sender, int n)
{
        struct message *msg = xcalloc(1, sizeof(*msg));
        msg->mail.type = 7;
        msg->sender = sender;
        msg->n = n;
        mailbox_post(m, &msg->mail);
}

static void handle(void *arg, struct mail *mail)
{
        struct box *b = arg;
        struct message *msg = (struct message *)mail;
        b->in_order &= mail->type == 7 && mail->next == NULL && msg->n == b->next[msg->sender]++;
        if (++b->total == b->expected)
                loop_stop(b->loop);
        free(msg);
}

static void box_init(struct box *b, mail_fn *fn, int expected)
{
        *b = (struct box){.loop = loop_new("test"), .in_order = true, .expected = expected};
        b->mailbox = mailbox_new(b->loop, fn, b);
}

static void box_done(struct box *b)
{
        mailbox_free(b->mailbox);
        loop_free(b->loop);
}

struct sender {
        struct mailbox *mailbox;
        int id;
};

static void *send_all(void *arg)
{
        struct sender *s = arg;
        for (int n = 0; n < EACH; n++)
                post(s->mailbox, s->id, n);
        return NULL;
}

START_TEST(mail_of_threads_comes_in_order)
{
        struct box b;
        pthread_t threads[SENDERS];
        struct sender senders[SENDERS];
        box_init(&b, handle, SENDERS * EACH);
        for (int i = 0; i < SENDERS; i++) {
                senders[i] = (struct sender){b.mailbox, i};
                ck_assert_int_eq(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
        }
        loop_run(b.loop);
        for (int i = 0; i < SENDERS; i++)
                pthread_join(threads[i], NULL);
        ck_assert(b.in_order);
        ck_assert_int_eq(b.total, SENDERS * EACH);
        box_done(&b);
}
END_TEST

/* Waits for each message to be handled before the next: every single one must wake the loop. */
static void ping(void *arg, struct mail *mail)
{
        struct box *b = arg;
        handle(b, mail);
        if (b->total < b->expected)
                post(b->mailbox, 0, b->total);
}

START_TEST(mail_may_be_posted_from_a_handler)
{
        struct box b;
        box_init(&b, ping, 1000);
        post(b.mailbox, 0, 0);
        loop_run(b.loop);
        ck_assert(b.in_order);
        ck_assert_int_eq(b.total, 1000);
        box_done(&b);
}
END_TEST

static void note_turn(void *arg)
{
        struct box *b = arg;
        b->first_turn = b->total;
}

static void handle_counting(void *arg, struct mail *mail)
{
        struct box *b = arg;
        if (b->total == 0)
                loop_defer(b->loop, note_turn, b);
        handle(b, mail);
}

START_TEST(a_turn_is_bounded)
{
        struct box b;
        box_init(&b, handle_counting, 1000);
        for (int n = 0; n < 1000; n++)
                post(b.mailbox, 0, n);
        loop_run(b.loop);
        ck_assert(b.in_order);
        ck_assert_int_eq(b.total, 1000);
        ck_assert_int_eq(b.first_turn, 256);
        box_done(&b);
}
END_TEST

START_TEST(mail_that_nobody_handled_is_freed)
{
        struct box b;
        box_init(&b, handle, 1);
        for (int n = 0; n < 300; n++)
                post(b.mailbox, 0, n);
        loop_run(b.loop); /* stops with some taken and not handled */
        for (int n = 0; n < 10; n++)
                post(b.mailbox, 1, n);
        ck_assert_int_lt(b.total, 300);
        box_done(&b); /* the leak sanitizer is the judge */
        mailbox_free(NULL);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                mail_of_threads_comes_in_order,
                mail_may_be_posted_from_a_handler,
                a_turn_is_bounded,
                mail_that_nobody_handled_is_freed,
        };
        return run_tests("mailbox", tests, sizeof(tests) / sizeof(tests[0]));
}
