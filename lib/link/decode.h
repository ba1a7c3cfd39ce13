/*
 * Netlink bytes to changes of the table (rtnetlink(7)): pure. Understands RTM_{NEW,DEL}{LINK,ADDR,ROUTE} and
 * the end of a dump; what it does not know it skips.
 */
#pragma once
#include "link/table.h"

enum { /* bits of the answer */
       LINK_CHANGED = 1,
       LINK_DUMP_DONE = 2,        /* the dump with this sequence number ended */
       LINK_DUMP_INTERRUPTED = 4, /* the kernel's tables changed meanwhile: dump again */
       LINK_DUMP_FAILED = 8,
       LINK_SILENT_LOSS = 16, /* the kernel dropped routes without saying so: dump again */
};

struct link_decoded {
        unsigned what;
        size_t messages, refused;
};

/* bytes: one datagram as read from the socket, aligned to 4. dump_seq: of the dump under way; 0 if none. */
struct link_decoded link_decode(struct link_table *, const void *bytes, size_t len, uint32_t dump_seq);
