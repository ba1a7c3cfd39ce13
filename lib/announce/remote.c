/*
 * The crossing between the two loops (design decision 2). Each call becomes one message that owns all it
 * carries; the near side never waits for the far side. Only flat messages travel back, so that what is left
 * in the near mailbox when the program ends can be freed without knowing its type.
 */
#include "announce/remote.h"
#include "base/mailbox.h"
#include <stdlib.h>
#include <string.h>

enum { MAIL_SET, MAIL_UNSET, MAIL_SYNCED, MAIL_LEAVE, MAIL_CALL, MAIL_FACT };

struct remote {
        struct announcer near_face;
        struct announcer *target;
        struct mailbox *to_far, *to_near;
        wire_fact_fn *fact;
        void *fact_arg;
};

struct set_mail {
        struct mail mail;
        const struct want *want;
};

struct unset_mail {
        struct mail mail;
        struct ip ip;
};

struct leave_mail {
        struct mail mail;
        enum leave how;
        struct mono deadline;
        void (*done)(void *arg);
        void *arg;
        struct remote *remote;
};

struct call_mail {
        struct mail mail;
        void (*fn)(void *arg);
        void *arg;
};

struct fact_mail {
        struct mail mail;
        struct wire_fact fact; /* its strings follow in text */
        char text[];
};

static void *new_mail(size_t size, int type)
{
        struct mail *mail = xcalloc(1, size);

        mail->type = type;
        return mail;
}

/* near side */

static void near_peers(void *self, const struct bgp_peer *v, size_t n)
{
        (void)self, (void)v, (void)n; /* sessions live in the control loop; layer 2 has no peers */
}

static void near_set(void *self, const struct want *want)
{
        struct remote *remote = self;
        struct set_mail *mail = new_mail(sizeof(*mail), MAIL_SET);

        mail->want = want_hold(want);
        mailbox_post(remote->to_far, &mail->mail);
}

static void near_unset(void *self, struct ip ip)
{
        struct remote *remote = self;
        struct unset_mail *mail = new_mail(sizeof(*mail), MAIL_UNSET);

        mail->ip = ip;
        mailbox_post(remote->to_far, &mail->mail);
}

static void near_synced(void *self)
{
        struct remote *remote = self;

        mailbox_post(remote->to_far, new_mail(sizeof(struct mail), MAIL_SYNCED));
}

static void near_leave(void *self, enum leave how, struct mono deadline, void (*done)(void *), void *arg)
{
        struct remote *remote = self;
        struct leave_mail *mail = new_mail(sizeof(*mail), MAIL_LEAVE);

        mail->how = how;
        mail->deadline = deadline;
        mail->done = done;
        mail->arg = arg;
        mail->remote = remote;
        mailbox_post(remote->to_far, &mail->mail);
}

void remote_call(struct remote *remote, void (*fn)(void *), void *arg)
{
        struct call_mail *mail = new_mail(sizeof(*mail), MAIL_CALL);

        mail->fn = fn;
        mail->arg = arg;
        mailbox_post(remote->to_far, &mail->mail);
}

/* far side */

void remote_reply(struct remote *remote, void (*fn)(void *), void *arg)
{
        struct call_mail *mail = new_mail(sizeof(*mail), MAIL_CALL);

        mail->fn = fn;
        mail->arg = arg;
        mailbox_post(remote->to_near, &mail->mail);
}

/* The leave message outlives the call: the target tells when it has left, and the answer crosses back. */
static void far_left(void *arg)
{
        struct leave_mail *leave = arg;

        remote_reply(leave->remote, leave->done, leave->arg);
        free(leave);
}

static void far_handle(void *arg, struct mail *mail)
{
        struct remote *remote = arg;
        struct announcer *target = remote->target;

        switch (mail->type) {
        case MAIL_SET: {
                const struct want *want = ((struct set_mail *)mail)->want;

                target->set(target->self, want);
                want_free(want);
                break;
        }
        case MAIL_UNSET:
                target->unset(target->self, ((struct unset_mail *)mail)->ip);
                break;
        case MAIL_SYNCED:
                target->synced(target->self);
                break;
        case MAIL_CALL: {
                struct call_mail *call = (struct call_mail *)mail;

                call->fn(call->arg);
                break;
        }
        case MAIL_LEAVE: {
                struct leave_mail *leave = (struct leave_mail *)mail;

                target->leave(target->self, leave->how, leave->deadline, far_left, leave);
                return;
        }
        default:
                abort();
        }
        free(mail);
}

void remote_fact(void *arg, const struct wire_fact *fact)
{
        struct remote *remote = arg;
        size_t peer = fact->peer ? strlen(fact->peer) + 1 : 0;
        size_t message = fact->message ? strlen(fact->message) + 1 : 0;
        struct fact_mail *mail = new_mail(sizeof(*mail) + peer + message, MAIL_FACT);

        mail->fact = *fact;
        if (peer)
                mail->fact.peer = memcpy(mail->text, fact->peer, peer);
        if (message)
                mail->fact.message = memcpy(mail->text + peer, fact->message, message);
        mailbox_post(remote->to_near, &mail->mail);
}

static void near_handle(void *arg, struct mail *mail)
{
        struct remote *remote = arg;

        if (mail->type == MAIL_FACT)
                remote->fact(remote->fact_arg, &((struct fact_mail *)mail)->fact);
        else
                ((struct call_mail *)mail)->fn(((struct call_mail *)mail)->arg);
        free(mail);
}

struct remote *remote_new(struct loop *near_loop, struct loop *far_loop, wire_fact_fn *fact, void *arg)
{
        struct remote *remote = xcalloc(1, sizeof(*remote));

        remote->near_face = (struct announcer){.self = remote,
                                               .peers = near_peers,
                                               .set = near_set,
                                               .unset = near_unset,
                                               .synced = near_synced,
                                               .leave = near_leave};
        remote->fact = fact;
        remote->fact_arg = arg;
        remote->to_far = mailbox_new(far_loop, far_handle, remote);
        remote->to_near = mailbox_new(near_loop, near_handle, remote);
        return remote;
}

struct announcer *remote_announcer(struct remote *remote)
{
        return &remote->near_face;
}

void remote_set_target(struct remote *remote, struct announcer *target)
{
        remote->target = target;
}

void remote_free(struct remote *remote)
{
        mailbox_free(remote->to_far);
        mailbox_free(remote->to_near);
        free(remote);
}
