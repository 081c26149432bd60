/* SPDX-License-Identifier: MIT */
/*
 * pool.h - worker pools on a multiprocessing queue: one program, one protocol at a time for how the
 * workers come to know that there is nothing left.
 *
 *   pool.c            a run: create, put, start, finish, wait
 *   pool_options.c    the command line
 *   pool_items.c      what is put: items, None, their bytes
 *   pool_workers.c    one turn of a worker's loop, for each protocol
 *   pool_finish.c     what the parent does once everything is put, for each protocol
 *   pool_terminate.c  protocols in which the parent knows its workers by pid: terminate, executor
 *
 * Small functions that are not inlined (STEP), so that an item is gone when its turn is over and
 * equal conditions are equal bytes.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mpqueue/mpqueue.h"
#include "mpqueue/mpsimple.h"

#define STEP __attribute__((noinline))

enum { POOL_WORKERS_MAX = 64, POOL_PRODUCERS_MAX = 15, POOL_ITEMS_MAX = 4096 };

/* What a worker does next. */
enum next { NEXT_GO_ON, NEXT_LEAVE, NEXT_FAIL };

struct pool;

struct protocol {
    const char *name;
    const char *about;                /* for --help */
    enum next (*turn)(struct pool *); /* of a worker; NULL: the parent is the consumer */
    int (*finish)(struct pool *); /* of the parent, once all is put; NULL: nothing. -1: failed */
    bool joinable;                /* the queue counts tasks */
    bool event;                   /* there is an event */
    bool named;                   /* the parent keeps its workers' pids */
    bool simple;                  /* the queue is a SimpleQueue */
    int sentinels;                /* who sends them: see pool_sentinels */
};

enum { SENTINELS_NONE, SENTINELS_PARENT, SENTINELS_PRODUCERS };

struct pool {
    const struct protocol *protocol;
    int items, workers, producers, maxsize, size;
    int sentinels, stop_at;          /* 0: as many as the protocol says */
    int timeout_ms, put_ms, work_ms; /* of get; before each put; after each item */
    int put_timeout_ms;              /* of put; 0: none */
    int profile;
    int workers_first, join_producers, flush, cancel_join, os_exit, one_each, forget, drop_full;

    int producer; /* which one this process is */
    int seen;     /* sentinels that this worker has met */
    int alive;    /* workers not yet known to have ended (named) */
    struct mpqueue *jobs;
    struct mpsimple *simple;
    struct mpevent *done;
    pid_t pids[POOL_WORKERS_MAX];            /* of workers (named) */
    pid_t producer_pids[POOL_PRODUCERS_MAX]; /* when they are waited for */
};

/* The protocols; ends with a NULL name. */
extern const struct protocol pool_protocols[];

/* 0: go on; 1: --help was answered; -1: wrong, and said so. */
int pool_parse(int argc, char **argv, struct pool *pool);

/* ---- items ---- */

/* The codec of items and None; its context is the pool. */
extern const struct mpqueue_codec pool_codec;

/* The object of an item; NULL is None. */
void *pool_item(int producer, int number);

/* ---- what everybody needs ---- */

/* Reports an error of the program: -1. */
int pool_failed(const char *what, int status);

/* The same for a worker. */
enum next pool_worker_failed(const char *what, int status);

/* Puts an item and says so; puts None so many times. 0 or -1, reported. */
int pool_put_item(struct pool *pool, int number);
int pool_put_sentinels(struct pool *pool, int count);

/* Sleeps; 0 does not. */
void pool_sleep(int ms);

/* What a worker process does. */
int pool_worker(void *pool);

/* Starts the workers and keeps their pids. 0 or -1, reported. */
int pool_start_named(struct pool *pool);

/* ---- turns (pool_workers.c) and finishes (pool_finish.c, pool_terminate.c) ---- */

enum next turn_get_nowait(struct pool *pool);
enum next turn_get_timeout(struct pool *pool);
enum next turn_while_not_empty(struct pool *pool);
enum next turn_simple_not_empty(struct pool *pool);
enum next turn_qsize(struct pool *pool);
enum next turn_sentinel(struct pool *pool);
enum next turn_simple_sentinel(struct pool *pool);
enum next turn_relayed(struct pool *pool);
enum next turn_counted(struct pool *pool);
enum next turn_task(struct pool *pool);
enum next turn_event(struct pool *pool);
enum next turn_event_when_empty(struct pool *pool);
enum next turn_event_before_get(struct pool *pool);

int finish_one_sentinel(struct pool *pool);
int finish_sentinels(struct pool *pool);
int finish_counted(struct pool *pool);
int finish_event(struct pool *pool);
int finish_join_then_drain(struct pool *pool);
int finish_drain_then_join(struct pool *pool);
int finish_tasks(struct pool *pool);
int finish_executor(struct pool *pool);

#endif
