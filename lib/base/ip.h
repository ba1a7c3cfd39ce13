/*
 * IPv4 and IPv6 addresses, prefixes and ranges with exact arithmetic. One 16-byte form for both families: IPv4 is
 * kept as ::ffff:a.b.c.d, so that an address is a key by itself and memcmp orders IPv4 before global IPv6.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip {
        uint8_t b[16];
};

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct prefix {
        struct ip ip; /* host bits are zero */
        uint8_t len;  /* 0..32 for IPv4, 0..128 for IPv6 */
};

struct ip_range {
        struct ip first, last; /* one family, first <= last */
};

#define IP_STRLEN     46
#define PREFIX_STRLEN 50

/* Strict: no leading zeros, no zone, no IPv4-mapped IPv6. */
bool ip_parse(const char *text, struct ip *out);
/* RFC 5952 text in buf; returns buf. */
const char *ip_str(struct ip, char buf[static IP_STRLEN]);
const char *prefix_str(struct prefix, char buf[static PREFIX_STRLEN]);
struct ip ip_from4(const uint8_t b[static 4]);
struct ip ip_from6(const uint8_t b[static 16]);
const uint8_t *ip_bytes(const struct ip *); /* 4 or 16 bytes in network order, as the family has */
size_t ip_len(struct ip);                   /* 4 or 16 */
enum ip_family ip_family(struct ip);
int ip_cmp(struct ip, struct ip);
bool ip_eq(struct ip, struct ip);
bool ip_is_unspecified(struct ip);
bool ip_is_link_local(struct ip); /* 169.254/16, fe80::/10 */
/* Adds n (may be past the end: returns false and leaves *ip). */
bool ip_add(struct ip *, uint64_t n);

struct prefix ip_prefix(struct ip, uint8_t len); /* masks the host bits; aborts on len out of the family's range */
bool prefix_parse(const char *text, struct prefix *out); /* "a/b"; host bits are masked off */
bool prefix_contains(struct prefix, struct ip);
int prefix_cmp(struct prefix, struct prefix);
struct ip_range prefix_range(struct prefix);

/* "a/b" or "first-last" with spaces around the dash. Returns NULL, or what is wrong with it (static text). */
const char *ip_range_parse(const char *text, struct ip_range *out);
bool ip_range_contains(struct ip_range, struct ip);
bool ip_range_overlaps(struct ip_range, struct ip_range);
/* Number of addresses; INT64_MAX when there are more. */
int64_t ip_range_count(struct ip_range);
/* The fewest prefixes that make up the range, ascending. Returns how many there are (at most 2*128); writes max. */
size_t ip_range_prefixes(struct ip_range, struct prefix *out, size_t max);
