/*
 * `herald run`: the daemon. The only file that knows every module: it makes them in order, connects them, and
 * takes them apart again.
 *
 *   source (Kubernetes or a directory) -> control -> announcers: bgp (here), wire (its own loop and thread)
 *                                            |-> writes -> source
 *   state directory <- control               '-> metrics, probes -> http
 */
#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "bgp/bgp.h"
#include "collect.h"
#include "commands.h"
#include "control.h"
#include "http/http.h"
#include "node_report.h"
#include "options.h"
#include "source_dir.h"
#include "kube_lead.h"
#include "source_kube.h"
#include "state.h"
#include "wire.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const int64_t LEAVE_TIME = 10 * SEC;
static const int64_t CONTROL_LIMIT = 20 * MSEC;

struct run {
        struct run_options options;
        int lock;
        struct loop *loop;
        struct state *state;
        struct wire *wire;
        struct bgp *bgp;
        struct control *control;
        struct dir_source *dir;
        struct kube_source *kube;
        struct http *http;
        struct node_report *report; /* NULL in standalone mode */
        bool leaving;
        unsigned to_leave; /* parts that have not left yet */
};

/* One daemon per node: an abstract socket belongs to the network namespace, and ends with the process. */
static int take_lock(char **why)
{
        struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "\0heraldlb"};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof "\0heraldlb" - 1);

        if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, len) == 0)
                return fd;
        *why = errno == EADDRINUSE ? xstrdup("another herald runs on this node; stop it first")
                                   : xprintf("cannot take the node's lock: %s", strerror(errno));
        if (fd >= 0)
                close(fd);
        return -1;
}

/* what the modules tell */

static void on_wire_fact(void *arg, const struct wire_fact *fact)
{
        struct run *run = arg;
        char ip[IP_STRLEN];

        switch (fact->kind) {
        case WIRE_SESSION: /* whoever found it logged it, with names that are not ours to know */
                break;
        case WIRE_OWNER:
                if (run->report)
                        node_report_owner(run->report, fact);
                break;
        case WIRE_CONFLICT:
                log_warn("l2", "%s is used by somebody else: %s", ip_str(fact->ip, ip),
                         fact->message ? fact->message : "");
                break;
        }
}

static void on_write(void *arg, struct write *write)
{
        struct run *run = arg;

        if (run->kube)
                kube_lead_write(kube_source_lead(run->kube), write);
        else
                dir_source_write(run->dir, write);
}

/* HTTP */

static void get_livez(void *arg, struct http_reply *reply)
{
        (void)arg;
        reply->body = xstrdup("ok\n"); /* that this is answered is what it says: the loop turns */
}

static void get_readyz(void *arg, struct http_reply *reply)
{
        struct run *run = arg;
        bool ready = control_is_synced(run->control);

        reply->status = ready ? 200 : 503;
        reply->body = ready ? xstrdup("ok\n")
                      : run->kube ? kube_source_missing(run->kube)
                                  : xstrdup("the directory was not read yet\n");
}

static void get_metrics(void *arg, struct http_reply *reply)
{
        struct run *run = arg;
        struct control_view view = control_view(run->control);
        struct metrics *metrics = metrics_new();

        put_control_metrics(metrics, &view);
        if (run->kube)
                kube_source_metrics(run->kube, metrics);
        put_bgp_metrics(metrics, run->bgp);
        wire_metrics(run->wire, metrics);
        put_process_metrics(metrics, run->loop);
        reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
        reply->body = metrics_render(metrics);
        metrics_free(metrics);
}

static const struct http_route routes[] = {
        {"/livez", get_livez},
        {"/readyz", get_readyz},
        {"/metrics", get_metrics},
        {NULL, NULL},
};

/* the end */

static void left(void *arg)
{
        struct run *run = arg;

        if (--run->to_leave == 0)
                loop_stop(run->loop);
}

static void leave(struct run *run, enum leave how, const char *why)
{
        log_info("run", "%s", why);
        run->to_leave = run->kube ? 2 : 1;
        if (run->kube)
                kube_lead_leave(kube_source_lead(run->kube), left, run);
        control_leave(run->control, how, mono_add(mono_now(), LEAVE_TIME), left, run);
}

static void on_going(void *arg, bool going)
{
        struct run *run = arg;

        if (going)
                leave(run, LEAVE_NODE, "leaving: the DaemonSet goes, routes and addresses are handed over");
        else
                leave(run, LEAVE_RESTART, "restarting: this node stays, nothing is taken back");
}

