/* Against HTTP servers in the same loop: one plays kube-proxy's healthz, two play health checks of Services. */
#include "dataplane/dataplane.h"
#include "test/unit/base/suite.h"
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

struct server {
        struct evhttp *http;
        uint16_t port;
        int code, asked;
};

static struct loop *loop;
static struct dataplane *dp;
static bool (*until)(void);

static void on_request(struct evhttp_request *req, void *arg)
{
        struct server *server = arg;
        server->asked++;
        ck_assert_str_eq(evhttp_request_get_uri(req), "/healthz");
        evhttp_send_reply(req, server->code, NULL, NULL);
}

static void serve_at(struct server *server, const char *address, int code)
{
        struct evhttp_bound_socket *socket;
        *server = (struct server){.http = evhttp_new(loop_base(loop)), .code = code};
        socket = evhttp_bind_socket_with_handle(server->http, address, 0);
        ck_assert_ptr_nonnull(socket);
        struct sockaddr_storage addr;
        socklen_t len = sizeof(addr);
        ck_assert_int_eq(getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&addr, &len), 0);
        uint8_t port[2];
        memcpy(port, (const char *)&addr + 2, 2); /* sin_port */
        server->port = (uint16_t)(port[0] << 8 | port[1]);
        evhttp_set_gencb(server->http, on_request, server);
}

static void serve(struct server *server, int code)
{
        serve_at(server, "127.0.0.1", code);
}

static void on_changed(void *arg)
{
        ++*(int *)arg;
        if (until())
                loop_stop(loop);
}

static void on_poll(void *arg)
{
        struct loop_timer **timer = arg;
        if (until())
                loop_stop(loop);
        else
                loop_timer_at(*timer, mono_add(mono_now(), 5 * MSEC));
}

static void wait_until(bool (*condition)(void))
{
        struct loop_timer *timer = NULL;
        until = condition;
        timer = loop_timer_new(loop, on_poll, &timer);
        loop_timer_at(timer, mono_now());
        loop_run(loop);
        loop_timer_free(timer);
}

static struct server health, good, bad;

static bool is_open(void)
{
        return dataplane_open(dp, mono_now());
}

static bool asked_thrice(void)
{
        return health.asked >= 3;
}

static bool one_port_passed(void)
{
        size_t n;
        const uint16_t *ports = dataplane_ports(dp, &n);
        return n == 1 && ports[0] == good.port && bad.asked > 2;
}

static bool the_port_passed(void)
{
        size_t n;
        dataplane_ports(dp, &n);
        return n == 1;
}

static bool both_ports_passed(void)
{
        size_t n;
        dataplane_ports(dp, &n);
        return n == 2;
}

START_TEST(it_asks_until_all_is_well)
{
        int changes = 0;
        loop = loop_new("test");
        serve(&health, 503);
        serve(&good, 200);
        serve(&bad, 503);
        dp = dataplane_new(loop, on_changed, &changes);
        struct settings settings = {.healthz_port = health.port};
        ck_assert(dataplane_open(dp, mono_now())); /* nobody said that it should ask */
        dataplane_configure(dp, &settings, false);
        dataplane_wait(dp, true, NULL, 0);
        wait_until(asked_thrice);
        ck_assert(!is_open());
        ck_assert_int_eq(changes, 0);
        health.code = 200;
        wait_until(is_open);
        ck_assert_int_eq(changes, 1);
        uint16_t ports[2] = {good.port < bad.port ? good.port : bad.port,
                             good.port < bad.port ? bad.port : good.port};
        dataplane_wait(dp, true, ports, 2);
        wait_until(one_port_passed);
        bad.code = 200;
        wait_until(both_ports_passed);
        dataplane_wait(dp, false, NULL, 0);
        size_t n;
        dataplane_ports(dp, &n);
        ck_assert_uint_eq(n, 0);
        dataplane_free(dp);
        evhttp_free(health.http);
        evhttp_free(good.http);
        evhttp_free(bad.http);
        loop_free(loop);
}
END_TEST

/* As kube-proxy does in nftables mode: what is on loopback is not what is on the node's address. */
START_TEST(checks_are_asked_at_the_addresses_of_the_node)
{
        int changes = 0;
        struct ip here[2];
        loop = loop_new("test");
        serve_at(&good, "127.0.0.2", 200);
        dp = dataplane_new(loop, on_changed, &changes);
        ip_parse("127.0.0.3", &here[0]); /* nobody there, */
        ip_parse("127.0.0.2", &here[1]);
        dataplane_here(dp, here, 2);
        dataplane_configure(dp, &(struct settings){.data_plane_off = true}, false);
        dataplane_wait(dp, true, &good.port, 1);
        wait_until(the_port_passed);
        ck_assert_int_eq(changes, 1);
        dataplane_free(dp);
        evhttp_free(good.http);
        loop_free(loop);
}
END_TEST

START_TEST(its_healthz_may_be_elsewhere)
{
        int changes = 0;
        loop = loop_new("test");
        serve_at(&health, "127.0.0.2", 200);
        dp = dataplane_new(loop, on_changed, &changes);
        struct settings settings = {.healthz_port = health.port};
        ip_parse("127.0.0.2", &settings.healthz_ip);
        dataplane_configure(dp, &settings, false);
        ck_assert(!is_open());
        dataplane_wait(dp, true, NULL, 0);
        wait_until(is_open);
        dataplane_free(dp);
        evhttp_free(health.http);
        loop_free(loop);
}
END_TEST

START_TEST(settings_turn_it_off)
{
        int changes = 0;
        loop = loop_new("test");
        dp = dataplane_new(loop, on_changed, &changes);
        struct settings settings = {0}, off = {.data_plane_off = true};
        dataplane_configure(dp, &settings, true); /* standalone: nobody is asked unasked */
        ck_assert(is_open());
        dataplane_configure(dp, &settings, false);
        ck_assert(!is_open());
        dataplane_configure(dp, &off, false);
        ck_assert(is_open());
        dataplane_free(dp);
        loop_free(loop);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {it_asks_until_all_is_well, checks_are_asked_at_the_addresses_of_the_node,
                                      its_healthz_may_be_elsewhere, settings_turn_it_off};
        return run_tests("dataplane", tests, sizeof(tests) / sizeof(tests[0]));
}
