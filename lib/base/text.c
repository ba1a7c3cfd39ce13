#include "base/text.h"
#include "base/arena.h"
#include <stdint.h>
#include <string.h>

size_t utf8_len(const char *text)
{
        const uint8_t *s = (const uint8_t *)text;
        uint8_t low = 0x80, high = 0xbf;
        size_t n;
        if (s[0] < 0x80)
                return 1;
        if (s[0] >= 0xc2 && s[0] <= 0xdf)
                n = 2;
        else if ((s[0] & 0xf0) == 0xe0)
                n = 3;
        else if (s[0] >= 0xf0 && s[0] <= 0xf4)
                n = 4;
        else
                return 0;
        if (s[0] == 0xe0)
                low = 0xa0; /* no overlong forms */
        else if (s[0] == 0xed)
                high = 0x9f; /* no surrogates */
        else if (s[0] == 0xf0)
                low = 0x90;
        else if (s[0] == 0xf4)
                high = 0x8f; /* no more than U+10FFFF */
        for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
                if (s[i] < low || s[i] > high)
                        return 0;
        return n;
}

bool utf8_is_harmless(const char *text, size_t n)
{
        const uint8_t *s = (const uint8_t *)text;
        if (n == 1)
                return s[0] >= 0x20 && s[0] != 0x7f;
        if (n == 2 && s[0] == 0xc2)
                return s[1] >= 0xa0;
        return n != 3 || s[0] != 0xe2 || s[1] != 0x80 || (s[2] != 0xa8 && s[2] != 0xa9);
}

size_t text_printable(char *dst, size_t size, const char *src)
{
        size_t at = 0, taken = 0;
        while (src[taken]) {
                size_t n = utf8_len(src + taken), step = n ? n : 1;
                bool kept = n > 0 && utf8_is_harmless(src + taken, n);
                if (at + (kept ? n : 1) >= size)
                        break;
                if (kept)
                        memmove(dst + at, src + taken, n);
                else
                        dst[at] = n ? ' ' : '?';
                at += kept ? n : 1;
                taken += step;
        }
        dst[at] = 0;
        return taken;
}

char *text_clean(char *text)
{
        text_printable(text, strlen(text) + 1, text);
        return text;
}

char *text_cut(const char *src, size_t max)
{
        size_t len = strnlen(src, max);
        char *text = xcalloc(len + 1, 1);
        text_printable(text, len + 1, src);
        return text;
}

uint64_t text_digest(uint64_t seed, const char *text)
{
        uint64_t digest = seed ? seed : UINT64_C(0xcbf29ce484222325);
        do {
                digest ^= (uint8_t)*text;
                digest *= UINT64_C(0x100000001b3);
        } while (*text++);
        return digest;
}
