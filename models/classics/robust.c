/* SPDX-License-Identifier: MIT */
/*
 * robust.c - a worker thread that ends with a lock in its hand.
 *
 * Two workers count under a mutex; one of them returns early and forgets to unlock. `ordinary`: the
 * other one waits for ever. `robust`: it is told EOWNERDEAD, repairs what the mutex guards, and goes
 * on. `unrepaired`: it does not say that it repaired it, and the third one is refused.
 *
 * ordinary: no-deadlock fails. unrepaired: no-error fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include "classics.h"

static pthread_mutex_t mutex;
static int counter, half_done, unrepaired;

static void *forgetful(void *argument)
{
    (void)argument;
    if (pthread_mutex_lock(&mutex) == 0)
        half_done = 1;
    return NULL;
}

static void *careful(void *argument)
{
    (void)argument;
    int error = pthread_mutex_lock(&mutex);
    if (error == EOWNERDEAD) {
        half_done = 0;
        if (!unrepaired)
            pthread_mutex_consistent(&mutex);
    } else if (error != 0) {
        return NULL;
    }
    counter++;
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_mutexattr_t attributes;
    pthread_t threads[3];

    must(pthread_mutexattr_init(&attributes) == 0);
    if (!variant_is(argc, argv, "ordinary"))
        must(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    unrepaired = variant_is(argc, argv, "unrepaired");
    must(pthread_mutex_init(&mutex, &attributes) == 0);
    for (int i = 0; i < 3; i++)
        must(pthread_create(&threads[i], NULL, i == 0 ? forgetful : careful, NULL) == 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    return counter == 2 ? 0 : 1;
}
