/* SPDX-License-Identifier: MIT */
/*
 * lifetime.c - memory that one thread gives to another, and how long it lives.
 *
 *   joined     a block is freed when the other thread has been joined
 *   early      it is freed when the other thread has said that it has begun
 *   returned   a local variable is given away, and its function returns
 *   short      the block has one place less than the other thread fills
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 3 };

struct work {
    pthread_mutex_t lock;
    sem_t begun;
    int *places; /* guarded by the lock */
};

static struct work work = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *fill(void *argument)
{
    struct work *mine = argument;
    sem_post(&mine->begun);
    for (int i = 0; i < PLACES; i++) {
        pthread_mutex_lock(&mine->lock);
        mine->places[i] = i + 1;
        pthread_mutex_unlock(&mine->lock);
    }
    return NULL;
}

static pthread_t start(int *places)
{
    pthread_t thread;
    pthread_mutex_lock(&work.lock);
    work.places = places;
    pthread_mutex_unlock(&work.lock);
    if (pthread_create(&thread, NULL, fill, &work) != 0)
        abort();
    return thread;
}

static __attribute__((noinline)) pthread_t with_local(void)
{
    int local[PLACES] = {0};
    pthread_t thread = start(local);
    sem_wait(&work.begun);
    return thread;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "joined";
    sem_init(&work.begun, 0, 0);
    if (strcmp(how, "returned") == 0) {
        pthread_join(with_local(), NULL);
        return 0;
    }
    int count = strcmp(how, "short") == 0 ? PLACES - 1 : PLACES;
    int *places = calloc((size_t)count, sizeof *places);
    pthread_t thread = start(places);
    sem_wait(&work.begun);
    if (strcmp(how, "early") == 0) {
        pthread_mutex_lock(&work.lock);
        free(places);
        pthread_mutex_unlock(&work.lock);
    }
    pthread_join(thread, NULL);
    if (strcmp(how, "early") != 0)
        free(places);
    return 0;
}
