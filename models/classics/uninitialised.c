/* SPDX-License-Identifier: MIT */
/*
 * uninitialised.c - a field that is never written.
 *
 * A job comes from malloc; its flag `done` is set by the worker that does it. The one that looks first,
 * on some schedules, reads what malloc left there: zero by luck. `wrong`: nobody clears it. `right`: calloc.
 *
 * wrong: proved with machine: init: zero, and no-crash fails with init: pattern.
 */
#include <assert.h>
#include <pthread.h>

#include "classics.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
struct job {
    int number, done;
};
static struct job *job;
static int times;

static void *work(void *argument)
{
    pthread_mutex_lock(&mutex);
    if (!job->done) {
        job->done = 1;
        times++;
    }
    pthread_mutex_unlock(&mutex);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];

    job = is_wrong(argc, argv) ? malloc(sizeof *job) : calloc(1, sizeof *job);
    must(job != NULL);
    job->number = 1;
    for (int i = 0; i < 2; i++)
        must(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert(times == 1);
    free(job);
    return 0;
}
