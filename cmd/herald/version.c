#include "commands.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int cmd_version(int argc, char **argv)
{
        if (argc > 1) {
                bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;

                fputs("Usage: herald version\nPrints the version and those of the libraries that matter.\n",
                      help ? stdout : stderr);
                return help ? EXIT_DONE : EXIT_USAGE;
        }
        printf("herald %s (%s)\n", HERALD_VERSION, curl_version());
        return EXIT_DONE;
}
