/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static int fail(const struct aw_file *file, int reason, struct aw_error *error)
{
    return aw_fail(error, AW_E_IO, "%s: cannot be written: %s", file->path, strerror(reason));
}

static void forget(struct aw_file *file)
{
    free(file->path);
    free(file->beside);
    *file = (struct aw_file){0};
}

int aw_file_create(struct aw_file *file, const char *path, struct aw_error *error)
{
    struct stat there;
    int fd;
    *file = (struct aw_file){.path = aw_string_copy(path)};
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        if (asprintf(&file->beside, "%s.%ld.part", path, (long)getpid()) < 0)
            abort();
        unlink(file->beside); /* of a process with this number that did not get to the end */
        fd = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    file->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (file->out != NULL)
        return 0;
    int status = fail(file, errno, error);
    if (fd >= 0)
        close(fd);
    forget(file);
    return status;
}

/* errno of a write that failed while the stream was being filled is gone; the flush says it again
 * for a disk that is still full. */
int aw_file_commit(struct aw_file *file, struct aw_error *error)
{
    errno = 0;
    int status = 0, failed = ferror(file->out), reason;
    failed |= fflush(file->out) != 0;
    reason = errno;
    if (fclose(file->out) != 0 && !failed) {
        failed = 1;
        reason = errno;
    }
    if (!failed && file->beside != NULL && rename(file->beside, file->path) != 0) {
        failed = 1;
        reason = errno;
    }
    if (failed) {
        status = fail(file, reason != 0 ? reason : EIO, error);
        if (file->beside != NULL)
            unlink(file->beside);
    }
    forget(file);
    return status;
}

void aw_file_abandon(struct aw_file *file)
{
    if (file->out != NULL)
        fclose(file->out);
    if (file->beside != NULL)
        unlink(file->beside);
    forget(file);
}

char *aw_file_read(const char *path, size_t *size, struct aw_error *error)
{
    FILE *in = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    *size = 0;
    errno = in != NULL ? 0 : errno;
    while (in != NULL && !ferror(in) && !feof(in)) {
        if (*size + 1 >= room)
            text = aw_reallocate(text, room = room ? 2 * room : 1 << 16, 1);
        *size += fread(text + *size, 1, room - *size - 1, in);
    }
    if (in == NULL || ferror(in)) {
        aw_fail(error, AW_E_IO, "%s: cannot be read: %s", path, strerror(errno));
        free(text);
        text = NULL;
    } else {
        text[*size] = '\0';
    }
    if (in != NULL)
        fclose(in);
    return text;
}
