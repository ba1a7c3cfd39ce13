#include "base/base64.h"
#include "base/arena.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int base64_digit(char c)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *at = c ? strchr(digits, c) : NULL;
        return at ? (int)(at - digits) : -1;
}

char *base64_text(const char *in)
{
        char *out = xcalloc(strlen(in) / 4 * 3 + 4, 1);
        size_t n = 0, padding = 0, digits = 0;
        uint32_t bits = 0;
        bool bad = false;
        for (; *in; in++) {
                int digit = base64_digit(*in);
                if (isspace((unsigned char)*in))
                        continue;
                if (*in == '=') {
                        padding++;
                } else if (digit < 0 || padding) {
                        bad = true;
                } else {
                        bits = bits << 6 | (uint32_t)digit;
                        if (++digits % 4 != 1)
                                out[n++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
                }
        }
        if (bad || digits % 4 == 1 || padding > 2 || strlen(out) != n) {
                explicit_bzero(out, n);
                free(out);
                return NULL;
        }
        return out;
}
