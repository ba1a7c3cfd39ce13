#include "status_dir.h"
#include "base/arena.h"
#include "base/log.h"
#include "config/yaml.h"
#include "k8s/write_body.h"
#include "model/write.h"
#include "json/json.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *file_of(const char *dir, const struct ref *ref, const char *hidden)
{
        return xprintf("%s/%s%s_%s.json", dir, hidden, ref->namespace, ref->name);
}

/* Puts every member of from into to, values shared; null takes a member away, as in a merge patch (RFC 7396).
 */
static void add_members(struct json_object *to, struct json_object *from)
{
        if (!from)
                return;
        json_object_object_foreach(from, key, value)
        {
                if (value)
                        json_object_object_add(to, key, json_object_get(value));
                else
                        json_object_object_del(to, key);
        }
}

static struct json_object *with_status(struct json_object *base, struct json_object *status)
{
        struct json_object *whole = json_object_new_object(), *meta = json_object_new_object();
        struct json_object *notes = json_object_new_object(), *old = json_object_at(base, "metadata");

        add_members(notes, json_object_at(old, "annotations"));
        add_members(notes, json_object_at(json_object_at(status, "metadata"), "annotations"));
        add_members(meta, old);
        json_object_object_add(meta, "annotations", notes);
        add_members(whole, base);
        json_object_object_add(whole, "metadata", meta);
        json_object_object_add(whole, "status", json_object_get(json_object_at(status, "status")));
        return whole;
}

struct json_object *status_apply(const char *dir, const struct ref *ref, struct json_object *service)
{
        struct yaml_docs *docs = yaml_docs_new(NULL);
        char *path = file_of(dir, ref, "");
        struct json_object *whole;

        if (access(path, F_OK) == 0)
                yaml_read_file(docs, path);
        if (docs->n && !docs->v[0].root)
                log_error("standalone", "%s cannot be read: %s; the Service counts as one without addresses",
                          path, docs->v[0].error);
        whole = docs->n && docs->v[0].root ? with_status(service, docs->v[0].root) : json_object_get(service);
        free(path);
        yaml_docs_free(docs);
        return whole;
}

/* The same patch that the API server would get, without its guards and conditions: it is its own record of what
 * it is for, and nobody would keep the conditions true. */
static struct json_object *status_json(const struct write *write)
{
        struct json_object *root = write_status_patch(write, 0), *meta = json_object_at(root, "metadata");

        json_object_object_del(json_object_at(root, "status"), "conditions");
        json_object_object_del(meta, "uid");
        json_object_object_del(meta, "resourceVersion");
        json_object_object_add(meta, "namespace", json_object_new_string(write->ref.namespace));
        json_object_object_add(meta, "name", json_object_new_string(write->ref.name));
        json_object_object_add(root, "apiVersion", json_object_new_string("v1"));
        json_object_object_add(root, "kind", json_object_new_string("Service"));
        return root;
}

bool status_write(const char *dir, const struct write *write)
{
        char *path = file_of(dir, &write->ref, ""), *temp = file_of(dir, &write->ref, ".");
        struct json_object *root = status_json(write);
        bool ok =
                json_object_to_file_ext(temp, root, JSON_C_TO_STRING_PRETTY) == 0 && rename(temp, path) == 0;

        if (!ok)
                log_error("standalone", "cannot write %s: %s", path, strerror(errno));
        json_object_put(root);
        free(path);
        free(temp);
        return ok;
}

void status_remove(const char *dir, const struct ref *ref)
{
        char *path = file_of(dir, ref, "");

        if (unlink(path) < 0 && errno != ENOENT)
                log_warn("standalone", "cannot remove %s: %s", path, strerror(errno));
        free(path);
}

bool status_owner(const char *file, char **namespace, char **name)
{
        const char *bar = strchr(file, '_'), *dot = strrchr(file, '.');

        if (!bar || !dot || bar > dot || strcmp(dot, ".json") != 0)
                return false;
        *namespace = xprintf("%.*s", (int)(bar - file), file);
        *name = xprintf("%.*s", (int)(dot - bar - 1), bar + 1);
        return true;
}
