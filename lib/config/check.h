/* What `herald check` tells of a config: pure, from its verdicts. */
#pragma once
#include "model/config.h"

struct json_object;

enum severity { SEVERITY_NONE, SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct check_summary {
        size_t objects;  /* that were looked at, problems or not */
        size_t errors;   /* problems; one object may have several */
        size_t warnings; /* objects that have no effect because another goes before them */
        size_t notes;
};

enum severity check_severity(const struct verdict *);
/* Whether both are about one object. Documents that could not be read have no kind, and each is an object of
 * its own. */
bool check_same_object(const struct verdict *, const struct verdict *);
const char *severity_name(enum severity); /* "error" */
struct check_summary check_summary(const struct config *);
/* "file:line: error: IPAddressPool default/lan: spec.addresses[0]: ... (InvalidValue)"; for free(). */
char *check_line(const struct verdict *);
/* {"objects": n, "errors": n, "warnings": n, "notes": n, "problems": [{...}]}; the caller's to put. */
struct json_object *check_json(const struct config *);
