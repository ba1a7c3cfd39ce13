/* Printing what others wrote: it must not steer the terminal. */
#pragma once

/* Texts up to a NULL, to standard output. */
void say(const char *text, ...) __attribute__((sentinel));
/* One text, and spaces up to a width. */
void say_cell(const char *text, int width);
