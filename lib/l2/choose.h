/* On which interfaces an address is announced (design: Segments). Pure. */
#pragma once
#include "link/link.h"

/* Could be announced on at all: Ethernet, and not a port of something. Named by the operator it may have any
 * name; otherwise not one that containers, bridges of container engines and the like have (MetalLB's list).
 */
bool choose_usable(const struct link_if *, bool named);

/*
 * The interfaces that are named; if none is, those whose subnet contains ip; else those of the default route
 * of ip's family; else those of the default route of the other family. Down or up does not matter. Writes at
 * most max ifindexes, ascending; returns how many.
 */
size_t choose_ifs(const struct link_if *ifs, size_t n_ifs, struct ip ip, const char *const *names,
                  size_t n_names, int *out, size_t max);

/* Those of the interfaces that could be chosen for an address that names none: usable, with a default route
 * or an address that is not link-local. Shallow copies; free() the array. */
struct link_if *choose_places(const struct link_if *ifs, size_t n_ifs, size_t *n);
/* Of all that the choice among them depends on, and of their being up. */
uint64_t choose_fingerprint(const struct link_if *places, size_t n);
