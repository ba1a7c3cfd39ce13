#include "base/arena.h"
#include "config/docs.h"
#include "read_config.h"
#include <json-c/json.h>

static struct json_object *pool(const char *name, const char *addresses, const char *rest)
{
        char *text =
                xprintf("{\"apiVersion\":\"heraldlb.io/v1alpha1\",\"kind\":\"IPAddressPool\",\"metadata\":"
                        "{\"name\":\"%s\",\"namespace\":\"ns\",\"resourceVersion\":\"7\"},"
                        "\"spec\":{\"addresses\":[\"%s\"]}%s}",
                        name, addresses, rest);
        struct json_object *root = json_tokener_parse(text);
        ck_assert_ptr_nonnull(root);
        free(text);
        return root;
}

static bool put(struct config_docs *docs, enum config_origin origin, const char *name, const char *addresses,
                const char *rest)
{
        struct json_object *root = pool(name, addresses, rest);
        bool changed = config_docs_put(docs, origin, root);
        json_object_put(root);
        return changed;
}

static size_t n_pools(const struct config_docs *docs)
{
        struct config *config = config_build(docs);
        size_t n = config->n_pools;
        config_free(config);
        return n;
}

START_TEST(only_what_matters_is_a_change)
{
        struct config_docs *docs = config_docs_new();
        ck_assert(put(docs, CONFIG_HERALD, "a", "10.0.0.0/24", ""));
        ck_assert(!put(docs, CONFIG_HERALD, "a", "10.0.0.0/24", ""));
        ck_assert(!put(docs, CONFIG_HERALD, "a", "10.0.0.0/24", ",\"status\":{\"assignedIPv4\":3}"));
        ck_assert(put(docs, CONFIG_HERALD, "a", "10.0.0.0/25", ""));
        ck_assert(put(docs, CONFIG_METALLB, "a", "10.0.0.0/25", "")); /* another origin, another document */
        ck_assert(put(docs, CONFIG_HERALD, "b", "10.1.0.0/25", ""));
        ck_assert_uint_eq(n_pools(docs), 2);
        ck_assert(!config_docs_remove(docs, CONFIG_HERALD, KIND_IPADDRESSPOOL, "ns", "c"));
        ck_assert(!config_docs_remove(docs, CONFIG_HERALD, KIND_BGPPEER, "ns", "b"));
        ck_assert(!config_docs_remove(docs, CONFIG_HERALD, KIND_IPADDRESSPOOL, "other", "b"));
        ck_assert(config_docs_remove(docs, CONFIG_HERALD, KIND_IPADDRESSPOOL, "ns", "b"));
        ck_assert_uint_eq(n_pools(docs), 1);
        config_docs_clear(docs, CONFIG_HERALD);
        config_docs_clear(docs, CONFIG_METALLB);
        ck_assert_uint_eq(n_pools(docs), 0);
        config_docs_free(docs);
        config_docs_free(NULL);
}
END_TEST

/* The verdict about the pool of this origin, by its group and file; NULL if there is none. */
static const struct verdict *verdict_of(const struct config *config, const char *group, const char *file)
{
        for (size_t i = 0; i < config->n_verdicts; i++) {
                const struct verdict *v = &config->verdicts[i];
                if (strcmp(v->ref.group, group) == 0 && strcmp(v->file ? v->file : "", file) == 0)
                        return v;
        }
        return NULL;
}

static const char file_text[] = "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: a}\n"
                                "spec: {addresses: [10.3.0.0/24]}\n";

