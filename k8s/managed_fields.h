/*
 * Finds the arrays named managedFields (Server-Side Apply's notes of who set what: half of what the API server sends,
 * and nothing that we use) in the bytes of a JSON value as they arrive, so that they need not be parsed. Whether the rest
 * is JSON is for the parser to say; what is left out is not looked at but for its brackets and strings.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct managed_fields {
        size_t depth, inner; /* open brackets; those of the array that is left out */
        size_t matched;      /* letters of the name that the string in hand has so far */
        bool in_string, escaped, leaving_out;
        enum { MF_OTHER, MF_NAMED, MF_VALUE } place;
};

/* Zeroed, it stands before a value that is an object or an array. How many of the next n > 0 bytes to parse: all, or up
 * to the value's end, or up to an array to leave out; then leaving_out is set, */
size_t managed_fields_take(struct managed_fields *, const char *bytes, size_t n);
/* and this many of the next bytes belong to it: all, or up to its end; then leaving_out is cleared, and the parser has
 * to be given a value in its place. */
size_t managed_fields_leave_out(struct managed_fields *, const char *bytes, size_t n);
