#include "state.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "json/json.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 1 << 20 };

struct state {
        int dir, addresses;  /* directory fds */
        struct arena *arena; /* of the peers */
        struct want **wants;
        size_t n_wants;
        struct bgp_peer *peers;
        size_t n_peers;
        struct log_limit limit;
};

/* files */

static bool write_file(int dir, const char *name, const char *text)
{
        char temp[128];
        size_t len = strlen(text);
        int fd;
        bool ok;

        snprintf(temp, sizeof(temp), ".%s", name);
        fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                return false;
        ok = write(fd, text, len) == (ssize_t)len;
        close(fd);
        return ok && renameat(dir, temp, dir, name) == 0;
}

static void complain(struct state *state, const char *name)
{
        uint32_t suppressed;

        if (log_allow(&state->limit, mono_now().ns, 1, 60 * SEC, &suppressed))
                log_warn("state", "cannot keep %s in the state directory: %s", name, strerror(errno));
}

/* to JSON */

static void add(struct json_object *to, const char *key, const char *text)
{
        json_object_object_add(to, key, json_object_new_string(text));
}

static struct json_object *attrs_json(const struct attrs *attrs, struct json_object *o)
{
        struct json_object *communities = json_object_new_array();

        if (attrs->has_local_pref)
                json_object_object_add(o, "localPref", json_object_new_int64(attrs->local_pref));
        for (size_t i = 0; i < attrs->n_communities; i++) {
                const struct community *c = &attrs->communities[i];
                struct json_object *numbers = json_object_new_array();

                json_object_array_add(numbers, json_object_new_int64(c->a));
                json_object_array_add(numbers, json_object_new_int64(c->b));
                if (c->is_large)
                        json_object_array_add(numbers, json_object_new_int64(c->c));
                json_object_array_add(communities, numbers);
        }
        json_object_object_add(o, "communities", communities);
        return o;
}

static struct json_object *want_json(const struct want *want)
{
        struct json_object *o = json_object_new_object(), *l2 = json_object_new_object();
        struct json_object *uids = json_object_new_array(), *interfaces = json_object_new_array();
        struct json_object *routes = json_object_new_array();
        char ip[IP_STRLEN], prefix[PREFIX_STRLEN];

        add(o, "ip", ip_str(want->ip, ip));
        for (size_t i = 0; i < want->n_uids; i++)
                json_object_array_add(uids, json_object_new_string(want->uids[i]));
        json_object_object_add(o, "uids", uids);
        for (size_t i = 0; i < want->l2.n_interfaces; i++)
                json_object_array_add(interfaces, json_object_new_string(want->l2.interfaces[i]));
        json_object_object_add(l2, "rank", json_object_new_int64(want->l2.candidate ? want->l2.rank : 0));
        json_object_object_add(l2, "interfaces", interfaces);
        json_object_object_add(o, "l2", l2);
        for (size_t i = 0; i < want->n_routes; i++) {
                struct json_object *route = json_object_new_object();

                add(route, "prefix", prefix_str(want->routes[i].prefix, prefix));
                add(route, "peer", want->routes[i].peer);
                json_object_array_add(routes, attrs_json(&want->routes[i].attrs, route));
        }
        json_object_object_add(o, "routes", routes);
        return o;
}

static void put_json(struct state *state, int dir, const char *name, struct json_object *o)
{
        if (!write_file(dir, name, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN)))
                complain(state, name);
        json_object_put(o);
}

void state_put(struct state *state, const struct want *want)
{
        char name[IP_STRLEN];

        put_json(state, state->addresses, ip_str(want->ip, name), want_json(want));
}

void state_drop(struct state *state, struct ip ip)
{
        char name[IP_STRLEN];

        if (unlinkat(state->addresses, ip_str(ip, name), 0) < 0 && errno != ENOENT)
                complain(state, name);
}

