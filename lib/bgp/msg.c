/*
 * Framing, KEEPALIVE, NOTIFICATION and ROUTE-REFRESH. OPEN is in open.c, UPDATE in update.c.
 *
 * The header is judged as soon as its 19 bytes are there: marker, then length, then type, then the length
 * that the type allows (RFC 4271 6.1). A peer that sends nonsense is told so without waiting for the bytes it
 * promised. NOTIFICATIONs are never answered (RFC 4271 6.4), so a short one is let through and decodes to
 * code 0.
 */
#include "bgp/msg.h"
#include <stdio.h>
#include <string.h>

struct bgp_error bgp_error_of(uint8_t code, uint8_t subcode, const void *data, size_t len)
{
        struct bgp_error e = {.code = code, .subcode = subcode};
        e.len = len < sizeof(e.data) ? len : sizeof(e.data);
        if (e.len > 0)
                memcpy(e.data, data, e.len);
        return e;
}

struct bgp_error bgp_error_text(uint8_t subcode, const char *text)
{
        struct bgp_error e = {.code = BGP_CEASE, .subcode = subcode};
        size_t len = strnlen(text, sizeof(e.data) - 1);
        e.data[0] = (uint8_t)len;
        memcpy(e.data + 1, text, len);
        e.len = 1 + len;
        return e;
}

static const struct {
        uint8_t code, subcode; /* subcode 0: the code itself */
        const char *name;
} error_names[] = {
        {BGP_HEADER_ERROR, 0, "Message Header Error"},
        {BGP_HEADER_ERROR, 1, "Connection Not Synchronized"},
        {BGP_HEADER_ERROR, 2, "Bad Message Length"},
        {BGP_HEADER_ERROR, 3, "Bad Message Type"},
        {BGP_OPEN_ERROR, 0, "OPEN Message Error"},
        {BGP_OPEN_ERROR, 1, "Unsupported Version Number"},
        {BGP_OPEN_ERROR, 2, "Bad Peer AS"},
        {BGP_OPEN_ERROR, 3, "Bad BGP Identifier"},
        {BGP_OPEN_ERROR, 4, "Unsupported Optional Parameter"},
        {BGP_OPEN_ERROR, 6, "Unacceptable Hold Time"},
        {BGP_OPEN_ERROR, 7, "Unsupported Capability"},
        {BGP_OPEN_ERROR, 11, "Role Mismatch"},
        {BGP_UPDATE_ERROR, 0, "UPDATE Message Error"},
        {BGP_UPDATE_ERROR, 1, "Malformed Attribute List"},
        {BGP_UPDATE_ERROR, 2, "Unrecognized Well-known Attribute"},
        {BGP_UPDATE_ERROR, 3, "Missing Well-known Attribute"},
        {BGP_UPDATE_ERROR, 4, "Attribute Flags Error"},
        {BGP_UPDATE_ERROR, 5, "Attribute Length Error"},
        {BGP_UPDATE_ERROR, 6, "Invalid ORIGIN Attribute"},
        {BGP_UPDATE_ERROR, 8, "Invalid NEXT_HOP Attribute"},
        {BGP_UPDATE_ERROR, 9, "Optional Attribute Error"},
        {BGP_UPDATE_ERROR, 10, "Invalid Network Field"},
        {BGP_UPDATE_ERROR, 11, "Malformed AS_PATH"},
        {BGP_HOLD_EXPIRED, 0, "Hold Timer Expired"},
        {BGP_FSM_ERROR, 0, "Finite State Machine Error"},
        {BGP_FSM_ERROR, 1, "Unexpected Message in OpenSent State"},
        {BGP_FSM_ERROR, 2, "Unexpected Message in OpenConfirm State"},
        {BGP_FSM_ERROR, 3, "Unexpected Message in Established State"},
        {BGP_CEASE, 0, "Cease"},
        {BGP_CEASE, 1, "Maximum Number of Prefixes Reached"},
        {BGP_CEASE, BGP_CEASE_SHUTDOWN, "Administrative Shutdown"},
        {BGP_CEASE, BGP_CEASE_DECONFIGURED, "Peer De-configured"},
        {BGP_CEASE, BGP_CEASE_RESET, "Administrative Reset"},
        {BGP_CEASE, 5, "Connection Rejected"},
        {BGP_CEASE, BGP_CEASE_CONFIG_CHANGE, "Other Configuration Change"},
        {BGP_CEASE, BGP_CEASE_COLLISION, "Connection Collision Resolution"},
        {BGP_CEASE, 8, "Out of Resources"},
        {BGP_CEASE, 9, "Hard Reset"},
        {BGP_CEASE, 10, "BFD Down"},
        {BGP_REFRESH_ERROR, 0, "ROUTE-REFRESH Message Error"},
        {BGP_REFRESH_ERROR, 1, "Invalid Message Length"},
        {BGP_SEND_HOLD_EXPIRED, 0, "Send Hold Timer Expired"},
};

static const char *error_name(uint8_t code, uint8_t subcode)
{
        const char *name = "unknown error";
        for (size_t i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++) {
                if (error_names[i].code != code)
                        continue;
                if (error_names[i].subcode == subcode)
                        return error_names[i].name;
                if (error_names[i].subcode == 0)
                        name = error_names[i].name;
        }
        return name;
}

/* The shutdown communication of RFC 9003, as far as it is really there. */
static struct reader shutdown_text(const struct bgp_error *e)
{
        struct reader r = reader_of(e->data, e->len);
        bool has_text =
                e->code == BGP_CEASE && (e->subcode == BGP_CEASE_SHUTDOWN || e->subcode == BGP_CEASE_RESET);
        if (!has_text || e->len == 0)
                return reader_of(e->data, 0);
        size_t promised = get_u8(&r);
        return get_child(&r, promised < r.left ? promised : r.left);
}

