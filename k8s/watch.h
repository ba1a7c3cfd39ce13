/*
 * One collection of the API, followed: everything that is in it now, then each change, for ever, through
 * whatever weather the server has. See watch_fsm.h for the rules.
 */
#pragma once
#include "k8s/watch_fsm.h"

struct json_object;
struct transport;
struct watch;

struct watch_spec {                     /* copied; NULL: none */
        const char *path;               /* of the collection: k8s_path() */
        const char *api_version, *kind; /* of its objects; lists of the API leave them out of their items */
        const char *field_selector;     /* "metadata.name=herald-config" */
        const char *optional_field_selector; /* dropped if the server does not know it: more comes then */
        const char *label_selector;
        bool streams;       /* begin with a WatchList where the server has it, else with a LIST in pages */
        bool required;      /* 404 is trouble, as 403 is, and never means that there are none */
        bool metadata_only; /* objects come without spec and status (PartialObjectMetadata) */
};

struct watch_stats {       /* since the watch was made */
        uint64_t bytes;    /* received, of bodies */
        uint64_t events;   /* objects and bookmarks */
        uint64_t lists;    /* that came to their end, of either form */
        uint64_t streamed; /* of them, by a WatchList */
        uint64_t expired;  /* the server had forgotten our version (410) */
        uint64_t stalls;   /* watches that were replaced because they fell silent */
        uint64_t open;     /* watches that the server answers right now: 0 or 1 */
};

/* Objects are borrowed, and complete with apiVersion and kind. Between begin and end every object that exists
 * is handed to item, some of them perhaps twice; what was not named again by then is gone. begin may come
 * again without an end: what was named since the begin before does not count. An absent kind gives begin and
 * end with nothing between. The sentence says why the state is not WATCH_LIVE; it is "" if there is nothing
 * to say. */
struct watch_handler {
        void (*begin)(void *arg);
        void (*item)(void *arg, struct json_object *);
        void (*deleted)(void *arg, struct json_object *); /* its last state */
        void (*end)(void *arg);
        void (*state)(void *arg, enum watch_state, const char *sentence); /* when one of them changed */
};

/* Starts at once (from the loop). */
struct watch *watch_new(struct transport *, const struct watch_spec *, const struct watch_handler *,
                        void *arg);
struct watch_stats watch_stats(const struct watch *); /* NULL: zeros */
void watch_stats_add(struct watch_stats *sum, struct watch_stats);
/* The server does not know this kind (404), then or now; it is asked again after a while, */
bool watch_is_missing(const struct watch *);
/* What the server answered last, of HTTP or in an ERROR event; 0: nothing. */
int watch_status(const struct watch *);
/* Lists again at once, as a new one would, and goes on from there: for who must know what others have written. */
void watch_relist(struct watch *);
void watch_retry_now(struct watch *); /* or at once. Nothing happens while a request runs. */
void watch_free(struct watch *); /* not from its handler; NULL is fine */
