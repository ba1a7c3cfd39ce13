/*
 * libcurl on the loop.
 *
 * libcurl tells which sockets it waits for (on_socket) and when it wants to be called without one (on_timer);
 * both end in turn(), after which finished transfers are collected. Inside libcurl's own callbacks (in_curl)
 * no handle may be added, removed or freed: requests that are sent or cancelled there are only marked, and
 * settled by a deferred call. Invariant: a request is freed in settle() or finish() only, never while libcurl
 * is on the stack.
 *
 * HTTP/2 only with libcurl 8.10 or newer: before, a broken parallel transfer could pass for a complete one,
 * and cancelled streams used up the connection's window. Then each watch has a connection of its own. Nothing
 * is ever decompressed: a watch of the API server may be a gzip of many members, which libcurl cannot read.
 */
#include "k8s/transport_priv.h"
#include "base/arena.h"
#include "k8s/auth.h"
#include "k8s/curl_options.h"
#include "k8s/secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { WRITE_CONNECTIONS = 8, TIMEOUT_S = 30, ERROR_BODY_MAX = 64 << 10 };

static void settle(void *arg);

void transport_settle_later(struct transport *t)
{
        if (!t->deferred) {
                t->deferred = true;
                loop_defer(t->loop, settle, t);
        }
}

/* ---- requests ---- */

static bool collect(struct request *r, const char *bytes, size_t n, size_t max)
{
        if (n > max - r->answer_len) {
                r->too_large = true;
                return false;
        }
        r->answer = xreallocarray(r->answer, r->answer_len + n + 1, 1);
        memcpy(r->answer + r->answer_len, bytes, n);
        r->answer_len += n;
        r->answer[r->answer_len] = 0;
        return true;
}

/* What a server sends without end must not keep everybody else from the loop. */
static bool turn_is_over(struct request *r)
{
        struct mono now = mono_now();
        if (mono_since(now, r->line->turned) < TRANSPORT_TURN)
                return false;
        r->paused = true;
        loop_timer_at(r->line->resumer, now);
        return true;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
        struct request *r = arg;
        long status = 0;
        size_t n = size * count;
        if (r->cancelled)
                return CURL_WRITEFUNC_ERROR;
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
        if (!r->on_bytes || status != 200)
                return collect(r, bytes, n, r->on_bytes ? ERROR_BODY_MAX : TRANSPORT_MAX_BODY)
                               ? n
                               : CURL_WRITEFUNC_ERROR;
        if (turn_is_over(r))
                return CURL_WRITEFUNC_PAUSE;
        r->stopped = !r->on_bytes(r->arg, bytes, n);
        return r->stopped || r->cancelled ? CURL_WRITEFUNC_ERROR : n;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
        struct request *r = arg;
        long status = 0;
        size_t n = size * count;
        if (n != 2 || memcmp(bytes, "\r\n", 2) != 0 || !r->on_bytes || r->opened || r->cancelled)
                return n; /* only the empty line after the headers is of interest */
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
        r->opened = status == 200;
        r->stopped = r->opened && !r->on_bytes(r->arg, "", 0);
        return r->stopped ? 0 : n;
}

static void add_header(struct request *r, const char *name, const char *value)
{
        char *line = xprintf("%s: %s", name, value);
        struct curl_slist *longer = curl_slist_append(r->headers, line);
        if (!longer)
                abort();
        r->headers = longer;
        secret_free(line);
}

static void set_headers(struct request *r)
{
        const char *token = auth_token(r->transport->auth, mono_now());
        secret_list_free(r->headers);
        r->headers = NULL;
        secret_free(r->token);
        r->token = token ? xstrdup(token) : NULL;
        add_header(r, "Accept", r->accept);
        add_header(r, "Expect", "");
        if (r->content_type)
                add_header(r, "Content-Type", r->content_type);
        if (r->token) {
                char *bearer = xprintf("Bearer %s", r->token);
                add_header(r, "Authorization", bearer);
                secret_free(bearer);
        }
        curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static void set_options(struct request *r)
{
        curl_easy_setopt(r->easy, CURLOPT_TIMEOUT, (long)r->timeout_s);
        curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
        curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
        curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->error);
        curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
        if (r->content_type) {
                curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
                curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(r->body));
                curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body);
        }
        curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void request_free(struct request *r)
{
        DL_DELETE(r->transport->requests, r);
        if (r->added)
                curl_multi_remove_handle(r->line->multi, r->easy);
        curl_easy_cleanup(r->easy);
        secret_list_free(r->headers);
        curl_slist_free_all(r->connect_to);
        secret_free(r->token);
        free(r->method);
        free(r->path);
        free(r->accept);
        free(r->content_type);
        secret_free(r->body);
        free(r->answer);
        free(r);
}

