/* Certificates that are replaced while the daemon runs, and an API server that is replaced by another. */
#include "fake_server.h"
#include "k8s/auth.h"
#include "k8s/pem.h"
#include "k8s/transport.h"
#include "test/unit/base/suite.h"
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>

struct pair {
        char *cert, *key;
};

static char *text_of(BIO *bio)
{
        char *data;
        long n = BIO_get_mem_data(bio, &data);
        char *text = strndup(data, (size_t)n);
        BIO_free(bio);
        return text;
}

static struct pair make_pair(void)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *cert = X509_new();
        ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
        X509_gmtime_adj(X509_getm_notBefore(cert), 0);
        X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
        X509_set_pubkey(cert, key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"x", -1, -1,
                                   0);
        X509_set_issuer_name(cert, X509_get_subject_name(cert));
        ck_assert(X509_sign(cert, key, EVP_sha256()) > 0);
        BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(cert_bio, cert);
        PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
        X509_free(cert);
        EVP_PKEY_free(key);
        return (struct pair){text_of(cert_bio), text_of(key_bio)};
}

static void free_pair(struct pair *pair)
{
        free(pair->cert);
        free(pair->key);
}

static void write_text(const char *path, const char *text, size_t n)
{
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fwrite(text, 1, n, file);
        fclose(file);
}

START_TEST(what_can_be_used)
{
        struct pair a = make_pair(), b = make_pair();
        char *both = xprintf("%s%s", a.cert, b.cert), *cut = strndup(both, strlen(a.cert) + 60);
        ck_assert_ptr_null(pem_ca_problem(a.cert));
        ck_assert_ptr_null(pem_ca_problem(both));
        ck_assert_str_eq(pem_ca_problem("nonsense"), "holds no certificate");
        ck_assert_str_eq(pem_ca_problem(cut), "holds a certificate that is not whole");
        ck_assert_ptr_null(pem_pair_problem(a.cert, a.key));
        ck_assert_str_eq(pem_pair_problem(a.cert, b.key), "and its key do not belong together");
        ck_assert_str_eq(pem_pair_problem(a.cert, "x"), "has a key that cannot be read");
        ck_assert_str_eq(pem_pair_problem("x", a.key), "is no certificate");
        free(both);
        free(cut);
        free_pair(&a);
        free_pair(&b);
}
END_TEST

START_TEST(files_are_read_again)
{
        struct pair old = make_pair(), new = make_pair();
        struct auth auth = {.ca = strdup(old.cert), .cert = strdup(old.cert), .key = strdup(old.key),
                            .ca_file = strdup("rotation-ca.pem"), .cert_file = strdup("rotation-cert.pem"),
                            .key_file = strdup("rotation-key.pem")};
        struct mono now = {100 * SEC};
        write_text("rotation-ca.pem", old.cert, strlen(old.cert));
        write_text("rotation-cert.pem", new.cert, strlen(new.cert)); /* between the two writes */
        write_text("rotation-key.pem", old.key, strlen(old.key));
        char *trouble = auth_refresh(&auth, false, now);
        ck_assert_ptr_nonnull(strstr(trouble, "rotation-cert.pem and its key do not belong together"));
        ck_assert_ptr_null(strstr(trouble, "PRIVATE"));
        free(trouble);
        ck_assert_str_eq(auth.cert, old.cert);
        write_text("rotation-key.pem", new.key, strlen(new.key));
        write_text("rotation-ca.pem", new.cert, 40); /* half written */
        ck_assert_ptr_null(auth_refresh(&auth, false, now)); /* not so soon */
        now.ns += 1 * SEC;
        trouble = auth_refresh(&auth, true, now);
        ck_assert_ptr_nonnull(strstr(trouble, "rotation-ca.pem holds no certificate; the one before is used on"));
        free(trouble);
        ck_assert_str_eq(auth.cert, new.cert);
        ck_assert_str_eq(auth.key, new.key);
        ck_assert_str_eq(auth.ca, old.cert);
        write_text("rotation-ca.pem", new.cert, strlen(new.cert));
        now.ns += 60 * SEC;
        ck_assert_ptr_null(auth_refresh(&auth, false, now));
        ck_assert_str_eq(auth.ca, new.cert);
        char *const texts[] = {auth.ca, auth.cert, auth.key, auth.ca_file, auth.cert_file, auth.key_file};
        for (size_t i = 0; i < 6; i++)
                free(texts[i]);
        unlink("rotation-ca.pem");
        unlink("rotation-cert.pem");
        unlink("rotation-key.pem");
        free_pair(&old);
        free_pair(&new);
}
END_TEST

static void replace_pair(const struct pair *pair)
{
        write_text("rotation-cert.pem", pair->cert, strlen(pair->cert));
        write_text("rotation-key.pem", pair->key, strlen(pair->key));
}

