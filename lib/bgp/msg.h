/*
 * BGP messages as bytes: OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH. Pure. What a peer sent wrong
 * comes back as a bgp_error: the NOTIFICATION to send (RFC 4271 section 6, RFC 7606). Encoders return the
 * length of the message.
 */
#pragma once
#include "base/bytes.h"
#include "base/ip.h"
#include "model/want.h"

enum { BGP_HEADER = 19, BGP_MAX = 4096, BGP_AS_TRANS = 23456 };
enum bgp_type { BGP_OPEN = 1, BGP_UPDATE, BGP_NOTIFICATION, BGP_KEEPALIVE, BGP_ROUTE_REFRESH };
enum { BGP_IPV4 = 1, BGP_IPV6 = 2 }; /* sets of address families, all unicast */

enum bgp_code { /* error codes: RFC 4271 4.5, RFC 7313, RFC 9687 */
                BGP_HEADER_ERROR = 1,
                BGP_OPEN_ERROR,
                BGP_UPDATE_ERROR,
                BGP_HOLD_EXPIRED,
                BGP_FSM_ERROR,
                BGP_CEASE,
                BGP_REFRESH_ERROR,
                BGP_SEND_HOLD_EXPIRED,
};
enum bgp_cease { /* subcodes of Cease: RFC 4486 */
                 BGP_CEASE_SHUTDOWN = 2,
                 BGP_CEASE_DECONFIGURED = 3,
                 BGP_CEASE_RESET = 4,
                 BGP_CEASE_CONFIG_CHANGE = 6,
                 BGP_CEASE_COLLISION = 7,
};

struct bgp_error { /* code 0: none */
        uint8_t code, subcode;
        size_t len;
        uint8_t data[256]; /* longer data is cut */
};
struct bgp_error bgp_error_of(uint8_t code, uint8_t subcode, const void *data, size_t len);
struct bgp_error bgp_error_text(uint8_t subcode,
                                const char *text); /* Cease with a text (RFC 9003), cut at 255 bytes */
#define BGP_ERROR_STRLEN 1200
/* "6/2 Administrative Shutdown: text": printable ASCII, the rest of a peer's text as \xHH. Returns buf. */
const char *bgp_error_str(const struct bgp_error *, char buf[static BGP_ERROR_STRLEN]);

struct bgp_frame {
        enum bgp_type type;
        size_t len; /* of the whole message */
        struct reader body;
};
enum bgp_framing {
        BGP_FRAME_MORE,
        BGP_FRAME_OK,
        BGP_FRAME_BAD
}; /* more bytes are needed, *out is set, *err is set */
enum bgp_framing bgp_frame(const void *p, size_t n, struct bgp_frame *out, struct bgp_error *err);

struct bgp_open {
        uint32_t asn;
        uint16_t hold_time_s;
        uint32_t id;       /* BGP identifier, host order */
        unsigned families; /* by RFC 4760; IPv4 where the peer did not say */
        bool as4, refresh; /* RFC 6793, RFC 2918 */
};
size_t bgp_open_encode(uint8_t buf[static BGP_MAX], const struct bgp_open *);
bool bgp_open_decode(struct reader body, struct bgp_open *out, struct bgp_error *err);
/* Whether we can speak with who sent this. */
bool bgp_open_check(const struct bgp_open *theirs, const struct bgp_open *ours, uint32_t peer_asn,
                    struct bgp_error *err);

size_t bgp_keepalive_encode(uint8_t buf[static BGP_MAX]);
size_t bgp_notification_encode(uint8_t buf[static BGP_MAX], const struct bgp_error *);
/* Takes anything: a NOTIFICATION is never answered, not even a broken one (code 0 then). */
struct bgp_error bgp_notification_decode(struct reader body);
/* *families: what to send again; 0 if the message is to be ignored. */
bool bgp_refresh_decode(struct reader body, unsigned *families, struct bgp_error *err);

struct bgp_path { /* what all UPDATEs of a session share */
        uint32_t my_asn;
        bool as4;  /* both sides speak 4-octet AS numbers */
        bool ebgp; /* else AS_PATH is empty and LOCAL_PREF is there */
        struct ip next_hop;
};
struct bgp_update { /* an UPDATE being packed; the buffer is the caller's */
        struct writer w;
        enum ip_family family;
        bool mp, withdraw;
        size_t at[3];          /* length fields that are still open */
        size_t n;              /* prefixes so far */
        size_t room;           /* NLRI may grow to here; the tail follows it */
        uint8_t tail[BGP_MAX]; /* attributes that follow MP_REACH_NLRI */
        size_t tail_len;
};
/* attrs NULL: withdraws. Prefixes are added until one does not fit; end returns 0 where none was added. */
void bgp_update_begin(struct bgp_update *, uint8_t buf[static BGP_MAX], const struct bgp_path *,
                      enum ip_family, const struct attrs *);
bool bgp_update_add(struct bgp_update *, struct prefix);
size_t bgp_update_end(struct bgp_update *);
bool bgp_attrs_fit(const struct attrs *); /* beside at least one prefix in one message */
size_t bgp_eor_encode(uint8_t buf[static BGP_MAX], enum ip_family); /* End-of-RIB, RFC 4724 section 2 */

struct bgp_update_in {           /* routes of a peer are not kept, so only framing can break a session */
        uint32_t content_errors; /* what RFC 7606 treats as withdraw, discards, or resets for */
        struct bgp_error strict; /* the first of them for which it demands a reset; code 0: none */
};
bool bgp_update_decode(struct reader body, struct bgp_update_in *out, struct bgp_error *err);

/* For the files of this folder: the header, and its length when the body is there (0 if the writer is bad).
 */
void bgp_put_header(struct writer *, enum bgp_type);
size_t bgp_put_length(struct writer *);
