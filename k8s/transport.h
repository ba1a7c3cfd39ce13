/*
 * HTTP requests to the API server, without blocking: libcurl's multi_socket interface on a loop. Names are
 * resolved by libcurl's resolver thread or c-ares, never in the loop. The process must ignore SIGPIPE.
 */
#pragma once
#include "base/loop.h"
#include <stddef.h>
#include <stdint.h>

struct auth;
struct request;
struct transport;

/* Each lane has connections of its own: a long list never stands before the renewal of a Lease. */
enum lane { LANE_WATCH, LANE_WRITE, LANE_LEASE, LANE_MAX };

struct reply {                 /* valid during the callback */
        int status;            /* 0: no answer */
        int64_t retry_after_s; /* -1 if the server did not say */
        const char *body;      /* NUL-terminated; of an answer that was not streamed, else "" */
        size_t len;
        const char *error; /* one sentence if the answer is not whole, or if it is none; NULL otherwise */
        bool sent;         /* the server may have acted: the request, or a part of it, left this node */
        bool stopped;      /* on_bytes returned false */
};

/* Bytes of a body with status 200, as they come, but for at most TRANSPORT_TURN of a turn of the loop; with n = 0 when such an answer begins. False ends the
 * request: on_done is called with stopped. */
typedef bool request_bytes_fn(void *arg, const char *bytes, size_t n);
/* Once for each request that was not cancelled. The request is gone when it returns. */
typedef void request_done_fn(void *arg, const struct reply *);

struct request_spec {             /* copied */
        const char *method;       /* "GET", "POST", "PUT", "PATCH" */
        const char *path;         /* with the query */
        const char *accept;       /* NULL: application/json */
        const char *content_type; /* NULL: no body */
        const char *body;
        enum lane lane;
        int timeout_s;              /* for the whole request, its connection included; 0: 30 */
        bool fresh;                 /* on a connection that nobody used before */
        request_bytes_fn *on_bytes; /* NULL: the body is collected, at most TRANSPORT_MAX_BODY */
        request_done_fn *on_done;
        void *arg;
};

#define TRANSPORT_TURN     (8 * MSEC)
#define TRANSPORT_MAX_BODY ((size_t)4 << 20)

/* auth is borrowed and must live longer. NULL and in *error a malloced sentence if libcurl does not start, or
 * would block while it looks up names. What is wrong with a certificate is told by each request. */
struct transport *transport_new(struct loop *, struct auth *, char **error);
/* The API servers to use, in place of auth's: see endpoints.h. Before anything is sent; copied; n > 0. */
void transport_servers(struct transport *, const char *const *urls, size_t n);
struct transport_status {
        const char *server; /* in use; valid until the next request */
        uint64_t failovers; /* how often another one was taken */
};
struct transport_status transport_status(const struct transport *);
void transport_free(struct transport *); /* cancels all requests; not from their callbacks; NULL is fine */

/* Never fails at once: what is wrong comes with on_done, and never before this returns. A 401 is tried once
 * more if the token file holds another token by then. */
struct request *transport_send(struct transport *, const struct request_spec *);
/* No callback will come any more. Allowed anywhere, in callbacks too, but not after on_done. NULL is fine. */
void request_cancel(struct request *);

/* Who was left without an answer: fn(arg) when the API server in use answers again, whoever asked it, after it
 * answered nobody for some seconds. */
struct transport_waiter {
        struct transport_waiter *prev, *next;
        void (*fn)(void *arg);
        void *arg;
        bool waits;
};
void transport_wait(struct transport *, struct transport_waiter *); /* it may wait already; it is not copied */
void transport_wait_no_more(struct transport *, struct transport_waiter *); /* from fn, too */

struct loop *transport_loop(struct transport *);
