/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - two phases with a barrier between them, and who cleans up.
 *
 * Each thread writes its own field, meets the others at the barrier, and reads its neighbour's.
 * One of them, it does not matter which, adds up the result: the one that is told
 * PTHREAD_BARRIER_SERIAL_THREAD (`right`), or, as it is natively with glibc, the one that comes last by a
 * counter of its own (`wrong`: that is not the same one).
 *
 * wrong: no-crash fails (the assertion).
 */
#include <assert.h>
#include <pthread.h>

#include "classics.h"

enum { THREADS = 3 };

static pthread_barrier_t barrier;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int fields[THREADS], serial[THREADS], last, arrived;

static void *work(void *argument)
{
    int me = (int)(long)argument;
    fields[me] = me + 1;
    pthread_mutex_lock(&mutex);
    if (++arrived == THREADS)
        last = me;
    pthread_mutex_unlock(&mutex);
    serial[me] = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    assert(fields[(me + 1) % THREADS] == (me + 1) % THREADS + 1);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int wrong = is_wrong(argc, argv), sum = 0;

    must(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (long i = 0; i < THREADS; i++)
        must(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        sum += serial[i];
    assert(sum == 1);
    assert(!wrong || serial[last]);
    return 0;
}
