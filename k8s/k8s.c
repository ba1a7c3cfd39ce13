#include "k8s/k8s.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct k8s_kind kinds[] = {
        {KIND_SERVICE, "", "v1", "services", true},
        {KIND_ENDPOINTSLICE, "discovery.k8s.io", "discovery.k8s.io/v1", "endpointslices", true},
        {KIND_NODE, "", "v1", "nodes", false},
        {KIND_NAMESPACE, "", "v1", "namespaces", false},
        {KIND_CONFIGMAP, "", "v1", "configmaps", true},
        {KIND_SECRET, "", "v1", "secrets", true},
        {KIND_POD, "", "v1", "pods", true},
        {KIND_DAEMONSET, "apps", "apps/v1", "daemonsets", true},
        {KIND_NODESTATE, "heraldlb.io", "heraldlb.io/v1alpha1", "nodestates", false},
        {KIND_IPADDRESSPOOL, "heraldlb.io", "heraldlb.io/v1alpha1", "ipaddresspools", true},
        {KIND_BGPPEER, "heraldlb.io", "heraldlb.io/v1alpha1", "bgppeers", true},
        {KIND_BGPADVERTISEMENT, "heraldlb.io", "heraldlb.io/v1alpha1", "bgpadvertisements", true},
        {KIND_L2ADVERTISEMENT, "heraldlb.io", "heraldlb.io/v1alpha1", "l2advertisements", true},
        {KIND_SETTINGS, "heraldlb.io", "heraldlb.io/v1alpha1", "settings", true},
        {KIND_IPADDRESSPOOL, "metallb.io", "metallb.io/v1beta1", "ipaddresspools", true},
        {KIND_BGPPEER, "metallb.io", "metallb.io/v1beta2", "bgppeers", true},
        {KIND_BGPADVERTISEMENT, "metallb.io", "metallb.io/v1beta1", "bgpadvertisements", true},
        {KIND_L2ADVERTISEMENT, "metallb.io", "metallb.io/v1beta1", "l2advertisements", true},
};

const struct k8s_kind *k8s_kind(enum kind kind, const char *group)
{
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                if (kinds[i].kind == kind && strcmp(kinds[i].group, group) == 0)
                        return &kinds[i];
        }
        return NULL;
}

char *k8s_path(const struct k8s_kind *k, const char *namespace, const char *name)
{
        const char *root = *k->group ? "/apis/" : "/api/";
        char *space = k8s_escape(namespace ? namespace : ""), *object = k8s_escape(name ? name : "");
        bool in = k->namespaced && namespace;
        char *path = xprintf("%s%s%s%s/%s%s%s", root, k->api_version, in ? "/namespaces/" : "",
                             in ? space : "", k->plural, name ? "/" : "", object);
        free(space);
        free(object);
        return path;
}

char *k8s_escape(const char *text)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        char *out = xcalloc(strlen(text) * 3 + 1, 1), *end = out;
        for (; *text; text++) {
                if (strchr(plain, *text))
                        *end++ = *text;
                else
                        end += sprintf(end, "%%%02X", (unsigned)(unsigned char)*text);
        }
        return out;
}
