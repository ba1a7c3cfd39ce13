#include "ipam/share.h"
#include "lead/lead.h"
#include "test/unit/store/build.h"
#include <check.h>

/* A small API server: Services as words, with a status that a write changes if its resourceVersion is the
 * newest. */
enum { SERVICES = 16, WRITES = 64 };

struct object {
        char words[128]; /* without the status; "" if it does not exist */
        char status[128];
        unsigned rv, shown;
};

static struct store *store;
static struct config *config;
static struct lead *lead;
static struct object api[SERVICES];
static unsigned last_rv;
static struct mono now, next;
static char events[2048]; /* "Allocated a/web; " */
static unsigned n_status; /* writes of a status so far */

static void setup(void)
{
        store = store_new();
        config = test_config();
        lead = lead_new();
        memset(api, 0, sizeof(api));
        last_rv = 0;
        now = (struct mono){0};
        events[0] = '\0';
        n_status = 0;
}

static void teardown(void)
{
        lead_free(lead);
        store_free(store);
        test_config_free(config);
}

static struct object *object(const char *name)
{
        for (int i = 0; i < SERVICES; i++) {
                size_t n = strlen(name);
                if (!strncmp(api[i].words, name, n) && (api[i].words[n] == ' ' || !api[i].words[n]))
                        return &api[i];
        }
        return NULL;
}

/* Creates the service or changes its spec; words begin with its name. */
static struct object *apply(const char *words)
{
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(words, " "), words);
        struct object *o = object(name);
        for (int i = 0; i < SERVICES && !o; i++)
                if (!api[i].words[0])
                        o = &api[i];
        ck_assert_ptr_nonnull(o);
        snprintf(o->words, sizeof(o->words), "%s", words);
        o->rv = ++last_rv;
        return o;
}

/* The watch delivers the newest state of the object. */
static void show(struct object *o)
{
        char words[300];
        snprintf(words, sizeof(words), "%s %s rv=%u", o->words, o->status, o->rv);
        store_put(store, test_service(words));
        o->shown = o->rv;
}

static void show_all(void)
{
        for (int i = 0; i < SERVICES; i++)
                if (api[i].words[0] && api[i].shown != api[i].rv)
                        show(&api[i]);
}

static void delete_service(const char *name)
{
        struct ref ref = {KIND_SERVICE, "", "", "", "", ""};
        char text[64], *slash;
        snprintf(text, sizeof(text), "%s", name);
        slash = strchr(text, '/');
        *slash = '\0';
        ref.namespace = text;
        ref.name = slash + 1;
        memset(object(name), 0, sizeof(struct object));
        store_drop(store, &ref);
}

static struct object *object_of(const struct ref *ref)
{
        char name[64];
        snprintf(name, sizeof(name), "%s/%s", ref->namespace, ref->name);
        return object(name);
}

static bool land(const struct write *write)
{
        struct object *o = object_of(&write->ref);
        char buf[IP_STRLEN];
        size_t n = 0;
        if (!o || (unsigned)atoi(write->ref.rv) != o->rv)
                return false;
        o->status[0] = '\0';
        for (size_t i = 0; i < write->n_ips; i++)
                n += (size_t)snprintf(o->status + n, sizeof(o->status) - n, "ip=%s ",
                                      ip_str(write->ips[i], buf));
        if (write->pool)
                n += (size_t)snprintf(o->status + n, sizeof(o->status) - n, "alloc=%s ", write->pool);
        if (write->n_ips > 0)
                snprintf(o->status + n, sizeof(o->status) - n, "term=%u", (unsigned)write->term);
        o->rv = ++last_rv;
        return true;
}

static void note_event(const struct write *write)
{
        size_t n = strlen(events);
        ck_assert(write->message && *write->message && write->action);
        ck_assert_int_eq(write->warning, write->reason != REASON_ALLOCATED);
        snprintf(events + n, sizeof(events) - n, "%s %s/%s; ", reason_name(write->reason),
                 write->ref.namespace, write->ref.name);
}

/* Decides once; returns the status writes, which the caller frees. */
static size_t decide_once(struct write **out)
{
        struct write *writes[WRITES];
        size_t n, kept = 0;
        next = lead_decide(lead, store, config, 7, now, writes, WRITES, &n);
        for (size_t i = 0; i < n; i++) {
                if (writes[i]->type == WRITE_STATUS) {
                        out[kept++] = writes[i];
                        n_status++;
                } else {
                        if (writes[i]->type == WRITE_EVENT) /* conditions: test_conditions.c */
                                note_event(writes[i]);
                        write_free(writes[i]);
                }
        }
        return kept;
}

/* Everything goes well until nothing is to be done. */
static void run(void)
{
        struct write *writes[WRITES];
        size_t n;
        do {
                show_all();
                n = decide_once(writes);
                for (size_t i = 0; i < n; i++) {
                        ck_assert(land(writes[i]));
                        write_free(writes[i]);
                }
        } while (n > 0 || !mono_before(now, next));
        show_all();
}

static const char *status(const char *name)
{
        return object(name)->status;
}

static const char *verdict(const char *name)
{
        struct ref ref = {KIND_SERVICE, "", "", "", "", ""};
        char text[64], *slash;
        enum reason reason;
        const char *message;
        snprintf(text, sizeof(text), "%s", name);
        slash = strchr(text, '/');
        *slash = '\0';
        ref.namespace = text;
        ref.name = slash + 1;
        if (!lead_verdict(lead, &ref, &reason, &message))
                return "unknown";
        ck_assert(message && *message);
        return reason_name(reason);
}

static void held(const char *words, const char *what)
{
        struct object *o = apply(words);
        snprintf(o->status, sizeof(o->status), "%s", what);
}

/* ---- allocation ---- */

