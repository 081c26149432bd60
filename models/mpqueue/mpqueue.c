/* SPDX-License-Identifier: MIT */
/*
 * mpqueue.c - the methods of Queue in Lib/multiprocessing/queues.py (CPython 3.11).
 *
 * What each get does, and in which order it gives back `sem` and rlock:
 *
 *   get          sem_wait(rlock)            receive, post rlock, post sem, load
 *   get_timed    sem_timedwait(rlock), poll(what is left), receive, post sem, post rlock, load
 *   get_nowait   sem_trywait(rlock), poll(0), receive, post sem, post rlock, load
 *
 * An exception in the receive posts rlock but not sem, in all three. That is 3.x; in 2.x load comes
 * with the receive, and get posts sem before rlock.
 */
#include "mpqueue_internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "allways/probe.h"
#include "fault_points.h"

/* glibc leaves this macro out; Linux and CPython say the same number. */
#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX 2147483647
#endif

enum { NS_PER_MS = 1000000 };

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

/* ---- get ---- */

struct message {
    unsigned char *bytes;
    size_t size;
};

/* rlock is held. */
static MPQ_STEP int receive(struct mpqueue *queue, struct message *message)
{
    int status =
        mpq_frame_receive(queue->behaviour, queue->reader_fd, &message->bytes, &message->size);
    if (status) {
        aw_error(mpqueue_status_text(status), status == MPQ_SYSTEM ? errno : 0);
        return status;
    }
    if (queue->options.codec->received)
        queue->options.codec->received(queue->options.context, message->bytes, message->size);
    MPQ_PLACE("mpqueue/get/received");
    return MPQ_OK;
}

/* Posts rlock whatever `status` is, which otherwise decides. Keeps errno for MPQ_SYSTEM. */
static MPQ_STEP int release_rlock(struct mpqueue *queue, int status)
{
    int saved = errno;
    int released = mpq_release(queue->rlock);
    if (!status)
        return released;
    errno = saved;
    return status;
}

static MPQ_STEP void free_message(struct message *message)
{
    if (message->bytes) {
        free(message->bytes);
        message->bytes = NULL;
    }
}

/* Deserialises and frees the message. */
static MPQ_STEP int load_message(struct mpqueue *queue, struct message *message, void **object)
{
    int error = MPQ_POINT("mpqueue/get/load")
                    ? EBADMSG
                    : queue->options.codec->load(queue->options.context, message->bytes,
                                                 message->size, object);
    free_message(message);
    if (!error)
        return MPQ_OK;
    aw_error(mpqueue_status_text(MPQ_BAD_MESSAGE), error);
    return MPQ_BAD_MESSAGE;
}

/* Under rlock, in 2.x: Connection.recv receives and deserialises, and a message that is none costs
 * its slot. */
static MPQ_STEP int receive_and_load(struct mpqueue *queue, struct message *message, void **object)
{
    int status = receive(queue, message);
    if (!status && !queue->behaviour->codec_outside_locks)
        status = load_message(queue, message, object);
    return status;
}

/* After the locks, since 3.x; frees the message. */
static MPQ_STEP int deliver(struct mpqueue *queue, struct message *message, int status,
                            void **object)
{
    if (!status && queue->behaviour->codec_outside_locks)
        return load_message(queue, message, object);
    free_message(message);
    return status;
}

/* get() under rlock, which is released: slot and rlock in 2.x, rlock and slot since 3.x. */
static MPQ_STEP int get_locked(struct mpqueue *queue, struct message *message, void **object)
{
    int status = receive_and_load(queue, message, object);
    if (queue->behaviour->codec_outside_locks) {
        status = release_rlock(queue, status);
        return status ? status : mpq_release_slot(queue);
    }
    return release_rlock(queue, status ? status : mpq_release_slot(queue));
}

