/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_internal.h - the queue's state and what its files need of each other.
 *
 *   mpqueue.c          create, put, close, join: what Queue's methods do
 *   mpqueue_get.c      get, empty
 *   mpqueue_joinable.c task_done, join: JoinableQueue
 *   mpqueue_profile.c  what older versions did
 *   mpqueue_semaphore.c  locks and semaphores: _multiprocessing.SemLock
 *   mpsync.c           Condition, Event; mpsimple.c  SimpleQueue
 *   mpqueue_feeder.c   the feeder thread: Queue._feed
 *   mpqueue_frame.c    messages on a pipe: Connection.send_bytes and recv_bytes
 *   mpqueue_process.c  fork and exit: Queue._after_fork, the finalizers
 *   mpqueue_bytes.c    the codec for plain bytes
 *
 * Written so that a model checker finds equal states equal: nothing here counts up for ever, no pid
 * or time is kept, whatever is over is freed at once, and the work is done in small functions that
 * are not inlined (MPQ_STEP), so that their variables vanish with their frames and the frames that
 * live long hold the queue's address and nothing else.
 */
#ifndef MPQUEUE_INTERNAL_H
#define MPQUEUE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>

#include "mpqueue/mpqueue.h"
#include "mpqueue/mpsync.h"

#define MPQ_STEP __attribute__((noinline))

/* What a profile decides; the table is in mpqueue_profile.c. */
struct mpq_behaviour {
    bool feeder_survives;     /* an error; else the first one ends it */
    bool error_frees_slot;    /* an object that could not be sent gives its slot back */
    bool codec_outside_locks; /* dump outside wlock, load outside rlock and after the slot is given
                                 back */
    bool close_leaves_reader; /* to the feeder; else close() closes it at once */
    bool creator_joins;       /* its own feeder, as everybody else does */
    bool put_counts_task;     /* before it lets the feeder have it; else after put is over */
    bool retries_eintr;       /* in read and write */
    bool large_errors_told;   /* those of frames sent in two pieces */
    size_t one_piece_max;     /* bytes of a body that is sent together with its header */
};

extern const struct mpq_behaviour mpq_behaviours[MPQ_PROFILES];

struct mpq_node {
    struct mpq_node *next;
    void *object;
};

/*
 * Who may touch what:
 *   fixed          from create on: options, behaviour, limit, the semaphores, tasks
 *   notempty_lock  first, last, exiting, feeder_started (also read without it by close, join and
 *                  exit, which are alone by contract)
 *   started_lock   started
 *   the feeder     sending, feeder_closed
 *   the user       closed, quit_sent, join_cancelled, feeder_joined, feeder (alone by contract);
 *                  the descriptors, of which the feeder only reads writer_fd, and reader_fd at QUIT
 * In a forked child there is one thread and mpq_reset has run.
 */
struct mpqueue {
    struct mpqueue_options options;
    const struct mpq_behaviour *behaviour;
    int limit; /* initial value of sem: maxsize, or SEM_VALUE_MAX */
    int reader_fd, writer_fd;
    sem_t *rlock, *wlock, *sem;
    struct mpcondition *tasks; /* of a joinable queue, with the number of unfinished tasks */
    sem_t *unfinished;
    bool created_here;          /* by this process; false in a child */
    struct mpqueue *next_queue; /* list of all queues of the process, mpqueue_process.c */

    pthread_mutex_t notempty_lock;
    pthread_cond_t notempty;
    struct mpq_node *first, *last;
    struct mpq_node quit_node; /* QUIT: part of the queue, so that close cannot fail */

    pthread_mutex_t started_lock;
    pthread_cond_t started_cond;
    bool started; /* threading.Thread's _started event */

    pthread_t feeder;
    bool feeder_started; /* by this process; false again in a child */
    bool feeder_joined;
    bool join_cancelled;
    bool closed;
    bool quit_sent;
    bool exiting;

    /* What the feeder is sending. Here and not in its frames, so that a child forked meanwhile can
     * free it. Each pointer is cleared before its memory is freed (mpq_drop). */
    struct mpq_sending {
        void *object;
        unsigned char *bytes; /* the object serialised */
        size_t size;
        unsigned char *frame; /* header and body in one piece */
    } sending;

    /* The ends that the feeder closed at QUIT, in CPython by Connection.close(). They count as closed
     * from its end on, or in a child (mpq_take_back): until then nobody but the feeder asks, since
     * get says that the queue is closed. So the field that every get reads is never written beside
     * it. */
    struct mpq_ends {
        bool reader, writer;
    } feeder_closed;
};

