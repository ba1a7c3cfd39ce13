/* How a log line is written: pure text, for log.c and its tests. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct text { /* a bounded line; what does not fit is left out whole and remembered */
        char *p;
        size_t len, cap;
        bool cut;
};

void text_add(struct text *, const char *s);
/* s in quotes, escaped, with the closing quote also when it was cut. */
void text_add_quoted(struct text *, const char *s);
/* "key=value key="a value"" as it is but for control bytes and what is not UTF-8; a quote left open is
 * closed. */
void text_add_pairs(struct text *, const char *s);
