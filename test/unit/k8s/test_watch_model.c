/*
 * The state machine of a watch against a model of the API server that keeps the truth, in random weather: objects
 * come, change, go and are made again under the same name; requests fail in every way that reference tables name;
 * history is compacted. Whenever the weather clears, the client must have what the server has, and it must never have
 * been told of a change that was none.
 */
#include "k8s/watch_fsm.h"
#include "test/unit/base/suite.h"
#include <stdio.h>
#include <string.h>

enum { NAMES = 6, HISTORY = 4096, PAGE = 2, STEPS = 100000, PER_SEED = 200 };

struct object {
        bool there;
        unsigned uid, rv;
};

struct event {
        char type; /* A, M or D */
        int name;
        struct object object;
};

struct server {
        struct object v[NAMES];
        struct event history[HISTORY]; /* by rv */
        unsigned rv, oldest, uids;
        bool streams; /* it has WatchList */
};

struct client {
        struct object v[NAMES];
        unsigned round[NAMES], at;
        bool begun;
        int needless; /* events for what did not change */
};

static struct server server;
static struct client client;
static struct watch_fsm fsm;
static struct watch_step step;
static uint64_t random_state;

static unsigned roll(unsigned n)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (unsigned)(random_state >> 33) % n;
}

/* ---- the server ---- */

static void record(char type, int name)
{
        server.v[name].rv = ++server.rv;
        server.history[server.rv % HISTORY] = (struct event){type, name, server.v[name]};
        if (server.rv - server.oldest >= HISTORY)
                server.oldest = server.rv - HISTORY + 1;
}

static void change_something(void)
{
        int name = (int)roll(NAMES);
        struct object *o = &server.v[name];
        if (!o->there) {
                *o = (struct object){true, ++server.uids, 0};
                record('A', name);
        } else if (roll(3) == 0) {
                record('D', name);
                o->there = false;
                if (roll(2) == 0) { /* made again at once: another uid */
                        *o = (struct object){true, ++server.uids, 0};
                        record('A', name);
                }
        } else {
                record('M', name);
        }
        if (roll(40) == 0)
                server.oldest = server.rv; /* compacted */
}

/* ---- the client, as a follower of the watch does it ---- */

static void take(int name, struct object o)
{
        struct object *have = &client.v[name];
        if (have->there && have->uid == o.uid && have->rv == o.rv && !client.begun)
                client.needless++;
        if (!have->there || have->uid != o.uid || have->rv <= o.rv || client.begun)
                *have = o;
        client.round[name] = client.at;
}

static void begin(void)
{
        client.begun = true;
        client.at++;
}

static void end(void)
{
        client.begun = false;
        for (int i = 0; i < NAMES; i++)
                if (client.round[i] != client.at)
                        client.v[i].there = false;
}

/* ---- requests ---- */

static const char *text(unsigned rv)
{
        static char buf[16];
        snprintf(buf, sizeof(buf), "%u", rv);
        return buf;
}

static struct watch_end trouble(void)
{
        static const int codes[] = {0, 0, 401, 403, 404, 429, 500, 503, 504, 400};
        int status = codes[roll(sizeof(codes) / sizeof(codes[0]))];
        return (struct watch_end){.status = status, .retry_after_s = status == 429 ? 1 : -1};
}

/* Pages of one snapshot, as etcd gives them; a page may expire, break, or be nonsense. */
static unsigned snapshot_rv;
static struct object snapshot[NAMES];

static void list(bool calm)
{
        int from = fsm.next ? fsm.next[0] - 'a' : 0, i = from, n = 0;
        struct watch_end ended = {.status = 200, .retry_after_s = -1, .whole = true};
        if (!calm && roll(4) == 0) {
                ended = roll(3) ? trouble() : (struct watch_end){.status = 410, .retry_after_s = -1};
                step = watch_fsm_listed(&fsm, &ended, NULL, NULL);
                return;
        }
        if (!fsm.next) {
                begin();
                memcpy(snapshot, server.v, sizeof(snapshot));
                snapshot_rv = server.rv;
        }
        for (; i < NAMES && (n < PAGE || fsm.unpaged); i++) {
                if (snapshot[i].there) {
                        take(i, snapshot[i]);
                        n++;
                }
                if (!calm && roll(30) == 0) { /* cut in the middle */
                        ended = (struct watch_end){.status = 200, .retry_after_s = -1, .garbage = roll(2)};
                        step = watch_fsm_listed(&fsm, &ended, NULL, NULL);
                        return;
                }
        }
        char next[2] = {(char)('a' + i), 0};
        step = watch_fsm_listed(&fsm, &ended, text(snapshot_rv), i < NAMES ? next : NULL);
        if (step.want == WANT_WATCH)
                end();
}

