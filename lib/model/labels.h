/* Labels and label selectors (metav1.LabelSelector). Both live in somebody's arena. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct label {
        const char *key, *value;
};

struct labels { /* sorted by key */
        struct label *v;
        size_t n;
};

enum label_op { LABEL_IN, LABEL_NOT_IN, LABEL_EXISTS, LABEL_DOES_NOT_EXIST };

struct label_expr {
        const char *key;
        enum label_op op;
        const char **values;
        size_t n_values;
};

struct selector { /* all of it must hold; an empty one matches everything */
        struct labels match;
        struct label_expr *exprs;
        size_t n_exprs;
};

struct selectors { /* any of them; what an empty list means is said where it is used */
        struct selector *v;
        size_t n;
};

const char *labels_get(const struct labels *, const char *key); /* NULL if absent */
void labels_sort(struct labels *);
bool labels_equal(const struct labels *, const struct labels *);
bool selector_matches(const struct selector *, const struct labels *);
bool selectors_match(const struct selectors *, const struct labels *, bool when_empty);
