#include "store/store.h"
#include "test/unit/store/build.h"
#include <check.h>

static struct store *store;

static void setup(void)
{
        store = store_new();
}

static void teardown(void)
{
        store_free(store);
}

static enum store_change put(enum kind kind, const char *words)
{
        return store_put(store, test_fact(kind, words));
}

static void drop(enum kind kind, const char *namespace, const char *name, const char *uid)
{
        struct ref ref = {kind, "", namespace, name, uid, ""};
        store_drop(store, &ref);
}

static int text_cmp(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes what is dirty: addresses as "10.0.0.1 10.0.0.2", sorted. */
static const char *dirty(void)
{
        static char out[1024];
        char text[32][IP_STRLEN], *order[32];
        struct ip ips[32];
        size_t n = store_dirty(store, ips, 32);
        out[0] = '\0';
        for (size_t i = 0; i < n; i++)
                order[i] = (char *)(uintptr_t)ip_str(ips[i], text[i]);
        qsort(order, n, sizeof(order[0]), text_cmp);
        for (size_t i = 0; i < n; i++)
                snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? " " : "", order[i]);
        return out;
}

static const char *dirty_services(void)
{
        static char out[1024];
        char text[32][64], *order[32];
        struct service_name name;
        size_t n = 0;
        while (store_dirty_service(store, &name)) {
                order[n] = text[n];
                snprintf(text[n++], sizeof(text[0]), "%s/%s", name.namespace, name.name);
        }
        out[0] = '\0';
        qsort(order, n, sizeof(order[0]), text_cmp);
        for (size_t i = 0; i < n; i++)
                snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? " " : "", order[i]);
        return out;
}

static size_t holders(const char *ip)
{
        struct store_cursor cursor = {0};
        size_t n = 0;
        while (store_next_holder(store, test_ip(ip), &cursor))
                n++;
        return n;
}

START_TEST(service_marks_itself_and_its_old_and_new_addresses)
{
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.1"), STORE_CHANGED);
        ck_assert_str_eq(dirty(), "10.0.0.1");
        ck_assert_str_eq(dirty(), "");
        ck_assert_str_eq(dirty_services(), "a/web");
        ck_assert_str_eq(dirty_services(), "");
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.2"), STORE_CHANGED);
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.2");
        ck_assert_uint_eq(holders("10.0.0.1"), 0);
        ck_assert_uint_eq(holders("10.0.0.2"), 1);
        drop(KIND_SERVICE, "a", "web", "");
        ck_assert_str_eq(dirty(), "10.0.0.2");
        ck_assert_str_eq(dirty_services(), "a/web");
        ck_assert_uint_eq(store_count(store, KIND_SERVICE), 0);
}
END_TEST

START_TEST(only_load_balancers_hold_addresses)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1 clusterip");
        ck_assert_str_eq(dirty(), "");
        ck_assert_uint_eq(holders("10.0.0.1"), 0);
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        ck_assert_str_eq(dirty(), "10.0.0.1");
        put(KIND_SERVICE, "a/web ip=10.0.0.1 clusterip");
        ck_assert_str_eq(dirty(), "10.0.0.1");
        ck_assert_uint_eq(holders("10.0.0.1"), 0);
}
END_TEST

START_TEST(same_content_is_same_but_newer)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1 rv=5");
        dirty(), dirty_services();
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.1 rv=6"), STORE_SAME);
        ck_assert_str_eq(dirty(), "");
        ck_assert_str_eq(dirty_services(), "");
        ck_assert_str_eq(store_service(store, "a", "web")->ref.rv, "6");
}
END_TEST

START_TEST(older_version_of_the_same_uid_is_stale)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1 rv=10");
        dirty();
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.2 rv=9"), STORE_STALE);
        ck_assert_str_eq(dirty(), "");
        ck_assert_uint_eq(holders("10.0.0.1"), 1);
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.2 rv=11"), STORE_CHANGED);
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.3"), STORE_CHANGED);
}
END_TEST

START_TEST(other_uid_is_another_object)
{
        put(KIND_SERVICE, "a/web uid=one ip=10.0.0.1 rv=10");
        dirty();
        ck_assert_int_eq(put(KIND_SERVICE, "a/web uid=two ip=10.0.0.1 rv=9"), STORE_CHANGED);
        ck_assert_str_eq(dirty(), "10.0.0.1");
        drop(KIND_SERVICE, "a", "web", "one"); /* a late deletion of the old one */
        ck_assert_ptr_nonnull(store_service(store, "a", "web"));
        drop(KIND_SERVICE, "a", "web", "two");
        ck_assert_ptr_null(store_service(store, "a", "web"));
}
END_TEST

