#include "config/scalar.h"
#include "base/arena.h"
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
        for (; *words; words++)
                if (strcmp(text, *words) == 0)
                        return true;
        return false;
}

static const char *skip_digits(const char *s)
{
        while (*s >= '0' && *s <= '9')
                s++;
        return s;
}

/* Is it [-+]? digits [. digits] [e digits], with no needless zero in front? */
static bool is_number(const char *s, bool *whole)
{
        *whole = true;
        if (*s == '-' || *s == '+')
                s++;
        const char *after = skip_digits(s);
        if (after == s || (s[0] == '0' && after - s > 1))
                return false;
        s = after;
        if (*s == '.') {
                *whole = false;
                s = skip_digits(s + 1);
        }
        if (*s == 'e' || *s == 'E') {
                *whole = false;
                s++;
                if (*s == '-' || *s == '+')
                        s++;
                after = skip_digits(s);
                if (after == s)
                        return false;
                s = after;
        }
        return *s == 0;
}

static struct json_object *number(const char *text, bool whole)
{
        char *end;
        errno = 0;
        if (whole) {
                int64_t value = strtoll(text, &end, 10);
                if (errno == 0)
                        return json_object_new_int64(value);
                errno = 0;
                uint64_t large = strtoull(text, &end, 10);
                if (errno == 0 && text[0] != '-')
                        return json_object_new_uint64(large);
        }
        return json_object_new_double_s(strtod(text, &end), text);
}

struct json_object *scalar_plain(const char *text, size_t len)
{
        static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
        static const char *const trues[] = {"true", "True", "TRUE", NULL};
        static const char *const falses[] = {"false", "False", "FALSE", NULL};
        bool whole;
        if (is_one_of(text, nulls))
                return NULL;
        if (is_one_of(text, trues))
                return json_object_new_boolean(1);
        if (is_one_of(text, falses))
                return json_object_new_boolean(0);
        if (is_number(text, &whole))
                return number(text, whole);
        return json_object_new_string_len(text, (int)len);
}

/* Four hexadecimal digits after a backslash and a u; -1 if it is not that. */
static int32_t escaped_unit(const char *s, const char *end)
{
        int32_t unit = 0;
        if (end - s < 6 || s[0] != '\\' || s[1] != 'u')
                return -1;
        for (int i = 2; i < 6; i++) {
                char c = s[i];
                int digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : -1;
                if (digit < 0)
                        return -1;
                unit = unit * 16 + digit;
        }
        return unit;
}

static size_t put_pair(char *out, int32_t high, int32_t low)
{
        uint32_t c = 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
        out[0] = (char)(0xf0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3f));
        out[2] = (char)(0x80 | (c >> 6 & 0x3f));
        out[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

char *json_surrogates_to_utf8(const char *text, size_t *len)
{
        const char *end = text + *len, *s = text;
        while (s < end && strchr(" \t\r\n", *s) && *s)
                s++;
        if (s == end || (*s != '{' && *s != '[') || !memmem(text, *len, "\\u", 2))
                return NULL;
        char *copy = xcalloc(*len + 1, 1);
        size_t n = 0;
        s = text;
        while (s < end) {
                int32_t high = escaped_unit(s, end);
                int32_t low = high >= 0xd800 && high < 0xdc00 ? escaped_unit(s + 6, end) : -1;
                if (low >= 0xdc00 && low < 0xe000) {
                        n += put_pair(copy + n, high, low);
                        s += 12;
                        continue;
                }
                if (*s == '\\' && s + 1 < end) /* an escaped backslash does not begin another escape */
                        copy[n++] = *s++;
                copy[n++] = *s++;
        }
        *len = n;
        return copy;
}
