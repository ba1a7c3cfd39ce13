/* Reading JSON that nobody has checked: a member that is absent, null or of another type reads as NULL (or 0,
 * false). */
#pragma once
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The member of obj, which may be NULL or anything; only if it has that type. Borrowed. */
struct json_object *json_member(struct json_object *obj, const char *key, enum json_type);
/* The member of any type; NULL also if it is JSON's null. Borrowed. */
struct json_object *json_at(struct json_object *obj, const char *key);
struct json_object *json_object_at(struct json_object *obj, const char *key);
struct json_object *json_array_at(struct json_object *obj, const char *key);
/* A string without NUL bytes inside. Borrowed. */
const char *json_string_at(struct json_object *obj, const char *key);
int64_t json_int_at(struct json_object *obj, const char *key);
/* True and *out if the member is a boolean. */
bool json_bool_at(struct json_object *obj, const char *key, bool *out);
/* Of an array, which may be NULL. */
size_t json_count(struct json_object *array);
struct json_object *json_item(struct json_object *array, size_t i);
const char *json_string(struct json_object *); /* NULL if it is not a string, or has NUL bytes */
