/*
 * The layer-2 announcer. It keeps the wanted addresses, finds the interfaces of each (choose.c), asks the
 * group who owns it there (lib/group), and makes the interfaces (iface.c) answer for what is owned.
 *
 * Invariant: an interface answers for an address only while the address is wanted there, the interface is up,
 * and the group says that we own it. The three change independently; apply() and on_owner() restore the
 * invariant after each. An interface that is down is not one of the address's interfaces: when its carrier
 * comes back, the address is set anew, and so announced anew.
 */
#include "l2/l2.h"
#include "base/arena.h"
#include "base/log.h"
#include "l2/choose.h"
#include "l2/iface.h"
#include "l2/socket.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#define MAX_IFS         8  /* interfaces per address */
#define PLACED_PER_TURN 32 /* after a change of the interfaces; the wire loop's callbacks are short */

struct address {
        struct ip ip;
        const struct want *want;
        bool dirty; /* to be placed anew; in the list */
        struct address *prev, *next;
        int ifs[MAX_IFS];
        size_t n_ifs;
        UT_hash_handle hh;
};

struct segment { /* an interface in use */
        int ifindex;
        struct iface *iface;
        UT_hash_handle hh;
};

struct l2 {
        struct loop *loop;
        struct link *link;
        struct group *group;
        wire_fact_fn *fact;
        void *fact_arg;
        struct announcer announcer;
        struct address *addresses;
        struct address *dirty; /* list */
        size_t n_named;        /* of the addresses, with interfaces by name */
        struct loop_timer *place_timer;
        struct segment *segments;
        struct l2_counters counters;
        uint64_t seen; /* fingerprint of the interfaces that addresses were last placed by */
        bool left;
};

static struct address *find_address(const struct l2 *l2, struct ip ip)
{
        struct address *a;

        HASH_FIND(hh, l2->addresses, &ip, sizeof(ip), a);
        return a;
}

static bool is_named(const struct address *a)
{
        return a->want != NULL && a->want->l2.n_interfaces > 0;
}

static struct segment *find_segment(const struct l2 *l2, int ifindex)
{
        struct segment *s;

        HASH_FIND_INT(l2->segments, &ifindex, s);
        return s;
}

static void tell(struct l2 *l2, struct ip ip, int ifindex, bool owner)
{
        const struct link_if *f = link_by_index(l2->link, ifindex);
        char text[IP_STRLEN];

        log_pairs(LOG_INFO, "l2", owner ? "answering" : "no longer answering", "address=%s interface=%s",
                  ip_str(ip, text), f == NULL ? "?" : f->name);
        l2->fact(l2->fact_arg, &(struct wire_fact){
                                       .kind = WIRE_OWNER,
                                       .ip = ip,
                                       .ifindex = ifindex,
                                       .up = owner,
                                       .at = mono_now(),
                               });
}

static void close_segment(struct l2 *l2, struct segment *s)
{
        HASH_DEL(l2->segments, s);
        iface_free(s->iface);
        free(s);
}

static void begin(struct l2 *l2, int ifindex, struct ip ip)
{
        const struct link_if *f = link_by_index(l2->link, ifindex);
        struct segment *s = find_segment(l2, ifindex);

        if (f == NULL)
                return;
        if (s == NULL) {
                s = xcalloc(1, sizeof(*s));
                s->ifindex = ifindex;
                s->iface = iface_new(l2->loop, f, &l2->counters);
                HASH_ADD_INT(l2->segments, ifindex, s);
        }
        if (iface_own(s->iface, ip))
                tell(l2, ip, ifindex, true);
}

static void cease(struct l2 *l2, int ifindex, struct ip ip)
{
        struct segment *s = find_segment(l2, ifindex);

        if (s == NULL || !iface_disown(s->iface, ip))
                return;
        if (iface_owned(s->iface) == 0)
                close_segment(l2, s);
        tell(l2, ip, ifindex, false);
}

static bool is_among(const int *v, size_t n, int ifindex)
{
        for (size_t i = 0; i < n; i++)
                if (v[i] == ifindex)
                        return true;
        return false;
}

