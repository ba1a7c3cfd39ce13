/*
 * NS and NA frames. They come from a packet socket, so nothing was checked by the kernel: every rule of RFC
 * 4861 sections 7.1.1 and 7.1.2 is checked here, with the IPv6 header and the checksum (RFC 4443
 * section 2.3).
 *
 * One rule is ours: IPv4-mapped addresses are refused, since struct ip keeps IPv4 in that form and a
 * solicitation for
 * ::ffff:192.0.2.1 must never meet the IPv4 address 192.0.2.1.
 */
#include "l2/ndp.h"
#include "base/bytes.h"
#include <stdlib.h>

#define ETHERTYPE_IPV6  0x86dd
#define NEXT_ICMPV6     58
#define HOP_LIMIT       255
#define IPV6_HEADER_LEN 40
#define MESSAGE_LEN     24 /* without options */
#define OPTION_SLLA     1
#define OPTION_TLLA     2
#define FLAG_SOLICITED  0x40000000
#define FLAG_OVERRIDE   0x20000000

static const uint8_t ALL_NODES[16] = {0xff, 0x02, [15] = 1};
static const uint8_t SOLICITED_NODE[16] = {0xff, 0x02, [11] = 1, [12] = 0xff};

static bool is_multicast(struct ip ip)
{
        return ip_family(ip) == IP_V6 && ip.b[0] == 0xff;
}

/* An address exactly as it stands there; IPv4-mapped ones have family IP_V4 then. */
static struct ip get_ip6(struct reader *r)
{
        struct ip ip = {{0}};
        const uint8_t *p = get_bytes(r, sizeof(ip.b));

        if (p != NULL)
                memcpy(ip.b, p, sizeof(ip.b));
        return ip;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t len)
{
        for (size_t i = 0; i + 1 < len; i += 2)
                sum += (uint32_t)p[i] << 8 | p[i + 1];
        if (len % 2)
                sum += (uint32_t)p[len - 1] << 8;
        return sum;
}

/* The Internet checksum over pseudo header and payload; 0 if the payload holds the right one. */
static uint16_t checksum(struct ip src, struct ip dst, const uint8_t *payload, size_t len)
{
        uint32_t sum = (uint32_t)len + NEXT_ICMPV6;

        sum = sum16(sum, src.b, sizeof(src.b));
        sum = sum16(sum, dst.b, sizeof(dst.b));
        sum = sum16(sum, payload, len);
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t)~sum;
}

static enum ndp_refusal decode_options(struct reader *r, struct ndp *n)
{
        uint8_t wanted = n->type == NDP_SOLICITATION ? OPTION_SLLA : OPTION_TLLA;

        n->has_lladdr = false;
        while (r->left > 0) {
                uint8_t type = get_u8(r), units = get_u8(r);
                struct reader body = get_child(r, units == 0 ? 0 : (size_t)units * 8 - 2);

                if (r->bad || units == 0)
                        return NDP_OPTION_LENGTH;
                if (type != wanted)
                        continue;
                if (units != 1)
                        return NDP_OPTION_LENGTH;
                n->lladdr = get_mac(&body);
                n->has_lladdr = true;
                if (mac_is_group(n->lladdr) || mac_is_zero(n->lladdr))
                        return NDP_LLADDR;
        }
        return NDP_OK;
}

/* The rules that tie the fields together. */
static enum ndp_refusal validate(const struct ndp *n)
{
        bool probe = ip_is_unspecified(n->src);

        if (is_multicast(n->src) || ip_family(n->src) == IP_V4)
                return NDP_SOURCE;
        if (is_multicast(n->target) || ip_is_unspecified(n->target) || ip_family(n->target) == IP_V4)
                return NDP_TARGET;
        if (n->type == NDP_ADVERTISEMENT) {
                if (probe)
                        return NDP_SOURCE;
                return n->solicited && is_multicast(n->dst) ? NDP_SOLICITED : NDP_OK;
        }
        if (!n->has_lladdr && (mac_is_group(n->eth_src) || mac_is_zero(n->eth_src)))
                return NDP_LLADDR;
        if (probe && memcmp(n->dst.b, SOLICITED_NODE, 13) != 0)
                return NDP_PROBE_DST;
        return probe && n->has_lladdr ? NDP_PROBE_LLADDR : NDP_OK;
}

static enum ndp_refusal decode_message(struct reader *r, struct ndp *n)
{
        enum ndp_refusal refusal;
        uint32_t flags;
        uint8_t type, code;

        type = get_u8(r);
        code = get_u8(r);
        get_u16(r); /* checksum */
        flags = get_u32(r);
        n->target = get_ip6(r);
        if (r->bad)
                return NDP_LENGTH;
        if (type != NDP_SOLICITATION && type != NDP_ADVERTISEMENT)
                return NDP_TYPE;
        if (code != 0)
                return NDP_CODE;
        n->type = type == NDP_SOLICITATION ? NDP_SOLICITATION : NDP_ADVERTISEMENT;
        n->solicited = type == NDP_ADVERTISEMENT && (flags & FLAG_SOLICITED);
        n->override = type == NDP_ADVERTISEMENT && (flags & FLAG_OVERRIDE);
        refusal = decode_options(r, n);
        return refusal == NDP_OK ? validate(n) : refusal;
}

enum ndp_refusal ndp_decode(const void *bytes, size_t len, struct ndp *out)
{
        struct reader r = reader_of(bytes, len), message;
        struct ndp n = {.has_lladdr = false};
        uint16_t ethertype, payload_len;
        uint8_t version, next, hops;
        enum ndp_refusal refusal;