int mpqueue_get(struct mpqueue *queue, void **object)
{
    struct message message = {0};
    if (queue->closed)
        return MPQ_CLOSED;
    MPQ_PLACE("mpqueue/get/before_rlock");
    int status = mpq_acquire(queue->rlock);
    if (status)
        return status;
    MPQ_PLACE("mpqueue/get/after_rlock");
    status = get_locked(queue, &message, object);
    return deliver(queue, &message, status, object);
}

/* One poll of the read end. End of file counts as something to read, as in Python's selectors.
 * MPQ_OK, MPQ_EMPTY, or MPQ_SYSTEM (EINTR included). */
static MPQ_STEP int poll_once(int fd, int timeout_ms)
{
    struct pollfd reader = {.fd = fd, .events = POLLIN};
    int ready = poll(&reader, 1, timeout_ms);
    if (ready < 0)
        return MPQ_SYSTEM;
    if (ready > 0 && reader.revents & POLLNVAL) {
        errno = EBADF;
        return MPQ_SYSTEM;
    }
    return ready > 0 ? MPQ_OK : MPQ_EMPTY;
}

static MPQ_STEP int poll_now(int fd)
{
    int status;
    do
        status = poll_once(fd, 0);
    while (status == MPQ_SYSTEM && errno == EINTR);
    return status;
}

/* Milliseconds from now to the deadline, rounded up, at least 0. */
static MPQ_STEP int milliseconds_left(int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - mpq_now_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS > 0);
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static MPQ_STEP int poll_until(int fd, int64_t deadline_ns)
{
    for (;;) {
        int timeout_ms = milliseconds_left(deadline_ns);
        int status = poll_once(fd, timeout_ms);
        if (status == MPQ_SYSTEM && errno == EINTR)
            continue;
        if (status == MPQ_EMPTY && timeout_ms == INT_MAX)
            continue;
        return status;
    }
}

/* The end of the two impatient gets: rlock is held, `polled` is what poll said. */
static MPQ_STEP int get_polled(struct mpqueue *queue, int polled, void **object)
{
    struct message message = {0};
    int status = polled;
    if (!status) {
        MPQ_PLACE("mpqueue/get/after_poll");
        status = receive_and_load(queue, &message, object);
        if (!status)
            status = mpq_release_slot(queue);
    } else if (status == MPQ_EMPTY)
        aw_note("get: Empty (pipe has nothing)");
    return deliver(queue, &message, release_rlock(queue, status), object);
}

int mpqueue_get_nowait(struct mpqueue *queue, void **object)
{
    if (queue->closed)
        return MPQ_CLOSED;
    MPQ_PLACE("mpqueue/get/before_rlock");
    int status = mpq_try_acquire(queue->rlock, MPQ_EMPTY);
    if (status) {
        if (status == MPQ_EMPTY)
            aw_note("get: Empty (rlock is held)");
        return status;
    }
    MPQ_PLACE("mpqueue/get/after_rlock");
    return get_polled(queue, poll_now(queue->reader_fd), object);
}

int mpqueue_get_timed(struct mpqueue *queue, void **object, int64_t timeout_ns)
{
    if (queue->closed)
        return MPQ_CLOSED;
    int64_t deadline_ns = mpq_deadline_after(timeout_ns);
    MPQ_PLACE("mpqueue/get/before_rlock");
    int status = mpq_timed_acquire(queue->rlock, deadline_ns, MPQ_EMPTY);
    if (status) {
        if (status == MPQ_EMPTY)
            aw_note("get: Empty (rlock was held the whole time)");
        return status;
    }
    MPQ_PLACE("mpqueue/get/after_rlock");
    return get_polled(queue, poll_until(queue->reader_fd, deadline_ns), object);
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

int mpqueue_empty(struct mpqueue *queue, bool *empty)
{
    if (queue->closed)
        return MPQ_CLOSED;
    int status = poll_now(queue->reader_fd);
    if (status == MPQ_SYSTEM)
        return status;
    *empty = status == MPQ_EMPTY;
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
