/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_feeder.c - the feeder thread: Queue._feed in Lib/multiprocessing/queues.py.
 *
 *   loop:                                                             feeder_step
 *     lock notempty; if the buffer is empty: wait ONCE;               feeder_take
 *       take the first object, if there is one; unlock
 *     if it is QUIT: close the pipe's ends, end                       feeder_quit
 *     serialise it (2.x: after the next line)                         feeder_serialise
 *     sem_wait(wlock); send; sem_post(wlock)                          feeder_send
 *     on an error:                                                    feeder_survives
 *       EPIPE that is to be ignored: end
 *       the process is exiting: end, silently; the rest of the buffer is lost
 *       give the slot back (3.x), report, go on with the loop (2.6: end)
 *
 * The wait is an `if`, not a `while`, as in CPython: a wake-up without an object costs one turn of
 * the loop.
 */
#include "mpqueue_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "allways/probe.h"
#include "fault_points.h"

enum taken { TAKEN_NOTHING, TAKEN_OBJECT, TAKEN_QUIT };

void mpq_free_object(struct mpqueue *queue, void *object)
{
    if (object && queue->options.codec->free_object)
        queue->options.codec->free_object(queue->options.context, object);
}

void mpq_drop(unsigned char **pointer)
{
    unsigned char *memory = *pointer;
    *pointer = NULL;
    MPQ_FORK_ORDER();
    free(memory);
}

static MPQ_STEP void drop_object(struct mpqueue *queue)
{
    void *object = queue->sending.object;
    queue->sending.object = NULL;
    MPQ_FORK_ORDER();
    mpq_free_object(queue, object);
}

void mpq_sending_clear(struct mpqueue *queue)
{
    drop_object(queue);
    mpq_drop(&queue->sending.bytes);
    queue->sending.size = 0;
    mpq_drop(&queue->sending.frame);
}

/* Thread._bootstrap_inner: self._started.set() */
static MPQ_STEP void feeder_announce(struct mpqueue *queue)
{
    pthread_mutex_lock(&queue->started_lock);
    queue->started = true;
    pthread_cond_signal(&queue->started_cond);
    pthread_mutex_unlock(&queue->started_lock);
}

/* Moves the first object to queue->sending; notempty_lock is held. */
static MPQ_STEP enum taken take_first(struct mpqueue *queue)
{
    struct mpq_node *node = queue->first;
    if (!node)
        return TAKEN_NOTHING;
    queue->first = node->next;
    if (!queue->first)
        queue->last = NULL;
    MPQ_FORK_ORDER();
    if (node == &queue->quit_node)
        return TAKEN_QUIT;
    queue->sending.object = node->object;
    free(node);
    return TAKEN_OBJECT;
}

/* `if not buffer: nwait()` (an if, not a while), then `bpopleft()`. CPython releases notempty in
 * between and relies on the GIL for the popleft; here both are under one acquisition. Nobody can
 * tell: only the feeder takes objects out, and whoever appends leaves the first one first. */
static MPQ_STEP enum taken feeder_take(struct mpqueue *queue)
{
    MPQ_PLACE("mpqueue/feeder/wake");
    pthread_mutex_lock(&queue->notempty_lock);
    if (!queue->first)
        pthread_cond_wait(&queue->notempty, &queue->notempty_lock);
    enum taken taken = take_first(queue);
    pthread_mutex_unlock(&queue->notempty_lock);
    return taken;
}

void mpq_close_end(int *end)
{
    int fd = *end;
    *end = -1;
    if (fd >= 0)
        close(fd);
}

static MPQ_STEP void feeder_close(int fd, bool *closed)
{
    if (fd < 0)
        return;
    *closed = true;
    MPQ_FORK_ORDER();
    close(fd);
}

/* Before 3.9.13 it has W alone: R is for close(). */
static MPQ_STEP void feeder_quit(struct mpqueue *queue)
{
    if (queue->behaviour->close_leaves_reader)
        feeder_close(queue->reader_fd, &queue->feeder_closed.reader);
    feeder_close(queue->writer_fd, &queue->feeder_closed.writer);
}

