/*
 * ARP frames. The layout is RFC 826 for Ethernet and IPv4; everything else is refused, so that what is behind
 * the decoder never meets an address of another length.
 */
#include "l2/arp.h"
#include "base/bytes.h"
#include <stdlib.h>

#define ETHERTYPE_ARP     0x0806
#define ETHERTYPE_IPV4    0x0800
#define HARDWARE_ETHERNET 1

static struct ip get_ip4(struct reader *r)
{
        const uint8_t *p = get_bytes(r, 4);

        return p == NULL ? (struct ip){{0}} : ip_from4(p);
}

enum arp_refusal arp_decode(const void *bytes, size_t len, struct arp *out)
{
        struct reader r = reader_of(bytes, len);
        struct arp a;
        uint16_t ethertype, hardware, protocol, op;
        uint8_t hlen, plen;

        a.eth_dst = get_mac(&r);
        a.eth_src = get_mac(&r);
        ethertype = get_u16(&r);
        hardware = get_u16(&r);
        protocol = get_u16(&r);
        hlen = get_u8(&r);
        plen = get_u8(&r);
        op = get_u16(&r);
        a.sha = get_mac(&r);
        a.spa = get_ip4(&r);
        a.tha = get_mac(&r);
        a.tpa = get_ip4(&r);
        if (r.bad)
                return ARP_TRUNCATED;
        if (ethertype != ETHERTYPE_ARP)
                return ARP_NOT_ARP;
        if (hardware != HARDWARE_ETHERNET)
                return ARP_HARDWARE;
        if (protocol != ETHERTYPE_IPV4)
                return ARP_PROTOCOL;
        if (hlen != MAC_LEN || plen != 4)
                return ARP_LENGTHS;
        if (op != ARP_REQUEST && op != ARP_REPLY)
                return ARP_OP;
        if (mac_is_group(a.sha) || mac_is_zero(a.sha))
                return ARP_SENDER_MAC;
        a.op = op == ARP_REQUEST ? ARP_REQUEST : ARP_REPLY;
        *out = a;
        return ARP_OK;
}

const char *arp_refusal_str(enum arp_refusal refusal)
{
        static const char *const names[ARP_REFUSALS] = {
                [ARP_OK] = "ok",
                [ARP_TRUNCATED] = "truncated",
                [ARP_NOT_ARP] = "not-arp",
                [ARP_HARDWARE] = "hardware-type",
                [ARP_PROTOCOL] = "protocol-type",
                [ARP_LENGTHS] = "address-lengths",
                [ARP_OP] = "operation",
                [ARP_SENDER_MAC] = "sender-mac",
        };

        return (unsigned)refusal < ARP_REFUSALS ? names[refusal] : "?";
}

struct frame arp_encode(const struct arp *a)
{
        struct frame f;
        struct writer w = writer_of(f.bytes, sizeof(f.bytes));

        if (ip_family(a->spa) != IP_V4 || ip_family(a->tpa) != IP_V4)
                abort();
        put_bytes(&w, a->eth_dst.b, MAC_LEN);
        put_bytes(&w, a->eth_src.b, MAC_LEN);
        put_u16(&w, ETHERTYPE_ARP);
        put_u16(&w, HARDWARE_ETHERNET);
        put_u16(&w, ETHERTYPE_IPV4);
        put_u8(&w, MAC_LEN);
        put_u8(&w, 4);
        put_u16(&w, a->op);
        put_bytes(&w, a->sha.b, MAC_LEN);
        put_bytes(&w, ip_bytes(&a->spa), 4);
        put_bytes(&w, a->tha.b, MAC_LEN);
        put_bytes(&w, ip_bytes(&a->tpa), 4);
        if (w.bad)
                abort();
        f.len = w.len;
        return f;
}

struct frame arp_reply(const struct arp *request, struct mac self)
{
        return arp_encode(&(struct arp){
                .eth_dst = request->sha,
                .eth_src = self,
                .op = ARP_REPLY,
                .sha = self,
                .spa = request->tpa,
                .tha = request->sha,
                .tpa = request->spa,
        });
}

struct frame arp_gratuitous_request(struct ip vip, struct mac self)
{
        return arp_directed(vip, self, vip);
}

struct frame arp_gratuitous_reply(struct ip vip, struct mac self)
{
        return arp_encode(&(struct arp){
                .eth_dst = MAC_BROADCAST,
                .eth_src = self,
                .op = ARP_REPLY,
                .sha = self,
                .spa = vip,
                .tha = self,
                .tpa = vip,
        });
}

struct frame arp_directed(struct ip vip, struct mac self, struct ip target)
{
        return arp_encode(&(struct arp){
                .eth_dst = MAC_BROADCAST,
                .eth_src = self,
                .op = ARP_REQUEST,
                .sha = self,
                .spa = vip,
                .tpa = target,
        });
}
