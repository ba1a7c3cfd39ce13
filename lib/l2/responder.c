/*
 * The rules of answering. A frame that claims one of our addresses is a conflict whatever else it says, and
 * is never answered: an answer would only teach the segment that two hosts hold the address (RFC 5227
 * section 2.4). A probe (SPA 0.0.0.0, or NS from ::) is answered: that is what defends the address against a
 * newcomer.
 *
 * A question is answered only if it was sent to everybody, to the group of the address, or to our own MAC: a
 * switch that floods unicast frames must not make two hosts answer.
 */
#include "l2/responder.h"

const char *answer_str(enum answer answer)
{
        static const char *const names[ANSWERS] = {
                [ANSWER_SENT] = "sent",
                [ANSWER_OWN] = "own-frame",
                [ANSWER_CONFLICT] = "conflict",
                [ANSWER_NO_ASK] = "not-a-question",
                [ANSWER_OTHER_DST] = "other-destination",
                [ANSWER_NOT_OURS] = "not-ours",
        };

        return (unsigned)answer < ANSWERS ? names[answer] : "?";
}

enum answer answer_arp(const struct arp *a, struct mac self, const struct owned *owned, struct frame *reply)
{
        if (mac_eq(a->sha, self) || mac_eq(a->eth_src, self))
                return ANSWER_OWN;
        if (owned_has(owned, a->spa))
                return ANSWER_CONFLICT;
        if (a->op != ARP_REQUEST)
                return ANSWER_NO_ASK;
        if (!mac_eq(a->eth_dst, self) && !mac_eq(a->eth_dst, MAC_BROADCAST))
                return ANSWER_OTHER_DST;
        if (!owned_has(owned, a->tpa))
                return ANSWER_NOT_OURS;
        *reply = arp_reply(a, self);
        return ANSWER_SENT;
}

/* Who says "target is with me": an advertisement, or a solicitation whose source is the address. */
static bool claims_ours(const struct ndp *n, const struct owned *owned)
{
        return owned_has(owned, n->src) || (n->type == NDP_ADVERTISEMENT && owned_has(owned, n->target));
}

static bool sent_to_us(const struct ndp *n, struct mac self)
{
        if (mac_eq(n->eth_dst, self))
                return true;
        return n->dst.b[0] == 0xff && mac_eq(n->eth_dst, ndp_group_mac(n->dst));
}

enum answer answer_ndp(const struct ndp *n, struct mac self, const struct owned *owned, struct frame *reply)
{
        if (mac_eq(n->eth_src, self) || (n->has_lladdr && mac_eq(n->lladdr, self)))
                return ANSWER_OWN;
        if (claims_ours(n, owned))
                return ANSWER_CONFLICT;
        if (n->type != NDP_SOLICITATION)
                return ANSWER_NO_ASK;
        if (!sent_to_us(n, self))
                return ANSWER_OTHER_DST;
        if (!owned_has(owned, n->target))
                return ANSWER_NOT_OURS;
        *reply = ndp_reply(n, self);
        return ANSWER_SENT;
}
