/*
 * One collection of the API that feeds the store or the configuration: a watch, and what a relist of it means.
 */
#pragma once
#include "k8s/k8s.h"
#include "k8s/watch.h"

struct control;
struct discovery;
struct follow;
struct transport;

enum feeds { FEEDS_STORE, FEEDS_CONFIG, FEEDS_CONFIGMAP };

struct follow_owner { /* what the follower needs, and whom it tells */
        struct control *control;
        struct transport *transport;
        struct discovery *discovery;
        void *arg;
        void (*changed)(void *arg, struct follow *); /* it was listed, or its state is another one */
        /* Between two lists a load balancer of this name came or went; NULL: they were listed. May be NULL. */
        void (*service)(void *arg, const char *name, bool there);
};

struct follow_spec {
        const struct k8s_kind *kind;
        enum feeds feeds;
        const char *namespace; /* NULL: all */
        const char *field_selector, *optional_field_selector, *label_selector;
        bool metadata_only;
};

/* owner must outlive it. */
struct follow *follow_new(const struct follow_owner *, const struct follow_spec *);
void follow_free(struct follow *); /* what it fed stays; NULL is fine; not from its own callback */
/* f takes the place of former, which has to live until f has listed: from where a list of either begins, former is not
 * heard any more. Its streams may be behind: what it said while f lists would count as listed. */
void follow_succeed(struct follow *f, struct follow *former);

/* Lists again at once. */
void follow_relist(struct follow *);
const struct k8s_kind *follow_kind(const struct follow *);
bool follow_listed(const struct follow *);
bool follow_is_there(const struct follow *); /* listed, and known to the server */
enum watch_state follow_state(const struct follow *);
const char *follow_trouble(const struct follow *); /* a sentence; "" if there is none */
/* It was never listed, and not because nobody answered: the server cannot give this kind (5xx). */
bool follow_is_broken(const struct follow *);
struct watch_stats follow_stats(const struct follow *); /* NULL: zeros */