/* ---- another API server ---- */

static struct loop *loop;
static struct transport *transport;
static struct fake_server first, second;
static int at_first, at_second, results[2];
static char watch_error[256];

static void serve(void *arg, struct fake_conn *c, const struct fake_request *r)
{
        ++*(int *)arg;
        if (strcmp(r->path, "/watch") == 0)
                fake_stream(c); /* and nothing more */
        else
                fake_reply(c, 200, "", "{}");
        if (strcmp(r->path, "/watch") == 0)
                loop_stop(loop);
}

static void on_done(void *arg, const struct reply *reply)
{
        *(int *)arg = reply->status;
        loop_stop(loop);
}

static void on_watch_done(void *arg, const struct reply *reply)
{
        (void)arg;
        snprintf(watch_error, sizeof(watch_error), "%s", reply->error);
}

static bool on_bytes(void *arg, const char *bytes, size_t n)
{
        (void)arg, (void)bytes, (void)n;
        return true;
}

static void get(int *status)
{
        const struct request_spec spec = {
                .method = "GET", .path = "/x", .lane = LANE_WRITE, .on_done = on_done, .arg = status};
        transport_send(transport, &spec);
        loop_run(loop);
}

/* Who we are is looked up when a request goes. */
START_TEST(a_request_has_the_newest_certificate)
{
        struct pair old = make_pair(), new = make_pair();
        struct auth auth = {.cert_file = strdup("rotation-cert.pem"), .key_file = strdup("rotation-key.pem")};
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        loop = loop_new("test");
        fake_start(&first, loop, serve, &at_first);
        auth.server = xprintf("http://127.0.0.1:%d", first.port);
        replace_pair(&old);
        transport = transport_new(loop, &auth, &error);
        get(&results[0]);
        ck_assert_str_eq(auth.cert, old.cert);
        replace_pair(&new);
        auth.files_read.ns -= 3600 * SEC; /* files are not read all the time */
        get(&results[0]);
        ck_assert_str_eq(auth.cert, new.cert);
        ck_assert_str_eq(auth.key, new.key);
        transport_free(transport);
        fake_stop(&first);
        loop_free(loop);
        char *const texts[] = {auth.server, auth.cert, auth.key, auth.cert_file, auth.key_file};
        for (size_t i = 0; i < 5; i++)
                free(texts[i]);
        unlink("rotation-cert.pem");
        unlink("rotation-key.pem");
        free_pair(&old);
        free_pair(&new);
}
END_TEST

START_TEST(a_server_that_is_gone_is_left)
{
        struct auth auth = {0};
        char *error = NULL;
        signal(SIGPIPE, SIG_IGN);
        loop = loop_new("test");
        fake_start(&first, loop, serve, &at_first);
        fake_start(&second, loop, serve, &at_second);
        auth.server = xprintf("http://127.0.0.1:%d", first.port);
        char *other = xprintf("http://127.0.0.1:%d", second.port);
        const char *const urls[] = {auth.server, other};
        transport = transport_new(loop, &auth, &error);
        transport_servers(transport, urls, 2);
        const struct request_spec watch = {.method = "GET",
                                           .path = "/watch",
                                           .lane = LANE_WATCH,
                                           .on_bytes = on_bytes,
                                           .on_done = on_watch_done};
        transport_send(transport, &watch);
        loop_run(loop);
        get(&results[0]);
        ck_assert_int_eq(results[0], 200);
        ck_assert_str_eq(transport_status(transport).server, auth.server);
        /* It listens no more; what it has accepted hangs. A lane without a connection finds out. */
        loop_fd_set(first.watched, 0);
        ck_assert_int_eq(shutdown(first.fd, SHUT_RDWR), 0);
        results[1] = -1;
        const struct request_spec renewal = {
                .method = "GET", .path = "/x", .lane = LANE_LEASE, .on_done = on_done, .arg = &results[1]};
        transport_send(transport, &renewal);
        loop_run(loop);
        ck_assert_int_eq(results[1], 0);
        ck_assert_str_eq(transport_status(transport).server, other);
        ck_assert_uint_eq(transport_status(transport).failovers, 1);
        get(&results[1]);
        ck_assert_int_eq(results[1], 200);
        ck_assert_int_ge(at_second, 1);
        ck_assert_str_eq(watch_error, "it goes to another connection");
        transport_free(transport);
        fake_stop(&first);
        fake_stop(&second);
        loop_free(loop);
        free(auth.server);
        free(other);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {what_can_be_used, files_are_read_again, a_request_has_the_newest_certificate, a_server_that_is_gone_is_left};
        return run_tests("rotation", tests, sizeof(tests) / sizeof(tests[0]));
}
