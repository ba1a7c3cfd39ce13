#include "lead/objects.h"
#include "base/text.h"
#include "ipam/ipam.h"
#include "json/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

static const char ACCEPTED[] = "Accepted";
static const int64_t PATIENCE = 30 * SEC; /* for the watch to show what was written */

struct told {
        char *uid; /* key */
        uint64_t digest;
        struct mono at;
        UT_hash_handle hh;
};

struct objects {
        struct told *told;
};

struct saying { /* what the status of one object should say */
        const struct verdict *first;
        size_t problems;
        char *message;
        const struct pool *pool; /* NULL: it is none */
        int64_t assigned[2], available[2];
};

struct objects *objects_new(void)
{
        return xcalloc(1, sizeof(struct objects));
}

static void forget(struct objects *objects, struct told *told)
{
        HASH_DEL(objects->told, told);
        free(told->uid);
        free(told);
}

void objects_free(struct objects *objects)
{
        struct told *told, *next;
        if (!objects)
                return;
        HASH_ITER (hh, objects->told, told, next) {
                forget(objects, told);
        }
        free(objects);
}

void objects_failed(struct objects *objects, const struct ref *ref)
{
        struct told *told;
        HASH_FIND_STR(objects->told, ref->uid, told);
        if (told)
                forget(objects, told);
}

/* ---- what should stand there ---- */

static const struct pool *pool_of(const struct config *config, const struct ref *ref)
{
        if (ref->kind != KIND_IPADDRESSPOOL)
                return NULL;
        for (size_t i = 0; i < config->n_pools; i++)
                if (strcmp(config->pools[i].ref.uid, ref->uid) == 0)
                        return &config->pools[i];
        return NULL;
}

static void count(struct saying *saying, const struct config *config, const struct pool_use *use)
{
        saying->pool = pool_of(config, &saying->first->ref);
        for (size_t i = 0; saying->pool && i < 2; i++) {
                int64_t size = ipam_pool_size(saying->pool, i ? IP_V6 : IP_V4);
                saying->assigned[i] = use[saying->pool - config->pools].assigned[i];
                saying->available[i] = !saying->pool->valid || size < saying->assigned[i]
                                               ? 0
                                               : size - saying->assigned[i];
        }
}

static char *message_of(const struct saying *saying)
{
        const struct verdict *verdict = saying->first;
        const char *text = verdict->message && *verdict->message ? verdict->message : reason_sentence(verdict->reason);
        char *whole = saying->problems > 1 ? xprintf("%s (and %zu more problems)", text, saying->problems - 1)
                                           : xstrdup(text);
        char *shown = text_cut(whole, CONDITION_MESSAGE_MAX);
        free(whole);
        return shown;
}

/* ---- what stands there ---- */

static struct json_object *condition_in(struct json_object *root)
{
        struct json_object *list = json_array_at(json_object_at(root, "status"), "conditions");
        for (size_t i = 0; i < json_count(list); i++) {
                const char *type = json_string_at(json_item(list, i), "type");
                if (type && strcmp(type, ACCEPTED) == 0)
                        return json_item(list, i);
        }
        return NULL;
}

static bool has_text(struct json_object *object, const char *key, const char *text)
{
        const char *there = json_string_at(object, key);
        return there && strcmp(there, text) == 0;
}

static const char *const counters[2][2] = {{"assignedIPv4", "availableIPv4"}, {"assignedIPv6", "availableIPv6"}};

static bool counts_stand(const struct saying *saying, struct json_object *root)
{
        struct json_object *status = json_object_at(root, "status");
        for (size_t i = 0; saying->pool && i < 2; i++)
                if (!json_at(status, counters[i][0]) || !json_at(status, counters[i][1]) ||
                    json_int_at(status, counters[i][0]) != saying->assigned[i] ||
                    json_int_at(status, counters[i][1]) != saying->available[i])
                        return false;
        return true;
}

static bool stands(const struct saying *saying, struct json_object *root)
{
        struct json_object *condition = condition_in(root);
        return has_text(condition, "status", saying->first->valid ? "True" : "False") &&
               has_text(condition, "reason", reason_name(saying->first->reason)) &&
               has_text(condition, "message", saying->message) &&
               json_int_at(condition, "observedGeneration") ==
                       json_int_at(json_object_at(root, "metadata"), "generation") &&
               counts_stand(saying, root);
}

/* ---- the write ---- */

