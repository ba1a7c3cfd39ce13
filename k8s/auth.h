/*
 * Where the API server is and who we are to it: from a kubeconfig, or from what Kubernetes gives a pod. The
 * kubeconfig is read once; the files of tokens, certificates and keys again every 60 s, and when the server refused
 * what they held. Nothing here is ever logged. Proxy settings are followed only where follow_proxies is set, by
 * commands that people run.
 */
#pragma once
#include "base/clock.h"
#include <stddef.h>

struct auth {           /* read-only for others; strings are NULL where there is none */
        char *server;   /* "https://host:port/path", without a slash at its end */
        char *tls_name; /* the name in the server's certificate, if it is not the host of server */
        bool insecure;  /* the server's certificate is not checked */
        char *ca;       /* PEM, as are cert and key */
        char *cert, *key;
        char *namespace; /* in-cluster: the pod's; kubeconfig: the context's */
        char *token;     /* auth_token() reads it */
        char *token_file;
        char *ca_file, *cert_file, *key_file; /* NULL: what they would hold stood in the kubeconfig */
        struct mono token_read, files_read;   /* when */
        bool follow_proxies;                  /* for the caller to set */
        char *proxy;                          /* proxy-url of the kubeconfig; NULL: that of the environment */
};

#define AUTH_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* Both return NULL and in *error one malloced sentence: what is wrong, in which file, what to do about it. */
struct auth *auth_kubeconfig(const char *path, struct mono now, char **error);
/* dir: AUTH_DIR; host and port: KUBERNETES_SERVICE_HOST and _PORT, which may be NULL; localhost is fine. */
struct auth *auth_in_cluster(const char *dir, const char *host, const char *port, struct mono now,
                             char **error);
void auth_free(struct auth *); /* NULL is fine; wipes secrets */

/* The token to send now, NULL if none. When the file cannot be read, the token read before. */
const char *auth_token(struct auth *, struct mono now);
/* Reads the files of certificates and keys again, if the last time was 60 s ago (refused: a second). What cannot be
 * used leaves the old ones in place. Returns NULL, or what is wrong: for free(). */
char *auth_refresh(struct auth *, bool refused, struct mono now);
/* The server answered 401 to this token (NULL: to none). True if the file has another now, to be tried once.
 */
bool auth_refused(struct auth *, const char *token, struct mono now);
