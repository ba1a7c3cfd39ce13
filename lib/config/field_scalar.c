/* Fields that hold one value. */
#include "base/clock.h"
#include "config/field.h"
#include "config/value.h"
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

static void store_number(const struct field *f, void *out, int64_t value)
{
        char *member = (char *)out + f->at;
        uint8_t n8 = (uint8_t)value;
        uint16_t n16 = (uint16_t)value;
        uint32_t n32 = (uint32_t)value;
        if (f->size == sizeof(n8))
                memcpy(member, &n8, sizeof(n8));
        else if (f->size == sizeof(n16))
                memcpy(member, &n16, sizeof(n16));
        else
                memcpy(member, &n32, sizeof(n32));
}

static void read_bool(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        static const char *const yes[] = {"true", "yes", "on", "y"}, *const no[] = {"false", "no", "off",
                                                                                    "n"};
        const char *remedy = "write true or false";
        if (json_object_is_type(value, json_type_boolean)) {
                bool b = json_object_get_boolean(value);
                memcpy((char *)out + f->at, &b, sizeof(b));
                return;
        }
        for (size_t i = 0; json_object_is_type(value, json_type_string) && i < sizeof(yes) / sizeof(yes[0]);
             i++) {
                if (strcasecmp(json_object_get_string(value), yes[i]) == 0)
                        remedy = "write true, without quotes";
                if (strcasecmp(json_object_get_string(value), no[i]) == 0)
                        remedy = "write false, without quotes";
        }
        refuse(r, value, REASON_INVALID_VALUE, "must be true or false, but is %s; %s", shown(r, value),
               remedy);
}

static bool looks_like_number(struct json_object *value)
{
        const char *text = json_object_get_string(value);
        return json_object_is_type(value, json_type_string) && *text &&
               strspn(text, "0123456789") == strlen(text);
}

/* False if it was refused. */
static bool read_whole(struct reading *r, const struct field *f, struct json_object *value, int64_t *number)
{
        bool whole = json_object_is_type(value, json_type_int);
        *number = whole ? json_object_get_int64(value) : 0;
        if (whole && *number >= f->min && *number <= f->max)
                return true;
        refuse(r, value, REASON_INVALID_VALUE, "must be a whole number from %lld to %lld, but is %s%s",
               (long long)f->min, (long long)f->max, shown(r, value),
               looks_like_number(value) ? "; remove the quotes and needless zeros" : "");
        return false;
}

static void read_int(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        int64_t number;
        if (read_whole(r, f, value, &number))
                store_number(f, out, number);
}

static void read_asn(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        int64_t number;
        if (!read_whole(r, f, value, &number))
                return;
        uint32_t asn = (uint32_t)number;
        const char *problem = asn_problem(asn);
        store_number(f, out, number);
        if (problem)
                refuse(r, value, REASON_INVALID_VALUE,
                       "%u cannot be used: %s; use a private one (64512-65534 or 4200000000-4294967294)", asn,
                       problem);
        else if (!asn_is_private(asn))
                note(r, "AS %u is a public number; make sure that it is yours", asn);
}

static const char *range_remedy(const struct field *f, int64_t seconds)
{
        return seconds > f->max ? "take a shorter one" : "take a longer one";
}

static void read_seconds(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        int64_t ns;
        if (!json_object_is_type(value, json_type_string)) {
                refuse(r, value, REASON_INVALID_VALUE,
                       "must be a duration such as \"90s\", but is %s; add the unit", shown(r, value));
        } else if (!duration_parse(json_object_get_string(value), &ns)) {
                refuse(r, value, REASON_INVALID_VALUE,
                       "%s is not a duration; write it like \"90s\" or \"1m30s\"", shown(r, value));
        } else if (ns / SEC < f->min || ns / SEC > f->max) {
                refuse(r, value, REASON_INVALID_VALUE, "must be from %llds to %llds, but is %s; %s",
                       (long long)f->min, (long long)f->max, shown(r, value), range_remedy(f, ns / SEC));
        } else if (ns > 0 && ns < SEC) {
                refuse(r, value, REASON_INVALID_VALUE, "%s is less than a second; take whole seconds",
                       shown(r, value));
        } else {
                store_number(f, out, ns / SEC);
        }
}

