#include "input.h"
#include "base/text.h"
#include "config/yaml.h"
#include <stdio.h>
#include <stdlib.h>

bool input_unreadable(const char *command, const struct yaml_docs *docs)
{
        for (size_t i = 0; docs->unreadable && i < docs->n; i++) {
                const struct yaml_doc *doc = &docs->v[i];
                if (doc->root || doc->line != 0)
                        continue;
                char *line =
                        text_clean(xprintf("%s %s", doc->file, doc->error)); /* a file's name may be any */
                fprintf(stderr, "herald %s: %s\n", command, line);
                free(line);
        }
        return docs->unreadable;
}
