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

/* instance: who reports Events (the node's name); wall_usec and serial make the names of Events unique. False
 * if the API has no place for it (an Event about nothing, the status of what is no Service). */
bool write_request_of(const struct write *, const char *instance, int64_t wall_usec, unsigned serial,
                      struct write_request *);
void write_request_clear(struct write_request *);
