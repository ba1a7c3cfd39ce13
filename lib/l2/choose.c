/*
 * Placing addresses on interfaces: by name, by subnet, by default route. A node may have hundreds of
 * interfaces that pods bring and take; those that can place nothing are sorted out first, and a fingerprint
 * of the rest tells whether any address could have moved.
 */
#include "l2/choose.h"
#include "base/arena.h"
#include <string.h>

static bool has_excluded_name(const char *name)
{
        static const char *const prefixes[] = {"docker", "cbr",          "dummy", "virbr",   "lxcbr",
                                               "veth",   "cali",         "tunl",  "flannel", "kube-ipvs",
                                               "cni",    "nodelocaldns", "lxc"};

        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
                if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        return strcmp(name, "lo") == 0;
}

bool choose_usable(const struct link_if *f, bool named)
{
        return f->arp && f->master == 0 && (named || !has_excluded_name(f->name));
}

enum rule { BY_NAME, BY_SUBNET, BY_ROUTE, BY_OTHER_ROUTE, RULES };

struct question {
        struct ip ip;
        const char *const *names;
        size_t n_names;
};

static bool is_named(const struct question *q, const char *name)
{
        for (size_t i = 0; i < q->n_names; i++)
                if (strcmp(q->names[i], name) == 0)
                        return true;
        return false;
}

static bool fits(const struct link_if *f, enum rule rule, const struct question *q)
{
        bool v4 = ip_family(q->ip) == IP_V4;

        if (!choose_usable(f, rule == BY_NAME))
                return false;
        switch (rule) {
        case BY_NAME:
                return is_named(q, f->name);
        case BY_SUBNET:
                return link_if_contains(f, q->ip);
        case BY_ROUTE:
                return v4 ? f->default_route4 : f->default_route6;
        case BY_OTHER_ROUTE:
                return v4 ? f->default_route6 : f->default_route4;
        case RULES:
                break;
        }
        return false;
}

size_t choose_ifs(const struct link_if *ifs, size_t n_ifs, struct ip ip, const char *const *names,
                  size_t n_names, int *out, size_t max)
{
        struct question q = {ip, names, n_names};
        enum rule rule = n_names > 0 ? BY_NAME : BY_SUBNET;
        enum rule last = n_names > 0 ? BY_NAME : BY_OTHER_ROUTE;
        size_t n = 0;

        for (; rule <= last && n == 0; rule++)
                for (size_t i = 0; i < n_ifs && n < max; i++)
                        if (fits(&ifs[i], rule, &q))
                                out[n++] = ifs[i].ifindex;
        return n;
}

/* An address that names no interface could be placed by this one: hundreds of pod interfaces are not like
 * that. */
static bool is_place(const struct link_if *f)
{
        if (!choose_usable(f, false))
                return false;
        for (size_t i = 0; i < f->n_addrs; i++)
                if (!ip_is_link_local(f->addrs[i].ip))
                        return true;
        return f->default_route4 || f->default_route6;
}

struct link_if *choose_places(const struct link_if *ifs, size_t n_ifs, size_t *n)
{
        struct link_if *v = xcalloc(n_ifs + 1, sizeof(*v));

        *n = 0;
        for (size_t i = 0; i < n_ifs; i++)
                if (is_place(&ifs[i]))
                        v[(*n)++] = ifs[i];
        return v;
}

static uint64_t mix(uint64_t hash, const void *data, size_t len) /* FNV-1a */
{
        const uint8_t *p = data;

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ p[i]) * 0x100000001b3;
        return hash;
}

uint64_t choose_fingerprint(const struct link_if *ifs, size_t n)
{
        uint64_t hash = 0xcbf29ce484222325;

        for (size_t i = 0; i < n; i++) {
                const uint8_t flags[] = {ifs[i].up, ifs[i].default_route4, ifs[i].default_route6};

                hash = mix(hash, &ifs[i].ifindex, sizeof(ifs[i].ifindex));
                hash = mix(hash, flags, sizeof(flags));
                for (size_t k = 0; k < ifs[i].n_addrs; k++) {
                        const struct link_addr *a = &ifs[i].addrs[k];
                        const uint8_t rest[] = {a->subnet.len, a->dad_failed};

                        hash = mix(hash, a->subnet.ip.b, sizeof(a->subnet.ip.b));
                        hash = mix(hash, rest, sizeof(rest));
                }
        }
        return hash;
}
