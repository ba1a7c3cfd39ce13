/* The flags of `herald run`. */
#pragma once
#include "base/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_CONFIG_PATHS = 32 };

struct run_options {
        const char *kubeconfig; /* NULL: in-cluster */
        const char *node_name;
        const char *namespace;
        const char *metallb_namespace;
        const char *standalone; /* directory; NULL: Kubernetes */
        const char *state_dir;
        const char *group_key; /* file; NULL: the Secret */
        const char *config[MAX_CONFIG_PATHS];
        size_t n_config;
        char http_addr[64];
        uint16_t http_port;
        enum log_level log_level;
        bool ignore_exclude_lb;
        const char *api_servers[8]; /* --api-server */
        size_t n_api_servers;
        const char *lb_class; /* NULL: Services without a class */
        const char *daemonset; /* NULL: none runs this */
};

/* Returns -1 to go on, or the exit status after it said what is wrong (or printed the help). */
int run_options_parse(int argc, char **argv, struct run_options *out);