static void on_owner(void *arg, int ifindex, struct ip ip, bool owner)
{
        struct l2 *l2 = arg;
        const struct address *a = find_address(l2, ip);

        if (l2->left || a == NULL || !is_among(a->ifs, a->n_ifs, ifindex))
                return;
        if (owner)
                begin(l2, ifindex, ip);
        else
                cease(l2, ifindex, ip);
}

static size_t only_up(const struct l2 *l2, int *v, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                const struct link_if *f = link_by_index(l2->link, v[i]);

                if (f != NULL && f->up)
                        v[kept++] = v[i];
        }
        return kept;
}

/* Brings group and interfaces in line with the address's want. ifs: the interfaces to choose from. */
static void apply(struct l2 *l2, struct address *a, const struct link_if *ifs, size_t n_ifs)
{
        const struct want_l2 *w = &a->want->l2;
        int chosen[MAX_IFS];
        size_t n = 0;

        if (w->candidate)
                n = choose_ifs(ifs, n_ifs, a->ip, w->interfaces, w->n_interfaces, chosen, MAX_IFS);
        n = only_up(l2, chosen, n);
        for (size_t i = 0; i < a->n_ifs; i++) {
                if (is_among(chosen, n, a->ifs[i]))
                        continue;
                group_unset(l2->group, a->ifs[i], a->ip);
                cease(l2, a->ifs[i], a->ip);
        }
        a->n_ifs = n;
        memcpy(a->ifs, chosen, n * sizeof(a->ifs[0]));
        for (size_t i = 0; i < n; i++)
                group_set(l2->group, a->ifs[i], a->ip, true, w->rank);
}

static void mark(struct l2 *l2, struct address *a)
{
        if (a->dirty)
                return;
        a->dirty = true;
        DL_APPEND(l2->dirty, a);
        loop_timer_at(l2->place_timer, (struct mono){0});
}

static void unmark(struct l2 *l2, struct address *a)
{
        if (a->dirty)
                DL_DELETE(l2->dirty, a);
        a->dirty = false;
}

static void put(struct l2 *l2, const struct want *want)
{
        struct address *a = find_address(l2, want->ip);
        const struct link_if *ifs;
        size_t n_ifs;

        if (l2->left)
                return;
        if (a == NULL) {
                a = xcalloc(1, sizeof(*a));
                a->ip = want->ip;
                HASH_ADD(hh, l2->addresses, ip, sizeof(a->ip), a);
        }
        l2->n_named -= is_named(a);
        want_free(a->want);
        a->want = want_hold(want);
        l2->n_named += is_named(a);
        unmark(l2, a);
        ifs = link_ifs(l2->link, &n_ifs);
        apply(l2, a, ifs, n_ifs);
}

static void drop(struct l2 *l2, struct address *a)
{
        for (size_t i = 0; i < a->n_ifs; i++) {
                group_unset(l2->group, a->ifs[i], a->ip);
                cease(l2, a->ifs[i], a->ip);
        }
        unmark(l2, a);
        HASH_DEL(l2->addresses, a);
        l2->n_named -= is_named(a);
        want_free(a->want);
        free(a);
}

/* Marks the addresses that the interfaces as they are now may place differently. */
static void mark_moved(struct l2 *l2)
{
        struct address *a, *next;
        const struct link_if *ifs;
        struct link_if *v;
        size_t n_ifs, n;
        uint64_t seen;
        bool moved;

        ifs = link_ifs(l2->link, &n_ifs);
        v = choose_places(ifs, n_ifs, &n);
        seen = choose_fingerprint(v, n);
        free(v);
        moved = seen != l2->seen;
        l2->seen = seen;
        if (!moved && l2->n_named == 0)
                return;
        HASH_ITER (hh, l2->addresses, a, next)
                if (moved || is_named(a))
                        mark(l2, a);
}

static void on_place(void *arg)
{
        struct l2 *l2 = arg;
        const struct link_if *ifs;
        struct link_if *v;
        size_t n_ifs, n;

        ifs = link_ifs(l2->link, &n_ifs);
        v = choose_places(ifs, n_ifs, &n);
        for (int i = 0; i < PLACED_PER_TURN && l2->dirty != NULL; i++) {
                struct address *a = l2->dirty;

                unmark(l2, a);
                if (is_named(a))
                        apply(l2, a, ifs, n_ifs);
                else
                        apply(l2, a, v, n);
        }
        free(v);
        if (l2->dirty != NULL)
                loop_timer_at(l2->place_timer, (struct mono){0});
}

