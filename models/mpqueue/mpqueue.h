/* SPDX-License-Identifier: MIT */
/*
 * mpqueue.h - Python's multiprocessing.Queue in C: a queue between processes that fork.
 *
 * A port of CPython 3.11 (Lib/multiprocessing/queues.py and connection.py, and
 * Modules/_multiprocessing/semaphore.c, on Linux with the fork start method), step by step, so that
 * what goes wrong there goes wrong here; older versions by `profile`. The parts:
 *
 *   put ──► buffer ──► feeder thread ──► wlock ──► pipe ──► rlock ──► get
 *           (of this process)                     (shared by all processes)
 *
 * put only appends to a buffer of the calling process and returns: nothing has been serialised,
 * nothing is in the pipe. A feeder thread, started by the first put of a process, serialises each
 * object and writes it as one frame. That delay is the queue's whole point and its best-known trap:
 * an Empty from mpqueue_get_nowait says nothing about whether something was put.
 *
 * Invariants:
 *   - `sem` counts what is in all buffers and in the pipe: it starts at maxsize (SEM_VALUE_MAX for
 *     an unbounded queue), a put takes one, a get gives one back.
 *   - rlock and wlock are semaphores of value 1. They have no owner: who dies while holding one
 *     has locked it for ever.
 *   - The order of the items is that of the puts within one process; between processes there is
 *     none.
 *
 * Who owns what: an object belongs to the queue from a successful put on. The feeder frees it once
 * it is serialised; after fork() the child frees its copies of what the parent had not yet sent
 * (they stay with the parent). What get returns belongs to the caller.
 *
 * Threads: any number of threads may put and get at the same time. close, join_thread,
 * cancel_join_thread and destroy, and exit() too, are for one thread, when no other thread uses the
 * queue any more (the feeder does not count), as fclose is for a stream.
 *
 * Processes: create the queue, then fork. In the child, pthread_atfork handlers reset it as
 * Queue._after_fork does: empty buffer, no feeder, not closed. exit() runs the finalizer: close,
 * then wait for the feeder; _exit() and signals do not. A write to a pipe that nobody reads raises
 * SIGPIPE: ignore that signal, as Python does, to have EPIPE instead.
 *
 * Where the port differs from CPython, none of it visible to another process:
 *   - Taking a lock is one sem_wait, without a sem_trywait before it, and posting rlock and wlock
 *     does not look at the value first; both change nothing but the number of steps.
 *   - The feeder takes the buffer's lock to remove an object, which in Python the GIL makes atomic.
 *   - Timed operations use one clock, CLOCK_REALTIME, for the semaphore and for the poll.
 *   - When the feeder cannot be started, put fails and can be tried again (CPython since 3.12).
 *   - exit() does not wait for child processes between close and join; the program does that.
 */
#ifndef MPQUEUE_MPQUEUE_H
#define MPQUEUE_MPQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*    name, value, what it means                                      in Python */
#define MPQ_STATUSES(X)                                                                            \
    X(MPQ_OK, 0, "success")                                                                        \
    X(MPQ_EMPTY, -1, "nothing could be got now")              /* queue.Empty */                    \
    X(MPQ_FULL, -2, "the queue is full")                      /* queue.Full */                     \
    X(MPQ_CLOSED, -3, "this process has closed the queue")    /* ValueError */                     \
    X(MPQ_NOT_CLOSED, -4, "close must come first")            /* AssertionError */                 \
    X(MPQ_EOF, -5, "end of file")                             /* EOFError */                       \
    X(MPQ_TRUNCATED, -6, "got end of file during message")    /* OSError */                        \
    X(MPQ_BAD_MESSAGE, -7, "a message that is none")          /* UnpicklingError */                \
    X(MPQ_TOO_MANY, -8, "semaphore released too many times")  /* ValueError */                     \
    X(MPQ_SYSTEM, -9, "a system call failed, errno says why") /* OSError */

enum mpqueue_status {
#define X(name, value, text) name = value,
    MPQ_STATUSES(X)
#undef X
};

/* The text of the table above; never NULL. */
const char *mpqueue_status_text(int status);

