#include "options.h"
#include "commands.h"
#include "input.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
        "Usage: herald run [OPTION]...\n"
        "Watches Services, allocates their addresses and announces them by ARP, NDP and BGP.\n\n"
        "  --kubeconfig FILE         how to reach the API server (default: in-cluster)\n"
        "  --api-server URL          an API server to use, in order of preference; repeatable. localhost goes first.\n"
        "                            (default: the kubeconfig's, or the cluster's Service address)\n"
        "  --node-name NAME          this node's name in Kubernetes (default: $NODE_NAME)\n"
        "  --namespace NAME          where our objects are (default: $POD_NAMESPACE, heraldlb-system)\n"
        "  --daemonset NAME          what runs this; if it is being deleted, SIGTERM means to hand over and leave\n"
        "  --metallb-namespace NAME  where MetalLB's objects are (default: metallb-system)\n"
        "  --config PATH             also read configuration from a file or directory at start; repeatable\n"
        "  --standalone DIR          no Kubernetes: take everything from DIR and follow its changes\n"
        "  --load-balancer-class NAME  serve Services of this class (default: those without one)\n"
        "  --ignore-exclude-lb       announce also from nodes labelled exclude-from-external-load-balancers\n"
        "  --group-key FILE          key of the layer-2 group (default: the Secret herald-group-key)\n"
        "  --state-dir DIR           what this boot announces (default: /run/heraldlb)\n"
        "  --http ADDR:PORT          /metrics, /livez, /readyz (default: 127.0.0.1:7490)\n"
        "  --log-level LEVEL         debug, info, warn or error (default: info)\n"
        "  --help                    this text\n\n"
        "Exit status: 0 it was asked to end, 2 it could not start: one line says why.\n";

static bool parse_http(const char *text, struct run_options *o)
{
        const char *colon = strrchr(text, ':');
        const char *addr = text;
        char *end;
        size_t len;
        long port;

        if (!colon || colon[1] < '0' || colon[1] > '9')
                return false;
        len = (size_t)(colon - text);
        if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
                addr++;
                len -= 2;
        }
        errno = 0;
        port = strtol(colon + 1, &end, 10);
        if (errno || *end || port < 1 || port > 65535 || len == 0 || len >= sizeof(o->http_addr))
                return false;
        memcpy(o->http_addr, addr, len);
        o->http_addr[len] = '\0';
        o->http_port = (uint16_t)port;
        return true;
}

static int wrong(const char *what)
{
        return input_usage("run", what);
}

static int set_option(int c, struct run_options *o)
{
        switch (c) {
        case 'k':
                o->kubeconfig = optarg;
                break;
        case 'n':
                o->node_name = optarg;
                break;
        case 'N':
                o->namespace = optarg;
                break;
        case 'D':
                o->daemonset = optarg;
                break;
        case 'm':
                o->metallb_namespace = optarg;
                break;
        case 'c':
                if (o->n_config == MAX_CONFIG_PATHS)
                        return wrong("--config is given too often; name a directory instead");
                o->config[o->n_config++] = optarg;
                break;
        case 's':
                o->standalone = optarg;
                break;
        case 'i':
                o->ignore_exclude_lb = true;
                break;
        case 'A':
                if (strncmp(optarg, "https://", 8) != 0 && strncmp(optarg, "http://", 7) != 0)
                        return wrong("--api-server is not a URL, for example https://localhost:7445");
                if (o->n_api_servers == sizeof(o->api_servers) / sizeof(o->api_servers[0]))
                        return wrong("--api-server is given too often; eight are enough");
                o->api_servers[o->n_api_servers++] = optarg;
                break;
        case 'L':
                o->lb_class = optarg;
                break;
        case 'g':
                o->group_key = optarg;
                break;
        case 'd':
                o->state_dir = optarg;
                break;
        case 'H':
                if (!parse_http(optarg, o))
                        return wrong("--http is not ADDR:PORT, for example 127.0.0.1:7490");
                break;
        case 'l':
                if (!log_level_parse(optarg, &o->log_level))
                        return wrong("--log-level is none of debug, info, warn, error");
                break;
        case 'h':
                fputs(help, stdout);
                return EXIT_DONE;
        default:
                abort();
        }
        return -1;
}

static const char *env_or(const char *name, const char *otherwise)
{
        const char *value = getenv(name);

        return value && *value ? value : otherwise;
}

int run_options_parse(int argc, char **argv, struct run_options *o)
{
        static const struct option longs[] = {
                {"kubeconfig", required_argument, NULL, 'k'},
                {"api-server", required_argument, NULL, 'A'},
                {"node-name", required_argument, NULL, 'n'},
                {"namespace", required_argument, NULL, 'N'},
                {"daemonset", required_argument, NULL, 'D'},
                {"metallb-namespace", required_argument, NULL, 'm'},
                {"config", required_argument, NULL, 'c'},
                {"standalone", required_argument, NULL, 's'},
                {"ignore-exclude-lb", no_argument, NULL, 'i'},
                {"load-balancer-class", required_argument, NULL, 'L'},
                {"group-key", required_argument, NULL, 'g'},
                {"state-dir", required_argument, NULL, 'd'},
                {"http", required_argument, NULL, 'H'},
                {"log-level", required_argument, NULL, 'l'},
                {"help", no_argument, NULL, 'h'},
                {0},
        };
        int c, status;

        *o = (struct run_options){.node_name = env_or("NODE_NAME", NULL),
                                  .namespace = env_or("POD_NAMESPACE", "heraldlb-system"),
                                  .metallb_namespace = "metallb-system",
                                  .state_dir = "/run/heraldlb",
                                  .http_addr = "127.0.0.1",
                                  .http_port = 7490,
                                  .log_level = LOG_INFO};
        optind = 1;
        while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
                if (c == '?' || c == ':')
                        return input_wrong_option("run", c, argv);
                if ((status = set_option(c, o)) != -1)
                        return status;
        }
        if (optind < argc)
                return wrong("it takes only options, no arguments");
        if (!o->node_name || !*o->node_name)
                return wrong("this node has no name: give --node-name or set NODE_NAME");
        if (o->standalone && o->kubeconfig)
                return wrong("--standalone and --kubeconfig exclude each other");
        return -1;
}
