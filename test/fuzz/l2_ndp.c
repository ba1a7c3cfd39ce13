/* NS and NA frames from the wire. What is accepted must survive encoding, and be answered without harm. The
 * fuzzer does not find checksums: a second try has the right one. */
#include "l2/responder.h"
#include <stdlib.h>

static void try_frame(const uint8_t *data, size_t size)
{
        static const struct mac self = {{0x02, 0, 0, 0, 0, 1}};
        struct ndp n, again;
        struct owned owned = {&n.target, 1};
        struct frame f;

        if (ndp_decode(data, size, &n) != NDP_OK)
                return;
        f = ndp_encode(&n);
        if (ndp_decode(f.bytes, f.len, &again) != NDP_OK || !ip_eq(again.target, n.target) ||
            again.has_lladdr != n.has_lladdr || again.solicited != n.solicited)
                abort();
        if (answer_ndp(&n, self, &owned, &f) != ANSWER_SENT)
                return;
        if (ndp_decode(f.bytes, f.len, &again) != NDP_OK || again.type != NDP_ADVERTISEMENT ||
            !again.override)
                abort();
}

static void fix_checksum(uint8_t *frame, size_t size)
{
        size_t end = 54 + (size_t)(frame[18] << 8 | frame[19]);
        uint32_t sum;

        if (end > size)
                return;
        frame[56] = frame[57] = 0;
        sum = (uint32_t)(end - 54) + 58;
        for (size_t i = 22; i < end; i++)
                sum += (uint32_t)frame[i] << (i % 2 == 0 ? 8 : 0);
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        frame[56] = (uint8_t)(~sum >> 8);
        frame[57] = (uint8_t)~sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *copy;

        try_frame(data, size);
        if (size < 78)
                return 0;
        copy = malloc(size);
        memcpy(copy, data, size);
        fix_checksum(copy, size);
        try_frame(copy, size);
        free(copy);
        return 0;
}
