/*
 * The heart of the control loop: facts and configuration come in from a source, every address that they touch
 * is planned again, announcers are told the whole truth of it, and, on the leader, writes go out. It knows no
 * source.
 */
#pragma once
#include "announce/announce.h"
#include "lead/lead.h"
#include "model/write.h"
#include "plans.h"

struct config_docs;
struct control;
struct json_object;
struct loop;
struct state;
struct store;
struct yaml_docs;

struct control_options {
        const char *node;
        const char *const *config_paths; /* --config */
        size_t n_config_paths;
        bool ignore_exclude_lb;
        const char *lb_class; /* NULL: none */
        struct state *state;
        struct announcer *bgp, *l2;
        void (*write)(void *arg,
                      struct write *); /* takes ownership; a failure is told by control_write_failed() */
        void *write_arg;
        bool standalone;
        const char *namespace; /* of objects that name none */
};

struct control *control_new(struct loop *, const struct control_options *);
void control_free(struct control *);

/* Tells the announcers what the state directory says that this boot announces (design decision 7). */
void control_continue(struct control *);

/* For sources. The store and the documents may be changed freely; then say so. The first change after silence
 * is acted on in this turn of the loop, what follows within 10 ms together. */
struct store *control_store(struct control *);
struct config_docs *control_docs(struct control *);
void control_config_paths(struct control *, struct yaml_docs *); /* appends what --config names */
void control_changed(struct control *);
void control_config_changed(struct control *);
void control_synced(struct control *); /* every required kind was listed; once */
void control_set_leader(struct control *, bool leader, uint64_t term);
/* A WRITE_STATUS was not carried out, or nobody knows. One that was carried out is seen through the store. */
void control_write_failed(struct control *, const struct write *, enum lead_failure);

/* What a write said of conditions, or of a configuration object, was not carried out. */
void control_conditions_failed(struct control *, const struct write *);

/* MetalLB's speaker runs: nothing is announced or written (ForeignController). */
void control_set_foreign(struct control *, bool foreign);
/* Whether all configuration is known. While it is not, nothing is allocated or taken back, and what is announced
 * stays as long as a status holds it. */
void control_set_complete(struct control *, bool complete, bool peers_known);
/* fn(arg, config) after each new configuration, before anything is planned with it; NULL: nobody. */
void control_on_configured(struct control *, void (*fn)(void *arg, const struct config *), void *arg);

/* Secrets that a BGPPeer names: one as the API has it (other objects are passed over); that there is none that
 * can be used: why ends "the Secret ...", and is static text; NULL: nobody knows. */
void control_secret(struct control *, struct json_object *);
void control_no_secret(struct control *, const char *namespace, const char *name, const char *why);
/* Forgets all of them: what is not told again, in this turn of the loop, does not exist. */
void control_secrets_begin(struct control *);

bool control_is_synced(const struct control *);
/* Our own Node is going away, or is gone (design decision 12). */
bool control_is_leaving(const struct control *);
/* Tells every announcer to leave; done(arg) when all have. */
void control_leave(struct control *, enum leave, struct mono deadline, void (*done)(void *arg), void *arg);

/* What it knows, for those who tell of it; valid until the loop turns. */
struct control_view {
        const struct store *store;
        const struct config *config;
        const struct verdict *of_peers; /* beside those of config */
        size_t n_of_peers;
        struct plans_count plans;
        uint64_t plans_made;
        bool synced, leader, foreign, data_plane_open;
};
struct control_view control_view(const struct control *);
