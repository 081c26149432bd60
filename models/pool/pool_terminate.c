/* SPDX-License-Identifier: MIT */
/*
 * pool_terminate.c - protocols in which the parent knows its workers and ends them by a signal.
 *
 * The executor follows concurrent.futures.process: a bounded call queue that is never waited for
 * (put_nowait, and again when it was Full), one None for each worker that lives, and at the first
 * worker that died everybody is terminated; the parent's end for reading is closed then, so that
 * its feeder does not wait on a pipe that nobody reads (gh-94777).
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allways/probe.h"
#include "pool/pool.h"

/* In a worker: it has no workers. */
static STEP _Noreturn void be_a_worker(struct pool *pool)
{
    memset(pool->pids, 0, sizeof pool->pids);
    pool->alive = 0;
    exit(pool_worker(pool));
}

static STEP int start_one(struct pool *pool)
{
    pid_t pid = fork();
    if (pid == 0)
        be_a_worker(pool);
    if (pid < 0)
        return pool_failed("a worker could not be started", MPQ_SYSTEM);
    pool->pids[pool->alive++] = pid;
    return 0;
}

int pool_start_named(struct pool *pool)
{
    while (pool->alive < pool->workers)
        if (start_one(pool))
            return -1;
    return 0;
}

/* Forgets a worker that has ended; whether it ended well. */
static STEP bool ended_well(struct pool *pool, pid_t pid, int status)
{
    for (int i = 0; i < pool->workers; i++)
        if (pool->pids[i] == pid) {
            pool->pids[i] = 0;
            pool->alive--;
        }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static STEP void terminate(struct pool *pool)
{
    for (int i = 0; i < pool->workers; i++)
        if (pool->pids[i] > 0)
            kill(pool->pids[i], SIGTERM);
}

/* q.join(); for worker in workers: worker.terminate() */
STEP int finish_tasks(struct pool *pool)
{
    int status = mpqueue_join(pool->jobs);
    if (status)
        return pool_failed("join() failed", status);
    terminate(pool);
    return 0;
}

/* Collects those that have ended, without waiting: whether all of them ended well. */
static STEP bool all_well(struct pool *pool)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    return pid <= 0 || ended_well(pool, pid, status);
}

/* put_nowait until it is in. 1: a worker has died. */
static STEP int put_while_well(struct pool *pool, void *object)
{
    int status;
    while ((status = mpqueue_put_nowait(pool->jobs, object)) == MPQ_FULL) {
        if (!all_well(pool))
            return 1;
        sched_yield();
    }
    return status ? pool_failed("put_nowait failed", status) : 0;
}

static STEP int put_items(struct pool *pool)
{
    for (int number = 1; number <= pool->items; number++) {
        int failed = put_while_well(pool, pool_item(0, number));
        if (failed)
            return failed;
        aw_put(0, (uint64_t)number);
    }
    return 0;
}

static STEP int put_nones(struct pool *pool)
{
    for (int left = pool->alive; left > 0; left--) {
        int failed = put_while_well(pool, NULL);
        if (failed)
            return failed;
        aw_note("puts None");
    }
    return 0;
}

/* 1: a worker has died. */
static STEP int await_workers(struct pool *pool)
{
    int status = 0;
    while (pool->alive > 0) {
        pid_t pid = wait(&status);
        if (pid < 0 && errno != EINTR)
            return pool_failed("wait failed", MPQ_SYSTEM);
        if (pid > 0 && !ended_well(pool, pid, status))
            return 1;
    }
    return 0;
}

static STEP int feed_and_wait(struct pool *pool)
{
    int failed = put_items(pool);
    if (!failed)
        failed = put_nones(pool);
    return failed ? failed : await_workers(pool);
}

STEP int finish_executor(struct pool *pool)
{
    int failed = feed_and_wait(pool);
    if (failed <= 0)
        return failed;
    aw_note("a worker has died: everybody is terminated");
    terminate(pool);
    mpqueue_close_reader(pool->jobs);
    return 0;
}
