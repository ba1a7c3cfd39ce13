/* Text from others, made fit to be shown: it must not steer a terminal, and no character is cut in two. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed UTF-8 character at s (RFC 3629 section 4), 0 if there is none. Stops at NUL by
 * itself, whose length is 1. */
size_t utf8_len(const char *s);

/* Is the character of n octets at s one that only prints? No control character (ASCII's, DEL, C1) and no line
 * or paragraph separator. */
bool utf8_is_harmless(const char *s, size_t n);

/* Puts src into dst: a space in place of each character that does more than print, "?" in place of each octet
 * that is not UTF-8. Takes as many whole characters as fit into size, NUL included (size > 0). Returns how
 * many octets of src were taken: src[n] is 0 if all were. dst may be src. */
size_t text_printable(char *dst, size_t size, const char *src);
/* The same in place, whole. Returns text. */
char *text_clean(char *text);
/* The same as a new string, for free(), of at most max octets. */
char *text_cut(const char *src, size_t max);

/* FNV-1a over the text and its NUL, going on from seed (0: the start): to find that texts differ. */
uint64_t text_digest(uint64_t seed, const char *text);
