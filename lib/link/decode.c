/*
 * rtnetlink messages to table changes, with libmnl's bounded walkers. Each message is read into a small
 * struct first and applied only if all of it made sense; a message that did not is counted and skipped.
 *
 * Two habits of the kernel matter here. A route that is replaced in place is announced with NLM_F_REPLACE and
 * no deletion of the old one. And IPv4 routes that go because their interface or their preferred source went
 * are not announced at all: LINK_SILENT_LOSS asks the caller for a dump then.
 */
#include "link/decode.h"
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct walk { /* one message's attributes, while they are read */
        const struct nlattr *attr[64];
        size_t max;
};

static int keep_attr(const struct nlattr *attr, void *data)
{
        struct walk *w = data;
        uint16_t type = mnl_attr_get_type(attr);

        if (type < w->max)
                w->attr[type] = attr;
        return MNL_CB_OK;
}

/* The message's attributes behind its fixed header; false if it is shorter than that header. */
static bool walk_attrs(const struct nlmsghdr *m, size_t header, struct walk *w)
{
        memset(w, 0, sizeof(*w));
        w->max = sizeof(w->attr) / sizeof(w->attr[0]);
        return mnl_nlmsg_get_payload_len(m) >= header &&
               mnl_attr_parse(m, (unsigned)header, keep_attr, w) == MNL_CB_OK;
}

static bool attr_u32(const struct nlattr *attr, uint32_t *out)
{
        if (attr == NULL || mnl_attr_get_payload_len(attr) != sizeof(*out))
                return false;
        *out = mnl_attr_get_u32(attr);
        return true;
}

static bool attr_ip(const struct nlattr *attr, int family, struct ip *out)
{
        const uint8_t *p = attr == NULL ? NULL : mnl_attr_get_payload(attr);

        if (p == NULL)
                return false;
        if (family == AF_INET && mnl_attr_get_payload_len(attr) == 4) {
                *out = ip_from4(p);
                return true;
        }
        if (family == AF_INET6 && mnl_attr_get_payload_len(attr) == 16) {
                *out = ip_from6(p);
                return ip_family(*out) == IP_V6;
        }
        return false;
}

static bool read_link(const struct nlmsghdr *m, struct link_if *f)
{
        const struct ifinfomsg *info = mnl_nlmsg_get_payload(m);
        struct walk w;
        uint32_t value;

        memset(f, 0, sizeof(*f));
        if (!walk_attrs(m, sizeof(*info), &w) || info->ifi_index <= 0 || w.attr[IFLA_IFNAME] == NULL)
                return false;
        if (mnl_attr_validate(w.attr[IFLA_IFNAME], MNL_TYPE_NUL_STRING) < 0 ||
            mnl_attr_get_payload_len(w.attr[IFLA_IFNAME]) > sizeof(f->name))
                return false;
        f->ifindex = info->ifi_index;
        strcpy(f->name, mnl_attr_get_str(w.attr[IFLA_IFNAME]));
        f->up = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_RUNNING);
        if (w.attr[IFLA_ADDRESS] != NULL &&
            mnl_attr_get_payload_len(w.attr[IFLA_ADDRESS]) == sizeof(f->mac)) {
                memcpy(f->mac, mnl_attr_get_payload(w.attr[IFLA_ADDRESS]), sizeof(f->mac));
                f->arp = info->ifi_type == ARPHRD_ETHER && (info->ifi_flags & IFF_BROADCAST) &&
                         !(info->ifi_flags & (IFF_NOARP | IFF_LOOPBACK));
        }
        if (attr_u32(w.attr[IFLA_MASTER], &value) && value <= INT32_MAX)
                f->master = (int)value;
        if (attr_u32(w.attr[IFLA_EVENT], &value) &&
            (value == IFLA_EVENT_BONDING_FAILOVER || value == IFLA_EVENT_NOTIFY_PEERS))
                f->notify = 1;
        return true;
}