START_TEST(oldest_first)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/young created=30");
        apply("a/old created=10");
        apply("a/middle created=20");
        run();
        ck_assert_str_eq(status("a/old"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(status("a/middle"), "ip=10.0.0.2 alloc=lan term=7");
        ck_assert_str_eq(status("a/young"), "");
        ck_assert_str_eq(verdict("a/old"), "Allocated");
        ck_assert_str_eq(verdict("a/young"), "NoFreeAddress");
        ck_assert_str_eq(events, "NoFreeAddress a/young; Allocated a/old; Allocated a/middle; ");
        ck_assert_uint_eq(n_status, 2);
        ck_assert_int_eq(next.ns, MONO_NEVER.ns);
}
END_TEST

START_TEST(what_is_held_is_adopted_before_anything_is_allocated)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.3");
        apply("a/new created=1");
        held("a/held created=50", "ip=10.0.0.1 alloc=lan term=3");
        held("a/foreign created=60", "ip=10.0.0.2");
        run();
        ck_assert_str_eq(status("a/new"), "ip=10.0.0.3 alloc=lan term=7");
        ck_assert_str_eq(status("a/held"), "ip=10.0.0.1 alloc=lan term=3");
        ck_assert_str_eq(status("a/foreign"), "ip=10.0.0.2");
        ck_assert_str_eq(verdict("a/foreign"), "Allocated");
        ck_assert_uint_eq(n_status, 1);
        ck_assert_str_eq(events, "Allocated a/new; ");
}
END_TEST

START_TEST(waiting_services_are_served_when_something_is_released)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        apply("a/one created=1");
        apply("a/two created=2");
        apply("a/three created=3");
        run();
        ck_assert_str_eq(verdict("a/two"), "NoFreeAddress");
        events[0] = '\0';
        delete_service("a/one");
        run();
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/three"), "NoFreeAddress");
        ck_assert_str_eq(events, "Allocated a/two; "); /* a/three has been told already */
}
END_TEST

START_TEST(a_changed_config_serves_who_waits)
{
        apply("a/one");
        run();
        ck_assert_str_eq(events, "NoPools a/one; ");
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        run();
        ck_assert_str_eq(status("a/one"), "");
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(who_shares_can_move_in_later)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        apply("a/one created=1 port=tcp/80");
        apply("a/two created=2 port=tcp/443 share=k");
        run();
        ck_assert_str_eq(verdict("a/two"), "NoFreeAddress");
        apply("a/one created=1 port=tcp/80 share=k");
        run();
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(other_types_and_classes)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.3");
        held("a/class class=other", "ip=10.0.0.1 alloc=lan");
        held("a/type clusterip", "ip=10.0.0.2 alloc=lan");
        held("a/theirs clusterip", "ip=10.0.0.2");
        apply("a/new");
        run();
        ck_assert_str_eq(status("a/class"), "ip=10.0.0.1 alloc=lan");
        ck_assert_str_eq(status("a/type"), "");
        ck_assert_str_eq(status("a/theirs"), "ip=10.0.0.2");
        ck_assert_str_eq(status("a/new"), "ip=10.0.0.3 alloc=lan term=7"); /* a/type had not given it back */
        ck_assert_str_eq(verdict("a/class"), "OtherClass");
        ck_assert_str_eq(events, "Allocated a/new; ");
}
END_TEST

static void clear(const char *name)
{
        object(name)->status[0] = '\0';
        object(name)->rv = ++last_rv;
}

START_TEST(what_is_being_deleted_keeps_what_it_has_and_gets_nothing)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9 range=2001:db8::1-2001:db8::9");
        held("a/has deleting", "ip=10.0.0.1 alloc=lan term=3");
        apply("a/late deleting");
        apply("a/other");
        run();
        ck_assert_str_eq(status("a/has"), "ip=10.0.0.1 alloc=lan term=3");
        ck_assert_str_eq(verdict("a/has"), "Allocated");
        ck_assert_str_eq(status("a/late"), "");
        ck_assert_str_eq(verdict("a/late"), "BeingDeleted");
        ck_assert_str_eq(status("a/other"), "ip=10.0.0.2 alloc=lan term=7"); /* 10.0.0.1 is still held */
        apply("a/has deleting prefer family=46");
        run();
        ck_assert_str_eq(status("a/has"), "ip=10.0.0.1 alloc=lan term=3");
        clear("a/has"); /* whoever's finalizer it is has tidied up */
        run();
        ck_assert_str_eq(status("a/has"), "");
        delete_service("a/has");
        apply("a/next");
        run();
        ck_assert_str_eq(status("a/next"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(a_load_balancer_that_becomes_something_else_frees_its_address)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        apply("a/one created=1");
        apply("a/two created=2");
        run();
        apply("a/one created=1 clusterip");
        run();
        ck_assert_str_eq(status("a/one"), "");
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

/* ---- keeping ---- */

START_TEST(a_request_keeps_the_old_address_until_the_new_one_is_had)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/one created=1");
        apply("a/two created=2");
        run();
        apply("a/one created=1 ask=10.0.0.2");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/one"), "AddressInUse");
        delete_service("a/two");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.2 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/one"), "Allocated");
        apply("a/one created=1 askerror=nonsense");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.2 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/one"), "InvalidRequest");
        apply("a/one created=1");
        run();
        ck_assert_str_eq(status("a/one"),
                         "ip=10.0.0.2 alloc=lan term=7"); /* not renumbered for want of a request */
}
END_TEST

START_TEST(another_pool_on_request)
{
        test_pool(config, "dmz range=10.1.0.1-10.1.0.1 noauto");
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/one");
        run();
        apply("a/one askpool=dmz");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.1.0.1 alloc=dmz term=7");
        apply("a/one askpool=none");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.1.0.1 alloc=dmz term=7");
        ck_assert_str_eq(verdict("a/one"), "UnknownPool");
}
END_TEST

START_TEST(a_renamed_pool_changes_the_annotation_only)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/one", "ip=10.0.0.5 alloc=old term=3");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.5 alloc=lan term=3");
}
END_TEST

