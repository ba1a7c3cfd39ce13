/* herald: one binary with subcommands. This file is their table. */
#include "commands.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct command {
        const char *name;
        int (*fn)(int argc, char **argv);
        const char *help;
};

static const struct command commands[] = {
        {"run", cmd_run, "The daemon: watch, allocate, announce"},
        {"plan", cmd_plan, "What would be allocated and announced, from files"},
        {"check", cmd_check, "Find mistakes in configuration files"},
        {"status", cmd_status, "What the nodes of a cluster say about themselves"},
        {"version", cmd_version, "Print the version"},
};

static void usage(FILE *out)
{
        fputs("HeraldLB makes Kubernetes Services of type LoadBalancer reachable on bare metal.\n\n"
              "Usage: herald COMMAND [OPTION]...\n\nCommands:\n",
              out);
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].help);
        fputs("\n`herald COMMAND --help` tells more about one.\n", out);
}

/* What was printed must have arrived: a full disk is no success. */
static int finish(const char *name, int status)
{
        errno = 0;
        bool lost = fflush(stdout) != 0;
        const char *why = lost && errno ? strerror(errno) : "it was cut short";
        if (!lost && !ferror(stdout))
                return status;
        fprintf(stderr, "herald%s%s: the output cannot be written: %s\n", *name ? " " : "", name, why);
        return EXIT_USAGE;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                usage(stderr);
                return EXIT_USAGE;
        }
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
                usage(stdout);
                return finish("", EXIT_DONE);
        }
        if (strcmp(argv[1], "--version") == 0)
                return finish("version", cmd_version(1, argv + 1));
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                if (strcmp(argv[1], commands[i].name) == 0)
                        return finish(commands[i].name, commands[i].fn(argc - 1, argv + 1));
        fprintf(stderr, "herald: there is no command \"%s\"; `herald --help` lists them\n", argv[1]);
        return EXIT_USAGE;
}
