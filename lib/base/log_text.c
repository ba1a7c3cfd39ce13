/*
 * The escaping of log lines. A unit is one character of the input: kept, or written as an escape. Escaped are
 * control characters of ASCII and of C1 (U+0080..U+009F), the line and paragraph separators, and every byte
 * that is not part of well-formed UTF-8 (RFC 3629): a reader that splits lines or draws them cannot be fooled
 * by foreign bytes.
 */
#include "base/log_text.h"
#include "base/log.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Writes the unit at s to out (at most 16 bytes with its NUL) and returns how many bytes of s it is. */
static size_t unit(const uint8_t *s, bool quoting, char out[static 17])
{
        size_t n = utf8_len((const char *)s);
        if (n > 0 && utf8_is_harmless((const char *)s, n)) {
                size_t at = 0;
                if (quoting && (s[0] == '"' || s[0] == '\\'))
                        out[at++] = '\\';
                memcpy(out + at, s, n);
                out[at + n] = '\0';
                return n;
        }
        const char *known = s[0] == '\n' ? "\\n" : s[0] == '\r' ? "\\r" : s[0] == '\t' ? "\\t" : NULL;
        if (known) {
                strcpy(out, known);
                return 1;
        }
        n = n ? n : 1;
        for (size_t i = 0; i < n; i++)
                snprintf(out + 4 * i, 5, "\\x%02x", s[i]);
        return n;
}

/* Adds s if it and `spare` more bytes fit; the first that does not ends the line. */
static bool add(struct text *t, const char *s, size_t spare)
{
        size_t n = strlen(s);
        if (t->cut || t->len + n + spare > t->cap) {
                t->cut = true;
                return false;
        }
        memcpy(t->p + t->len, s, n);
        t->len += n;
        return true;
}

void text_add(struct text *t, const char *s)
{
        add(t, s, 0);
}

void text_add_quoted(struct text *t, const char *s)
{
        char out[17];
        if (!add(t, "\"", 1))
                return;
        for (const uint8_t *p = (const uint8_t *)s; *p;) {
                p += unit(p, true, out);
                if (!add(t, out, 1))
                        break;
        }
        t->p[t->len++] = '"';
}

void text_add_pairs(struct text *t, const char *s)
{
        char out[17];
        bool open = false, escaped = false;
        for (const uint8_t *p = (const uint8_t *)s; *p;) {
                bool quote = *p == '"' && !escaped;
                escaped = *p == '\\' && !escaped;
                p += unit(p, false, out);
                if (!add(t, out, 1))
                        break;
                if (quote)
                        open = !open;
        }
        if (open)
                t->p[t->len++] = '"';
}

static bool bare(const char *s)
{
        for (const char *p = s; *p; p++)
                if (*p <= ' ' || *p > '~' || *p == '"' || *p == '=' || *p == '\\')
                        return false;
        return *s != '\0';
}

const char *log_quote(char buf[static LOG_QUOTELEN], const char *s)
{
        static const char mark[] = "...\"";
        s = s ? s : "";
        if (bare(s) && strlen(s) < LOG_QUOTELEN) {
                strcpy(buf, s);
                return buf;
        }
        struct text t = {.p = buf, .cap = LOG_QUOTELEN - sizeof(mark)};
        text_add_quoted(&t, s);
        if (t.cut) {
                t.len--; /* the mark has a quote of its own */
                memcpy(buf + t.len, mark, sizeof(mark) - 1);
                t.len += sizeof(mark) - 1;
        }
        buf[t.len] = '\0';
        return buf;
}
