/* Inside of the transport: requests, and the API servers that they go to. */
#pragma once
#include "k8s/endpoints.h"
#include "k8s/transport.h"
#include <curl/curl.h>

struct line { /* one lane */
        struct transport *transport;
        CURLM *multi;
        struct loop_timer *timer;
        struct loop_timer *resumer; /* continues what pauses */
        struct mono turned;         /* when the turn began */
};

struct probe { /* of one API server */
        struct transport *transport;
        size_t endpoint;
};

struct transport {
        struct loop *loop;
        struct auth *auth;
        struct line lines[LANE_MAX];
        struct request *requests;
        bool deferred; /* settle() will come */
        bool closed;
        struct endpoints endpoints;
        struct loop_timer *prober;
        struct probe probes[ENDPOINTS_MAX];
        struct mono fresh_until; /* until then no connection that is there already is used */
        char *file_trouble;      /* of auth_refresh(), as told last */
        struct mono answered_at; /* by whichever server */
        struct transport_waiter *waiters;
};

struct request {
        struct request *prev, *next;
        struct transport *transport;
        struct line *line;
        CURL *easy;
        struct curl_slist *headers, *connect_to;
        char *method, *path, *accept, *content_type, *body, *token;
        int timeout_s;
        request_bytes_fn *on_bytes;
        request_done_fn *on_done;
        void *arg;
        char *answer; /* collected */
        size_t answer_len;
        bool added, cancelled, opened, stopped, too_large, retried, paused, fresh;
        bool cut;        /* its API server is not the one in use any more: end it */
        bool forced;     /* endpoint was chosen by who sent it */
        size_t endpoint; /* which one it goes to */
        char error[CURL_ERROR_SIZE];
};

/* ---- transport.c ---- */
void transport_settle_later(struct transport *);
/* To this API server, whichever is in use. */
void request_force(struct request *, size_t endpoint);

/* ---- transport_health.c ---- */
void health_start(struct transport *, const char *const *urls, size_t n);
void health_stop(struct transport *);
/* What the end of a request says of the API server that it went to. */
void health_learn(struct request *, CURLcode, long status);
/* Reads certificates again when it is time; refused: the server, or we, did not like them. */
void health_refresh(struct transport *, bool refused);
