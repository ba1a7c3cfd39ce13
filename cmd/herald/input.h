/* What commands are given to read. */
#pragma once
#include <stdbool.h>

struct yaml_docs;

/* Prints a line to stderr for every path that could not be read at all; what is wrong inside of a file is not
 * its affair. Returns whether there was one. */
bool input_unreadable(const char *command, const struct yaml_docs *);
