#include "json/json.h"
#include <string.h>

struct json_object *json_at(struct json_object *obj, const char *key)
{
        struct json_object *member = NULL;
        if (json_object_is_type(obj, json_type_object))
                json_object_object_get_ex(obj, key, &member);
        return member;
}

struct json_object *json_member(struct json_object *obj, const char *key, enum json_type type)
{
        struct json_object *member = json_at(obj, key);
        return member && json_object_is_type(member, type) ? member : NULL;
}

struct json_object *json_object_at(struct json_object *obj, const char *key)
{
        return json_member(obj, key, json_type_object);
}

struct json_object *json_array_at(struct json_object *obj, const char *key)
{
        return json_member(obj, key, json_type_array);
}

const char *json_string(struct json_object *value)
{
        if (!value || !json_object_is_type(value, json_type_string))
                return NULL;
        const char *text = json_object_get_string(value);
        return text && strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

const char *json_string_at(struct json_object *obj, const char *key)
{
        return json_string(json_member(obj, key, json_type_string));
}

int64_t json_int_at(struct json_object *obj, const char *key)
{
        struct json_object *member = json_member(obj, key, json_type_int);
        return member ? json_object_get_int64(member) : 0;
}

bool json_bool_at(struct json_object *obj, const char *key, bool *out)
{
        struct json_object *member = json_member(obj, key, json_type_boolean);
        if (!member)
                return false;
        *out = json_object_get_boolean(member);
        return true;
}

size_t json_count(struct json_object *array)
{
        return array && json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

struct json_object *json_item(struct json_object *array, size_t i)
{
        return i < json_count(array) ? json_object_array_get_idx(array, i) : NULL;
}
