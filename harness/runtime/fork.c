/* SPDX-License-Identifier: MIT */
/*
 * fork.c - fork with the handlers of pthread_atfork.
 *
 * Order as POSIX has it: prepare handlers, last registered first; the fork; then the parent's or
 * the child's handlers, first registered first. The parent's run also when the fork failed. A
 * handler registered by a prepare handler takes no part in the fork under way (as in glibc). glibc
 * has a lock around the list, which it does not hold while a handler runs; what is in the list
 * never changes.
 *
 * Objects import either name: pthread_atfork where a static part of libc was not linked in,
 * __register_atfork where it was.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "primitives.h"
#include "runtime.h"

enum { HANDLERS_MAX = 256 };

struct handlers {
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
};

static struct {
    unsigned count;
    struct handlers all[HANDLERS_MAX];
} fork_handlers;

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    unsigned at;

    __aw_section(&fork_handlers.count, sizeof fork_handlers.count);
    at = fork_handlers.count;
    if (at < HANDLERS_MAX) {
        fork_handlers.all[at].prepare = prepare;
        fork_handlers.all[at].parent = parent;
        fork_handlers.all[at].child = child;
        fork_handlers.count = at + 1;
    }
    __aw_section_end();
    if (at == HANDLERS_MAX)
        __aw_unmodelled("pthread_atfork: more than 256 handlers");
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

/* In functions of their own, so that fork keeps no pointer in a register while it is parked: what is left of
 * that on the stack would tell states apart that differ in nothing else. */
static __attribute__((noinline)) void prepares(unsigned count)
{
    for (unsigned i = count; i > 0; i--)
        if (fork_handlers.all[i - 1].prepare != NULL)
            fork_handlers.all[i - 1].prepare();
}

static __attribute__((noinline)) void follows(unsigned count, int is_child)
{
    for (unsigned i = 0; i < count; i++) {
        void (*handler)(void) = is_child ? fork_handlers.all[i].child : fork_handlers.all[i].parent;

        if (handler != NULL)
            handler();
    }
}

pid_t fork(void)
{
    unsigned count = __atomic_load_n(&fork_handlers.count, __ATOMIC_SEQ_CST), self = __aw_self();
    int pid, error;

    prepares(count);
    pid = __aw_fork();
    error = errno;
    if (pid == 0) {
        keys_after_fork(self);
        cleanups_after_fork(self);
        once_after_fork();
    }
    follows(count, pid == 0);
    if (pid < 0)
        errno = error;
    return pid;
}