static void on_term(void *arg)
{
        struct run *run = arg;

        if (run->leaving) {
                log_warn("run", "asked to end a second time; ending at once");
                loop_stop(run->loop);
                return;
        }
        run->leaving = true;
        node_report_free(run->report); /* what leaving looks like is not worth telling */
        run->report = NULL;
        if (control_is_leaving(run->control))
                leave(run, LEAVE_NODE, "leaving: this node goes, its routes and addresses are handed over");
        else if (!run->kube || !kube_source_ask_going(run->kube, on_going, run))
                on_going(run, false);
}

static void take_apart(struct run *run)
{
        http_free(run->http);
        node_report_free(run->report);
        if (run->kube)
                kube_source_free(run->kube);
        if (run->dir)
                dir_source_free(run->dir);
        if (run->control)
                control_free(run->control);
        if (run->bgp)
                bgp_free(run->bgp);
        if (run->wire)
                wire_stop(run->wire);
        if (run->loop)
                loop_free(run->loop);
        if (run->state)
                state_close(run->state);
        if (run->lock >= 0)
                close(run->lock);
}

/* the beginning */

static bool make_source(struct run *run, char **why)
{
        const struct run_options *o = &run->options;

        if (o->standalone)
                run->dir = dir_source_new(run->loop, run->control, o->standalone, o->node_name, why);
        else
                run->kube = kube_source_new(run->loop, run->control, o, why);
        if (run->kube)
                run->report = node_report_new(run->loop, &(struct node_report_from){.node = o->node_name,
                                                                                    .control = run->control,
                                                                                    .bgp = run->bgp,
                                                                                    .wire = run->wire,
                                                                                    .kube = run->kube});
        return run->dir || run->kube;
}

static bool can_read_config(const struct run_options *o, char **why)
{
        for (size_t i = 0; i < o->n_config; i++)
                if (access(o->config[i], R_OK) < 0) {
                        *why = xprintf("cannot read %s: %s; --config names a readable file or directory",
                                       o->config[i], strerror(errno));
                        return false;
                }
        return true;
}

static bool put_together(struct run *run, char **why)
{
        const struct run_options *o = &run->options;

        if (!can_read_config(o, why) || (run->lock = take_lock(why)) < 0 ||
            !(run->state = state_open(o->state_dir, why)))
                return false;
        run->loop = loop_new("control");
        loop_set_limit(run->loop, CONTROL_LIMIT);
        if (!(run->wire = wire_new(run->loop, on_wire_fact, run, why)))
                return false;
        run->bgp = bgp_new(run->loop, o->node_name, on_wire_fact, run);
        run->control =
                control_new(run->loop, &(struct control_options){.node = o->node_name,
                                                                 .config_paths = o->config,
                                                                 .n_config_paths = o->n_config,
                                                                 .ignore_exclude_lb = o->ignore_exclude_lb,
                                                                 .lb_class = o->lb_class,
                                                                 .state = run->state,
                                                                 .bgp = bgp_announcer(run->bgp),
                                                                 .l2 = wire_announcer(run->wire),
                                                                 .standalone = o->standalone != NULL,
                                                                 .namespace = o->namespace,
                                                                 .write = on_write,
                                                                 .write_arg = run});
        if (!(run->http = http_new(run->loop, o->http_addr, o->http_port, routes, run, why)))
                return false;
        control_continue(run->control);
        return make_source(run, why);
}

int cmd_run(int argc, char **argv)
{
        struct run run = {.lock = -1};
        char *why = NULL;
        int status = run_options_parse(argc, argv, &run.options);

        if (status != -1)
                return status;
        log_set_level(run.options.log_level);
        signal(SIGPIPE, SIG_IGN);
        if (!put_together(&run, &why)) {
                fprintf(stderr, "herald run: %s\n", why);
                free(why);
                take_apart(&run);
                return EXIT_USAGE;
        }
        if (run.options.group_key)
                log_warn("run", "--group-key is not used yet: this version has no group protocol");
        signal(SIGTERM, SIG_IGN); /* what holds again when the loop is gone and we are only tidying up */
        signal(SIGINT, SIG_IGN);
        loop_signal(run.loop, SIGTERM, on_term, &run);
        loop_signal(run.loop, SIGINT, on_term, &run);
        log_start();
        log_info("run", "herald %s started on node %s", HERALD_VERSION, run.options.node_name);
        wire_start(run.wire);
        loop_run(run.loop);
        take_apart(&run);
        log_info("run", "ended");
        log_stop();
        return EXIT_DONE;
}
