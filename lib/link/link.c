/*
 * The netlink socket behind link.h (rtnetlink(7), libmnl). It subscribes first and dumps afterwards, so that
 * nothing falls between: events and dumps go through the same decoder into the same table. A dump is a
 * sequence of requests (interfaces, addresses, default routes of both families); its end sweeps what was not
 * listed. Lost events (ENOBUFS), an interrupted dump and routes that the kernel drops silently all lead to
 * the same remedy: a new dump.
 *
 * The first dump is awaited in link_new(); every later one runs beside the events.
 */
#include "link/link.h"
#include "base/arena.h"
#include "base/log.h"
#include "link/decode.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_WATCHERS       4
#define DATAGRAMS_PER_TURN 32
#define BUFFER_SIZE        32768
#define RCVBUF_SIZE        (1 << 20)
#define FIRST_DUMP_MS      5000

static const struct {
        uint16_t type;
        uint8_t family;
} dump_steps[] = {
        {RTM_GETLINK, AF_UNSPEC},
        {RTM_GETADDR, AF_UNSPEC},
        {RTM_GETROUTE, AF_INET},
        {RTM_GETROUTE, AF_INET6},
};
#define DUMP_STEPS (sizeof(dump_steps) / sizeof(dump_steps[0]))

struct link {
        struct mnl_socket *nl;
        struct loop_fd *fd;
        struct link_table table;
        struct {
                link_fn *fn;
                void *arg;
        } watchers[MAX_WATCHERS];
        size_t n_watchers;
        uint32_t seq; /* of the dump request under way; 0 if none */
        uint32_t next_seq;
        size_t step;
        bool dump_again;  /* asked for while one is under way, or that one is useless */
        bool dump_failed; /* the kernel refused a step: what it did not list may still be there */
        bool changed;     /* and the watchers were not told yet */
        struct link_counters counters;
        char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
};

static bool request(struct link *l)
{
        char buf[256] __attribute__((aligned(8)));
        struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
        uint8_t family = dump_steps[l->step].family;

        m->nlmsg_type = dump_steps[l->step].type;
        m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        m->nlmsg_seq = l->seq = ++l->next_seq;
        if (m->nlmsg_type == RTM_GETLINK) {
                struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
                info->ifi_family = family;
        } else if (m->nlmsg_type == RTM_GETADDR) {
                struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
                info->ifa_family = family;
        } else {
                struct rtmsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
                info->rtm_family = family;
                info->rtm_table = RT_TABLE_MAIN; /* strict checking makes it a filter */
        }
        return mnl_socket_sendto(l->nl, m, m->nlmsg_len) >= 0;
}

static void dump(struct link *l)
{
        if (l->seq != 0) {
                l->dump_again = true;
                return;
        }
        l->dump_again = l->dump_failed = false;
        l->step = 0;
        table_mark(&l->table);
        if (!request(l)) {
                log_pairs(LOG_ERROR, "link", "netlink dump cannot be asked for", "error=\"%s\"",
                          strerror(errno));
                l->seq = 0;
        }
}

/* One step of the dump ended, well or not. */
static void dump_step_done(struct link *l)
{
        if (++l->step < DUMP_STEPS && request(l))
                return;
        l->seq = 0;
        if (l->dump_again)
                dump(l);
        else if (!l->dump_failed && table_sweep(&l->table))
                l->changed = true;
}

static void on_datagram(struct link *l, size_t len)
{
        struct link_decoded d = link_decode(&l->table, l->buffer, len, l->seq);

        l->counters.messages += d.messages;
        l->counters.refused += d.refused;
        if (d.what & LINK_CHANGED)
                l->changed = true;
        if (d.what & LINK_DUMP_INTERRUPTED)
                l->dump_again = true;
        if (d.what & LINK_DUMP_FAILED)
                l->dump_failed = true;
        if (d.what & (LINK_DUMP_DONE | LINK_DUMP_FAILED))
                dump_step_done(l);
        if (d.what & LINK_SILENT_LOSS)
                dump(l);
}

