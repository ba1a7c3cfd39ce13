/* Inside of decode: the Service, which is most of it, and what it shares with the other kinds. */
#pragma once
#include "k8s/decode.h"

void decode_service(struct fact *, struct json_object *);

struct labels decode_labels(struct arena *, struct json_object *map);
const char *decode_text(struct arena *, const char *); /* a copy; NULL if there is none or it is empty */
enum ip_family decode_family(const char *name);        /* "IPv4", "IPv6"; else IP_NONE */
/* As decode_annotation(), of whatever type. */
struct json_object *decode_annotation_value(struct json_object *, const char *name);
