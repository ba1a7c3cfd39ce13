#include "base/arena.h"
#include "k8s/auth.h"
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERT "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
/* base64 of "-----BEGIN X-----\n" */
#define CERT64 "LS0tLS1CRUdJTiBYLS0tLS0K"

static char dir[64];
static char *error;
static const struct mono start = {1000 * SEC};

static char *in_dir(const char *name)
{
        return xprintf("%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
        char *path = in_dir(name);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        fclose(file);
        free(path);
}

static void setup(void)
{
        snprintf(dir, sizeof(dir), "herald-test-auth-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        error = NULL;
}

static void teardown(void)
{
        static const char *const names[] = {"config", "token", "ca.crt", "namespace", "key.pem", "sub/x"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char *path = in_dir(names[i]);
                unlink(path);
                free(path);
        }
        rmdir(dir);
        free(error);
}

static struct auth *load(const char *text)
{
        char *path = in_dir("config");
        put("config", text);
        struct auth *a = auth_kubeconfig(path, start, &error);
        free(path);
        return a;
}

#define CONFIG(context, cluster, user)                                                                       \
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: other\n  context: {cluster: "  \
        "no, user: no}\n"                                                                                    \
        "- name: c\n  context: {" context "}\nclusters:\n- name: k\n  cluster: {" cluster                    \
        "}\nusers:\n- name: u\n  user: {" user "}\n"
#define PLAIN "cluster: k, user: u"

START_TEST(a_kubeconfig_with_files_beside_it)
{
        put("ca.crt", CERT);
        put("token", " secret-1 \n");
        struct auth *a = load(CONFIG(PLAIN ", namespace: shop",
                                     "server: 'https://[fd00::1]:6443/', certificate-authority: ca.crt, "
                                     "tls-server-name: kube.local",
                                     "tokenFile: token, token: other"));
        ck_assert_msg(a != NULL, "%s", error);
        ck_assert_str_eq(a->server, "https://[fd00::1]:6443");
        ck_assert_str_eq(a->ca, CERT);
        ck_assert_str_eq(a->tls_name, "kube.local");
        ck_assert_str_eq(a->namespace, "shop");
        ck_assert_str_eq(auth_token(a, start), "secret-1");
        ck_assert(!a->insecure);
        auth_free(a);
}
END_TEST

START_TEST(data_wins_over_files)
{
        struct auth *a = load(CONFIG(PLAIN,
                                     "server: 'https://10.0.0.1', certificate-authority: missing, "
                                     "certificate-authority-data: " CERT64 ", insecure-skip-tls-verify: true",
                                     "client-certificate-data: " CERT64 ", client-key-data: '" CERT64 "'"));
        ck_assert_msg(a != NULL, "%s", error);
        ck_assert_str_eq(a->ca, "-----BEGIN X-----\n");
        ck_assert_str_eq(a->cert, "-----BEGIN X-----\n");
        ck_assert_str_eq(a->key, "-----BEGIN X-----\n");
        ck_assert(a->insecure);
        ck_assert_ptr_null(auth_token(a, start));
        auth_free(a);
}
END_TEST

START_TEST(a_kubeconfig_in_json)
{
        struct auth *a =
                load("{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":"
                     "\"k\",\"user\":\"u\"}}],"
                     "\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":\"http://localhost:8001\"}}],"
                     "\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t\"}}]}");
        ck_assert_msg(a != NULL, "%s", error);
        ck_assert_str_eq(a->server, "http://localhost:8001");
        ck_assert_str_eq(auth_token(a, start), "t");
        auth_free(a);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
        static const struct {
                const char *text, *part;
        } cases[] = {
                {"", "empty"},
                {"a: [", "line "},
                {"apiVersion: v1\n", "current-context is not set"},
                {"current-context: x\n", "there is no context \"x\""},
                {CONFIG("cluster: nope, user: u", "server: 'https://a'", "token: t"), "no cluster \"nope\""},
                {CONFIG("cluster: k, user: nope", "server: 'https://a'", "token: t"), "no user \"nope\""},
                {CONFIG(PLAIN, "x: y", "token: t"), "no cluster \"k\" with a server"},
                {CONFIG(PLAIN, "server: 10.0.0.1", "token: t"), "is not a URL"},
                {CONFIG(PLAIN, "server: 'https://u:p@a'", "token: t"), "is not a URL"},
                {CONFIG(PLAIN, "server: 'https://a', tls-server-name: 'a b'", "token: t"), "tls-server-name"},
                {CONFIG(PLAIN, "server: 'https://a', certificate-authority: nope.crt", "token: t"),
                 "nope.crt, which certificate-authority names: No such file"},
                {CONFIG(PLAIN, "server: 'https://a', certificate-authority-data: '%%%'", "token: t"),
                 "is not base64"},
                {CONFIG(PLAIN, "server: 'https://a', certificate-authority-data: aGFsbG8=", "token: t"),
                 "is not PEM"},
                {CONFIG(PLAIN, "server: 'https://a'", "tokenFile: nope"),
                 "which tokenFile names: No such file"},
                {CONFIG(PLAIN, "server: 'https://a'", "token: \"a\\nb\""), "not one line"},
                {CONFIG(PLAIN, "server: 'https://a'", "client-key-data: " CERT64), "only one of"},
                {CONFIG(PLAIN, "server: 'https://a'", "exec: {command: aws}"),
                 "has exec, which is not supported"},
                {CONFIG(PLAIN, "server: 'https://a'", "username: me, password: secret"), "has username"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                ck_assert_msg(load(cases[i].text) == NULL, "accepted: %s", cases[i].text);
                ck_assert_msg(strstr(error, cases[i].part) != NULL, "%s\n%s", cases[i].text, error);
                ck_assert_msg(strstr(error, dir) != NULL, "does not name the file: %s", error);
                ck_assert_msg(!strchr(error, '\n') && !strstr(error, "secret"), "%s", error);
                free(error);
                error = NULL;
        }
        ck_assert_ptr_null(auth_kubeconfig("/nonexistent/config", start, &error));
        ck_assert_ptr_nonnull(strstr(error, "--kubeconfig"));
}
END_TEST

START_TEST(a_directory_is_no_kubeconfig)
{
        ck_assert_ptr_null(auth_kubeconfig(dir, start, &error));
        ck_assert_ptr_nonnull(strstr(error, "not a regular file"));
}
END_TEST

START_TEST(in_cluster)
{
        static const struct {
                const char *host, *port, *server;
        } cases[] = {
                {"10.96.0.1", "443", "https://10.96.0.1:443"},
                {"fd00:10:96::1", "443", "https://[fd00:10:96::1]:443"},
                {"localhost", "7445", "https://localhost:7445"}, /* KubePrism */
        };
        put("ca.crt", CERT);
        put("token", "secret-1");
        put("namespace", "heraldlb-system");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct auth *a = auth_in_cluster(dir, cases[i].host, cases[i].port, start, &error);
                ck_assert_msg(a != NULL, "%s", error);
                ck_assert_str_eq(a->server, cases[i].server);
                ck_assert_str_eq(a->namespace, "heraldlb-system");
                ck_assert_str_eq(a->ca, CERT);
                ck_assert_str_eq(auth_token(a, start), "secret-1");
                auth_free(a);
        }
}
END_TEST

START_TEST(in_cluster_errors)
{
        static const struct {
                const char *host, *port, *part;
        } cases[] = {
                {NULL, NULL, "not in a cluster"},
                {"", "443", "not in a cluster"},
                {"10.0.0.1", NULL, "not in a cluster"},
                {"10.0.0.1", "x", "not a host and"},
                {"10.0.0.1", "70000", "not a host and"},
                {"a/b", "443", "not a host and"},
                {"10.0.0.1", "443", "ca.crt: No such file"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                ck_assert_ptr_null(auth_in_cluster(dir, cases[i].host, cases[i].port, start, &error));
                ck_assert_msg(strstr(error, cases[i].part) != NULL, "%s", error);
                free(error);
                error = NULL;
        }
        put("ca.crt", CERT);
        ck_assert_ptr_null(auth_in_cluster(dir, "10.0.0.1", "443", start, &error));
        ck_assert_ptr_nonnull(strstr(error, "token: No such file"));
}
END_TEST

START_TEST(the_token_file_is_read_again)
{
        put("ca.crt", CERT);
        put("token", "one");
        struct auth *a = auth_in_cluster(dir, "10.0.0.1", "443", start, &error);
        put("token", "two");
        ck_assert_str_eq(auth_token(a, mono_add(start, 59 * SEC)), "one");
        ck_assert_str_eq(auth_token(a, mono_add(start, 60 * SEC)), "two");
        put("token", ""); /* the kubelet is in the middle of it */
        ck_assert_str_eq(auth_token(a, mono_add(start, 200 * SEC)), "two");
        put("token", "three");
        ck_assert(auth_refused(a, "two", mono_add(start, 201 * SEC)));
        ck_assert_str_eq(auth_token(a, mono_add(start, 201 * SEC)), "three");
        ck_assert(!auth_refused(a, "three", mono_add(start, 202 * SEC)));
        auth_free(a);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("auth");
        TCase *tc = tcase_create("auth");
        tcase_add_checked_fixture(tc, setup, teardown);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, a_kubeconfig_with_files_beside_it);
        tcase_add_test(tc, data_wins_over_files);
        tcase_add_test(tc, a_kubeconfig_in_json);
        tcase_add_test(tc, what_is_wrong_is_said);
        tcase_add_test(tc, a_directory_is_no_kubeconfig);
        tcase_add_test(tc, in_cluster);
        tcase_add_test(tc, in_cluster_errors);
        tcase_add_test(tc, the_token_file_is_read_again);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