void state_put_peers(struct state *state, const struct bgp_peer *v, size_t n)
{
        struct json_object *list = json_object_new_array();
        char ip[IP_STRLEN];

        for (size_t i = 0; i < n; i++) {
                struct json_object *o = json_object_new_object();

                add(o, "name", v[i].ref.name);
                add(o, "address", ip_str(v[i].address, ip));
                if (!ip_is_unspecified(v[i].source))
                        add(o, "source", ip_str(v[i].source, ip));
                json_object_object_add(o, "myASN", json_object_new_int64(v[i].my_asn));
                json_object_object_add(o, "peerASN", json_object_new_int64(v[i].peer_asn));
                json_object_object_add(o, "port", json_object_new_int(v[i].port));
                json_object_object_add(o, "holdTime", json_object_new_int(v[i].hold_time_s));
                json_object_object_add(o, "keepaliveTime", json_object_new_int(v[i].keepalive_time_s));
                json_object_object_add(o, "connectTime", json_object_new_int(v[i].connect_time_s));
                json_object_object_add(o, "routerID", json_object_new_int64(v[i].router_id));
                json_object_object_add(o, "multihop", json_object_new_boolean(v[i].multihop));
                json_object_object_add(o, "password", json_object_new_boolean(v[i].has_password));
                json_object_array_add(list, o);
        }
        put_json(state, state->dir, "peers", list);
}

/* from JSON: a value of a wrong type or out of range reads as missing */

static int64_t number_at(struct json_object *o, const char *key, int64_t max)
{
        int64_t n = json_int_at(o, key);

        return n < 0 || n > max ? 0 : n;
}

static const char **strings_at(struct arena *arena, struct json_object *o, const char *key, size_t *n)
{
        struct json_object *list = json_array_at(o, key);
        size_t len = json_count(list);
        const char **v = arena_array(arena, len, sizeof(*v));

        *n = 0;
        for (size_t i = 0; i < len; i++) {
                const char *text = json_string(json_item(list, i));

                if (text)
                        v[(*n)++] = arena_strdup(arena, text);
        }
        return v;
}

static void read_communities(struct arena *arena, struct json_object *o, struct attrs *attrs)
{
        struct json_object *list = json_array_at(o, "communities");
        size_t len = json_count(list);

        attrs->communities = arena_array(arena, len, sizeof(*attrs->communities));
        for (size_t i = 0; i < len; i++) {
                struct json_object *item = json_item(list, i);
                size_t numbers = json_count(item);
                uint32_t v[3] = {0};

                if (numbers != 2 && numbers != 3)
                        continue;
                for (size_t j = 0; j < numbers; j++)
                        v[j] = (uint32_t)json_object_get_int64(json_item(item, j));
                attrs->communities[attrs->n_communities++] =
                        (struct community){.is_large = numbers == 3, .a = v[0], .b = v[1], .c = v[2]};
        }
}

static void read_routes(struct want *want, struct json_object *o)
{
        struct json_object *list = json_array_at(o, "routes");
        size_t len = json_count(list);

        want->routes = arena_array(want->arena, len, sizeof(*want->routes));
        for (size_t i = 0; i < len; i++) {
                struct json_object *item = json_item(list, i);
                struct route *route = &want->routes[want->n_routes];
                const char *prefix = json_string_at(item, "prefix"), *peer = json_string_at(item, "peer");

                if (!prefix || !peer || !prefix_parse(prefix, &route->prefix))
                        continue;
                route->peer = arena_strdup(want->arena, peer);
                route->attrs.has_local_pref = json_at(item, "localPref") != NULL;
                route->attrs.local_pref = (uint32_t)number_at(item, "localPref", UINT32_MAX);
                read_communities(want->arena, item, &route->attrs);
                want->n_routes++;
        }
}

static struct want *read_want(struct json_object *o, const char *name)
{
        const char *text = json_string_at(o, "ip");
        struct json_object *l2 = json_object_at(o, "l2");
        struct want *want, *packed;
        struct ip ip;

        if (!text || strcmp(text, name) != 0 || !ip_parse(text, &ip))
                return NULL;
        want = want_new(ip);
        want->uids = strings_at(want->arena, o, "uids", &want->n_uids);
        if (l2) {
                want->l2.rank = (uint32_t)number_at(l2, "rank", UINT32_MAX);
                want->l2.candidate = want->l2.rank > 0;
                want->l2.interfaces = strings_at(want->arena, l2, "interfaces", &want->l2.n_interfaces);
        }
        read_routes(want, o);
        packed = want_copy(want);
        want_free(want);
        return packed;
}

