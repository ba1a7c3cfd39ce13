#include "commands.h"
#include "input.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static const char help[] = "usage: herald version\n"
                           "\n"
                           "Prints the version of herald and of the libraries that it uses for HTTP.\n"
                           "\n"
                           "  -h, --help            this text\n";

int cmd_version(int argc, char **argv)
{
        if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                fputs(help, stdout);
                return EXIT_DONE;
        }
        if (argc > 1)
                return input_usage("version", "it takes nothing but --help");
        printf("herald %s (%s)\n", HERALD_VERSION, curl_version());
        return EXIT_DONE;
}
