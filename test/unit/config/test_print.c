#include "base/arena.h"
#include "config/print.h"
#include "read_config.h"
#include <json-c/json.h>

static void print_is(struct config *config, struct json_object *expected)
{
        struct json_object *printed = config_print(config);
        ck_assert_msg(json_object_equal(printed, expected), "printed %s",
                      json_object_to_json_string(printed));
        json_object_put(printed);
}

/* full.json has every field away from its default, so nothing that printing or reading forgets goes unseen.
 */
START_TEST(prints_what_it_read)
{
        struct json_object *full = json_object_from_file(TEST_DATA "/config/print/full.json");
        ck_assert_ptr_nonnull(full);
        struct config *config = config_of_path(TEST_DATA "/config/print/full.json");
        for (size_t i = 0; i < config->n_verdicts; i++)
                ck_assert_msg(config->verdicts[i].valid, "%s", config->verdicts[i].message);
        print_is(config, full);
        config_free(config);
        json_object_put(full);
}
END_TEST

static const char *const files[] = {"pool.yaml", "peer.yaml", "asn.yaml", "advertisement.yaml",
                                    "overlap.yaml"};

/* What is valid among the cases: printed, read again and printed again it is the same. */
START_TEST(what_is_printed_reads_the_same)
{
        char *path = xprintf("%s/config/check/%s", TEST_DATA, files[_i]);
        struct config *first = config_of_path(path);
        struct json_object *printed = config_print(first);
        struct config *second = config_of_text(json_object_to_json_string(printed));
        for (size_t i = 0; i < second->n_verdicts; i++)
                ck_assert_msg(second->verdicts[i].valid, "%s: %s", second->verdicts[i].ref.name,
                              second->verdicts[i].message);
        ck_assert_uint_eq(second->n_peers, first->n_peers);
        ck_assert_uint_eq(second->n_bgp_ads, first->n_bgp_ads);
        ck_assert_uint_eq(second->n_l2_ads, first->n_l2_ads);
        ck_assert_uint_gt(json_object_array_length(json_object_object_get(printed, "items")), 0);
        print_is(second, printed);
        config_free(second);
        config_free(first);
        json_object_put(printed);
        free(path);
}
END_TEST

/* A hold time of 0 is not the default, and an empty serviceAllocation is not none. */
START_TEST(keeps_what_looks_like_nothing)
{
        struct config *config = config_of_text(
                "apiVersion: heraldlb.io/v1alpha1\nkind: BGPPeer\nmetadata: {name: p}\n"
                "spec: {myASN: 64512, peerASN: 64513, peerAddress: 10.0.0.1, holdTime: 0s}\n---\n"
                "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: a}\n"
                "spec: {addresses: [10.0.0.0/32], serviceAllocation: {}}\n");
        struct json_object *printed = config_print(config);
        struct config *again = config_of_text(json_object_to_json_string(printed));
        ck_assert_uint_eq(again->n_peers, 1);
        ck_assert_uint_eq(again->peers[0].hold_time_s, 0);
        ck_assert_uint_eq(again->n_pools, 1);
        ck_assert(again->pools[0].pinned);
        config_free(again);
        json_object_put(printed);
        config_free(config);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("print");
        tcase_add_test(tests, prints_what_it_read);
        tcase_add_loop_test(tests, what_is_printed_reads_the_same, 0, sizeof(files) / sizeof(files[0]));
        tcase_add_test(tests, keeps_what_looks_like_nothing);
        return run_tests(tests);
}