/* Which API server, and who we are, is decided when it goes, not when it was asked for. */
static void request_add(struct request *r)
{
        struct transport *t = r->transport;
        struct curl_slist *former = r->connect_to;
        health_refresh(t, false);
        if (!r->forced)
                r->endpoint = t->endpoints.current;
        r->connect_to = curl_options(r->easy, t->auth, t->endpoints.v[r->endpoint].url, r->path);
        curl_slist_free_all(former);
        bool fresh = r->fresh || mono_before(mono_now(), t->fresh_until);
        curl_easy_setopt(r->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
        set_headers(r);
        r->error[0] = 0;
        if (curl_multi_add_handle(r->line->multi, r->easy) != CURLM_OK)
                abort();
        r->added = true;
}

struct request *transport_send(struct transport *t, const struct request_spec *spec)
{
        struct request *r = xcalloc(1, sizeof(*r));
        r->transport = t;
        r->line = &t->lines[spec->lane];
        r->method = xstrdup(spec->method);
        r->path = xstrdup(spec->path);
        r->accept = xstrdup(spec->accept ? spec->accept : "application/json");
        r->fresh = spec->fresh;
        r->content_type = spec->content_type ? xstrdup(spec->content_type) : NULL;
        r->body = xstrdup(spec->body ? spec->body : "");
        r->timeout_s = spec->timeout_s ? spec->timeout_s : TIMEOUT_S;
        r->on_bytes = spec->on_bytes;
        r->on_done = spec->on_done;
        r->arg = spec->arg;
        r->easy = curl_easy_init();
        if (!r->easy)
                abort();
        set_options(r);
        DL_APPEND(t->requests, r);
        transport_settle_later(t);
        return r;
}

void request_force(struct request *r, size_t endpoint)
{
        r->forced = true;
        r->endpoint = endpoint;
}

void request_cancel(struct request *r)
{
        if (!r)
                return;
        r->cancelled = true;
        transport_settle_later(r->transport);
}

/* ---- the end of a request ---- */

/* libcurl's own text tells how many milliseconds it took: the same trouble would be a new sentence each time.
 */
static const char *what_failed(const struct request *r, CURLcode code, long status)
{
        long os_error = 0;
        if (r->too_large)
                return "the answer is too large";
        if (code == CURLE_OPERATION_TIMEDOUT)
                return status ? "the answer did not end in time" : "no answer in time";
        curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os_error);
        if (code == CURLE_COULDNT_CONNECT && os_error)
                return strerror((int)os_error);
        return r->error[0] ? r->error : curl_easy_strerror(code);
}

static bool was_sent(struct request *r, CURLcode code)
{
        long bytes = 0;
        curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &bytes);
        return bytes > 0 || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
}

static bool retry_unauthorized(struct request *r, long status)
{
        if (status != 401 || r->retried || !auth_refused(r->transport->auth, r->token, mono_now()))
                return false;
        r->retried = true;
        curl_multi_remove_handle(r->line->multi, r->easy);
        r->added = false;
        free(r->answer);
        r->answer = NULL;
        r->answer_len = 0;
        request_add(r);
        return true;
}

static void finish(struct request *r, CURLcode code)
{
        long status = 0;
        curl_off_t retry_after = 0;
        char *error = NULL;
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &retry_after);
        if (!r->cancelled && !r->stopped)
                health_learn(r, code, status);
        if (code == CURLE_OK && !r->cancelled && retry_unauthorized(r, status))
                return;
        if (code != CURLE_OK && !r->stopped)
                error = xprintf("%s: %s", r->transport->endpoints.v[r->endpoint].url, what_failed(r, code, status));
        const struct reply reply = {
                .status = (int)status,
                .retry_after_s = retry_after > 0 ? retry_after : -1,
                .body = r->answer ? r->answer : "",
                .len = r->answer_len,
                .error = error,
                .sent = was_sent(r, code),
                .stopped = r->stopped,
        };
        curl_multi_remove_handle(r->line->multi, r->easy);
        r->added = false;
        if (!r->cancelled)
                r->on_done(r->arg, &reply);
        free(error);
        request_free(r);
}

/* As if its connection had broken. */
static void finish_cut(struct request *r)
{
        const struct reply reply = {.retry_after_s = -1, .body = "", .error = "it goes to another connection",
                                    .sent = true};
        curl_multi_remove_handle(r->line->multi, r->easy);
        r->added = false;
        r->on_done(r->arg, &reply);
        request_free(r);
}

static void collect_finished(struct line *line)
{
        CURLMsg *message;
        int left;
        while ((message = curl_multi_info_read(line->multi, &left))) {
                struct request *r = NULL;
                CURLcode code = message->data.result;
                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&r);
                finish(r, code);
        }
}

