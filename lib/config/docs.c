#include "config/docs.h"
#include "base/arena.h"
#include "config/entry.h"
#include "config/yaml.h"
#include "json/json.h"
#include <stdlib.h>
#include <string.h>

static const char *text_of(struct json_object *root, const char *parent, const char *key)
{
        const char *text = json_string_at(parent ? json_at(root, parent) : root, key);
        return text ? text : "";
}

const char *entry_text(const struct entry *e, const char *parent, const char *key)
{
        return text_of(e->root, parent, key);
}

struct config_docs *config_docs_new(void)
{
        return xcalloc(1, sizeof(struct config_docs));
}

static void drop(struct config_docs *docs, size_t i)
{
        json_object_put(docs->v[i].root);
        free(docs->v[i].file);
        free(docs->v[i].error);
        docs->v[i] = docs->v[--docs->n];
}

void config_docs_clear(struct config_docs *docs, enum config_origin origin)
{
        for (size_t i = docs->n; i > 0; i--)
                if (docs->v[i - 1].origin == origin)
                        drop(docs, i - 1);
}

void config_docs_free(struct config_docs *docs)
{
        if (!docs)
                return;
        while (docs->n > 0)
                drop(docs, docs->n - 1);
        free(docs->v);
        free(docs);
}

static void add(struct config_docs *docs, enum config_origin origin, const struct yaml_doc *doc)
{
        if (docs->n == docs->room) {
                docs->room = docs->room ? docs->room * 2 : 16;
                docs->v = xreallocarray(docs->v, docs->room, sizeof(docs->v[0]));
        }
        docs->v[docs->n++] = (struct entry){
                .origin = origin,
                .root = json_object_get(doc->root),
                .file = xstrdup(doc->file),
                .line = doc->line,
                .error = xstrdup(doc->error ? doc->error : ""),
        };
}

static bool same_object(struct json_object *a, struct json_object *b)
{
        static const char *const matters[] = {"uid", "creationTimestamp", "deletionTimestamp", "labels"};
        struct json_object *am = json_at(a, "metadata"), *bm = json_at(b, "metadata");
        for (size_t i = 0; i < sizeof(matters) / sizeof(matters[0]); i++)
                if (!json_object_equal(json_at(am, matters[i]), json_at(bm, matters[i])))
                        return false;
        return json_object_equal(json_at(a, "apiVersion"), json_at(b, "apiVersion")) &&
               json_object_equal(json_at(a, "spec"), json_at(b, "spec"));
}

static struct entry *find(const struct config_docs *docs, enum config_origin origin, const char *kind,
                          const char *namespace, const char *name)
{
        for (size_t i = 0; i < docs->n; i++) {
                struct entry *e = &docs->v[i];
                if (e->origin == origin && strcmp(entry_text(e, NULL, "kind"), kind) == 0 &&
                    strcmp(entry_text(e, "metadata", "name"), name) == 0 &&
                    strcmp(entry_text(e, "metadata", "namespace"), namespace) == 0)
                        return e;
        }
        return NULL;
}

bool config_docs_put(struct config_docs *docs, enum config_origin origin, struct json_object *root)
{
        const char *kind = text_of(root, NULL, "kind");
        struct entry *e = find(docs, origin, kind, text_of(root, "metadata", "namespace"),
                               text_of(root, "metadata", "name"));
        if (!e) {
                add(docs, origin, &(struct yaml_doc){.root = root, .file = ""});
                return true;
        }
        bool changed = !same_object(e->root, root);
        json_object_get(root);
        json_object_put(e->root);
        e->root = root;
        return changed;
}

struct json_object *config_docs_object(const struct config_docs *docs, enum config_origin origin,
                                       const struct ref *ref)
{
        struct entry *e = find(docs, origin, kind_name(ref->kind), ref->namespace, ref->name);
        return e ? e->root : NULL;
}

bool config_docs_remove(struct config_docs *docs, enum config_origin origin, enum kind kind,
                        const char *namespace, const char *name)
{
        struct entry *e = find(docs, origin, kind_name(kind), namespace, name);
        if (e)
                drop(docs, (size_t)(e - docs->v));
        return e != NULL;
}

static bool ends_in_yaml(const char *key)
{
        const char *dot = strrchr(key, '.');
        return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static struct yaml_docs *texts_of(struct json_object *configmap, const char *from)
{
        struct json_object *data = json_object_at(configmap, "data");
        struct yaml_docs *yaml = yaml_docs_new(NULL);
        if (!data)
                return yaml;
        json_object_object_foreach(data, key, value)
        {
                if (!ends_in_yaml(key) || !json_object_is_type(value, json_type_string))
                        continue;
                char *file = xprintf("%s%sherald-config/%s", from, *from ? ":" : "", key);
                yaml_read_text(yaml, file, json_object_get_string(value),
                               (size_t)json_object_get_string_len(value));
                free(file);
        }
        return yaml;
}

/* Takes yaml over. */
static void add_all(struct config_docs *docs, enum config_origin origin, struct yaml_docs *yaml)
{
        for (size_t i = 0; i < yaml->n; i++)
                add(docs, origin, &yaml->v[i]);
        yaml_docs_free(yaml);
}

static bool is_broken(const struct yaml_docs *yaml, const char *file)
{
        for (size_t i = 0; i < yaml->n; i++)
                if (!yaml->v[i].root && strcmp(yaml->v[i].file, file) == 0)
                        return true;
        return false;
}

static bool has_file(const struct config_docs *docs, const char *file)
{
        for (size_t i = 0; i < docs->n; i++)
                if (docs->v[i].origin == CONFIG_CONFIGMAP && docs->v[i].root &&
                    strcmp(docs->v[i].file, file) == 0)
                        return true;
        return false;
}

/* Of a key that is kept, only what is wrong with it is new. */
static void forget_kept(const struct config_docs *docs, struct yaml_docs *yaml)
{
        size_t n = 0;
        for (size_t i = 0; i < yaml->n; i++) {
                if (yaml->v[i].root && has_file(docs, yaml->v[i].file))
                        json_object_put(yaml->v[i].root);
                else
                        yaml->v[n++] = yaml->v[i];
        }
        yaml->n = n;
}

void config_docs_configmap(struct config_docs *docs, struct json_object *configmap)
{
        struct yaml_docs *yaml = texts_of(configmap, "");
        for (size_t i = docs->n; i > 0; i--) {
                struct entry *e = &docs->v[i - 1];
                if (e->origin == CONFIG_CONFIGMAP && !(e->root && is_broken(yaml, e->file)))
                        drop(docs, i - 1);
        }
        forget_kept(docs, yaml);
        add_all(docs, CONFIG_CONFIGMAP, yaml);
}

void config_docs_read(struct config_docs *docs, const struct yaml_docs *yaml)
{
        config_docs_clear(docs, CONFIG_FILE);
        for (size_t i = 0; i < yaml->n; i++) {
                struct json_object *root = yaml->v[i].root;
                if (strcmp(text_of(root, NULL, "kind"), "ConfigMap") == 0 &&
                    strcmp(text_of(root, "metadata", "name"), "herald-config") == 0)
                        add_all(docs, CONFIG_FILE, texts_of(root, yaml->v[i].file));
                else
                        add(docs, CONFIG_FILE, &yaml->v[i]);
        }
}
