/*
 * What a peer believes after the UPDATEs that it got: a decoder of its own, written from the RFCs and not
 * from the encoder, that fails the test on anything that is not well-formed. For tests only.
 */
#pragma once
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view_route {
        uint8_t key[18]; /* family, length, address */
        char attrs[512]; /* in words */
};

struct view {
        struct view_route *v;
        size_t n, cap;
        size_t messages, announced, withdrawn, eor4, eor6, redundant;
};

static unsigned view_u16(const uint8_t *p)
{
        return (unsigned)p[0] << 8 | p[1];
}

static unsigned view_u32(const uint8_t *p)
{
        return view_u16(p) << 16 | view_u16(p + 2);
}

static struct view_route *view_find(struct view *v, const uint8_t key[18])
{
        for (size_t i = 0; i < v->n; i++)
                if (memcmp(v->v[i].key, key, 18) == 0)
                        return &v->v[i];
        return NULL;
}

static void view_one(struct view *v, const uint8_t key[18], const char *attrs)
{
        struct view_route *r = view_find(v, key);
        if (attrs == NULL) {
                v->withdrawn++;
                ck_assert_msg(r != NULL, "withdrawn but never announced");
                *r = v->v[--v->n];
                return;
        }
        v->announced++;
        if (r == NULL) {
                if (v->n == v->cap) {
                        v->cap = v->cap ? 2 * v->cap : 64;
                        v->v = realloc(v->v, v->cap * sizeof(*v->v));
                }
                r = &v->v[v->n++];
                memcpy(r->key, key, 18);
        } else if (strcmp(r->attrs, attrs) == 0) {
                v->redundant++;
        }
        snprintf(r->attrs, sizeof(r->attrs), "%s", attrs);
}

/* prefixes; attrs NULL: withdrawn. count_only: not kept, for very many */
static void view_nlri(struct view *v, int family, const uint8_t *p, size_t n, const char *attrs)
{
        size_t at = 0;
        while (at < n) {
                uint8_t key[18] = {(uint8_t)family, p[at]};
                size_t octets = (p[at] + 7u) / 8;
                ck_assert_uint_le(p[at], family == 4 ? 32 : 128);
                at++;
                ck_assert_uint_le(at + octets, n);
                memcpy(key + 2, p + at, octets);
                at += octets;
                view_one(v, key, attrs);
        }
}

static void view_communities(char *out, size_t size, const uint8_t *p, size_t n, size_t width)
{
        ck_assert_uint_eq(n % width, 0);
        ck_assert_uint_gt(n, 0);
        for (size_t i = 0; i < n; i += width) {
                size_t at = strlen(out);
                if (width == 4)
                        snprintf(out + at, size - at, " %u:%u", view_u16(p + i), view_u16(p + i + 2));
                else
                        snprintf(out + at, size - at, " %u:%u:%u", view_u32(p + i), view_u32(p + i + 4),
                                 view_u32(p + i + 8));
        }
}

static void view_as_path(char *out, size_t size, const char *name, const uint8_t *p, size_t n, size_t width)
{
        size_t at = strlen(out);
        if (n == 0) {
                snprintf(out + at, size - at, " %s=", name);
                return;
        }
        ck_assert_uint_eq(p[0], 2); /* one AS_SEQUENCE of one */
        ck_assert_uint_eq(p[1], 1);
        ck_assert_uint_eq(n, 2 + width);
        snprintf(out + at, size - at, " %s=%u", name, width == 2 ? view_u16(p + 2) : view_u32(p + 2));
}

static void view_hop(char *out, size_t size, const uint8_t *p, size_t n)
{
        size_t at = strlen(out);
        at += (size_t)snprintf(out + at, size - at, " hop=");
        for (size_t i = 0; i < n; i++)
                at += (size_t)snprintf(out + at, size - at, "%02x", p[i]);
}

/* One whole UPDATE. as4: what was negotiated. Words come out in the order of attribute types. */
static void view_update(struct view *v, const uint8_t *msg, size_t len, bool as4)
{
        ck_assert_uint_ge(len, 23);
        ck_assert_uint_le(len, 4096);
        ck_assert_uint_eq(view_u16(msg + 16), len);
        ck_assert_uint_eq(msg[18], 2);
        v->messages++;
        const uint8_t *p = msg + 19, *end = msg + len;
        size_t withdrawn = view_u16(p);
        view_nlri(v, 4, p + 2, withdrawn, NULL);
        p += 2 + withdrawn;
        const uint8_t *attrs_end = p + 2 + view_u16(p);
        ck_assert(attrs_end <= end);
        p += 2;
        const uint8_t *mp = NULL;
        size_t mp_len = 0;
        int last = 0, reach = 0;
        char words[512] = "";
        for (bool first = true; p < attrs_end; first = false) {
                unsigned flags = p[0], type = p[1];
                size_t n = flags & 0x10 ? view_u16(p + 2) : p[2];
                p += flags & 0x10 ? 4 : 3;
                ck_assert(p + n <= attrs_end);
                size_t at = strlen(words);
                if (type == 14 || type == 15) {
                        ck_assert_msg(first, "MP attributes come first");
                        ck_assert_uint_eq(flags & 0xe0, 0x80);
                        mp = p;
                        mp_len = n;
                        reach = type == 14;
                } else {
                        ck_assert_int_gt((int)type, last);
                        last = (int)type;
                        ck_assert_uint_eq(flags & 0xe0, type == 8 || type == 17 || type == 32 ? 0xc0 : 0x40);
                }
                if (type == 1)
                        ck_assert(n == 1 && p[0] == 0);
                if (type == 2)
                        view_as_path(words, sizeof(words), "path", p, n, as4 ? 4 : 2);
                if (type == 3)
                        view_hop(words, sizeof(words), p, n);
                if (type == 5)
                        snprintf(words + at, sizeof(words) - at, " pref=%u", view_u32(p));
                if (type == 8)
                        view_communities(words, sizeof(words), p, n, 4);
                if (type == 17)
                        view_as_path(words, sizeof(words), "path4", p, n, 4);
                if (type == 32)
                        view_communities(words, sizeof(words), p, n, 12);
                p += n;
        }
        if (mp != NULL) {
                ck_assert_uint_eq(view_u16(mp), 2);
                ck_assert_uint_eq(mp[2], 1);
                ck_assert_msg(withdrawn == 0 && attrs_end == end, "one kind of routes in one UPDATE");
                if (reach) {
                        view_hop(words, sizeof(words), mp + 4, mp[3]);
                        view_nlri(v, 6, mp + 5 + mp[3], mp_len - 5 - mp[3], words);
                } else if (mp_len == 3) {
                        v->eor6++;
                } else {
                        view_nlri(v, 6, mp + 3, mp_len - 3, NULL);
                }
        }
        ck_assert_msg(withdrawn == 0 || attrs_end == end, "one kind of routes in one UPDATE");
        view_nlri(v, 4, attrs_end, (size_t)(end - attrs_end), words);
        if (len == 23)
                v->eor4++;
}
