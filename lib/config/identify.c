#include "config/identify.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/entry.h"
#include "config/value.h"
#include "json/json.h"
#include <string.h>

static bool is_one_of(const char *word, const char *const *words)
{
        for (; *words; words++)
                if (strcmp(word, *words) == 0)
                        return true;
        return false;
}

/* Notes and refusals about the document as a whole: no path in front. */
static void skip(struct reading *r, const char *why)
{
        problems_add(r->problems,
                     (struct verdict){.ref = r->ref,
                                      .valid = true,
                                      .reason = REASON_UNKNOWN_KIND,
                                      .message = arena_printf(r->arena, "%s", why),
                                      .kind = r->kind,
                                      .file = r->doc->file[0] ? arena_strdup(r->arena, r->doc->file) : NULL,
                                      .line = r->doc->line,
                                      .field = ""});
}

static void refuse_key(struct reading *r, const char *key, enum reason reason, const char *text)
{
        size_t path = path_field(r, key);
        refuse(r, json_at(r->doc->root, key), reason, "%s", text);
        path_pop(r, path);
}

static bool is_cluster_kind(const char *group, const char *kind)
{
        static const char *const core[] = {"Service",   "Node",  "Namespace", "Secret",
                                           "ConfigMap", "Event", NULL};
        return strcmp(group, "") == 0
                       ? is_one_of(kind, core)
                       : strcmp(group, "discovery.k8s.io") == 0 && strcmp(kind, "EndpointSlice") == 0;
}

/* MetalLB has all of our kinds but one. */
static bool is_config_kind(const char *group, const char *name)
{
        enum kind kind = kind_parse(name);
        return kind_table(kind) != NULL && !(kind == KIND_SETTINGS && strcmp(group, "metallb.io") == 0);
}

/* A kind of one of our two groups that is not read: known for later, or mistyped. */
static void judge_kind(struct reading *r)
{
        static const char *const later[] = {
                "BFDProfile",      "Community",        "NodeState",
                "ServiceL2Status", "ServiceBGPStatus", "ConfigurationState", NULL};
        const char *near = NULL;
        int distance = 4;
        if (is_one_of(r->kind, later)) {
                skip(r, "objects of this kind have no effect yet");
                return;
        }
        for (size_t i = 0; i < n_kind_tables; i++) {
                int d = edit_distance(r->kind, kind_name(kind_tables[i].kind));
                if (d < distance) {
                        distance = d;
                        near = kind_name(kind_tables[i].kind);
                }
        }
        size_t path = path_field(r, "kind");
        if (near)
                refuse(r, json_at(r->doc->root, "kind"), REASON_UNKNOWN_KIND,
                       "%s is not a kind of %s; did you mean %s?", r->kind, r->ref.group, near);
        else
                refuse(r, json_at(r->doc->root, "kind"), REASON_UNKNOWN_KIND,
                       "%s is not a kind of %s; remove it", r->kind, r->ref.group);
        path_pop(r, path);
}

static void judge_version(struct reading *r, const char *version)
{
        bool herald = strcmp(r->ref.group, "heraldlb.io") == 0, peer = r->ref.kind == KIND_BGPPEER;
        bool v1beta1 = strcmp(version, "v1beta1") == 0, v1beta2 = strcmp(version, "v1beta2") == 0;
        r->version = herald ? API_HERALD : peer && !v1beta1 ? API_METALLB_V1BETA2 : API_METALLB_V1BETA1;
        if (herald && strcmp(version, "v1alpha1") != 0)
                refuse_key(r, "apiVersion", REASON_INVALID_VALUE,
                           "is not a known version; write heraldlb.io/v1alpha1");
        if (!herald && !v1beta1 && !(peer && v1beta2))
                refuse_key(r, "apiVersion", REASON_INVALID_VALUE,
                           peer ? "is not a known version; write metallb.io/v1beta2"
                                : "is not a known version; write metallb.io/v1beta1");
}

