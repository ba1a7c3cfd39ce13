#include "config/value.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number with an optional fraction times a unit, added to *ns; false on overflow. */
static bool add_part(int64_t *ns, int64_t whole, int64_t fraction, int64_t scale, int64_t unit)
{
        int64_t part;
        if (__builtin_mul_overflow(whole, unit, &part) || __builtin_add_overflow(*ns, part, ns))
                return false;
        part = (int64_t)((double)fraction * ((double)unit / (double)scale));
        return !__builtin_add_overflow(*ns, part, ns);
}

static int64_t duration_unit(const char **s)
{
        static const struct {
                const char *name;
                int64_t ns;
        } units[] = {{"ns", 1},    {"us", USEC}, {"\xc2\xb5s", USEC}, {"\xce\xbcs", USEC},
                     {"ms", MSEC}, {"s", SEC},   {"m", 60 * SEC},     {"h", 3600 * SEC}};
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                size_t len = strlen(units[i].name);
                if (strncmp(*s, units[i].name, len) == 0) {
                        *s += len;
                        return units[i].ns;
                }
        }
        return 0;
}

bool duration_parse(const char *text, int64_t *ns)
{
        *ns = 0;
        const char *s = *text == '+' ? text + 1 : text;
        if (strcmp(s, "0") == 0)
                return true;
        if (!*s)
                return false;
        while (*s) {
                int64_t whole = 0, fraction = 0, scale = 1;
                const char *start = s;
                for (; isdigit((unsigned char)*s); s++)
                        if (__builtin_mul_overflow(whole, 10, &whole) ||
                            __builtin_add_overflow(whole, *s - '0', &whole))
                                return false;
                size_t digits = (size_t)(s - start);
                if (*s == '.')
                        for (s++; isdigit((unsigned char)*s); s++, digits++)
                                if (scale < INT64_C(1000000000000)) {
                                        fraction = fraction * 10 + (*s - '0');
                                        scale *= 10;
                                }
                int64_t unit = duration_unit(&s);
                if (digits == 0 || unit == 0 || !add_part(ns, whole, fraction, scale, unit))
                        return false;
        }
        return true;
}

/* Addresses that no service can have: they mean something else to every host. */
static bool is_special(struct ip_range range)
{
        static const char *const special[] = {"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32",
                                              "::/127",    "fe80::/10",   "ff00::/8"};
        for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
                struct prefix p;
                if (prefix_parse(special[i], &p) && ip_range_overlaps(prefix_range(p), range))
                        return true;
        }
        return false;
}

static bool copy_trimmed(char out[static IP_STRLEN], const char *from, const char *to)
{
        while (from < to && *from == ' ')
                from++;
        while (to > from && to[-1] == ' ')
                to--;
        if ((size_t)(to - from) >= IP_STRLEN)
                return false;
        memcpy(out, from, (size_t)(to - from));
        out[to - from] = 0;
        return true;
}

/* What is wrong with "first-last"; NULL if nothing. */
static const char *dash_problem(const char *text, const char *dash)
{
        char first[IP_STRLEN], last[IP_STRLEN];
        struct ip a, b;
        if (!copy_trimmed(first, text, dash) || !copy_trimmed(last, dash + 1, text + strlen(text)) ||
            !ip_parse(first, &a) || !ip_parse(last, &b))
                return "is not a range of addresses; write it as \"192.0.2.10-192.0.2.20\"";
        if (ip_family(a) != ip_family(b))
                return "starts with one address family and ends with the other; write one range for each";
        if (ip_cmp(a, b) > 0)
                return "starts after it ends; swap the two addresses";
        return NULL;
}

const char *pool_range_parse(const char *text, struct ip_range *out, bool *readable)
{
        *readable = false;
        const char *dash = strchr(text, '-');
        struct ip ip;
        if (ip_parse(text, &ip))
                return ip_family(ip) == IP_V4 ? "is a single address; add /32 to it"
                                              : "is a single address; add /128 to it";
        if (dash && !strchr(text, '/') && dash_problem(text, dash))
                return dash_problem(text, dash);
        if (ip_range_parse(text, out))
                return "is neither a prefix such as \"192.0.2.0/24\" nor a range such as "
                       "\"192.0.2.10-192.0.2.20\"";
        *readable = true;
        if (is_special(*out))
                return "has addresses that no service can have (unspecified, loopback, link-local or "
                       "multicast); "
                       "leave them out";
        return NULL;
}

