/*
 * A name that is gone stays in the selector until another one comes, or until most of what was asked for is gone:
 * the slices of it are gone by themselves. From SLICES_ALL the way back begins at half of what leads there, so that a
 * cluster at the edge does not go to and fro.
 */
#include "k8s/slice_names.h"
#include "base/arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { NAMES_MAX = 120, BYTES_MAX = 5000 };

static const char everything[] = "!service.kubernetes.io/headless";

struct named {
        char *name;
        size_t services;
        bool asked;
        UT_hash_handle hh;
};

struct slice_names {
        struct named *all;
        size_t n, bytes; /* with Services */
        size_t asked, unasked;
        enum slice_scope scope;
};

struct slice_names *slice_names_new(void)
{
        return xcalloc(1, sizeof(struct slice_names));
}

static void forget(struct slice_names *names, struct named *named)
{
        names->asked -= named->asked;
        HASH_DEL(names->all, named);
        free(named->name);
        free(named);
}

void slice_names_free(struct slice_names *names)
{
        struct named *named, *next;

        HASH_ITER (hh, names->all, named, next) {
                forget(names, named);
        }
        free(names);
}

void slice_names_add(struct slice_names *names, const char *name)
{
        struct named *named;

        HASH_FIND_STR(names->all, name, named);
        if (!named) {
                named = xcalloc(1, sizeof(*named));
                named->name = xstrdup(name);
                HASH_ADD_KEYPTR(hh, names->all, named->name, strlen(named->name), named);
        }
        if (named->services++ > 0)
                return;
        names->n++;
        names->bytes += strlen(name) + 1;
        names->unasked += !named->asked;
}

void slice_names_remove(struct slice_names *names, const char *name)
{
        struct named *named;

        HASH_FIND_STR(names->all, name, named);
        if (!named || named->services == 0 || --named->services > 0)
                return;
        names->n--;
        names->bytes -= strlen(name) + 1;
        names->unasked -= !named->asked;
        if (!named->asked)
                forget(names, named);
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
                return names->unasked > 0 || names->asked > 2 * names->n + 8 || names->n == 0;
        case SLICES_ALL:
                return fits(names, 2);
        }
        return false;
}

static char *list(struct slice_names *names)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        const char *comma = "";

        if (!out)
                abort();
        fputs("kubernetes.io/service-name in (", out);
        for (const struct named *named = names->all; named; named = named->hh.next) {
                fprintf(out, "%s%s", comma, named->name);
                comma = ",";
        }
        fputs(")", out);
        if (fclose(out) != 0)
                abort();
        return text;
}

static void note_asked(struct slice_names *names, bool asked)
{
        struct named *named, *next;

        HASH_ITER (hh, names->all, named, next) {
                names->asked += (size_t)asked - (size_t)named->asked;
                named->asked = asked;
                if (named->services == 0)
                        forget(names, named);
        }
        names->unasked = asked ? 0 : names->n;
}

enum slice_scope slice_names_ask(struct slice_names *names, char **selector)
{
        names->scope = names->n == 0 ? SLICES_NONE : fits(names, 1) ? SLICES_NAMED : SLICES_ALL;
        note_asked(names, names->scope == SLICES_NAMED);
        *selector = names->scope == SLICES_NONE    ? NULL
                    : names->scope == SLICES_NAMED ? list(names)
                                                   : xstrdup(everything);
        return names->scope;
}
