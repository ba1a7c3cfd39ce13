/*
 * One probe of healthz and one of a health check port are under way at most, each on a connection of its own to
 * the node itself. Ports are asked in turn. A probe ends with an answer, an error or after a second; answers are
 * short or cut off.
 */
#include "dataplane/dataplane.h"
#include "base/arena.h"
#include "base/log.h"
#include "dataplane/around.h"
#include "dataplane/gate.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 10256, BODY_MAX = 16 << 10, HEADERS_MAX = 8 << 10, TIMEOUT_S = 1, HERE_MAX = 3 };
static const int64_t steady = 2 * SEC, hurried = 100 * MSEC;

struct probe {
        struct dataplane *owner;
        void (*result)(struct dataplane *, enum probe_result);
        struct evhttp_connection *connection;
        bool running;
};

struct dataplane {
        struct loop *loop;
        loop_fn *changed;
        void *arg;
        struct loop_timer *timer;
        struct gate gate;
        struct ip ip;
        uint16_t port;
        struct probe health, check;
        struct mono next_health, next_check;
        bool waiting, was_open;
        uint16_t *ports; /* waited for, and not ready */
        size_t n_ports, turn; /* all addresses of one port, then the next port */
        struct ip here[HERE_MAX]; /* the last one is loopback */
        size_t n_here;
        uint16_t asked; /* by the running check */
        uint16_t *ready;
        size_t n_ready;
};

/* ---- probes ---- */

static void on_answer(struct evhttp_request *req, void *arg)
{
        struct probe *probe = arg;
        struct evbuffer *body = req ? evhttp_request_get_input_buffer(req) : NULL;
        size_t len = body ? evbuffer_get_length(body) : 0;
        const char *text = len > 0 ? (const char *)evbuffer_pullup(body, -1) : "";
        probe->running = false;
        probe->result(probe->owner, gate_judge(req ? evhttp_request_get_response_code(req) : 0, text, len));
}

static void drop_connection(struct probe *probe)
{
        struct evhttp_connection *connection = probe->connection;
        probe->connection = NULL;
        probe->running = false;
        if (connection)
                evhttp_connection_free(connection);
}

static void start(struct probe *probe, struct ip ip, uint16_t port)
{
        char host[IP_STRLEN];
        struct timeval timeout = {TIMEOUT_S, 0};
        drop_connection(probe);
        probe->connection = evhttp_connection_base_new(loop_base(probe->owner->loop), NULL, ip_str(ip, host), port);
        if (!probe->connection)
                abort();
        evhttp_connection_set_timeout_tv(probe->connection, &timeout);
        evhttp_connection_set_max_body_size(probe->connection, BODY_MAX);
        evhttp_connection_set_max_headers_size(probe->connection, HEADERS_MAX);
        struct evhttp_request *req = evhttp_request_new(on_answer, probe);
        if (!req)
                abort();
        evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "localhost");
        evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
        probe->running = true;
        if (evhttp_make_request(probe->connection, req, EVHTTP_REQ_GET, "/healthz") != 0 && probe->running) {
                probe->running = false;
                probe->result(probe->owner, PROBE_SILENT);
        }
}

/* ---- when ---- */

static void arm(struct dataplane *dp)
{
        struct mono next = MONO_NEVER;
        if (!dp->gate.off && !dp->health.running)
                next = mono_min(next, dp->next_health);
        if (dp->n_ports > 0 && !dp->check.running)
                next = mono_min(next, dp->next_check);
        loop_timer_at(dp->timer, next);
}

static void check_next(struct dataplane *dp)
{
        dp->turn %= dp->n_ports * dp->n_here;
        dp->asked = dp->ports[dp->turn / dp->n_here];
        start(&dp->check, dp->here[dp->turn % dp->n_here], dp->asked);
}

static void work(void *arg)
{
        struct dataplane *dp = arg;
        struct mono now = mono_now();
        if (!dp->gate.off && !dp->health.running && !mono_before(now, dp->next_health))
                start(&dp->health, dp->ip, dp->port);
        if (dp->n_ports > 0 && !dp->check.running && !mono_before(now, dp->next_check))
                check_next(dp);
        arm(dp);
}

static void look_around(const struct dataplane *dp)
{
        struct around around = around_look();
        const char *warning = around_warning(&around), *note = dp->gate.absent ? around_note(&around) : NULL;
        if (warning)
                log_warn("dataplane", "%s", warning);
        if (note)
                log_info("dataplane", "%s", note);
}

static void on_health(struct dataplane *dp, enum probe_result result)
{
        struct mono now = mono_now();
        bool absent = dp->gate.absent;
        gate_result(&dp->gate, result, now);
        bool open = gate_open(&dp->gate, now);
        if (dp->gate.absent && !absent)
                log_info("dataplane",
                         "nobody answers where kube-proxy would tell its health: announcing waits for no data plane");
        else if (open != dp->was_open)
                log_info("dataplane", open ? "kube-proxy is well" : "kube-proxy is not well: new addresses wait");
        dp->next_health = mono_add(now, !open && dp->waiting ? hurried : steady);
        if (open && !dp->was_open)
                look_around(dp);
        if (open && (dp->waiting || !dp->was_open))
                dp->changed(dp->arg);
        dp->was_open = open;
        arm(dp);
}