START_TEST(slice_marks_the_addresses_of_its_service_in_any_order)
{
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:rs");
        ck_assert_str_eq(dirty(), "");
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        put(KIND_SERVICE, "b/web ip=10.0.0.2");
        dirty();
        ck_assert_int_eq(put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:rs rv=3"), STORE_SAME);
        ck_assert_str_eq(dirty(), "");
        ck_assert_int_eq(put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:s"), STORE_CHANGED);
        ck_assert_str_eq(dirty(), "10.0.0.1");
        put(KIND_SERVICE, "a/other ip=10.0.0.3");
        dirty();
        put(KIND_ENDPOINTSLICE, "a/web-1 service=other ep=10.1.0.1@n1:s");
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.3");
        drop(KIND_ENDPOINTSLICE, "a", "web-1", "");
        ck_assert_str_eq(dirty(), "10.0.0.3");
}
END_TEST

START_TEST(node_marks_all_addresses_when_something_used_changes)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        put(KIND_SERVICE, "b/web ip=10.0.0.2");
        put(KIND_NODE, "n1 l:zone=a");
        dirty(), dirty_services();
        ck_assert_int_eq(put(KIND_NODE, "n1 l:zone=a rv=7"), STORE_SAME);
        ck_assert_str_eq(dirty(), "");
        ck_assert_int_eq(put(KIND_NODE, "n1 l:zone=a leaving"), STORE_CHANGED);
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.2");
        ck_assert_int_eq(put(KIND_NODE, "n1 l:zone=b leaving"), STORE_CHANGED);
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.2");
        ck_assert_str_eq(dirty_services(), "a/web b/web");
}
END_TEST

START_TEST(namespace_labels_mark_its_services)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        put(KIND_SERVICE, "b/web ip=10.0.0.2");
        dirty(), dirty_services();
        put(KIND_NAMESPACE, "a l:tenant=x");
        ck_assert_str_eq(dirty(), "10.0.0.1");
        ck_assert_str_eq(dirty_services(), "a/web");
        ck_assert_int_eq(put(KIND_NAMESPACE, "a l:tenant=x rv=9"), STORE_SAME);
        ck_assert_str_eq(dirty_services(), "");
        drop(KIND_NAMESPACE, "a", "", "");
        drop(KIND_NAMESPACE, "", "a", "");
        ck_assert_str_eq(dirty_services(), "a/web");
}
END_TEST

START_TEST(relist_drops_what_was_not_put)
{
        put(KIND_SERVICE, "a/one ip=10.0.0.1 rv=1");
        put(KIND_SERVICE, "a/two ip=10.0.0.2 rv=2");
        put(KIND_NODE, "n1");
        dirty(), dirty_services();
        store_relist_begin(store, KIND_SERVICE);
        store_relist_begin(store, KIND_SERVICE);
        put(KIND_SERVICE, "a/one ip=10.0.0.1 rv=1");
        store_relist_end(store, KIND_SERVICE);
        ck_assert_str_eq(dirty(), "10.0.0.2");
        ck_assert_str_eq(dirty_services(), "a/two");
        ck_assert_uint_eq(store_count(store, KIND_SERVICE), 1);
        ck_assert_uint_eq(store_count(store, KIND_NODE), 1);
}
END_TEST

START_TEST(what_a_relist_says_is_true_even_with_an_older_version)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1 rv=100");
        put(KIND_NODE, "n1 rv=100");
        dirty();
        store_relist_begin(store, KIND_SERVICE); /* the API server's data was restored from a backup */
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.2 rv=9"), STORE_CHANGED);
        ck_assert_int_eq(put(KIND_NODE, "n1 leaving rv=9"), STORE_STALE); /* of another kind */
        store_relist_end(store, KIND_SERVICE);
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.2");
        ck_assert_str_eq(store_service(store, "a", "web")->ref.rv, "9");
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.3 rv=8"), STORE_STALE);
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.3 rv=10"), STORE_CHANGED);
        store_relist_begin(store, KIND_SERVICE);
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.3 rv=7"), STORE_SAME);
        ck_assert_int_eq(put(KIND_SERVICE, "a/web ip=10.0.0.4 rv=6"), STORE_STALE); /* an event that comes late */
        store_relist_end(store, KIND_SERVICE);
        ck_assert_str_eq(store_service(store, "a", "web")->ref.rv, "7"); /* guards the next write */
}
END_TEST

