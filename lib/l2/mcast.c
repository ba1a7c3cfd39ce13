/*
 * The kernel bounds the groups of one socket (net.core.optmem_max), so there are as many sockets as it takes,
 * each with at most GROUPS_PER_SOCKET. A group that cannot be joined is kept and counted; the packet socket
 * still hears it on a network that does not snoop.
 *
 * Joining once is not enough after a carrier loss: the kernel queues its report, but the query of an MLDv1
 * querier that comes with the carrier cancels it, and the answer to that query may take 10 s. Joining anew a
 * moment later reports in the version that the querier speaks.
 */
#include "l2/mcast.h"
#include "base/arena.h"
#include "l2/ndp.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>

#define GROUPS_PER_SOCKET 64

struct group_socket {
        int fd;
        size_t groups;
};

struct member {
        struct ip group;
        size_t refs;
        bool joined;
        size_t socket; /* index, if joined */
        UT_hash_handle hh;
};

struct mcast {
        int ifindex;
        struct member *members;
        struct member *cursor; /* the next one to join anew */
        bool rejoining;        /* the cursor is on its way */
        struct group_socket *sockets;
        size_t n_sockets;
        size_t failed;
};

struct mcast *mcast_new(int ifindex)
{
        struct mcast *m = xcalloc(1, sizeof(*m));

        m->ifindex = ifindex;
        return m;
}

void mcast_free(struct mcast *m)
{
        struct member *g, *tmp;

        if (m == NULL)
                return;
        HASH_ITER (hh, m->members, g, tmp) {
                HASH_DEL(m->members, g);
                free(g);
        }
        for (size_t i = 0; i < m->n_sockets; i++)
                close(m->sockets[i].fd);
        free(m->sockets);
        free(m);
}

/* A socket that has room for one more group; n_sockets if there is none and none can be made. */
static size_t roomy_socket(struct mcast *m)
{
        int fd;

        for (size_t i = 0; i < m->n_sockets; i++)
                if (m->sockets[i].groups < GROUPS_PER_SOCKET)
                        return i;
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return m->n_sockets;
        m->sockets = xreallocarray(m->sockets, m->n_sockets + 1, sizeof(*m->sockets));
        m->sockets[m->n_sockets] = (struct group_socket){.fd = fd};
        return m->n_sockets++;
}

static bool membership(const struct mcast *m, int fd, int option, struct ip group)
{
        struct ipv6_mreq mreq = {.ipv6mr_interface = (unsigned)m->ifindex};

        memcpy(&mreq.ipv6mr_multiaddr, group.b, sizeof(group.b));
        return setsockopt(fd, IPPROTO_IPV6, option, &mreq, sizeof(mreq)) == 0;
}

static void join(struct mcast *m, struct member *g)
{
        size_t at = roomy_socket(m);

        g->joined = at < m->n_sockets && membership(m, m->sockets[at].fd, IPV6_JOIN_GROUP, g->group);
        if (!g->joined) {
                m->failed++;
                return;
        }
        g->socket = at;
        m->sockets[at].groups++;
}

static void leave(struct mcast *m, struct member *g)
{
        if (!g->joined) {
                m->failed--;
                return;
        }
        membership(m, m->sockets[g->socket].fd, IPV6_LEAVE_GROUP, g->group);
        m->sockets[g->socket].groups--;
}

bool mcast_join(struct mcast *m, struct ip address)
{
        struct ip group = ndp_solicited_node(address);
        struct member *g;

        HASH_FIND(hh, m->members, &group, sizeof(group), g);
        if (g != NULL) {
                g->refs++;
                return false;
        }
        g = xcalloc(1, sizeof(*g));
        g->group = group;
        g->refs = 1;
        join(m, g);
        HASH_ADD(hh, m->members, group, sizeof(g->group), g);
        return true;
}

bool mcast_leave(struct mcast *m, struct ip address)
{
        struct ip group = ndp_solicited_node(address);
        struct member *g;

        HASH_FIND(hh, m->members, &group, sizeof(group), g);
        if (g == NULL || --g->refs > 0)
                return false;
        leave(m, g);
        if (m->cursor == g)
                m->cursor = g->hh.next;
        HASH_DEL(m->members, g);
        free(g);
        return true;
}

bool mcast_rejoin(struct mcast *m, size_t n)
{
        if (!m->rejoining)
                m->cursor = m->members;
        for (; n > 0 && m->cursor != NULL; n--) {
                leave(m, m->cursor);
                join(m, m->cursor);
                m->cursor = m->cursor->hh.next;
        }
        m->rejoining = m->cursor != NULL;
        return m->rejoining;
}

size_t mcast_failed(const struct mcast *m)
{
        return m->failed;
}
