/*
 * The OPEN message: version, AS, hold time, identifier and capabilities (RFC 4271 4.2 and 6.2, RFC 5492).
 *
 * All our capabilities go into one optional parameter. What a peer sends may be in several parameters, may
 * repeat capabilities, and may have the long form of RFC 9072; unknown capabilities are its own affair.
 */
#include "bgp/msg.h"

enum { VERSION = 4, PARAM_CAPABILITIES = 2, PARAM_EXTENDED = 255 };
enum { CAP_MP = 1, CAP_REFRESH = 2, CAP_AS4 = 65 };
enum { AFI_IPV4 = 1, AFI_IPV6 = 2, SAFI_UNICAST = 1 };
enum {
        OPEN_UNSPECIFIC = 0,
        OPEN_VERSION = 1,
        OPEN_PEER_AS = 2,
        OPEN_ID = 3,
        OPEN_PARAMETER = 4,
        OPEN_HOLD = 6
};

static void put_mp(struct writer *w, uint16_t afi)
{
        put_u8(w, CAP_MP);
        put_u8(w, 4);
        put_u16(w, afi);
        put_u8(w, 0);
        put_u8(w, SAFI_UNICAST);
}

size_t bgp_open_encode(uint8_t buf[static BGP_MAX], const struct bgp_open *o)
{
        struct writer w = writer_of(buf, BGP_MAX);
        bgp_put_header(&w, BGP_OPEN);
        put_u8(&w, VERSION);
        put_u16(&w, o->asn > UINT16_MAX ? BGP_AS_TRANS : o->asn);
        put_u16(&w, o->hold_time_s);
        put_u32(&w, o->id);
        size_t params = open_len(&w, 1);
        put_u8(&w, PARAM_CAPABILITIES);
        size_t caps = open_len(&w, 1);
        if (o->families & BGP_IPV4)
                put_mp(&w, AFI_IPV4);
        if (o->families & BGP_IPV6)
                put_mp(&w, AFI_IPV6);
        if (o->refresh) {
                put_u8(&w, CAP_REFRESH);
                put_u8(&w, 0);
        }
        if (o->as4) {
                put_u8(&w, CAP_AS4);
                put_u8(&w, 4);
                put_u32(&w, o->asn);
        }
        close_len(&w, caps, 1);
        close_len(&w, params, 1);
        return bgp_put_length(&w);
}

struct seen { /* what the capabilities said */
        bool mp, as4, refresh;
        unsigned families;
        uint32_t as4_asn;
};

static bool decode_capability(uint8_t code, struct reader r, struct seen *seen)
{
        if (code == CAP_MP) {
                unsigned afi = get_u16(&r);
                get_u8(&r); /* reserved */
                unsigned safi = get_u8(&r);
                if (!reader_done(&r))
                        return false;
                seen->mp = true;
                if (safi == SAFI_UNICAST)
                        seen->families |= afi == AFI_IPV4 ? BGP_IPV4 : afi == AFI_IPV6 ? BGP_IPV6 : 0;
        } else if (code == CAP_AS4) {
                seen->as4 = true;
                seen->as4_asn = get_u32(&r);
                return reader_done(&r);
        } else if (code == CAP_REFRESH) {
                seen->refresh = true;
        }
        return true;
}

static bool decode_capabilities(struct reader r, struct seen *seen)
{
        while (r.left > 0) {
                uint8_t code = get_u8(&r);
                struct reader value = get_child(&r, get_u8(&r));
                if (r.bad || !decode_capability(code, value, seen))
                        return false;
        }
        return true;
}

/* Returns the subcode of the OPEN error; -1 if there is none. */
static int decode_parameters(struct reader r, struct seen *seen)
{
        size_t len = get_u8(&r);
        bool extended = len == PARAM_EXTENDED && r.left > 0 && r.p[0] == PARAM_EXTENDED;
        if (extended) {
                get_u8(&r);
                len = get_u16(&r);
        }
        if (r.bad || len != r.left)
                return OPEN_UNSPECIFIC;
        while (r.left > 0) {
                uint8_t type = get_u8(&r);
                size_t n = extended ? get_u16(&r) : get_u8(&r);
                struct reader value = get_child(&r, n);
                if (r.bad)
                        return OPEN_UNSPECIFIC;
                if (type != PARAM_CAPABILITIES)
                        return OPEN_PARAMETER;
                if (!decode_capabilities(value, seen))
                        return OPEN_UNSPECIFIC;
        }
        return -1;
}

static bool refuse(struct bgp_error *err, uint8_t subcode)
{
        static const uint8_t supported[2] = {0, VERSION};
        bool version = subcode == OPEN_VERSION;
        *err = bgp_error_of(BGP_OPEN_ERROR, subcode, version ? supported : NULL,
                            version ? sizeof(supported) : 0);
        return false;
}

bool bgp_open_decode(struct reader body, struct bgp_open *out, struct bgp_error *err)
{
        struct seen seen = {0};
        uint8_t version = get_u8(&body);
        if (!body.bad && version != VERSION)
                return refuse(err, OPEN_VERSION);
        uint32_t asn = get_u16(&body);
        uint16_t hold = get_u16(&body);
        uint32_t id = get_u32(&body);
        if (body.bad)
                return refuse(err, OPEN_UNSPECIFIC);
        int subcode = decode_parameters(body, &seen);
        if (subcode >= 0)
                return refuse(err, (uint8_t)subcode);
        if (seen.as4 && seen.as4_asn != asn && asn != BGP_AS_TRANS)
                return refuse(err, OPEN_PEER_AS);
        *out = (struct bgp_open){.asn = seen.as4 ? seen.as4_asn : asn,
                                 .hold_time_s = hold,
                                 .id = id,
                                 .families = seen.mp ? seen.families : BGP_IPV4,
                                 .as4 = seen.as4,
                                 .refresh = seen.refresh};
        return true;
}

bool bgp_open_check(const struct bgp_open *theirs, const struct bgp_open *ours, uint32_t peer_asn,
                    struct bgp_error *err)
{
        if (theirs->asn == 0 || theirs->asn != peer_asn)
                return refuse(err, OPEN_PEER_AS);
        if (theirs->hold_time_s == 1 || theirs->hold_time_s == 2)
                return refuse(err, OPEN_HOLD);
        bool internal = peer_asn == ours->asn;
        if (theirs->id == 0 || (internal && theirs->id == ours->id)) /* RFC 6286 */
                return refuse(err, OPEN_ID);
        return true;
}
