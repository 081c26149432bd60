/* SPDX-License-Identifier: MIT */
/*
 * mpqueue.c - the methods of Queue in Lib/multiprocessing/queues.py (CPython 3.11), but for get,
 * which is in mpqueue_get.c.
 */
#include "mpqueue_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "allways/probe.h"
#include "fault_points.h"

/* glibc leaves this macro out; Linux and CPython say the same number. */
#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX 2147483647
#endif

const char *mpqueue_status_text(int status)
{
    switch (status) {
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return text;
        MPQ_STATUSES(X)
#undef X
    }
    return "unknown status";
}

int mpq_release_slot(struct mpqueue *queue)
{
    if (queue->options.maxsize > 0) {
        int value = 0;
        if (sem_getvalue(queue->sem, &value))
            return MPQ_SYSTEM;
        if (value >= queue->limit)
            return MPQ_TOO_MANY;
    }
    if (sem_post(queue->sem))
        return errno == EOVERFLOW ? MPQ_TOO_MANY : MPQ_SYSTEM;
    return MPQ_OK;
}

/* ---- create and destroy ---- */

static MPQ_STEP int create_semaphores(struct mpqueue *queue)
{
    queue->rlock = mpq_semaphore_create("rlock", 1);
    if (!queue->rlock)
        return -1;
    queue->wlock = mpq_semaphore_create("wlock", 1);
    if (!queue->wlock)
        return -1;
    queue->sem = mpq_semaphore_create("sem", (unsigned)queue->limit);
    return queue->sem ? 0 : -1;
}

static MPQ_STEP int create_pipe(struct mpqueue *queue)
{
    int ends[2];
    if (pipe(ends))
        return -1;
    queue->reader_fd = ends[0];
    queue->writer_fd = ends[1];
    return 0;
}

static MPQ_STEP int create_parts(struct mpqueue *queue)
{
    if (create_pipe(queue) || create_semaphores(queue))
        return -1;
    return queue->options.joinable ? mpq_tasks_create(queue) : 0;
}

static MPQ_STEP int attach_parts(struct mpqueue *queue, const struct mpqueue_parts *parts)
{
    queue->rlock = mpq_semaphore_open(parts->rlock);
    if (!queue->rlock)
        return -1;
    queue->wlock = mpq_semaphore_open(parts->wlock);
    if (!queue->wlock)
        return -1;
    queue->sem = mpq_semaphore_open(parts->sem);
    if (!queue->sem)
        return -1;
    return queue->options.joinable ? mpq_tasks_attach(queue, parts) : 0;
}

/* Releases what create made; keeps errno. */
static MPQ_STEP void release(struct mpqueue *queue)
{
    int saved = errno;
    if (queue->reader_fd >= 0)
        close(queue->reader_fd);
    if (queue->writer_fd >= 0)
        close(queue->writer_fd);
    mpq_semaphore_close(queue->rlock);
    mpq_semaphore_close(queue->wlock);
    mpq_semaphore_close(queue->sem);
    mpq_tasks_release(queue);
    free(queue);
    errno = saved;
}

/* A queue without parts. */
static MPQ_STEP struct mpqueue *blank_queue(const struct mpqueue_options *options)
{
    struct mpqueue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    if (options)
        queue->options = *options;
    if (!queue->options.codec)
        queue->options.codec = &mpqueue_bytes_codec;
    queue->behaviour = &mpq_behaviours[queue->options.profile];
    queue->limit = queue->options.maxsize > 0 ? queue->options.maxsize : SEM_VALUE_MAX;
    queue->reader_fd = queue->writer_fd = -1;
    mpq_reset(queue);
    return queue;
}

/* Enters a queue that has its parts; without them, or when that fails, releases it. */
static MPQ_STEP struct mpqueue *finished_queue(struct mpqueue *queue, int incomplete)
{
    int error = incomplete ? errno : mpq_register(queue);
    if (!error)
        return queue;
    errno = error;
    release(queue);
    return NULL;
}

struct mpqueue *mpqueue_create(const struct mpqueue_options *options)
{
    struct mpqueue *queue = blank_queue(options);
    if (!queue)
        return NULL;
    queue->created_here = true;
    return finished_queue(queue, create_parts(queue));
}

struct mpqueue *mpqueue_attach(const struct mpqueue_options *options,
                               const struct mpqueue_parts *parts)
{
    struct mpqueue *queue = blank_queue(options);
    if (!queue)
        return NULL;
    if (!finished_queue(queue, attach_parts(queue, parts)))
        return NULL;
    queue->reader_fd = parts->reader_fd;
    queue->writer_fd = parts->writer_fd;
    return queue;
}

void mpqueue_destroy(struct mpqueue *queue)
{
    if (!queue)
        return;
    mpqueue_close(queue);
    mpq_join(queue);
    if (queue->feeder_started && !queue->feeder_joined)
        return; /* the feeder still needs it; exit ends both */
    mpq_unregister(queue);
    mpq_reset(queue);
    release(queue);
}

/* ---- put ---- */

/* Event.wait */
static MPQ_STEP void await_feeder(struct mpqueue *queue)
{
    pthread_mutex_lock(&queue->started_lock);
    while (!queue->started)
        pthread_cond_wait(&queue->started_cond, &queue->started_lock);
    pthread_mutex_unlock(&queue->started_lock);
}

/* Queue._start_thread. notempty_lock is held, also while waiting: the feeder does not need it to
 * say that it has started. */
static MPQ_STEP int start_feeder(struct mpqueue *queue)
{
    int error = pthread_create(&queue->feeder, NULL, mpq_feeder_main, queue);
    if (error)
        return error;
    queue->feeder_started = true;
    await_feeder(queue);
    return 0;
}

