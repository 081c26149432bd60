/* SPDX-License-Identifier: MIT */
/*
 * attributes.c - the attribute objects of threads, mutexes and condition variables, and the
 * initial bytes of the two that have some.
 *
 * An attribute object starts with one of the structures below; the rest of it is zero. Defaults
 * are 0 wherever that is possible, so that an object made by `init` is all zero bytes.
 *
 * What the machine relies on:
 *   pthread_mutex_t  glibc's layout: the kind (PTHREAD_MUTEX_*) is the int at offset 16; all else
 *                    is zero while it is unlocked; offset 0 counts the locks, offset 8 is the owner
 *   pthread_cond_t   zero, but for a 1 in the first int when it measures CLOCK_MONOTONIC, and SHARED in the
 *                    second when it is for several processes
 *
 *   pthread_rwlock_t, pthread_barrier_t  see machine/locks.h
 *
 * Attributes that change what other threads or processes see, and have no model (priority
 * protocols, writers preferred), end the check by name. Attributes about scheduling are
 * kept and have no effect: every schedule is explored anyway.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "primitives.h"
#include "runtime.h"

enum { DEFAULT_STACK_SIZE = 8 << 20, SMALLEST_STACK = 16384, DEFAULT_GUARD_SIZE = 4096 };

struct thread_attributes {
    int detached;
    int explicit_scheduling;
    int policy;
    int priority;
    size_t stack_size; /* 0: the default */
    size_t guard_size; /* plus 1; 0: the default */
};

enum { ROBUST = 16, SHARED = 128 }; /* glibc's bits in the kind of a mutex */

struct mutex_attributes {
    int kind; /* and ROBUST, SHARED */
};

struct rwlock_attributes {
    int kind;
    int shared; /* SHARED, or 0; below as well */
};

struct rwlock {
    unsigned readers, writer, shared;
};

struct barrier_attributes {
    int shared;
};

struct barrier {
    unsigned count, arrived, shared;
};

struct condition_attributes {
    short clock;
    short shared;
};

struct mutex {
    int lock_count;
    int unused1;
    int owner;
    int unused2;
    int kind;
};

struct condition {
    int monotonic;
    unsigned shared;
};

#define FITS(inner, outer) _Static_assert(sizeof(inner) <= sizeof(outer), "room in " #outer)
FITS(struct thread_attributes, pthread_attr_t);
FITS(struct mutex_attributes, pthread_mutexattr_t);
FITS(struct condition_attributes, pthread_condattr_t);
FITS(struct mutex, pthread_mutex_t);
FITS(struct condition, pthread_cond_t);
FITS(struct rwlock_attributes, pthread_rwlockattr_t);
FITS(struct rwlock, pthread_rwlock_t);
FITS(struct barrier_attributes, pthread_barrierattr_t);
FITS(struct barrier, pthread_barrier_t);
_Static_assert(offsetof(struct mutex, kind) == offsetof(pthread_mutex_t, __data.__kind), "glibc's");

/* Threads */

static struct thread_attributes *of_thread(const pthread_attr_t *attributes)
{
    return (struct thread_attributes *)attributes;
}

int thread_attributes_detached(const pthread_attr_t *attributes)
{
    return of_thread(attributes)->detached;
}

int pthread_attr_init(pthread_attr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attributes, int state)
{
    if (state != PTHREAD_CREATE_DETACHED && state != PTHREAD_CREATE_JOINABLE)
        return EINVAL;
    of_thread(attributes)->detached = state == PTHREAD_CREATE_DETACHED;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attributes, int *state)
{
    *state = of_thread(attributes)->detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size)
{
    if (size < SMALLEST_STACK)
        return EINVAL;
    of_thread(attributes)->stack_size = size;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attributes, size_t *restrict size)
{
    size_t set = of_thread(attributes)->stack_size;

    *size = set == 0 ? DEFAULT_STACK_SIZE : set;
    return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attributes, size_t size)
{
    of_thread(attributes)->guard_size = size + 1;
    return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *restrict attributes, size_t *restrict size)
{
    size_t set = of_thread(attributes)->guard_size;

    *size = set == 0 ? DEFAULT_GUARD_SIZE : set - 1;
    return 0;
}

int pthread_attr_setscope(pthread_attr_t *attributes, int scope)
{
    (void)attributes;
    if (scope == PTHREAD_SCOPE_SYSTEM)
        return 0;
    return scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
}

