/*
 * A change of a file costs that file: its documents are compared with what it held before. What changed
 * together is looked at together: first every file is read, then what no file holds any more is forgotten, so
 * that a file may be renamed or split without a Service noticing. A file whose text cannot be read keeps what
 * it had, objects and configuration: a daemon must not withdraw a service for a typo. A config is built as a
 * whole, from what the files held when they could last be read.
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

struct object {            /* one object of the cluster, and the file it stands in */
        char *key;         /* "Service default/web" */
        struct file *file; /* NULL: none any more */
        bool copied;       /* another file holds it too, or held it */
        struct ref ref;
        unsigned seen;
        UT_hash_handle hh;
};

struct file {
        char *name;
        struct yaml_docs
                *config; /* all its documents, if there is configuration among them; NULL otherwise */
        UT_hash_handle hh;
};

struct dirty { /* a file to look at: "d" and its name, or "s" and the name of a status file */
        char *key;
        bool status_only; /* of a document file: it is the status of a Service in it that changed */
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
        bool config_dirty, leader;
};

static bool is_core(enum kind kind)
{
        return kind >= KIND_SERVICE && kind <= KIND_NAMESPACE;
}

/* what is to be looked at */

static struct dirty *mark_key(struct dir_source *source, char kind, const char *name)
{
        char *key = xprintf("%c%s", kind, name);
        struct dirty *dirty;

        HASH_FIND_STR(source->dirty, key, dirty);
        if (dirty) {
                free(key);
                return dirty;
        }
        dirty = xcalloc(1, sizeof(*dirty));
        dirty->key = key;
        dirty->status_only = true;
        HASH_ADD_KEYPTR(hh, source->dirty, dirty->key, strlen(dirty->key), dirty);
        return dirty;
}

static void mark(struct dir_source *source, const char *name, bool in_status)
{
        if (yaml_is_document(name))
                mark_key(source, in_status ? 's' : 'd', name)->status_only = false;
}

