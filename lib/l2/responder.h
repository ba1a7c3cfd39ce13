/* Whether a frame is answered, with what, or why not. Pure. */
#pragma once
#include "l2/arp.h"
#include "l2/ndp.h"
#include "l2/owned.h"

enum answer {
        ANSWER_SENT,      /* there is a reply */
        ANSWER_OWN,       /* our own frame came back */
        ANSWER_CONFLICT,  /* somebody else says that an address of ours is there */
        ANSWER_NO_ASK,    /* a reply or an advertisement */
        ANSWER_OTHER_DST, /* sent to somebody else's MAC */
        ANSWER_NOT_OURS,  /* for an address that is not answered for here */
        ANSWERS,
};

const char *answer_str(enum answer);

/* self: the interface's MAC. owned: what is answered for on that interface. *reply is written only on
 * ANSWER_SENT. */
enum answer answer_arp(const struct arp *, struct mac self, const struct owned *, struct frame *reply);
enum answer answer_ndp(const struct ndp *, struct mac self, const struct owned *, struct frame *reply);
