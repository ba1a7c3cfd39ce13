#include "plan/rendezvous.h"
#include "base/arena.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct rendezvous {
        EVP_MD *sha256;
        EVP_MD_CTX *ctx;
        char tail[1 + IP_STRLEN]; /* "#" address */
};

struct rendezvous *rendezvous_new(struct ip ip)
{
        struct rendezvous *r = xcalloc(1, sizeof(*r));
        r->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        r->ctx = EVP_MD_CTX_new();
        if (!r->sha256 || !r->ctx)
                abort();
        r->tail[0] = '#';
        ip_str(ip, r->tail + 1);
        return r;
}

void rendezvous_free(struct rendezvous *r)
{
        EVP_MD_CTX_free(r->ctx);
        EVP_MD_free(r->sha256);
        free(r);
}

void rendezvous_hash(struct rendezvous *r, const char *node, uint8_t out[static RENDEZVOUS_LEN])
{
        unsigned len = 0;
        if (!EVP_DigestInit_ex2(r->ctx, r->sha256, NULL) || !EVP_DigestUpdate(r->ctx, node, strlen(node)) ||
            !EVP_DigestUpdate(r->ctx, r->tail, strlen(r->tail)) || !EVP_DigestFinal_ex(r->ctx, out, &len) ||
            len != RENDEZVOUS_LEN)
                abort();
}
