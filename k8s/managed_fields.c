#include "k8s/managed_fields.h"

static const char name[] = "managedFields";
enum { LEN = sizeof(name) - 1, NO_MATCH = LEN + 1 };

static void open_string(struct managed_fields *m)
{
        m->in_string = true;
        m->matched = 0;
}

/* One byte of a string. */
static void in_string(struct managed_fields *m, char c)
{
        if (m->escaped) {
                m->escaped = false;
        } else if (c == '\\') {
                m->escaped = true;
                m->matched = NO_MATCH;
        } else if (c == '"') {
                m->in_string = false;
                m->place = m->matched == LEN ? MF_NAMED : MF_OTHER;
        } else {
                m->matched = m->matched < LEN && name[m->matched] == c ? m->matched + 1 : NO_MATCH;
        }
}

size_t managed_fields_take(struct managed_fields *m, const char *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char c = bytes[i];
                if (m->in_string) {
                        in_string(m, c);
                } else if (c == '"') {
                        open_string(m);
                } else if (c == ':') {
                        m->place = m->place == MF_NAMED ? MF_VALUE : MF_OTHER;
                } else if (c == '[' && m->place == MF_VALUE) {
                        m->leaving_out = true;
                        m->place = MF_OTHER;
                        return i;
                } else if (c == '{' || c == '[') {
                        m->depth++;
                        m->place = MF_OTHER;
                } else if (c == '}' || c == ']') {
                        m->place = MF_OTHER;
                        if (m->depth < 2)
                                return i + 1;
                        m->depth--;
                } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
                        m->place = MF_OTHER;
                }
        }
        return n;
}

size_t managed_fields_leave_out(struct managed_fields *m, const char *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char c = bytes[i];
                if (m->in_string) {
                        in_string(m, c);
                } else if (c == '"') {
                        open_string(m);
                } else if (c == '{' || c == '[') {
                        m->inner++;
                } else if ((c == '}' || c == ']') && --m->inner == 0) {
                        m->leaving_out = false;
                        m->place = MF_OTHER;
                        return i + 1;
                }
        }
        return n;
}
