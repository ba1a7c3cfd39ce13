/*
 * The book of claims: which Service has which address, by its status or by a write that is under way. It
 * answers where the next free address is without walking over those that are not, and whether an address can
 * be shared.
 */
#pragma once
#include "model/fact.h"

struct book;

struct book *book_new(void);
void book_free(struct book *); /* NULL is fine */

/* Replaces all claims of one Service (by namespace and name; its sharing key, ports and policy are copied).
 * True if others may now get what they could not get before. */
bool book_set(struct book *, const struct fact *service, const struct ip *ips, size_t n);
bool book_drop(struct book *, const char *namespace, const char *name);

/* Nobody else claims ip, or the Service can share it with all who do. */
bool book_usable(const struct book *, const struct fact *service, struct ip);
/* The lowest address in range that is free (nobody claims it, not even the Service) or can be shared. x.x.x.0
 * and x.x.x.255 are left out if skip_buggy. */
bool book_lowest(const struct book *, const struct fact *service, struct ip_range, bool skip_buggy,
                 struct ip *out);

bool book_buggy(struct ip); /* IPv4 that ends in 0 or 255 */
