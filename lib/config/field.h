/*
 * Field tables: what a kind has, said once. Reading, refusing and the comparison with the CRDs
 * all follow the same rows. For lib/config and its tests.
 */
#pragma once
#include "model/config.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry;
struct json_object;

enum field_type {                  /* what the member is in C */
                  FIELD_BOOL,      /* bool */
                  FIELD_INT,       /* an unsigned integer of 1, 2 or 4 octets, or an int */
                  FIELD_ASN,       /* uint32_t */
                  FIELD_SECONDS,   /* uint16_t; written as a duration, "1m30s"; fractions of a second are cut
                                      off */
                  FIELD_IP,        /* struct ip; left alone if "" */
                  FIELD_ROUTER_ID, /* uint32_t in host order; written as an IPv4 address; left alone if "" */
                  FIELD_STRINGS,   /* const char **, and size_t at count_at */
                  FIELD_RANGES,    /* struct ip_range *, and size_t at count_at */
                  FIELD_COMMUNITIES, /* struct community *, and size_t at count_at */
                  FIELD_SELECTORS,   /* struct selectors */
                  FIELD_OBJECT,      /* none: its fields are in sub, members of the same struct */
                  FIELD_STRING,      /* const char *; of at most item_max octets, and good by item */
                  FIELD_SECRET,      /* the same, but its value is never shown */
                  FIELD_WORD,        /* an unsigned integer or a bool: which of words */
                  FIELD_OBJECTS,     /* planned fields only: a list of objects */
};

enum api_version { API_HERALD = 1, API_METALLB_V1BETA1 = 2, API_METALLB_V1BETA2 = 4, API_ALL = 7 };

struct field {
        const char *name; /* NULL ends a table */
        enum field_type type;
        size_t at, size, count_at; /* where the member is */
        int64_t min, max;          /* of a number, of seconds; of lists the number of entries */
        const char *def;           /* the default as it would be written; NULL: zero, or none */
        bool (*item)(const char *);
        size_t item_max;         /* octets of FIELD_STRING, of one entry of FIELD_STRINGS */
        const char *const *words; /* of FIELD_WORD; ends with NULL */
        const struct field *sub; /* of FIELD_OBJECT and FIELD_OBJECTS */
        unsigned in;             /* enum api_version, those that have it */
        bool required;
        bool planned; /* known, not built yet: FieldNotSupported, unless its value asks for nothing */
        const char *since;
        const char *doc; /* one line */
};

struct reading { /* of one object */
        struct arena *arena;
        const struct entry *doc;
        struct problems *problems;
        struct ref ref;
        const char *kind; /* as written */
        unsigned version; /* one enum api_version */
        size_t errors;
        const char *notes; /* what the operator should know about a good object; "" */
        int line;          /* nearest line known */
        char path[160];    /* of the field being read: spec.addresses[2] */
        size_t path_len;
};

struct kind_table {
        enum kind kind;
        const struct field *spec;
        bool spec_required;
        size_t size; /* of the struct */
        size_t ref_at;
        void (*check)(struct reading *, struct json_object *spec,
                      void *object); /* what no single field shows */
};
extern const struct kind_table kind_tables[];
extern const size_t n_kind_tables;
const struct kind_table *kind_table(enum kind); /* NULL if there is none */

struct problems { /* verdicts found so far; their texts are in the arena of the config */
        struct verdict *v;
        size_t n, room;
};
void problems_add(struct problems *, struct verdict);

/* Refuses the field at the current path. `at` is the value, for its line; NULL is fine. */
void refuse(struct reading *, struct json_object *at, enum reason, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
void note(struct reading *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The value as the operator should recognise it: short, quoted if a string. */
const char *shown(struct reading *, struct json_object *);

/* Appends to the path; returns what path_pop() takes to undo it. */
size_t path_field(struct reading *, const char *name);
size_t path_index(struct reading *, size_t i);
void path_pop(struct reading *, size_t len);

/* Reads an object by its table into *out, defaults first. Tells all problems, not only the first. */
void read_fields(struct reading *, const struct field *, struct json_object *, void *out);
void read_value(struct reading *, const struct field *, struct json_object *, void *out);
void read_list(struct reading *, const struct field *, struct json_object *,
               void *out); /* the types with entries */
/* Tells that a key is unknown, with what was meant if that is likely. known ends with NULL. */
void refuse_unknown(struct reading *, struct json_object *at, const char *key, const char *const *known);
void read_labels(struct reading *, struct json_object *, bool selector, struct labels *out);
void read_selectors(struct reading *, const struct field *, struct json_object *, void *out);
/* False if it is no list, or one that is too long or too short; then it was refused. */
bool is_list(struct reading *, struct json_object *, int64_t min, int64_t max);
/* The good strings of a list; the others, and repeated ones, are refused. */
void read_words(struct reading *, struct json_object *list, bool (*good)(const char *), const char *problem,
                const char ***out, size_t *n_out);
