/* SPDX-License-Identifier: MIT */
/*
 * robust_queue.c - a queue between processes whose lock survives a killed worker.
 *
 * Jobs are bytes in a pipe; workers take them one at a time, under a mutex in memory that all processes
 * share. A semaphore there counts the workers that are ready, so that the jobs come when all are. When a
 * worker is killed while it holds the mutex, `ordinary` hangs: nobody ever gives it back. `robust`: the next one
 * is told EOWNERDEAD, makes the mutex consistent, and goes on; the job in the dead worker's hand is lost.
 * `forgetful` takes over without saying so: for those who come after it the mutex is lost.
 *
 * usage: robust_queue ordinary|robust|forgetful WORKERS JOBS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <allways/probe.h>

#include "classics.h"

struct shared {
    pthread_mutex_t mutex;
    sem_t ready;
};
static struct shared *shared;

static int forgetful;

/* The lock, or a sign that there is none any more. */
static int take(void)
{
    int error = pthread_mutex_lock(&shared->mutex);
    if (error == EOWNERDEAD) {
        if (!forgetful)
            pthread_mutex_consistent(&shared->mutex);
        error = 0;
    }
    return error;
}

static void work(int jobs)
{
    char job;
    sem_post(&shared->ready);
    while (take() == 0) {
        ssize_t length = read(jobs, &job, 1);
        pthread_mutex_unlock(&shared->mutex);
        if (length <= 0)
            _exit(0);
    }
    _exit(1);
}

int main(int argc, char **argv)
{
    pthread_mutexattr_t attributes;
    int ends[2], workers = argc > 2 ? atoi(argv[2]) : 2, jobs = argc > 3 ? atoi(argv[3]) : 2;

    forgetful = variant_is(argc, argv, "forgetful");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED);
    must(pthread_mutexattr_init(&attributes) == 0);
    must(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
    if (!variant_is(argc, argv, "ordinary"))
        must(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    must(pthread_mutex_init(&shared->mutex, &attributes) == 0);
    must(sem_init(&shared->ready, 1, 0) == 0);
    must(pipe(ends) == 0);
    for (int i = 0; i < workers; i++)
        if (fork_nameless()) {
            close(ends[1]);
            aw_role("worker");
            work(ends[0]);
        }
    for (int i = 0; i < jobs; i++)
        must(write(ends[1], "j", 1) == 1);
    close(ends[1]);
    int status, failed = 0;
    while (wait(&status) > 0)
        failed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    close(ends[0]);
    sem_destroy(&shared->ready);
    munmap(shared, sizeof *shared);
    if (failed)
        aw_error("a worker found the lock lost", failed);
    return 0;
}