START_TEST(a_family_is_added_from_the_same_pool)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        test_pool(config, "two range=10.1.0.1-10.1.0.9 range=2001:db8::1-2001:db8::9");
        held("a/one family=46 prefer", "ip=10.1.0.7 alloc=two term=3");
        held("a/two family=46 prefer", "ip=10.0.0.7 alloc=lan term=3");
        held("a/three family=46 require", "ip=10.0.0.8 alloc=lan term=3");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.1.0.7 ip=2001:db8::1 alloc=two term=7");
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.7 alloc=lan term=3");
        ck_assert_str_eq(status("a/three"), "ip=10.0.0.8 alloc=lan term=3");
        ck_assert_str_eq(verdict("a/two"), "Allocated");
        ck_assert_str_eq(verdict("a/three"), "NoFreeAddress");
}
END_TEST

START_TEST(a_family_that_goes_takes_its_address_with_it)
{
        test_pool(config, "two range=10.1.0.1-10.1.0.9 range=2001:db8::1-2001:db8::9");
        held("a/one family=4", "ip=10.1.0.7 ip=2001:db8::1 alloc=two term=3");
        held("a/two family=6", "ip=10.1.0.8 alloc=two term=3");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.1.0.7 alloc=two term=3");
        ck_assert_str_eq(status("a/two"),
                         "ip=2001:db8::2 alloc=two term=7"); /* ::1 was given back after that */
}
END_TEST

/* ---- revoking ---- */

START_TEST(what_no_pool_allows_is_kept_for_a_minute)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/one", "ip=192.0.2.1 alloc=gone term=3");
        run();
        ck_assert_str_eq(status("a/one"), "ip=192.0.2.1 alloc=gone term=3");
        ck_assert_str_eq(verdict("a/one"), "AddressNotInPool");
        ck_assert_str_eq(events, "AddressNotInPool a/one; ");
        ck_assert_int_eq(next.ns, LEAD_GRACE);
        now = mono_add(now, LEAD_GRACE - 1);
        run();
        ck_assert_str_eq(status("a/one"), "ip=192.0.2.1 alloc=gone term=3");
        now = mono_add(now, 1);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_int_eq(next.ns, MONO_NEVER.ns);
        ck_assert_str_eq(events, "AddressNotInPool a/one; Allocated a/one; ");
}
END_TEST

START_TEST(a_pool_that_comes_back_in_time_loses_nothing)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        test_pool(config, "other range=10.9.0.1-10.9.0.9");
        apply("a/one");
        run();
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.8.0.1"), test_ip("10.8.0.1")};
        store_mark_all(store);
        run();
        now = mono_add(now, LEAD_GRACE - 1);
        run();
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.0.0.1"), test_ip("10.0.0.9")};
        store_mark_all(store);
        run();
        ck_assert_str_eq(verdict("a/one"), "Allocated");
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.8.0.1"), test_ip("10.8.0.1")};
        store_mark_all(store);
        now = mono_add(now, 2);
        run(); /* the minute starts again */
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_int_eq(next.ns, now.ns + LEAD_GRACE);
}
END_TEST

START_TEST(nothing_is_revoked_without_any_valid_pool)
{
        held("a/one", "ip=192.0.2.1 alloc=gone term=3");
        run();
        now = mono_add(now, 100 * LEAD_GRACE);
        run();
        test_pool(config, "lan range=10.0.0.1-10.0.0.9 invalid");
        store_mark_all(store);
        now = mono_add(now, 100 * LEAD_GRACE);
        run();
        ck_assert_str_eq(status("a/one"), "ip=192.0.2.1 alloc=gone term=3");
        ck_assert_uint_eq(n_status, 0);
        config->pools[0].valid = true;
        store_mark_all(store);
        run(); /* only now the minute starts */
        ck_assert_uint_eq(n_status, 0);
        ck_assert_int_eq(next.ns, now.ns + LEAD_GRACE);
}
END_TEST

START_TEST(foreign_addresses_are_never_revoked)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/outside created=1", "ip=192.0.2.1");
        held("a/ours created=2", "ip=10.0.0.1 alloc=lan");
        held("a/loser created=3", "ip=10.0.0.1");
        run();
        now = mono_add(now, 2 * LEAD_GRACE);
        run();
        ck_assert_uint_eq(n_status, 0);
        ck_assert_str_eq(verdict("a/outside"), "ForeignAddress");
        ck_assert_str_eq(verdict("a/loser"), "AddressConflict");
        ck_assert_str_eq(events, "ForeignAddress a/outside; AddressConflict a/loser; ");
        apply("a/outside created=1 ask=10.0.0.4");
        run();
        ck_assert_str_eq(status("a/outside"), "ip=192.0.2.1");
        held("a/inside created=4", "ip=10.0.0.5");
        run();
        apply("a/inside created=4 ask=10.0.0.4"); /* its user may change it */
        run();
        ck_assert_str_eq(status("a/inside"), "ip=10.0.0.4 alloc=lan term=7");
}
END_TEST

START_TEST(a_hostname_of_another_controller_is_left_alone)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/theirs", "hostname");
        run();
        ck_assert_str_eq(verdict("a/theirs"), "ForeignAddress");
        ck_assert_uint_eq(n_status, 0);
}
END_TEST

START_TEST(losers_of_a_conflict_get_another_address)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        held("a/late created=9", "ip=10.0.0.1 alloc=lan term=3");
        held("a/newer-term created=20", "ip=10.0.0.1 alloc=lan term=4");
        run();
        ck_assert_str_eq(status("a/newer-term"), "ip=10.0.0.1 alloc=lan term=4");
        ck_assert_str_eq(status("a/late"), "ip=10.0.0.2 alloc=lan term=7");
        ck_assert_str_eq(events, "AddressConflict a/late; Allocated a/late; ");
}
END_TEST

