/* The small languages inside of fields. All pure. Functions that return text return NULL for "good", else
 * what is wrong and how to mend it, without the value itself; static text. */
#pragma once
#include "model/config.h"
#include <stdbool.h>
#include <stdint.h>

/* Go's durations: "90s", "1m30s", "1.5h", "500ms", "0". At most about 292 years, never negative. */
bool duration_parse(const char *text, int64_t *ns);

/* Addresses of a pool: "a/b" or "first-last". Fills *out whenever a range can be read, even if it is refused.
 */
const char *pool_range_parse(const char *text, struct ip_range *out, bool *readable);

/* "A:B" (RFC 1997), "large:A:B:C" (RFC 8092). A text without a colon is an alias: see community_is_alias().
 */
const char *community_parse(const char *text, struct community *out);
bool community_is_alias(const char *text);

/* Why an AS number cannot be used; NULL for private ones (RFC 6996) and public ones. */
const char *asn_problem(uint32_t asn);
bool asn_is_private(uint32_t asn);

/* Names of objects (RFC 1123 subdomain), label keys and label values as the API server takes them. */
bool name_is_valid(const char *name);
bool label_key_is_valid(const char *key);
bool label_value_is_valid(const char *value);
bool interface_name_is_valid(const char *name);

/* Edits (insert, delete, replace, swap neighbours) from a to b, case aside; gives up above 3 and returns 4.
 */
int edit_distance(const char *a, const char *b);