static bool read_peer(struct arena *arena, struct json_object *o, struct bgp_peer *peer)
{
        const char *name = json_string_at(o, "name"), *address = json_string_at(o, "address"),
                   *source = json_string_at(o, "source");
        *peer = (struct bgp_peer){
                .ref = {.kind = KIND_BGPPEER, .group = "", .namespace = "", .uid = "", .rv = ""}};
        if (!name || !address || !ip_parse(address, &peer->address))
                return false;
        if (source && !ip_parse(source, &peer->source))
                return false;
        peer->ref.name = arena_strdup(arena, name);
        peer->my_asn = (uint32_t)number_at(o, "myASN", UINT32_MAX);
        peer->peer_asn = (uint32_t)number_at(o, "peerASN", UINT32_MAX);
        peer->port = (uint16_t)number_at(o, "port", UINT16_MAX);
        peer->hold_time_s = (uint16_t)number_at(o, "holdTime", UINT16_MAX);
        peer->keepalive_time_s = (uint16_t)number_at(o, "keepaliveTime", UINT16_MAX);
        peer->connect_time_s = (uint16_t)number_at(o, "connectTime", UINT16_MAX);
        peer->router_id = (uint32_t)number_at(o, "routerID", UINT32_MAX);
        json_bool_at(o, "multihop", &peer->multihop);
        json_bool_at(o, "password", &peer->has_password); /* which one, configuration and Secret tell again */
        return peer->my_asn && peer->peer_asn && peer->port;
}

static struct json_object *parse_file(int dir, const char *name)
{
        const char *why;
        char *text = file_read(dir, name, MAX_FILE, NULL, &why);
        struct json_object *o = text ? json_tokener_parse(text) : NULL;

        free(text);
        return o;
}

static void read_peers(struct state *state)
{
        struct json_object *list = parse_file(state->dir, "peers");
        size_t len = json_count(list);

        state->peers = arena_array(state->arena, len, sizeof(*state->peers));
        for (size_t i = 0; i < len; i++)
                if (read_peer(state->arena, json_item(list, i), &state->peers[state->n_peers]))
                        state->n_peers++;
        json_object_put(list);
}

/* Reads every address, or removes it when it is of another boot or unreadable. */
static void read_addresses(struct state *state, bool same_boot)
{
        DIR *dir = fdopendir(dup(state->addresses));
        struct dirent *entry;

        if (!dir)
                return;
        while ((entry = readdir(dir))) {
                struct json_object *o;
                struct want *want = NULL;

                if (entry->d_type == DT_DIR)
                        continue;
                if (same_boot && entry->d_name[0] != '.') {
                        o = parse_file(state->addresses, entry->d_name);
                        want = read_want(o, entry->d_name);
                        json_object_put(o);
                        if (!want)
                                log_warn("state", "the state of %s cannot be read; it is forgotten",
                                         entry->d_name);
                }
                if (!want) {
                        unlinkat(state->addresses, entry->d_name, 0);
                        continue;
                }
                state->wants = xreallocarray(state->wants, state->n_wants + 1, sizeof(*state->wants));
                state->wants[state->n_wants++] = want;
        }
        closedir(dir);
}

static int open_dir(int at, const char *name)
{
        if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
                return -1;
        return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct state *state_open(const char *dir, char **why)
{
        struct state *state = xcalloc(1, sizeof(*state));
        const char *unread;
        char *boot = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", MAX_FILE, NULL, &unread), *kept;
        bool same_boot;

        state->arena = arena_new();
        state->dir = open_dir(AT_FDCWD, dir);
        state->addresses = state->dir < 0 ? -1 : open_dir(state->dir, "addresses");
        kept = state->addresses < 0 ? NULL : file_read(state->dir, "boot", MAX_FILE, NULL, &unread);
        same_boot = kept && boot && strcmp(kept, boot) == 0;
        free(kept);
        if (state->addresses >= 0)
                read_addresses(state, same_boot); /* what another boot left goes first: it may fill the directory */
        if (state->addresses < 0 || faccessat(state->dir, ".", W_OK, 0) < 0 ||
            (!same_boot && !write_file(state->dir, "boot", boot ? boot : ""))) {
                *why = xprintf("the state directory %s cannot be written: %s; make it, or name another by "
                               "--state-dir",
                               dir, strerror(errno));
                free(boot);
                state_close(state);
                return NULL;
        }
        free(boot);
        if (same_boot)
                read_peers(state);
        return state;
}

void state_close(struct state *state)
{
        if (state->addresses >= 0)
                close(state->addresses);
        if (state->dir >= 0)
                close(state->dir);
        for (struct want *want = state_take_want(state); want; want = state_take_want(state))
                want_free(want);
        arena_free(state->arena);
        free(state);
}

struct want *state_take_want(struct state *state)
{
        if (state->n_wants > 0)
                return state->wants[--state->n_wants];
        free(state->wants);
        state->wants = NULL;
        return NULL;
}

const struct bgp_peer *state_peers(const struct state *state, size_t *n)
{
        *n = state->n_peers;
        return state->peers;
}