/* The late write of a leader that was paused is seen before the newer one. */
START_TEST(a_loser_that_was_seen_first_gets_another_address)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/b created=2");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        held("a/a created=1", "ip=10.0.0.1 alloc=lan term=3");
        show_all();
        struct write *none[WRITES];
        for (size_t n = decide_once(none); n > 0; n--)
                write_free(none[n - 1]);
        ck_assert(land(writes[0]));
        write_free(writes[0]);
        run();
        ck_assert_str_eq(status("a/b"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(status("a/a"), "ip=10.0.0.2 alloc=lan term=7");
}
END_TEST

START_TEST(who_shares_no_longer_gets_another_address)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/old created=1 port=tcp/80 share=k");
        run();
        apply("a/new created=2 port=tcp/443 share=k ask=10.0.0.1");
        run();
        ck_assert_str_eq(status("a/new"), "ip=10.0.0.1 alloc=lan term=7");
        apply("a/old created=1 port=tcp/443 share=k");
        run();
        ck_assert_str_eq(status("a/old"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_ne(status("a/new"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_ne(verdict("a/new"), "Allocated");
}
END_TEST

START_TEST(losers_are_cleared_if_there_is_no_other_address)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        held("a/winner created=1", "ip=10.0.0.1 alloc=lan term=3");
        held("a/loser created=2 ask=10.0.0.1", "ip=10.0.0.1 alloc=lan term=3");
        run();
        ck_assert_str_eq(status("a/winner"), "ip=10.0.0.1 alloc=lan term=3");
        ck_assert_str_eq(status("a/loser"), "");
        ck_assert_str_eq(verdict("a/loser"), "AddressInUse");
        ck_assert_str_eq(events, "AddressConflict a/loser; AddressInUse a/loser; ");
}
END_TEST

START_TEST(pools_that_stop_admitting_a_service)
{
        test_pool(config, "a range=10.0.0.1-10.0.0.9 pinned nssel:tenant=x");
        test_pool(config, "b range=10.1.0.1-10.1.0.9");
        store_put(store, test_fact(KIND_NAMESPACE, "shop l:tenant=x"));
        apply("shop/web");
        run();
        ck_assert_str_eq(status("shop/web"), "ip=10.0.0.1 alloc=a term=7");
        store_put(store, test_fact(KIND_NAMESPACE, "shop l:tenant=y"));
        run();
        ck_assert_str_eq(verdict("shop/web"), "PoolNotAllowed");
        now = next;
        run();
        ck_assert_str_eq(status("shop/web"), "ip=10.1.0.1 alloc=b term=7");
}
END_TEST

/* ---- flights ---- */

START_TEST(a_write_under_way_reserves_its_addresses)
{
        struct write *first[WRITES], *second[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/one created=2");
        show_all();
        ck_assert_uint_eq(decide_once(first), 1);
        apply("a/two created=1");
        show_all();
        ck_assert_uint_eq(decide_once(second), 1); /* a/one is not written again */
        ck_assert(ip_eq(first[0]->ips[0], test_ip("10.0.0.1")));
        ck_assert(ip_eq(second[0]->ips[0], test_ip("10.0.0.2")));
        ck_assert_str_eq(events, "");
        write_free(first[0]);
        write_free(second[0]);
}
END_TEST

START_TEST(a_conflict_is_decided_again_when_the_watch_shows_it)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/one");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        apply("a/one ask=10.0.0.2");
        ck_assert(!land(writes[0]));
        lead_failed(lead, store, &writes[0]->ref, LEAD_CONFLICT, now);
        write_free(writes[0]);
        ck_assert_uint_eq(decide_once(writes), 0);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.2 alloc=lan term=7");
}
END_TEST

/* A policy, or something between here and the API server, may say 409 to what is no older than the object. */
START_TEST(a_conflict_that_no_newer_object_explains_is_tried_again)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/one");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        for (int i = 0; i < 3; i++) {
                lead_failed(lead, store, &writes[0]->ref, LEAD_CONFLICT, now);
                write_free(writes[0]);
                ck_assert_uint_eq(decide_once(writes), 0);
                ck_assert_int_gt(mono_since(next, now), 10 * SEC);
                now = next;
                ck_assert_uint_eq(decide_once(writes), 1);
        }
        ck_assert(land(writes[0]));
        write_free(writes[0]);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(a_conflict_over_a_change_that_means_nothing)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/one");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        apply("a/one"); /* only its resourceVersion is another */
        show_all();
        ck_assert(!land(writes[0]));
        lead_failed(lead, store, &writes[0]->ref, LEAD_CONFLICT, now);
        write_free(writes[0]);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(a_refused_write_is_tried_again_after_a_while_and_keeps_nobody_waiting)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        apply("a/one created=1");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        lead_failed(lead, store, &writes[0]->ref, LEAD_REFUSED, now);
        write_free(writes[0]);
        ck_assert_uint_eq(decide_once(writes), 0);
        ck_assert_int_gt(next.ns, now.ns);
        apply("a/two created=2");
        run();
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.1 alloc=lan term=7");
        delete_service("a/two");
        now = next;
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(an_unknown_outcome_keeps_the_address_reserved)
{
        struct write *writes[WRITES], *again[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/one created=1");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        lead_failed(lead, store, &writes[0]->ref, LEAD_UNKNOWN, now);
        apply("a/two created=0");
        run();
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.2 alloc=lan term=7");
        now = next;
        ck_assert_uint_eq(decide_once(again), 1);
        ck_assert(ip_eq(again[0]->ips[0], test_ip("10.0.0.1")));
        ck_assert(land(writes[0])); /* the first one comes through after all */
        ck_assert(!land(again[0]));
        lead_failed(lead, store, &again[0]->ref, LEAD_CONFLICT, now);
        write_free(writes[0]);
        write_free(again[0]);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/one"), "Allocated");
}
END_TEST

START_TEST(a_service_made_again_is_another_one)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.1");
        apply("a/one uid=first");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        delete_service("a/one");
        apply("a/one uid=second");
        show_all();
        lead_failed(lead, store, &writes[0]->ref, LEAD_CONFLICT, now);
        write_free(writes[0]);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

/* ---- a status that somebody else clears ---- */

START_TEST(a_cleared_status_is_restored)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/one created=1");
        apply("a/two created=2");
        run();
        delete_service("a/one");
        clear("a/two");
        run();
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.2 alloc=lan term=7"); /* not 10.0.0.1 */
        ck_assert_str_eq(verdict("a/two"), "Allocated");
        clear("a/two");
        run();
        ck_assert_str_eq(status("a/two"), "ip=10.0.0.2 alloc=lan term=7");
        ck_assert_uint_eq(n_status, 4);
}
END_TEST

START_TEST(who_clears_all_the_time_is_not_answered_as_fast)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/one");
        run();
        unsigned before = n_status;
        for (int i = 0; i < 100; i++) {
                clear("a/one");
                run();
        }
        ck_assert_uint_le(n_status - before, 3);
        ck_assert_int_gt(mono_since(next, now), SEC);
        ck_assert_int_lt(mono_since(next, now), LEAD_GRACE);
        now = next;
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_uint_le(n_status - before, 4);
}
END_TEST

/* The pool that is asked for is the one that it has: only its range is another now. */
START_TEST(a_pool_of_one_name_with_another_range_is_waited_for_too)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/asks askpool=lan");
        run();
        test_config_free(config);
        config = test_config();
        test_pool(config, "lan range=10.0.1.1-10.0.1.9");
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/asks"), "ip=10.0.0.1 alloc=lan term=7");
        now = mono_add(now, 61 * SEC);
        run();
        ck_assert_str_eq(status("a/asks"), "ip=10.0.1.1 alloc=lan term=7");
}
END_TEST

