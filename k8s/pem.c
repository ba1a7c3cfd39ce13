#include "k8s/pem.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>

static BIO *text_bio(const char *text)
{
        BIO *bio = BIO_new_mem_buf(text, -1);
        if (!bio)
                abort();
        return bio;
}

const char *pem_ca_problem(const char *ca)
{
        BIO *bio = text_bio(ca);
        size_t n = 0;
        X509 *cert;
        while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
                X509_free(cert);
                n++;
        }
        /* after the last one there is no other beginning; anything else is a text that was cut */
        unsigned long error = ERR_peek_last_error();
        bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        BIO_free(bio);
        return n == 0 ? "holds no certificate" : at_end ? NULL : "holds a certificate that is not whole";
}

const char *pem_pair_problem(const char *cert, const char *key)
{
        BIO *cert_bio = text_bio(cert), *key_bio = text_bio(key);
        X509 *x509 = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
        EVP_PKEY *private = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
        const char *problem = !x509                                      ? "is no certificate"
                              : !private                                 ? "has a key that cannot be read"
                              : X509_check_private_key(x509, private) != 1 ? "and its key do not belong together"
                                                                         : NULL;
        X509_free(x509);
        EVP_PKEY_free(private);
        ERR_clear_error();
        BIO_free(cert_bio);
        BIO_free(key_bio);
        return problem;
}
