#include "report/nodestate.h"
#include "base/arena.h"
#include "json/json.h"
#include "test/unit/base/suite.h"
#include <string.h>

static struct ip ip(const char *text)
{
        struct ip out;
        ck_assert(ip_parse(text, &out));
        return out;
}

static const struct node_peer peers[] = {
        {.name = "r1", .since = 3000000, .established = true, .prefixes_sent = 7, .last_error = ""},
        {.name = "r2", .since = 4000000, .last_error = "cannot connect: no\nanswer"},
};
static const struct verdict wrong = {.ref = {.group = "metallb.io", .namespace = "metallb-system", .name = "bad"},
                                     .kind = "IPAddressPool",
                                     .reason = REASON_INVALID_VALUE,
                                     .message = "spec.addresses[0]: is nothing"};
static const struct verdict *const verdicts[] = {&wrong};

static struct node_state sample(void)
{
        return (struct node_state){.node = "n1",
                                   .uid = "uid-1",
                                   .version = "0.1.0",
                                   .boot_id = "boot",
                                   .api_server = "https://localhost:7445",
                                   .started = 1000000,
                                   .synced_since = 2000000,
                                   .ready_since = 2500000,
                                   .synced = true,
                                   .leader = true,
                                   .missing = "",
                                   .peers = peers,
                                   .n_peers = 2,
                                   .verdicts = verdicts,
                                   .n_verdicts = 1,
                                   .announced_bgp = 7,
                                   .announced_l2 = 2};
}

static struct json_object *object_of(const struct node_state *state, bool counted, int64_t reported)
{
        char *text = node_state_text(state, counted, reported);
        struct json_object *root = json_tokener_parse(text);
        ck_assert_ptr_nonnull(root);
        free(text);
        return root;
}

static void is(struct json_object *o, const char *key, const char *want)
{
        ck_assert_str_eq(json_string_at(o, key), want);
}

START_TEST(all_of_it)
{
        struct node_address owned[] = {{ip("192.0.2.1"), "eth0"}};
        struct node_interface interfaces[] = {{.name = "eth0",
                                               .index = 2,
                                               .mac = {2, 0, 0, 0, 0, 0xab},
                                               .up = true,
                                               .addresses = {ip("10.0.0.1"), ip("fd00::1")},
                                               .n_addresses = 2}};
        struct node_state state = sample();
        state.addresses = owned;
        state.n_addresses = 1;
        state.interfaces = interfaces;
        state.n_interfaces = 1;
        struct json_object *root = object_of(&state, true, 9000000), *meta = json_object_at(root, "metadata"),
                           *status = json_object_at(root, "status");
        is(root, "apiVersion", "heraldlb.io/v1alpha1");
        is(root, "kind", "NodeState");
        is(meta, "name", "n1");
        struct json_object *owner = json_item(json_array_at(meta, "ownerReferences"), 0);
        is(owner, "kind", "Node");
        is(owner, "name", "n1");
        is(owner, "uid", "uid-1");
        is(status, "startedAt", "1970-01-01T00:00:01Z");
        is(status, "reportedAt", "1970-01-01T00:00:09Z");
        is(status, "sessions", "1/2");
        struct json_object *peer = json_item(json_array_at(status, "peers"), 1);
        is(peer, "state", "Down");
        is(peer, "since", "1970-01-01T00:00:04Z");
        is(peer, "lastError", "cannot connect: no answer");
        peer = json_item(json_array_at(status, "peers"), 0);
        is(peer, "state", "Established");
        ck_assert_int_eq(json_int_at(peer, "prefixesSent"), 7);
        ck_assert_ptr_null(json_at(peer, "lastError"));
        struct json_object *layer2 = json_object_at(status, "layer2");
        ck_assert_int_eq(json_int_at(layer2, "total"), 1);
        is(json_item(json_array_at(layer2, "addresses"), 0), "address", "192.0.2.1");
        struct json_object *interface = json_item(json_array_at(status, "interfaces"), 0);
        is(interface, "mac", "02:00:00:00:00:ab");
        ck_assert_str_eq(json_string(json_item(json_array_at(interface, "addresses"), 1)), "fd00::1");
        struct json_object *error = json_item(json_array_at(status, "configErrors"), 0);
        is(error, "group", "metallb.io");
        is(error, "reason", "InvalidValue");
        is(error, "message", "spec.addresses[0]: is nothing");
        struct json_object *ready = json_item(json_array_at(status, "conditions"), 0);
        is(ready, "type", "Ready");
        is(ready, "status", "True");
        is(ready, "lastTransitionTime", "1970-01-01T00:00:02Z");
        ck_assert_ptr_null(json_at(status, "foreignController"));
        json_object_put(root);
}
END_TEST