/* The API server has checked metadata of its own objects; in files a slip of the pen would go unseen. */
static void judge_metadata(struct reading *r, struct json_object *metadata)
{
        static const char *const known[] = {"name",
                                            "namespace",
                                            "labels",
                                            "annotations",
                                            "uid",
                                            "resourceVersion",
                                            "generation",
                                            "creationTimestamp",
                                            "generateName",
                                            "deletionTimestamp",
                                            "ownerReferences",
                                            "managedFields",
                                            "finalizers",
                                            "selfLink",
                                            "deletionGracePeriodSeconds",
                                            NULL};
        static const char *const top[] = {"apiVersion", "kind", "metadata", "spec", "status", NULL};
        json_object_object_foreach(r->doc->root, key, value)
        {
                if (!is_one_of(key, top))
                        refuse_unknown(r, value, key, top);
        }
        if (!json_object_is_type(metadata, json_type_object))
                return;
        size_t path = path_field(r, "metadata");
        json_object_object_foreach(metadata, name, item)
        {
                if (!is_one_of(name, known))
                        refuse_unknown(r, item, name, known);
        }
        path_pop(r, path);
}

static void judge_name(struct reading *r, struct json_object *metadata)
{
        struct json_object *name = json_at(metadata, "name");
        size_t path = path_field(r, "metadata");
        path_field(r, "name");
        if (!name)
                refuse(r, metadata, REASON_MISSING_FIELD, "is missing; give the object a name");
        else if (!json_string(name) || !name_is_valid(json_string(name)))
                refuse(r, name, REASON_INVALID_VALUE,
                       "%s is not a name; names have a-z, 0-9, dashes and dots", shown(r, name));
        path_pop(r, path);
}

static void read_metadata(struct reading *r, struct identity *id)
{
        struct json_object *metadata = json_at(r->doc->root, "metadata"),
                           *labels = json_at(metadata, "labels");
        if (r->doc->origin == CONFIG_FILE || r->doc->origin == CONFIG_CONFIGMAP)
                judge_metadata(r, metadata);
        judge_name(r, metadata);
        if (labels) {
                size_t path = path_field(r, "metadata");
                path_field(r, "labels");
                read_labels(r, labels, false, &id->labels);
                path_pop(r, path);
        }
        if (!wall_parse(entry_text(r->doc, "metadata", "creationTimestamp"), &id->created))
                id->created = INT64_MAX;
}

static int rank_of(const struct reading *r)
{
        int herald = strcmp(r->ref.group, "heraldlb.io") == 0;
        return (int)r->doc->origin * 2 + herald;
}

/* A text of the document as others may print it. */
static char *text_of(struct reading *r, const char *parent, const char *key)
{
        const char *text = entry_text(r->doc, parent, key);
        char shown[254];
        text_printable(shown, sizeof(shown), text);
        return arena_strdup(r->arena, shown);
}

static void read_ref(struct reading *r, const char **version)
{
        char *group = text_of(r, NULL, "apiVersion"), *slash = strchr(group, '/');
        *version = arena_strdup(r->arena, slash ? slash + 1 : group);
        group[slash ? slash - group : 0] = 0;
        r->kind = text_of(r, NULL, "kind");
        r->ref = (struct ref){.group = group,
                              .namespace = text_of(r, "metadata", "namespace"),
                              .name = text_of(r, "metadata", "name"),
                              .uid = text_of(r, "metadata", "uid"),
                              .rv = text_of(r, "metadata", "resourceVersion")};
        r->line = r->doc->line;
}

struct identity identify(struct reading *r)
{
        struct identity id = {.created = INT64_MAX};
        const char *version;
        read_ref(r, &version);
        const char *group = r->ref.group;
        if (!*r->kind) {
                refuse_key(r, "kind", REASON_MISSING_FIELD, "is missing; say what the document is");
        } else if (strcmp(group, "heraldlb.io") != 0 && strcmp(group, "metallb.io") != 0) {
                id.other = is_cluster_kind(group, r->kind);
                bool typo = edit_distance(group, "heraldlb.io") < 3 || edit_distance(group, "metallb.io") < 3;
                bool no_group = !*group && is_config_kind(group, r->kind);
                if (typo || no_group)
                        refuse_key(r, "apiVersion", REASON_INVALID_VALUE,
                                   "has an unknown group; write heraldlb.io/v1alpha1");
                else if (!id.other)
                        skip(r, "is not configuration of HeraldLB; skipped");
        } else if (!is_config_kind(group, r->kind)) {
                judge_kind(r);
        } else {
                id.ours = true;
                r->ref.kind = kind_parse(r->kind);
                id.rank = rank_of(r);
                judge_version(r, version);
                read_metadata(r, &id);
        }
        return id;
}
