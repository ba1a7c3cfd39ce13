#include "dataplane/around.h"
#include "base/file.h"
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>

struct around around_look(void)
{
        const char *why;
        char *arp_ignore = file_read(AT_FDCWD, "/proc/sys/net/ipv4/conf/all/arp_ignore", 16, NULL, &why);
        struct around around = {.ipvs = if_nametoindex("kube-ipvs0") != 0,
                                .strict_arp = arp_ignore && atoi(arp_ignore) > 0,
                                .cilium = if_nametoindex("cilium_host") != 0};
        free(arp_ignore);
        return around;
}

const char *around_warning(const struct around *around)
{
        return around->ipvs && !around->strict_arp
                       ? "kube-proxy runs in IPVS mode, where the kernel of every node answers ARP for every address; set "
                         "strictARP: true in its configuration (ipvs), or use its nftables mode"
                       : NULL;
}

const char *around_note(const struct around *around)
{
        return around->cilium ? "Cilium is here: give it kubeProxyReplacementHealthzBindAddr and new addresses wait "
                                "until it can serve; its own LB announcements must be off"
                              : NULL;
}
