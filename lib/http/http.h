/*
 * A small HTTP server for probes and metrics, on libevent's evhttp in the control loop. GET and HEAD only; a
 * request is bounded in headers and body, a connection in time.
 */
#pragma once
#include "base/loop.h"
#include <stddef.h>
#include <stdint.h>

struct http;
struct http_reply {
        int status;               /* 200 unless set */
        const char *content_type; /* static; text/plain unless set */
        char *body;               /* malloc'ed; the server frees it */
};
typedef void http_fn(void *arg, struct http_reply *);

struct http_route {
        const char *path;
        http_fn *fn;
};

/* routes end with a NULL path and stay the caller's. NULL if it cannot listen: *why is then a sentence (free
 * it). */
struct http *http_new(struct loop *, const char *addr, uint16_t port, const struct http_route *routes,
                      void *arg, char **why);
void http_free(struct http *);
