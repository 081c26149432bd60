/* SPDX-License-Identifier: MIT */
/*
 * pool.c - a run of a worker pool (pool.h).
 *
 *   the parent puts the items; or, with --producers, processes of their own do
 *   the workers are started (before that with --workers-first)
 *   the parent does what the protocol says, and waits for everybody
 *   it exits: the queue's finalizer waits for its feeder, unless told not to
 */
#include "pool/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allways/probe.h"
#include "mpqueue/mpsync.h"
#include "pool/process.h"

enum { NS_PER_MS = 1000000 };

STEP int pool_failed(const char *what, int status)
{
    aw_error(what, status == MPQ_SYSTEM ? errno : 0);
    dprintf(STDERR_FILENO, "pool: %s: %s\n", what, mpqueue_status_text(status));
    return -1;
}

STEP enum next pool_worker_failed(const char *what, int status)
{
    pool_failed(what, status);
    return NEXT_FAIL;
}

void pool_sleep(int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    if (ms > 0)
        while (nanosleep(&left, &left) && errno == EINTR)
            ;
}

/* ---- putting ---- */

/* try: q.put(object, timeout=t) except Full: pass; or put_nowait */
static STEP int put_or_drop(struct pool *pool, void *object)
{
    int status =
        pool->put_timeout_ms > 0
            ? mpqueue_put_timed(pool->jobs, object, (int64_t)pool->put_timeout_ms * NS_PER_MS)
            : mpqueue_put_nowait(pool->jobs, object);
    return status == MPQ_FULL ? MPQ_OK : status;
}

static STEP int put_object(struct pool *pool, void *object)
{
    if (pool->drop_full || pool->put_timeout_ms > 0)
        return put_or_drop(pool, object);
    return pool->simple ? mpsimple_put(pool->simple, object) : mpqueue_put(pool->jobs, object);
}

STEP int pool_put_item(struct pool *pool, int number)
{
    pool_sleep(pool->put_ms);
    int status = put_object(pool, pool_item(pool->producer, number));
    if (status)
        return pool_failed("put failed", status);
    aw_put((uint64_t)pool->producer, (uint64_t)number);
    return 0;
}

static STEP int put_items(struct pool *pool)
{
    for (int number = 1; number <= pool->items; number++)
        if (pool_put_item(pool, number))
            return -1;
    return 0;
}

STEP int pool_put_sentinels(struct pool *pool, int count)
{
    for (int i = 0; i < count; i++) {
        int status = put_object(pool, NULL);
        if (status)
            return pool_failed("put(None) failed", status);
        aw_note("puts None");
    }
    return 0;
}

/* ---- producers ---- */

static STEP int produce(struct pool *pool)
{
    if (put_items(pool))
        return -1;
    if (pool->protocol->sentinels == SENTINELS_PRODUCERS)
        return finish_sentinels(pool);
    return 0;
}

static STEP int leave_queue(struct pool *pool, int status)
{
    if (pool->cancel_join && pool->jobs)
        mpqueue_cancel_join_thread(pool->jobs);
    if (pool->os_exit)
        _exit(status);
    return status;
}

static STEP _Noreturn void be_a_producer(struct pool *pool)
{
    aw_role("producer");
    exit(leave_queue(pool, produce(pool) ? 1 : 0));
}

static STEP int start_producer(struct pool *pool)
{
    pid_t pid = fork();
    if (pid == 0)
        be_a_producer(pool);
    if (pid < 0)
        return pool_failed("a producer could not be started", MPQ_SYSTEM);
    if (pool->join_producers)
        pool->producer_pids[pool->producer] = pid;
    return 0;
}

static STEP int start_producers(struct pool *pool)
{
    for (pool->producer = 0; pool->producer < pool->producers; pool->producer++)
        if (start_producer(pool))
            return -1;
    pool->producer = 0;
    return 0;
}

static STEP void join_producers(struct pool *pool)
{
    for (int i = 0; i < pool->producers; i++)
        while (waitpid(pool->producer_pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
}

/* ---- the parent ---- */

static STEP int create_queue(struct pool *pool)
{
    struct mpqueue_options options = {.codec = &pool_codec,
                                      .context = pool,
                                      .maxsize = pool->maxsize,
                                      .joinable = pool->protocol->joinable,
                                      .ignore_epipe = pool->protocol->finish == finish_executor,
                                      .profile = (enum mpqueue_profile)pool->profile};
    if (pool->protocol->simple)
        pool->simple = mpsimple_create(&options);
    else
        pool->jobs = mpqueue_create(&options);
    if (!pool->jobs && !pool->simple)
        return pool_failed("the queue could not be made", MPQ_SYSTEM);
    return 0;
}

static STEP int create(struct pool *pool)
{
    if (create_queue(pool))
        return -1;
    if (!pool->protocol->event)
        return 0;
    pool->done = mpevent_create();
    return pool->done ? 0 : pool_failed("the event could not be made", MPQ_SYSTEM);
}

static STEP int start_workers(struct pool *pool)
{
    if (!pool->protocol->turn) { /* the parent is the consumer */
        aw_workers(1);
        aw_worker();
        return 0;
    }
    aw_workers((uint64_t)pool->workers);
    if (pool->protocol->named)
        return pool_start_named(pool);
    if (process_start_workers(pool->workers, NULL, pool_worker, pool) == 0)
        return 0;
    return pool_failed("a worker could not be started", MPQ_SYSTEM);
}

/* The executor puts its items itself, when the workers are there. */
static STEP int put_everything(struct pool *pool)
{
    if (pool->producers > 0)
        return start_producers(pool);
    return pool->protocol->finish == finish_executor ? 0 : put_items(pool);
}

static STEP int put_and_start(struct pool *pool)
{
    if (pool->workers_first)
        return start_workers(pool) || put_everything(pool) ? -1 : 0;
    return put_everything(pool) || start_workers(pool) ? -1 : 0;
}

/* close() and join_thread(): all that was put is in the pipe then, if the feeder is joined at all.
 */
static STEP int flush(struct pool *pool)
{
    mpqueue_close(pool->jobs);
    int status = mpqueue_join_thread(pool->jobs);
    return status ? pool_failed("join_thread failed", status) : 0;
}

static STEP int finish(struct pool *pool)
{
    if (pool->join_producers)
        join_producers(pool);
    if (pool->flush && pool->jobs && flush(pool))
        return -1;
    return pool->protocol->finish ? pool->protocol->finish(pool) : 0;
}

/* The exit status. */
static STEP int run(struct pool *pool)
{
    int failed = create(pool) || put_and_start(pool) || finish(pool);
    process_join_all();
    return leave_queue(pool, failed ? 1 : 0);
}

int main(int argc, char **argv)
{
    static struct pool pool; /* not in the frame: the feeder still reads it when main has ended */
    int parsed = pool_parse(argc, argv, &pool);
    if (parsed)
        return parsed < 0 ? 2 : 0;
    signal(SIGPIPE, SIG_IGN); /* as Python does: a write without readers is EPIPE */
    return run(&pool);
}
