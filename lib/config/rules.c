/* Rules about several fields of one object. MetalLB's, unless the comment says otherwise. */
#include "config/rules.h"
#include "config/entry.h"
#include "config/value.h"
#include "json/json.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse_field(struct reading *r, struct json_object *spec, const char *key, const char *problem)
{
        size_t path = path_field(r, key);
        refuse(r, json_at(spec, key), REASON_INVALID_VALUE, "%s", problem);
        path_pop(r, path);
}

void check_pool(struct reading *r, struct json_object *spec, void *object)
{
        struct pool *pool = object;
        (void)r;
        pool->pinned = json_at(spec, "serviceAllocation") != NULL;
}

static bool is_multicast(struct ip ip)
{
        return ip_family(ip) == IP_V4 ? (ip_bytes(&ip)[0] & 0xf0) == 0xe0 : ip.b[0] == 0xff;
}

static void check_addresses(struct reading *r, struct json_object *spec, const struct bgp_peer *peer)
{
        bool source = !ip_is_unspecified(peer->source);
        struct ip written;
        const char *address = json_string_at(spec, "peerAddress");
        if (!address || !ip_parse(address, &written))
                return; /* was refused already */
        if (ip_is_unspecified(peer->address) || is_multicast(peer->address))
                refuse_field(r, spec, "peerAddress",
                             "is not the address of one router; write the router's own address");
        else if (ip_family(peer->address) == IP_V6 && ip_is_link_local(peer->address))
                refuse_field(
                        r, spec, "peerAddress",
                        "is a link-local address, which needs an interface, and that is not supported yet; "
                        "use another address of the router");
        if (source && is_multicast(peer->source))
                refuse_field(r, spec, "sourceAddress",
                             "is a multicast address; write an address of the node");
        else if (source && ip_family(peer->source) != ip_family(peer->address))
                refuse_field(r, spec, "sourceAddress",
                             "is of the other address family than peerAddress; write both in one family");
}

/* Only a keepalive time: the hold time is three times that. Only a hold time: the session takes a third. */
static void check_timers(struct reading *r, struct json_object *spec, struct bgp_peer *peer)
{
        int64_t ns;
        const char *hold = json_object_get_string(json_at(spec, "holdTime"));
        if (peer->hold_time_s == 0 && hold && (!duration_parse(hold, &ns) || ns > 0))
                return; /* was refused already */
        if (peer->hold_time_s == 1 || peer->hold_time_s == 2) {
                refuse_field(r, spec, "holdTime", "must be 0s, or at least 3s (RFC 4271)");
                return;
        }
        if (!json_at(spec, "holdTime"))
                peer->hold_time_s = peer->keepalive_time_s > 0 ? (uint16_t)(3 * peer->keepalive_time_s) : 90;
        if (!json_at(spec, "holdTime") && peer->keepalive_time_s > UINT16_MAX / 3)
                refuse_field(r, spec, "keepaliveTime", "makes a hold time over 65535s; take a shorter one");
        else if (peer->keepalive_time_s > peer->hold_time_s)
                refuse_field(r, spec, "keepaliveTime", "is longer than the hold time; take a third of it");
}

/* MetalLB looks for the Secret in its own namespace, whatever stands there. */
static void check_password(struct reading *r, struct json_object *spec, struct bgp_peer *peer)
{
        peer->has_password = peer->password || peer->password_secret;
        if (peer->password && peer->password_secret)
                refuse_field(r, spec, "password", "cannot go with passwordSecret; remove one of them");
        if (!peer->secret_namespace || strcmp(peer->secret_namespace, r->ref.namespace) == 0)
                return;
        size_t path = path_field(r, "passwordSecret");
        path_field(r, "namespace");
        note(r, "has no effect: the Secret is looked for in the namespace of the BGPPeer");
        path_pop(r, path);
}

void check_peer(struct reading *r, struct json_object *spec, void *object)
{
        struct bgp_peer *peer = object;
        if (peer->port == 0) /* v1beta1 has no default */
                peer->port = 179;
        check_addresses(r, spec, peer);
        check_timers(r, spec, peer);
        check_password(r, spec, peer);
        if (peer->multihop && peer->my_asn == peer->peer_asn && peer->my_asn != 0)
                refuse_field(r, spec, "ebgpMultiHop",
                             "is for routers of another AS, but peerASN is myASN; remove it");
}

void check_bgp_ad(struct reading *r, struct json_object *spec, void *object)
{
        struct bgp_ad *ad = object;
        ad->has_local_pref = ad->local_pref != 0;
        if (ad->ad.service_selectors.n > 0 && (ad->aggregation_len4 != 32 || ad->aggregation_len6 != 128))
                refuse_field(r, spec, "serviceSelectors",
                             "cannot go with an aggregation length: one prefix would be of several Services; "
                             "remove one of them");
}

/* "127.0.0.1:10256" or "[::1]:10256". */
static bool address_parse(const char *text, struct ip *ip, uint16_t *port)
{
        char host[IP_STRLEN + 2];
        const char *colon = strrchr(text, ':');
        size_t n = colon ? (size_t)(colon - text) : 0;
        bool bracketed = n > 2 && text[0] == '[' && text[n - 1] == ']';
        char *end;
        if (!colon || n >= sizeof(host) || !isdigit((unsigned char)colon[1]))
                return false;
        snprintf(host, sizeof(host), "%.*s", (int)(bracketed ? n - 2 : n), text + bracketed);
        unsigned long number = strtoul(colon + 1, &end, 10);
        *port = (uint16_t)number;
        return !*end && number > 0 && number <= UINT16_MAX && ip_parse(host, ip) &&
               (ip_family(*ip) == IP_V6) == bracketed;
}

/* There is one Settings: of two, none would be the right one. */
void check_settings(struct reading *r, struct json_object *spec, void *object)
{
        struct settings *settings = object;
        struct json_object *plane = json_at(spec, "dataPlane");
        size_t path = path_field(r, "dataPlane");
        if (settings->healthz && strcmp(settings->healthz, "off") == 0) {
                settings->data_plane_off = true;
        } else if (settings->healthz &&
                   !address_parse(settings->healthz, &settings->healthz_ip, &settings->healthz_port)) {
                settings->healthz_ip = (struct ip){0};
                settings->healthz_port = 0;
                refuse_field(r, plane, "kubeProxyHealthz",
                             "is neither \"off\" nor an address with a port, such as \"127.0.0.1:10256\"");
        }
        path_pop(r, path);
        if (json_at(spec, "loadBalancerClass") && !settings->lb_class)
                settings->lb_class = ""; /* refused, and it is nobody's: without it Services of others would be ours */
        if (strcmp(r->ref.name, "default") != 0) {
                path_pop(r, 0);
                path_field(r, "metadata");
                refuse_field(r, json_at(r->doc->root, "metadata"), "name", "must be default: there is one Settings object; rename it");
        }
}
