/* SPDX-License-Identifier: MIT */
/*
 * preload.h - inside build/allways-preload.so.
 *
 *   preload.c   life: the job, threads and processes and what they are called, probes, striking
 *   calls.c     the functions of the C library that the program reaches first here
 *
 * Only calls that come from the program itself are looked at (by their return address): what the C
 * library, libfiu or this library do among themselves has no counterpart in the machine.
 *
 * State: one job for the process, read only after the constructor; one struct aw_native_self for
 * each thread. Both are globals, for want of anybody who could pass them.
 */
#ifndef AW_NATIVE_PRELOAD_H
#define AW_NATIVE_PRELOAD_H

#include "native/job.h"

/* Every function that is replaced: the points that it stands for, and whether it is a visible
 * operation of the machine (where a crash, a SIGTERM or a delay "anywhere" may strike). */
/*    function                point                        point of a shorter transfer    visible */
#define AW_NATIVE_CALLS(X)                                                                         \
    X(write, "posix/io/rw/write", "posix/io/rw/write/reduce", true)                                \
    X(writev, "posix/io/rw/writev", "posix/io/rw/writev/reduce", true)                             \
    X(read, "posix/io/rw/read", "posix/io/rw/read/reduce", true)                                   \
    X(readv, "posix/io/rw/readv", "posix/io/rw/readv/reduce", true)                                \
    X(close, "posix/io/oc/close", NULL, true)                                                      \
    X(poll, "posix/io/net/poll", NULL, true)                                                       \
    X(fork, "posix/proc/fork", NULL, true)                                                         \
    X(wait, "posix/proc/wait", NULL, true)                                                         \
    X(waitpid, "posix/proc/waitpid", NULL, true)                                                   \
    X(kill, "posix/proc/kill", NULL, true)                                                         \
    X(malloc, "libc/mm/malloc", NULL, false)                                                       \
    X(calloc, "libc/mm/calloc", NULL, false)                                                       \
    X(realloc, "libc/mm/realloc", NULL, false)                                                     \
    X(sem_wait, "allways/sem/wait", NULL, true)                                                    \
    X(sem_timedwait, "allways/sem/timedwait", NULL, true)                                          \
    X(sem_clockwait, "allways/sem/timedwait", NULL, true)                                          \
    X(sem_trywait, "allways/sem/trywait", NULL, true)                                              \
    X(sem_open, "allways/sem/open", NULL, true)                                                    \
    X(sem_post, NULL, NULL, true)                                                                  \
    X(sem_getvalue, NULL, NULL, true)                                                              \
    X(sem_unlink, NULL, NULL, true)                                                                \
    X(pthread_create, "allways/thread/create", NULL, true)                                         \
    X(pthread_join, NULL, NULL, true)                                                              \
    X(pthread_mutex_lock, NULL, NULL, true)                                                        \
    X(pthread_mutex_trylock, NULL, NULL, true)                                                     \
    X(pthread_mutex_timedlock, NULL, NULL, true)                                                   \
    X(pthread_mutex_unlock, NULL, NULL, true)                                                      \
    X(pthread_cond_wait, "allways/spurious", NULL, true)                                           \
    X(pthread_cond_timedwait, "allways/spurious", NULL, true)                                      \
    X(pthread_cond_clockwait, "allways/spurious", NULL, true)                                      \
    X(pthread_cond_signal, NULL, NULL, true)                                                       \
    X(pthread_cond_broadcast, NULL, NULL, true)                                                    \
    X(pipe, "allways/pipe", NULL, true)                                                            \
    X(pipe2, "allways/pipe", NULL, true)                                                           \
    X(sleep, "allways/sleep", NULL, true)                                                          \
    X(usleep, "allways/sleep", NULL, true)                                                         \
    X(nanosleep, "allways/sleep", NULL, true)                                                      \
    X(clock_nanosleep, "allways/sleep", NULL, true)                                                \
    X(sched_yield, NULL, NULL, true)                                                               \
    X(clock_gettime, NULL, NULL, true)

enum aw_native_call {
#define X(function, point, reduce, visible) AW_CALL_##function,
    AW_NATIVE_CALLS(X)
#undef X
        AW_NATIVE_CALL_COUNT
};

/* What a call has to do: nothing, fail, move fewer bytes, or wake up without a signal. */
struct aw_native_hit {
    enum aw_fault_kind kind;
    int64_t value;
};

/* A call is met; `fd`: the descriptor that it transfers by, or -1. Delays are slept and signals sent here; true when there is something left for the
 * call to do. Keeps errno. */
bool aw_native_meet(enum aw_native_call call, const void *return_address, uint64_t transfer, int fd,
                    struct aw_native_hit *hit);

/* The same for a point in the program's source; what fiu_fail is to answer. */
int aw_native_meet_point(const char *point, const void *return_address);

/* The C library's own function. */
void *aw_native_real(enum aw_native_call call);

/* Around fork, so that no thread is inside libfiu then. `child` names the new process. */
struct aw_native_birth {
    char label[AW_NATIVE_LABEL];
};
void aw_native_before_fork(struct aw_native_birth *birth);
void aw_native_after_fork(const struct aw_native_birth *birth, bool in_child);

/* The label of the next thread of this one, and being that thread. */
void aw_native_thread_birth(struct aw_native_birth *birth);
void aw_native_thread_begin(const struct aw_native_birth *birth);

/* The program has collected a child. */
void aw_native_collected(int pid, int status);

#endif
