/* SPDX-License-Identifier: MIT */
/*
 * op.h - visible operations: the table of their kinds, and what is fixed about one when a thread
 * is parked at it.
 */
#ifndef AW_MACHINE_OP_H
#define AW_MACHINE_OP_H

#include <stdint.h>

/* What an operation acts on; decides who computes its outcomes. */
enum aw_op_class {
    AW_ON_NOTHING, /* its own thread only */
    AW_ON_IMAGE, /* an object inside the process image: mutex, condition, unnamed semaphore, thread */
    AW_ON_SEM,   /* a named semaphore */
    AW_ON_PIPE,    /* one end of a pipe */
    AW_ON_FILES,   /* the descriptor table (and the pipe ends it refers to) */
    AW_ON_POLL,    /* several pipe ends */
    AW_ON_PROCESS, /* processes: fork, exit, wait, kill */
    AW_ON_MEMORY, /* memory that processes share: its bytes, an object in it (AW_OP_SHARED), its size */
    AW_ON_WORLD, /* clock, names of semaphores and shared memory */
};

/*      enum                  text                    class                                    */
#define AW_OPS(X)                                                                                  \
    X(AW_OP_START, "start", AW_ON_NOTHING)                                                         \
    X(AW_OP_YIELD, "sched_yield", AW_ON_NOTHING)                                                   \
    X(AW_OP_SLEEP, "nanosleep", AW_ON_NOTHING)                                                     \
    X(AW_OP_GETPID, "getpid", AW_ON_NOTHING)                                                       \
    X(AW_OP_GETPPID, "getppid", AW_ON_PROCESS)                                                     \
    X(AW_OP_MUTEX_LOCK, "pthread_mutex_lock", AW_ON_IMAGE)                                         \
    X(AW_OP_MUTEX_TRYLOCK, "pthread_mutex_trylock", AW_ON_IMAGE)                                   \
    X(AW_OP_MUTEX_TIMEDLOCK, "pthread_mutex_timedlock", AW_ON_IMAGE)                               \
    X(AW_OP_MUTEX_UNLOCK, "pthread_mutex_unlock", AW_ON_IMAGE)                                     \
    X(AW_OP_COND_WAIT, "pthread_cond_wait", AW_ON_IMAGE)                                           \
    X(AW_OP_COND_SLEEP, "pthread_cond_wait (asleep)", AW_ON_IMAGE)                                 \
    X(AW_OP_COND_RELOCK, "pthread_cond_wait (relock)", AW_ON_IMAGE)                                \
    X(AW_OP_COND_SIGNAL, "pthread_cond_signal", AW_ON_IMAGE)                                       \
    X(AW_OP_COND_BROADCAST, "pthread_cond_broadcast", AW_ON_IMAGE)                                 \
    X(AW_OP_MUTEX_CONSISTENT, "pthread_mutex_consistent", AW_ON_IMAGE)                             \
    X(AW_OP_RWLOCK_RDLOCK, "pthread_rwlock_rdlock", AW_ON_IMAGE)                                   \
    X(AW_OP_RWLOCK_TRYRDLOCK, "pthread_rwlock_tryrdlock", AW_ON_IMAGE)                             \
    X(AW_OP_RWLOCK_TIMEDRDLOCK, "pthread_rwlock_timedrdlock", AW_ON_IMAGE)                         \
    X(AW_OP_RWLOCK_WRLOCK, "pthread_rwlock_wrlock", AW_ON_IMAGE)                                   \
    X(AW_OP_RWLOCK_TRYWRLOCK, "pthread_rwlock_trywrlock", AW_ON_IMAGE)                             \
    X(AW_OP_RWLOCK_TIMEDWRLOCK, "pthread_rwlock_timedwrlock", AW_ON_IMAGE)                         \
    X(AW_OP_RWLOCK_UNLOCK, "pthread_rwlock_unlock", AW_ON_IMAGE)                                   \
    X(AW_OP_BARRIER_WAIT, "pthread_barrier_wait", AW_ON_IMAGE)                                     \
    X(AW_OP_BARRIER_SLEEP, "pthread_barrier_wait (waiting)", AW_ON_IMAGE)                          \
    X(AW_OP_BARRIER_LEAVE, "pthread_barrier_wait (leaving)", AW_ON_NOTHING)                        \
    X(AW_OP_CREATE, "pthread_create", AW_ON_IMAGE)                                                 \
    X(AW_OP_JOIN, "pthread_join", AW_ON_IMAGE)                                                     \
    X(AW_OP_DETACH, "pthread_detach", AW_ON_IMAGE)                                                 \
    X(AW_OP_THREAD_EXIT, "pthread_exit", AW_ON_IMAGE)                                              \
    X(AW_OP_USEM_WAIT, "sem_wait (unnamed)", AW_ON_IMAGE)                                          \
    X(AW_OP_USEM_TRYWAIT, "sem_trywait (unnamed)", AW_ON_IMAGE)                                    \
    X(AW_OP_USEM_TIMEDWAIT, "sem_timedwait (unnamed)", AW_ON_IMAGE)                                \
    X(AW_OP_USEM_POST, "sem_post (unnamed)", AW_ON_IMAGE)                                          \
    X(AW_OP_USEM_GETVALUE, "sem_getvalue (unnamed)", AW_ON_IMAGE)                                  \
    X(AW_OP_ACCESS, "access", AW_ON_IMAGE)                                                         \
    X(AW_OP_SEM_WAIT, "sem_wait", AW_ON_SEM)                                                       \
    X(AW_OP_SEM_TRYWAIT, "sem_trywait", AW_ON_SEM)                                                 \
    X(AW_OP_SEM_TIMEDWAIT, "sem_timedwait", AW_ON_SEM)                                             \
    X(AW_OP_SEM_POST, "sem_post", AW_ON_SEM)                                                       \
    X(AW_OP_SEM_GETVALUE, "sem_getvalue", AW_ON_SEM)                                               \
    X(AW_OP_READ, "read", AW_ON_PIPE)                                                              \
    X(AW_OP_WRITE, "write", AW_ON_PIPE)                                                            \
    X(AW_OP_PIPE_CONTROL, "fcntl", AW_ON_PIPE)                                                     \
    X(AW_OP_SHARED_PUT, "initialise", AW_ON_MEMORY)                                                \
    X(AW_OP_FTRUNCATE, "ftruncate", AW_ON_MEMORY)                                                  \
    X(AW_OP_FSTAT, "fstat", AW_ON_MEMORY)                                                          \
    X(AW_OP_MEMFD, "memfd_create", AW_ON_FILES)                                                    \
    X(AW_OP_MMAP, "mmap", AW_ON_FILES)                                                             \
    X(AW_OP_PIPE, "pipe", AW_ON_FILES)                                                             \
    X(AW_OP_FD_FLAGS, "fcntl", AW_ON_FILES)                                                        \
    X(AW_OP_CLOSE, "close", AW_ON_FILES)                                                           \
    X(AW_OP_DUP, "dup", AW_ON_FILES)                                                               \
    X(AW_OP_POLL, "poll", AW_ON_POLL)                                                              \
    X(AW_OP_FORK, "fork", AW_ON_PROCESS)                                                           \
    X(AW_OP_LEAVE, "exit (leaving)", AW_ON_PROCESS)                                                \
    X(AW_OP_EXIT, "exit", AW_ON_PROCESS)                                                           \
    X(AW_OP_FATAL, "fatal signal", AW_ON_PROCESS)                                                  \
    X(AW_OP_WAIT, "wait", AW_ON_PROCESS)                                                           \
    X(AW_OP_KILL, "kill", AW_ON_PROCESS)                                                           \
    X(AW_OP_SIGNAL, "sigaction", AW_ON_PROCESS)                                                    \
    X(AW_OP_CLOCK, "clock_gettime", AW_ON_WORLD)                                                   \
    X(AW_OP_SEM_OPEN, "sem_open", AW_ON_WORLD)                                                     \
    X(AW_OP_SEM_UNLINK, "sem_unlink", AW_ON_WORLD)                                                 \
    X(AW_OP_SHM_OPEN, "shm_open", AW_ON_WORLD)                                                     \
    X(AW_OP_SHM_UNLINK, "shm_unlink", AW_ON_WORLD)