static void read_ip(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        struct ip ip;
        if (json_object_is_type(value, json_type_string) && json_object_get_string_len(value) == 0 &&
            !f->required)
                return;
        if (json_object_is_type(value, json_type_string) && ip_parse(json_object_get_string(value), &ip))
                memcpy((char *)out + f->at, &ip, sizeof(ip));
        else
                refuse(r, value, REASON_INVALID_VALUE,
                       "%s is not an IP address; write it like \"192.0.2.1\" or \"2001:db8::1\"",
                       shown(r, value));
}

static void read_router_id(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        struct ip ip;
        if (json_object_is_type(value, json_type_string) && json_object_get_string_len(value) == 0)
                return;
        if (!json_object_is_type(value, json_type_string) || !ip_parse(json_object_get_string(value), &ip) ||
            ip_family(ip) != IP_V4 || ip_is_unspecified(ip)) {
                refuse(r, value, REASON_INVALID_VALUE,
                       "%s is not a router ID; write an IPv4 address other than 0.0.0.0", shown(r, value));
                return;
        }
        const uint8_t *b = ip_bytes(&ip);
        store_number(f, out, (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
}

static void read_string(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        const char *text = json_object_get_string(value);
        if (!json_object_is_type(value, json_type_string)) {
                refuse(r, value, REASON_INVALID_VALUE, "must be a string, but is %s", shown(r, value));
        } else if (strlen(text) > f->item_max || (*text && f->item && !f->item(text))) {
                refuse(r, value, REASON_INVALID_VALUE, "%s cannot be used here (%s)", shown(r, value), f->doc);
        } else {
                const char *kept = *text ? arena_strdup(r->arena, text) : NULL;
                memcpy((char *)out + f->at, &kept, sizeof(kept));
        }
}

static void read_secret(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        const char *text = json_object_get_string(value);
        if (!json_object_is_type(value, json_type_string)) {
                refuse(r, value, REASON_INVALID_VALUE, "must be a string; put it in quotes");
        } else if (strlen(text) != (size_t)json_object_get_string_len(value) || strlen(text) > f->item_max) {
                refuse(r, value, REASON_INVALID_VALUE, "is longer than %zu octets, or holds a NUL; take another",
                       f->item_max);
        } else if (*text) {
                const char *kept = arena_strdup(r->arena, text);
                memcpy((char *)out + f->at, &kept, sizeof(kept));
        }
}

static void read_word(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        const char *all = "";
        for (size_t i = 0; f->words[i]; i++) {
                if (json_object_is_type(value, json_type_string) &&
                    strcmp(json_object_get_string(value), f->words[i]) == 0) {
                        store_number(f, out, (int64_t)i);
                        return;
                }
                all = arena_printf(r->arena, "%s%s%s", all, i > 0 ? " or " : "", f->words[i]);
        }
        refuse(r, value, REASON_INVALID_VALUE, "must be %s, but is %s", all, shown(r, value));
}

void read_value(struct reading *r, const struct field *f, struct json_object *value, void *out)
{
        switch (f->type) {
        case FIELD_BOOL:
                read_bool(r, f, value, out);
                return;
        case FIELD_INT:
                read_int(r, f, value, out);
                return;
        case FIELD_ASN:
                read_asn(r, f, value, out);
                return;
        case FIELD_SECONDS:
                read_seconds(r, f, value, out);
                return;
        case FIELD_IP:
                read_ip(r, f, value, out);
                return;
        case FIELD_ROUTER_ID:
                read_router_id(r, f, value, out);
                return;
        case FIELD_STRINGS:
        case FIELD_RANGES:
        case FIELD_COMMUNITIES:
        case FIELD_SELECTORS:
                read_list(r, f, value, out);
                return;
        case FIELD_OBJECT:
                read_fields(r, f->sub, value, out);
                return;
        case FIELD_STRING:
                read_string(r, f, value, out);
                return;
        case FIELD_SECRET:
                read_secret(r, f, value, out);
                return;
        case FIELD_WORD:
                read_word(r, f, value, out);
                return;
        case FIELD_OBJECTS:
                break; /* of planned fields, which are not read */
        }
}
