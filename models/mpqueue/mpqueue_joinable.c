/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_joinable.c - JoinableQueue in Lib/multiprocessing/queues.py: a Queue that counts how many
 * objects are not yet dealt with, in a semaphore, under a condition. (Its put is in mpqueue.c.)
 *
 * 2.6 counted after put was over: whoever had got the object by then was told that it had called
 * task_done too often.
 */
#include "mpqueue_internal.h"

#include <errno.h>

int mpq_tasks_create(struct mpqueue *queue)
{
    queue->tasks = mpcondition_create();
    if (!queue->tasks)
        return -1;
    queue->unfinished = mpq_semaphore_create("unfinished", 0);
    return queue->unfinished ? 0 : -1;
}

int mpq_tasks_attach(struct mpqueue *queue, const struct mpqueue_parts *parts)
{
    queue->tasks = mpcondition_attach(parts->cond_lock, parts->sleeping_count, parts->woken_count,
                                      parts->wait_semaphore);
    if (!queue->tasks)
        return -1;
    queue->unfinished = mpq_semaphore_open(parts->unfinished);
    return queue->unfinished ? 0 : -1;
}

void mpq_tasks_release(struct mpqueue *queue)
{
    mpcondition_destroy(queue->tasks);
    mpq_semaphore_close(queue->unfinished);
}

int mpq_tasks_count(struct mpqueue *queue)
{
    return mpq_release(queue->unfinished);
}

static MPQ_STEP int count_down(struct mpqueue *queue)
{
    int status = mpq_try_acquire(queue->unfinished, MPQ_TOO_MANY);
    if (status)
        return status;
    bool zero = false;
    status = mpq_is_zero(queue->unfinished, &zero);
    return status || !zero ? status : mpcondition_notify_all(queue->tasks);
}

static MPQ_STEP int leave(struct mpqueue *queue, int status)
{
    int saved = errno;
    int released = mpcondition_release(queue->tasks);
    if (!status)
        return released;
    errno = saved;
    return status;
}

int mpqueue_task_done(struct mpqueue *queue)
{
    int status = mpcondition_acquire(queue->tasks);
    return status ? status : leave(queue, count_down(queue));
}

static MPQ_STEP int wait_unless_zero(struct mpqueue *queue)
{
    bool zero = false;
    int status = mpq_is_zero(queue->unfinished, &zero);
    return status || zero ? status : mpcondition_wait(queue->tasks);
}

int mpqueue_join(struct mpqueue *queue)
{
    int status = mpcondition_acquire(queue->tasks);
    return status ? status : leave(queue, wait_unless_zero(queue));
}
