/*
 * What a watch does next. Pure: it is told how each request ended and answers with the next one. The rules
 * are client-go's reflector's (LIST or a WatchList, then WATCH from its resourceVersion, again from the last one seen; a new
 * LIST when the server forgot it), with long pauses for what no retry heals.
 */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

enum watch_state {
        WATCH_STARTING, /* not listed yet */
        WATCH_LIVE,     /* listed, and following */
        WATCH_ABSENT,   /* the server does not know this kind (404 from the start): listed as empty */
        WATCH_STALE,    /* listed, but changes are not heard at present: the content is kept */
};

enum watch_want {
        WANT_LIST,
        WANT_STREAM, /* a watch that begins with all that exists (WatchList, KEP-3157) */
        WANT_WATCH,
};

struct watch_step { /* the next request */
        enum watch_want want;
        int64_t delay_ns; /* before it is sent */
        int timeout_s;    /* WANT_STREAM, WANT_WATCH: timeoutSeconds */
        bool fresh;       /* on a connection of its own: the last one fell silent */
};

struct watch_end {             /* how a request ended */
        int status;            /* of HTTP; 0: no answer */
        int code;              /* of an ERROR event or of a Status body; 0: none */
        int64_t retry_after_s; /* -1: not said */
        bool whole;            /* 200 and a body that could be read to its end */
        bool garbage;          /* 200, but the body is nonsense */
        int events;            /* a watch: how many objects and bookmarks came */
        bool initial_end;      /* a stream: all that existed came */
        bool stalled;          /* we ended it, because it was silent for too long */
        int64_t lived_ns;      /* a watch: since its answer began */
};

struct watch_fsm {
        char *rv;              /* go on after this one; NULL: list first */
        char *next;            /* continue token of the next page; NULL: the first page */
        bool listed;           /* to its end, once */
        bool unpaged;          /* a page expired: list without a limit */
        bool optional_dropped; /* the server refused the optional field selector */
        bool has_optional;
        bool streams;          /* wanted at all */
        unsigned skip_streams; /* so many lists more before a stream is tried again */
        bool required;         /* set after init: a server without this kind is in trouble, or is none */
        bool missing;          /* the last answer was 404; never if it is required */
        enum watch_state state;
        bool was_expired;  /* a 410 since the last good watch */
        unsigned expired;  /* more of them */
        unsigned failures; /* since the last good watch */
        uint64_t random;   /* state of the jitter; any seed but 0 */
};

/* streams: begin with a WatchList where the server has it. */
void watch_fsm_init(struct watch_fsm *, bool has_optional_selector, bool streams, uint64_t seed);
void watch_fsm_clear(struct watch_fsm *);
/* Also later: from the beginning. */
struct watch_step watch_fsm_start(struct watch_fsm *);
/* A page of a LIST ended. If it was whole: rv and next are what its metadata said (NULL if nothing). */
struct watch_step watch_fsm_listed(struct watch_fsm *, const struct watch_end *, const char *rv,
                                   const char *next);
/* All that existed came on a stream; rv is its bookmark's. It goes on as a watch. */
void watch_fsm_initial(struct watch_fsm *, const char *rv);
/* A STREAM ended before that. One that ended later is a WATCH. */
struct watch_step watch_fsm_streamed(struct watch_fsm *, const struct watch_end *);
/* A WATCH ended. */
struct watch_step watch_fsm_watched(struct watch_fsm *, const struct watch_end *);
/* An event or a bookmark with this resourceVersion was taken in. */
void watch_fsm_saw(struct watch_fsm *, const char *rv);
/* A watch answered with 200. */
void watch_fsm_opened(struct watch_fsm *);
/* The server, which did not answer at all, does again: its past counts no more. When to try, at the latest, in ns:
 * not all at once. */
int64_t watch_fsm_returned(struct watch_fsm *);

/* How long a watch may be silent before it is replaced. A server that sends bookmarks sends one a minute as long
 * as versions go on, but none has to; so silence counts once a watch of this collection brought one, and while an
 * answer has not begun. A stream has to bring something all the time until all that existed came. */
#define WATCH_SILENCE  (190 * SEC)
#define STREAM_SILENCE (15 * SEC)
