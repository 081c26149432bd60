/* SPDX-License-Identifier: MIT */
/* random_locks.c - statements on mutexes, conditions, read-write locks and semaphores. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "random.h"

STEP void do_mutex(struct context *context, char what)
{
    int m = next_index(context, MUTEXES), result;
    if (context->foreign >> m & 1) {
        if (what == 'K')
            branch_if_any(context, 0);
        return;
    }
    switch (what) {
    case 'Z':
        fold(context, pthread_mutex_consistent(random_tables.mutex_of[m]) != 0);
        return;
    case 'v':
        if (random_tables.kinds[m] == 'n' && context->held[m] == 0)
            fold(context, pthread_mutex_unlock(random_tables.mutex_of[m]) != 0);
        return;
    case 'U':
        if ((random_tables.kinds[m] == 'n' || random_tables.kinds[m] == 'p') &&
            context->held[m] == 0)
            return;
        result = pthread_mutex_unlock(random_tables.mutex_of[m]);
        if (result == 0)
            context->held[m]--;
        fold(context, result != 0);
        return;
    case 'L':
        result = pthread_mutex_lock(random_tables.mutex_of[m]);
        break;
    case 'K':
        result = pthread_mutex_trylock(random_tables.mutex_of[m]);
        break;
    default:
        while ((result = pthread_mutex_trylock(random_tables.mutex_of[m])) == EBUSY)
            sched_yield();
        break;
    }
    if (result == 0 || result == EOWNERDEAD)
        context->held[m]++;
    fold(context, result == 0                 ? 0
                  : result == EBUSY           ? 1
                  : result == EOWNERDEAD      ? 3
                  : result == ENOTRECOVERABLE ? 4
                                              : 2);
    if (what == 'K')
        branch_if_any(context, result == 0);
}

STEP void do_rwlock(struct context *context, char what)
{
    int result;
    switch (what) {
    case 'M':
        if (context->rwlocked == 0)
            return;
        pthread_rwlock_unlock(random_tables.rwlock);
        context->rwlocked--;
        return;
    case 'I':
        result = pthread_rwlock_rdlock(random_tables.rwlock);
        break;
    case 'W':
        result = pthread_rwlock_wrlock(random_tables.rwlock);
        break;
    case 'D':
        result = pthread_rwlock_tryrdlock(random_tables.rwlock);
        break;
    default:
        result = pthread_rwlock_trywrlock(random_tables.rwlock);
        break;
    }
    if (result == 0)
        context->rwlocked++;
    fold(context, result == 0 ? 0 : result == EBUSY ? 1 : 2);
    if (what == 'D' || what == 'E')
        branch_if_any(context, result == 0);
}

void do_guarded(struct context *context, char what)
{
    int m = next_index(context, MUTEXES);
    if (context->held[m] == 0)
        return;
    int *variable = random_tables.guarded_by[m];
    if (what == '+')
        *variable = (*variable * 2 + context->body + 1) & 7;
    else
        fold(context, *variable);
}

void do_condition(struct context *context, char what)
{
    int c = next_index(context, CONDITIONS), m;
    switch (what) {
    case 'G':
        pthread_cond_signal(random_tables.condition_of[c]);
        return;
    case 'B':
        pthread_cond_broadcast(random_tables.condition_of[c]);
        return;
    }
    m = next_index(context, MUTEXES);
    if (context->held[m] != 1 || is_shared(m) != is_shared(0))
        return;
    int result = 0, *variable = random_tables.guarded_by[m];
    pthread_cond_t *condition = random_tables.condition_of[c];
    if (what == 'C')
        result = pthread_cond_wait(condition, random_tables.mutex_of[m]);
    else
        while (*variable == 0 && result == 0)
            result = pthread_cond_wait(condition, random_tables.mutex_of[m]);
    if (result == ENOTRECOVERABLE) {
        context->held[m] = 0;
        return;
    }
    fold(context, *variable + 8 * (result == EOWNERDEAD));
}

/* ---- semaphores ---- */

STEP void do_semaphore(struct context *context, char what)
{
    sem_t *semaphore = random_tables.semaphores[next_index(context, SEMAPHORES)];
    int value = 0;
    if (semaphore == NULL) {
        if (what == 'Y')
            branch_if_any(context, 0);
        return;
    }
    switch (what) {
    case 'S':
        sem_wait(semaphore);
        break;
    case 'Y':
        value = sem_trywait(semaphore) == 0;
        fold(context, value);
        branch_if_any(context, value);
        break;
    case 'V':
        sem_post(semaphore);
        break;
    case 'N':
        sem_getvalue(semaphore, &value);
        fold(context, value);
        break;
    default:
        while (sem_trywait(semaphore) != 0)
            sched_yield();
        break;
    }
}
