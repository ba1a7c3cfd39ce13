/*
 * A change of a file costs that file: its documents are compared with what it held before. Configuration is
 * the exception, for a config is built as a whole: when a file with configuration changes, all such files are
 * read again. A file whose text cannot be read keeps the objects that it had; a daemon must not withdraw a
 * service for a typo.
 */
#include "source_dir.h"
#include "base/arena.h"
#include "base/log.h"
#include "config/docs.h"
#include "config/yaml.h"
#include "control.h"
#include "dir_watch.h"
#include "k8s/decode.h"
#include "model/write.h"
#include "status_dir.h"
#include "store/store.h"
#include "json/json.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

struct object {    /* one object of the cluster, and the file it stands in */
        char *key; /* "Service default/web" */
        struct file *file;
        struct ref ref;
        unsigned seen;
        UT_hash_handle hh;
};

struct file {
        char *name;
        bool has_config;
        UT_hash_handle hh;
};

struct dirty { /* a file name to look at */
        char *name;
        bool in_status;
        UT_hash_handle hh;
};

struct dir_source {
        struct control *control;
        char *dir, *status_dir;
        const char *node;
        struct dir_watch *watch;
        struct object *objects;
        struct file *files;
        struct dirty *dirty;
        unsigned round;
        bool config_dirty, leader, started;
};

