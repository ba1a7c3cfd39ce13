/*
 * Three views of the same claims: by Service (to replace them), by address (who else is there), by sharing
 * key (where a Service could move in), and the set of all claimed addresses as runs (where the next free one
 * is). All are kept by claim() and unclaim().
 */
#include "ipam/book.h"
#include "ipam/runs.h"
#include "ipam/share.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct client {
        UT_hash_handle hh;
        struct arena *arena;
        struct tenancy tenancy;
        struct ip *ips;
        size_t n;
        struct sharers *sharers;    /* NULL without a sharing key */
        struct client *next, *prev; /* among the sharers */
        const char *name;           /* namespace, NUL, name */
        size_t name_len;
};

struct claim { /* one address */
        UT_hash_handle hh;
        struct ip ip;
        struct client **clients;
        size_t n;
};

struct sharers { /* all clients with one sharing key */
        UT_hash_handle hh;
        struct client *first;
        char key[];
};

struct book {
        struct client *clients;
        struct claim *claims;
        struct sharers *sharers;
        struct runs claimed;
};

struct book *book_new(void)
{
        return xcalloc(1, sizeof(struct book));
}

static struct claim *claim_of(const struct book *book, struct ip ip)
{
        struct claim *found;
        HASH_FIND(hh, book->claims, &ip, sizeof(ip), found);
        return found;
}

static void claim(struct book *book, struct client *client, struct ip ip)
{
        struct claim *at = claim_of(book, ip);
        if (!at) {
                at = xcalloc(1, sizeof(*at));
                at->ip = ip;
                HASH_ADD(hh, book->claims, ip, sizeof(at->ip), at);
                runs_add(&book->claimed, ip);
        }
        at->clients = xreallocarray(at->clients, at->n + 1, sizeof(struct client *));
        at->clients[at->n++] = client;
}

static void unclaim(struct book *book, const struct client *client, struct ip ip)
{
        struct claim *at = claim_of(book, ip);
        size_t i = 0;
        while (at->clients[i] != client)
                i++;
        at->clients[i] = at->clients[--at->n];
        if (at->n > 0)
                return;
        HASH_DEL(book->claims, at);
        runs_remove(&book->claimed, ip);
        free(at->clients);
        free(at);
}

static void join_sharers(struct book *book, struct client *client)
{
        struct sharers *sharers;
        size_t len = strlen(client->tenancy.key);
        if (len == 0)
                return;
        HASH_FIND(hh, book->sharers, client->tenancy.key, len, sharers);
        if (!sharers) {
                sharers = xcalloc(1, sizeof(*sharers) + len + 1);
                memcpy(sharers->key, client->tenancy.key, len);
                HASH_ADD(hh, book->sharers, key[0], len, sharers);
        }
        client->sharers = sharers;
        DL_APPEND(sharers->first, client);
}

static void leave_sharers(struct book *book, struct client *client)
{
        struct sharers *sharers = client->sharers;
        if (!sharers)
                return;
        DL_DELETE(sharers->first, client);
        if (sharers->first)
                return;
        HASH_DEL(book->sharers, sharers);
        free(sharers);
}

/* ---- clients ---- */

#define NAME_MAX_LEN 520

static size_t client_name(char buf[static NAME_MAX_LEN], const char *namespace, const char *name)
{
        int n = snprintf(buf, NAME_MAX_LEN, "%s%c%s", namespace, '\0', name);
        return n < NAME_MAX_LEN ? (size_t)n : NAME_MAX_LEN - 1;
}

static struct client *client_find(const struct book *book, const char *namespace, const char *name)
{
        char buf[NAME_MAX_LEN];
        struct client *client;
        size_t len = client_name(buf, namespace, name);
        HASH_FIND(hh, book->clients, buf, len, client);
        return client;
}

static bool ip_among(struct ip ip, const struct ip *ips, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (ip_eq(ips[i], ip))
                        return true;
        return false;
}

/* As much as client_add() takes, or a little more. */
static size_t client_size(size_t name_len, const struct tenancy *tenancy, size_t n_ips)
{
        return sizeof(struct client) + name_len + strlen(tenancy->key) + strlen(tenancy->backends) + 2 +
               (tenancy->n_ports + 1) * sizeof(struct port) + n_ips * sizeof(struct ip) + 4 * _Alignof(max_align_t);
}

