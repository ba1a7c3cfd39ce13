/* A frame to send, and the Ethernet vocabulary that ARP and NDP share. */
#pragma once
#include "base/bytes.h"
#include "base/ip.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAC_LEN      6
#define FRAME_MAX    86 /* NA or NS with one option */
#define ETHERNET_LEN 14

struct mac {
        uint8_t b[MAC_LEN];
};

struct frame {
        uint8_t bytes[FRAME_MAX];
        size_t len; /* 0: no frame */
};

#define MAC_BROADCAST ((struct mac){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}})
#define MAC_STRLEN    18

static inline bool mac_eq(struct mac a, struct mac b)
{
        return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

static inline bool mac_is_group(struct mac m) /* multicast or broadcast */
{
        return m.b[0] & 1;
}

static inline struct mac get_mac(struct reader *r)
{
        struct mac m = {{0}};
        const uint8_t *p = get_bytes(r, sizeof(m.b));

        if (p)
                memcpy(m.b, p, sizeof(m.b));
        return m;
}

static inline bool mac_is_zero(struct mac m)
{
        return mac_eq(m, (struct mac){{0}});
}