static bool is_document(const char *name)
{
        const char *dot = strrchr(name, '.');

        return name[0] != '.' && dot &&
               (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static bool is_core(enum kind kind)
{
        return kind >= KIND_SERVICE && kind <= KIND_NAMESPACE;
}

static char *object_key(const struct ref *ref)
{
        return xprintf("%s %s/%s", kind_name(ref->kind), ref->namespace, ref->name);
}

/* objects */

/* An object that cannot be used is as good as none. */
static void put_fact(struct dir_source *source, const struct object *object, struct json_object *root)
{
        const char *why;
        struct fact *fact = decode_fact(root, &why);

        if (fact) {
                store_put(control_store(source->control), fact);
                return;
        }
        log_warn("standalone", "%s in %s cannot be used: %s", object->key, object->file->name, why);
        store_drop(control_store(source->control), &object->ref);
}

static void put_object(struct dir_source *source, struct object *object, struct json_object *root)
{
        struct json_object *whole = object->ref.kind == KIND_SERVICE
                                            ? status_apply(source->status_dir, &object->ref, root)
                                            : json_object_get(root);

        put_fact(source, object, whole);
        json_object_put(whole);
}

static void free_object(struct dir_source *source, struct object *object)
{
        HASH_DEL(source->objects, object);
        free((char *)(uintptr_t)object->ref.namespace);
        free((char *)(uintptr_t)object->ref.name);
        free(object->key);
        free(object);
}

/* A Service that is gone leaves no status behind; the leader cleans up. */
static void forget_object(struct dir_source *source, struct object *object)
{
        store_drop(control_store(source->control), &object->ref);
        if (source->leader && object->ref.kind == KIND_SERVICE)
                status_remove(source->status_dir, &object->ref);
        free_object(source, object);
}

static struct object *find_or_add(struct dir_source *source, struct file *file, const struct ref *ref)
{
        char *key = object_key(ref);
        struct object *object;

        HASH_FIND_STR(source->objects, key, object);
        if (object) {
                free(key);
                if (object->file != file)
                        log_warn("standalone", "%s stands in %s and in %s; the later read one counts",
                                 object->key, object->file->name, file->name);
                object->file = file;
                return object;
        }
        object = xcalloc(1, sizeof(*object));
        object->key = key;
        object->file = file;
        object->ref = (struct ref){.kind = ref->kind,
                                   .group = "",
                                   .namespace = xstrdup(ref->namespace),
                                   .name = xstrdup(ref->name),
                                   .uid = "",
                                   .rv = ""};
        HASH_ADD_KEYPTR(hh, source->objects, object->key, strlen(object->key), object);
        return object;
}

/* files */

static struct file *file_of(struct dir_source *source, const char *name)
{
        struct file *file;

        HASH_FIND_STR(source->files, name, file);
        if (!file) {
                file = xcalloc(1, sizeof(*file));
                file->name = xstrdup(name);
                HASH_ADD_KEYPTR(hh, source->files, file->name, strlen(file->name), file);
        }
        return file;
}

static void tell_unreadable(const struct yaml_doc *doc)
{
        log_error("standalone", "%s: line %d: %s; the objects that this file had are kept", doc->file,
                  doc->line, doc->error);
}

/* Puts what the document holds; false if it could not be read. */
static bool take_document(struct dir_source *source, struct file *file, const struct yaml_doc *doc,
                          bool *config)
{
        const char *why = doc->error;
        struct ref ref;

        if (!doc->root || !decode_ref(doc->root, &ref, &why)) {
                if (!doc->root)
                        tell_unreadable(doc);
                else
                        *config = true; /* config_build() says what is wrong with it */
                return doc->root != NULL;
        }
        if (is_core(ref.kind)) {
                struct object *object = find_or_add(source, file, &ref);

                object->seen = source->round;
                put_object(source, object, doc->root);
        } else {
                *config = true;
        }
        return true;
}

/* False if there is no such file. */
static bool read_file(struct dir_source *source, struct yaml_docs *docs, const char *name)
{
        char *path = xprintf("%s/%s", source->dir, name);
        bool exists = access(path, F_OK) == 0;

        if (exists)
                yaml_read_file(docs, path);
        free(path);
        return exists;
}

static void read_one(struct dir_source *source, const char *name)
{
        struct yaml_docs *docs = yaml_docs_new(NULL);
        struct file *file = file_of(source, name);
        bool config = false, whole = true, exists = read_file(source, docs, name);
        struct object *object, *next;

        source->round++;
        for (size_t i = 0; i < docs->n; i++)
                whole &= take_document(source, file, &docs->v[i], &config);
        if (whole) {
                HASH_ITER (hh, source->objects, object, next) {
                        if (object->file == file && object->seen != source->round)
                                forget_object(source, object);
                }
        }
        if (config || file->has_config)
                source->config_dirty = true;
        file->has_config = whole ? config : config || file->has_config;
        if (!exists) {
                HASH_DEL(source->files, file);
                free(file->name);
                free(file);
        }
        yaml_docs_free(docs);
}

static int by_name(struct file *a, struct file *b)
{
        return strcmp(a->name, b->name);
}

static void read_config(struct dir_source *source)
{
        struct yaml_docs *docs = yaml_docs_new(NULL);

        HASH_SORT(source->files, by_name);
        control_config_paths(source->control, docs);
        for (struct file *file = source->files; file; file = file->hh.next)
                if (file->has_config)
                        read_file(source, docs, file->name);
        config_docs_read(control_docs(source->control), docs);
        yaml_docs_free(docs);
        control_config_changed(source->control);
        source->config_dirty = false;
}

/* DIR/status */

/* Its Service is read again, from the file that it stands in; one that is gone leaves nothing behind. */
static void status_changed(struct dir_source *source, const char *file, bool orphans_only)
{
        struct ref ref = {.kind = KIND_SERVICE};
        char *namespace, *name, *key;
        struct object *object;

        if (!status_owner(file, &namespace, &name))
                return;
        ref.namespace = namespace;
        ref.name = name;
        key = object_key(&ref);
        HASH_FIND_STR(source->objects, key, object);
        if (!object && source->leader)
                status_remove(source->status_dir, &ref);
        else if (object && !orphans_only) {
                bool config_dirty = source->config_dirty;

                read_one(source, object->file->name);
                source->config_dirty = config_dirty; /* the file itself did not change */
        }
        free(key);
        free(namespace);
        free(name);
}

void dir_source_write(void *arg, struct write *write)
{
        struct dir_source *source = arg;

        if (write->type == WRITE_STATUS && !status_write(source->status_dir, write))
                control_write_failed(source->control, write, LEAD_REFUSED);
        else if (write->type == WRITE_EVENT)
                log_line(write->warning ? LOG_WARN : LOG_INFO, "event", "%s %s/%s: %s: %s",
                         kind_name(write->ref.kind), write->ref.namespace, write->ref.name,
                         reason_name(write->reason), write->message);
        write_free(write);
}

/* events */

static void mark(struct dir_source *source, const char *name, bool in_status)
{
        char key[NAME_MAX + 2];
        struct dirty *dirty;

        if (!is_document(name))
                return;
        snprintf(key, sizeof(key), "%c%s", in_status ? 's' : 'd', name);
        HASH_FIND_STR(source->dirty, key, dirty);
        if (dirty)
                return;
        dirty = xcalloc(1, sizeof(*dirty));
        dirty->name = xstrdup(key);
        dirty->in_status = in_status;
        HASH_ADD_KEYPTR(hh, source->dirty, dirty->name, strlen(dirty->name), dirty);
}

static void scan(struct dir_source *source, const char *path, bool in_status)
{
        DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                mark(source, entry->d_name, in_status);
        if (dir)
                closedir(dir);
}

static int by_key(struct dirty *a, struct dirty *b)
{
        return strcmp(a->name, b->name); /* documents, then status files */
}

/* The first node by name writes; without any Node document this node is the only one. */
static bool is_leader(struct dir_source *source)
{
        struct store_cursor cursor = {0};
        const struct fact *node;

        while ((node = store_next(control_store(source->control), KIND_NODE, &cursor)))
                if (strcmp(node->ref.name, source->node) < 0)
                        return false;
        return true;
}

static void catch_up(struct dir_source *source)
{
        struct dirty *dirty, *next;

        HASH_SORT(source->dirty, by_key);
        HASH_ITER (hh, source->dirty, dirty, next) {
                HASH_DEL(source->dirty, dirty);
                if (dirty->in_status)
                        status_changed(source, dirty->name + 1, !source->started);
                else
                        read_one(source, dirty->name + 1);
                free(dirty->name);
                free(dirty);
        }
        source->leader = is_leader(source);
        control_set_leader(source->control, source->leader, 0);
        if (source->config_dirty)
                read_config(source);
        control_changed(source->control);
}

static void look_at_everything(void *arg)
{
        struct dir_source *source = arg;

        scan(source, source->dir, false);
        for (struct file *file = source->files; file; file = file->hh.next)
                mark(source, file->name, false);
        scan(source, source->status_dir, true);
}

static void on_changed(void *arg, const char *name, bool in_status)
{
        mark(arg, name, in_status);
}

static void on_settled(void *arg)
{
        struct dir_source *source = arg;

        if (source->dirty)
                catch_up(source);
}

static const struct dir_watch_handler handler = {
        .changed = on_changed, .everything = look_at_everything, .settled = on_settled};

struct dir_source *dir_source_new(struct loop *loop, struct control *control, const char *dir,
                                  const char *node, char **why)
{
        struct dir_source *source = xcalloc(1, sizeof(*source));

        source->control = control;
        source->dir = xstrdup(dir);
        source->status_dir = xprintf("%s/status", dir);
        source->node = node;
        source->watch = dir_watch_new(loop, dir, source->status_dir, &handler, source, why);
        if (!source->watch) {
                dir_source_free(source);
                return NULL;
        }
        scan(source, source->dir, false);
        source->config_dirty = true;
        catch_up(source);
        scan(source, source->status_dir, true); /* of Services of the past; the others were read with them */
        catch_up(source);
        source->started = true;
        control_synced(control);
        return source;
}

void dir_source_free(struct dir_source *source)
{
        struct object *object, *next_object;
        struct file *file, *next_file;

        dir_watch_free(source->watch);
        HASH_ITER (hh, source->objects, object, next_object) {
                free_object(source, object);
        }
        HASH_ITER (hh, source->files, file, next_file) {
                HASH_DEL(source->files, file);
                free(file->name);
                free(file);
        }
        free(source->dir);
        free(source->status_dir);
        free(source);
}
