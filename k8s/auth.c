/*
 * Credentials.
 *
 * kubeconfig: the fields and their precedence are client-go's (clientcmd/api/v1): -data wins over a file,
 * tokenFile over token once it could be read, relative paths are relative to the kubeconfig. What would need
 * a program to be run or a password to be sent is refused with a sentence. In-cluster: the three files that
 * the kubelet projects and KUBERNETES_SERVICE_HOST and _PORT; a projected token changes about hourly, by
 * rename, so it is always opened by path.
 */
#include "k8s/auth.h"
#include "base/base64.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "config/yaml.h"
#include "k8s/pem.h"
#include "k8s/secret.h"
#include "json/json.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, TOKEN_MAX = 64 << 10 };
static const int64_t token_age = 60 * SEC; /* as client-go */
static const int64_t files_age = 60 * SEC, files_age_refused = 1 * SEC;

void auth_free(struct auth *a)
{
        if (!a)
                return;
        secret_free(a->key);
        secret_free(a->token);
        free(a->server);
        free(a->tls_name);
        free(a->ca);
        free(a->cert);
        free(a->namespace);
        free(a->token_file);
        free(a->ca_file);
        free(a->cert_file);
        free(a->key_file);
        free(a->proxy);
        free(a);
}

/* A regular file of at most max bytes without NUL; NULL and *why otherwise. */
static char *read_text(const char *path, size_t max, const char **why)
{
        size_t len;
        char *text = file_read(AT_FDCWD, path, max, &len, why);
        if (text && strlen(text) != len) {
                *why = "it is not text";
                explicit_bzero(text, len);
                free(text);
                return NULL;
        }
        return text;
}

/* A token goes into a header: one line of printable ASCII. Trims white space; NULL and *why if it cannot be
 * one. */
static char *clean_token(const char *text, const char **why)
{
        text += strspn(text, " \t\r\n");
        size_t n = strlen(text);
        while (n > 0 && isspace((unsigned char)text[n - 1]))
                n--;
        for (size_t i = 0; i < n; i++) {
                if (text[i] <= ' ' || text[i] >= 127)
                        n = 0;
        }
        if (n == 0) {
                *why = "there is no token in it";
                return NULL;
        }
        char *token = xcalloc(n + 1, 1);
        memcpy(token, text, n);
        return token;
}

static bool reload_token(struct auth *a, struct mono now, const char **why)
{
        char *text = read_text(a->token_file, TOKEN_MAX, why);
        char *token = text ? clean_token(text, why) : NULL;
        secret_free(text);
        a->token_read = now;
        if (!token)
                return false;
        secret_free(a->token);
        a->token = token;
        return true;
}

const char *auth_token(struct auth *a, struct mono now)
{
        const char *why = NULL;
        if (a->token_file && mono_since(now, a->token_read) >= token_age)
                reload_token(a, now, &why);
        return a->token;
}

bool auth_refused(struct auth *a, const char *token, struct mono now)
{
        const char *why = NULL;
        if (!a->token_file)
                return false;
        char *refused = token ? xstrdup(token) : NULL;
        bool other = reload_token(a, now, &why) && (!refused || strcmp(refused, a->token) != 0);
        secret_free(refused);
        return other;
}

/* ---- rotation ---- */

/* The file's text, if it differs from what is there; NULL if not, or if it cannot be read (*why). */
static char *changed_text(const char *path, const char *there, const char **why)
{
        char *text = path ? read_text(path, FILE_MAX, why) : NULL;
        if (text && there && strcmp(text, there) == 0) {
                secret_free(text);
                return NULL;
        }
        return text;
}

static const char *refresh_ca(struct auth *a)
{
        const char *why = NULL;
        char *ca = changed_text(a->ca_file, a->ca, &why);
        if (!ca)
                return why;
        why = pem_ca_problem(ca);
        if (why) {
                free(ca);
                return why;
        }
        free(a->ca);
        a->ca = ca;
        return NULL;
}

/* Both or neither: between the writing of one and the other they do not belong together. */
static const char *refresh_pair(struct auth *a)
{
        const char *why = NULL;
        char *cert = changed_text(a->cert_file, a->cert, &why), *key = changed_text(a->key_file, a->key, &why);
        if (why || (!cert && !key)) {
                secret_free(cert);
                secret_free(key);
                return why;
        }
        why = pem_pair_problem(cert ? cert : a->cert, key ? key : a->key);
        if (!why && cert) {
                free(a->cert);
                a->cert = cert;
        }
        if (!why && key) {
                secret_free(a->key);
                a->key = key;
        }
        if (why) {
                secret_free(cert);
                secret_free(key);
        }
        return why;
}

