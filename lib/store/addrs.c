/* Who holds an address, and which addresses are dirty. An entry exists while it is held or dirty. */
#include "store/table.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct addr *addrs_find(const struct addrs *addrs, struct ip ip)
{
        struct addr *addr;
        HASH_FIND(hh, addrs->by_ip, &ip, sizeof(ip), addr);
        return addr;
}

static struct addr *obtain(struct addrs *addrs, struct ip ip)
{
        struct addr *addr = addrs_find(addrs, ip);
        if (addr)
                return addr;
        addr = xcalloc(1, sizeof(*addr));
        addr->ip = ip;
        HASH_ADD(hh, addrs->by_ip, ip, sizeof(addr->ip), addr);
        return addr;
}

static void discard(struct addrs *addrs, struct addr *addr)
{
        HASH_DEL(addrs->by_ip, addr);
        free(addr->holders);
        free(addr);
}

void addrs_hold(struct addrs *addrs, struct ip ip, struct entry *service)
{
        struct addr *addr = obtain(addrs, ip);
        for (size_t i = 0; i < addr->n; i++)
                if (addr->holders[i] == service)
                        return;
        addr->holders = xreallocarray(addr->holders, addr->n + 1, sizeof(addr->holders[0]));
        addr->holders[addr->n++] = service;
}

void addrs_release(struct addrs *addrs, struct ip ip, struct entry *service)
{
        struct addr *addr = addrs_find(addrs, ip);
        if (!addr)
                return;
        for (size_t i = 0; i < addr->n; i++)
                if (addr->holders[i] == service)
                        addr->holders[i--] = addr->holders[--addr->n];
        if (addr->n == 0 && !addr->dirty)
                discard(addrs, addr);
}

void addrs_mark(struct addrs *addrs, struct ip ip)
{
        struct addr *addr = obtain(addrs, ip);
        if (addr->dirty)
                return;
        addr->dirty = true;
        DL_APPEND(addrs->dirty, addr);
}

void addrs_mark_all(struct addrs *addrs)
{
        for (struct addr *addr = addrs->by_ip; addr; addr = addr->hh.next)
                addrs_mark(addrs, addr->ip);
}

size_t addrs_take(struct addrs *addrs, struct ip *out, size_t max)
{
        size_t n = 0;
        while (n < max && addrs->dirty) {
                struct addr *addr = addrs->dirty;
                DL_DELETE(addrs->dirty, addr);
                addr->dirty = false;
                out[n++] = addr->ip;
                if (addr->n == 0)
                        discard(addrs, addr);
        }
        return n;
}

void addrs_free(struct addrs *addrs)
{
        struct addr *addr, *tmp;
        HASH_ITER (hh, addrs->by_ip, addr, tmp) {
                discard(addrs, addr);
        }
        addrs->dirty = NULL;
}