/* ---- libcurl and the loop ---- */

static void act(struct line *line, curl_socket_t fd, int what)
{
        int running;
        curl_multi_socket_action(line->multi, fd, what, &running);
        collect_finished(line);
}

static void turn(struct line *line, curl_socket_t fd, int what)
{
        line->turned = mono_now();
        act(line, fd, what);
}

static void on_fd(void *arg, int fd, int what)
{
        int events = (what & LOOP_READ ? CURL_CSELECT_IN : 0) | (what & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
        turn(arg, fd, events);
}

static void on_deadline(void *arg)
{
        turn(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl hands over what it kept from inside curl_easy_pause(); it may pause again. */
static void resume(void *arg)
{
        struct line *line = arg;
        struct request *r;
        line->turned = mono_now();
        DL_FOREACH(line->transport->requests, r)
        {
                if (r->line != line || !r->paused)
                        continue;
                r->paused = false;
                curl_easy_pause(r->easy, CURLPAUSE_CONT);
                if (r->paused)
                        break;
        }
        act(line, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
        static const int wanted[] = {[CURL_POLL_IN] = LOOP_READ,
                                     [CURL_POLL_OUT] = LOOP_WRITE,
                                     [CURL_POLL_INOUT] = LOOP_READ | LOOP_WRITE};
        struct line *line = arg;
        struct loop_fd *watched = socket_arg;
        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                loop_fd_free(watched);
                curl_multi_assign(line->multi, fd, NULL);
        } else if (watched) {
                loop_fd_set(watched, wanted[what]);
        } else {
                watched = loop_fd_new(line->transport->loop, fd, wanted[what], on_fd, line);
                curl_multi_assign(line->multi, fd, watched);
        }
        return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
        struct line *line = arg;
        (void)multi;
        if (ms < 0)
                loop_timer_stop(line->timer);
        else
                loop_timer_at(line->timer, mono_add(mono_now(), ms * MSEC));
        return 0;
}

/* Starts and ends what was only marked. */
static void settle(void *arg)
{
        struct transport *t = arg;
        struct request *r, *next;
        t->deferred = false;
        if (t->closed) {
                free(t);
                return;
        }
        DL_FOREACH_SAFE(t->requests, r, next)
        {
                if (r->cancelled)
                        request_free(r);
                else if (r->cut && r->added)
                        finish_cut(r);
                else if (!r->added)
                        request_add(r);
        }
}

static void line_open(struct transport *t, enum lane lane)
{
        struct line *line = &t->lines[lane];
        line->transport = t;
        line->multi = curl_multi_init();
        if (!line->multi)
                abort();
        line->timer = loop_timer_new(t->loop, on_deadline, line);
        line->resumer = loop_timer_new(t->loop, resume, line);
        curl_multi_setopt(line->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(line->multi, CURLMOPT_SOCKETDATA, line);
        curl_multi_setopt(line->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(line->multi, CURLMOPT_TIMERDATA, line);
        curl_multi_setopt(line->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
        if (lane == LANE_WRITE)
                curl_multi_setopt(line->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)WRITE_CONNECTIONS);
}

struct transport *transport_new(struct loop *loop, struct auth *auth, char **error)
{
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
                *error = xstrdup("libcurl does not start; check that it is installed whole");
                return NULL;
        }
        if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
                *error =
                        xstrdup("libcurl would block the daemon while it looks up names; install one that is "
                                "built with AsynchDNS (curl --version lists it)");
                curl_global_cleanup();
                return NULL;
        }
        struct transport *t = xcalloc(1, sizeof(*t));
        t->loop = loop;
        t->auth = auth;
        for (enum lane lane = 0; lane < LANE_MAX; lane++)
                line_open(t, lane);
        const char *const urls[] = {auth->server};
        health_start(t, urls, 1);
        return t;
}

void transport_servers(struct transport *t, const char *const *urls, size_t n)
{
        health_stop(t);
        health_start(t, urls, n);
}

struct transport_status transport_status(const struct transport *t)
{
        return (struct transport_status){.server = t->endpoints.v[t->endpoints.current].url,
                                         .failovers = t->endpoints.failovers};
}

void transport_free(struct transport *t)
{
        if (!t)
                return;
        while (t->requests)
                request_free(t->requests);
        health_stop(t);
        free(t->file_trouble);
        for (enum lane lane = 0; lane < LANE_MAX; lane++) {
                curl_multi_cleanup(t->lines[lane].multi);
                loop_timer_free(t->lines[lane].timer);
                loop_timer_free(t->lines[lane].resumer);
        }
        curl_global_cleanup();
        t->closed = true;
        if (!t->deferred)
                free(t);
}

struct loop *transport_loop(struct transport *t)
{
        return t->loop;
}
