/*
 * Objects of the Kubernetes API to facts. Pure. Only the fields that this program uses are read; a field of a
 * wrong type reads as absent, for nobody has checked the object (it may come from a file).
 */
#pragma once
#include "model/fact.h"

struct json_object;

/* Service and Namespace (v1), Node (v1), EndpointSlice (discovery.k8s.io/v1), told apart by apiVersion and
 * kind. NULL, and in *why a static sentence, for what cannot be used: the caller then acts as if the object
 * did not exist.
 *
 * What files leave out is filled in as the API server would: namespace "default", protocol TCP, and for a
 * load balancer that names neither clusterIPs nor ipFamilies the families of the addresses that it asks for,
 * else IPv4 (and IPv6, if its ipFamilyPolicy allows both). "clusterIP: None" has no families. */
struct fact *decode_fact(struct json_object *, const char **why);

/* Which object it is, of any kind that model/fact.h knows; the strings are borrowed from the object. False,
 * and *why, if it is none. This is all that a DELETED event needs. */
bool decode_ref(struct json_object *, struct ref *, const char **why);

/* An annotation under heraldlb.io/, metallb.io/ or metallb.universe.tf/; the first of them that exists wins,
 * even if it is empty. NULL if none exists. Borrowed. */
const char *decode_annotation(struct json_object *obj, const char *name);

#define ANNOTATION_PREFIX "heraldlb.io/"
#define ANNOTATION_POOL   "ip-allocated-from-pool"
#define ANNOTATION_TERM   "lease-term"
