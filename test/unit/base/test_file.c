#include "base/arena.h"
#include "base/file.h"
#include "suite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[32];
static int at;

static void make(const char *name, size_t n)
{
        int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        char *bytes = xcalloc(n + 1, 1);
        memset(bytes, 'x', n);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
        close(fd);
        free(bytes);
}

static void open_dir(void)
{
        strcpy(dir, "herald-test-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void close_dir(void)
{
        close(at);
        ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(whole_files)
{
        static const size_t sizes[] = {0, 1, 4095, 4096, 100000};
        const char *why = NULL;
        open_dir();
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                size_t len = 7;
                make("f", sizes[i]);
                char *text = file_read(at, "f", 100000, &len, &why);
                ck_assert_ptr_nonnull(text);
                ck_assert_uint_eq(len, sizes[i]);
                ck_assert_uint_eq(strlen(text), sizes[i]);
                free(text);
                unlinkat(at, "f", 0);
        }
        close_dir();
}
END_TEST

START_TEST(files_of_proc_have_no_size)
{
        const char *why = NULL;
        size_t len = 0;
        char *text = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 100, &len, &why);
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_eq(len, 37);
        free(text);
        ck_assert_ptr_null(file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 36, NULL, &why));
        ck_assert_int_eq(errno, EFBIG);
        text = file_read(AT_FDCWD, "/proc/self/smaps", 16 << 20, &len, &why); /* more than a page */
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_gt(len, 4096);
        ck_assert_uint_eq(strlen(text), len);
        free(text);
}
END_TEST

static void refused(const char *name, size_t max, int error, const char *sentence)
{
        const char *why = NULL;
        size_t len = 7;
        ck_assert_ptr_null(file_read(at, name, max, &len, &why));
        ck_assert_int_eq(errno, error);
        ck_assert_str_eq(why, sentence);
        ck_assert_uint_eq(len, 7);
}

START_TEST(what_is_no_regular_file_is_refused)
{
        struct sockaddr_un sun = {.sun_family = AF_UNIX};
        open_dir();
        snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", dir);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
        ck_assert_int_eq(mkfifoat(at, "fifo", 0600), 0); /* nobody writes: reading it would hang */
        make("large", 101);
        refused("fifo", 100, ENOTSUP, "it is not a regular file");
        refused("/dev/zero", 100, ENOTSUP, "it is not a regular file");
        refused("socket", 100, ENXIO, "it is not a regular file");
        refused(".", 100, EISDIR, "it is a directory, not a regular file");
        refused("none", 100, ENOENT, "No such file or directory");
        refused("large", 100, EFBIG, "it is too large");
        close(fd);
        unlinkat(at, "socket", 0);
        unlinkat(at, "fifo", 0);
        unlinkat(at, "large", 0);
        close_dir();
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {whole_files, files_of_proc_have_no_size,
                                      what_is_no_regular_file_is_refused};
        return run_tests("file", tests, sizeof(tests) / sizeof(tests[0]));
}
