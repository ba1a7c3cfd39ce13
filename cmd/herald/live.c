#include "live.h"
#include "base/arena.h"
#include "base/loop.h"
#include "json/json.h"
#include "k8s/auth.h"
#include "k8s/k8s.h"
#include "k8s/status.h"
#include "k8s/transport.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 500, PAGES_MAX = 200 };

struct live {
        struct loop *loop;
        struct auth *auth;
        struct transport *transport;
        char *sentence;
        struct live_answer answer; /* of the question under way */
};

/* ---- who and where ---- */

/* Of $KUBECONFIG, a list, the first file that is there. */
static char *first_readable(const char *list)
{
        while (*list) {
                size_t n = strcspn(list, ":");
                char *path = xprintf("%.*s", (int)n, list);

                if (n > 0 && access(path, R_OK) == 0)
                        return path;
                free(path);
                list += n + (list[n] == ':');
        }
        return NULL;
}

static struct auth *auth_of(const char *path, char **why)
{
        return auth_kubeconfig(path, mono_now(), why);
}

static struct auth *find_auth(const char *kubeconfig, char **why)
{
        const char *list = getenv("KUBECONFIG"), *home = getenv("HOME"), *host = getenv("KUBERNETES_SERVICE_HOST");
        char *path = NULL;
        struct auth *auth = NULL;

        if (kubeconfig)
                return auth_of(kubeconfig, why);
        if (list && *list) {
                path = first_readable(list);
                if (!path)
                        *why = xstrdup("no file that KUBECONFIG names can be read; correct it, or use --kubeconfig");
        } else if (home) {
                path = xprintf("%s/.kube/config", home);
                if (access(path, R_OK) != 0) {
                        free(path);
                        path = NULL;
                }
        }
        if (path)
                auth = auth_of(path, why);
        else if (!*why && host)
                auth = auth_in_cluster(AUTH_DIR, host, getenv("KUBERNETES_SERVICE_PORT"), mono_now(), why);
        else if (!*why)
                *why = xstrdup("there is no kubeconfig: name one by --kubeconfig or KUBECONFIG, or make ~/.kube/config");
        free(path);
        return auth;
}

struct live *live_open(const char *kubeconfig, char **why)
{
        struct live *live = xcalloc(1, sizeof(*live));

        signal(SIGPIPE, SIG_IGN);
        *why = NULL;
        live->auth = find_auth(kubeconfig, why);
        if (live->auth) {
                live->auth->follow_proxies = true;
                live->loop = loop_new("live");
                live->transport = transport_new(live->loop, live->auth, why);
        }
        if (live->transport)
                return live;
        live_close(live);
        return NULL;
}

void live_close(struct live *live)
{
        if (!live)
                return;
        transport_free(live->transport);
        if (live->loop)
                loop_free(live->loop);
        auth_free(live->auth);
        free(live->sentence);
        free(live);
}

const char *live_server(const struct live *live)
{
        return live->auth->server;
}

/* ---- questions ---- */

static const char *remedy(int status)
{
        switch (status) {
        case 0:
                return "; is the address in the kubeconfig right, and can this machine reach it?";
        case 401:
                return "; the credentials of the kubeconfig are not valid any more: get new ones";
        case 403:
                return "; ask for the ClusterRole heraldlb-view, which deploy/manifests has";
        default:
                return "";
        }
}

static void on_done(void *arg, const struct reply *reply)
{
        struct live *live = arg;
        bool good = reply->status >= 200 && reply->status < 300 && !reply->error;
        char *why = NULL;

        live->answer.status = reply->status;
        live->answer.json = good ? json_tokener_parse(reply->body) : NULL;
        if (!good)
                why = reply->error ? xstrdup(reply->error)
                                   : status_of_body(reply->body, reply->len, reply->status);
        else if (!live->answer.json)
                why = xstrdup("the server's answer is no JSON");
        if (why) /* without an answer, the sentence names the server itself */
                live->sentence = xprintf("%s%s%s%s", reply->status ? live->auth->server : "",
                                         reply->status ? ": " : "", why, remedy(reply->status));
        free(why);
        live->answer.why = live->sentence;
        loop_stop(live->loop);
}

struct live_answer live_get(struct live *live, const char *path)
{
        free(live->sentence);
        live->sentence = NULL;
        live->answer = (struct live_answer){0};
        transport_send(live->transport, &(struct request_spec){.method = "GET",
                                                               .path = path,
                                                               .lane = LANE_WRITE,
                                                               .on_done = on_done,
                                                               .arg = live});
        loop_run(live->loop);
        return live->answer;
}

struct live_answer live_list(struct live *live, const struct k8s_kind *kind, const char *namespace)
{
        struct json_object *all = json_object_new_array();
        char *base = k8s_path(kind, namespace, NULL), *next = xstrdup("");
        struct live_answer answer;

        for (int page = 0; page < PAGES_MAX; page++) {
                char *path = xprintf("%s?limit=%d&continue=%s", base, PAGE, next);
                struct json_object *items;
                const char *more;

                answer = live_get(live, path);
                free(path);
                if (!answer.json)
                        break;
                items = json_array_at(answer.json, "items");
                for (size_t i = 0; i < json_count(items); i++)
                        json_object_array_add(all, json_object_get(json_item(items, i)));
                more = json_string_at(json_object_at(answer.json, "metadata"), "continue");
                free(next);
                next = k8s_escape(more ? more : "");
                json_object_put(answer.json);
                answer.json = all;
                if (!*next)
                        break;
        }
        free(base);
        free(next);
        if (!answer.json)
                json_object_put(all);
        return answer;
}
