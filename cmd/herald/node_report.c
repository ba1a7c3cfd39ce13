#include "node_report.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "bgp/bgp.h"
#include "control.h"
#include "report/nodestate.h"
#include "report/pace.h"
#include "kube_lead.h"
#include "source_kube.h"
#include "store/store.h"
#include "wire.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const int64_t LOOK_EVERY = 2 * SEC;
static const int64_t CLOCK_STEP = 2 * SEC / USEC; /* microseconds; less than it is no step of the clock */

struct owned {
        struct ip ip;
        int ifindex;
};

struct node_report {
        struct node_report_from from;
        struct loop_timer *timer;
        struct pace pace;
        struct owned *owned; /* by address and interface */
        size_t n_owned, room;
        char *boot_id, *trouble;
        int64_t wall_offset; /* of the wall clock from the monotonic one, microseconds; steady, so that a time that
                                was told once is told the same again */
        struct mono started, synced_since, ready_since;
        bool synced;
        enum reason ready;
};

/* ---- layer 2 ---- */

static int owned_cmp(const struct owned *a, const struct owned *b)
{
        int order = ip_cmp(a->ip, b->ip);

        return order ? order : (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

/* Where it is, or where it belongs. */
static size_t seek(const struct node_report *r, const struct owned *what)
{
        size_t low = 0, high = r->n_owned;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (owned_cmp(&r->owned[middle], what) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void node_report_owner(struct node_report *r, const struct wire_fact *fact)
{
        struct owned what = {fact->ip, fact->ifindex};
        size_t at = seek(r, &what);
        bool known = at < r->n_owned && owned_cmp(&r->owned[at], &what) == 0;

        if (fact->up == known)
                return;
        if (fact->up && r->n_owned == r->room) {
                r->room = r->room ? r->room * 2 : 64;
                r->owned = xreallocarray(r->owned, r->room, sizeof(*r->owned));
        }
        if (fact->up) {
                memmove(r->owned + at + 1, r->owned + at, (r->n_owned - at) * sizeof(*r->owned));
                r->owned[at] = what;
                r->n_owned++;
        } else {
                r->n_owned--;
                memmove(r->owned + at, r->owned + at + 1, (r->n_owned - at) * sizeof(*r->owned));
        }
}

/* ---- collecting ---- */

static int64_t wall_of(struct node_report *r, struct mono when)
{
        return r->wall_offset + when.ns / USEC;
}

static void look_at_clock(struct node_report *r, struct mono now)
{
        int64_t offset = wall_usec() - now.ns / USEC;

        if (llabs(offset - r->wall_offset) > CLOCK_STEP)
                r->wall_offset = offset;
}

static void add_peers(struct node_report *r, struct arena *arena, struct node_state *out)
{
        size_t n = bgp_status(r->from.bgp, NULL, 0);
        struct bgp_status *v = xcalloc(n + 1, sizeof(*v));
        struct node_peer *peers = arena_array(arena, n, sizeof(*peers));

        n = bgp_status(r->from.bgp, v, n);
        for (size_t i = 0; i < n; i++)
                peers[i] = (struct node_peer){.name = arena_strdup(arena, v[i].peer),
                                              .address = v[i].address,
                                              .established = strcmp(v[i].state, "Established") == 0,
                                              .since = wall_of(r, v[i].changed),
                                              .prefixes_sent = v[i].prefixes_sent,
                                              .last_error = arena_strdup(arena, v[i].last_error)};
        free(v);
        out->peers = peers;
        out->n_peers = n;
}

static void add_links(struct node_report *r, struct arena *arena, struct node_state *out)
{
        size_t n;
        const struct wire_if *ifs = wire_ifs(r->from.wire, &n);
        struct node_interface *interfaces = arena_array(arena, n, sizeof(*interfaces));
        struct node_address *addresses = arena_array(arena, r->n_owned, sizeof(*addresses));

        for (size_t i = 0; i < n; i++) {
                interfaces[i] = (struct node_interface){.name = ifs[i].name,
                                                        .index = ifs[i].ifindex,
                                                        .up = ifs[i].up,
                                                        .n_addresses = ifs[i].n_addrs};
                memcpy(interfaces[i].mac, ifs[i].mac, sizeof(interfaces[i].mac));
                memcpy(interfaces[i].addresses, ifs[i].addrs, sizeof(interfaces[i].addresses));
        }
        for (size_t i = 0; i < r->n_owned; i++) {
                const char *name = "";

                for (size_t j = 0; j < n && !*name; j++)
                        if (ifs[j].ifindex == r->owned[i].ifindex)
                                name = ifs[j].name;
                addresses[i] = (struct node_address){r->owned[i].ip, name};
        }
        out->interfaces = interfaces;
        out->n_interfaces = n;
        out->addresses = addresses;
        out->n_addresses = r->n_owned;
}

static void add_verdicts(const struct control_view *view, struct arena *arena, struct node_state *out)
{
        size_t all = view->config->n_verdicts + view->n_of_peers;
        const struct verdict **v = arena_array(arena, all, sizeof(*v));

        for (size_t i = 0; i < all; i++) {
                const struct verdict *verdict = i < view->n_of_peers
                                                        ? &view->of_peers[i]
                                                        : &view->config->verdicts[i - view->n_of_peers];

                if (!verdict->valid)
                        v[out->n_verdicts++] = verdict;
        }
        out->verdicts = v;
}

static void add_conditions(struct node_report *r, struct node_state *out, struct mono now)
{
        enum reason ready = node_state_reason(out);

        if (out->synced != r->synced)
                r->synced_since = now;
        if (ready != r->ready)
                r->ready_since = now;
        r->synced = out->synced;
        r->ready = ready;
        out->synced_since = wall_of(r, r->synced_since);
        out->ready_since = wall_of(r, r->ready_since);
}

static void collect(struct node_report *r, struct arena *arena, const struct fact *node, struct mono now,
                    struct node_state *out)
{
        struct control_view view = control_view(r->from.control);
        char *missing = kube_source_missing(r->from.kube);

        *out = (struct node_state){.node = r->from.node,
                                   .uid = node->ref.uid,
                                   .version = HERALD_VERSION,
                                   .boot_id = r->boot_id,
                                   .api_server = kube_source_server(r->from.kube),
                                   .started = wall_of(r, r->started),
                                   .synced = view.synced,
                                   .leader = view.leader,
                                   .foreign = view.foreign,
                                   .missing = arena_strdup(arena, missing),
                                   .announced_bgp = view.plans.bgp,
                                   .announced_l2 = view.plans.l2};
        free(missing);
        add_peers(r, arena, out);
        add_links(r, arena, out);
        add_verdicts(&view, arena, out);
        add_conditions(r, out, now);
}

/* ---- writing ---- */

static uint64_t digest(const struct node_state *state, bool counted)
{
        char *text = node_state_text(state, counted, 0);
        uint64_t value = text_digest(0, text);

        free(text);
        return value;
}

static void send_state(struct node_report *r, const struct node_state *state)
{
        struct ref ref = {KIND_NODESTATE, "heraldlb.io", "", r->from.node, "", ""};
        struct write *write = write_new(WRITE_APPLY, &ref);

        write->body = node_state_text(state, true, wall_usec());
        kube_lead_write(kube_source_lead(r->from.kube), write);
}

static void look(void *arg)
{
        struct node_report *r = arg;
        struct mono now = mono_now();
        const struct fact *node = store_node(control_view(r->from.control).store, r->from.node);

        look_at_clock(r, now);
        if (node && *node->ref.uid) {
                struct arena *arena = arena_new();
                struct node_state state;

                collect(r, arena, node, now, &state);
                if (pace_due(&r->pace, digest(&state, false), digest(&state, true), now))
                        send_state(r, &state);
                arena_free(arena);
        }
        loop_timer_at(r->timer, mono_add(now, LOOK_EVERY));
}

static void on_written(void *arg, bool done, const char *sentence)
{
        struct node_report *r = arg;

        if (done)
                pace_done(&r->pace);
        else
                pace_failed(&r->pace);
        if (!done && strcmp(sentence, r->trouble) != 0)
                log_warn("report", "the NodeState of this node cannot be written: %s", sentence);
        free(r->trouble);
        r->trouble = xstrdup(done ? "" : sentence);
}

/* ---- beginning and end ---- */

static char *read_boot_id(void)
{
        const char *why;
        char *text = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, NULL, &why);

        if (!text)
                return xstrdup("");
        text[strcspn(text, "\n")] = 0;
        return text;
}

struct node_report *node_report_new(struct loop *loop, const struct node_report_from *from)
{
        struct node_report *r = xcalloc(1, sizeof(*r));

        r->from = *from;
        r->boot_id = read_boot_id();
        r->trouble = xstrdup("");
        r->started = r->synced_since = r->ready_since = mono_now();
        r->ready = REASON_NOT_SYNCED;
        r->timer = loop_timer_new(loop, look, r);
        loop_timer_at(r->timer, r->started);
        kube_lead_on_reported(kube_source_lead(from->kube), on_written, r);
        return r;
}

void node_report_free(struct node_report *r)
{
        if (!r)
                return;
        kube_lead_on_reported(kube_source_lead(r->from.kube), NULL, NULL);
        loop_timer_free(r->timer);
        free(r->owned);
        free(r->boot_id);
        free(r->trouble);
        free(r);
}
