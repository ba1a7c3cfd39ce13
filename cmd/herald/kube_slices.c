/*
 * Make before break: the watch with the old selector feeds the store until the one with the new selector begins to
 * list. What the old one knew and the new one does not name is gone when that has ended, by the rules of a relist. Should
 * the old one have to list again meanwhile, it is not heard any more: two relists of one kind would take each other's
 * objects away.
 */
#include "kube_slices.h"
#include "base/arena.h"
#include "base/log.h"
#include "control.h"
#include "k8s/slice_names.h"
#include "store/store.h"
#include <stdlib.h>

/* A lone new Service is asked about at once, many together. */
static const int64_t PAUSE = 200 * MSEC;

struct kube_slices {
        struct follow_owner owner; /* of the followers: itself */
        const struct follow_owner *outer;
        struct slice_names *names;
        struct follow *current, *next;
        struct watch_stats past; /* of watches that were replaced */
        struct loop_timer *timer;
        struct mono asked;
        bool begun;
};

static void end_current(struct kube_slices *slices)
{
        watch_stats_add(&slices->past, follow_stats(slices->current));
        slices->past.open = 0;
        follow_free(slices->current);
        slices->current = NULL;
}

static void forget_all(struct kube_slices *slices)
{
        struct store *store = control_store(slices->outer->control);

        end_current(slices);
        store_relist_begin(store, KIND_ENDPOINTSLICE);
        store_relist_end(store, KIND_ENDPOINTSLICE);
        control_changed(slices->outer->control);
}

struct names { /* of the load balancers in the store */
        const struct store *store;
        struct store_cursor cursor;
};

static const char *next_name(void *arg)
{
        struct names *names = arg;
        const struct fact *fact;

        while ((fact = store_next(names->store, KIND_SERVICE, &names->cursor)))
                if (fact->u.service.load_balancer)
                        return fact->ref.name;
        return NULL;
}

static void look(void *arg)
{
        struct kube_slices *slices = arg;
        struct follow_spec spec = {.kind = k8s_kind(KIND_ENDPOINTSLICE, "discovery.k8s.io"), .feeds = FEEDS_STORE};
        struct names names = {.store = control_store(slices->outer->control)};
        char *selector;

        if (!slices->begun || slices->next || !slice_names_outdated(slices->names))
                return;
        slices->asked = mono_now();
        if (slice_names_ask(slices->names, next_name, &names, &selector) == SLICES_NONE) {
                forget_all(slices);
                return;
        }
        log_debug("k8s", "EndpointSlices are watched by %s", selector);
        spec.label_selector = selector;
        slices->next = follow_new(&slices->owner, &spec);
        if (slices->current)
                follow_succeed(slices->next, slices->current);
        free(selector);
}

static void look_later(struct kube_slices *slices)
{
        if (slices->begun && !slices->next && slice_names_outdated(slices->names))
                loop_timer_at(slices->timer, mono_add(slices->asked, PAUSE));
}

static void on_changed(void *arg, struct follow *f)
{
        struct kube_slices *slices = arg;

        if (f == slices->next && follow_listed(f)) {
                end_current(slices);
                slices->current = f;
                slices->next = NULL;
                look_later(slices);
        }
        slices->outer->changed(slices->outer->arg, f);
}

void kube_slices_service(struct kube_slices *slices, const char *name, bool there)
{
        if (there)
                slice_names_add(slices->names, name);
        else
                slice_names_remove(slices->names, name);
        look_later(slices);
}

void kube_slices_recount(struct kube_slices *slices)
{
        struct names names = {.store = control_store(slices->outer->control)};
        const char *name;

        slice_names_reset(slices->names);
        while ((name = next_name(&names)))
                slice_names_add(slices->names, name);
        look_later(slices);
}

void kube_slices_begin(struct kube_slices *slices)
{
        slices->begun = true;
        look(slices);
}

bool kube_slices_begun(const struct kube_slices *slices)
{
        return slices->begun;
}

bool kube_slices_listed(const struct kube_slices *slices)
{
        return slices->begun && (slices->current || !slices->next);
}

const struct follow *kube_slices_follow(const struct kube_slices *slices)
{
        return slices->current ? slices->current : slices->next;
}

struct watch_stats kube_slices_stats(const struct kube_slices *slices)
{
        struct watch_stats sum = slices->past;

        watch_stats_add(&sum, follow_stats(slices->current));
        watch_stats_add(&sum, follow_stats(slices->next));
        return sum;
}

struct kube_slices *kube_slices_new(struct loop *loop, const struct follow_owner *owner)
{
        struct kube_slices *slices = xcalloc(1, sizeof(*slices));

        slices->outer = owner;
        slices->owner = *owner;
        slices->owner.arg = slices;
        slices->owner.changed = on_changed;
        slices->owner.service = NULL;
        slices->names = slice_names_new();
        slices->timer = loop_timer_new(loop, look, slices);
        return slices;
}

void kube_slices_free(struct kube_slices *slices)
{
        if (!slices)
                return;
        follow_free(slices->current);
        follow_free(slices->next);
        loop_timer_free(slices->timer);
        slice_names_free(slices->names);
        free(slices);
}
