/*
 * Kinds that the API server does not know (yet): one small request per group and version, every five seconds to
 * ten, asks for all of them, so that a CRD that is installed later is picked up within seconds.
 */
#pragma once

struct discovery;
struct transport;
struct watch;

struct discovery *discovery_new(struct transport *);
void discovery_free(struct discovery *); /* before the watches; NULL is fine */
/* Has the watch try again as soon as the server lists its kind; forgets it then. Once is enough.
 * api_version: "heraldlb.io/v1alpha1"; plural: "bgppeers". Both must outlive the discovery. */
void discovery_seek(struct discovery *, struct watch *, const char *api_version, const char *plural);
/* The watch is to be freed, or needs nothing any more. */
void discovery_forget(struct discovery *, const struct watch *);
