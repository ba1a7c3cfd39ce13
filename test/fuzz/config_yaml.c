/* Text to config: YAML, JSON, every field. Whatever comes in, a config comes out, in bounded memory. What it
 * prints back must be read without a complaint. */
#include "config/build.h"
#include "config/check.h"
#include "config/print.h"
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

static void read_back(const struct config *config)
{
        struct json_object *printed = config_print(config);
        const char *text = json_object_to_json_string(printed);
        struct config *again = config_of(text, strlen(text));
        if (check_summary(again).errors > 0 || again->n_peers != config->n_peers ||
            again->n_bgp_ads != config->n_bgp_ads || again->n_l2_ads != config->n_l2_ads)
                abort();
        config_free(again);
        json_object_put(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct config *config = config_of((const char *)data, size);
        for (size_t i = 0; i < config->n_verdicts; i++)
                free(check_line(&config->verdicts[i]));
        json_object_put(check_json(config));
        read_back(config);
        config_free(config);
        return 0;
}