/* A leader that is held up is not asked: what it saw before says nothing of how long an address was lost. */
START_TEST(time_in_which_nobody_looked_does_not_count)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        apply("a/one");
        run();
        test_config_free(config);
        config = test_config();
        test_pool(config, "other range=10.0.5.1-10.0.5.9");
        store_mark_all(store);
        run();
        now = mono_add(now, 3600 * SEC);
        lead_resume(lead);
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(what_was_cleared_while_nobody_led_is_restored_by_the_next_leader)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/web created=2", "ip=10.0.0.2 alloc=lan term=3");
        run();
        clear("a/web");
        show_all();
        lead_free(lead);
        lead = lead_new();
        apply("a/other created=1 ask=10.0.0.2");
        run();
        ck_assert_str_eq(status("a/web"), "ip=10.0.0.2 alloc=lan term=7");
        ck_assert_str_ne(status("a/other"), "ip=10.0.0.2 alloc=lan term=7");
}
END_TEST

START_TEST(both_families_are_restored)
{
        test_pool(config, "two range=10.1.0.1-10.1.0.9 range=2001:db8::1-2001:db8::9");
        held("a/one family=46", "ip=10.1.0.7 ip=2001:db8::5 alloc=two term=3");
        run();
        clear("a/one");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.1.0.7 ip=2001:db8::5 alloc=two term=7");
}
END_TEST

START_TEST(a_cleared_address_is_nobody_elses_meanwhile)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        apply("a/one created=1");
        apply("a/two created=2");
        run();
        clear("a/one");
        apply("a/older created=0");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.1 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/older"), "NoFreeAddress");
        delete_service("a/one");
        run();
        ck_assert_str_eq(status("a/older"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

START_TEST(a_restoration_that_fails_is_tried_again)
{
        struct write *writes[WRITES];
        test_pool(config, "lan range=10.0.0.1-10.0.0.2");
        held("a/one created=1", "ip=10.0.0.2 alloc=lan term=3");
        run();
        clear("a/one");
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        lead_failed(lead, store, &writes[0]->ref, LEAD_REFUSED, now);
        write_free(writes[0]);
        apply("a/two created=2");
        apply("a/three created=3");
        run();
        ck_assert_str_eq(verdict("a/three"), "NoFreeAddress"); /* 10.0.0.2 is still kept for a/one */
        now = next;
        show_all();
        ck_assert_uint_eq(decide_once(writes), 1);
        apply("a/one created=1"); /* a race: the write comes too late */
        ck_assert(!land(writes[0]));
        lead_failed(lead, store, &writes[0]->ref, LEAD_CONFLICT, now);
        write_free(writes[0]);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.2 alloc=lan term=7");
}
END_TEST

START_TEST(what_cannot_be_restored_is_replaced)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/robbed created=1", "ip=10.0.0.5 alloc=lan term=3");
        held("a/outside created=2", "ip=10.0.0.6 alloc=lan term=3");
        run();
        clear("a/robbed");
        held("a/thief created=9", "ip=10.0.0.5");
        run();
        ck_assert_str_eq(status("a/thief"), "ip=10.0.0.5");
        ck_assert_str_eq(status("a/robbed"), "ip=10.0.0.1 alloc=lan term=7");
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.0.0.1"), test_ip("10.0.0.5")};
        store_mark_all(store);
        clear("a/outside");
        run();
        ck_assert_str_eq(status("a/outside"), "ip=10.0.0.2 alloc=lan term=7");
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.0.0.6"), test_ip("10.0.0.6")};
        apply("a/new");
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/new"), "ip=10.0.0.6 alloc=lan term=7"); /* nobody claims it any more */
}
END_TEST

START_TEST(an_invalid_pool_still_allows_to_restore)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/one", "ip=10.0.0.5 alloc=lan term=3");
        run();
        config->pools[0].valid = false;
        store_mark_all(store);
        clear("a/one");
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.5 alloc=lan term=7");
}
END_TEST

