#include "l2/choose.h"
#include <string.h>

static bool has_excluded_name(const char *name)
{
        static const char *const prefixes[] = {"docker", "cbr",          "dummy", "virbr",   "lxcbr",
                                               "veth",   "cali",         "tunl",  "flannel", "kube-ipvs",
                                               "cni",    "nodelocaldns", "lxc"};

        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
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
