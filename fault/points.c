/* SPDX-License-Identifier: MIT */
/*
 * The table, and what follows from it. libfiu's names and errnos were compared with preload/posix/
 * modules of libfiu 1.1. The errnos differ where libfiu's list is about files (EBADFD, EISDIR,
 * EFBIG, EDQUOT) or about wrong arguments (EFAULT, EINVAL), which no fault of the world brings
 * about, and where it lacks those of pipes (EAGAIN, EPIPE).
 */
#define _GNU_SOURCE
#include "points.h"

#include <errno.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Last come the errnos, the default first; 0 where there are none. */
#define POINT(name, kind, where, meaning, ...)                                                     \
    {                                                                                              \
        name, AW_FAULT_##kind, {__VA_ARGS__}, where, meaning                                       \
    }

static const struct aw_fault_point points[] = {
    /* libfiu: posix.io.mod */
    POINT("posix/io/rw/write", ERRNO, "write", "nothing was written; no SIGPIPE comes with EPIPE",
          EINTR, EAGAIN, EPIPE, ENOSPC, EIO),
    POINT("posix/io/rw/write/reduce", PARTIAL, "write",
          "fewer bytes were written than there was room for: the rest is the caller's to send", 0),
    POINT("posix/io/rw/writev", ERRNO, "writev", "nothing was written; no SIGPIPE comes with EPIPE",
          EINTR, EAGAIN, EPIPE, ENOSPC, EIO),
    POINT("posix/io/rw/writev/reduce", PARTIAL, "writev",
          "fewer bytes were written than there was room for; the cut may be inside a buffer", 0),
    POINT("posix/io/rw/read", ERRNO, "read", "nothing was read", EINTR, EAGAIN, EIO),
    POINT("posix/io/rw/read/reduce", PARTIAL, "read",
          "fewer bytes were read than were there; the rest stays in the pipe", 0),
    POINT("posix/io/rw/readv", ERRNO, "readv", "nothing was read", EINTR, EAGAIN, EIO),
    POINT("posix/io/rw/readv/reduce", PARTIAL, "readv",
          "fewer bytes were read than were there; the cut may be inside a buffer", 0),
    POINT("posix/io/oc/close", ERRNO, "close", "the call reports an error", EINTR, EIO),
    POINT("posix/io/net/poll", ERRNO, "poll", "nothing is known of any end", EINTR, ENOMEM),

    /* libfiu: posix.proc.mod */
    POINT("posix/proc/fork", ERRNO, "fork", "there is no child", EAGAIN, ENOMEM),
    POINT("posix/proc/wait", ERRNO, "wait", "no child was collected", EINTR, ECHILD),
    POINT("posix/proc/waitpid", ERRNO, "waitpid", "no child was collected", EINTR, ECHILD),
    POINT("posix/proc/kill", ERRNO, "kill", "no signal was sent", EPERM, ESRCH),

    /* libfiu: libc.mm.mod */
    POINT("libc/mm/malloc", ERRNO, "malloc", "it gives NULL", ENOMEM),
    POINT("libc/mm/calloc", ERRNO, "calloc", "it gives NULL", ENOMEM),
    POINT("libc/mm/realloc", ERRNO, "realloc", "it gives NULL, the old block stays", ENOMEM),

    /* Ours: what libfiu has no point for. sem_post is not here: POSIX lets it fail for a wrong
     * argument and for an overflow only, and neither comes from outside. */
    POINT("allways/sem/wait", ERRNO, "sem_wait", "it was not decremented", EINTR),
    POINT("allways/sem/timedwait", ERRNO, "sem_timedwait, sem_clockwait",
          "it was not decremented, and the time limit is not over", EINTR),
    POINT("allways/sem/trywait", ERRNO, "sem_trywait",
          "it was not decremented, and it may have been free", EINTR),
    POINT("allways/sem/open", ERRNO, "sem_open", "there is no semaphore", EMFILE, ENFILE, ENOMEM,
          EACCES),
    POINT("allways/thread/create", ERRNO, "pthread_create",
          "there is no thread; the error is what the call returns", EAGAIN),
    POINT("allways/pipe", ERRNO, "pipe, pipe2", "there is no pipe", EMFILE, ENFILE),
    POINT("allways/sleep", ERRNO, "sleep, usleep, nanosleep, clock_nanosleep", "it ends early",
          EINTR),
    POINT("allways/spurious", SPURIOUS,
          "pthread_cond_wait, pthread_cond_timedwait, pthread_cond_clockwait",
          "it returns 0 though nobody has signalled", 0),
    POINT("allways/delay", DELAY, "any visible operation", "it comes later", 0),
    POINT("allways/sigterm", SIGTERM, "any visible operation", "the process gets SIGTERM before it",
          0),
    POINT("allways/crash", CRASH, "any visible operation",
          "the process is killed before it; what it held stays held", 0),
};

const struct aw_fault_point *aw_fault_points(size_t *count)
{
    *count = LENGTH(points);
    return points;
}

const struct aw_fault_point *aw_fault_point_find(const char *name)
{
    for (size_t i = 0; i < LENGTH(points); i++)
        if (strcmp(points[i].name, name) == 0)
            return &points[i];
    return NULL;
}

bool aw_fault_point_reserved(const char *name)
{
    static const char *const prefixes[] = {"posix/", "libc/", "linux/", "allways/"};
    for (size_t i = 0; i < LENGTH(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

bool aw_fault_point_takes(const struct aw_fault_point *point, enum aw_fault_kind kind)
{
    if (point == NULL)
        return kind == AW_FAULT_FAIL || kind == AW_FAULT_DELAY;
    return kind == point->kind || (kind == AW_FAULT_DELAY && point->kind == AW_FAULT_ERRNO);
}

bool aw_fault_point_gives(const struct aw_fault_point *point, int error)
{
    for (int i = 0; i < AW_FAULT_MAX_ERRNOS && point->errnos[i] != 0; i++)
        if (point->errnos[i] == error)
            return true;
    return false;
}

/* --- Words ----------------------------------------------------------------------------------- */

const char *aw_fault_errno_name(int error)
{
    return error > 0 ? strerrorname_np(error) : NULL;
}

int aw_fault_errno_by_name(const char *name)
{
    enum { LAST = 133 }; /* EHWPOISON */
    for (int error = 1; error <= LAST; error++) {
        const char *known = strerrorname_np(error);
        if (known != NULL && strcmp(known, name) == 0)
            return error;
    }
    return 0;
}

static const char *const kind_names[] = {
#define X(name, text, meaning) text,
    AW_FAULT_KINDS(X)
#undef X
};

const char *aw_fault_kind_name(enum aw_fault_kind kind)
{
    return (unsigned)kind < LENGTH(kind_names) ? kind_names[kind] : "?";
}

int aw_fault_kind_by_name(const char *name)
{
    for (size_t i = 0; i < LENGTH(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0)
            return (int)i;
    return -1;
}