START_TEST(what_cannot_be_restored_is_reserved_no_longer)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/one created=3", "ip=10.0.0.5 alloc=lan term=3");
        held("a/two created=2", "ip=10.0.0.1 alloc=lan term=3");
        run();
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.0.0.1"), test_ip("10.0.0.1")};
        store_mark_all(store);
        clear("a/one");
        apply("a/older created=1");
        run();
        ck_assert_str_eq(verdict("a/one"), "NoFreeAddress");
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.0.0.5"), test_ip("10.0.0.5")};
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/older"), "ip=10.0.0.5 alloc=lan term=7");
}
END_TEST

START_TEST(what_is_another_controllers_now_is_not_kept_in_mind)
{
        test_pool(config, "lan range=10.0.0.5-10.0.0.5");
        held("a/one", "ip=10.0.0.5 alloc=lan term=3");
        run();
        apply("a/one class=other");
        run();
        clear("a/one");
        apply("a/new");
        run();
        ck_assert_str_eq(status("a/one"), "");
        ck_assert_str_eq(status("a/new"), "ip=10.0.0.5 alloc=lan term=7");
}
END_TEST

START_TEST(what_is_cleared_while_there_is_no_pool_comes_back_with_the_pool)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/one", "ip=10.0.0.5 alloc=lan term=3");
        run();
        config->n_pools = 0;
        store_mark_all(store);
        clear("a/one");
        run();
        ck_assert_str_eq(status("a/one"), "");
        config->n_pools = 1;
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/one"), "ip=10.0.0.5 alloc=lan term=7");
}
END_TEST

START_TEST(a_request_counts_when_a_status_is_cleared)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/other created=1", "ip=10.0.0.8 alloc=lan term=3");
        held("a/free created=1", "ip=10.0.0.5 alloc=lan term=3");
        held("a/taken created=1", "ip=10.0.0.6 alloc=lan term=3");
        run();
        apply("a/free created=1 ask=10.0.0.7");
        apply("a/taken created=1 ask=10.0.0.8");
        clear("a/free");
        clear("a/taken");
        run();
        ck_assert_str_eq(status("a/free"), "ip=10.0.0.7 alloc=lan term=7");
        ck_assert_str_eq(status("a/taken"), "ip=10.0.0.6 alloc=lan term=7");
        ck_assert_str_eq(verdict("a/taken"), "AddressInUse");
        apply("a/new ask=10.0.0.5");
        run();
        ck_assert_str_eq(status("a/new"), "ip=10.0.0.5 alloc=lan term=7");
}
END_TEST

START_TEST(only_what_others_clear_is_restored)
{
        test_pool(config, "lan range=10.0.0.1-10.0.0.9");
        held("a/type", "ip=10.0.0.5 alloc=lan term=3");
        held("a/again uid=first", "ip=10.0.0.6 alloc=lan term=3");
        held("a/moved", "ip=10.0.0.7 alloc=lan term=3");
        run();
        held("a/moved", "ip=10.0.0.8 alloc=lan term=3");
        apply("a/type clusterip");
        run();
        ck_assert_str_eq(status("a/type"), "");
        ck_assert_str_eq(status("a/moved"), "ip=10.0.0.8 alloc=lan term=3");
        delete_service("a/again");
        apply("a/again uid=second");
        run();
        ck_assert_str_eq(status("a/again"), "ip=10.0.0.1 alloc=lan term=7");
        apply("a/type");
        run();
        ck_assert_str_eq(status("a/type"), "ip=10.0.0.2 alloc=lan term=7");
}
END_TEST

START_TEST(what_we_took_away_stays_away)
{
        test_pool(config, "lan range=10.0.0.5-10.0.0.5");
        held("a/winner created=1", "ip=10.0.0.5 alloc=lan term=3");
        held("a/loser created=2", "ip=10.0.0.5 alloc=lan term=3");
        run();
        ck_assert_str_eq(status("a/loser"), "");
        config->pools[0].ranges[0] = (struct ip_range){test_ip("10.0.0.1"), test_ip("10.0.0.5")};
        delete_service("a/winner");
        store_mark_all(store);
        run();
        ck_assert_str_eq(status("a/loser"), "ip=10.0.0.1 alloc=lan term=7");
}
END_TEST

/* ---- many ---- */

START_TEST(more_services_than_writes_at_once)
{
        struct write *writes[5];
        size_t n, rounds = 0, total = 0;
        test_pool(config, "lan range=10.0.0.0/24");
        for (int i = 0; i < SERVICES; i++) {
                char words[32];
                snprintf(words, sizeof(words), "a/s%02d", i);
                apply(words);
        }
        show_all();
        do {
                next = lead_decide(lead, store, config, 7, now, writes, 5, &n);
                for (size_t i = 0; i < n; i++)
                        write_free(writes[i]);
                total += n;
                rounds++;
        } while (!mono_before(now, next));
        ck_assert_uint_eq(total, SERVICES);
        ck_assert_uint_ge(rounds, SERVICES / 5);
}
END_TEST

/* ---- anything may happen ---- */

static unsigned next_random(unsigned *seed)
{
        *seed = *seed * 1103515245u + 12345u;
        return *seed >> 16 & 0x7fff;
}

