/* SPDX-License-Identifier: MIT */
/*
 * keys.c - pthread_key_*, pthread_getspecific, pthread_setspecific.
 *
 * keys[k] is 0 when unused, NO_DESTRUCTOR, or the destructor. glibc has no lock here, but atomic
 * operations on each key, and each key has a sequence number, by which a thread finds that a value
 * of its own is one of a key that was deleted. Here pthread_key_delete clears the values before it
 * gives up the key, so that a key which is made anew at the same index starts with NULL.
 *
 * A value is touched by its own thread, and by who deletes the key. That may happen while the
 * thread ends (atomic operations), but not at the same time as pthread_getspecific and
 * pthread_setspecific: they might come behind it just as well, which is undefined by POSIX. That is
 * found as a data race.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

/* glibc has 1024; one image carries the table whether it is used or not. */
enum { KEYS_MAX = 128 };

#define NO_DESTRUCTOR ((uintptr_t)1)

static uintptr_t keys[KEYS_MAX];
static const void *key_values[KEYS_MAX][AW_THREADS_MAX];
/* Above the highest key that the thread has given a value since it began. */
static unsigned char own_keys[AW_THREADS_MAX];

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    uintptr_t wanted = destructor == NULL ? NO_DESTRUCTOR : (uintptr_t)destructor;

    for (unsigned k = 0; k < KEYS_MAX; k++) {
        uintptr_t unused = 0;

        if (__atomic_compare_exchange_n(&keys[k], &unused, wanted, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            *key = k;
            return 0;
        }
    }
    __aw_unmodelled("pthread_key_create: more than 128 keys");
}

static uintptr_t in_use(pthread_key_t key)
{
    return key >= KEYS_MAX ? 0 : __atomic_load_n(&keys[key], __ATOMIC_SEQ_CST);
}

int pthread_key_delete(pthread_key_t key)
{
    uintptr_t destructor = in_use(key);

    if (destructor == 0)
        return EINVAL;
    for (unsigned t = 0; t < AW_THREADS_MAX; t++)
        if (__atomic_load_n(&key_values[key][t], __ATOMIC_SEQ_CST) != NULL)
            __atomic_store_n(&key_values[key][t], NULL, __ATOMIC_SEQ_CST);
    return __atomic_compare_exchange_n(&keys[key], &destructor, 0, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST)
               ? 0
               : EINVAL;
}

void *pthread_getspecific(pthread_key_t key)
{
    return key < KEYS_MAX ? (void *)key_values[key][__aw_self()] : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    unsigned self = __aw_self();

    if (in_use(key) == 0)
        return EINVAL;
    if (key_values[key][self] != value)
        key_values[key][self] = value;
    if (value != NULL && own_keys[self] <= key)
        own_keys[self] = (unsigned char)(key + 1);
    return 0;
}

/* A destructor may set values again; a value is NULL before its destructor is called. Which one
 * that is, is looked at first: while there is a value the key was not deleted. */
static int destroy(unsigned self, pthread_key_t key)
{
    uintptr_t destructor;
    const void *value;

    if (__atomic_load_n(&key_values[key][self], __ATOMIC_SEQ_CST) == NULL)
        return 0;
    destructor = in_use(key);
    value = __atomic_exchange_n(&key_values[key][self], NULL, __ATOMIC_SEQ_CST);
    if (value == NULL || destructor == 0 || destructor == NO_DESTRUCTOR)
        return 0;
    ((void (*)(void *))destructor)((void *)value);
    return 1;
}

void keys_thread_ends(void)
{
    unsigned self = __aw_self();

    for (int round = 0, called = 1; called && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
        called = 0;
        for (pthread_key_t k = 0; k < own_keys[self]; k++)
            called |= destroy(self, k);
    }
    for (pthread_key_t k = 0; k < own_keys[self]; k++)
        if (__atomic_load_n(&key_values[k][self], __ATOMIC_SEQ_CST) != NULL)
            __atomic_store_n(&key_values[k][self], NULL, __ATOMIC_SEQ_CST);
    if (own_keys[self] != 0)
        own_keys[self] = 0;
}

void keys_after_fork(unsigned before)
{
    unsigned self = __aw_self(), mine = own_keys[before];

    if (is_blank(own_keys, sizeof own_keys))
        return;
    memset(own_keys, 0, sizeof own_keys);
    for (pthread_key_t k = 0; k < KEYS_MAX; k++) {
        const void *value = key_values[k][before];

        if (is_blank(key_values[k], sizeof key_values[k]))
            continue;
        memset(key_values[k], 0, sizeof key_values[k]);
        key_values[k][self] = value;
    }
    own_keys[self] = (unsigned char)mine;
}
