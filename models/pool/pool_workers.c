/* SPDX-License-Identifier: MIT */
/*
 * pool_workers.c - one turn of a worker's loop, for each protocol. Above each stands what people
 * write.
 */
#include <sched.h>
#include <stdlib.h>

#include "allways/probe.h"
#include "mpqueue/mpsync.h"
#include "pool/pool.h"

enum { NS_PER_MS = 1000000 };

/* Deals with an item that was got. */
static STEP enum next work(struct pool *pool)
{
    pool_sleep(pool->work_ms);
    return pool->one_each ? NEXT_LEAVE : NEXT_GO_ON;
}

/* What follows a get that may say Empty. */
static STEP enum next work_or_leave(struct pool *pool, int status)
{
    if (status == MPQ_EMPTY)
        return NEXT_LEAVE;
    return status ? pool_worker_failed("get failed", status) : work(pool);
}

/* while True: try: work(q.get_nowait()) except Empty: break */
STEP enum next turn_get_nowait(struct pool *pool)
{
    void *item = NULL;
    return work_or_leave(pool, mpqueue_get_nowait(pool->jobs, &item));
}

static STEP int get_timed(struct pool *pool, void **item)
{
    return mpqueue_get_timed(pool->jobs, item, (int64_t)pool->timeout_ms * NS_PER_MS);
}

/* while True: try: work(q.get(timeout=t)) except Empty: break */
STEP enum next turn_get_timeout(struct pool *pool)
{
    void *item = NULL;
    return work_or_leave(pool, get_timed(pool, &item));
}

static STEP enum next get_and_work(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get(pool->jobs, &item);
    return status ? pool_worker_failed("get() failed", status) : work(pool);
}

/* while not q.empty(): work(q.get()) */
STEP enum next turn_while_not_empty(struct pool *pool)
{
    bool empty = false;
    int status = mpqueue_empty(pool->jobs, &empty);
    if (status)
        return pool_worker_failed("empty() failed", status);
    return empty ? NEXT_LEAVE : get_and_work(pool);
}

static STEP enum next simple_get_and_work(struct pool *pool)
{
    void *item = NULL;
    int status = mpsimple_get(pool->simple, &item);
    return status ? pool_worker_failed("get() failed", status) : work(pool);
}

/* The same on a SimpleQueue, where what was put is in the pipe. */
STEP enum next turn_simple_not_empty(struct pool *pool)
{
    bool empty = false;
    int status = mpsimple_empty(pool->simple, &empty);
    if (status)
        return pool_worker_failed("empty() failed", status);
    return empty ? NEXT_LEAVE : simple_get_and_work(pool);
}

static STEP enum next try_again(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get_nowait(pool->jobs, &item);
    if (status == MPQ_EMPTY) {
        sched_yield();
        return NEXT_GO_ON;
    }
    return status ? pool_worker_failed("get failed", status) : work(pool);
}

/* while q.qsize() > 0: try: work(q.get_nowait()) except Empty: pass */
STEP enum next turn_qsize(struct pool *pool)
{
    int count = 0;
    int status = mpqueue_qsize(pool->jobs, &count);
    if (status)
        return pool_worker_failed("qsize() failed", status);
    return count == 0 ? NEXT_LEAVE : try_again(pool);
}

/* A sentinel: goes on until it has met as many as it is to stop at. */
static STEP enum next sentinel_met(struct pool *pool, int stop_at)
{
    return ++pool->seen < stop_at ? NEXT_GO_ON : NEXT_LEAVE;
}

static int or_one(int number)
{
    return number > 0 ? number : 1;
}

/* while (item := q.get()) is not None: work(item) */
STEP enum next turn_sentinel(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get(pool->jobs, &item);
    if (status)
        return pool_worker_failed("get() failed", status);
    return item ? work(pool) : sentinel_met(pool, or_one(pool->stop_at));
}

