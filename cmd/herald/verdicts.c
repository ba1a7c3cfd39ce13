#include "verdicts.h"
#include "base/arena.h"
#include "base/log.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct told {
        char *text; /* key: the whole sentence */
        unsigned round;
        bool event;
        UT_hash_handle hh;
};

struct verdicts {
        struct told *told;
        unsigned round;
};

struct verdicts *verdicts_new(void)
{
        return xcalloc(1, sizeof(struct verdicts));
}

static void forget_others(struct verdicts *verdicts, unsigned round)
{
        struct told *told, *next;

        HASH_ITER (hh, verdicts->told, told, next) {
                if (told->round == round)
                        continue;
                HASH_DEL(verdicts->told, told);
                free(told->text);
                free(told);
        }
}

void verdicts_free(struct verdicts *verdicts)
{
        forget_others(verdicts, verdicts->round + 1);
        free(verdicts);
}

static struct write *event_of(const struct verdict *verdict)
{
        struct write *write = write_new(WRITE_EVENT, &verdict->ref);

        write->warning = true;
        write->reason = verdict->reason;
        write->action = "Check";
        write->message = arena_strdup(write->arena, verdict->message);
        return write;
}

static char *sentence(const struct verdict *v)
{
        char *where = v->file ? xprintf("%s:%d: ", v->file, v->line) : xstrdup("");
        char *text = xprintf("%s%s %s/%s: %s (%s)", where, v->kind, v->ref.namespace, v->ref.name, v->message,
                             reason_name(v->reason));

        free(where);
        return text;
}

static struct told *log_once(struct verdicts *verdicts, const struct verdict *verdict)
{
        char *text = sentence(verdict);
        struct told *told;

        HASH_FIND_STR(verdicts->told, text, told);
        if (told) {
                free(text);
                return told;
        }
        log_warn("config", "%s", text);
        told = xcalloc(1, sizeof(*told));
        told->text = text;
        HASH_ADD_KEYPTR(hh, verdicts->told, told->text, strlen(told->text), told);
        return told;
}

void verdicts_begin(struct verdicts *verdicts)
{
        verdicts->round++;
}

void verdicts_tell(struct verdicts *verdicts, const struct verdict *v, size_t n,
                   void (*write)(void *arg, struct write *), void *arg)
{
        for (size_t i = 0; i < n; i++) {
                const struct verdict *verdict = &v[i];
                struct told *told;

                if (verdict->valid)
                        continue;
                told = log_once(verdicts, verdict);
                told->round = verdicts->round;
                if (write && !told->event && verdict->ref.uid[0]) { /* objects of files have no Events */
                        write(arg, event_of(verdict));
                        told->event = true;
                }
        }
}

void verdicts_end(struct verdicts *verdicts)
{
        forget_others(verdicts, verdicts->round);
}
