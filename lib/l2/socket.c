/*
 * Packet sockets. A socket is made with protocol 0 and bound last, so that no frame enters before the filter
 * is there. The filter (classic BPF) keeps everything away that the decoders would refuse at once; they check
 * it all again.
 *
 * A frame of a VLAN or of a bond's port can reach a socket that is bound to the device below: sll_ifindex
 * tells.
 */
#include "l2/socket.h"
#include "base/arena.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH       32   /* frames a turn: a flood must not keep the loop's timers waiting */
#define RX_MAX      1514 /* solicitations may carry options that we do not know */
#define RCVBUF_SIZE (1 << 20)

struct l2_socket {
        int fd;
        int ifindex;
        enum l2_proto proto;
        struct loop *loop;
        struct loop_fd *event;
        l2_rx_fn *rx;
        void *arg;
        bool closed; /* inside its own callback: no more frames */
};

/* arp, operation 1 or 2 */
static struct sock_filter arp_filter[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 4),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, RX_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
};

/* ICMPv6 right behind the IPv6 header, type 135 or 136 */
static struct sock_filter ndp_filter[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 8),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 6),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 21),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 255, 0, 4), /* what a router forwarded is no neighbour's */
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, RX_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
};

static bool attach_filter(int fd, enum l2_proto proto)
{
        struct sock_fprog prog;

        if (proto == L2_ARP)
                prog = (struct sock_fprog){sizeof(arp_filter) / sizeof(arp_filter[0]), arp_filter};
        else
                prog = (struct sock_fprog){sizeof(ndp_filter) / sizeof(ndp_filter[0]), ndp_filter};
        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

static struct sockaddr_ll address(int ifindex, enum l2_proto proto)
{
        return (struct sockaddr_ll){
                .sll_family = AF_PACKET,
                .sll_protocol = htons(proto == L2_ARP ? ETH_P_ARP : ETH_P_IPV6),
                .sll_ifindex = ifindex,
        };
}

static bool prepare(int fd, int ifindex, enum l2_proto proto)
{
        struct sockaddr_ll sll = address(ifindex, proto);
        int on = 1, size = RCVBUF_SIZE;

        if (!attach_filter(fd, proto) ||
            setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0)
                return false;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* as much as the limit allows */
        return bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == 0;
}

static bool is_for_us(const struct l2_socket *s, const struct sockaddr_ll *from)
{
        return from->sll_ifindex == s->ifindex &&
               (from->sll_pkttype == PACKET_HOST || from->sll_pkttype == PACKET_BROADCAST ||
                from->sll_pkttype == PACKET_MULTICAST);
}

static void free_socket(void *arg)
{
        free(arg);
}

static void on_readable(void *arg, int fd, int what)
{
        struct l2_socket *s = arg;
        uint8_t frames[BATCH][RX_MAX];
        struct sockaddr_ll from[BATCH];
        struct iovec iov[BATCH];
        struct mmsghdr msgs[BATCH];
        int n;

        (void)what;
        for (size_t i = 0; i < BATCH; i++) {
                iov[i] = (struct iovec){frames[i], sizeof(frames[i])};
                msgs[i] = (struct mmsghdr){
                        .msg_hdr = {&from[i], sizeof(from[i]), &iov[i], 1, NULL, 0, 0},
                };
        }
        n = recvmmsg(fd, msgs, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n && !s->closed; i++)
                if (is_for_us(s, &from[i]))
                        s->rx(s->arg, s->proto, frames[i], msgs[i].msg_len);
}

int l2_socket_probe(void)
{
        int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno;
        close(fd);
        return 0;
}

struct l2_socket *l2_socket_open(struct loop *loop, int ifindex, enum l2_proto proto, l2_rx_fn *rx, void *arg)
{
        int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct l2_socket *s;

        if (fd < 0)
                return NULL;
        if (!prepare(fd, ifindex, proto)) {
                int saved = errno;

                close(fd);
                errno = saved;
                return NULL;
        }
        s = xcalloc(1, sizeof(*s));
        *s = (struct l2_socket){fd, ifindex, proto, loop, NULL, rx, arg, false};
        s->event = loop_fd_new(loop, fd, LOOP_READ, on_readable, s);
        return s;
}

void l2_socket_close(struct l2_socket *s)
{
        if (s == NULL)
                return;
        s->closed = true;
        loop_fd_free(s->event);
        close(s->fd);
        loop_defer(s->loop, free_socket, s);
}

bool l2_socket_send(struct l2_socket *s, const struct frame *f)
{
        struct sockaddr_ll to = address(s->ifindex, s->proto);
        ssize_t n;

        to.sll_halen = MAC_LEN;
        memcpy(to.sll_addr, f->bytes, MAC_LEN);
        do
                n = sendto(s->fd, f->bytes, f->len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
        while (n < 0 && errno == EINTR);
        return n == (ssize_t)f->len;
}

static void membership(struct l2_socket *s, int option, struct mac group)
{
        struct packet_mreq mreq = {
                .mr_ifindex = s->ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = MAC_LEN};

        memcpy(mreq.mr_address, group.b, MAC_LEN);
        setsockopt(s->fd, SOL_PACKET, option, &mreq, sizeof(mreq));
}

void l2_socket_join(struct l2_socket *s, struct mac group)
{
        membership(s, PACKET_ADD_MEMBERSHIP, group);
}

void l2_socket_leave(struct l2_socket *s, struct mac group)
{
        membership(s, PACKET_DROP_MEMBERSHIP, group);
}

uint64_t l2_socket_drops(struct l2_socket *s)
{
        struct tpacket_stats stats;
        socklen_t len = sizeof(stats);

        return getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0 ? stats.tp_drops : 0;
}