/* One sem_wait, taken up again after EINTR. MPQ_OK or MPQ_SYSTEM. */
int mpq_acquire(sem_t *semaphore);

/* One sem_post. MPQ_OK or MPQ_SYSTEM. */
int mpq_release(sem_t *semaphore);

/* sem_trywait, and sem_timedwait until a moment of CLOCK_REALTIME; `unavailable` is the status for
 * a semaphore that stays at zero. */
int mpq_try_acquire(sem_t *semaphore, int unavailable);
int mpq_timed_acquire(sem_t *semaphore, int64_t deadline_ns, int unavailable);

/* Stores whether the value is 0. MPQ_OK or MPQ_SYSTEM. */
int mpq_is_zero(sem_t *semaphore, bool *zero);

/* CLOCK_REALTIME, and the moment `timeout_ns` (at least 0) from now, as far as it can be said. */
int64_t mpq_now_ns(void);
int64_t mpq_deadline_after(int64_t timeout_ns);

/* A new semaphore whose name is gone again; one that exists, by its name. NULL with errno set.
 * NULL is ignored by close. */
sem_t *mpq_semaphore_create(const char *role, unsigned value);
sem_t *mpq_semaphore_open(const char *name);
void mpq_semaphore_close(sem_t *semaphore);

/* Gives a slot of the queue back: BoundedSemaphore.release, whose (non-atomic) check for too many
 * releases is made in bounded queues only; in others sem_post notices. MPQ_OK, MPQ_TOO_MANY or
 * MPQ_SYSTEM. */
int mpq_release_slot(struct mpqueue *queue);

/* Frees an object through the codec; NULL is ignored. */
void mpq_free_object(struct mpqueue *queue, void *object);

/* Clears *pointer, then frees what it pointed to. A fork by another thread may fall between any two
 * stores of the feeder: in this order the child leaks at worst, it never frees twice. */
void mpq_drop(unsigned char **pointer);

/* Orders stores for the eyes of a fork in another thread. */
#define MPQ_FORK_ORDER() __asm__ volatile("" ::: "memory")

/* Drops everything in queue->sending. */
void mpq_sending_clear(struct mpqueue *queue);

/* Closes a descriptor that is not closed yet. */
void mpq_close_end(int *end);

/* What the feeder has closed is closed. It is no more, or this is a child, which has none. */
void mpq_take_back(struct mpqueue *queue);

/* The feeder's main function; the argument is the queue. */
void *mpq_feeder_main(void *queue);

/* Frees the buffer and what is being sent, puts every field of this process back to how create left
 * it. The caller is the only thread that knows the queue. */
void mpq_reset(struct mpqueue *queue);

/* Appends QUIT once, if there is a feeder. Ports Queue._finalize_close. */
void mpq_send_quit(struct mpqueue *queue, bool exiting);

/* Joins the feeder, if there is one and nobody cancelled it. Ports Queue._finalize_join. */
void mpq_join(struct mpqueue *queue);

/* Enters a queue in the list of the process, or takes it out. The first call registers the handlers
 * for fork and exit; 0 or an errno value. */
int mpq_register(struct mpqueue *queue);
void mpq_unregister(struct mpqueue *queue);

/* The parts of a joinable queue: made, opened by name, released. 0, or -1 with errno set. */
int mpq_tasks_create(struct mpqueue *queue);
int mpq_tasks_attach(struct mpqueue *queue, const struct mpqueue_parts *parts);
void mpq_tasks_release(struct mpqueue *queue);

/* One more unfinished task. MPQ_OK or MPQ_SYSTEM. */
int mpq_tasks_count(struct mpqueue *queue);

/* Sends a message of `size` bytes. *frame is where the one-piece frame is kept while it exists.
 * Returns 0 or an errno value. Ports Connection._send_bytes. */
int mpq_frame_send(const struct mpq_behaviour *behaviour, int fd, const unsigned char *bytes,
                   size_t size, unsigned char **frame);

/* Receives a message into *bytes (from malloc, the caller's). MPQ_OK, MPQ_EOF, MPQ_TRUNCATED,
 * MPQ_BAD_MESSAGE or MPQ_SYSTEM. Ports Connection._recv_bytes. */
int mpq_frame_receive(const struct mpq_behaviour *behaviour, int fd, unsigned char **bytes,
                      size_t *size);

#endif