/* Two services hold an address in the API only if they may share it. */
static void check_no_address_twice(void)
{
        struct fact *facts[SERVICES];
        for (int i = 0; i < SERVICES; i++) {
                char words[300];
                snprintf(words, sizeof(words), "%s %s", api[i].words[0] ? api[i].words : "a/none",
                         api[i].status);
                facts[i] = test_service(words);
        }
        for (int i = 0; i < SERVICES; i++)
                for (int j = 0; j < i; j++)
                        for (size_t a = 0; a < facts[i]->u.service.n_status; a++)
                                for (size_t b = 0; b < facts[j]->u.service.n_status; b++) {
                                        struct tenancy x = tenancy_of(&facts[i]->u.service),
                                                       y = tenancy_of(&facts[j]->u.service);
                                        ck_assert(!ip_eq(facts[i]->u.service.status_ips[a],
                                                         facts[j]->u.service.status_ips[b]) ||
                                                  tenancy_compatible(&x, &y));
                                }
        for (int i = 0; i < SERVICES; i++)
                fact_free(facts[i]);
}

static void random_spec(unsigned *seed)
{
        char words[128];
        unsigned r = next_random(seed), i = r % SERVICES;
        /* A service's sharing stays as it is: a change of it may make it lose what it has, which is tested
         * above. */
        snprintf(words, sizeof(words), "a/s%02u created=%u%s%s%s", i, i * 7 % 5,
                 i < 6 ? i % 2 ? " share=k port=tcp/1" : " share=k port=tcp/2" : "",
                 r >> 6 & 3 ? "" : " ask=10.0.0.3", r >> 8 & 7 ? "" : " clusterip");
        apply(words);
}

struct pending {
        struct write *write;
        bool told;
};

static void random_answer(struct pending *pending, unsigned *seed)
{
        unsigned r = next_random(seed);
        struct ref *ref = &pending->write->ref;
        if (!pending->told && r % 8 == 0) { /* the answer is lost; the write may come later or never */
                lead_failed(lead, store, ref, LEAD_UNKNOWN, now);
                pending->told = true;
                return;
        }
        if (r % 8 == 1) {
                if (!pending->told)
                        lead_failed(lead, store, ref, LEAD_REFUSED, now);
        } else if (!land(pending->write) && !pending->told) {
                lead_failed(lead, store, ref, LEAD_CONFLICT, now);
        }
        write_free(pending->write);
        pending->write = NULL;
}

START_TEST(no_address_twice_whatever_happens)
{
        unsigned seed = (unsigned)_i + 1;
        struct pending pending[256] = {0};
        test_pool(config, "lan range=10.0.0.1-10.0.0.6");
        for (int step = 0; step < 400; step++) {
                struct write *writes[WRITES];
                unsigned r = next_random(&seed);
                size_t n = 0;
                if (r % 8 == 0) {
                        random_spec(&seed);
                } else if (r % 8 == 1) {
                        struct object *o = &api[next_random(&seed) % SERVICES];
                        if (o->words[0] && next_random(&seed) % 3 == 0) {
                                char name[64];
                                snprintf(name, sizeof(name), "%.*s", (int)strcspn(o->words, " "), o->words);
                                for (size_t i = 0; i < 256; i++) /* what is under way to it fails */
                                        if (pending[i].write && object_of(&pending[i].write->ref) == o) {
                                                write_free(pending[i].write);
                                                pending[i].write = NULL;
                                        }
                                delete_service(name);
                        }
                } else if (r % 8 < 4) {
                        struct object *o = &api[next_random(&seed) % SERVICES];
                        if (o->words[0] && next_random(&seed) % 8 == 0) { /* somebody clears the status */
                                show(o);
                                o->status[0] = '\0';
                                o->rv = ++last_rv;
                        }
                        if (o->words[0])
                                show(o);
                } else if (r % 8 < 6) {
                        n = decide_once(writes);
                } else {
                        size_t i = next_random(&seed) % 256;
                        for (size_t k = 0; k < 256 && !pending[i].write; k++)
                                i = (i + 1) % 256;
                        if (pending[i].write)
                                random_answer(&pending[i], &seed);
                }
                for (size_t i = 0, at = 0; i < n; i++) {
                        while (pending[at].write)
                                at++;
                        pending[at] = (struct pending){writes[i], false};
                }
                now = mono_add(now, (int64_t)(next_random(&seed) % 1000) * MSEC);
                check_no_address_twice();
        }
        for (size_t i = 0; i < 256; i++) {
                if (pending[i].write && !land(pending[i].write) && !pending[i].told)
                        lead_failed(lead, store, &pending[i].write->ref, LEAD_CONFLICT, now);
                write_free(pending[i].write);
        }
        now = mono_add(now, 3600 * SEC);
        run();
        check_no_address_twice();
        for (int i = 0; i < SERVICES; i++) /* and nobody is forgotten while an address is free */
                if (api[i].words[0] && !api[i].status[0] && !strstr(api[i].words, "clusterip") &&
                    !strstr(api[i].words, "ask"))
                        for (int a = 1; a <= 6; a++) {
                                char ip[32];
                                int holders = 0;
                                snprintf(ip, sizeof(ip), "ip=10.0.0.%d ", a);
                                for (int j = 0; j < SERVICES; j++)
                                        holders += strstr(api[j].status, ip) != NULL;
                                ck_assert_msg(holders > 0, "%s waits while %s is free", api[i].words, ip);
                        }
}
END_TEST

