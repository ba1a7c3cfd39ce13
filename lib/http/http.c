#include "http/http.h"
#include "base/arena.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADERS = 8192, MAX_BODY = 4096, TIMEOUT_S = 10 };

struct http {
        struct evhttp *server;
        const struct http_route *routes;
        void *arg;
};

static void send_reply(struct evhttp_request *req, struct http_reply *reply)
{
        struct evbuffer *body = evhttp_request_get_output_buffer(req);

        evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
                          reply->content_type ? reply->content_type : "text/plain; charset=utf-8");
        evhttp_add_header(evhttp_request_get_output_headers(req), "X-Content-Type-Options", "nosniff");
        if (reply->body)
                evbuffer_add(body, reply->body, strlen(reply->body));
        evhttp_send_reply(req, reply->status, NULL, NULL);
        free(reply->body);
}

static void handle(struct evhttp_request *req, void *arg)
{
        struct http *http = arg;
        const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
        struct http_reply reply = {.status = 200};

        for (const struct http_route *route = http->routes; route->path; route++) {
                if (path && strcmp(route->path, path) == 0) {
                        route->fn(http->arg, &reply);
                        send_reply(req, &reply);
                        return;
                }
        }
        reply.status = 404;
        reply.body = xstrdup("no such page\n");
        send_reply(req, &reply);
}

struct http *http_new(struct loop *loop, const char *addr, uint16_t port, const struct http_route *routes,
                      void *arg, char **why)
{
        struct http *http = xcalloc(1, sizeof(*http));

        http->routes = routes;
        http->arg = arg;
        http->server = evhttp_new(loop_base(loop));
        if (!http->server)
                abort();
        evhttp_set_max_headers_size(http->server, MAX_HEADERS);
        evhttp_set_max_body_size(http->server, MAX_BODY);
        evhttp_set_timeout(http->server, TIMEOUT_S);
        evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
        evhttp_set_gencb(http->server, handle, http);
        if (evhttp_bind_socket(http->server, addr, port) < 0) {
                *why = xprintf("cannot listen on %s:%u: %s; name another by --http", addr, port,
                               strerror(errno));
                http_free(http);
                return NULL;
        }
        return http;
}

void http_free(struct http *http)
{
        if (!http)
                return;
        evhttp_free(http->server);
        free(http);
}
