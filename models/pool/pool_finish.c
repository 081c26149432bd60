/* SPDX-License-Identifier: MIT */
/*
 * pool_finish.c - what the parent does once everything is put, and the table of protocols.
 */
#include "allways/probe.h"
#include "mpqueue/mpsync.h"
#include "pool/pool.h"
#include "pool/process.h"

const struct protocol pool_protocols[] = {
    {.name = "get-nowait", .about = "leave at the first Empty", .turn = turn_get_nowait},
    {.name = "get-timeout",
     .about = "leave when a get(timeout) says Empty",
     .turn = turn_get_timeout},
    {.name = "while-not-empty", .about = "while not empty(): get()", .turn = turn_while_not_empty},
    {.name = "qsize", .about = "while qsize() > 0: get_nowait()", .turn = turn_qsize},
    {.name = "one-sentinel",
     .about = "one None for all workers",
     .turn = turn_sentinel,
     .finish = finish_one_sentinel},
    {.name = "sentinels",
     .about = "one None for each worker, from the parent",
     .turn = turn_sentinel,
     .finish = finish_sentinels},
    {.name = "relayed-sentinel",
     .about = "one None, which each worker puts back",
     .turn = turn_relayed,
     .finish = finish_one_sentinel},
    {.name = "counted-sentinels",
     .about = "one None for each worker from each producer, counted",
     .turn = turn_counted,
     .finish = finish_counted,
     .sentinels = SENTINELS_PRODUCERS},
    {.name = "task-done",
     .about = "JoinableQueue: join(), then terminate the workers",
     .turn = turn_task,
     .finish = finish_tasks,
     .joinable = true,
     .named = true},
    {.name = "event-flag",
     .about = "while not event: get(timeout)",
     .turn = turn_event,
     .finish = finish_event,
     .event = true},
    {.name = "event-when-empty",
     .about = "leave at Empty when the event is set then",
     .turn = turn_event_when_empty,
     .finish = finish_event,
     .event = true},
    {.name = "event-before-get",
     .about = "leave at Empty when the event was set before",
     .turn = turn_event_before_get,
     .finish = finish_event,
     .event = true},
    {.name = "join-then-drain",
     .about = "the parent joins its producers, then gets",
     .finish = finish_join_then_drain},
    {.name = "drain-then-join",
     .about = "the parent gets everything, then joins",
     .finish = finish_drain_then_join},
    {.name = "executor",
     .about = "one None for each live worker by put_nowait, terminate on a death",
     .turn = turn_sentinel,
     .finish = finish_executor,
     .named = true},
    {.name = "simple-not-empty",
     .about = "SimpleQueue: while not empty(): get()",
     .turn = turn_simple_not_empty,
     .simple = true},
    {.name = "simple-sentinels",
     .about = "SimpleQueue: one None for each worker",
     .turn = turn_simple_sentinel,
     .finish = finish_sentinels,
     .simple = true},
    {.name = NULL},
};

STEP int finish_one_sentinel(struct pool *pool)
{
    return pool_put_sentinels(pool, pool->sentinels ? pool->sentinels : 1);
}

STEP int finish_sentinels(struct pool *pool)
{
    return pool_put_sentinels(pool, pool->sentinels ? pool->sentinels : pool->workers);
}

/* Where the parent itself is the producer. */
STEP int finish_counted(struct pool *pool)
{
    return pool->producers > 0 ? 0 : finish_sentinels(pool);
}

STEP int finish_event(struct pool *pool)
{
    int status = mpevent_set(pool->done);
    return status ? pool_failed("set() failed", status) : 0;
}

static STEP int drain_one(struct pool *pool)
{
    void *item = NULL;
    int status = mpqueue_get(pool->jobs, &item);
    return status ? pool_failed("get() failed", status) : 0;
}

/* The parent knows how many items there are, and is the only consumer. */
static STEP int drain(struct pool *pool)
{
    for (int left = pool->items * pool->producers; left > 0; left--)
        if (drain_one(pool))
            return -1;
    return 0;
}

STEP int finish_join_then_drain(struct pool *pool)
{
    process_join_all();
    return drain(pool);
}

STEP int finish_drain_then_join(struct pool *pool)
{
    if (drain(pool))
        return -1;
    process_join_all();
    return 0;
}