static bool on_link(struct link_table *t, const struct nlmsghdr *m, unsigned *what)
{
        const struct ifinfomsg *info = mnl_nlmsg_get_payload(m);
        const struct link_if *before;
        struct link_if f;
        bool had_route;

        if (!read_link(m, &f))
                return false;
        if (info->ifi_family != AF_UNSPEC) /* a bridge's or IPv6's view of the same interface */
                return true;
        before = table_by_index(t, f.ifindex);
        had_route = before != NULL && before->default_route4;
        if (m->nlmsg_type == RTM_DELLINK ? table_drop_if(t, f.ifindex) : table_put_if(t, &f))
                *what |= LINK_CHANGED;
        if (had_route && (m->nlmsg_type == RTM_DELLINK || !(info->ifi_flags & IFF_UP)))
                *what |= LINK_SILENT_LOSS;
        return true;
}

static bool on_addr(struct link_table *t, const struct nlmsghdr *m, unsigned *what)
{
        const struct ifaddrmsg *info = mnl_nlmsg_get_payload(m);
        struct link_addr a = {.tentative = false};
        const struct link_if *f;
        struct ip net;
        struct walk w;
        uint32_t flags;
        bool has_local, has_address, changed;

        if (!walk_attrs(m, sizeof(*info), &w) || info->ifa_index == 0 || info->ifa_index > INT32_MAX)
                return false;
        if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
                return true;
        /* On a point-to-point link IFA_ADDRESS is the peer and its network; elsewhere both are the same. */
        has_address = attr_ip(w.attr[IFA_ADDRESS], info->ifa_family, &net);
        has_local = attr_ip(w.attr[IFA_LOCAL], info->ifa_family, &a.ip);
        if (!has_local)
                a.ip = net;
        if (!has_address)
                net = a.ip;
        if ((!has_local && !has_address) || info->ifa_prefixlen > 8 * ip_len(net))
                return false;
        a.subnet = ip_prefix(net, info->ifa_prefixlen);
        if (!attr_u32(w.attr[IFA_FLAGS], &flags))
                flags = info->ifa_flags;
        a.tentative = flags & IFA_F_TENTATIVE;
        a.dad_failed = flags & IFA_F_DADFAILED;
        if (m->nlmsg_type == RTM_NEWADDR)
                changed = table_put_addr(t, (int)info->ifa_index, &a);
        else
                changed = table_drop_addr(t, (int)info->ifa_index, &a);
        if (changed)
                *what |= LINK_CHANGED;
        f = table_by_index(t, (int)info->ifa_index);
        if (changed && m->nlmsg_type == RTM_DELADDR && info->ifa_family == AF_INET && f->default_route4)
                *what |= LINK_SILENT_LOSS;
        return true;
}

static void apply_route(struct link_table *t, const struct nlmsghdr *m, const struct link_route *r,
                        unsigned *what)
{
        if (m->nlmsg_type == RTM_NEWROUTE ? table_put_route(t, r) : table_drop_route(t, r))
                *what |= LINK_CHANGED;
}

/* RTA_VIA: a gateway of another family than the route's (RFC 8950). */
static bool attr_via(const struct nlattr *attr, struct ip *out)
{
        const struct rtvia *via = attr == NULL ? NULL : mnl_attr_get_payload(attr);
        size_t len = attr == NULL ? 0 : mnl_attr_get_payload_len(attr);

        if (len == sizeof(*via) + 16 && via->rtvia_family == AF_INET6)
                *out = ip_from6(via->rtvia_addr);
        else if (len == sizeof(*via) + 4 && via->rtvia_family == AF_INET)
                *out = ip_from4(via->rtvia_addr);
        else
                return false;
        return true;
}

