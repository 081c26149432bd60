/* SPDX-License-Identifier: MIT */
/*
 * future.c - a value that comes later, freed by the one who got it: future inside|outside
 *
 * outside signals when it has given the mutex back, as is often advised for speed: the other may
 * have got the value meanwhile, and freed the condition.
 */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct future {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_there;
    int value;
};

static bool signals_outside;

static void set(struct future *future, int value)
{
    pthread_mutex_lock(&future->mutex);
    future->value = value;
    future->is_there = true;
    if (!signals_outside)
        pthread_cond_signal(&future->changed);
    pthread_mutex_unlock(&future->mutex);
    if (signals_outside)
        pthread_cond_signal(&future->changed);
}

static int get(struct future *future)
{
    pthread_mutex_lock(&future->mutex);
    while (!future->is_there)
        pthread_cond_wait(&future->changed, &future->mutex);
    int value = future->value;
    pthread_mutex_unlock(&future->mutex);
    pthread_cond_destroy(&future->changed);
    pthread_mutex_destroy(&future->mutex);
    free(future);
    return value;
}

static void *compute(void *future)
{
    set(future, 42);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    signals_outside = argc > 1 && strcmp(argv[1], "outside") == 0;
    struct future *future = calloc(1, sizeof *future);
    pthread_mutex_init(&future->mutex, NULL);
    pthread_cond_init(&future->changed, NULL);
    pthread_create(&thread, NULL, compute, future);
    assert(get(future) == 42);
    return pthread_join(thread, NULL);
}
