/* SPDX-License-Identifier: MIT */
/*
 * fork.c - fork with the handlers of pthread_atfork.
 *
 * Order as POSIX has it: prepare handlers, last registered first; the fork; then the parent's or
 * the child's handlers, first registered first. The parent's run also when the fork failed. A
 * handler registered by a prepare handler takes no part in the fork under way (as in glibc).
 *
 * Objects import either name: pthread_atfork where a static part of libc was not linked in,
 * __register_atfork where it was.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "primitives.h"
#include "runtime.h"

enum { STATIC_HANDLERS = 8 };

struct handlers {
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
};

static struct handlers some[STATIC_HANDLERS];
static struct handlers *more; /* those after the first STATIC_HANDLERS */
static unsigned handler_count, more_size;

static struct handlers *handlers_at(unsigned index)
{
    return index < STATIC_HANDLERS ? &some[index] : &more[index - STATIC_HANDLERS];
}

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    if (handler_count >= STATIC_HANDLERS && handler_count - STATIC_HANDLERS == more_size) {
        unsigned size = more_size + STATIC_HANDLERS;
        struct handlers *grown = calloc(size, sizeof *grown);
        __aw_keep(grown);

        if (grown == NULL)
            return ENOMEM;
        if (more != NULL)
            memcpy(grown, more, more_size * sizeof *grown);
        free(more);
        more = grown;
        more_size = size;
    }
    *handlers_at(handler_count) = (struct handlers){prepare, parent, child};
    handler_count++;
    return 0;
}

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                      void *object);

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                      void *object)
{
    (void)object;
    return pthread_atfork(prepare, parent, child);
}

pid_t fork(void)
{
    unsigned count = handler_count, self = __aw_self();
    int pid, error;

    for (unsigned i = count; i > 0; i--)
        if (handlers_at(i - 1)->prepare != NULL)
            handlers_at(i - 1)->prepare();

    pid = __aw_fork();
    error = errno;
    if (pid == 0) {
        keys_after_fork(self);
        cleanups_after_fork(self);
        once_after_fork();
    }
    for (unsigned i = 0; i < count; i++) {
        void (*handler)(void) = pid == 0 ? handlers_at(i)->child : handlers_at(i)->parent;

        if (handler != NULL)
            handler();
    }
    if (pid < 0)
        errno = error;
    return pid;
}
