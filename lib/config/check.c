#include "config/check.h"
#include "base/arena.h"
#include "base/text.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum severity check_severity(const struct verdict *v)
{
        if (v->valid)
                return v->message[0] ? SEVERITY_NOTE : SEVERITY_NONE;
        return v->reason == REASON_SHADOWED ? SEVERITY_WARNING : SEVERITY_ERROR;
}

const char *severity_name(enum severity severity)
{
        static const char *const names[] = {"ok", "note", "warning", "error"};
        return names[severity];
}

/* The verdicts of one object share its ref, to the very pointer of its name. */
bool check_same_object(const struct verdict *a, const struct verdict *b)
{
        return a->kind[0] && a->ref.name == b->ref.name;
}

struct check_summary check_summary(const struct config *config)
{
        struct check_summary sum = {0};
        for (size_t i = 0; i < config->n_verdicts; i++) {
                const struct verdict *v = &config->verdicts[i];
                enum severity severity = check_severity(v);
                bool first = i == 0 || !check_same_object(v, v - 1);
                sum.objects += first;
                sum.errors += severity == SEVERITY_ERROR;
                sum.warnings += severity == SEVERITY_WARNING;
                sum.notes += severity == SEVERITY_NOTE;
        }
        return sum;
}

/* "IPAddressPool default/lan: "; what is not known is left out. */
static char *subject(const struct verdict *v)
{
        const char *namespace = v->ref.namespace, *name = v->ref.name;
        if (!v->kind[0] && !name[0])
                return xstrdup("");
        return xprintf("%s%s%s%s%s: ", v->kind, v->kind[0] && name[0] ? " " : "", name[0] ? namespace : "",
                       name[0] && namespace[0] ? "/" : "", name);
}

char *check_line(const struct verdict *v)
{
        char *who = subject(v), *where = xstrdup("");
        if (v->file) {
                free(where);
                where = v->line > 0 ? xprintf("%s:%d: ", v->file, v->line) : xprintf("%s: ", v->file);
        }
        char *line = xprintf("%s%s: %s%s (%s)", where, severity_name(check_severity(v)), who, v->message,
                             reason_name(v->reason));
        free(where);
        free(who);
        return text_clean(line); /* names of files are foreign, too */
}

static void add_text(struct json_object *to, const char *key, const char *text)
{
        json_object_object_add(to, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *problem_json(const struct verdict *v)
{
        struct json_object *out = json_object_new_object();
        add_text(out, "severity", severity_name(check_severity(v)));
        add_text(out, "file", v->file);
        json_object_object_add(out, "line", v->line > 0 ? json_object_new_int(v->line) : NULL);
        add_text(out, "group", v->ref.group);
        add_text(out, "kind", v->kind);
        add_text(out, "namespace", v->ref.namespace);
        add_text(out, "name", v->ref.name);
        add_text(out, "field", v->field);
        add_text(out, "reason", reason_name(v->reason));
        add_text(out, "message", v->message);
        return out;
}

struct json_object *check_json(const struct config *config)
{
        struct check_summary sum = check_summary(config);
        struct json_object *out = json_object_new_object(), *problems = json_object_new_array();
        json_object_object_add(out, "objects", json_object_new_int64((int64_t)sum.objects));
        json_object_object_add(out, "errors", json_object_new_int64((int64_t)sum.errors));
        json_object_object_add(out, "warnings", json_object_new_int64((int64_t)sum.warnings));
        json_object_object_add(out, "notes", json_object_new_int64((int64_t)sum.notes));
        for (size_t i = 0; i < config->n_verdicts; i++)
                if (check_severity(&config->verdicts[i]) != SEVERITY_NONE)
                        json_object_array_add(problems, problem_json(&config->verdicts[i]));
        json_object_object_add(out, "problems", problems);
        return out;
}