static void client_add(struct book *book, const struct fact *service, const struct ip *ips, size_t n)
{
        char name[NAME_MAX_LEN];
        const size_t name_len = client_name(name, service->ref.namespace, service->ref.name);
        const struct tenancy tenancy = tenancy_of(&service->u.service);
        struct arena *arena = arena_new_exact(client_size(name_len, &tenancy, n));
        struct client *client = arena_alloc(arena, sizeof(*client));
        client->arena = arena;
        client->name_len = name_len;
        char *copy = arena_alloc(arena, client->name_len);
        memcpy(copy, name, client->name_len);
        client->name = copy;
        struct port *ports = arena_array(arena, tenancy.n_ports + 1, sizeof(*ports));
        for (size_t i = 0; i < tenancy.n_ports; i++)
                ports[i] = tenancy.ports[i];
        client->tenancy = (struct tenancy){arena_strdup(arena, tenancy.key),
                                           arena_strdup(arena, tenancy.backends), ports, tenancy.n_ports};
        client->ips = arena_array(arena, n, sizeof(struct ip));
        for (size_t i = 0; i < n; i++) {
                if (ip_among(ips[i], client->ips, client->n))
                        continue;
                client->ips[client->n++] = ips[i];
                claim(book, client, ips[i]);
        }
        HASH_ADD_KEYPTR(hh, book->clients, client->name, client->name_len, client);
        join_sharers(book, client);
}

static void client_remove(struct book *book, struct client *client)
{
        for (size_t i = 0; i < client->n; i++)
                unclaim(book, client, client->ips[i]);
        leave_sharers(book, client);
        HASH_DEL(book->clients, client);
        arena_free(client->arena);
}

void book_free(struct book *book)
{
        struct client *client, *tmp;
        if (!book)
                return;
        HASH_ITER (hh, book->clients, client, tmp) {
                client_remove(book, client);
        }
        runs_free(&book->claimed);
        free(book);
}

/* Whether somebody who waits may be helped: an address or a port became free, or there is somewhere new to
 * share. */
static bool helps(const struct client *old, const struct tenancy *tenancy, const struct ip *ips, size_t n)
{
        size_t kept = 0;
        for (size_t i = 0; old && i < old->n; i++)
                kept += ip_among(old->ips[i], ips, n);
        if (old && (kept < old->n || !tenancy_equal(&old->tenancy, tenancy)))
                return true;
        return *tenancy->key && n > kept;
}

bool book_set(struct book *book, const struct fact *service, const struct ip *ips, size_t n)
{
        struct client *old = client_find(book, service->ref.namespace, service->ref.name);
        const struct tenancy tenancy = tenancy_of(&service->u.service);
        bool changed = helps(old, &tenancy, ips, n);
        if (old)
                client_remove(book, old);
        if (n > 0)
                client_add(book, service, ips, n);
        return changed;
}

bool book_drop(struct book *book, const char *namespace, const char *name)
{
        struct client *old = client_find(book, namespace, name);
        if (!old)
                return false;
        client_remove(book, old);
        return true;
}

/* ---- questions ---- */

static bool is_client(const struct client *client, const struct fact *service)
{
        const char *namespace = client->name, *name = namespace + strlen(namespace) + 1;
        size_t len = client->name_len - strlen(namespace) - 1;
        return !strcmp(namespace, service->ref.namespace) && strlen(service->ref.name) == len &&
               !memcmp(name, service->ref.name, len);
}

bool book_usable(const struct book *book, const struct fact *service, struct ip ip)
{
        const struct claim *at = claim_of(book, ip);
        const struct tenancy tenancy = tenancy_of(&service->u.service);
        for (size_t i = 0; at && i < at->n; i++)
                if (!is_client(at->clients[i], service) &&
                    !tenancy_compatible(&tenancy, &at->clients[i]->tenancy))
                        return false;
        return true;
}

bool book_buggy(struct ip ip)
{
        return ip_family(ip) == IP_V4 && (ip.b[15] == 0 || ip.b[15] == 255);
}

static bool lowest_free(const struct book *book, struct ip_range range, bool skip_buggy, struct ip *out)
{
        struct ip ip = range.first;
        while (runs_next_outside(&book->claimed, &ip) && ip_range_contains(range, ip)) {
                if (!skip_buggy || !book_buggy(ip)) {
                        *out = ip;
                        return true;
                }
                if (!ip_add(&ip, 1))
                        break;
        }
        return false;
}

bool book_lowest(const struct book *book, const struct fact *service, struct ip_range range, bool skip_buggy,
                 struct ip *out)
{
        const struct tenancy tenancy = tenancy_of(&service->u.service);
        const struct sharers *sharers = NULL;
        bool found = lowest_free(book, range, skip_buggy, out);
        if (*tenancy.key)
                HASH_FIND(hh, book->sharers, tenancy.key, strlen(tenancy.key), sharers);
        for (const struct client *client = sharers ? sharers->first : NULL; client; client = client->next) {
                for (size_t i = 0; i < client->n; i++) {
                        struct ip ip = client->ips[i];
                        if (!ip_range_contains(range, ip) || (found && ip_cmp(ip, *out) >= 0) ||
                            (skip_buggy && book_buggy(ip)) || is_client(client, service) ||
                            !book_usable(book, service, ip))
                                continue;
                        *out = ip;
                        found = true;
                }
        }
        return found;
}
