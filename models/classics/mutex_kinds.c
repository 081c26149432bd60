/* SPDX-License-Identifier: MIT */
/*
 * mutex_kinds.c - what the three kinds of mutex answer.
 *
 *   recursive   counts: locked twice, it is free only after the second unlock
 *   errorcheck  refuses to be locked twice (EDEADLK) and to be unlocked by another thread (EPERM)
 *   normal      waits for itself: no-deadlock fails on every schedule, at the second lock
 *
 * Each answer is asserted; under `recursive` and `errorcheck` all of them hold. (EPERM here is
 * wanted: do not check no-error.)
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>

#include "classics.h"

static pthread_mutex_t mutex;
static int kind = PTHREAD_MUTEX_NORMAL;

/* Runs while main holds the mutex, and again when it may not. */
static void *disturb(void *argument)
{
    int got = pthread_mutex_trylock(&mutex);
    if (got == 0) {
        pthread_mutex_unlock(&mutex);
        return argument;
    }
    assert(got == EBUSY);
    if (kind == PTHREAD_MUTEX_ERRORCHECK)
        assert(pthread_mutex_unlock(&mutex) == EPERM);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;

    if (variant_is(argc, argv, "recursive"))
        kind = PTHREAD_MUTEX_RECURSIVE;
    else if (variant_is(argc, argv, "errorcheck"))
        kind = PTHREAD_MUTEX_ERRORCHECK;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind);
    pthread_mutex_init(&mutex, &attributes);

    must(pthread_create(&thread, NULL, disturb, NULL) == 0);
    assert(pthread_mutex_lock(&mutex) == 0);
    int again = pthread_mutex_lock(&mutex);
    if (kind == PTHREAD_MUTEX_RECURSIVE) {
        assert(again == 0);
        assert(pthread_mutex_unlock(&mutex) == 0);
    } else {
        assert(again == EDEADLK);
    }
    assert(pthread_mutex_unlock(&mutex) == 0);
    if (kind == PTHREAD_MUTEX_ERRORCHECK) {
        int more = pthread_mutex_unlock(&mutex);
        assert(more == EPERM); /* free, or held by the other thread */
    }
    pthread_join(thread, NULL);
    return 0;
}
