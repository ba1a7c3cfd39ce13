/*
 * The UPDATE message. Sending: attributes are encoded once, then prefixes are packed until the message is
 * full. IPv4 routes are classic NLRI with NEXT_HOP, IPv6 routes are in MP_REACH_NLRI, which is the first
 * attribute (RFC 7606 5.1); therefore the other attributes are kept in a tail and their room is reserved.
 *
 * Receiving: nothing that a peer announces is used, so attributes are not decoded at all, which is what makes
 * a corrupt attribute harmless. Only what leaves us unable to find the end of the fields breaks the session
 * (RFC 4271 6.3); everything else is counted. For each of those, `strict` keeps what RFC 7606 would reset
 * for.
 */
#include "bgp/msg.h"
#include <string.h>

enum { /* path attributes */
       ATTR_ORIGIN = 1,
       ATTR_AS_PATH = 2,
       ATTR_NEXT_HOP = 3,
       ATTR_LOCAL_PREF = 5,
       ATTR_COMMUNITIES = 8,
       ATTR_MP_REACH = 14,
       ATTR_MP_UNREACH = 15,
       ATTR_AS4_PATH = 17,
       ATTR_LARGE_COMMUNITIES = 32,
};
enum { FLAG_OPTIONAL = 0x80, FLAG_TRANSITIVE = 0x40, FLAG_EXTENDED = 0x10 };
enum { AS_SEQUENCE = 2, ORIGIN_IGP = 0, SAFI_UNICAST = 1, DEFAULT_LOCAL_PREF = 100 };
/* Largest sum of what is in an UPDATE beside communities and one prefix, with room to spare. */
enum { FIXED_ROOM = 128 };

static void put_attr(struct writer *w, uint8_t flags, uint8_t type, size_t len)
{
        bool extended = len > UINT8_MAX;
        put_u8(w, flags | (extended ? FLAG_EXTENDED : 0));
        put_u8(w, type);
        if (extended)
                put_u16(w, len);
        else
                put_u8(w, len);
}

static void put_as_path(struct writer *w, const struct bgp_path *path)
{
        if (!path->ebgp) {
                put_attr(w, FLAG_TRANSITIVE, ATTR_AS_PATH, 0);
                return;
        }
        put_attr(w, FLAG_TRANSITIVE, ATTR_AS_PATH, path->as4 ? 6 : 4);
        put_u8(w, AS_SEQUENCE);
        put_u8(w, 1);
        if (path->as4)
                put_u32(w, path->my_asn);
        else
                put_u16(w, path->my_asn > UINT16_MAX ? BGP_AS_TRANS : path->my_asn);
}

static void put_as4_path(struct writer *w, const struct bgp_path *path)
{
        if (!path->ebgp || path->as4 || path->my_asn <= UINT16_MAX)
                return;
        put_attr(w, FLAG_OPTIONAL | FLAG_TRANSITIVE, ATTR_AS4_PATH, 6);
        put_u8(w, AS_SEQUENCE);
        put_u8(w, 1);
        put_u32(w, path->my_asn);
}

static size_t count_communities(const struct attrs *a, bool large)
{
        size_t n = 0;
        for (size_t i = 0; i < a->n_communities; i++)
                n += a->communities[i].is_large == large;
        return n;
}

static void put_communities(struct writer *w, const struct attrs *a, bool large)
{
        size_t n = count_communities(a, large);
        if (n == 0)
                return;
        put_attr(w, FLAG_OPTIONAL | FLAG_TRANSITIVE, large ? ATTR_LARGE_COMMUNITIES : ATTR_COMMUNITIES,
                 n * (large ? 12 : 4));
        for (size_t i = 0; i < a->n_communities; i++) {
                const struct community *c = &a->communities[i];
                if (c->is_large != large)
                        continue;
                if (large) {
                        put_u32(w, c->a);
                        put_u32(w, c->b);
                        put_u32(w, c->c);
                } else {
                        put_u16(w, c->a);
                        put_u16(w, c->b);
                }
        }
}

static void put_attrs(struct writer *w, const struct bgp_path *path, bool mp, const struct attrs *a)
{
        put_attr(w, FLAG_TRANSITIVE, ATTR_ORIGIN, 1);
        put_u8(w, ORIGIN_IGP);
        put_as_path(w, path);
        if (!mp) {
                put_attr(w, FLAG_TRANSITIVE, ATTR_NEXT_HOP, 4);
                put_bytes(w, ip_bytes(&path->next_hop), ip_len(path->next_hop));
        }
        if (!path->ebgp) {
                put_attr(w, FLAG_TRANSITIVE, ATTR_LOCAL_PREF, 4);
                put_u32(w, a->has_local_pref ? a->local_pref : DEFAULT_LOCAL_PREF);
        }
        put_communities(w, a, false);
        put_as4_path(w, path);
        put_communities(w, a, true);
}

bool bgp_attrs_fit(const struct attrs *a)
{
        return count_communities(a, false) * 4 + count_communities(a, true) * 12 + FIXED_ROOM <= BGP_MAX;
}

static uint16_t afi_of(enum ip_family family)
{
        return family == IP_V6 ? 2 : 1;
}

static size_t open_mp(struct writer *w, uint8_t type, enum ip_family family)
{
        put_u8(w, FLAG_OPTIONAL | FLAG_EXTENDED);
        put_u8(w, type);
        size_t at = open_len(w, 2);
        put_u16(w, afi_of(family));
        put_u8(w, SAFI_UNICAST);
        return at;
}

