#include "input.h"
#include "base/text.h"
#include "commands.h"
#include "config/yaml.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ---- */

int input_usage(const char *command, const char *what)
{
        char *line = text_clean(xprintf("%s; `herald %s --help` lists the options", what, command));
        fprintf(stderr, "herald %s: %s\n", command, line);
        free(line);
        return EXIT_USAGE;
}

/* optopt is 0 after an unknown long option, else the short name of what is wrong. */
int input_wrong_option(const char *command, int option, char **argv)
{
        const char short_name[] = {'-', (char)optopt, 0}, *word = argv[optind - 1];
        bool is_long = optopt == 0 || strncmp(word, "--", 2) == 0;
        const char *problem = option == ':'            ? "needs a value"
                              : is_long && optopt != 0 ? "takes no value"
                                                       : "is not an option";
        char *what = xprintf("%s %s", is_long ? word : short_name, problem);
        input_usage(command, what);
        free(what);
        return EXIT_USAGE;
}

bool input_format(const char *command, const char *value, bool *json)
{
        *json = strcmp(value, "json") == 0;
        if (*json || strcmp(value, "text") == 0)
                return true;
        char *what = xprintf("%s is not a format; write -o text or -o json", value);
        input_usage(command, what);
        free(what);
        return false;
}

/* ---- documents ---- */

bool input_unreadable(const char *command, const struct yaml_docs *docs, bool documents)
{
        bool any = false;
        for (size_t i = 0; (docs->unreadable || documents) && i < docs->n; i++) {
                const struct yaml_doc *doc = &docs->v[i];
                if (doc->root || (doc->line != 0 && !documents))
                        continue;
                char *text = doc->line != 0 ? xprintf("%s:%d: %s", doc->file, doc->line, doc->error)
                                            : xprintf("%s %s", doc->file, doc->error);
                text = text_clean(text); /* a file's name may be any */
                fprintf(stderr, "herald %s: %s\n", command, text);
                free(text);
                any = true;
        }
        return any;
}

bool input_empty(const char *command, const struct yaml_docs *docs)
{
        if (docs->n == 0)
                fprintf(stderr, "herald %s: there is no document in what was given\n", command);
        return docs->n == 0;
}