char *auth_refresh(struct auth *a, bool refused, struct mono now)
{
        if (mono_since(now, a->files_read) < (refused ? files_age_refused : files_age))
                return NULL;
        a->files_read = now;
        const char *ca = a->ca_file ? refresh_ca(a) : NULL;
        const char *pair = a->cert_file || a->key_file ? refresh_pair(a) : NULL;
        if (ca)
                return xprintf("%s %s; the one before is used on", a->ca_file, ca);
        if (pair)
                return xprintf("%s %s; the ones before are used on", a->cert_file ? a->cert_file : a->key_file, pair);
        return NULL;
}

/* ---- in-cluster ---- */

static bool is_port(const char *text)
{
        char *end = NULL;
        long n = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;
        return n > 0 && n <= 65535 && *end == 0;
}

static bool is_host(const char *text)
{
        size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:");
        return n > 0 && n <= 253 && text[n] == 0;
}

struct auth *auth_in_cluster(const char *dir, const char *host, const char *port, struct mono now,
                             char **error)
{
        const char *why = NULL;
        if (!host || !port || !*host || !*port) {
                *error = xstrdup(
                        "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; "
                        "name a kubeconfig with --kubeconfig");
                return NULL;
        }
        if (!is_host(host) || !is_port(port)) {
                *error = xstrdup(
                        "KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not a host and a port; set "
                        "them right or name a kubeconfig with --kubeconfig");
                return NULL;
        }
        struct auth *a = xcalloc(1, sizeof(*a));
        char *ca_file = xprintf("%s/ca.crt", dir), *namespace_file = xprintf("%s/namespace", dir);
        bool ipv6 = strchr(host, ':');
        a->server = xprintf(ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port);
        a->token_file = xprintf("%s/token", dir);
        a->ca = read_text(ca_file, FILE_MAX, &why);
        a->ca_file = xstrdup(ca_file);
        a->files_read = now;
        if (!a->ca)
                *error = xprintf("cannot read %s: %s; the pod needs its service account's files", ca_file,
                                 why);
        else if (!reload_token(a, now, &why))
                *error = xprintf("cannot read %s: %s; the pod needs automountServiceAccountToken",
                                 a->token_file, why);
        a->namespace = read_text(namespace_file, 256, &why);
        free(ca_file);
        free(namespace_file);
        if (!a->token) {
                auth_free(a);
                return NULL;
        }
        return a;
}

/* ---- kubeconfig ---- */

struct reading { /* one kubeconfig */
        const char *path;
        struct auth *auth;
        char **error;
};

static bool fail(struct reading *r, char *sentence)
{
        *r->error = text_clean(xprintf("%s: %s", r->path, sentence));
        free(sentence);
        return false;
}

/* The member `what` of the entry called name in the list `list`. */
static struct json_object *entry(struct json_object *root, const char *list, const char *name,
                                 const char *what)
{
        struct json_object *all = json_array_at(root, list);
        for (size_t i = 0; name && i < json_count(all); i++) {
                const char *found = json_string_at(json_item(all, i), "name");
                if (found && strcmp(found, name) == 0)
                        return json_object_at(json_item(all, i), what);
        }
        return NULL;
}

static char *beside(const char *kubeconfig, const char *path)
{
        const char *slash = strrchr(kubeconfig, '/');
        if (path[0] == '/' || !slash)
                return xstrdup(path);
        return xprintf("%.*s/%s", (int)(slash - kubeconfig), kubeconfig, path);
}

/* A PEM text: from NAME-data, else from the file that NAME names. True with *out NULL if neither is there. */
static bool read_pem(struct reading *r, struct json_object *from, const char *name, char **out, char **out_file)
{
        char key[64];
        const char *why = NULL;
        snprintf(key, sizeof(key), "%s-data", name);
        const char *data = json_string_at(from, key), *file = json_string_at(from, name);
        if (data && *data) {
                *out = base64_text(data);
                if (!*out)
                        return fail(r, xprintf("%s is not base64; write the PEM text in base64", key));
        } else if (file && *file) {
                char *path = beside(r->path, file);
                *out = read_text(path, FILE_MAX, &why);
                bool ok = *out || fail(r, xprintf("cannot read %s, which %s names: %s", path, name, why));
                if (!ok) {
                        free(path);
                        return false;
                }
                *out_file = path;
        }
        if (*out && !strstr(*out, "-----BEGIN "))
                return fail(r, xprintf("%s is not PEM; it must hold -----BEGIN ...", name));
        return true;
}