/* False when nothing is left to read now. */
static bool read_one(struct link *l)
{
        struct sockaddr_nl from = {.nl_pid = UINT32_MAX};
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(mnl_socket_get_fd(l->nl), l->buffer, sizeof(l->buffer), MSG_DONTWAIT,
                             (struct sockaddr *)&from, &from_len);

        if (n >= 0) {
                if (from.nl_pid == 0) /* the kernel */
                        on_datagram(l, (size_t)n);
                return true;
        }
        if (errno == ENOBUFS) {
                l->counters.overruns++;
                dump(l);
                return true;
        }
        return errno == EINTR;
}

static void on_readable(void *arg, int fd, int what)
{
        struct link *l = arg;

        (void)fd;
        (void)what;
        for (int i = 0; i < DATAGRAMS_PER_TURN && read_one(l); i++)
                ;
        /* A table in the middle of a dump still holds everything it held before: it may be shown. */
        if (!l->changed)
                return;
        l->changed = false;
        for (size_t i = 0; i < l->n_watchers; i++)
                l->watchers[i].fn(l->watchers[i].arg);
}

static bool subscribe(struct link *l)
{
        unsigned groups =
                RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
        int on = 1, size = RCVBUF_SIZE;

        l->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (l->nl == NULL || mnl_socket_bind(l->nl, groups, MNL_SOCKET_AUTOPID) < 0)
                return false;
        /* Both are comforts: without them the dump is longer, and an overrun likelier. */
        mnl_socket_setsockopt(l->nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
        setsockopt(mnl_socket_get_fd(l->nl), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        return true;
}

static bool await_first_dump(struct link *l)
{
        struct mono deadline = mono_add(mono_now(), FIRST_DUMP_MS * MSEC);

        dump(l);
        while (l->seq != 0) {
                struct pollfd p = {.fd = mnl_socket_get_fd(l->nl), .events = POLLIN};
                int64_t left = mono_since(deadline, mono_now()) / MSEC;

                if (left <= 0) {
                        errno = ETIMEDOUT;
                        return false;
                }
                if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
                        return false;
                while (read_one(l))
                        ;
        }
        l->changed = false;
        errno = ENODEV;
        return l->table.n_ifs > 0; /* there is always a loopback */
}

struct link *link_new(struct loop *loop, link_fn *changed, void *arg, char **why)
{
        struct link *l = xcalloc(1, sizeof(*l));

        if (!subscribe(l) || !await_first_dump(l)) {
                *why = xprintf("cannot read this node's interfaces by netlink: %s", strerror(errno));
                link_free(l);
                return NULL;
        }
        if (changed != NULL)
                link_watch(l, changed, arg);
        l->fd = loop_fd_new(loop, mnl_socket_get_fd(l->nl), LOOP_READ, on_readable, l);
        return l;
}

void link_free(struct link *l)
{
        if (l == NULL)
                return;
        loop_fd_free(l->fd);
        if (l->nl != NULL)
                mnl_socket_close(l->nl);
        table_free(&l->table);
        free(l);
}

void link_watch(struct link *l, link_fn *changed, void *arg)
{
        if (l->n_watchers == MAX_WATCHERS)
                abort();
        l->watchers[l->n_watchers].fn = changed;
        l->watchers[l->n_watchers++].arg = arg;
}

void link_unwatch(struct link *l, link_fn *changed, void *arg)
{
        for (size_t i = 0; i < l->n_watchers; i++) {
                if (l->watchers[i].fn != changed || l->watchers[i].arg != arg)
                        continue;
                l->watchers[i] = l->watchers[--l->n_watchers];
                return;
        }
}

const struct link_if *link_ifs(const struct link *l, size_t *n)
{
        *n = l->table.n_ifs;
        return l->table.ifs;
}

const struct link_if *link_by_index(const struct link *l, int ifindex)
{
        return table_by_index(&l->table, ifindex);
}

const struct link_if *link_by_name(const struct link *l, const char *name)
{
        return table_by_name(&l->table, name);
}

struct link_counters link_counters(const struct link *l)
{
        return l->counters;
}
