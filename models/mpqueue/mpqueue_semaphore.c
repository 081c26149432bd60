/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_semaphore.c - named semaphores as Modules/_multiprocessing/semaphore.c uses them.
 *
 * What CPython calls Lock, Semaphore and BoundedSemaphore is one POSIX semaphore each. There is no
 * owner: anybody may post, and who dies while holding one has locked it for ever.
 */
#include "mpqueue_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

int mpq_acquire(sem_t *semaphore)
{
    while (sem_wait(semaphore))
        if (errno != EINTR)
            return MPQ_SYSTEM;
    return MPQ_OK;
}

int mpq_release(sem_t *semaphore)
{
    return sem_post(semaphore) ? MPQ_SYSTEM : MPQ_OK;
}

int mpq_try_acquire(sem_t *semaphore, int unavailable)
{
    while (sem_trywait(semaphore)) {
        if (errno == EAGAIN)
            return unavailable;
        if (errno != EINTR)
            return MPQ_SYSTEM;
    }
    return MPQ_OK;
}

int mpq_timed_acquire(sem_t *semaphore, int64_t deadline_ns, int unavailable)
{
    struct timespec deadline = {.tv_sec = deadline_ns / NS_PER_S,
                                .tv_nsec = deadline_ns % NS_PER_S};
    while (sem_timedwait(semaphore, &deadline)) {
        if (errno == ETIMEDOUT)
            return unavailable;
        if (errno != EINTR)
            return MPQ_SYSTEM;
    }
    return MPQ_OK;
}

int mpq_is_zero(sem_t *semaphore, bool *zero)
{
    int value = 0;
    if (sem_getvalue(semaphore, &value))
        return MPQ_SYSTEM;
    *zero = value == 0;
    return MPQ_OK;
}

int64_t mpq_now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t mpq_deadline_after(int64_t timeout_ns)
{
    int64_t now = mpq_now_ns();
    if (timeout_ns <= 0)
        return now;
    return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/* SemLock._make_name with a number where Python has random letters: the name lives for an instant,
 * and O_EXCL makes sure that nobody else's semaphore is opened. */
sem_t *mpq_semaphore_create(const char *role, unsigned value)
{
    enum { TRIES = 1000 };
    for (int i = 0; i < TRIES; i++) {
        char name[64];
        snprintf(name, sizeof name, "/mpqueue.%s.%d", role, i);
        sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, value);
        if (semaphore != SEM_FAILED) {
            sem_unlink(name);
            return semaphore;
        }
        if (errno != EEXIST)
            return NULL;
    }
    return NULL;
}

/* SemLock._rebuild */
sem_t *mpq_semaphore_open(const char *name)
{
    sem_t *semaphore = sem_open(name, 0);
    return semaphore == SEM_FAILED ? NULL : semaphore;
}

void mpq_semaphore_close(sem_t *semaphore)
{
    if (semaphore)
        sem_close(semaphore);
}
