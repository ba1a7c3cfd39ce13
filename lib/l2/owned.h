/* The addresses that are answered for on one interface: a sorted array. Pure. */
#pragma once
#include "base/ip.h"

struct owned {
        struct ip *v; /* ascending */
        size_t n;
};

bool owned_has(const struct owned *, struct ip);
bool owned_add(struct owned *, struct ip);  /* false if it was there */
bool owned_drop(struct owned *, struct ip); /* false if it was not */
void owned_free(struct owned *);