enum aw_op_kind {
    AW_OP_NONE,
#define X(name, text, class) name,
    AW_OPS(X)
#undef X
        AW_OP_KINDS
};

/* Flags of struct aw_op. */
enum {
    AW_OP_TIMED = 1,       /* has a time limit */
    AW_OP_RELATIVE = 2,    /* `deadline` is a duration (arbitrary time only) */
    AW_OP_NONBLOCKING = 4, /* WNOHANG; a poll with time-out 0 */
    AW_OP_DELAYED = 16,    /* an injected delay: not before `deadline` (virtual time) */
    AW_OP_SHARED = 32,     /* `address` is in a shared mapping */
    AW_OP_SLEPT = 8,       /* a write that the kernel has put to sleep: it no longer merges */
};

/* One visible operation as a thread is parked at it. Interned with its process: no padding. */
struct aw_op {
    uint8_t kind;
    uint8_t flags;
    uint16_t zero;
    int32_t fd;        /* descriptor, pid, signal, thread slot, or clock; -1 */
    uint64_t address;  /* of the object in the image, or of the buffer */
    uint64_t argument; /* length, second address, initial value, status ... */
    uint64_t extra;
    uint32_t payload; /* bytes fixed at the call (write, poll set, name), id in machine->payloads */
    uint32_t progress; /* bytes that a blocked write has written already */
    int64_t deadline;  /* nanoseconds of virtual time */
    uint64_t pc;       /* return address of the call in the program */
};

_Static_assert(sizeof(struct aw_op) == 56, "no padding");

const char *aw_op_name(enum aw_op_kind kind);
enum aw_op_class aw_op_class(enum aw_op_kind kind);
/* Of an operation: in a shared mapping it is one on the mapping. */
static inline enum aw_op_class aw_op_class_of(const struct aw_op *op)
{
    return (op->flags & AW_OP_SHARED) != 0 ? AW_ON_MEMORY : aw_op_class((enum aw_op_kind)op->kind);
}

/* The object of synchronisation in memory, of the process or shared, that an operation is on. */
enum aw_target_kind {
    AW_TARGET_NONE,
    AW_TARGET_MUTEX,
    AW_TARGET_CONDITION,
    AW_TARGET_SEMAPHORE, /* unnamed */
    AW_TARGET_RWLOCK,
    AW_TARGET_BARRIER,
};
/* How many bytes of it count as used by an operation: of a mutex, read-write lock or barrier; of a
 * condition or semaphore. */
enum { AW_LOCK_BYTES = 20, AW_CONDITION_BYTES = 8 };
struct aw_op_target {
    enum aw_target_kind kind;
    uint32_t size;
    uint64_t address;
};
/* Of a wait at a condition: the condition, and the mutex where only that is to be taken again. */
struct aw_op_target aw_op_target(const struct aw_op *op);

#endif