START_TEST(an_aborted_relist_drops_nothing)
{
        put(KIND_SERVICE, "a/one ip=10.0.0.1 rv=1");
        store_relist_begin(store, KIND_SERVICE);
        put(KIND_SERVICE, "a/two ip=10.0.0.2 rv=2");
        store_relist_begin(store, KIND_SERVICE);
        put(KIND_SERVICE, "a/one ip=10.0.0.1 rv=0");
        store_relist_end(store, KIND_SERVICE);
        ck_assert_ptr_nonnull(
                store_service(store, "a", "one")); /* a stale answer still says that it exists */
        ck_assert_ptr_null(store_service(store, "a", "two"));
}
END_TEST

START_TEST(services_are_found_by_uid)
{
        put(KIND_SERVICE, "a/web uid=one rv=1");
        put(KIND_SERVICE, "a/web uid=one rv=2"); /* the same, and the older fact is gone */
        ck_assert_str_eq(store_service_by_uid(store, "one")->ref.rv, "2");
        put(KIND_SERVICE, "a/web uid=two rv=3");
        ck_assert_ptr_null(store_service_by_uid(store, "one"));
        ck_assert_str_eq(store_service_by_uid(store, "two")->ref.name, "web");
        put(KIND_SERVICE, "a/file uid=");
        ck_assert_ptr_null(store_service_by_uid(store, ""));
        drop(KIND_SERVICE, "a", "web", "");
        ck_assert_ptr_null(store_service_by_uid(store, "two"));
}
END_TEST

START_TEST(a_cleared_address_follows_its_service_until_it_has_another)
{
        put(KIND_SERVICE, "a/web ip=10.0.0.1");
        put(KIND_SERVICE, "a/web");
        ck_assert_str_eq(dirty(), "10.0.0.1");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:rs");
        ck_assert_str_eq(dirty(), "10.0.0.1");
        put(KIND_SERVICE, "a/web local");
        ck_assert_str_eq(dirty(), "10.0.0.1");
        put(KIND_SERVICE, "a/web ip=10.0.0.2");
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.2");
        put(KIND_ENDPOINTSLICE, "a/web-1 service=web ep=10.1.0.1@n1:s");
        ck_assert_str_eq(dirty(), "10.0.0.2");
        put(KIND_SERVICE, "a/web");
        dirty();
        drop(KIND_SERVICE, "a", "web", "");
        ck_assert_str_eq(dirty(), "10.0.0.2");
        put(KIND_SERVICE, "a/web");
        ck_assert_str_eq(dirty(), "");
}
END_TEST

START_TEST(mark_all_marks_everything_once)
{
        put(KIND_SERVICE, "a/one ip=10.0.0.1 ip=10.0.0.2");
        put(KIND_SERVICE, "a/two");
        dirty(), dirty_services();
        store_mark_all(store);
        store_mark_all(store);
        ck_assert_str_eq(dirty(), "10.0.0.1 10.0.0.2");
        ck_assert_str_eq(dirty_services(), "a/one a/two");
}
END_TEST

START_TEST(dirty_gives_no_more_than_asked_for)
{
        struct ip ips[2];
        put(KIND_SERVICE, "a/one ip=10.0.0.1 ip=10.0.0.2 ip=10.0.0.3");
        ck_assert_uint_eq(store_dirty(store, ips, 2), 2);
        ck_assert_uint_eq(store_dirty(store, ips, 2), 1);
        ck_assert_uint_eq(store_dirty(store, ips, 2), 0);
}
END_TEST

START_TEST(versions_are_ordered_by_length_first)
{
        ck_assert_int_lt(store_rv_cmp("9", "10"), 0);
        ck_assert_int_gt(store_rv_cmp("99999999999999999999999", "9"), 0);
        ck_assert_int_eq(store_rv_cmp("12", "12"), 0);
        ck_assert_int_lt(store_rv_cmp("12", "13"), 0);
}
END_TEST

/* ---- random events against a model that keeps the truth as text ---- */

