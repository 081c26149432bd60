/* SPDX-License-Identifier: MIT */
/*
 * spin.c - spin locks. They spin, as glibc's do: whoever finds the lock taken looks again, and
 * yields so that a turn of another thread in between is no preemption. A lock that is never given
 * back is a livelock. glibc counts down from 1; what a lock holds is nobody's business.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "primitives.h"

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    (void)shared;
    __atomic_store_n(lock, 0, __ATOMIC_SEQ_CST);
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    (void)lock;
    return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    return __atomic_exchange_n(lock, 1, __ATOMIC_SEQ_CST) == 0 ? 0 : EBUSY;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    while (pthread_spin_trylock(lock) != 0)
        sched_yield();
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_SEQ_CST);
    return 0;
}
