/*
 * Until conn_finish() the output buffer begins with a whole message, and it is refilled only when it is
 * empty, so it is known where messages begin, and what waits for a slow peer waits in its rib and not here.
 * Input is read once per turn.
 *
 * A conn is in one of three phases: connecting, open, finishing. fd is -1 when it was freed; every callback
 * may do that, so it is looked at after each. What the owner calls only queues, except conn_pull(): no
 * callback comes out of it while the owner is in the middle of something.
 */
#include "bgp/conn.h"
#include "base/arena.h"
#include "base/loop.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_SIZE = 16384, OUT_FILL = 65536, OUT_SIZE = OUT_FILL + CONN_ROOM, REFILLS_PER_TURN = 4 };
enum { NOTSENT_LOWAT = 128 * 1024, DSCP_CS6 = 0xc0, PRIORITY_CONTROL = 6 };
#define FINISH_WAIT (2 * SEC)

enum phase { CONNECTING, OPEN, FINISHING };

struct conn {
        struct loop *loop;
        const struct conn_ops *ops;
        void *arg;
        int fd;
        enum phase phase;
        struct loop_fd *events;
        struct loop_timer *timer; /* OPEN: input is left over; FINISHING: the end of patience */
        bool paused;              /* no reading before the timer fired */
        bool want_write;          /* call flush() when the kernel has room */
        bool fin_sent;
        int watching; /* LOOP_READ, LOOP_WRITE */
        size_t in_len, out_len, out_sent;
        uint8_t in[IN_SIZE];
        uint8_t out[OUT_SIZE];
};

static socklen_t to_sockaddr(struct sockaddr_storage *ss, struct ip ip, uint16_t port)
{
        memset(ss, 0, sizeof(*ss));
        if (ip_family(ip) == IP_V4) {
                struct sockaddr_in *sin = (struct sockaddr_in *)ss;
                sin->sin_family = AF_INET;
                sin->sin_port = htons(port);
                memcpy(&sin->sin_addr, ip_bytes(&ip), 4);
                return sizeof(*sin);
        }
        struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons(port);
        memcpy(&sin6->sin6_addr, ip_bytes(&ip), 16);
        return sizeof(*sin6);
}

static struct ip local_address(int fd)
{
        struct sockaddr_storage ss = {0};
        socklen_t len = sizeof(ss);
        if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 && ss.ss_family == AF_INET)
                return ip_from4((const uint8_t *)&((struct sockaddr_in *)&ss)->sin_addr);
        if (ss.ss_family == AF_INET6)
                return ip_from6((const uint8_t *)&((struct sockaddr_in6 *)&ss)->sin6_addr);
        return (struct ip){0};
}

static void set_int(int fd, int level, int name, int value)
{
        (void)setsockopt(fd, level, name, &value, sizeof(value)); /* all of them are refinements */
}

static void set_options(int fd, enum ip_family family, int ttl)
{
        if (family == IP_V4) {
                set_int(fd, IPPROTO_IP, IP_TTL, ttl);
                set_int(fd, IPPROTO_IP, IP_TOS, DSCP_CS6);
        } else {
                set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
                set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, DSCP_CS6);
        }
        set_int(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
        set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT);
}

/* From here on the kernel signs every segment, and drops what is not signed. NULL, or why it does not. */
static const char *set_password(int fd, const struct conn_to *to)
{
        struct tcp_md5sig sig;
        struct sockaddr_storage ss;
        size_t len = strlen(to->password);
        if (len > sizeof(sig.tcpm_key))
                return "the password is too long for a TCP MD5 signature";
        memset(&sig, 0, sizeof(sig));
        to_sockaddr(&ss, to->remote, to->port);
        memcpy(&sig.tcpm_addr, &ss, sizeof(ss));
        memcpy(sig.tcpm_key, to->password, len);
        sig.tcpm_keylen = (uint16_t)len;
        int result = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig));
        explicit_bzero(&sig, sizeof(sig));
        if (result == 0)
                return NULL;
        return errno == ENOPROTOOPT ? "this kernel has no TCP MD5 signatures (CONFIG_TCP_MD5SIG)"
                                    : strerror(errno);
}

static void watch(struct conn *c)
{
        int what = 0;
        if (c->phase == CONNECTING)
                what = LOOP_WRITE;
        else
                what = (c->paused ? 0 : LOOP_READ) | (c->want_write ? LOOP_WRITE : 0);
        if (what != c->watching)
                loop_fd_set(c->events, what);
        c->watching = what;
}

/* Tells the owner that it is over; the owner frees. */
static void fail(struct conn *c, const char *why)
{
        if (c->phase == FINISHING)
                c->ops->gone(c->arg);
        else
                c->ops->failed(c->arg, why);
}

/* --- output --- */

static bool refill(struct conn *c)
{
        c->out_len = c->out_sent = 0;
        if (c->phase == OPEN)
                c->out_len = c->ops->output(c->arg, c->out, OUT_FILL);
        return c->fd >= 0 && c->out_len > 0;
}

static void all_sent(struct conn *c)
{
        if (c->phase == OPEN)
                c->ops->drained(c->arg);
        else if (!c->fin_sent)
                c->fin_sent = shutdown(c->fd, SHUT_WR) == 0;
}