/* How objects become bytes and back. `context` is the one given to mpqueue_create. */
struct mpqueue_codec {
    /* Serialises `object` into *bytes (from malloc, the queue frees it). Runs in the feeder thread
     * without any lock. Returns 0, or an errno value: the object is then dropped. */
    int (*dump)(void *context, const void *object, unsigned char **bytes, size_t *size);

    /* Makes an object of a received message; runs in get after rlock was released. Returns 0, or
     * an errno value: the message is then lost. */
    int (*load)(void *context, const unsigned char *bytes, size_t size, void **object);

    /* Frees an object; never called with NULL, which is a legal object. Runs in the feeder, in a
     * forked child and in destroy. May be NULL: nothing to free. */
    void (*free_object)(void *context, void *object);

    /* Called in get as soon as a whole message has been received, rlock still held: the place for a
     * probe. May be NULL. */
    void (*received)(void *context, const unsigned char *bytes, size_t size);

    /* Called in the feeder when an object could not be serialised (`object` is it, to look at) or
     * sent (`object` is NULL), `errnum` says why. May be NULL: a line on standard error.
     * Ports Queue._on_queue_feeder_error. */
    void (*failed)(void *context, int errnum, const void *object);
};

/* Whose behaviour: mpqueue_profile.c says in what they differ. The first one is the default. */
#define MPQ_PROFILE_TABLE(X)                                                                       \
    X(MPQ_CPYTHON_3_11, "cpython-3.11")                                                            \
    X(MPQ_CPYTHON_3_7, "cpython-3.7")                                                              \
    X(MPQ_CPYTHON_2_7, "cpython-2.7")                                                              \
    X(MPQ_CPYTHON_2_6, "cpython-2.6")

enum mpqueue_profile {
#define X(name, text) name,
    MPQ_PROFILE_TABLE(X)
#undef X
        MPQ_PROFILES
};

/* The text of the table above, and the profile of that text, or -1. */
const char *mpqueue_profile_name(enum mpqueue_profile profile);
int mpqueue_profile_by_name(const char *name);

struct mpqueue_options {
    int maxsize;   /* objects in the queue; 0 or less: unbounded */
    bool joinable; /* counts unfinished tasks: JoinableQueue */
    enum mpqueue_profile profile;
    bool ignore_epipe; /* the feeder ends at EPIPE without a word (concurrent.futures uses it) */
    const struct mpqueue_codec *codec; /* must outlive the queue; NULL: mpqueue_bytes_codec */
    void *context;                     /* handed to the codec */
};

struct mpqueue;

/* Makes a queue: a pipe and three semaphores (named for an instant, O_EXCL, then unlinked).
 * `options` may be NULL: unbounded, bytes. Returns NULL with errno set. Ports
 * Queue.__init__. */
struct mpqueue *mpqueue_create(const struct mpqueue_options *options);

/* What another process has to know of a queue to use it without having inherited it. Names of
 * semaphores as sem_open takes them; the last five are for joinable queues only. */
struct mpqueue_parts {
    int reader_fd, writer_fd; /* the queue's from a successful attach on */
    const char *rlock, *wlock, *sem;
    const char *cond_lock, *sleeping_count, *woken_count, *wait_semaphore, *unfinished;
};

/* A queue made of parts that exist: one that another program has created, such as CPython's own in
 * its spawn context. The names may be unlinked afterwards. Returns NULL with errno set. Ports
 * Queue.__setstate__. */
struct mpqueue *mpqueue_attach(const struct mpqueue_options *options,
                               const struct mpqueue_parts *parts);

/* Closes the queue in this process, waits for its feeder unless cancelled, frees everything. After
 * cancel_join_thread with a feeder at work, that feeder keeps the queue's memory to the end. NULL
 * is ignored. Takes the place of Python's garbage collection. */
void mpqueue_destroy(struct mpqueue *queue);

/* Puts `object` into the buffer, waiting for room in a bounded queue. It is the caller's again when
 * this fails: MPQ_CLOSED, MPQ_SYSTEM (EAGAIN no thread, ENOMEM). Ports Queue.put(obj). */
int mpqueue_put(struct mpqueue *queue, void *object);

/* The same without waiting; also fails with MPQ_FULL. Ports Queue.put(obj, block=False). */
int mpqueue_put_nowait(struct mpqueue *queue, void *object);

