/* Where the kinds live in the API. */
#pragma once
#include "model/fact.h"

struct k8s_kind {
        enum kind kind;
        const char *group;       /* "", "heraldlb.io", ... */
        const char *api_version; /* "v1", "heraldlb.io/v1alpha1", ... */
        const char *plural;      /* in paths: "services" */
        bool namespaced;
};

/* NULL if the API has no such kind in that group. */
const struct k8s_kind *k8s_kind(enum kind, const char *group);
/* "/api/v1/services", "/apis/metallb.io/v1beta1/namespaces/NS/ipaddresspools", ...; namespace NULL: in all of
 * them. name NULL: the collection. Malloced. */
char *k8s_path(const struct k8s_kind *, const char *namespace, const char *name);
/* Text for a path or a query, percent-encoded. Malloced. */
char *k8s_escape(const char *);
