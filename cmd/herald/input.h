/* What commands are given: options and things to read. What is wrong goes to stderr in one line, which begins
 * with the command and says what to do. */
#pragma once
#include <stdbool.h>

struct yaml_docs;

/* A wrong command line; returns EXIT_USAGE. */
int input_usage(const char *command, const char *what);
/* getopt_long() returned option, '?' or ':'; returns EXIT_USAGE. */
int input_wrong_option(const char *command, int option, char **argv);
/* The value of -o; false if it is neither text nor json. */
bool input_format(const char *command, const char *value, bool *json);

/* Prints a line for every path that could not be read at all and, if documents is set, for every document,
 * with file and line. Returns whether there was one. */
bool input_unreadable(const char *command, const struct yaml_docs *, bool documents);
/* Nothing to read in all that was given: a mistyped directory must not pass as good. */
bool input_empty(const char *command, const struct yaml_docs *);
