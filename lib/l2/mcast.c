/*
 * The kernel bounds the groups of one socket (net.core.optmem_max), so there are as many sockets as it takes,
 * each with at most GROUPS_PER_SOCKET. A group that cannot be joined is kept and counted; the packet socket
 * still hears it on a network that does not snoop.
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
        size_t socket; /* index; n_sockets of the time if the join failed */
        bool joined;
        UT_hash_handle hh;
};

struct mcast {
        int ifindex;
        struct member *members;
        struct group_socket *sockets;
        size_t n_sockets;
        size_t failed;
};

struct mcast *mcast_new(int ifindex)
{
        struct mcast *m = xcalloc(1, sizeof *m);

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
        m->sockets = xreallocarray(m->sockets, m->n_sockets + 1, sizeof *m->sockets);
        m->sockets[m->n_sockets] = (struct group_socket){.fd = fd};
        return m->n_sockets++;
}

static bool membership(const struct mcast *m, int fd, int option, struct ip group)
{
        struct ipv6_mreq mreq = {.ipv6mr_interface = (unsigned)m->ifindex};

        memcpy(&mreq.ipv6mr_multiaddr, group.b, sizeof group.b);
        return setsockopt(fd, IPPROTO_IPV6, option, &mreq, sizeof mreq) == 0;
}

bool mcast_join(struct mcast *m, struct ip address)
{
        struct ip group = ndp_solicited_node(address);
        struct member *g;

        HASH_FIND(hh, m->members, &group, sizeof group, g);
        if (g != NULL) {
                g->refs++;
                return false;
        }
        g = xcalloc(1, sizeof *g);
        g->group = group;
        g->refs = 1;
        g->socket = roomy_socket(m);
        g->joined =
                g->socket < m->n_sockets && membership(m, m->sockets[g->socket].fd, IPV6_JOIN_GROUP, group);
        if (g->joined)
                m->sockets[g->socket].groups++;
        else
                m->failed++;
        HASH_ADD(hh, m->members, group, sizeof g->group, g);
        return true;
}

bool mcast_leave(struct mcast *m, struct ip address)
{
        struct ip group = ndp_solicited_node(address);
        struct member *g;

        HASH_FIND(hh, m->members, &group, sizeof group, g);
        if (g == NULL || --g->refs > 0)
                return false;
        if (g->joined) {
                membership(m, m->sockets[g->socket].fd, IPV6_LEAVE_GROUP, group);
                m->sockets[g->socket].groups--;
        } else {
                m->failed--;
        }
        HASH_DEL(m->members, g);
        free(g);
        return true;
}

size_t mcast_failed(const struct mcast *m)
{
        return m->failed;
}
