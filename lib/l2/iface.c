/*
 * Sockets are there while there is something to answer, per family. One that cannot be opened (the interface
 * is going away, or memory is short) is tried again each second; what is owned waits until then.
 */
#include "l2/iface.h"
#include "base/arena.h"
#include "base/log.h"
#include "l2/burst.h"
#include "l2/mcast.h"
#include "l2/socket.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_PER_TURN 32
#define GROUPS_PER_TURN 16
#define REJOIN_PAUSE_NS (8 * MSEC) /* 2,000 reports a second */
#define RETRY_NS        SEC

struct iface {
        struct loop *loop;
        int ifindex;
        char name[IFNAMSIZ];
        struct mac self;
        uint32_t notify;
        struct ip gateways[LINK_GATEWAYS];
        size_t n_gateways;
        struct owned owned;
        size_t n_family[2];           /* of the owned, by protocol */
        struct l2_socket *sockets[2]; /* by protocol */
        struct mcast *mcast;
        struct burst *burst;
        struct loop_timer *burst_timer, *retry_timer, *rejoin_timer;
        size_t rejoins; /* begun since the interface came up */
        struct l2_counters *counters;
        struct log_limit refused_limit;
};

static enum l2_proto proto_of(struct ip ip)
{
        return ip_family(ip) == IP_V4 ? L2_ARP : L2_NDP;
}

static void on_refused(struct iface *f, const char *what, const char *why)
{
        uint32_t suppressed;

        if (log_allow(&f->refused_limit, mono_now().ns, 1, 10 * SEC, &suppressed))
                log_pairs(LOG_WARN, "l2", "frame refused", "protocol=%s reason=%s interface=%s suppressed=%u",
                          what, why, f->name, suppressed);
}

static bool transmit(struct iface *f, enum l2_proto proto, const struct frame *frame)
{
        if (f->sockets[proto] != NULL && l2_socket_send(f->sockets[proto], frame))
                return true;
        f->counters->send_errors++;
        return false;
}

static void on_arp(struct iface *f, const uint8_t *bytes, size_t len)
{
        struct arp arp;
        struct frame reply;
        enum arp_refusal refusal = arp_decode(bytes, len, &arp);
        enum answer answer;

        if (refusal != ARP_OK) {
                f->counters->arp_refused[refusal]++;
                on_refused(f, "arp", arp_refusal_str(refusal));
                return;
        }
        answer = answer_arp(&arp, f->self, &f->owned, &reply);
        f->counters->arp_received[answer]++;
        if (answer == ANSWER_SENT && transmit(f, L2_ARP, &reply))
                f->counters->arp_replies++;
}

static void on_ndp(struct iface *f, const uint8_t *bytes, size_t len)
{
        struct ndp ndp;
        struct frame reply;
        enum ndp_refusal refusal = ndp_decode(bytes, len, &ndp);
        enum answer answer;

        if (refusal != NDP_OK) {
                f->counters->ndp_refused[refusal]++;
                on_refused(f, "ndp", ndp_refusal_str(refusal));
                return;
        }
        answer = answer_ndp(&ndp, f->self, &f->owned, &reply);
        f->counters->ndp_received[answer]++;
        if (answer == ANSWER_SENT && transmit(f, L2_NDP, &reply))
                f->counters->ndp_replies++;
}

static void on_frame(void *arg, enum l2_proto proto, const uint8_t *bytes, size_t len)
{
        if (proto == L2_ARP)
                on_arp(arg, bytes, len);
        else
                on_ndp(arg, bytes, len);
}

/* The protocol of a frame that we made: its Ethernet type says it. */
static enum l2_proto proto_of_frame(const struct frame *frame)
{
        return frame->bytes[12] == 0x08 ? L2_ARP : L2_NDP;
}

static void on_burst(void *arg)
{
        struct iface *f = arg;
        struct burst_targets targets = {f->self, f->gateways, f->n_gateways};
        struct frame frame;
        struct mono when;

        for (int i = 0; i < FRAMES_PER_TURN; i++) {
                if (!burst_next(f->burst, mono_now(), &targets, &frame, &when))
                        break;
                if (transmit(f, proto_of_frame(&frame), &frame))
                        f->counters->gratuitous++;
        }
        loop_timer_at(f->burst_timer, when);
}

static void announce(struct iface *f, struct ip ip)
{
        burst_start(f->burst, ip, mono_now());
        loop_timer_at(f->burst_timer, (struct mono){0});
}

static void announce_all(struct iface *f, enum l2_proto proto)
{
        for (size_t i = 0; i < f->owned.n; i++)
                if (proto_of(f->owned.v[i]) == proto)
                        announce(f, f->owned.v[i]);
}

static void hear_group(struct iface *f, struct ip ip)
{
        l2_socket_join(f->sockets[L2_NDP], ndp_group_mac(ndp_solicited_node(ip)));
}

