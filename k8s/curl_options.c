/*
 * HTTP/2 only with libcurl 8.10 or newer: before, a broken parallel transfer could pass for a complete one,
 * and cancelled streams used up the connection's window. With HTTP/1.1 each watch has a connection of its
 * own. Nothing is ever decompressed (there is no Accept-Encoding): a watch of the API server may be a gzip of
 * many members, which libcurl cannot read. A connection that is half open is found within 15 s: when idle by the
 * third probe, after 5 s + 3 x 3 s, else when what was sent was not acknowledged for 12 s. Redirects are not
 * followed: the token must go nowhere else.
 */
#include "k8s/curl_options.h"
#include "base/arena.h"
#include "k8s/auth.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { HTTP2_SINCE = 0x080A00, CONNECT_TIMEOUT_S = 10 };

static int on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
        static const int tcp[][2] = {
                {TCP_KEEPIDLE, 5}, {TCP_KEEPINTVL, 3}, {TCP_KEEPCNT, 3}, {TCP_USER_TIMEOUT, 12000}};
        static const int on = 1;
        (void)arg, (void)purpose;
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        for (size_t i = 0; i < sizeof(tcp) / sizeof(tcp[0]); i++)
                (void)setsockopt(fd, IPPROTO_TCP, tcp[i][0], &tcp[i][1], sizeof(int));
        return CURL_SOCKOPT_OK;
}

/* The certificate names another host than the URL: libcurl checks the URL's host, so the name goes into the
 * URL and the real host and port into CONNECT_TO. */
static char *url_of(const struct auth *a, const char *server, const char *path, struct curl_slist **connect_to)
{
        if (!a->tls_name || strncmp(server, "https:", 6) != 0)
                return xprintf("%s%s", server, path);
        const char *host = strstr(server, "://") + 3;
        size_t n = strcspn(host, "/");
        const char *bracket = memchr(host, ']', n);
        const char *colon =
                bracket ? memchr(bracket, ':', n - (size_t)(bracket - host)) : memchr(host, ':', n);
        char *to = xprintf("::%.*s%s", (int)n, host, colon ? "" : ":443");
        *connect_to = curl_slist_append(NULL, to);
        if (!*connect_to)
                abort();
        free(to);
        return xprintf("https://%s%s%s", a->tls_name, host + n, path);
}

static void set_tls(CURL *easy, const struct auth *a)
{
        struct curl_blob blob = {.flags = CURL_BLOB_COPY}; /* files change while connections last */
        const struct {
                CURLoption option;
                char *pem;
        } blobs[] = {
                {CURLOPT_CAINFO_BLOB, a->ca}, {CURLOPT_SSLCERT_BLOB, a->cert}, {CURLOPT_SSLKEY_BLOB, a->key}};
        for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++) {
                if (!blobs[i].pem)
                        continue;
                blob.data = blobs[i].pem;
                blob.len = strlen(blobs[i].pem);
                curl_easy_setopt(easy, blobs[i].option, &blob);
        }
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, a->insecure ? 0L : 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, a->insecure ? 0L : 2L);
}

/* None, or as kubectl does it: that of the kubeconfig, else HTTPS_PROXY and NO_PROXY, which libcurl reads. Names are
 * looked up by a SOCKS proxy, as Go has it. */
static void set_proxy(CURL *easy, const struct auth *a)
{
        static const char socks[] = "socks5://";
        if (!a->follow_proxies) {
                curl_easy_setopt(easy, CURLOPT_PROXY, "");
        } else if (a->proxy && strncmp(a->proxy, socks, sizeof(socks) - 1) == 0) {
                char *proxy = xprintf("socks5h://%s", a->proxy + sizeof(socks) - 1);
                curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
                free(proxy);
        } else if (a->proxy) {
                curl_easy_setopt(easy, CURLOPT_PROXY, a->proxy);
        }
}

struct curl_slist *curl_options(CURL *easy, const struct auth *a, const char *server, const char *path)
{
        struct curl_slist *connect_to = NULL;
        char *url = url_of(a, server, path, &connect_to);
        bool tls = strncmp(url, "https:", 6) == 0;
        bool http2 = curl_version_info(CURLVERSION_NOW)->version_num >= HTTP2_SINCE;
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
        set_proxy(easy, a);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                         1L); /* a cancelled name lookup is left to its thread, not joined */
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "herald/" HERALD_VERSION);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                         http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
        curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_sockopt);
        set_tls(easy, a);
        free(url);
        return connect_to;
}
