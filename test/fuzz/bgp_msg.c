/* Any bytes as a stream from a BGP peer: framed, decoded, and what was understood encoded again. */
#include "bgp/msg.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
        if (!ok)
                abort();
}

static void on_open(struct reader body)
{
        struct bgp_open o, again;
        struct bgp_error e;
        struct bgp_frame f;
        uint8_t buf[BGP_MAX];
        if (!bgp_open_decode(body, &o, &e)) {
                require(e.code == BGP_OPEN_ERROR);
                return;
        }
        bgp_open_check(&o, &(struct bgp_open){.asn = 65001, .id = 1}, 65002, &e);
        size_t n = bgp_open_encode(buf, &o);
        require(bgp_frame(buf, n, &f, &e) == BGP_FRAME_OK && bgp_open_decode(f.body, &again, &e));
        require(again.id == o.id && again.hold_time_s == o.hold_time_s && again.as4 == o.as4);
        require(!o.as4 || again.asn == o.asn);
}

static void on_frame(const struct bgp_frame *f)
{
        struct bgp_error e;
        struct bgp_update_in in;
        unsigned families;
        char text[BGP_ERROR_STRLEN];
        switch (f->type) {
        case BGP_OPEN:
                on_open(f->body);
                break;
        case BGP_UPDATE:
                require(bgp_update_decode(f->body, &in, &e) || e.code == BGP_UPDATE_ERROR);
                break;
        case BGP_NOTIFICATION:
                e = bgp_notification_decode(f->body);
                for (const char *p = bgp_error_str(&e, text); *p; p++)
                        require(*p >= 0x20 && *p < 0x7f);
                break;
        case BGP_ROUTE_REFRESH:
                require(bgp_refresh_decode(f->body, &families, &e) || e.code != 0);
                break;
        case BGP_KEEPALIVE:
                break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct bgp_frame f;
        struct bgp_error e;
        uint8_t buf[BGP_MAX];
        enum bgp_framing what;
        while ((what = bgp_frame(data, size, &f, &e)) == BGP_FRAME_OK) {
                require(f.len >= BGP_HEADER && f.len <= size);
                on_frame(&f);
                data += f.len;
                size -= f.len;
        }
        if (what == BGP_FRAME_BAD)
                require(e.code == BGP_HEADER_ERROR && bgp_notification_encode(buf, &e) > BGP_HEADER);
        return 0;
}