enum {
        SERVICES = 5,
        SLICES = 6,
        NODES = 2,
        NAMESPACES = 2,
        OBJECTS = SERVICES + SLICES + NODES + NAMESPACES,
        ADDRS = 4
};

struct truth {
        enum kind kind;
        char name[16];
        char words[128]; /* "" if it does not exist */
};

static unsigned next_random(unsigned *seed)
{
        *seed = *seed * 1103515245u + 12345u;
        return *seed >> 16 & 0x7fff;
}

static void name_objects(struct truth *t)
{
        for (int i = 0; i < OBJECTS; i++) {
                t[i].words[0] = '\0';
                if (i < SERVICES)
                        snprintf(t[i].name, sizeof(t[i].name), "%s/s%d", i % NAMESPACES ? "b" : "a", i);
                else if (i < SERVICES + SLICES)
                        snprintf(t[i].name, sizeof(t[i].name), "%s/e%d", i % NAMESPACES ? "b" : "a", i);
                else
                        snprintf(t[i].name, sizeof(t[i].name), "%s", i % NAMESPACES ? "b" : "a");
                t[i].kind = i < SERVICES                    ? KIND_SERVICE
                            : i < SERVICES + SLICES         ? KIND_ENDPOINTSLICE
                            : i < SERVICES + SLICES + NODES ? KIND_NODE
                                                            : KIND_NAMESPACE;
        }
}

static void describe(const struct truth *t, unsigned *seed, char words[static 128])
{
        unsigned r = next_random(seed);
        int n = 0;
        if (t->kind == KIND_SERVICE) {
                n = snprintf(words, 128, "%s", t->name);
                for (unsigned a = 0; a < ADDRS; a++)
                        if (r >> a & 1)
                                n += snprintf(words + n, 128 - (size_t)n, " ip=10.0.0.%u", a);
                snprintf(words + n, 128 - (size_t)n, "%s%s", r >> 5 & 1 ? " local" : "",
                         r >> 6 & 3 ? "" : " clusterip");
        } else if (t->kind == KIND_ENDPOINTSLICE) {
                snprintf(words, 128, "%s service=s%u ep=10.1.0.%u@n:rs", t->name, r % SERVICES, r >> 4 & 1);
        } else if (t->kind == KIND_NODE) {
                snprintf(words, 128, "%s%s", t->name, r & 1 ? " leaving" : "");
        } else {
                snprintf(words, 128, "%s l:x=%u", t->name, r & 1);
        }
}

/* All that the plan of one address could depend on. */
static void view(const struct truth *t, unsigned addr, char out[static 4096])
{
        char ip[16], service[16];
        size_t n = 0;
        snprintf(ip, sizeof(ip), " ip=10.0.0.%u", addr);
        out[0] = '\0';
        for (int i = 0; i < SERVICES; i++) {
                if (!strstr(t[i].words, ip) || strstr(t[i].words, "clusterip"))
                        continue;
                n += (size_t)snprintf(out + n, 4096 - n, "{%s", t[i].words);
                snprintf(service, sizeof(service), " service=s%d ", i);
                for (int j = SERVICES; j < OBJECTS; j++)
                        if (t[j].kind == KIND_NODE ||
                            (t[j].kind == KIND_ENDPOINTSLICE && strstr(t[j].words, service) &&
                             t[j].name[0] == t[i].name[0]) ||
                            (t[j].kind == KIND_NAMESPACE && t[j].name[0] == t[i].name[0]))
                                n += (size_t)snprintf(out + n, 4096 - n, "[%d %s]", (int)t[j].kind,
                                                      t[j].words);
        }
}

static void apply(struct truth *t, struct truth *model, const char *words)
{
        struct truth *object = &model[t - model];
        if (*words) {
                put(object->kind, words);
        } else {
                char *slash = strchr(object->name, '/');
                char namespace[2] = {slash ? object->name[0] : '\0', '\0'};
                drop(object->kind, namespace, slash ? slash + 1 : object->name, "");
        }
        snprintf(object->words, sizeof(object->words), "%s", words);
}

