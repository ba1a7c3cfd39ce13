/* What configuration objects are told in their status. */
#include "config/build.h"
#include "json/json.h"
#include "lead/objects.h"
#include "test/unit/base/suite.h"
#include "test/unit/store/build.h"

static struct store *store;
static struct config_docs *docs;
static struct config *config;
static struct objects *objects;
static struct mono now;
#define WALL INT64_C(1795773600000000) /* 2026-11-27T10:00:00Z */

static void put(const char *text)
{
        struct json_object *root = json_tokener_parse(text);
        ck_assert_ptr_nonnull(root);
        config_docs_put(docs, strstr(text, "metallb.io") ? CONFIG_METALLB : CONFIG_HERALD, root);
        json_object_put(root);
        config_free(config);
        config = config_build(docs);
}

#define POOL(status, spec)                                                                                   \
        "{\"apiVersion\":\"heraldlb.io/v1alpha1\",\"kind\":\"IPAddressPool\",\"metadata\":{\"name\":\"lan\","          \
        "\"namespace\":\"hb\",\"uid\":\"u1\",\"generation\":3},\"spec\":" spec status "}"
#define GOOD "{\"addresses\":[\"10.0.0.0/24\"]}"

static void begin(void)
{
        store = store_new();
        docs = config_docs_new();
        config = config_build(docs);
        objects = objects_new();
        now = (struct mono){100 * SEC};
}

static void end(void)
{
        objects_free(objects);
        config_free(config);
        config_docs_free(docs);
        store_free(store);
}

static void expect(const char *body)
{
        struct write *writes[4];
        size_t n = objects_tell(objects, store, docs, config, WALL, now, writes, 4);
        ck_assert_uint_eq(n, body ? 1 : 0);
        if (!body)
                return;
        ck_assert_int_eq(writes[0]->type, WRITE_STATUS_PATCH);
        ck_assert_str_eq(writes[0]->ref.uid, "u1");
        ck_assert_str_eq(writes[0]->body, body);
        write_free(writes[0]);
}

#define SAID(status, since, reason, message, used, free)                                                     \
        "{\"status\":{\"conditions\":[{\"type\":\"Accepted\",\"status\":\"" status                                \
        "\",\"lastTransitionTime\":\"" since "\",\"reason\":\"" reason "\",\"message\":\"" message                  \
        "\",\"observedGeneration\":3}],\"assignedIPv4\":" used ",\"availableIPv4\":" free                            \
        ",\"assignedIPv6\":0,\"availableIPv6\":0}}"
#define STANDS(used, free)                                                                                   \
        ",\"status\":{\"conditions\":[{\"type\":\"Accepted\",\"status\":\"True\",\"lastTransitionTime\":"             \
        "\"2026-01-01T00:00:00Z\",\"reason\":\"Accepted\",\"message\":\"The object is valid and in use.\","       \
        "\"observedGeneration\":3}],\"assignedIPv4\":" used ",\"availableIPv4\":" free                              \
        ",\"assignedIPv6\":0,\"availableIPv6\":0}"

START_TEST(a_good_pool_is_told_once)
{
        begin();
        put(POOL("", GOOD));
        expect(SAID("True", "2026-11-27T10:00:00Z", "Accepted", "The object is valid and in use.", "0", "256"));
        expect(NULL); /* it is on its way */
        now.ns += 31 * SEC;
        expect(SAID("True", "2026-11-27T10:00:00Z", "Accepted", "The object is valid and in use.", "0", "256"));
        put(POOL(STANDS("0", "256"), GOOD));
        expect(NULL);
        store_put(store, test_service("a/web ip=10.0.0.7"));
        expect(SAID("True", "2026-01-01T00:00:00Z", "Accepted", "The object is valid and in use.", "1", "255"));
        put(POOL(STANDS("1", "255"), GOOD));
        expect(NULL);
        end();
}
END_TEST

START_TEST(a_refused_one_is_told_why)
{
        begin();
        put(POOL(STANDS("0", "256"), "{\"addresses\":[\"x\"],\"nope\":1}"));
        struct write *writes[4];
        ck_assert_uint_eq(objects_tell(objects, store, docs, config, WALL, now, writes, 4), 1);
        struct json_object *body = json_tokener_parse(writes[0]->body);
        struct json_object *c = json_item(json_array_at(json_object_at(body, "status"), "conditions"), 0);
        ck_assert_str_eq(json_string_at(c, "status"), "False");
        ck_assert_str_eq(json_string_at(c, "reason"), "InvalidValue");
        ck_assert_str_eq(json_string_at(c, "lastTransitionTime"), "2026-11-27T10:00:00Z");
        ck_assert_ptr_nonnull(strstr(json_string_at(c, "message"), "spec.addresses[0]"));
        ck_assert_ptr_nonnull(strstr(json_string_at(c, "message"), "(and 1 more problems)"));
        ck_assert_int_eq(json_int_at(json_object_at(body, "status"), "availableIPv4"), 0);
        json_object_put(body);
        objects_failed(objects, &writes[0]->ref);
        write_free(writes[0]);
        ck_assert_uint_eq(objects_tell(objects, store, docs, config, WALL, now, writes, 4), 1); /* again */
        write_free(writes[0]);
        end();
}
END_TEST

START_TEST(objects_of_metallb_are_not_ours_to_write)
{
        begin();
        put("{\"apiVersion\":\"metallb.io/v1beta1\",\"kind\":\"IPAddressPool\",\"metadata\":{\"name\":\"lan\","
            "\"namespace\":\"mb\",\"uid\":\"u2\"},\"spec\":" GOOD "}");
        expect(NULL);
        put(POOL("", GOOD)); /* and is shadowed now */
        expect(SAID("True", "2026-11-27T10:00:00Z", "Accepted", "The object is valid and in use.", "0", "256"));
        end();
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {a_good_pool_is_told_once, a_refused_one_is_told_why,
                                      objects_of_metallb_are_not_ours_to_write};
        return run_tests("objects", tests, sizeof(tests) / sizeof(tests[0]));
}