        n.eth_dst = get_mac(&r);
        n.eth_src = get_mac(&r);
        ethertype = get_u16(&r);
        version = (uint8_t)(get_u32(&r) >> 28);
        payload_len = get_u16(&r);
        next = get_u8(&r);
        hops = get_u8(&r);
        n.src = get_ip6(&r);
        n.dst = get_ip6(&r);
        message = get_child(&r, payload_len);
        if (r.bad)
                return NDP_TRUNCATED;
        if (ethertype != ETHERTYPE_IPV6 || version != 6)
                return NDP_NOT_IPV6;
        if (next != NEXT_ICMPV6)
                return NDP_NOT_ICMPV6;
        if (hops != HOP_LIMIT)
                return NDP_HOP_LIMIT;
        if (payload_len < MESSAGE_LEN)
                return NDP_LENGTH;
        if (checksum(n.src, n.dst, message.p, payload_len) != 0)
                return NDP_CHECKSUM;
        refusal = decode_message(&message, &n);
        if (refusal == NDP_OK)
                *out = n;
        return refusal;
}

const char *ndp_refusal_str(enum ndp_refusal refusal)
{
        static const char *const names[NDP_REFUSALS] = {
                [NDP_OK] = "ok",
                [NDP_TRUNCATED] = "truncated",
                [NDP_NOT_IPV6] = "not-ipv6",
                [NDP_NOT_ICMPV6] = "not-icmpv6",
                [NDP_HOP_LIMIT] = "hop-limit",
                [NDP_LENGTH] = "length",
                [NDP_CHECKSUM] = "checksum",
                [NDP_TYPE] = "type",
                [NDP_CODE] = "code",
                [NDP_TARGET] = "target",
                [NDP_SOURCE] = "source",
                [NDP_OPTION_LENGTH] = "option-length",
                [NDP_LLADDR] = "link-layer-address",
                [NDP_PROBE_DST] = "probe-destination",
                [NDP_PROBE_LLADDR] = "probe-link-layer-address",
                [NDP_SOLICITED] = "multicast-solicited",
        };

        return (unsigned)refusal < NDP_REFUSALS ? names[refusal] : "?";
}

struct frame ndp_encode(const struct ndp *n)
{
        struct frame f;
        struct writer w = writer_of(f.bytes, sizeof(f.bytes));
        size_t payload = MESSAGE_LEN + (n->has_lladdr ? 8 : 0);
        uint8_t *message = f.bytes + ETHERNET_LEN + IPV6_HEADER_LEN;
        uint16_t sum;

        put_bytes(&w, n->eth_dst.b, MAC_LEN);
        put_bytes(&w, n->eth_src.b, MAC_LEN);
        put_u16(&w, ETHERTYPE_IPV6);
        put_u32(&w, 0x60000000);
        put_u16(&w, payload);
        put_u8(&w, NEXT_ICMPV6);
        put_u8(&w, HOP_LIMIT);
        put_bytes(&w, n->src.b, sizeof(n->src.b));
        put_bytes(&w, n->dst.b, sizeof(n->dst.b));
        put_u8(&w, n->type);
        put_u8(&w, 0);
        put_u16(&w, 0);
        put_u32(&w, (n->solicited ? FLAG_SOLICITED : 0u) | (n->override ? FLAG_OVERRIDE : 0u));
        put_bytes(&w, n->target.b, sizeof(n->target.b));
        if (n->has_lladdr) {
                put_u8(&w, n->type == NDP_SOLICITATION ? OPTION_SLLA : OPTION_TLLA);
                put_u8(&w, 1);
                put_bytes(&w, n->lladdr.b, MAC_LEN);
        }
        if (w.bad)
                abort();
        f.len = w.len;
        sum = checksum(n->src, n->dst, message, payload);
        message[2] = (uint8_t)(sum >> 8);
        message[3] = (uint8_t)sum;
        return f;
}

struct ip ndp_solicited_node(struct ip ip)
{
        struct ip group;

        memcpy(group.b, SOLICITED_NODE, sizeof(group.b));
        memcpy(group.b + 13, ip.b + 13, 3);
        return group;
}

struct mac ndp_group_mac(struct ip group)
{
        struct mac m = {{0x33, 0x33}};

        memcpy(m.b + 2, group.b + 12, 4);
        return m;
}

static struct frame advertisement(struct ip vip, struct mac self, struct ip dst, struct mac eth_dst,
                                  bool solicited)
{
        return ndp_encode(&(struct ndp){
                .eth_dst = eth_dst,
                .eth_src = self,
                .type = NDP_ADVERTISEMENT,
                .src = vip,
                .dst = dst,
                .target = vip,
                .solicited = solicited,
                .override = true,
                .has_lladdr = true,
                .lladdr = self,
        });
}

struct frame ndp_reply(const struct ndp *ns, struct mac self)
{
        if (ip_is_unspecified(ns->src))
                return ndp_unsolicited(ns->target, self);
        return advertisement(ns->target, self, ns->src, ns->has_lladdr ? ns->lladdr : ns->eth_src, true);
}

struct frame ndp_unsolicited(struct ip vip, struct mac self)
{
        struct ip all_nodes;

        memcpy(all_nodes.b, ALL_NODES, sizeof(all_nodes.b));
        return advertisement(vip, self, all_nodes, ndp_group_mac(all_nodes), false);
}

struct frame ndp_directed(struct ip vip, struct mac self, struct ip target)
{
        struct ip group = ndp_solicited_node(target);

        return ndp_encode(&(struct ndp){
                .eth_dst = ndp_group_mac(group),
                .eth_src = self,
                .type = NDP_SOLICITATION,
                .src = vip,
                .dst = group,
                .target = target,
                .has_lladdr = true,
                .lladdr = self,
        });
}