int pthread_attr_getscope(const pthread_attr_t *restrict attributes, int *restrict scope)
{
    (void)attributes;
    *scope = PTHREAD_SCOPE_SYSTEM;
    return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *attributes, int inherit)
{
    if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED)
        return EINVAL;
    of_thread(attributes)->explicit_scheduling = inherit == PTHREAD_EXPLICIT_SCHED;
    return 0;
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attributes, int *restrict inherit)
{
    *inherit =
        of_thread(attributes)->explicit_scheduling ? PTHREAD_EXPLICIT_SCHED : PTHREAD_INHERIT_SCHED;
    return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attributes, int policy)
{
    if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
        return EINVAL;
    of_thread(attributes)->policy = policy;
    return 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attributes, int *restrict policy)
{
    *policy = of_thread(attributes)->policy;
    return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *restrict attributes,
                               const struct sched_param *restrict parameters)
{
    int policy = of_thread(attributes)->policy, priority = parameters->sched_priority;

    if (policy == SCHED_OTHER ? priority != 0 : priority < 1 || priority > 99)
        return EINVAL;
    of_thread(attributes)->priority = priority;
    return 0;
}

int pthread_attr_getschedparam(const pthread_attr_t *restrict attributes,
                               struct sched_param *restrict parameters)
{
    parameters->sched_priority = of_thread(attributes)->priority;
    return 0;
}

/* Mutexes */

int pthread_mutexattr_init(pthread_mutexattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int kind)
{
    if (kind < PTHREAD_MUTEX_NORMAL || kind > PTHREAD_MUTEX_ADAPTIVE_NP)
        return EINVAL;
    int *word = &((struct mutex_attributes *)attributes)->kind;
    *word = (*word & (ROBUST | SHARED)) | kind;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict attributes, int *restrict kind)
{
    *kind = ((const struct mutex_attributes *)attributes)->kind & ~(ROBUST | SHARED);
    return 0;
}

/* Of all but mutexes: SHARED or 0, or -1 for what is neither. */
static int shared_word(int shared)
{
    return shared == PTHREAD_PROCESS_SHARED ? SHARED : shared == PTHREAD_PROCESS_PRIVATE ? 0 : -1;
}

static int shared_value(int word)
{
    return word == SHARED ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
}

/* Writes an object where it belongs. */
static int put(void *object, const void *made, size_t size)
{
    if (aw_in_mapping(object))
        return __aw_put(object, made, size, 0);
    memcpy(object, made, size);
    return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attributes, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    int *word = &((struct mutex_attributes *)attributes)->kind;
    *word = (*word & ~SHARED) | (shared == PTHREAD_PROCESS_SHARED ? SHARED : 0);
    return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict attributes,
                                 int *restrict shared)
{
    *shared = ((const struct mutex_attributes *)attributes)->kind & SHARED
                  ? PTHREAD_PROCESS_SHARED
                  : PTHREAD_PROCESS_PRIVATE;
    return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust)
{
    if (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST)
        return EINVAL;
    int *word = &((struct mutex_attributes *)attributes)->kind;
    *word = (*word & ~ROBUST) | (robust == PTHREAD_MUTEX_ROBUST ? ROBUST : 0);
    return 0;
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *attributes, int *robust)
{
    *robust = ((const struct mutex_attributes *)attributes)->kind & ROBUST ? PTHREAD_MUTEX_ROBUST
                                                                           : PTHREAD_MUTEX_STALLED;
    return 0;
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attributes, int protocol)
{
    (void)attributes;
    if (protocol == PTHREAD_PRIO_NONE)
        return 0;
    if (protocol != PTHREAD_PRIO_INHERIT && protocol != PTHREAD_PRIO_PROTECT)
        return EINVAL;
    __aw_unmodelled("pthread_mutexattr_setprotocol other than PTHREAD_PRIO_NONE");
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict attributes,
                                  int *restrict protocol)
{
    (void)attributes;
    *protocol = PTHREAD_PRIO_NONE;
    return 0;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    pthread_mutex_t made;

    memset(&made, 0, sizeof made);
    if (attributes != NULL)
        ((struct mutex *)&made)->kind = ((const struct mutex_attributes *)attributes)->kind;
    if (aw_in_mapping(mutex))
        return __aw_put(mutex, &made, sizeof made, 0);
    memcpy(mutex, &made, sizeof made);
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    if (aw_in_mapping(mutex)) {
        pthread_mutex_t zero;

        memset(&zero, 0, sizeof zero);
        return __aw_put(mutex, &zero, sizeof zero, 1);
    }
    /* glibc destroys robust mutexes whatever their state. */
    if (((const struct mutex *)mutex)->lock_count != 0 &&
        (((const struct mutex *)mutex)->kind & ROBUST) == 0)
        return EBUSY;
    memset(mutex, 0, sizeof *mutex);
    return 0;
}

