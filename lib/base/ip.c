/*
 * An address is a 128-bit number in network order; IPv4 has the top 96 bits ::ffff:0:0/96. All arithmetic is
 * on that number, so both families share it. Prefix lengths are counted within the family outside (0..32 for
 * IPv4) and within the 128 bits inside (96..128). The family of an address is part of its value: whatever
 * compares, contains or steps keeps to one family, also where an IPv6 prefix as wide as ::/0 spans the IPv4
 * block.
 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

static const uint8_t v4_top[12] = {[10] = 0xff, [11] = 0xff};

static u128 number(struct ip ip)
{
        u128 n = 0;
        for (size_t i = 0; i < sizeof(ip.b); i++)
                n = n << 8 | ip.b[i];
        return n;
}

static struct ip from_number(u128 n)
{
        struct ip ip;
        for (size_t i = sizeof(ip.b); i-- > 0; n >>= 8)
                ip.b[i] = (uint8_t)n;
        return ip;
}

/* The host bits of a prefix that has `bits` network bits of 128. */
static u128 host_mask(unsigned bits)
{
        return bits == 0 ? ~(u128)0 : ((u128)1 << (128 - bits)) - 1;
}

static unsigned family_bits(struct ip ip)
{
        return ip_family(ip) == IP_V4 ? 32 : 128;
}

/* Network bits of 128. */
static unsigned wide_len(struct prefix p)
{
        return p.len + 128u - family_bits(p.ip);
}

struct ip ip_from4(const uint8_t b[static 4])
{
        struct ip ip;
        memcpy(ip.b, v4_top, sizeof(v4_top));
        memcpy(ip.b + 12, b, 4);
        return ip;
}

struct ip ip_from6(const uint8_t b[static 16])
{
        struct ip ip;
        memcpy(ip.b, b, 16);
        return ip;
}

enum ip_family ip_family(struct ip ip)
{
        return memcmp(ip.b, v4_top, sizeof(v4_top)) == 0 ? IP_V4 : IP_V6;
}

const uint8_t *ip_bytes(const struct ip *ip)
{
        return ip_family(*ip) == IP_V4 ? ip->b + 12 : ip->b;
}

size_t ip_len(struct ip ip)
{
        return family_bits(ip) / 8;
}

int ip_cmp(struct ip a, struct ip b)
{
        return memcmp(a.b, b.b, sizeof(a.b));
}

bool ip_eq(struct ip a, struct ip b)
{
        return ip_cmp(a, b) == 0;
}

bool ip_is_unspecified(struct ip ip)
{
        return ip_family(ip) == IP_V4 ? (number(ip) & UINT32_MAX) == 0 : number(ip) == 0;
}

bool ip_is_link_local(struct ip ip)
{
        const uint8_t *b = ip_bytes(&ip);
        if (ip_family(ip) == IP_V4)
                return b[0] == 169 && b[1] == 254;
        return b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
}

bool ip_add(struct ip *ip, uint64_t n)
{
        u128 was = number(*ip);
        struct ip sum = from_number(was + n);
        if (was + n < was || ip_family(sum) != ip_family(*ip))
                return false;
        *ip = sum;
        return true;
}

bool ip_parse(const char *text, struct ip *out)
{
        uint8_t b[16];
        if (inet_pton(AF_INET, text, b) == 1) {
                *out = ip_from4(b);
                return true;
        }
        if (inet_pton(AF_INET6, text, b) != 1 || ip_family(ip_from6(b)) == IP_V4)
                return false;
        *out = ip_from6(b);
        return true;
}

const char *ip_str(struct ip ip, char buf[static IP_STRLEN])
{
        const uint8_t *b = ip_bytes(&ip);
        static const uint8_t zeros[12];
        /* inet_ntop() writes ::1:2 as ::0.1.0.2; RFC 5952 section 5 has dotted quads for known prefixes only.
         */
        if (ip_family(ip) == IP_V6 && memcmp(b, zeros, sizeof(zeros)) == 0 && (b[12] || b[13]))
                snprintf(buf, IP_STRLEN, "::%x:%x", b[12] << 8 | b[13], b[14] << 8 | b[15]);
        else
                inet_ntop(ip_family(ip) == IP_V4 ? AF_INET : AF_INET6, b, buf, IP_STRLEN);
        return buf;
}

struct prefix ip_prefix(struct ip ip, uint8_t len)
{
        if (len > family_bits(ip))
                abort();
        struct prefix p = {ip, len};
        p.ip = from_number(number(ip) & ~host_mask(wide_len(p)));
        return p;
}

const char *prefix_str(struct prefix p, char buf[static PREFIX_STRLEN])
{
        char ip[IP_STRLEN];
        snprintf(buf, PREFIX_STRLEN, "%s/%u", ip_str(p.ip, ip), (unsigned)p.len);
        return buf;
}

