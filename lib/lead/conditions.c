/*
 * heraldlb.io/Allocated says what decide() found, heraldlb.io/Announced what plan_announced() finds over all nodes.
 * What turns a condition from True to False, or back, is said at once; other words wait until CONDITIONS_PAUSE after
 * the last write, so that pods that come and go do not write a status each time.
 */
#include "lead/conditions.h"
#include "base/text.h"
#include "plan/announced.h"
#include <stdlib.h>
#include <string.h>

static const int64_t CONDITIONS_PAUSE = 10 * SEC;

/* What stands there, or will as soon as the watch has caught up with what was written last. */
static bool digest_is_new(struct seat *seat, const struct fact *fact, enum condition c, uint64_t digest)
{
        uint64_t seen = fact->u.service.seen[c].digest;
        if (seat->told_conditions[c] == seen)
                seat->told_conditions[c] = 0;
        return digest != (seat->told_conditions[c] ? seat->told_conditions[c] : seen);
}

static void propose(struct condition_write *out, const struct condition_seen *seen, bool is, enum reason reason,
                    const char *message, struct arena *arena)
{
        char *clean = text_cut(message, CONDITION_MESSAGE_MAX);
        *out = (struct condition_write){.is = is,
                                        .moved = seen->state != (is ? CONDITION_TRUE : CONDITION_FALSE),
                                        .reason = reason,
                                        .message = arena_strdup(arena, clean)};
        free(clean);
}

bool conditions_of(struct seat *seat, const struct store *store, const struct config *config,
                   const struct fact *fact, const struct decision *decision, const struct ip *ips, size_t n,
                   struct mono now, struct arena *arena, struct condition_write out[static CONDITIONS])
{
        const struct condition_seen *seen = fact->u.service.seen;
        struct announced announced = plan_announced(store, config, fact, ips, n, arena);
        bool news = false, urgent = false;
        propose(&out[CONDITION_ALLOCATED], &seen[CONDITION_ALLOCATED], decision->satisfied, decision->reason,
                decision->message, arena);
        propose(&out[CONDITION_ANNOUNCED], &seen[CONDITION_ANNOUNCED], announced.all, announced.reason,
                announced.message, arena);
        for (enum condition c = 0; c < CONDITIONS; c++) {
                uint64_t digest = condition_digest(out[c].is, reason_name(out[c].reason), out[c].message);
                bool is_new = out[c].reason != REASON_NONE && digest_is_new(seat, fact, c, digest);
                /* what is on its way is named again: a write may take the place of one that waits */
                out[c].said = out[c].reason != REASON_NONE && digest != seen[c].digest;
                news |= is_new || (out[c].said && decision->write);
                urgent |= (is_new && out[c].moved) || (out[c].said && decision->write);
        }
        seat->conditions_due = news && !urgent && mono_before(now, seat->conditions_at);
        if (!news || seat->conditions_due)
                return false;
        for (enum condition c = 0; c < CONDITIONS; c++)
                if (out[c].said)
                        seat->told_conditions[c] =
                                condition_digest(out[c].is, reason_name(out[c].reason), out[c].message);
        seat->conditions_at = mono_add(now, CONDITIONS_PAUSE);
        return true;
}

bool condition_alarms(const struct condition_write *announced)
{
        enum reason reason = announced->reason;
        return announced->said && !announced->is && reason >= REASON_NO_ADVERTISEMENT &&
               reason <= REASON_NODE_NETWORK_UNAVAILABLE; /* what advertisements, peers and nodes are to blame for */
}
