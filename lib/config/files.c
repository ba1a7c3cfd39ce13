/* Where YAML comes from: files, directories, standard input. What cannot be read becomes a document with an
 * error. */
#include "base/file.h"
#include "config/yaml.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void refuse(struct yaml_docs *docs, const char *path, const char *why)
{
        char *text = xprintf("cannot be read: %s", why);
        yaml_add_error(docs, path, 0, text);
        docs->unreadable = true;
        free(text);
}

/* Reads up to limit + 1 bytes, so that the reader of the text sees that it is too long. Waits for them. */
static char *read_all(int fd, size_t limit, size_t *len)
{
        size_t room = 0;
        char *text = NULL;
        *len = 0;
        while (*len <= limit) {
                if (*len == room) {
                        room = room ? room * 2 : 65536;
                        text = xreallocarray(text, room, 1);
                }
                ssize_t n = read(fd, text + *len, room - *len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        free(text);
                        return NULL;
                }
                if (n == 0)
                        return text;
                *len += (size_t)n;
        }
        return text;
}

static void read_stream(struct yaml_docs *docs, const char *name, int fd)
{
        size_t len;
        char *text = fd < 0 ? NULL : read_all(fd, docs->limits.bytes, &len);
        if (text)
                yaml_read_text(docs, name, text, len);
        else
                refuse(docs, name, strerror(errno));
        free(text);
}

bool yaml_is_document(const char *name)
{
        static const char *const endings[] = {".yaml", ".yml", ".json"};
        size_t len = strlen(name);
        if (name[0] == '.')
                return false;
        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
                size_t n = strlen(endings[i]);
                if (len > n && strcmp(name + len - n, endings[i]) == 0)
                        return true;
        }
        return false;
}

static int is_config_file(const struct dirent *entry)
{
        return yaml_is_document(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

void yaml_read_file(struct yaml_docs *docs, const char *path)
{
        const char *why = NULL;
        size_t len = 0;
        char *text = file_read(AT_FDCWD, path, docs->limits.bytes, &len, &why);
        if (text)
                yaml_read_text(docs, path, text, len);
        else if (errno == EFBIG)
                yaml_add_error(docs, path, 1, "is too long; split it");
        else
                refuse(docs, path, why);
        free(text);
}

static void read_directory(struct yaml_docs *docs, const char *path)
{
        struct dirent **entries;
        int n = scandir(path, &entries, is_config_file, by_name);
        if (n < 0) {
                refuse(docs, path, strerror(errno));
                return;
        }
        for (int i = 0; i < n; i++) {
                struct stat st;
                char *file = xprintf("%s/%s", path, entries[i]->d_name);
                if (stat(file, &st) < 0)
                        refuse(docs, file, strerror(errno));
                else if (S_ISREG(st.st_mode))
                        yaml_read_file(docs, file);
                free(file);
                free(entries[i]);
        }
        free(entries);
}

void yaml_read_path(struct yaml_docs *docs, const char *path)
{
        struct stat st;
        if (strcmp(path, "-") == 0)
                read_stream(docs, "-", STDIN_FILENO);
        else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                read_directory(docs, path);
        else
                yaml_read_file(docs, path);
}

void yaml_read_argument(struct yaml_docs *docs, const char *path)
{
        struct stat st;
        if (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
                yaml_read_path(docs, path);
                return;
        }
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        read_stream(docs, path, fd);
        if (fd >= 0)
                close(fd);
}