const char *bgp_error_str(const struct bgp_error *e, char buf[static BGP_ERROR_STRLEN])
{
        int n = snprintf(buf, BGP_ERROR_STRLEN, "%u/%u %s", e->code, e->subcode,
                         error_name(e->code, e->subcode));
        size_t at = n > 0 ? (size_t)n : 0;
        struct reader text = shutdown_text(e);
        if (text.left > 0)
                at += (size_t)snprintf(buf + at, BGP_ERROR_STRLEN - at, ": ");
        while (text.left > 0 && at + 5 < BGP_ERROR_STRLEN) {
                uint8_t c = get_u8(&text);
                bool plain = c >= 0x20 && c < 0x7f && c != '\\' && c != '"';
                n = snprintf(buf + at, BGP_ERROR_STRLEN - at, plain ? "%c" : "\\x%02x", c);
                at += n > 0 ? (size_t)n : 0;
        }
        return buf;
}

static bool length_ok(uint8_t type, size_t len)
{
        switch (type) {
        case BGP_OPEN:
                return len >= 29;
        case BGP_UPDATE:
                return len >= 23;
        case BGP_KEEPALIVE:
                return len == BGP_HEADER;
        default:
                return true;
        }
}

enum bgp_framing bgp_frame(const void *p, size_t n, struct bgp_frame *out, struct bgp_error *err)
{
        static const uint8_t marker[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        if (n < BGP_HEADER)
                return BGP_FRAME_MORE;
        struct reader r = reader_of(p, n);
        const uint8_t *mark = get_bytes(&r, sizeof(marker));
        const uint8_t *len_bytes = r.p;
        size_t len = get_u16(&r);
        uint8_t type = get_u8(&r);

        if (memcmp(mark, marker, sizeof(marker)) != 0) {
                *err = bgp_error_of(BGP_HEADER_ERROR, 1, NULL, 0);
                return BGP_FRAME_BAD;
        }
        if (len < BGP_HEADER || len > BGP_MAX || !length_ok(type, len)) {
                *err = bgp_error_of(BGP_HEADER_ERROR, 2, len_bytes, 2);
                return BGP_FRAME_BAD;
        }
        if (type < BGP_OPEN || type > BGP_ROUTE_REFRESH) {
                *err = bgp_error_of(BGP_HEADER_ERROR, 3, &type, 1);
                return BGP_FRAME_BAD;
        }
        if (n < len)
                return BGP_FRAME_MORE;
        *out = (struct bgp_frame){
                .type = (enum bgp_type)type, .len = len, .body = get_child(&r, len - BGP_HEADER)};
        return BGP_FRAME_OK;
}

void bgp_put_header(struct writer *w, enum bgp_type type)
{
        for (int i = 0; i < 16; i++)
                put_u8(w, 0xff);
        put_u16(w, 0); /* bgp_put_length() */
        put_u8(w, type);
}

size_t bgp_put_length(struct writer *w)
{
        if (w->bad || w->len > BGP_MAX)
                return 0;
        w->p[16] = (uint8_t)(w->len >> 8);
        w->p[17] = (uint8_t)(w->len & 0xff);
        return w->len;
}

size_t bgp_keepalive_encode(uint8_t buf[static BGP_MAX])
{
        struct writer w = writer_of(buf, BGP_MAX);
        bgp_put_header(&w, BGP_KEEPALIVE);
        return bgp_put_length(&w);
}

size_t bgp_notification_encode(uint8_t buf[static BGP_MAX], const struct bgp_error *e)
{
        struct writer w = writer_of(buf, BGP_MAX);
        bgp_put_header(&w, BGP_NOTIFICATION);
        put_u8(&w, e->code);
        put_u8(&w, e->subcode);
        put_bytes(&w, e->data, e->len);
        return bgp_put_length(&w);
}

struct bgp_error bgp_notification_decode(struct reader body)
{
        uint8_t code = get_u8(&body);
        uint8_t subcode = get_u8(&body);
        if (body.bad)
                return (struct bgp_error){0};
        return bgp_error_of(code, subcode, body.p, body.left);
}

bool bgp_refresh_decode(struct reader body, unsigned *families, struct bgp_error *err)
{
        struct reader r = body;
        unsigned afi = get_u16(&r);
        uint8_t subtype = get_u8(&r); /* RFC 7313: 0 asks; 1 and 2 begin and end an answer */
        *families = 0;
        if (!r.bad && (subtype == 1 || subtype == 2) && body.left != 4) {
                uint8_t msg[BGP_MAX];
                struct writer w = writer_of(msg, sizeof(msg));
                bgp_put_header(&w, BGP_ROUTE_REFRESH);
                put_bytes(&w, body.p, body.left);
                *err = bgp_error_of(BGP_REFRESH_ERROR, 1, msg, bgp_put_length(&w));
                return false;
        }
        uint8_t safi = get_u8(&r);
        if (r.bad) {
                size_t len = BGP_HEADER + body.left;
                uint8_t data[2] = {0, (uint8_t)len};
                *err = bgp_error_of(BGP_HEADER_ERROR, 2, data, sizeof(data));
                return false;
        }
        if (subtype == 0 && safi == 1)
                *families = afi == 1 ? BGP_IPV4 : afi == 2 ? BGP_IPV6 : 0;
        return true;
}