static void put(struct json_object *object, const char *key, const char *text)
{
        json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *condition_of(const struct saying *saying, struct json_object *root, int64_t wall_usec)
{
        struct json_object *condition = json_object_new_object(), *old = condition_in(root);
        const char *status = saying->first->valid ? "True" : "False", *since = json_string_at(old, "lastTransitionTime");
        char now[WALL_STRLEN];
        wall_str_seconds(wall_usec, now);
        put(condition, "type", ACCEPTED);
        put(condition, "status", status);
        put(condition, "lastTransitionTime", since && has_text(old, "status", status) ? since : now);
        put(condition, "reason", reason_name(saying->first->reason));
        put(condition, "message", saying->message);
        int64_t generation = json_int_at(json_object_at(root, "metadata"), "generation");
        if (generation > 0)
                json_object_object_add(condition, "observedGeneration", json_object_new_int64(generation));
        return condition;
}

static struct write *write_of(const struct saying *saying, struct json_object *root, int64_t wall_usec)
{
        struct ref ref = saying->first->ref;
        const char *rv = json_string_at(json_object_at(root, "metadata"), "resourceVersion");
        ref.rv = rv ? rv : "";
        struct write *write = write_new(WRITE_STATUS_PATCH, &ref);
        struct json_object *body = json_object_new_object(), *status = json_object_new_object(),
                           *list = json_object_new_array();
        json_object_array_add(list, condition_of(saying, root, wall_usec));
        json_object_object_add(status, "conditions", list);
        for (size_t i = 0; saying->pool && i < 2; i++) {
                json_object_object_add(status, counters[i][0], json_object_new_int64(saying->assigned[i]));
                json_object_object_add(status, counters[i][1], json_object_new_int64(saying->available[i]));
        }
        json_object_object_add(body, "status", status);
        write->body = xstrdup(json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN));
        json_object_put(body);
        return write;
}

static uint64_t digest_of(const struct saying *saying)
{
        char *text = xprintf("%d %d %lld %lld %lld %lld %s", saying->first->valid, saying->first->reason,
                             (long long)saying->assigned[0], (long long)saying->assigned[1],
                             (long long)saying->available[0], (long long)saying->available[1], saying->message);
        uint64_t digest = text_digest(0, text);
        free(text);
        return digest;
}

/* Whether it is to be written now; then it counts as told. */
static bool is_news(struct objects *objects, const struct saying *saying, struct json_object *root, struct mono now)
{
        const char *uid = saying->first->ref.uid;
        uint64_t digest = digest_of(saying);
        struct told *told;
        HASH_FIND_STR(objects->told, uid, told);
        if (stands(saying, root)) {
                if (told)
                        forget(objects, told);
                return false;
        }
        if (told && told->digest == digest && mono_since(now, told->at) < PATIENCE)
                return false;
        if (!told) {
                told = xcalloc(1, sizeof(*told));
                told->uid = xstrdup(uid);
                HASH_ADD_KEYPTR(hh, objects->told, told->uid, strlen(told->uid), told);
        }
        told->digest = digest;
        told->at = now;
        return true;
}

static bool is_ours(const struct verdict *verdict)
{
        return verdict->ref.kind != KIND_NONE && strcmp(verdict->ref.group, "heraldlb.io") == 0 &&
               verdict->ref.uid[0] && !verdict->file;
}

/* The verdicts of one object stand together. */
static size_t take_object(const struct config *config, size_t i, struct saying *saying)
{
        *saying = (struct saying){.first = &config->verdicts[i]};
        for (; i < config->n_verdicts && strcmp(config->verdicts[i].ref.uid, saying->first->ref.uid) == 0; i++)
                saying->problems += !config->verdicts[i].valid;
        return i;
}

size_t objects_tell(struct objects *objects, const struct store *store, const struct config_docs *docs,
                    const struct config *config, int64_t wall_usec, struct mono now, struct write **out, size_t max)
{
        struct pool_use *use = ipam_pool_use(store, config);
        size_t n = 0;
        for (size_t i = 0; i < config->n_verdicts && n < max;) {
                struct saying saying;
                if (!is_ours(&config->verdicts[i])) {
                        i++;
                        continue;
                }
                i = take_object(config, i, &saying);
                struct json_object *root = config_docs_object(docs, CONFIG_HERALD, &saying.first->ref);
                saying.message = message_of(&saying);
                count(&saying, config, use);
                if (root && is_news(objects, &saying, root, now))
                        out[n++] = write_of(&saying, root, wall_usec);
                free(saying.message);
        }
        free(use);
        return n;
}