/* notempty_lock is held. */
static MPQ_STEP void append_node(struct mpqueue *queue, struct mpq_node *node)
{
    node->next = NULL;
    if (queue->last)
        queue->last->next = node;
    else
        queue->first = node;
    queue->last = node;
}

static MPQ_STEP int append_object(struct mpqueue *queue, void *object)
{
    struct mpq_node *node = malloc(sizeof *node);
    if (!node)
        return ENOMEM;
    node->object = object;
    append_node(queue, node);
    return 0;
}

static MPQ_STEP int enqueue_locked(struct mpqueue *queue, void *object)
{
    if (!queue->feeder_started) {
        int error = start_feeder(queue);
        if (error)
            return error;
    }
    int error = append_object(queue, object);
    if (error)
        return error;
    if (queue->tasks && queue->behaviour->put_counts_task && mpq_tasks_count(queue))
        return errno;
    MPQ_PLACE("mpqueue/put/notify");
    pthread_cond_signal(&queue->notempty);
    return 0;
}

/* JoinableQueue.put: notempty, then its condition. */
static MPQ_STEP int enqueue_task(struct mpqueue *queue, void *object)
{
    if (mpcondition_acquire(queue->tasks))
        return errno;
    int error = enqueue_locked(queue, object);
    if (mpcondition_release(queue->tasks) && !error)
        error = errno;
    return error;
}

/* In 2.6 the feeder, and whoever gets the object, may be done with it before it is counted. */
static MPQ_STEP int count_late(struct mpqueue *queue)
{
    if (!queue->tasks || queue->behaviour->put_counts_task)
        return MPQ_OK;
    MPQ_PLACE("mpqueue/put/count_late");
    return mpq_tasks_count(queue);
}

/* The part of put that all forms share: a slot has been taken. */
static MPQ_STEP int enqueue(struct mpqueue *queue, void *object)
{
    MPQ_PLACE("mpqueue/put/enqueue");
    pthread_mutex_lock(&queue->notempty_lock);
    int error = queue->tasks && queue->behaviour->put_counts_task ? enqueue_task(queue, object)
                                                                  : enqueue_locked(queue, object);
    pthread_mutex_unlock(&queue->notempty_lock);
    if (!error)
        return count_late(queue);
    mpq_release(queue->sem);
    errno = error;
    return MPQ_SYSTEM;
}

int mpqueue_put(struct mpqueue *queue, void *object)
{
    if (queue->closed)
        return MPQ_CLOSED;
    int status = mpq_acquire(queue->sem);
    return status ? status : enqueue(queue, object);
}

int mpqueue_put_nowait(struct mpqueue *queue, void *object)
{
    if (queue->closed)
        return MPQ_CLOSED;
    int status = mpq_try_acquire(queue->sem, MPQ_FULL);
    return status ? status : enqueue(queue, object);
}

int mpqueue_put_timed(struct mpqueue *queue, void *object, int64_t timeout_ns)
{
    if (queue->closed)
        return MPQ_CLOSED;
    int status = mpq_timed_acquire(queue->sem, mpq_deadline_after(timeout_ns), MPQ_FULL);
    return status ? status : enqueue(queue, object);
}

/* ---- what the queue says about itself ---- */

int mpqueue_qsize(struct mpqueue *queue, int *count)
{
    int value = 0;
    if (sem_getvalue(queue->sem, &value))
        return MPQ_SYSTEM;
    *count = queue->limit - value;
    return MPQ_OK;
}

int mpqueue_full(struct mpqueue *queue, bool *full)
{
    int value = 0;
    if (sem_getvalue(queue->sem, &value))
        return MPQ_SYSTEM;
    *full = value == 0;
    return MPQ_OK;
}

int mpqueue_reader_fd(const struct mpqueue *queue)
{
    return queue->reader_fd;
}

int mpqueue_writer_fd(const struct mpqueue *queue)
{
    return queue->writer_fd;
}

void mpqueue_close_reader(struct mpqueue *queue)
{
    mpq_close_end(&queue->reader_fd);
}

void mpqueue_close_writer(struct mpqueue *queue)
{
    mpq_close_end(&queue->writer_fd);
}

/* ---- close and join ---- */

void mpq_send_quit(struct mpqueue *queue, bool exiting)
{
    if (!queue->feeder_started || queue->feeder_joined)
        return;
    if (queue->quit_sent && !exiting)
        return;
    pthread_mutex_lock(&queue->notempty_lock);
    if (exiting)
        queue->exiting = true;
    if (!queue->quit_sent) {
        queue->quit_sent = true;
        append_node(queue, &queue->quit_node);
        pthread_cond_signal(&queue->notempty);
    }
    pthread_mutex_unlock(&queue->notempty_lock);
}

void mpqueue_close(struct mpqueue *queue)
{
    queue->closed = true;
    if (!queue->behaviour->close_leaves_reader)
        mpq_close_end(&queue->reader_fd);
    mpq_send_quit(queue, false);
}

void mpq_join(struct mpqueue *queue)
{
    if (!queue->feeder_started || queue->feeder_joined || queue->join_cancelled)
        return;
    if (queue->created_here && !queue->behaviour->creator_joins)
        return;
    pthread_join(queue->feeder, NULL);
    queue->feeder_joined = true;
    mpq_take_back(queue);
}

int mpqueue_join_thread(struct mpqueue *queue)
{
    if (!queue->closed)
        return MPQ_NOT_CLOSED;
    mpq_join(queue);
    return MPQ_OK;
}

void mpqueue_cancel_join_thread(struct mpqueue *queue)
{
    queue->join_cancelled = true;
}