/* One decimal number up to max that ends at the character `end`; moves *s behind it. */
static bool take_number(const char **s, char end, uint64_t max, uint32_t *out)
{
        uint64_t value = 0;
        const char *p = *s;
        for (; isdigit((unsigned char)*p); p++) {
                value = value * 10 + (uint64_t)(*p - '0');
                if (value > max)
                        return false;
        }
        if (p == *s || *p != end)
                return false;
        *out = (uint32_t)value;
        *s = *p ? p + 1 : p;
        return true;
}

bool community_is_alias(const char *text)
{
        return *text && !strchr(text, ':');
}

const char *community_parse(const char *text, struct community *out)
{
        *out = (struct community){0};
        if (strncmp(text, "large:", 6) == 0) {
                const char *s = text + 6;
                out->is_large = true;
                if (!take_number(&s, ':', UINT32_MAX, &out->a) ||
                    !take_number(&s, ':', UINT32_MAX, &out->b) || !take_number(&s, 0, UINT32_MAX, &out->c))
                        return "is not a large community; write \"large:A:B:C\" with numbers from 0 to "
                               "4294967295";
                return NULL;
        }
        if (!take_number(&text, ':', UINT16_MAX, &out->a) || !take_number(&text, 0, UINT16_MAX, &out->b))
                return "is not a community; write \"A:B\" with numbers from 0 to 65535, or \"large:A:B:C\"";
        return NULL;
}

const char *asn_problem(uint32_t asn)
{
        if (asn == 0)
                return "AS 0 means \"nobody\" (RFC 7607)";
        if (asn == 23456)
                return "AS 23456 is AS_TRANS, which stands for numbers that do not fit two octets (RFC 6793)";
        if ((asn >= 64496 && asn <= 64511) || (asn >= 65536 && asn <= 65551))
                return "it is reserved for documentation (RFC 5398)";
        if (asn == 65535 || asn == UINT32_MAX)
                return "it is the last of its range, which is reserved (RFC 7300)";
        if (asn >= 65552 && asn <= 131071)
                return "it is reserved by IANA";
        return NULL;
}

bool asn_is_private(uint32_t asn)
{
        return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);
}

/* Letters, digits, and in between also what `inner` holds; 1 to max characters. */
static bool is_word(const char *s, size_t len, size_t max, const char *inner, bool lower)
{
        if (len == 0 || len > max)
                return false;
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)s[i];
                bool edge = i == 0 || i == len - 1;
                bool good = c < 128 && isalnum(c) && !(lower && isupper(c));
                if (!good && (edge || !strchr(inner, c)))
                        return false;
        }
        return true;
}

static bool is_subdomain(const char *s, size_t len)
{
        if (len > 253)
                return false;
        for (const char *end = s + len;;) {
                const char *dot = memchr(s, '.', (size_t)(end - s));
                if (!is_word(s, (size_t)((dot ? dot : end) - s), 253, "-", true))
                        return false;
                if (!dot)
                        return true;
                s = dot + 1;
        }
}

bool name_is_valid(const char *name)
{
        return is_subdomain(name, strlen(name));
}

bool label_key_is_valid(const char *key)
{
        const char *slash = strchr(key, '/');
        if (slash && !is_subdomain(key, (size_t)(slash - key)))
                return false;
        const char *word = slash ? slash + 1 : key;
        return is_word(word, strlen(word), 63, "-_.", false);
}

bool label_value_is_valid(const char *value)
{
        return !*value || is_word(value, strlen(value), 63, "-_.", false);
}

bool interface_name_is_valid(const char *name)
{
        size_t len = strlen(name);
        if (len == 0 || len > 15 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return false;
        for (; *name; name++)
                if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
                        return false;
        return true;
}

static int min3(int a, int b, int c)
{
        int m = a < b ? a : b;
        return m < c ? m : c;
}

int edit_distance(const char *a, const char *b)
{
        enum { LONGEST = 40, FAR = 4 };
        size_t n = strlen(a), m = strlen(b);
        if (n > LONGEST || m > LONGEST || n > m + 3 || m > n + 3)
                return FAR;
        int d[LONGEST + 1][LONGEST + 1];
        for (size_t i = 0; i <= n; i++)
                d[i][0] = (int)i;
        for (size_t j = 0; j <= m; j++)
                d[0][j] = (int)j;
        for (size_t i = 1; i <= n; i++) {
                for (size_t j = 1; j <= m; j++) {
                        int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
                        d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (ca != cb));
                        if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                            cb == tolower((unsigned char)a[i - 2]) && d[i - 2][j - 2] + 1 < d[i][j])
                                d[i][j] = d[i - 2][j - 2] + 1;
                }
        }
        return d[n][m] < FAR ? d[n][m] : FAR;
}
