/* The document of `herald plan` for people. */
#pragma once

struct json_object;

void plan_text(struct json_object *plan);
