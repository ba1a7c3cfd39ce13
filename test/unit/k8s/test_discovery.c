/* Two kinds of one group and one of another are missing; a server installs them one by one. */
#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/discovery.h"
#include "k8s/transport.h"
#include "k8s/watch.h"
#include "test/unit/base/suite.h"
#include <signal.h>

static struct loop *loop;
static struct discovery *discovery;
static struct watch *pools, *peers, *old;
static int asked_ours, asked_metallb, listed;
static bool installed;

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        (void)arg;
        if (strcmp(r->path, "/apis/heraldlb.io/v1alpha1") == 0) {
                asked_ours++;
                installed = asked_ours > 1;
                fake_reply(c, installed ? 200 : 404, "",
                           installed ? "{\"resources\":[{\"name\":\"bgppeers\"},{\"name\":7}]}" : "{}");
        } else if (strcmp(r->path, "/apis/metallb.io/v1beta1") == 0) {
                asked_metallb++;
                fake_reply(c, 200, "", "this is no JSON");
        } else if (installed && strstr(r->path, "bgppeers")) {
                listed++;
                fake_reply(c, 200, "", "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}");
        } else {
                fake_reply(c, 404, "", "{}");
        }
}

static void ignore(void *arg)
{
        (void)arg;
}

static void ignore_item(void *arg, struct json_object *object)
{
        (void)arg, (void)object;
}

static void on_state(void *arg, enum watch_state state, const char *sentence)
{
        struct watch **watch = arg;
        (void)sentence;
        if (state == WATCH_LIVE)
                loop_stop(loop);
        if (watch_is_missing(*watch))
                discovery_seek(discovery, *watch, watch == &old ? "metallb.io/v1beta1" : "heraldlb.io/v1alpha1",
                               watch == &pools ? "ipaddresspools" : "bgppeers");
}

static struct watch *follow(struct transport *t, const char *path, struct watch **where)
{
        static const struct watch_handler handler = {ignore, ignore_item, ignore_item, ignore, on_state};
        return watch_new(t, &(struct watch_spec){.path = path, .api_version = "x/v1", .kind = "X"}, &handler, where);
}

START_TEST(a_kind_that_is_installed_is_picked_up)
{
        struct fake_server server;
        struct auth auth = {0};
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        loop = loop_new("test");
        fake_start(&server, loop, serve, NULL);
        auth.server = xprintf("http://127.0.0.1:%d", server.port);
        struct transport *transport = transport_new(loop, &auth, &error);
        discovery = discovery_new(transport);
        pools = follow(transport, "/apis/heraldlb.io/v1alpha1/ipaddresspools", &pools);
        peers = follow(transport, "/apis/heraldlb.io/v1alpha1/bgppeers", &peers);
        old = follow(transport, "/apis/metallb.io/v1beta1/bgppeers", &old);
        loop_run(loop);
        ck_assert_int_eq(asked_ours, 2);
        ck_assert_int_ge(asked_metallb, 1);
        ck_assert_int_eq(listed, 1);
        ck_assert(!watch_is_missing(peers) && watch_is_missing(pools) && watch_is_missing(old));
        discovery_forget(discovery, pools);
        discovery_free(discovery);
        watch_free(pools);
        watch_free(peers);
        watch_free(old);
        transport_free(transport);
        fake_stop(&server);
        loop_free(loop);
        free(auth.server);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {a_kind_that_is_installed_is_picked_up};
        return run_tests("discovery", tests, sizeof(tests) / sizeof(tests[0]));
}
