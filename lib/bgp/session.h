/*
 * One peering: the state machine with its timers, its connection and the rib that it announces. Callers
 * change the rib and kick; the session pulls from it when the peer has room.
 */
#pragma once
#include "bgp/bgp.h"
#include "bgp/rib.h"

struct session;

enum session_news {
        SESSION_UP,
        SESSION_DOWN, /* also when it cannot come up, each time the reason is another one */
        SESSION_GONE, /* was stopped, and nothing of it is left in the kernel */
};
/* Must not free the session: defer. */
typedef void session_fn(void *arg, struct session *, enum session_news, const char *message);

/* Starts at once. peer is copied; node_name must outlive it. */
struct session *session_new(struct loop *, const char *node_name, const struct bgp_peer *peer, session_fn *,
                            void *arg);
void session_free(struct session *); /* closes without a word; not from session_fn */

bool session_is(const struct session *, const struct bgp_peer *); /* same local and remote address and port */
/* New parameters for the same session: resets it (6/6) only when they cannot be taken over. A new password is
 * for the next connection; it is tried at once where there is none. */
void session_update(struct session *, const struct bgp_peer *);
const char *session_peer(const struct session *);  /* BGPPeer name */
struct ip session_address(const struct session *); /* of the peer */
struct rib *session_rib(struct session *);
void session_kick(struct session *);   /* the rib changed: send, once, when this turn's callbacks are done */
void session_synced(struct session *); /* End-of-RIB may go out */

/* For good. subcode: the Cease to send with this text (NULL: none); 0 closes without a word. */
void session_stop(struct session *, uint8_t subcode, const char *text);
/* Withdraws all; when that is sent, stops as above. */
void session_leave(struct session *, uint8_t subcode, const char *text);
bool session_gone(const struct session *);
void session_status(const struct session *, struct bgp_status *);
