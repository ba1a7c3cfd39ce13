/* What the API server says when it refuses: metav1.Status as one sentence. */
#pragma once
#include <stddef.h>

struct json_object;

/* "the server answered 403: services is forbidden: ..."; cut to a line's length, without control characters.
 * Malloced. */
char *status_sentence(struct json_object *status, int code);
/* The same from a body, which may be anything. */
char *status_of_body(const char *body, size_t len, int code);