static int port_cmp(const void *a, const void *b)
{
        uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
        return (x > y) - (x < y);
}

static void passed(struct dataplane *dp, size_t at)
{
        dp->ready = xreallocarray(dp->ready, dp->n_ready + 1, sizeof(*dp->ready));
        dp->ready[dp->n_ready++] = dp->ports[at];
        qsort(dp->ready, dp->n_ready, sizeof(*dp->ready), port_cmp);
        memmove(&dp->ports[at], &dp->ports[at + 1], (dp->n_ports - at - 1) * sizeof(*dp->ports));
        dp->n_ports--;
        dp->changed(dp->arg);
}

/* The set may have changed since the port was asked. */
static void on_check(struct dataplane *dp, enum probe_result result)
{
        size_t at = 0;
        while (at < dp->n_ports && dp->ports[at] != dp->asked)
                at++;
        if (at < dp->n_ports && result == PROBE_OK)
                passed(dp, at);
        else
                dp->turn++;
        bool round = dp->turn >= dp->n_ports * dp->n_here;
        dp->next_check = round ? mono_add(mono_now(), hurried) : mono_now();
        arm(dp);
}

/* ---- what is asked of it ---- */

struct dataplane *dataplane_new(struct loop *loop, loop_fn *changed, void *arg)
{
        struct dataplane *dp = xcalloc(1, sizeof(*dp));
        *dp = (struct dataplane){.loop = loop, .changed = changed, .arg = arg, .gate.off = true, .was_open = true};
        dp->health = (struct probe){.owner = dp, .result = on_health};
        dp->check = (struct probe){.owner = dp, .result = on_check};
        dp->timer = loop_timer_new(loop, work, dp);
        dataplane_here(dp, NULL, 0);
        return dp;
}

static struct ip loopback(void)
{
        struct ip ip;
        ip_parse("127.0.0.1", &ip);
        return ip;
}

void dataplane_here(struct dataplane *dp, const struct ip *v, size_t n)
{
        dp->n_here = 0;
        for (size_t i = 0; i < n && dp->n_here < HERE_MAX - 1; i++)
                dp->here[dp->n_here++] = v[i];
        dp->here[dp->n_here++] = loopback();
}

void dataplane_free(struct dataplane *dp)
{
        if (!dp)
                return;
        drop_connection(&dp->health);
        drop_connection(&dp->check);
        loop_timer_free(dp->timer);
        free(dp->ports);
        free(dp->ready);
        free(dp);
}

void dataplane_configure(struct dataplane *dp, const struct settings *settings, bool standalone)
{
        struct ip ip = ip_is_unspecified(settings->healthz_ip) ? loopback() : settings->healthz_ip;
        uint16_t port = settings->healthz_port ? settings->healthz_port : DEFAULT_PORT;
        bool off = settings->data_plane_off || (standalone && !settings->healthz_port);
        if (off == dp->gate.off && (off || (ip_eq(ip, dp->ip) && port == dp->port)))
                return;
        drop_connection(&dp->health);
        dp->gate = (struct gate){.off = off};
        dp->ip = ip;
        dp->port = port;
        dp->was_open = off;
        dp->next_health = dp->next_check = mono_now();
        arm(dp);
}

bool dataplane_open(const struct dataplane *dp, struct mono now)
{
        return gate_open(&dp->gate, now);
}

bool dataplane_absent(const struct dataplane *dp)
{
        return dp->gate.absent;
}

static bool is_among(uint16_t port, const uint16_t *ports, size_t n)
{
        return n > 0 && bsearch(&port, ports, n, sizeof(*ports), port_cmp);
}

void dataplane_wait(struct dataplane *dp, bool waiting, const uint16_t *ports, size_t n)
{
        size_t kept = 0;
        bool begins = waiting && !dp->waiting;
        dp->waiting = waiting;
        for (size_t i = 0; i < dp->n_ready; i++)
                if (is_among(dp->ready[i], ports, n))
                        dp->ready[kept++] = dp->ready[i];
        dp->n_ready = kept;
        dp->ports = xreallocarray(dp->ports, n + 1, sizeof(*dp->ports));
        dp->n_ports = 0;
        for (size_t i = 0; i < n; i++)
                if (!is_among(ports[i], dp->ready, dp->n_ready))
                        dp->ports[dp->n_ports++] = ports[i];
        if (begins && !gate_open(&dp->gate, mono_now()))
                dp->next_health = mono_now();
        arm(dp);
}

const uint16_t *dataplane_ports(const struct dataplane *dp, size_t *n)
{
        *n = dp->n_ready;
        return dp->ready;
}