/* Opens or closes a protocol's socket as what is owned needs it. */
static void fit_socket(struct iface *f, enum l2_proto proto)
{
        if (f->n_family[proto] == 0) {
                l2_socket_close(f->sockets[proto]);
                f->sockets[proto] = NULL;
                return;
        }
        if (f->sockets[proto] != NULL)
                return;
        f->sockets[proto] = l2_socket_open(f->loop, f->ifindex, proto, on_frame, f);
        if (f->sockets[proto] == NULL) {
                log_pairs(LOG_WARN, "l2", "packet socket cannot be opened", "interface=%s error=\"%s\"",
                          f->name, strerror(errno));
                loop_timer_at(f->retry_timer, mono_add(mono_now(), RETRY_NS));
                return;
        }
        for (size_t i = 0; proto == L2_NDP && i < f->owned.n; i++)
                if (proto_of(f->owned.v[i]) == L2_NDP)
                        hear_group(f, f->owned.v[i]);
        announce_all(f, proto);
}

static void on_retry(void *arg)
{
        fit_socket(arg, L2_ARP);
        fit_socket(arg, L2_NDP);
}

/* When groups are joined anew after the interface came up. */
static const int64_t rejoin_after[] = {1 * SEC, 4 * SEC};
#define REJOINS (sizeof(rejoin_after) / sizeof(rejoin_after[0]))

static void plan_rejoin(struct iface *f)
{
        if (f->rejoins < REJOINS)
                loop_timer_at(f->rejoin_timer, mono_add(mono_now(), rejoin_after[f->rejoins]));
        f->rejoins++;
}

static void on_rejoin(void *arg)
{
        struct iface *f = arg;

        if (mcast_rejoin(f->mcast, GROUPS_PER_TURN))
                loop_timer_at(f->rejoin_timer, mono_add(mono_now(), REJOIN_PAUSE_NS));
        else
                plan_rejoin(f);
}

struct iface *iface_new(struct loop *loop, const struct link_if *link, struct l2_counters *counters)
{
        struct iface *f = xcalloc(1, sizeof(*f));

        f->loop = loop;
        f->ifindex = link->ifindex;
        memcpy(f->name, link->name, sizeof(f->name));
        memcpy(f->self.b, link->mac, sizeof(f->self.b));
        f->notify = link->notify;
        f->counters = counters;
        f->mcast = mcast_new(f->ifindex);
        f->burst = burst_new(BURST_RATE, BURST_DEPTH);
        f->burst_timer = loop_timer_new(loop, on_burst, f);
        f->retry_timer = loop_timer_new(loop, on_retry, f);
        f->rejoin_timer = loop_timer_new(loop, on_rejoin, f);
        iface_update(f, link);
        plan_rejoin(f);
        return f;
}

void iface_free(struct iface *f)
{
        loop_timer_free(f->burst_timer);
        loop_timer_free(f->retry_timer);
        loop_timer_free(f->rejoin_timer);
        l2_socket_close(f->sockets[L2_ARP]);
        l2_socket_close(f->sockets[L2_NDP]);
        mcast_free(f->mcast);
        burst_free(f->burst);
        owned_free(&f->owned);
        free(f);
}

void iface_update(struct iface *f, const struct link_if *link)
{
        bool again = memcmp(f->self.b, link->mac, sizeof(f->self.b)) != 0 || f->notify != link->notify;

        memcpy(f->name, link->name, sizeof(f->name));
        memcpy(f->self.b, link->mac, sizeof(f->self.b));
        f->notify = link->notify;
        memcpy(f->gateways, link->gateways, sizeof(f->gateways));
        f->n_gateways = link->n_gateways;
        if (!again)
                return;
        announce_all(f, L2_ARP);
        announce_all(f, L2_NDP);
        f->rejoins = 0;
        plan_rejoin(f);
}

bool iface_own(struct iface *f, struct ip ip)
{
        enum l2_proto proto = proto_of(ip);

        if (!owned_add(&f->owned, ip))
                return false;
        f->n_family[proto]++;
        if (proto == L2_NDP)
                mcast_join(f->mcast, ip);
        if (f->sockets[proto] == NULL) {
                fit_socket(f, proto);
                return true;
        }
        if (proto == L2_NDP)
                hear_group(f, ip);
        announce(f, ip);
        return true;
}

bool iface_disown(struct iface *f, struct ip ip)
{
        enum l2_proto proto = proto_of(ip);

        if (!owned_drop(&f->owned, ip))
                return false;
        f->n_family[proto]--;
        burst_stop(f->burst, ip);
        if (proto == L2_NDP) {
                mcast_leave(f->mcast, ip);
                if (f->sockets[L2_NDP] != NULL) /* the packet socket counts its groups itself */
                        l2_socket_leave(f->sockets[L2_NDP], ndp_group_mac(ndp_solicited_node(ip)));
        }
        fit_socket(f, proto);
        return true;
}

size_t iface_owned(const struct iface *f)
{
        return f->owned.n;
}

size_t iface_groups_failed(const struct iface *f)
{
        return mcast_failed(f->mcast);
}

void iface_collect_drops(struct iface *f)
{
        for (int i = 0; i < 2; i++)
                if (f->sockets[i] != NULL)
                        f->counters->kernel_drops += l2_socket_drops(f->sockets[i]);
}
