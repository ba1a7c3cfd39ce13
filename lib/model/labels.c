/*
 * The semantics of metav1.LabelSelector: all terms must hold. NotIn and DoesNotExist hold where the key is
 * absent, In and Exists do not.
 */
#include "model/labels.h"

#include <stdlib.h>
#include <string.h>

static int label_cmp(const void *a, const void *b)
{
        const struct label *x = a, *y = b;
        return strcmp(x->key, y->key);
}

const char *labels_get(const struct labels *labels, const char *key)
{
        struct label wanted = {.key = key};
        if (labels->n == 0)
                return NULL;
        const struct label *l = bsearch(&wanted, labels->v, labels->n, sizeof(wanted), label_cmp);
        return l ? l->value : NULL;
}

void labels_sort(struct labels *labels)
{
        if (labels->n > 1)
                qsort(labels->v, labels->n, sizeof(*labels->v), label_cmp);
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (strcmp(a->v[i].key, b->v[i].key) != 0 || strcmp(a->v[i].value, b->v[i].value) != 0)
                        return false;
        return true;
}

static bool one_of(const struct label_expr *e, const char *value)
{
        for (size_t i = 0; i < e->n_values; i++)
                if (strcmp(e->values[i], value) == 0)
                        return true;
        return false;
}

static bool expr_holds(const struct label_expr *e, const struct labels *labels)
{
        const char *value = labels_get(labels, e->key);
        switch (e->op) {
        case LABEL_IN:
                return value && one_of(e, value);
        case LABEL_NOT_IN:
                return !value || !one_of(e, value);
        case LABEL_EXISTS:
                return value != NULL;
        case LABEL_DOES_NOT_EXIST:
                return value == NULL;
        }
        abort();
}

bool selector_matches(const struct selector *s, const struct labels *labels)
{
        for (size_t i = 0; i < s->match.n; i++) {
                const char *value = labels_get(labels, s->match.v[i].key);
                if (!value || strcmp(value, s->match.v[i].value) != 0)
                        return false;
        }
        for (size_t i = 0; i < s->n_exprs; i++)
                if (!expr_holds(&s->exprs[i], labels))
                        return false;
        return true;
}

bool selectors_match(const struct selectors *s, const struct labels *labels, bool when_empty)
{
        if (s->n == 0)
                return when_empty;
        for (size_t i = 0; i < s->n; i++)
                if (selector_matches(&s->v[i], labels))
                        return true;
        return false;
}