static void flush(struct conn *c)
{
        int refills = 0;
        c->want_write = false;
        for (;;) {
                if (c->out_sent == c->out_len) {
                        if (refills++ == REFILLS_PER_TURN) {
                                c->want_write = true; /* the loop comes back when others had their turn */
                                break;
                        }
                        if (!refill(c))
                                break;
                }
                ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN) {
                        c->want_write = true;
                        break;
                }
                if (n < 0) {
                        fail(c, strerror(errno));
                        return;
                }
                c->out_sent += (size_t)n;
                c->ops->progress(c->arg);
                if (c->fd < 0)
                        return;
        }
        if (c->fd < 0)
                return;
        if (!c->want_write)
                all_sent(c);
        if (c->fd >= 0)
                watch(c);
}

void conn_send(struct conn *c, const void *msg, size_t len)
{
        if (c->phase != OPEN || len > OUT_SIZE - c->out_len)
                return;
        memcpy(c->out + c->out_len, msg, len);
        c->out_len += len;
        c->want_write = true;
        watch(c);
}

void conn_pull(struct conn *c)
{
        if (c->phase == OPEN && !c->want_write)
                flush(c);
}

/* --- input --- */

static void consume(struct conn *c)
{
        bool again = false;
        size_t used = c->ops->input(c->arg, c->in, c->in_len, &again);
        if (c->fd < 0 || c->phase != OPEN)
                return;
        memmove(c->in, c->in + used, c->in_len - used);
        c->in_len -= used;
        c->paused = again;
        if (again)
                loop_timer_at(c->timer, mono_now());
        watch(c);
}

static void on_readable(struct conn *c)
{
        ssize_t n = recv(c->fd, c->in + c->in_len, IN_SIZE - c->in_len, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                fail(c, n == 0 ? "the peer closed the connection" : strerror(errno));
                return;
        }
        if (c->phase == FINISHING) /* nobody listens any more */
                return;
        c->in_len += (size_t)n;
        consume(c);
}

static void on_connected(struct conn *c)
{
        int error = 0;
        socklen_t len = sizeof(error);
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
                error = errno;
        if (error != 0) {
                fail(c, strerror(error));
                return;
        }
        c->phase = OPEN;
        watch(c);
        c->ops->connected(c->arg, local_address(c->fd));
}

static void on_event(void *arg, int fd, int what)
{
        struct conn *c = arg;
        (void)fd;
        if (c->fd < 0)
                return;
        if (c->phase == CONNECTING) {
                on_connected(c);
                return;
        }
        if (what & LOOP_READ)
                on_readable(c);
        if (c->fd >= 0 && (what & LOOP_WRITE) && c->want_write)
                flush(c);
}

static void on_timer(void *arg)
{
        struct conn *c = arg;
        if (c->fd < 0)
                return;
        if (c->phase == FINISHING)
                fail(c, "");
        else if (c->paused)
                consume(c);
}

/* --- beginning and end --- */

struct conn *conn_open(struct loop *loop, const struct conn_to *to, const struct conn_ops *ops, void *arg,
                       const char **why)
{
        struct sockaddr_storage ss;
        enum ip_family family = ip_family(to->remote);
        int fd = socket(family == IP_V4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
                *why = strerror(errno);
                return NULL;
        }
        set_options(fd, family, to->ttl);
        const char *unsigned_why = to->password ? set_password(fd, to) : NULL;
        bool bound = unsigned_why == NULL;
        if (!bound) {
                *why = unsigned_why;
        } else if (!ip_is_unspecified(to->source)) {
                socklen_t len = to_sockaddr(&ss, to->source, 0);
                bound = ip_family(to->source) == family && bind(fd, (struct sockaddr *)&ss, len) == 0;
                if (!bound)
                        *why = ip_family(to->source) == family ? strerror(errno)
                                                               : "the source address is of another family";
        }
        socklen_t len = to_sockaddr(&ss, to->remote, to->port);
        if (bound && connect(fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS) {
                *why = strerror(errno);
                bound = false;
        }
        if (!bound) {
                close(fd);
                return NULL;
        }
        struct conn *c = xcalloc(1, sizeof(*c));
        *c = (struct conn){
                .loop = loop, .ops = ops, .arg = arg, .fd = fd, .phase = CONNECTING, .watching = LOOP_WRITE};
        c->timer = loop_timer_new(loop, on_timer, c);
        c->events = loop_fd_new(loop, fd, LOOP_WRITE, on_event, c);
        return c;
}

void conn_user_timeout(struct conn *c, int64_t ns)
{
        set_int(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(ns / MSEC));
}

/* Leaves nothing to send but the rest of the message of which some bytes are sent already. */
static void keep_begun_message(struct conn *c)
{
        size_t end = 0;
        while (end < c->out_sent)
                end += (size_t)c->out[end + 16] << 8 | c->out[end + 17];
        if (end > c->out_len)
                abort(); /* what was queued were no whole messages */
        memmove(c->out, c->out + c->out_sent, end - c->out_sent);
        c->out_len = end - c->out_sent;
        c->out_sent = 0;
}

void conn_finish(struct conn *c, const void *msg, size_t len)
{
        if (c->phase != OPEN)
                abort();
        keep_begun_message(c);
        if (len > OUT_SIZE - c->out_len)
                abort(); /* two messages, so it cannot be */
        memcpy(c->out + c->out_len, msg, len);
        c->out_len += len;
        c->in_len = 0;
        c->phase = FINISHING;
        c->paused = false;
        c->want_write = true;
        loop_timer_at(c->timer, mono_add(mono_now(), FINISH_WAIT));
        watch(c);
}

static void release(void *arg)
{
        free(arg);
}

void conn_free(struct conn *c)
{
        if (c == NULL || c->fd < 0)
                return;
        loop_fd_free(c->events);
        loop_timer_free(c->timer);
        close(c->fd);
        c->fd = -1;
        loop_defer(c->loop, release, c);
}
