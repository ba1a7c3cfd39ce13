/* Text to config, for the tests of this folder. */
#pragma once
#include "config/build.h"
#include "config/docs.h"
#include "config/yaml.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static inline struct config *config_of_path(const char *path)
{
        struct yaml_docs *yaml = yaml_docs_new(NULL);
        yaml_read_path(yaml, path);
        ck_assert_msg(!yaml->unreadable, "%s cannot be read", path);
        struct config_docs *docs = config_docs_new();
        config_docs_read(docs, yaml);
        struct config *config = config_build(docs);
        config_docs_free(docs);
        yaml_docs_free(yaml);
        return config;
}

static inline struct config *config_of_text(const char *text)
{
        struct yaml_docs *yaml = yaml_docs_new(NULL);
        yaml_read_text(yaml, "test.yaml", text, strlen(text));
        struct config_docs *docs = config_docs_new();
        config_docs_read(docs, yaml);
        struct config *config = config_build(docs);
        config_docs_free(docs);
        yaml_docs_free(yaml);
        return config;
}

/* The one suite of a test program; returns what main() returns. */
static inline int run_tests(TCase *tests)
{
        Suite *suite = suite_create("config");
        suite_add_tcase(suite, tests);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
