/* ARP frames from the wire. What is accepted must survive encoding, and be answered without harm. */
#include "l2/responder.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct mac self = {{0x02, 0, 0, 0, 0, 1}};
        struct arp a, again;
        struct owned owned = {&a.tpa, 1};
        struct frame f;

        if (arp_decode(data, size, &a) != ARP_OK)
                return 0;
        f = arp_encode(&a);
        if (f.len > size || memcmp(f.bytes, data, f.len) != 0)
                abort();
        if (answer_arp(&a, self, &owned, &f) != ANSWER_SENT)
                return 0;
        if (arp_decode(f.bytes, f.len, &again) != ARP_OK || again.op != ARP_REPLY ||
            mac_is_group(again.eth_dst))
                abort();
        return 0;
}