void bgp_update_begin(struct bgp_update *u, uint8_t buf[static BGP_MAX], const struct bgp_path *path,
                      enum ip_family family, const struct attrs *a)
{
        u->w = writer_of(buf, BGP_MAX);
        u->family = family;
        u->mp = family == IP_V6;
        u->withdraw = a == NULL;
        u->n = 0;
        struct writer tail = writer_of(u->tail, sizeof(u->tail));
        if (a != NULL)
                put_attrs(&tail, path, u->mp, a);
        u->tail_len = tail.len;
        u->w.bad = tail.bad;

        bgp_put_header(&u->w, BGP_UPDATE);
        u->at[0] = open_len(&u->w, 2);
        if (u->withdraw && !u->mp) {
                u->room = BGP_MAX - 2; /* for the length of no attributes */
                return;
        }
        close_len(&u->w, u->at[0], 2);
        u->at[1] = open_len(&u->w, 2);
        if (!u->mp) {
                put_bytes(&u->w, u->tail, u->tail_len);
                close_len(&u->w, u->at[1], 2);
                u->room = BGP_MAX;
                return;
        }
        u->at[2] = open_mp(&u->w, u->withdraw ? ATTR_MP_UNREACH : ATTR_MP_REACH, family);
        if (!u->withdraw) {
                put_u8(&u->w, ip_len(path->next_hop));
                put_bytes(&u->w, ip_bytes(&path->next_hop), ip_len(path->next_hop));
                put_u8(&u->w, 0); /* reserved */
        }
        u->room = BGP_MAX - u->tail_len;
}

bool bgp_update_add(struct bgp_update *u, struct prefix p)
{
        size_t octets = (p.len + 7u) / 8;
        if (u->w.bad || u->w.len + 1 + octets > u->room)
                return false;
        put_u8(&u->w, p.len);
        put_bytes(&u->w, ip_bytes(&p.ip), octets);
        u->n++;
        return true;
}

size_t bgp_update_end(struct bgp_update *u)
{
        if (u->n == 0)
                return 0;
        if (u->mp) {
                close_len(&u->w, u->at[2], 2);
                put_bytes(&u->w, u->tail, u->tail_len);
                close_len(&u->w, u->at[1], 2);
        } else if (u->withdraw) {
                close_len(&u->w, u->at[0], 2);
                put_u16(&u->w, 0);
        }
        return bgp_put_length(&u->w);
}

size_t bgp_eor_encode(uint8_t buf[static BGP_MAX], enum ip_family family)
{
        struct writer w = writer_of(buf, BGP_MAX);
        bgp_put_header(&w, BGP_UPDATE);
        put_u16(&w, 0);
        size_t attrs = open_len(&w, 2);
        if (family == IP_V6)
                close_len(&w, open_mp(&w, ATTR_MP_UNREACH, family), 2);
        close_len(&w, attrs, 2);
        return bgp_put_length(&w);
}

static void content_error(struct bgp_update_in *in, uint8_t strict_subcode)
{
        in->content_errors++;
        if (strict_subcode != 0 && in->strict.code == 0)
                in->strict = bgp_error_of(BGP_UPDATE_ERROR, strict_subcode, NULL, 0);
}

static bool prefixes_ok(struct reader r, unsigned max_len)
{
        while (r.left > 0) {
                unsigned len = get_u8(&r);
                get_bytes(&r, (len + 7) / 8);
                if (len > max_len || r.bad)
                        return false;
        }
        return true;
}

/* AFI, SAFI and, if it is a reachable one, next hop; then prefixes. Families that we do not know are not
 * looked at. */
static bool mp_ok(struct reader r, bool reach)
{
        unsigned afi = get_u16(&r);
        unsigned safi = get_u8(&r);
        if (reach) {
                size_t hop = get_u8(&r);
                get_bytes(&r, hop);
                get_u8(&r);
                bool size_ok = hop == 4 || hop == 16 || hop == 32;
                if (!r.bad && safi == SAFI_UNICAST && (afi == 1 || afi == 2) && !size_ok)
                        return false;
        }
        if (r.bad)
                return false;
        return safi != SAFI_UNICAST || (afi != 1 && afi != 2) || prefixes_ok(r, afi == 1 ? 32 : 128);
}

static bool well_known(uint8_t type)
{
        return type >= 1 && type <= 6; /* ORIGIN to ATOMIC_AGGREGATE; MULTI_EXIT_DISC (4) has its own flags */
}

static void walk_attrs(struct reader r, struct bgp_update_in *in)
{
        bool seen[256] = {false};
        while (r.left > 0) {
                uint8_t flags = get_u8(&r);
                uint8_t type = get_u8(&r);
                size_t len = flags & FLAG_EXTENDED ? get_u16(&r) : get_u8(&r);
                struct reader value = get_child(&r, len);
                bool mp = type == ATTR_MP_REACH || type == ATTR_MP_UNREACH;
                if (r.bad) { /* RFC 7606 section 4: treat as withdraw */
                        content_error(in, 0);
                        return;
                }
                if (seen[type])
                        content_error(in, mp ? 1 : 0);
                else if (mp && !mp_ok(value, type == ATTR_MP_REACH))
                        content_error(in, 9);
                else if (!(flags & FLAG_OPTIONAL) && !well_known(type))
                        content_error(in, mp ? 9 : 2);
                seen[type] = true;
        }
}

bool bgp_update_decode(struct reader body, struct bgp_update_in *out, struct bgp_error *err)
{
        *out = (struct bgp_update_in){0};
        struct reader withdrawn = get_child(&body, get_u16(&body));
        struct reader attrs = get_child(&body, get_u16(&body));
        if (body.bad) {
                *err = bgp_error_of(BGP_UPDATE_ERROR, 1, NULL, 0);
                return false;
        }
        if (!prefixes_ok(withdrawn, 32))
                content_error(out, 10);
        walk_attrs(attrs, out);
        if (!prefixes_ok(body, 32))
                content_error(out, 10);
        return true;
}
