/* SPDX-License-Identifier: MIT */
/*
 * counter.c - threads that count together: counter plain|mutex|stolen|atomic|split|semaphore [THREADS [TIMES]]
 *
 * plain is a data race; so is stolen, in which a thread unlocks what another may hold; split reads and writes atomically, but not both at once, and loses counts.
 */
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 8 };

static int plain;
static atomic_int counter;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t semaphore;
static const char *how;
static int times = 1;

static void count(void)
{
    if (strcmp(how, "plain") == 0) {
        plain++;
    } else if (strcmp(how, "mutex") == 0) {
        pthread_mutex_lock(&mutex);
        plain++;
        pthread_mutex_unlock(&mutex);
    } else if (strcmp(how, "stolen") == 0) {
        pthread_mutex_unlock(&mutex);
        pthread_mutex_lock(&mutex);
        plain++;
        pthread_mutex_unlock(&mutex);
    } else if (strcmp(how, "semaphore") == 0) {
        sem_wait(&semaphore);
        plain++;
        sem_post(&semaphore);
    } else if (strcmp(how, "split") == 0) {
        atomic_store(&counter, atomic_load(&counter) + 1);
    } else {
        atomic_fetch_add(&counter, 1);
    }
}

static void *run(void *unused)
{
    for (int i = 0; i < times; i++)
        count();
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    how = argc > 1 ? argv[1] : "plain";
    int number = argc > 2 ? atoi(argv[2]) : 2;
    times = argc > 3 ? atoi(argv[3]) : 1;
    if (number < 1 || number > THREADS_MAX)
        return 2;
    sem_init(&semaphore, 0, 1);
    for (int i = 0; i < number; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < number; i++)
        pthread_join(threads[i], NULL);
    assert(plain + counter == number * times);
    return 0;
}
