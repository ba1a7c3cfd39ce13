#include "status_dir.h"
#include "base/arena.h"
#include "base/log.h"
#include "config/yaml.h"
#include "k8s/decode.h"
#include "k8s/json.h"
#include "model/write.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *file_of(const char *dir, const struct ref *ref, const char *hidden)
{
        return xprintf("%s/%s%s_%s.json", dir, hidden, ref->namespace, ref->name);
}

/* Puts every member of from into to; values are shared. */
static void add_members(struct json_object *to, struct json_object *from)
{
        if (!from)
                return;
        json_object_object_foreach(from, key, value)
        {
                json_object_object_add(to, key, json_object_get(value));
        }
}

/* The Service as the API server would show it: what the user wrote, with the status and annotations of the
 * leader. */
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
                yaml_read_path(docs, path);
        if (docs->n && !docs->v[0].root)
                log_error("standalone", "%s cannot be read: %s; the Service counts as one without addresses",
                          path, docs->v[0].error);
        whole = docs->n && docs->v[0].root ? with_status(service, docs->v[0].root) : json_object_get(service);
        free(path);
        yaml_docs_free(docs);
        return whole;
}

static struct json_object *status_json(const struct write *write)
{
        struct json_object *root = json_object_new_object(), *meta = json_object_new_object();
        struct json_object *notes = json_object_new_object(), *ingress = json_object_new_array();
        struct json_object *balancer = json_object_new_object(), *status = json_object_new_object();
        char text[IP_STRLEN];

        json_object_object_add(root, "apiVersion", json_object_new_string("v1"));
        json_object_object_add(root, "kind", json_object_new_string("Service"));
        json_object_object_add(meta, "namespace", json_object_new_string(write->ref.namespace));
        json_object_object_add(meta, "name", json_object_new_string(write->ref.name));
        if (write->pool)
                json_object_object_add(notes, ANNOTATION_PREFIX ANNOTATION_POOL,
                                       json_object_new_string(write->pool));
        json_object_object_add(meta, "annotations", notes);
        json_object_object_add(root, "metadata", meta);
        for (size_t i = 0; i < write->n_ips; i++) {
                struct json_object *entry = json_object_new_object();

                json_object_object_add(entry, "ip", json_object_new_string(ip_str(write->ips[i], text)));
                json_object_object_add(entry, "ipMode", json_object_new_string("VIP"));
                json_object_array_add(ingress, entry);
        }
        json_object_object_add(balancer, "ingress", ingress);
        json_object_object_add(status, "loadBalancer", balancer);
        json_object_object_add(root, "status", status);
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
