/* Text to config: YAML, JSON, every field. Whatever comes in, a config comes out, in bounded memory. */
#include "config/build.h"
#include "config/check.h"
#include "config/yaml.h"
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *config_of(const char *text, size_t len)
{
        static const struct yaml_limits limits = {.bytes = 1 << 20, .nodes = 100000, .depth = 64};
        struct yaml_docs *yaml = yaml_docs_new(&limits);
        yaml_read_text(yaml, "fuzz", text, len);
        struct config_docs *docs = config_docs_new();
        config_docs_read(docs, yaml);
        yaml_docs_free(yaml);
        struct config *config = config_build(docs);
        config_docs_free(docs);
        return config;
}

/* A line reaches a terminal. */
static void read_line(char *line)
{
        for (const char *c = line; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 127)
                        abort();
        free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct config *config = config_of((const char *)data, size);
        for (size_t i = 0; i < config->n_verdicts; i++)
                read_line(check_line(&config->verdicts[i]));
        json_object_put(check_json(config));
        config_free(config);
        return 0;
}
