/* SPDX-License-Identifier: MIT */
/*
 * handover.c - memory that goes from one thread to another without a lock around its use:
 * handover semaphore|pipe|condition|create|join|nothing
 */
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static int data, ready, ends[2];
static sem_t semaphore;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static const char *how;

static int is(const char *name)
{
    return strcmp(how, name) == 0;
}

static void *give(void *argument)
{
    if (is("create")) {
        assert(*(int *)argument == 42);
        return NULL;
    }
    data = 42;
    if (is("semaphore")) {
        sem_post(&semaphore);
    } else if (is("pipe")) {
        char byte = 0;
        assert(write(ends[1], &byte, 1) == 1);
    } else if (is("condition")) {
        pthread_mutex_lock(&mutex);
        ready = 1;
        pthread_cond_signal(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int mine = 1;
    how = argc > 1 ? argv[1] : "semaphore";
    sem_init(&semaphore, 0, 0);
    assert(pipe(ends) == 0);
    mine = 42;
    pthread_create(&thread, NULL, give, &mine);
    if (is("semaphore")) {
        sem_wait(&semaphore);
    } else if (is("pipe")) {
        char byte;
        assert(read(ends[0], &byte, 1) == 1);
    } else if (is("condition")) {
        pthread_mutex_lock(&mutex);
        while (!ready)
            pthread_cond_wait(&condition, &mutex);
        pthread_mutex_unlock(&mutex);
    } else if (is("join")) {
        pthread_join(thread, NULL);
        assert(data == 42);
        return 0;
    }
    assert(is("create") || data == 42);
    return pthread_join(thread, NULL);
}