/* The same, waiting at most so long; a negative time is 0. Ports Queue.put(obj, timeout=...). */
int mpqueue_put_timed(struct mpqueue *queue, void *object, int64_t timeout_ns);

/* Gets the next object, waiting without bound. Fails with MPQ_CLOSED, MPQ_EOF (no writer left),
 * MPQ_TRUNCATED (no writer left, inside a message), MPQ_BAD_MESSAGE (codec->load said so),
 * MPQ_TOO_MANY, MPQ_SYSTEM; rlock is released in all cases. Ports Queue.get(). */
int mpqueue_get(struct mpqueue *queue, void **object);

/* The same without waiting for rlock or for the first byte of a message; also fails with MPQ_EMPTY.
 * Once a byte is there it waits for the whole message, without bound, holding rlock.
 * Ports Queue.get(block=False). */
int mpqueue_get_nowait(struct mpqueue *queue, void **object);

/* The same, waiting at most so long for rlock and the first byte, together; a negative time is 0.
 * MPQ_EMPTY comes without a look at the pipe when rlock took all the time.
 * Ports Queue.get(timeout=...). */
int mpqueue_get_timed(struct mpqueue *queue, void **object, int64_t timeout_ns);

/* Stores the number of objects put and not yet got, those in all buffers included. It may be
 * positive while mpqueue_empty says true. Ports Queue.qsize. */
int mpqueue_qsize(struct mpqueue *queue, int *count);

/* Stores whether the pipe has no byte to read; says nothing about buffers. Fails with MPQ_CLOSED
 * after close (the descriptors are then the feeder's). Ports Queue.empty. */
int mpqueue_empty(struct mpqueue *queue, bool *empty);

/* Stores whether a put would have to wait. Ports Queue.full. */
int mpqueue_full(struct mpqueue *queue, bool *full);

/* No more puts and gets in this process; the feeder ends, and closes both ends of the pipe, once
 * the buffer is flushed. Without a feeder nothing else happens. Idempotent. Ports Queue.close. */
void mpqueue_close(struct mpqueue *queue);

/* Waits until the feeder has flushed the buffer and ended: for ever, if the pipe is full and nobody
 * reads. Does nothing without a feeder or after cancel_join_thread. MPQ_NOT_CLOSED before close.
 * Ports Queue.join_thread. */
int mpqueue_join_thread(struct mpqueue *queue);

/* exit(), destroy and join_thread shall not wait for the feeder: what is still in the buffer may be
 * lost. Not inherited by children. Ports Queue.cancel_join_thread. */
void mpqueue_cancel_join_thread(struct mpqueue *queue);

/* ---- joinable queues only ---- */

/* Says that an object that was got has been dealt with. At zero unfinished ones, everybody in
 * mpqueue_join wakes. MPQ_TOO_MANY when it was called more often than put. Ports
 * JoinableQueue.task_done. */
int mpqueue_task_done(struct mpqueue *queue);

/* Waits until nothing is unfinished. It looks once and waits once, as CPython does. Ports
 * JoinableQueue.join. */
int mpqueue_join(struct mpqueue *queue);

/* ---- the ends of the pipe ---- */

/* The ends of the pipe, for tests and for poll; -1 once closed. Still the queue's. */
int mpqueue_reader_fd(const struct mpqueue *queue);
int mpqueue_writer_fd(const struct mpqueue *queue);

/* Closes this process's end for reading, while its feeder still sends: what Queue.close() did
 * before CPython 3.9.13. Once no other process reads either, the feeder meets EPIPE. */
void mpqueue_close_reader(struct mpqueue *queue);

/* Closes this process's end for writing: from then on it only gets. A plain Queue never does, so
 * that a consumer waits for ever for the rest of a message whose producer has died; with it, end of
 * file tells. */
void mpqueue_close_writer(struct mpqueue *queue);

/* Objects that are bytes. */
struct mpqueue_bytes {
    size_t size;
    unsigned char data[];
};

/* A copy of `size` bytes, from malloc; `data` NULL: zeros. NULL with ENOMEM. */
struct mpqueue_bytes *mpqueue_bytes_create(const void *data, size_t size);

/* The codec for them: a message is the bytes themselves. NULL objects cannot be sent (EINVAL). */
extern const struct mpqueue_codec mpqueue_bytes_codec;

#endif
