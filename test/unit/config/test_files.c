#include "base/arena.h"
#include "read_config.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *directory, const char *name, const char *text)
{
        char *path = xprintf("%s/%s", directory, name);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(text, file), 0);
        ck_assert_int_eq(fclose(file), 0);
        free(path);
}

START_TEST(directory)
{
        static const char *const names[] = {"b.yml", "a.yaml", "c.json", "notes.txt", ".hidden.yaml", "yaml"};
        char path[] = "herald-test-XXXXXX";
        ck_assert_ptr_nonnull(mkdtemp(path));
        for (size_t i = 0; i < 6; i++)
                write_file(path, names[i], "{kind: A}");
        char *fifo = xprintf("%s/z.yaml", path);
        ck_assert_int_eq(mkfifo(fifo, 0600), 0); /* nobody writes: reading it would hang */
        struct yaml_docs *docs = yaml_docs_new(NULL);
        yaml_read_path(docs, path);
        ck_assert(!docs->unreadable);
        ck_assert_uint_eq(docs->n, 3);
        ck_assert_str_eq(strrchr(docs->v[0].file, '/'), "/a.yaml");
        ck_assert_str_eq(strrchr(docs->v[1].file, '/'), "/b.yml");
        ck_assert_str_eq(strrchr(docs->v[2].file, '/'), "/c.json");
        yaml_docs_free(docs);
        unlink(fifo);
        free(fifo);
        for (size_t i = 0; i < 6; i++) {
                char *file = xprintf("%s/%s", path, names[i]);
                unlink(file);
                free(file);
        }
        ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(unreadable)
{
        struct yaml_docs *docs = yaml_docs_new(NULL);
        yaml_read_path(docs, "/nonexistent/pools.yaml");
        ck_assert(docs->unreadable);
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_str_eq(docs->v[0].file, "/nonexistent/pools.yaml");
        ck_assert_str_eq(docs->v[0].error, "cannot be read: No such file or directory");
        yaml_docs_free(docs);
}
END_TEST

START_TEST(too_long)
{
        const struct yaml_limits limits = {.bytes = 100000, .nodes = 1000, .depth = 8};
        char path[] = "herald-test-XXXXXX", *text = xcalloc(1, 200001);
        ck_assert_ptr_nonnull(mkdtemp(path));
        memset(text, '#', 200000);
        write_file(path, "long.yaml", text);
        char *file = xprintf("%s/long.yaml", path);
        struct yaml_docs *docs = yaml_docs_new(&limits);
        yaml_read_path(docs, file);
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_ptr_nonnull(strstr(docs->v[0].error, "too long"));
        yaml_docs_free(docs);
        unlink(file);
        rmdir(path);
        free(file);
        free(text);
}
END_TEST

/* Nobody writes into it: opening it to read would hang. */
START_TEST(a_fifo_is_refused)
{
        char path[] = "herald-test-XXXXXX";
        ck_assert_ptr_nonnull(mkdtemp(path));
        char *fifo = xprintf("%s/x.yaml", path);
        ck_assert_int_eq(mkfifo(fifo, 0600), 0);
        struct yaml_docs *docs = yaml_docs_new(NULL);
        yaml_read_path(docs, fifo);
        yaml_read_file(docs, fifo);
        yaml_read_file(docs, path);
        yaml_read_path(docs, "/dev/zero");
        ck_assert(docs->unreadable);
        ck_assert_uint_eq(docs->n, 4);
        ck_assert_str_eq(docs->v[0].file, fifo);
        ck_assert_str_eq(docs->v[0].error, "cannot be read: it is not a regular file");
        ck_assert_str_eq(docs->v[1].error, docs->v[0].error);
        ck_assert_str_eq(docs->v[2].error, "cannot be read: it is a directory, not a regular file");
        ck_assert_str_eq(docs->v[3].error, docs->v[0].error);
        yaml_docs_free(docs);
        unlink(fifo);
        rmdir(path);
        free(fifo);
}
END_TEST

/* What a shell makes of <(...). */
START_TEST(a_pipe_that_the_operator_named_is_read)
{
        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);
        char *path = xprintf("/dev/fd/%d", fds[0]);
        ck_assert_int_eq(write(fds[1], "{kind: A}", 9), 9);
        close(fds[1]);
        struct yaml_docs *docs = yaml_docs_new(NULL);
        yaml_read_argument(docs, path);
        yaml_read_argument(docs, "/dev/null");
        ck_assert(!docs->unreadable);
        ck_assert_uint_eq(docs->n, 1);
        ck_assert_ptr_nonnull(docs->v[0].root);
        yaml_read_argument(docs, "/nonexistent/pools.yaml");
        ck_assert(docs->unreadable);
        yaml_docs_free(docs);
        close(fds[0]);
        free(path);
}
END_TEST

int main(void)
{
        TCase *tests = tcase_create("files");
        tcase_add_test(tests, directory);
        tcase_add_test(tests, unreadable);
        tcase_add_test(tests, too_long);
        tcase_add_test(tests, a_fifo_is_refused);
        tcase_add_test(tests, a_pipe_that_the_operator_named_is_read);
        return run_tests(tests);
}
