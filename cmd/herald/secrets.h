/*
 * The passwords that Secrets hold. They are an input of their own: configuration, plans and what is kept or shown
 * stay free of them.
 */
#pragma once
#include <stdbool.h>

struct secrets;

struct secret {
        const char *password; /* NULL: none */
        const char *why;      /* then; NULL if nobody knows yet */
};

/* namespace: of objects that name none. */
struct secrets *secrets_new(const char *namespace);
void secrets_free(struct secrets *);
/* password NULL: there is none that can be used, and why ends "the Secret ..." (static text), or NULL: nobody knows. Returns whether that is
 * new. */
bool secrets_put(struct secrets *, const char *namespace, const char *name, const char *password, const char *why);
/* Forgets all, and from here on a Secret that is not put does not exist. */
void secrets_begin(struct secrets *);
/* Valid until the next change. */
struct secret secrets_find(const struct secrets *, const char *namespace, const char *name);