static void free_dirty(struct dir_source *source, struct dirty *dirty)
{
        HASH_DEL(source->dirty, dirty);
        free(dirty->key);
        free(dirty);
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

static void mark_documents(struct dir_source *source)
{
        scan(source, source->dir, false);
        for (struct file *file = source->files; file; file = file->hh.next)
                mark(source, file->name, false);
}

/* objects */

static char *object_key(const struct ref *ref)
{
        return xprintf("%s %s/%s", kind_name(ref->kind), ref->namespace, ref->name);
}

static struct object *find(struct dir_source *source, const struct ref *ref)
{
        char *key = object_key(ref);
        struct object *object;

        HASH_FIND_STR(source->objects, key, object);
        free(key);
        return object;
}

static struct object *find_or_add(struct dir_source *source, struct file *file, const struct ref *ref)
{
        struct object *object = find(source, ref);

        if (object) {
                if (object->file && object->file != file) {
                        object->copied = true;
                        log_warn("standalone", "%s stands in %s and in %s; the later read one counts",
                                 object->key, object->file->name, file->name);
                }
                object->file = file;
                return object;
        }
        object = xcalloc(1, sizeof(*object));
        object->key = object_key(ref);
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

/* An object that cannot be used is as good as none. A resourceVersion that came along means nothing here. */
static void put_fact(struct dir_source *source, const struct object *object, struct json_object *root)
{
        const char *why;
        struct fact *fact = decode_fact(root, &why);

        if (fact) {
                fact->ref.rv = "";
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

        object->seen = source->round;
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

static void free_file(struct dir_source *source, struct file *file)
{
        HASH_DEL(source->files, file);
        yaml_docs_free(file->config);
        free(file->name);
        free(file);
}

/* Puts what the document holds; true if that is configuration. */
static bool take_document(struct dir_source *source, struct file *file, const struct yaml_doc *doc)
{
        const char *why;
        struct ref ref;

        if (!doc->root) {
                log_error("standalone", "%s: line %d: %s; what this file had is kept", doc->file, doc->line,
                          doc->error);
                return false;
        }
        if (!decode_ref(doc->root, &ref, &why) || !is_core(ref.kind))
                return true; /* config_build() says what is wrong with it */
        put_object(source, find_or_add(source, file, &ref), doc->root);
        return false;
}

/* Takes docs over. status_only: the file is as it was, only its Services were put again. */
static void keep_config(struct dir_source *source, struct file *file, struct yaml_docs *docs, bool config,
                        bool whole, bool status_only)
{
        if (status_only || (!whole && file->config)) {
                yaml_docs_free(docs);
                return;
        }
        source->config_dirty |= config || file->config;
        yaml_docs_free(file->config);
        file->config = config ? docs : NULL;
        if (!config)
                yaml_docs_free(docs);
}

static void read_one(struct dir_source *source, const char *name, bool status_only)
{
        struct yaml_docs *docs = yaml_docs_new(NULL);
        struct file *file = file_of(source, name);
        char *path = xprintf("%s/%s", source->dir, name);
        bool exists = access(path, F_OK) == 0, config = false, whole = true;

        source->round++;
        if (exists)
                yaml_read_file(docs, path);
        for (size_t i = 0; i < docs->n; i++) {
                config |= take_document(source, file, &docs->v[i]);
                whole &= docs->v[i].root != NULL;
        }
        for (struct object *o = source->objects; whole && o; o = o->hh.next)
                if (o->file == file && o->seen != source->round)
                        o->file = NULL;
        keep_config(source, file, docs, config, whole, status_only);
        if (!exists)
                free_file(source, file);
        free(path);
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
        control_secrets_begin(source->control);
        for (struct file *file = source->files; file; file = file->hh.next)
                for (size_t i = 0; file->config && i < file->config->n; i++) {
                        control_secret(source->control, file->config->v[i].root);
                        yaml_add_document(docs, &file->config->v[i]);
                }
        config_docs_read(control_docs(source->control), docs);
        yaml_docs_free(docs);
        control_config_changed(source->control);
        source->config_dirty = false;
}

/* DIR/status: a Service is read again from the file that it stands in; one that is gone leaves nothing
 * behind. */
static void status_changed(struct dir_source *source, const char *file)
{
        struct ref ref = {.kind = KIND_SERVICE};
        struct object *object;
        char *namespace, *name;

        if (!status_owner(file, &namespace, &name))
                return;
        ref.namespace = namespace;
        ref.name = name;
        object = find(source, &ref);
        if (object && object->file)
                mark_key(source, 'd', object->file->name);
        else if (!object && source->leader)
                status_remove(source->status_dir, &ref);
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

/* batches */

static int by_key(struct dirty *a, struct dirty *b)
{
        return strcmp(a->key, b->key); /* the same order on every node */
}

static void read_dirty(struct dir_source *source, char kind)
{
        struct dirty *dirty, *next;

        HASH_SORT(source->dirty, by_key);
        HASH_ITER (hh, source->dirty, dirty, next) {
                if (dirty->key[0] != kind)
                        continue;
                if (kind == 's')
                        status_changed(source, dirty->key + 1);
                else
                        read_one(source, dirty->key + 1, dirty->status_only);
                free_dirty(source, dirty);
        }
}

/* What lost its file and once stood in several may still stand in another: all are read again. */
static void forget_orphans(struct dir_source *source)
{
        struct object *object, *next;
        bool copied = false;

        HASH_ITER (hh, source->objects, object, next) {
                copied |= !object->file && object->copied;
                if (!object->file)
                        object->copied = false;
        }
        if (copied) {
                mark_documents(source);
                read_dirty(source, 'd');
        }
        HASH_ITER (hh, source->objects, object, next) {
                if (!object->file)
                        forget_object(source, object);
        }
}

/* The first node by name writes, if it is one of them; without any Node document this node is the only one.
 */
static bool is_leader(struct dir_source *source)
{
        struct store_cursor cursor = {0};
        const struct fact *node;
        bool any = false, own = false;

        while ((node = store_next(control_store(source->control), KIND_NODE, &cursor))) {
                if (strcmp(node->ref.name, source->node) < 0)
                        return false;
                any = true;
                own |= strcmp(node->ref.name, source->node) == 0;
        }
        return own || !any;
}

static void catch_up(struct dir_source *source)
{
        read_dirty(source, 'd');
        read_dirty(source, 's');
        read_dirty(source, 'd'); /* the files of Services whose status changed */
        forget_orphans(source);
        source->leader = is_leader(source);
        control_set_leader(source->control, source->leader, 0);
        if (source->config_dirty)
                read_config(source);
        control_changed(source->control);
}

static void on_changed(void *arg, const char *name, bool in_status)
{
        mark(arg, name, in_status);
}

static void on_everything(void *arg)
{
        struct dir_source *source = arg;

        mark_documents(source);
        scan(source, source->status_dir, true);
}

static void on_settled(void *arg)
{
        struct dir_source *source = arg;

        if (source->dirty)
                catch_up(source);
}

static const struct dir_watch_handler handler = {
        .changed = on_changed, .everything = on_everything, .settled = on_settled};

/* Status files of Services that are gone; the others were read with their Services. */
static void remove_leftovers(struct dir_source *source)
{
        struct dirty *dirty, *next;

        scan(source, source->status_dir, true);
        read_dirty(source, 's');
        HASH_ITER (hh, source->dirty, dirty, next) {
                free_dirty(source, dirty);
        }
}

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
        mark_documents(source);
        source->config_dirty = true;
        catch_up(source);
        remove_leftovers(source);
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
                free_file(source, file);
        }
        free(source->dir);
        free(source->status_dir);
        free(source);
}
