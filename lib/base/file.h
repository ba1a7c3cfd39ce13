/* Files as a whole. */
#pragma once
#include <stddef.h>

/* The content of a regular file, NUL-terminated, for free(); its length goes to *len (NULL is fine). Never
 * waits for a FIFO or a device: what is no regular file is refused. Symbolic links are followed; files of
 * /proc, which have no size, are read to their end. path is relative to the directory `at`, or AT_FDCWD.
 *
 * NULL if it cannot be read: *why is then half a sentence, static ("it is not a regular file"), and errno
 * says it too: EFBIG if it has more than max octets, EISDIR, ENOTSUP or ENXIO if it is no regular file.
 * Nothing that was read stays behind in memory that was freed. */
char *file_read(int at, const char *path, size_t max, size_t *len, const char **why);
