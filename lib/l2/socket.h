/*
 * A packet socket (packet(7)) for one protocol on one interface. Needs NET_RAW. Hands over only frames that
 * came in on that very interface and were sent to this host, to a group or to all.
 */
#pragma once
#include "base/loop.h"
#include "l2/frame.h"

enum l2_proto { L2_ARP, L2_NDP }; /* requests and replies; neighbour solicitations and advertisements */

struct l2_socket;
typedef void l2_rx_fn(void *arg, enum l2_proto, const uint8_t *frame, size_t len);

/* 0, or the errno of what does not work: EPERM without NET_RAW. */
int l2_socket_probe(void);
/* NULL on failure, with errno. */
struct l2_socket *l2_socket_open(struct loop *, int ifindex, enum l2_proto, l2_rx_fn *, void *arg);
void l2_socket_close(struct l2_socket *); /* NULL is fine; safe inside its own callback */
bool l2_socket_send(struct l2_socket *, const struct frame *);
/* Asks the interface to let an Ethernet group through. */
void l2_socket_join(struct l2_socket *, struct mac group);
void l2_socket_leave(struct l2_socket *, struct mac group);
/* Frames that the kernel dropped because we were slow, since the last call. */
uint64_t l2_socket_drops(struct l2_socket *);
