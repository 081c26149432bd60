/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_get.c - get and empty of Queue in Lib/multiprocessing/queues.py (CPython 3.11).
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

#include "allways/probe.h"
#include "fault_points.h"

enum { NS_PER_MS = 1000000 };

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