/* Hands over what came after fsm.rv. False: the server has forgotten. */
static bool replay(unsigned from, bool calm, int *events)
{
        if (from < server.oldest)
                return false;
        for (unsigned rv = from + 1; rv <= server.rv; rv++) {
                const struct event *e = &server.history[rv % HISTORY];
                if (!calm && roll(8) == 0)
                        return true; /* the stream breaks here */
                if (e->type != 'D')
                        take(e->name, e->object);
                else if (client.v[e->name].uid == e->object.uid)
                        client.v[e->name].there = false;
                watch_fsm_saw(&fsm, text(rv));
                ++*events;
        }
        if (roll(2)) {
                watch_fsm_saw(&fsm, text(server.rv)); /* a bookmark */
                ++*events;
        }
        return true;
}

static void end_watch(bool calm, int events, bool forgotten)
{
        struct watch_end ended = {.status = 200, .retry_after_s = -1, .events = events, .lived_ns = 40 * SEC};
        if (forgotten)
                ended.code = 410;
        else if (calm || roll(3))
                ended.whole = true;
        else if (roll(4) == 0)
                ended.stalled = true;
        else if (roll(3) == 0)
                ended.code = 500;
        else
                ended.garbage = roll(2);
        step = watch_fsm_watched(&fsm, &ended);
}

static void stream(bool calm)
{
        struct watch_end ended = {.status = 422, .retry_after_s = -1};
        int events = 0;
        if (!calm && roll(4) == 0)
                ended = trouble();
        if (!server.streams || ended.status != 422) {
                step = watch_fsm_streamed(&fsm, &ended);
                return;
        }
        begin();
        for (int i = NAMES - 1; i >= 0; i--) { /* in no order of versions */
                if (server.v[i].there)
                        take(i, server.v[i]);
                if (!calm && roll(25) == 0) {
                        ended = (struct watch_end){.status = 200, .retry_after_s = -1, .stalled = roll(2),
                                                   .code = roll(2) ? 500 : 0};
                        step = watch_fsm_streamed(&fsm, &ended);
                        return;
                }
        }
        watch_fsm_initial(&fsm, text(server.rv));
        end();
        unsigned from = server.rv;
        for (unsigned n = calm ? 0 : roll(3); n > 0; n--)
                change_something();
        bool known = replay(from, calm, &events);
        end_watch(calm, events + 1, !known);
}

static void watch(bool calm)
{
        int events = 0;
        unsigned from = (unsigned)strtoul(fsm.rv, NULL, 10);
        if (!calm && roll(5) == 0) {
                struct watch_end ended = roll(4) ? trouble() : (struct watch_end){.status = 410, .retry_after_s = -1};
                step = watch_fsm_watched(&fsm, &ended);
                return;
        }
        watch_fsm_opened(&fsm);
        bool known = replay(from, calm, &events);
        end_watch(calm, events, !known);
}

static void request(bool calm)
{
        ck_assert_int_ge(step.delay_ns, 0);
        ck_assert_int_le(step.delay_ns, 301 * SEC);
        if (step.want == WANT_LIST)
                list(calm);
        else if (step.want == WANT_STREAM)
                stream(calm);
        else
                watch(calm);
}

static void compare(unsigned seed)
{
        for (int i = 0; i < NAMES; i++) {
                const struct object *s = &server.v[i], *c = &client.v[i];
                ck_assert_msg(s->there == c->there && (!s->there || (s->uid == c->uid && s->rv == c->rv)),
                              "seed %u: object %d: server %d uid %u rv %u, client %d uid %u rv %u", seed, i, s->there,
                              s->uid, s->rv, c->there, c->uid, c->rv);
        }
}

/* The weather clears: in a bounded number of requests all is known. */
static void clear_up(unsigned seed)
{
        for (int i = 0; i < 40; i++) {
                request(true);
                if (fsm.state == WATCH_LIVE && step.want == WANT_WATCH && !client.begun && i > 2)
                        break;
        }
        request(true); /* and what the last watch had not seen */
        ck_assert_msg(fsm.listed && fsm.state == WATCH_LIVE, "seed %u: it is not live again", seed);
        compare(seed);
}

START_TEST(random_weather)
{
        for (unsigned seed = 1; seed <= STEPS / PER_SEED; seed++) {
                random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
                server = (struct server){.rv = 10, .oldest = 1, .streams = seed % 2};
                client = (struct client){0};
                watch_fsm_init(&fsm, false, seed % 3 != 0, seed);
                step = watch_fsm_start(&fsm);
                for (int i = 0; i < PER_SEED; i++) {
                        if (roll(2))
                                change_something();
                        else if (roll(50) == 0)
                                step = watch_fsm_start(&fsm); /* a new leader lists again */
                        else
                                request(false);
                        if (i % 50 == 49)
                                clear_up(seed);
                }
                ck_assert_int_eq(client.needless, 0);
                watch_fsm_clear(&fsm);
        }
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {random_weather};
        return run_tests("watch_model", tests, sizeof(tests) / sizeof(tests[0]));
}