/* heraldlb.io, then metallb.io, then the ConfigMap, then files. */
START_TEST(one_origin_goes_before_another)
{
        struct config_docs *docs = config_docs_new();
        struct yaml_docs *yaml = yaml_docs_new(NULL);
        yaml_read_text(yaml, "f.yaml", file_text, strlen(file_text));
        config_docs_read(docs, yaml);
        yaml_docs_free(yaml);
        struct json_object *map = json_object_new_object(), *data = json_object_new_object();
        json_object_object_add(map, "data", data);
        json_object_object_add(data, "pools.yaml", json_object_new_string(file_text));
        json_object_object_add(data, "README", json_object_new_string(file_text));
        config_docs_configmap(docs, map);
        json_object_put(map);

        struct config *config = config_build(docs);
        ck_assert_int_eq(verdict_of(config, "heraldlb.io", "f.yaml")->reason, REASON_SHADOWED);
        ck_assert_int_eq(verdict_of(config, "heraldlb.io", "herald-config/pools.yaml")->reason,
                         REASON_ACCEPTED);
        ck_assert_uint_eq(config->n_verdicts, 2);
        config_free(config);

        struct json_object *root =
                json_tokener_parse("{\"apiVersion\":\"metallb.io/v1beta1\",\"kind\":\"IPAddressPool\","
                                   "\"metadata\":{\"name\":\"a\",\"namespace\":\"metallb-system\"},"
                                   "\"spec\":{\"addresses\":[\"10.2.0.0/24\"]}}");
        ck_assert(config_docs_put(docs, CONFIG_METALLB, root));
        json_object_put(root);
        config = config_build(docs);
        ck_assert_int_eq(verdict_of(config, "metallb.io", "")->reason, REASON_ACCEPTED);
        ck_assert_int_eq(verdict_of(config, "heraldlb.io", "herald-config/pools.yaml")->reason,
                         REASON_SHADOWED);
        config_free(config);

        put(docs, CONFIG_HERALD, "a", "10.1.0.0/24", "");
        config = config_build(docs);
        ck_assert_int_eq(verdict_of(config, "metallb.io", "")->reason, REASON_SHADOWED);
        ck_assert_int_eq(verdict_of(config, "heraldlb.io", "")->reason, REASON_ACCEPTED);
        ck_assert_uint_eq(config->n_pools, 1);
        config_free(config);
        config_docs_free(docs);
}
END_TEST

START_TEST(files_are_replaced_as_a_whole)
{
        struct config_docs *docs = config_docs_new();
        struct yaml_docs *yaml = yaml_docs_new(NULL), *empty = yaml_docs_new(NULL);
        yaml_read_text(yaml, "f.yaml", file_text, strlen(file_text));
        config_docs_read(docs, yaml);
        config_docs_read(docs, yaml);
        ck_assert_uint_eq(n_pools(docs), 1);
        config_docs_read(docs, empty);
        ck_assert_uint_eq(n_pools(docs), 0);
        yaml_docs_free(yaml);
        yaml_docs_free(empty);
        config_docs_free(docs);
}
END_TEST

static void put_configmap(struct config_docs *docs, const char *a, const char *b)
{
        struct json_object *map = json_object_new_object(), *data = json_object_new_object();

        json_object_object_add(data, "a.yaml", json_object_new_string(a));
        json_object_object_add(data, "b.yaml", json_object_new_string(b));
        json_object_object_add(map, "data", data);
        config_docs_configmap(docs, map);
        json_object_put(map);
}

START_TEST(a_key_that_cannot_be_read_keeps_what_it_had)
{
        static const char one[] =
                "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: one}\n"
                "spec: {addresses: [10.0.0.0/24]}\n";
        static const char two[] =
                "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: two}\n"
                "spec: {addresses: [10.0.1.0/24]}\n";
        struct config_docs *docs = config_docs_new();

        put_configmap(docs, one, two);
        ck_assert_uint_eq(n_pools(docs), 2);
        put_configmap(docs, "a: [", two);
        ck_assert_uint_eq(n_pools(docs), 2);
        put_configmap(docs, "a: [", "");
        ck_assert_uint_eq(n_pools(docs), 1); /* two was taken away, one is still not known to be */
        put_configmap(docs, "", "");
        ck_assert_uint_eq(n_pools(docs), 0);
        config_docs_free(docs);
}
END_TEST

START_TEST(a_configmap_may_stand_in_a_file)
{
        struct config *config =
                config_of_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: herald-config}\ndata:\n"
                               "  a.yaml: |\n    apiVersion: heraldlb.io/v1alpha1\n    kind: Nonsense\n");
        ck_assert_uint_eq(config->n_verdicts, 1);
        ck_assert_str_eq(config->verdicts[0].file, "test.yaml:herald-config/a.yaml");
        ck_assert_int_eq(config->verdicts[0].line, 2);
        ck_assert_int_eq(config->verdicts[0].reason, REASON_UNKNOWN_KIND);
        config_free(config);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("docs");
        tcase_add_test(tests, only_what_matters_is_a_change);
        tcase_add_test(tests, one_origin_goes_before_another);
        tcase_add_test(tests, files_are_replaced_as_a_whole);
        tcase_add_test(tests, a_configmap_may_stand_in_a_file);
        tcase_add_test(tests, a_key_that_cannot_be_read_keeps_what_it_had);
        return run_tests(tests);
}
