/*
 * A name that is gone stays in the selector until another one comes, or until most of what was asked for is gone:
 * the slices of it are gone by themselves. From SLICES_ALL the way back begins at half of what leads there, so that a
 * cluster at the edge does not go to and fro. Names of several namespaces are one name, but count as several.
 */
#include "k8s/slice_names.h"
#include "base/arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { NAMES_MAX = 120, BYTES_MAX = 5000 };

static const char everything[] = "!service.kubernetes.io/headless";

struct asked {
        UT_hash_handle hh;
        char name[];
};

struct slice_names {
        size_t n, bytes; /* of the Services that are there */
        struct asked *asked;
        bool unasked; /* a Service came that the selector does not name */
        enum slice_scope scope;
};

struct slice_names *slice_names_new(void)
{
        return xcalloc(1, sizeof(struct slice_names));
}

static void forget_asked(struct slice_names *names)
{
        struct asked *asked, *next;
        HASH_ITER (hh, names->asked, asked, next) {
                HASH_DEL(names->asked, asked);
                free(asked);
        }
        names->unasked = false;
}

void slice_names_free(struct slice_names *names)
{
        forget_asked(names);
        free(names);
}

static bool is_asked(const struct slice_names *names, const char *name)
{
        struct asked *asked;
        HASH_FIND_STR(names->asked, name, asked);
        return asked != NULL;
}

void slice_names_add(struct slice_names *names, const char *name)
{
        names->n++;
        names->bytes += strlen(name) + 1;
        names->unasked |= names->scope == SLICES_NAMED && !is_asked(names, name);
}

void slice_names_remove(struct slice_names *names, const char *name)
{
        size_t bytes = strlen(name) + 1;
        if (names->n == 0 || names->bytes < bytes)
                abort();
        names->n--;
        names->bytes -= bytes;
}

void slice_names_reset(struct slice_names *names)
{
        names->n = names->bytes = 0;
}

static bool fits(const struct slice_names *names, size_t share)
{
        return names->n <= NAMES_MAX / share && names->bytes <= BYTES_MAX / share;
}

bool slice_names_outdated(const struct slice_names *names)
{
        switch (names->scope) {
        case SLICES_NONE:
                return names->n > 0;
        case SLICES_NAMED:
                return names->unasked || names->n == 0 || HASH_COUNT(names->asked) > 2 * names->n + 8;
        case SLICES_ALL:
                return fits(names, 2);
        }
        return false;
}

static void ask_for(struct slice_names *names, FILE *out, const char *name)
{
        if (is_asked(names, name))
                return;
        struct asked *asked = xcalloc(1, sizeof(*asked) + strlen(name) + 1);
        strcpy(asked->name, name);
        fprintf(out, "%s%s", names->asked ? "," : "", name);
        HASH_ADD_STR(names->asked, name, asked);
}

static char *list(struct slice_names *names, const char *(*next)(void *arg), void *arg)
{
        char *text = NULL;
        const char *name;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        if (!out)
                abort();
        fputs("kubernetes.io/service-name in (", out);
        while ((name = next(arg)))
                ask_for(names, out, name);
        fputs(")", out);
        if (fclose(out) != 0)
                abort();
        return text;
}

enum slice_scope slice_names_ask(struct slice_names *names, const char *(*next)(void *arg), void *arg, char **selector)
{
        forget_asked(names);
        names->scope = names->n == 0 ? SLICES_NONE : fits(names, 1) ? SLICES_NAMED : SLICES_ALL;
        *selector = names->scope == SLICES_NONE    ? NULL
                    : names->scope == SLICES_NAMED ? list(names, next, arg)
                                                   : xstrdup(everything);
        return names->scope;
}