void mpq_take_back(struct mpqueue *queue)
{
    if (queue->feeder_closed.reader)
        queue->reader_fd = -1;
    if (queue->feeder_closed.writer)
        queue->writer_fd = -1;
    queue->feeder_closed = (struct mpq_ends){0};
}

/* Serialises, and frees the object. */
static MPQ_STEP int feeder_serialise(struct mpqueue *queue)
{
    struct mpq_sending *sending = &queue->sending;
    if (MPQ_POINT("mpqueue/feeder/serialise"))
        return EINVAL;
    int error = queue->options.codec->dump(queue->options.context, sending->object, &sending->bytes,
                                           &sending->size);
    if (error)
        return error;
    drop_object(queue);
    MPQ_PLACE("mpqueue/feeder/serialised");
    return 0;
}

static MPQ_STEP int feeder_write(struct mpqueue *queue)
{
    return mpq_frame_send(queue->behaviour, queue->writer_fd, queue->sending.bytes,
                          queue->sending.size, &queue->sending.frame);
}

/* Under wlock: serialises what was not yet (2.x), and sends. 0 or an errno value. */
static MPQ_STEP int feeder_transfer(struct mpqueue *queue)
{
    int error = queue->behaviour->codec_outside_locks ? 0 : feeder_serialise(queue);
    return error ? error : feeder_write(queue);
}

/* wlock is posted in all cases. 0 or an errno value. */
static MPQ_STEP int feeder_send(struct mpqueue *queue)
{
    MPQ_PLACE("mpqueue/feeder/before_wlock");
    if (mpq_acquire(queue->wlock))
        return errno;
    MPQ_PLACE("mpqueue/feeder/after_wlock");
    int error = feeder_transfer(queue);
    if (mpq_release(queue->wlock) && !error)
        error = errno;
    if (!error)
        mpq_sending_clear(queue);
    return error;
}

static MPQ_STEP void feeder_report(struct mpqueue *queue, int errnum)
{
    aw_error("the feeder could not send an item", errnum);
    if (queue->options.codec->failed)
        queue->options.codec->failed(queue->options.context, errnum, queue->sending.object);
    else
        dprintf(STDERR_FILENO, "mpqueue: the feeder could not send an item: errno %d\n", errnum);
}

static MPQ_STEP bool is_exiting(struct mpqueue *queue)
{
    pthread_mutex_lock(&queue->notempty_lock);
    bool exiting = queue->exiting;
    pthread_mutex_unlock(&queue->notempty_lock);
    return exiting;
}

/* The `except` branch: whether the feeder goes on. */
static MPQ_STEP bool feeder_survives(struct mpqueue *queue, int errnum)
{
    bool told = !(queue->options.ignore_epipe && errnum == EPIPE) && !is_exiting(queue);
    if (told) {
        if (queue->behaviour->error_frees_slot && mpq_release_slot(queue))
            aw_error("the feeder could not give a slot back", errno);
        feeder_report(queue, errnum);
    }
    mpq_sending_clear(queue);
    return told && queue->behaviour->feeder_survives;
}

static MPQ_STEP int feeder_pass_on(struct mpqueue *queue)
{
    int error = queue->behaviour->codec_outside_locks ? feeder_serialise(queue) : 0;
    return error ? error : feeder_send(queue);
}

/* Queue._feed: sends one object after the other until QUIT, or an error that ends it. */
static MPQ_STEP bool feeder_step(struct mpqueue *queue)
{
    int error;
    switch (feeder_take(queue)) {
    case TAKEN_NOTHING:
        return true;
    case TAKEN_QUIT:
        feeder_quit(queue);
        return false;
    default:
        error = feeder_pass_on(queue);
        return !error || feeder_survives(queue, error);
    }
}

void *mpq_feeder_main(void *argument)
{
    struct mpqueue *queue = argument;
    aw_role("feeder");
    feeder_announce(queue);
    while (feeder_step(queue))
        ;
    return NULL;
}