/* "24": one to three digits, no leading zero, at most 128. */
static bool len_parse(const char *text, uint8_t *out)
{
        unsigned n = 0;
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 3 || text[digits] || (text[0] == '0' && digits > 1))
                return false;
        for (size_t i = 0; i < digits; i++)
                n = n * 10 + (unsigned)(text[i] - '0');
        if (n > 128)
                return false;
        *out = (uint8_t)n;
        return true;
}

/* The address in the first n bytes of text. */
static bool ip_parse_part(const char *text, size_t n, struct ip *out)
{
        char part[IP_STRLEN];
        if (n >= sizeof(part))
                return false;
        memcpy(part, text, n);
        part[n] = '\0';
        return ip_parse(part, out);
}

static const char *cidr_parse(const char *text, const char *slash, struct prefix *out)
{
        struct ip ip;
        uint8_t len;
        if (!ip_parse_part(text, (size_t)(slash - text), &ip))
                return "has no valid address before the slash";
        if (!len_parse(slash + 1, &len) || len > family_bits(ip))
                return "has a prefix length out of range (IPv4: 0 to 32, IPv6: 0 to 128)";
        *out = ip_prefix(ip, len);
        return NULL;
}

bool prefix_parse(const char *text, struct prefix *out)
{
        const char *slash = strchr(text, '/');
        return slash && !cidr_parse(text, slash, out);
}

bool prefix_contains(struct prefix p, struct ip ip)
{
        return ip_family(p.ip) == ip_family(ip) && ip_eq(ip_prefix(ip, p.len).ip, p.ip);
}

int prefix_cmp(struct prefix a, struct prefix b)
{
        int c = ip_cmp(a.ip, b.ip);
        return c ? c : (a.len > b.len) - (a.len < b.len);
}

struct ip_range prefix_range(struct prefix p)
{
        return (struct ip_range){p.ip, from_number(number(p.ip) | host_mask(wide_len(p)))};
}

static const char *dashed_parse(const char *text, const char *dash, struct ip_range *out)
{
        size_t first_len = (size_t)(dash - text);
        while (first_len > 0 && text[first_len - 1] == ' ')
                first_len--;
        const char *last_text = dash + 1 + strspn(dash + 1, " ");
        struct ip first, last;
        if (!ip_parse_part(text, first_len, &first))
                return "has no valid address before the dash";
        if (!ip_parse(last_text, &last))
                return "has no valid address after the dash";
        if (ip_family(first) != ip_family(last))
                return "mixes IPv4 and IPv6";
        if (ip_cmp(first, last) > 0)
                return "starts after it ends";
        *out = (struct ip_range){first, last};
        return NULL;
}

const char *ip_range_parse(const char *text, struct ip_range *out)
{
        const char *slash = strchr(text, '/'), *dash = strchr(text, '-');
        struct prefix p;
        struct ip ip;
        if (dash && !slash)
                return dashed_parse(text, dash, out);
        if (slash && !dash) {
                const char *wrong = cidr_parse(text, slash, &p);
                if (!wrong)
                        *out = prefix_range(p);
                return wrong;
        }
        if (!ip_parse(text, &ip))
                return "is neither a CIDR (192.0.2.0/24) nor a first-last range (192.0.2.1-192.0.2.9)";
        return ip_family(ip) == IP_V4 ? "needs a mask: a single IPv4 address is written as 192.0.2.1/32"
                                      : "needs a mask: a single IPv6 address is written as 2001:db8::1/128";
}

bool ip_range_contains(struct ip_range r, struct ip ip)
{
        return ip_family(r.first) == ip_family(ip) && ip_cmp(r.first, ip) <= 0 && ip_cmp(ip, r.last) <= 0;
}

bool ip_range_overlaps(struct ip_range a, struct ip_range b)
{
        return ip_family(a.first) == ip_family(b.first) && ip_cmp(a.first, b.last) <= 0 &&
               ip_cmp(b.first, a.last) <= 0;
}

int64_t ip_range_count(struct ip_range r)
{
        u128 less_one = number(r.last) - number(r.first);
        return less_one >= (u128)INT64_MAX ? INT64_MAX : (int64_t)less_one + 1;
}

/* Network bits (of 128) of the widest aligned block that starts at `at` and ends by `last`. */
static unsigned widest(u128 at, u128 last)
{
        unsigned bits = 128;
        while (bits > 0 && (at & host_mask(bits - 1)) == 0 && host_mask(bits - 1) <= last - at)
                bits--;
        return bits;
}

size_t ip_range_prefixes(struct ip_range r, struct prefix *out, size_t max)
{
        u128 at = number(r.first), last = number(r.last);
        unsigned family = family_bits(r.first);
        size_t n = 0;
        for (;;) {
                unsigned bits = widest(at, last);
                struct ip ip = from_number(at);
                if (family_bits(ip) == family) { /* an IPv6 range may step exactly onto the IPv4 block */
                        if (n < max)
                                out[n] = (struct prefix){ip, (uint8_t)(bits - (128 - family))};
                        n++;
                }
                if (last - at == host_mask(bits))
                        return n;
                at += host_mask(bits) + 1;
        }
}
