/* A struct write as a request to the API server. Pure. */
#pragma once
#include "model/write.h"

struct json_object;

struct write_request { /* strings malloced, but for method and content_type; body may hold a secret */
        const char *method, *content_type;
        char *path, *body;
};

/* What a WRITE_STATUS or WRITE_CONDITIONS changes of its Service, as a strategic merge patch. A new tree. */
struct json_object *write_status_patch(const struct write *, int64_t wall_usec);

/* What herald is called as a field manager of server-side apply. */
#define FIELD_MANAGER "herald"

struct event_form { /* of a WRITE_EVENT */
        const char *instance; /* who reports it: the node's name */
        const char *name;     /* write_event_name(), or that of the first one of a series */
        unsigned count;       /* from 2: the series has so many occurrences now */
        bool combined;        /* it stands for similar ones */
};

/* form: NULL for what is no Event. False if the API has no place for it (an Event about nothing, the status of what
 * is no Service). */
bool write_request_of(const struct write *, const struct event_form *form, int64_t wall_usec,
                      struct write_request *);
/* A name that no other Event has, by the time and a serial number; for free(). */
char *write_event_name(const struct write *, int64_t wall_usec, unsigned serial);
void write_request_clear(struct write_request *);
