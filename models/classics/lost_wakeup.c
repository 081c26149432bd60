/* SPDX-License-Identifier: MIT */
/*
 * lost_wakeup.c - a condition variable remembers nothing.
 *
 * main waits until the other thread is ready. `right` looks at the flag and goes to sleep under one
 * lock. `wrong` lets go of the mutex between the look and the sleep: a signal that comes in between
 * finds nobody asleep and is gone.
 *
 * wrong: no-deadlock fails. Shortest schedule: main looks (not ready) and unlocks; the thread sets
 * the flag and signals; main locks again and sleeps for ever.
 */
#include <pthread.h>

#include "classics.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_ready = PTHREAD_COND_INITIALIZER;
static int ready;

static void *get_ready(void *argument)
{
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_cond_signal(&is_ready);
    pthread_mutex_unlock(&mutex);
    return argument;
}

static void wait_wrong(void)
{
    pthread_mutex_lock(&mutex);
    int seen = ready;
    pthread_mutex_unlock(&mutex);
    if (!seen) {
        pthread_mutex_lock(&mutex);
        pthread_cond_wait(&is_ready, &mutex);
        pthread_mutex_unlock(&mutex);
    }
}

static void wait_right(void)
{
    pthread_mutex_lock(&mutex);
    while (!ready)
        pthread_cond_wait(&is_ready, &mutex);
    pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
    int wrong = is_wrong(argc, argv);
    pthread_t thread;

    must(pthread_create(&thread, NULL, get_ready, NULL) == 0);
    if (wrong)
        wait_wrong();
    else
        wait_right();
    pthread_join(thread, NULL);
    return 0;
}