static void relist(struct truth *model, enum kind kind, unsigned *seed)
{
        store_relist_begin(store, kind);
        for (int i = 0; i < OBJECTS; i++) {
                char words[128] = "";
                if (model[i].kind != kind)
                        continue;
                if (next_random(seed) % 3 == 0)
                        snprintf(words, sizeof(words), "%s", model[i].words);
                else if (next_random(seed) % 3)
                        describe(&model[i], seed, words);
                if (*words)
                        put(kind, words);
                snprintf(model[i].words, sizeof(model[i].words), "%s", words);
        }
        store_relist_end(store, kind);
}

static void check_against(const struct truth *model, char before[ADDRS][4096])
{
        struct ip taken[ADDRS + 1];
        bool is_dirty[ADDRS] = {0};
        char after[4096];
        size_t n = store_dirty(store, taken, ADDRS + 1);
        for (size_t i = 0; i < n; i++) {
                unsigned addr = taken[i].b[15];
                ck_assert_uint_lt(addr, ADDRS);
                ck_assert_msg(!is_dirty[addr], "taken twice");
                is_dirty[addr] = true;
        }
        for (unsigned a = 0; a < ADDRS; a++) {
                char ip[16];
                size_t expected = 0;
                view(model, a, after);
                ck_assert_msg(is_dirty[a] || !strcmp(before[a], after), "%s became %s unnoticed", before[a],
                              after);
                snprintf(ip, sizeof(ip), " ip=10.0.0.%u", a);
                for (int i = 0; i < SERVICES; i++)
                        expected += strstr(model[i].words, ip) && !strstr(model[i].words, "clusterip");
                ck_assert_uint_eq(holders(ip + 4), expected);
        }
        for (int i = 0; i < SERVICES; i++) {
                char namespace[2] = {model[i].name[0], '\0'};
                const struct fact *fact = store_service(store, namespace, model[i].name + 2);
                struct store_cursor cursor = {0};
                char service[16];
                size_t slices = 0;
                ck_assert_int_eq(fact != NULL, *model[i].words != '\0');
                snprintf(service, sizeof(service), " service=s%d ", i);
                for (int j = SERVICES; fact && j < SERVICES + SLICES; j++)
                        slices += strstr(model[j].words, service) && model[j].name[0] == model[i].name[0];
                while (fact && store_next_slice(store, fact, &cursor))
                        slices--;
                ck_assert_uint_eq(slices, 0);
        }
}

START_TEST(random_events_match_a_model)
{
        struct truth model[OBJECTS];
        unsigned seed = (unsigned)_i + 1;
        static char before[ADDRS][4096];
        name_objects(model);
        for (int step = 0; step < 500; step++) {
                char words[128] = "";
                struct truth *object = &model[next_random(&seed) % OBJECTS];
                for (unsigned a = 0; a < ADDRS; a++)
                        view(model, a, before[a]);
                if (next_random(&seed) % 16 == 0) {
                        relist(model, object->kind, &seed);
                } else {
                        if (next_random(&seed) % 4)
                                describe(object, &seed, words);
                        apply(object, model, words);
                }
                if (next_random(&seed) % 8 == 0)
                        dirty_services();
                check_against(model, before);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store");
        TCase *tcase = tcase_create("store");
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, service_marks_itself_and_its_old_and_new_addresses);
        tcase_add_test(tcase, only_load_balancers_hold_addresses);
        tcase_add_test(tcase, same_content_is_same_but_newer);
        tcase_add_test(tcase, older_version_of_the_same_uid_is_stale);
        tcase_add_test(tcase, other_uid_is_another_object);
        tcase_add_test(tcase, slice_marks_the_addresses_of_its_service_in_any_order);
        tcase_add_test(tcase, node_marks_all_addresses_when_something_used_changes);
        tcase_add_test(tcase, namespace_labels_mark_its_services);
        tcase_add_test(tcase, relist_drops_what_was_not_put);
        tcase_add_test(tcase, what_a_relist_says_is_true_even_with_an_older_version);
        tcase_add_test(tcase, an_aborted_relist_drops_nothing);
        tcase_add_test(tcase, services_are_found_by_uid);
        tcase_add_test(tcase, a_cleared_address_follows_its_service_until_it_has_another);
        tcase_add_test(tcase, mark_all_marks_everything_once);
        tcase_add_test(tcase, dirty_gives_no_more_than_asked_for);
        tcase_add_test(tcase, versions_are_ordered_by_length_first);
        tcase_add_loop_test(tcase, random_events_match_a_model, 0, 20);
        suite_add_tcase(suite, tcase);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
