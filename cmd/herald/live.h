/* The live cluster, for commands that people run: one question after the other, each waited for. */
#pragma once
#include <stdbool.h>

struct json_object;
struct k8s_kind;
struct live;

/* kubeconfig NULL: $KUBECONFIG, else ~/.kube/config, else what a pod is given. Proxy variables are followed. NULL, and
 * in *why what is missing (free it). */
struct live *live_open(const char *kubeconfig, char **why);
void live_close(struct live *); /* NULL is fine */
const char *live_server(const struct live *);

/* What a question came to. A sentence says what failed and what to do about it; it is the live's, until the next. */
struct live_answer {
        struct json_object *json; /* the caller's to put; NULL: none */
        int status;               /* of HTTP; 0: no answer */
        const char *why;          /* if there is none */
};
struct live_answer live_get(struct live *, const char *path);
/* All items of a kind, as an array; namespace NULL: of all namespaces. */
struct live_answer live_list(struct live *, const struct k8s_kind *, const char *namespace);