/* Condition variables */

int pthread_condattr_init(pthread_condattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    ((struct condition_attributes *)attributes)->clock = (short)clock;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attributes,
                              clockid_t *restrict clock)
{
    *clock = ((const struct condition_attributes *)attributes)->clock;
    return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attributes, int shared)
{
    int word = shared_word(shared);
    if (word < 0)
        return EINVAL;
    ((struct condition_attributes *)attributes)->shared = (short)word;
    return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *restrict attributes, int *restrict shared)
{
    *shared = shared_value(((const struct condition_attributes *)attributes)->shared);
    return 0;
}

int pthread_cond_init(pthread_cond_t *restrict condition,
                      const pthread_condattr_t *restrict attributes)
{
    const struct condition_attributes *of = (const struct condition_attributes *)attributes;
    pthread_cond_t made;

    memset(&made, 0, sizeof made);
    if (of != NULL)
        *(struct condition *)&made =
            (struct condition){of->clock == CLOCK_MONOTONIC, (unsigned)of->shared};
    return put(condition, &made, sizeof made);
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
    pthread_cond_t zero;

    memset(&zero, 0, sizeof zero);
    return put(condition, &zero, sizeof zero);
}

/* Read-write locks */

int pthread_rwlockattr_init(pthread_rwlockattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attributes, int shared)
{
    int word = shared_word(shared);
    if (word < 0)
        return EINVAL;
    ((struct rwlock_attributes *)attributes)->shared = word;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict attributes,
                                  int *restrict shared)
{
    *shared = shared_value(((const struct rwlock_attributes *)attributes)->shared);
    return 0;
}

/* PREFER_WRITER_NP is the same as PREFER_READER_NP in glibc. */
int pthread_rwlockattr_setkind_np(pthread_rwlockattr_t *attributes, int kind)
{
    if (kind == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
        __aw_unmodelled("PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP");
    if (kind != PTHREAD_RWLOCK_PREFER_READER_NP && kind != PTHREAD_RWLOCK_PREFER_WRITER_NP)
        return EINVAL;
    ((struct rwlock_attributes *)attributes)->kind = kind;
    return 0;
}

int pthread_rwlockattr_getkind_np(const pthread_rwlockattr_t *restrict attributes,
                                  int *restrict kind)
{
    *kind = ((const struct rwlock_attributes *)attributes)->kind;
    return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict lock,
                        const pthread_rwlockattr_t *restrict attributes)
{
    pthread_rwlock_t made;

    memset(&made, 0, sizeof made);
    if (attributes != NULL)
        ((struct rwlock *)&made)->shared =
            (unsigned)((const struct rwlock_attributes *)attributes)->shared;
    return put(lock, &made, sizeof made);
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    pthread_rwlock_t zero;

    memset(&zero, 0, sizeof zero);
    return put(lock, &zero, sizeof zero);
}

/* Barriers */

int pthread_barrierattr_init(pthread_barrierattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attributes, int shared)
{
    int word = shared_word(shared);
    if (word < 0)
        return EINVAL;
    ((struct barrier_attributes *)attributes)->shared = word;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict attributes,
                                   int *restrict shared)
{
    *shared = shared_value(((const struct barrier_attributes *)attributes)->shared);
    return 0;
}

int pthread_barrier_init(pthread_barrier_t *restrict barrier,
                         const pthread_barrierattr_t *restrict attributes, unsigned count)
{
    pthread_barrier_t made;

    if (count == 0 || count > 0x7fffffff)
        return EINVAL;
    memset(&made, 0, sizeof made);
    *(struct barrier *)&made = (struct barrier){.count = count};
    if (attributes != NULL)
        ((struct barrier *)&made)->shared =
            (unsigned)((const struct barrier_attributes *)attributes)->shared;
    return put(barrier, &made, sizeof made);
}

int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    pthread_barrier_t zero;

    memset(&zero, 0, sizeof zero);
    return put(barrier, &zero, sizeof zero);
}
