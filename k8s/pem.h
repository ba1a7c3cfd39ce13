/* Whether PEM texts can be used, before they take the place of good ones. A sentence's end, or NULL if they can. */
#pragma once

/* Certificates of authorities: one at least, all whole. */
const char *pem_ca_problem(const char *ca);
/* A certificate and the private key that belongs to it. */
const char *pem_pair_problem(const char *cert, const char *key);