STEP enum next turn_simple_sentinel(struct pool *pool)
{
    void *item = NULL;
    int status = mpsimple_get(pool->simple, &item);
    if (status)
        return pool_worker_failed("get() failed", status);
    return item ? work(pool) : sentinel_met(pool, or_one(pool->stop_at));
}

static STEP enum next relay(struct pool *pool)
{
    int status = mpqueue_put(pool->jobs, NULL);
    return status ? pool_worker_failed("put(None) failed", status) : NEXT_LEAVE;
}

/* if item is None: q.put(None); break */
STEP enum next turn_relayed(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get(pool->jobs, &item);
    if (status)
        return pool_worker_failed("get() failed", status);
    return item ? work(pool) : relay(pool);
}

/* Every producer sends as many sentinels as there are workers, each worker leaves at as many as
 * there are producers: when the last one leaves, all of them have come, and with each all that its
 * producer had put before. */
STEP enum next turn_counted(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get(pool->jobs, &item);
    if (status)
        return pool_worker_failed("get() failed", status);
    return item ? work(pool)
                : sentinel_met(pool, or_one(pool->stop_at ? pool->stop_at : pool->producers));
}

static STEP enum next task_done(struct pool *pool)
{
    int status = mpqueue_task_done(pool->jobs);
    return status ? pool_worker_failed("task_done() failed", status) : NEXT_GO_ON;
}

/* while True: work(q.get()); q.task_done() */
STEP enum next turn_task(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get(pool->jobs, &item);
    if (status)
        return pool_worker_failed("get() failed", status);
    pool_sleep(pool->work_ms);
    if (pool->forget && item == pool_item(0, 1))
        return NEXT_GO_ON;
    return task_done(pool);
}

static STEP int is_done(struct pool *pool, bool *done)
{
    int status = mpevent_is_set(pool->done, done);
    return status ? pool_failed("is_set() failed", status) : 0;
}

static STEP enum next work_if_there(struct pool *pool)
{
    void *item = NULL;
    int status = get_timed(pool, &item);
    if (status == MPQ_EMPTY)
        return NEXT_GO_ON;
    return status ? pool_worker_failed("get failed", status) : work(pool);
}

/* while not done.is_set(): try: work(q.get(timeout=t)) except Empty: pass */
STEP enum next turn_event(struct pool *pool)
{
    bool done = false;
    if (is_done(pool, &done))
        return NEXT_FAIL;
    return done ? NEXT_LEAVE : work_if_there(pool);
}

static STEP enum next leave_if_done(struct pool *pool)
{
    bool done = false;
    if (is_done(pool, &done))
        return NEXT_FAIL;
    return done ? NEXT_LEAVE : NEXT_GO_ON;
}

/* while True: try: work(q.get(timeout=t)) except Empty: if done.is_set(): break */
STEP enum next turn_event_when_empty(struct pool *pool)
{
    void *item = NULL;
    int status = get_timed(pool, &item);
    if (status == MPQ_EMPTY)
        return leave_if_done(pool);
    return status ? pool_worker_failed("get failed", status) : work(pool);
}

static STEP enum next try_and_yield(struct pool *pool, bool done)
{
    void *item = NULL;
    int status = mpqueue_get_nowait(pool->jobs, &item);
    if (status == MPQ_EMPTY && !done) {
        sched_yield();
        return NEXT_GO_ON;
    }
    return work_or_leave(pool, status);
}

/* while True: last = done.is_set(); try: work(q.get_nowait()) except Empty: if last: break */
STEP enum next turn_event_before_get(struct pool *pool)
{
    bool done = false;
    if (is_done(pool, &done))
        return NEXT_FAIL;
    return try_and_yield(pool, done);
}

int pool_worker(void *argument)
{
    struct pool *pool = argument;
    enum next next;
    aw_worker();
    do
        next = pool->protocol->turn(pool);
    while (next == NEXT_GO_ON);
    return next == NEXT_FAIL;
}