static void on_link(void *arg)
{
        struct l2 *l2 = arg;
        struct segment *s, *next;

        if (l2->left)
                return;
        mark_moved(l2);
        HASH_ITER (hh, l2->segments, s, next) {
                const struct link_if *f = link_by_index(l2->link, s->ifindex);

                if (f != NULL)
                        iface_update(s->iface, f);
        }
}

static void announce_peers(void *self, const struct bgp_peer *v, size_t n)
{
        (void)self;
        (void)v;
        (void)n;
}

static void announce_unset(void *self, struct ip ip)
{
        struct l2 *l2 = self;
        struct address *a = find_address(l2, ip);

        if (a != NULL && !l2->left)
                drop(l2, a);
}

/* What this node may not answer for is not kept. */
static void announce_set(void *self, const struct want *want)
{
        if (want->l2.candidate)
                put(self, want);
        else
                announce_unset(self, want->ip);
}

static void announce_synced(void *self)
{
        (void)self; /* nothing waits for it */
}

/* A node that goes says so address by address; a restart keeps silent, since nothing is taken back. */
static void announce_leave(void *self, enum leave leave, struct mono deadline, void (*done)(void *arg),
                           void *arg)
{
        struct l2 *l2 = self;
        struct address *a, *next;

        (void)deadline;
        if (leave == LEAVE_NODE)
                HASH_ITER (hh, l2->addresses, a, next)
                        drop(l2, a);
        l2->left = true; /* sockets are closed with the rest: the kernel takes its time for that */
        loop_timer_stop(l2->place_timer);
        loop_defer(l2->loop, done, arg);
}

struct l2 *l2_new(struct loop *loop, struct link *link, struct group *group, wire_fact_fn *fact, void *arg,
                  char **why)
{
        int error = l2_socket_probe();
        struct l2 *l2;

        if (error != 0) {
                *why = error == EPERM ? xstrdup("answering ARP and NDP needs the capability NET_RAW; "
                                                "add it to the container's securityContext.capabilities")
                                      : xprintf("packet sockets cannot be opened: %s", strerror(error));
                return NULL;
        }
        l2 = xcalloc(1, sizeof(*l2));
        l2->loop = loop;
        l2->link = link;
        l2->group = group;
        l2->fact = fact;
        l2->fact_arg = arg;
        l2->place_timer = loop_timer_new(loop, on_place, l2);
        l2->announcer = (struct announcer){
                .self = l2,
                .peers = announce_peers,
                .set = announce_set,
                .unset = announce_unset,
                .synced = announce_synced,
                .leave = announce_leave,
        };
        group_listen(group, on_owner, l2);
        link_watch(link, on_link, l2);
        return l2;
}

void l2_free(struct l2 *l2)
{
        struct address *a, *a_next;
        struct segment *s, *s_next;

        if (l2 == NULL)
                return;
        HASH_ITER (hh, l2->segments, s, s_next)
                close_segment(l2, s);
        HASH_ITER (hh, l2->addresses, a, a_next) {
                HASH_DEL(l2->addresses, a);
                want_free(a->want);
                free(a);
        }
        group_listen(l2->group, NULL, NULL);
        link_unwatch(l2->link, on_link, l2);
        loop_timer_free(l2->place_timer);
        free(l2);
}

struct announcer *l2_announcer(struct l2 *l2)
{
        return &l2->announcer;
}

struct l2_counters l2_counters(struct l2 *l2)
{
        struct l2_counters now;
        struct segment *s, *next;

        HASH_ITER (hh, l2->segments, s, next)
                iface_collect_drops(s->iface);
        now = l2->counters;
        HASH_ITER (hh, l2->segments, s, next) {
                now.owned += iface_owned(s->iface);
                now.groups_failed += iface_groups_failed(s->iface);
        }
        return now;
}
