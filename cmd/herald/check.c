/* herald check: is this configuration good? */
#include "config/check.h"
#include "commands.h"
#include "config/build.h"
#include "config/yaml.h"
#include "input.h"
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] = "usage: herald check [-o text|json] FILE|DIRECTORY|-...\n"
                           "\n"
                           "Checks configuration: IPAddressPool, BGPPeer, BGPAdvertisement and\n"
                           "L2Advertisement of heraldlb.io and of metallb.io, and Settings, in YAML or\n"
                           "JSON. Prints each problem in one line, with its file, line, object and field,\n"
                           "and what to do about it. Of a directory, the files *.yaml, *.yml and *.json\n"
                           "are read, not those of its directories; - is standard input. Give all files\n"
                           "of a cluster at once: some problems are between objects.\n"
                           "\n"
                           "  -o, --output FORMAT   text (default) or json\n"
                           "  -h, --help            this text\n"
                           "\n"
                           "Exit status: 0 everything is good (notes and warnings aside), 1 something is\n"
                           "refused (also a document that is no YAML), 2 wrong usage, a file that cannot\n"
                           "be read, or nothing to check.\n";

static void print_text(const struct config *config, const struct check_summary *sum)
{
        for (size_t i = 0; i < config->n_verdicts; i++) {
                if (check_severity(&config->verdicts[i]) == SEVERITY_NONE)
                        continue;
                char *line = check_line(&config->verdicts[i]);
                puts(line);
                free(line);
        }
        printf("%zu object%s: %zu error%s, %zu warning%s, %zu note%s\n", sum->objects,
               sum->objects == 1 ? "" : "s", sum->errors, sum->errors == 1 ? "" : "s", sum->warnings,
               sum->warnings == 1 ? "" : "s", sum->notes, sum->notes == 1 ? "" : "s");
}

static void print_json(const struct config *config)
{
        struct json_object *json = check_json(config);
        puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(json);
}

static int check_paths(char **paths, int n, bool json)
{
        struct yaml_docs *yaml = yaml_docs_new(NULL);
        for (int i = 0; i < n; i++)
                yaml_read_argument(yaml, paths[i]);
        if (input_unreadable("check", yaml, false) || input_empty("check", yaml)) {
                yaml_docs_free(yaml);
                return EXIT_USAGE;
        }
        struct config_docs *docs = config_docs_new();
        config_docs_read(docs, yaml);
        yaml_docs_free(yaml);
        struct config *config = config_build(docs);
        struct check_summary sum = check_summary(config);
        if (json)
                print_json(config);
        else
                print_text(config, &sum);
        config_free(config);
        config_docs_free(docs);
        return sum.errors > 0 ? EXIT_NO : EXIT_DONE;
}

int cmd_check(int argc, char **argv)
{
        static const struct option options[] = {
                {"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
        bool json = false;
        int option;
        optind = 1;
        while ((option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
                if (option == 'h') {
                        fputs(help, stdout);
                        return EXIT_DONE;
                }
                if (option != 'o')
                        return input_wrong_option("check", option, argv);
                if (!input_format("check", optarg, &json))
                        return EXIT_USAGE;
        }
        if (optind == argc)
                return input_usage("check", "no file is given");
        return check_paths(argv + optind, argc - optind, json);
}
