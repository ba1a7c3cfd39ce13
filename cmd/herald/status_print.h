/* The document of `herald status`, for people. */
#pragma once
struct json_object;

void status_print(struct json_object *document);