START_TEST(conditions)
{
        struct node_state state = sample();
        state.synced = false;
        state.missing = "Node: is being listed\nService: the server answered 403\n";
        struct json_object *root = object_of(&state, true, 0);
        struct json_object *list = json_array_at(json_object_at(root, "status"), "conditions");
        for (size_t i = 0; i < 2; i++) {
                is(json_item(list, i), "status", "False");
                is(json_item(list, i), "reason", "NotSynced");
                is(json_item(list, i), "message", "Node: is being listed Service: the server answered 403 ");
        }
        json_object_put(root);
        state = sample();
        state.foreign = true;
        root = object_of(&state, true, 0);
        list = json_array_at(json_object_at(root, "status"), "conditions");
        is(json_item(list, 0), "reason", "ForeignController");
        is(json_item(list, 1), "status", "True");
        ck_assert_ptr_nonnull(json_at(json_object_at(root, "status"), "foreignController"));
        json_object_put(root);
}
END_TEST

START_TEST(counts_can_be_left_out)
{
        struct node_peer busy[2] = {peers[0], peers[1]};
        struct node_state state = sample(), other = sample();
        busy[0].prefixes_sent = 8;
        other.peers = busy;
        other.announced_bgp = other.announced_l2 = 99;
        char *a = node_state_text(&state, false, 0), *b = node_state_text(&other, false, 0);
        ck_assert_str_eq(a, b);
        free(a);
        free(b);
        a = node_state_text(&state, true, 0);
        b = node_state_text(&other, true, 0);
        ck_assert_str_ne(a, b);
        free(a);
        free(b);
}
END_TEST

/* Whatever a node has, the object stays far below what etcd takes. */
START_TEST(it_is_bounded)
{
        enum { MANY = 2000 };
        static char longest[2000];
        memset(longest, 'x', sizeof(longest) - 1);
        struct arena *arena = arena_new();
        struct node_peer *p = arena_array(arena, MANY, sizeof(*p));
        struct node_address *a = arena_array(arena, MANY, sizeof(*a));
        struct node_interface *n = arena_array(arena, MANY, sizeof(*n));
        const struct verdict **v = arena_array(arena, MANY, sizeof(*v));
        struct verdict long_one = wrong;
        long_one.message = longest;
        for (size_t i = 0; i < MANY; i++) {
                p[i] = (struct node_peer){.name = "r", .last_error = longest};
                a[i] = (struct node_address){ip("2001:db8:1111:2222:3333:4444:5555:6666"), "interface-number"};
                n[i] = (struct node_interface){.name = "\xff\xff", .n_addresses = 100};
                v[i] = &long_one;
        }
        struct node_state state = sample();
        state.peers = p;
        state.addresses = a;
        state.interfaces = n;
        state.verdicts = v;
        state.n_peers = state.n_addresses = state.n_interfaces = state.n_verdicts = MANY;
        char *text = node_state_text(&state, true, 0);
        ck_assert_uint_lt(strlen(text), 150000);
        free(text);
        struct json_object *root = object_of(&state, true, 0), *status = json_object_at(root, "status");
        ck_assert_uint_eq(json_count(json_array_at(status, "peers")), NODESTATE_PEERS);
        is(status, "sessions", "0/2000");
        ck_assert_uint_eq(json_count(json_array_at(json_object_at(status, "layer2"), "addresses")),
                          NODESTATE_ADDRESSES);
        ck_assert_int_eq(json_int_at(json_object_at(status, "layer2"), "total"), MANY);
        ck_assert_uint_eq(json_count(json_array_at(status, "interfaces")), NODESTATE_INTERFACES);
        is(json_item(json_array_at(status, "interfaces"), 0), "name", "??");
        ck_assert_int_eq(json_int_at(status, "interfacesTotal"), MANY);
        ck_assert_uint_eq(json_count(json_array_at(status, "configErrors")), NODESTATE_ERRORS);
        ck_assert_int_eq(json_int_at(status, "configErrorsTotal"), MANY);
        json_object_put(root);
        arena_free(arena);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {all_of_it, conditions, counts_can_be_left_out, it_is_bounded};
        return run_tests("nodestate", tests, sizeof(tests) / sizeof(tests[0]));
}