START_TEST(the_order_of_arrival_does_not_matter)
{
        unsigned seed = (unsigned)_i + 1;
        int order[10];
        test_pool(config, "a range=10.0.0.1-10.0.0.3");
        test_pool(config, "b range=10.1.0.1-10.1.0.4 range=2001:db8::/64 pinned sel:app=x");
        for (int i = 0; i < 10; i++) {
                int j = (int)(next_random(&seed) % (unsigned)(i + 1));
                order[i] = order[j];
                order[j] = i;
        }
        for (int i = 0; i < 10; i++) {
                char words[128];
                int k = order[i];
                snprintf(words, sizeof(words), "a/s%d created=%d%s%s", k, k % 3, k % 2 ? " l:app=x" : "",
                         k % 4 ? "" : " family=46 prefer");
                if (k == 4)
                        held(words, "ip=10.0.0.1 alloc=a term=1");
                else
                        apply(words);
        }
        run();
        ck_assert_str_eq(status("a/s4"), "ip=10.0.0.1 alloc=a term=1");
        ck_assert_str_eq(status("a/s0"), "ip=10.0.0.2 alloc=a term=7");
        ck_assert_str_eq(status("a/s6"), "ip=10.0.0.3 alloc=a term=7");
        ck_assert_str_eq(status("a/s3"), "ip=10.1.0.1 alloc=b term=7");
        ck_assert_str_eq(status("a/s9"), "ip=10.1.0.2 alloc=b term=7");
        ck_assert_str_eq(status("a/s1"), "ip=10.1.0.3 alloc=b term=7");
        ck_assert_str_eq(status("a/s7"), "ip=10.1.0.4 alloc=b term=7");
        ck_assert_str_eq(status("a/s5"), "");
        ck_assert_str_eq(status("a/s8"), "");
        ck_assert_str_eq(status("a/s2"), "");
}
END_TEST

static TCase *decision_tests(void)
{
        TCase *tcase = tcase_create("decisions");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, oldest_first);
        tcase_add_test(tcase, what_is_held_is_adopted_before_anything_is_allocated);
        tcase_add_test(tcase, waiting_services_are_served_when_something_is_released);
        tcase_add_test(tcase, a_changed_config_serves_who_waits);
        tcase_add_test(tcase, who_shares_can_move_in_later);
        tcase_add_test(tcase, other_types_and_classes);
        tcase_add_test(tcase, what_is_being_deleted_keeps_what_it_has_and_gets_nothing);
        tcase_add_test(tcase, a_load_balancer_that_becomes_something_else_frees_its_address);
        tcase_add_test(tcase, a_request_keeps_the_old_address_until_the_new_one_is_had);
        tcase_add_test(tcase, another_pool_on_request);
        tcase_add_test(tcase, a_renamed_pool_changes_the_annotation_only);
        tcase_add_test(tcase, a_family_is_added_from_the_same_pool);
        tcase_add_test(tcase, a_family_that_goes_takes_its_address_with_it);
        tcase_add_test(tcase, what_no_pool_allows_is_kept_for_a_minute);
        tcase_add_test(tcase, a_pool_that_comes_back_in_time_loses_nothing);
        tcase_add_test(tcase, nothing_is_revoked_without_any_valid_pool);
        tcase_add_test(tcase, foreign_addresses_are_never_revoked);
        tcase_add_test(tcase, a_hostname_of_another_controller_is_left_alone);
        tcase_add_test(tcase, losers_of_a_conflict_get_another_address);
        tcase_add_test(tcase, a_loser_that_was_seen_first_gets_another_address);
        tcase_add_test(tcase, who_shares_no_longer_gets_another_address);
        tcase_add_test(tcase, losers_are_cleared_if_there_is_no_other_address);
        tcase_add_test(tcase, pools_that_stop_admitting_a_service);
        return tcase;
}

static TCase *clearing_tests(void)
{
        TCase *tcase = tcase_create("clearing");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_cleared_status_is_restored);
        tcase_add_test(tcase, who_clears_all_the_time_is_not_answered_as_fast);
        tcase_add_test(tcase, a_pool_of_one_name_with_another_range_is_waited_for_too);
        tcase_add_test(tcase, time_in_which_nobody_looked_does_not_count);
        tcase_add_test(tcase, what_was_cleared_while_nobody_led_is_restored_by_the_next_leader);
        tcase_add_test(tcase, both_families_are_restored);
        tcase_add_test(tcase, a_cleared_address_is_nobody_elses_meanwhile);
        tcase_add_test(tcase, a_restoration_that_fails_is_tried_again);
        tcase_add_test(tcase, what_cannot_be_restored_is_replaced);
        tcase_add_test(tcase, what_cannot_be_restored_is_reserved_no_longer);
        tcase_add_test(tcase, what_is_another_controllers_now_is_not_kept_in_mind);
        tcase_add_test(tcase, what_is_cleared_while_there_is_no_pool_comes_back_with_the_pool);
        tcase_add_test(tcase, an_invalid_pool_still_allows_to_restore);
        tcase_add_test(tcase, a_request_counts_when_a_status_is_cleared);
        tcase_add_test(tcase, only_what_others_clear_is_restored);
        tcase_add_test(tcase, what_we_took_away_stays_away);
        return tcase;
}

static TCase *flight_tests(void)
{
        TCase *tcase = tcase_create("flights");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_write_under_way_reserves_its_addresses);
        tcase_add_test(tcase, a_conflict_is_decided_again_when_the_watch_shows_it);
        tcase_add_test(tcase, a_conflict_that_no_newer_object_explains_is_tried_again);
        tcase_add_test(tcase, a_conflict_over_a_change_that_means_nothing);
        tcase_add_test(tcase, a_refused_write_is_tried_again_after_a_while_and_keeps_nobody_waiting);
        tcase_add_test(tcase, an_unknown_outcome_keeps_the_address_reserved);
        tcase_add_test(tcase, a_service_made_again_is_another_one);
        tcase_add_test(tcase, more_services_than_writes_at_once);
        tcase_add_loop_test(tcase, no_address_twice_whatever_happens, 0, 60);
        tcase_add_loop_test(tcase, the_order_of_arrival_does_not_matter, 0, 20);
        return tcase;
}

int main(void)
{
        Suite *suite = suite_create("lead");
        suite_add_tcase(suite, decision_tests());
        suite_add_tcase(suite, flight_tests());
        suite_add_tcase(suite, clearing_tests());
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