static bool apply_multipath(struct link_table *t, const struct nlmsghdr *m, int family, struct link_route r,
                            const struct nlattr *multipath, unsigned *what)
{
        const uint8_t *p = mnl_attr_get_payload(multipath);
        size_t left = mnl_attr_get_payload_len(multipath);

        while (left >= sizeof(struct rtnexthop)) {
                struct walk w = {.max = sizeof(w.attr) / sizeof(w.attr[0])};
                struct rtnexthop hop;
                size_t step;

                memcpy(&hop, p, sizeof(hop));
                if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left || hop.rtnh_ifindex <= 0)
                        return false;
                mnl_attr_parse_payload(p + sizeof(hop), hop.rtnh_len - sizeof(hop), keep_attr, &w);
                r.gateway = (struct ip){{0}};
                if (!attr_ip(w.attr[RTA_GATEWAY], family, &r.gateway))
                        attr_via(w.attr[RTA_VIA], &r.gateway);
                r.ifindex = hop.rtnh_ifindex;
                apply_route(t, m, &r, what);
                step = RTNH_ALIGN(hop.rtnh_len);
                if (step >= left)
                        break;
                p += step;
                left -= step;
        }
        return true;
}

static bool on_route(struct link_table *t, const struct nlmsghdr *m, unsigned *what)
{
        const struct rtmsg *info = mnl_nlmsg_get_payload(m);
        struct link_route r = {.ifindex = 0};
        struct walk w;
        uint32_t table, oif;

        if (!walk_attrs(m, sizeof(*info), &w))
                return false;
        if (!attr_u32(w.attr[RTA_TABLE], &table))
                table = info->rtm_table;
        if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) || info->rtm_dst_len != 0 ||
            info->rtm_type != RTN_UNICAST || table != RT_TABLE_MAIN || (info->rtm_flags & RTM_F_CLONED))
                return true;
        r.family = info->rtm_family == AF_INET ? IP_V4 : IP_V6;
        attr_u32(w.attr[RTA_PRIORITY], &r.metric);
        if (m->nlmsg_type == RTM_NEWROUTE && (m->nlmsg_flags & NLM_F_REPLACE) &&
            table_drop_metric(t, r.family, r.metric))
                *what |= LINK_CHANGED;
        if (w.attr[RTA_MULTIPATH] != NULL)
                return apply_multipath(t, m, info->rtm_family, r, w.attr[RTA_MULTIPATH], what);
        if (!attr_u32(w.attr[RTA_OIF], &oif) || oif == 0 || oif > INT32_MAX)
                return false;
        r.ifindex = (int)oif;
        if (!attr_ip(w.attr[RTA_GATEWAY], info->rtm_family, &r.gateway))
                attr_via(w.attr[RTA_VIA], &r.gateway);
        apply_route(t, m, &r, what);
        return true;
}

static bool on_message(struct link_table *t, const struct nlmsghdr *m, uint32_t dump_seq, unsigned *what)
{
        bool of_dump = dump_seq != 0 && m->nlmsg_seq == dump_seq;

        if (of_dump && (m->nlmsg_flags & NLM_F_DUMP_INTR))
                *what |= LINK_DUMP_INTERRUPTED;
        switch (m->nlmsg_type) {
        case NLMSG_DONE:
                *what |= of_dump ? LINK_DUMP_DONE : 0;
                return true;
        case NLMSG_ERROR:
                *what |= of_dump ? LINK_DUMP_FAILED : 0;
                return true;
        case RTM_NEWLINK:
        case RTM_DELLINK:
                return on_link(t, m, what);
        case RTM_NEWADDR:
        case RTM_DELADDR:
                return on_addr(t, m, what);
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
                return on_route(t, m, what);
        default:
                return true;
        }
}

/* The walk is our own: mnl_nlmsg_ok() takes a length of 2 GB and more for a negative one. */
struct link_decoded link_decode(struct link_table *t, const void *bytes, size_t len, uint32_t dump_seq)
{
        struct link_decoded d = {.what = 0};
        const uint8_t *p = bytes;

        while (len > 0) {
                const struct nlmsghdr *m = (const void *)p;
                size_t step;

                d.messages++;
                if (len < sizeof(*m) || m->nlmsg_len < sizeof(*m) || m->nlmsg_len > len) {
                        d.refused++;
                        break;
                }
                if (!on_message(t, m, dump_seq, &d.what))
                        d.refused++;
                step = ((size_t)m->nlmsg_len + 3) / 4 * 4;
                if (step >= len)
                        break;
                p += step;
                len -= step;
        }
        return d;
}
