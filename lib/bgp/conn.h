/*
 * A TCP connection that carries BGP messages: opened without blocking, filled when the kernel has room,
 * closed so that the last message arrives. Knows nothing of what the messages mean. Callbacks may call any
 * function here, also conn_free(): memory goes away when the turn of the loop is over.
 */
#pragma once
#include "base/clock.h"
#include "base/ip.h"

struct conn;
struct loop;

struct conn_to {
        struct ip remote, source; /* source unspecified: the kernel chooses */
        uint16_t port;
        int ttl;
        const char *password; /* of TCP MD5 signatures (RFC 2385), at most 80 octets; NULL: none */
};

struct conn_ops {
        void (*connected)(void *arg, struct ip local);
        /* Returns how many of the bytes were used; *again: there is a whole message left, come back next
         * turn. */
        size_t (*input)(void *arg, const uint8_t *p, size_t n, bool *again);
        /* Writes whole messages; returns their bytes. Called when all that was written before is sent. */
        size_t (*output)(void *arg, uint8_t *buf, size_t room);
        void (*progress)(void *arg);                /* the kernel took some bytes */
        void (*drained)(void *arg);                 /* the kernel took all bytes, and output() had no more */
        void (*failed)(void *arg, const char *why); /* the connection is of no use any more: free it */
        void (*gone)(void *arg);                    /* what conn_finish() began has ended: free it */
};

#define CONN_ROOM 4096 /* output() is called with at least so much */

/* NULL, and *why (static or errno text), if it fails at once. ops is kept. */
struct conn *conn_open(struct loop *, const struct conn_to *, const struct conn_ops *, void *arg,
                       const char **why);
/* After what waits already; sent when the loop comes by. Dropped when there is no room: then the peer reads
 * nothing. */
void conn_send(struct conn *, const void *msg, size_t len);
void conn_pull(struct conn *); /* there is something to output: at once. Not from a callback */
/* The kernel gives up when a peer takes nothing for so long (RFC 9687 asks for at least the send hold time).
 */
void conn_user_timeout(struct conn *, int64_t ns);
/* An open connection: drops what was not begun to be sent, sends msg and FIN, and waits up to 2 s until the
 * peer closes too, so that no reset overtakes the message. Only gone() is called from here on. */
void conn_finish(struct conn *, const void *msg, size_t len);
void conn_free(struct conn *); /* NULL is fine */
