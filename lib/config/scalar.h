/* The plain scalars of YAML 1.2's core schema, and the one thing in JSON strings that YAML cannot read. */
#pragma once
#include <stddef.h>

struct json_object;

/* What a scalar without quotes is: null (NULL), a boolean, a number, or else a string. Numbers that begin
 * with a needless zero, and the base-8 and base-16 forms, stay strings: readers of YAML do not agree about
 * them. Numbers with a fraction, and integers that need more than 64 bits, are json-c doubles that keep their
 * text. */
struct json_object *scalar_plain(const char *text, size_t len);

/* If the text is JSON (begins with a brace or bracket) and has escaped surrogate pairs: a copy, for free(),
 * with the characters themselves in place of the pairs, and its length. Else NULL. Lines stay where they are.
 */
char *json_surrogates_to_utf8(const char *text, size_t *len);
