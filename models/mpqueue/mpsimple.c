/* SPDX-License-Identifier: MIT */
/*
 * mpsimple.c - SimpleQueue in Lib/multiprocessing/queues.py (CPython 3.11; in 2.x send and recv,
 * with what serialises in them, run under the locks, which is the same to everybody else here).
 */
#include "mpsimple.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "allways/probe.h"
#include "mpqueue_internal.h"

struct mpsimple {
    struct mpqueue_options options;
    int reader_fd, writer_fd;
    sem_t *rlock, *wlock;
};

static MPQ_STEP int create_parts(struct mpsimple *queue)
{
    int ends[2];
    if (pipe(ends))
        return -1;
    queue->reader_fd = ends[0];
    queue->writer_fd = ends[1];
    queue->rlock = mpq_semaphore_create("rlock", 1);
    queue->wlock = queue->rlock ? mpq_semaphore_create("wlock", 1) : NULL;
    return queue->wlock ? 0 : -1;
}

struct mpsimple *mpsimple_create(const struct mpqueue_options *options)
{
    struct mpsimple *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    if (options)
        queue->options = *options;
    if (!queue->options.codec)
        queue->options.codec = &mpqueue_bytes_codec;
    queue->reader_fd = queue->writer_fd = -1;
    if (create_parts(queue) == 0)
        return queue;
    int saved = errno;
    mpsimple_destroy(queue);
    errno = saved;
    return NULL;
}

void mpsimple_destroy(struct mpsimple *queue)
{
    if (!queue)
        return;
    mpq_close_end(&queue->reader_fd);
    mpq_close_end(&queue->writer_fd);
    mpq_semaphore_close(queue->rlock);
    mpq_semaphore_close(queue->wlock);
    free(queue);
}

static const struct mpq_behaviour *behaviour(const struct mpsimple *queue)
{
    return &mpq_behaviours[queue->options.profile];
}

static MPQ_STEP int send_locked(struct mpsimple *queue, const unsigned char *bytes, size_t size)
{
    unsigned char *frame = NULL;
    if (mpq_acquire(queue->wlock))
        return errno;
    int error = mpq_frame_send(behaviour(queue), queue->writer_fd, bytes, size, &frame);
    if (mpq_release(queue->wlock) && !error)
        error = errno;
    return error;
}

int mpsimple_put(struct mpsimple *queue, const void *object)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    int error = queue->options.codec->dump(queue->options.context, object, &bytes, &size);
    if (!error) {
        error = send_locked(queue, bytes, size);
        mpq_drop(&bytes);
    }
    if (!error)
        return MPQ_OK;
    errno = error;
    return MPQ_SYSTEM;
}

static MPQ_STEP int receive_locked(struct mpsimple *queue, unsigned char **bytes, size_t *size)
{
    int status = mpq_acquire(queue->rlock);
    if (status)
        return status;
    status = mpq_frame_receive(behaviour(queue), queue->reader_fd, bytes, size);
    if (!status && queue->options.codec->received)
        queue->options.codec->received(queue->options.context, *bytes, *size);
    int saved = errno, released = mpq_release(queue->rlock);
    if (!status)
        return released;
    errno = saved;
    return status;
}

int mpsimple_get(struct mpsimple *queue, void **object)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    int status = receive_locked(queue, &bytes, &size);
    if (!status && queue->options.codec->load(queue->options.context, bytes, size, object))
        status = MPQ_BAD_MESSAGE;
    if (bytes)
        mpq_drop(&bytes);
    return status;
}

int mpsimple_empty(struct mpsimple *queue, bool *empty)
{
    struct pollfd reader = {.fd = queue->reader_fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&reader, 1, 0);
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return MPQ_SYSTEM;
    *empty = ready == 0;
    return MPQ_OK;
}