static bool read_cluster(struct reading *r, struct json_object *cluster, const char *name)
{
        struct auth *a = r->auth;
        const char *server = json_string_at(cluster, "server");
        if (!cluster || !server)
                return fail(r,
                            xprintf("there is no cluster \"%.64s\" with a server; add it to clusters", name));
        size_t n = strlen(server);
        while (n > 0 && server[n - 1] == '/')
                n--;
        bool http = strncmp(server, "http://", 7) == 0 || strncmp(server, "https://", 8) == 0;
        if (!http || strpbrk(server, " \t\r\n?#@") || n > 1024)
                return fail(
                        r,
                        xprintf("the server of cluster \"%.64s\" is not a URL such as https://10.0.0.1:6443",
                                name));
        a->server = xcalloc(n + 1, 1);
        memcpy(a->server, server, n);
        json_bool_at(cluster, "insecure-skip-tls-verify", &a->insecure);
        const char *tls_name = json_string_at(cluster, "tls-server-name");
        if (tls_name && *tls_name && !is_host(tls_name))
                return fail(r, xprintf("tls-server-name of cluster \"%.64s\" is not a host name", name));
        a->tls_name = tls_name && *tls_name ? xstrdup(tls_name) : NULL;
        const char *proxy = json_string_at(cluster, "proxy-url");
        a->proxy = proxy && *proxy ? xstrdup(proxy) : NULL;
        return read_pem(r, cluster, "certificate-authority", &a->ca, &a->ca_file);
}

static bool read_token(struct reading *r, struct json_object *user)
{
        struct auth *a = r->auth;
        const char *token = json_string_at(user, "token"), *file = json_string_at(user, "tokenFile");
        const char *why = NULL;
        if (token && *token && !(a->token = clean_token(token, &why)))
                return fail(r, xstrdup("the user's token is not one line of plain characters"));
        if (!file || !*file)
                return true;
        a->token_file = beside(r->path, file);
        if (!reload_token(a, a->token_read, &why) && !a->token)
                return fail(r, xprintf("cannot read %s, which tokenFile names: %s", a->token_file, why));
        return true;
}

static bool read_user(struct reading *r, struct json_object *user, const char *name)
{
        static const char *const refused[] = {"exec", "auth-provider", "username", "password",
                                              "as",   "as-uid",        "as-groups"};
        if (!user)
                return fail(r, xprintf("there is no user \"%.64s\"; add it to users", name));
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
                if (json_object_object_get_ex(user, refused[i], NULL))
                        return fail(r, xprintf("user \"%.64s\" has %s, which is not supported; use a token, "
                                               "a tokenFile "
                                               "or a client certificate",
                                               name, refused[i]));
        }
        if (!read_token(r, user) || !read_pem(r, user, "client-certificate", &r->auth->cert, &r->auth->cert_file) ||
            !read_pem(r, user, "client-key", &r->auth->key, &r->auth->key_file))
                return false;
        if (!r->auth->cert != !r->auth->key)
                return fail(
                        r,
                        xprintf("user \"%.64s\" has only one of client-certificate and client-key; give both",
                                name));
        return true;
}

static bool read_kubeconfig(struct reading *r, struct json_object *root)
{
        const char *current = json_string_at(root, "current-context");
        struct json_object *context = entry(root, "contexts", current, "context");
        if (!current || !*current)
                return fail(
                        r, xstrdup("current-context is not set; choose one with kubectl config use-context"));
        if (!context)
                return fail(r,
                            xprintf("there is no context \"%.64s\", which current-context names", current));
        const char *cluster = json_string_at(context, "cluster"), *user = json_string_at(context, "user");
        const char *space = json_string_at(context, "namespace");
        r->auth->namespace = space && *space ? xstrdup(space) : NULL;
        return read_cluster(r, entry(root, "clusters", cluster, "cluster"), cluster ? cluster : "") &&
               (!user || !*user || read_user(r, entry(root, "users", user, "user"), user));
}

struct auth *auth_kubeconfig(const char *path, struct mono now, char **error)
{
        const char *why = NULL;
        struct reading r = {path, xcalloc(1, sizeof(*r.auth)), error};
        char *text = read_text(path, FILE_MAX, &why);
        bool ok = text || fail(&r, xprintf("cannot read it: %s; name another file with --kubeconfig", why));
        r.auth->token_read = r.auth->files_read = now;
        if (ok) {
                struct yaml_docs *docs = yaml_docs_new(NULL);
                yaml_read_text(docs, path, text, strlen(text));
                if (docs->n == 0)
                        ok = fail(&r, xstrdup("it is empty; it must be a kubeconfig"));
                else if (!docs->v[0].root)
                        ok = fail(&r, xprintf("line %d: %s", docs->v[0].line, docs->v[0].error));
                else
                        ok = read_kubeconfig(&r, docs->v[0].root);
                for (size_t i = 0; i < docs->n; i++)
                        secret_tree_wipe(docs->v[i].root);
                yaml_docs_free(docs);
        }
        secret_free(text);
        if (ok)
                return r.auth;
        auth_free(r.auth);
        return NULL;
}
