/* SPDX-License-Identifier: MIT */
/*
 * calls.h - the table of what program code and the runtime may call: name, and which function of
 * calls_*.c serves it. To add a call: write the function there, add its line here.
 */
#ifndef AW_MACHINE_CALLS_H
#define AW_MACHINE_CALLS_H

#include "machine/internal.h"

#define AW_CALLS(X)                                                                                \
    /* calls_libc.c: memory, text, the runtime's needs */                                          \
    X(malloc, aw_call_malloc)                                                                      \
    X(calloc, aw_call_calloc)                                                                      \
    X(realloc, aw_call_realloc)                                                                    \
    X(reallocarray, aw_call_reallocarray)                                                          \
    X(free, aw_call_free)                                                                          \
    X(aligned_alloc, aw_call_aligned_alloc)                                                        \
    X(memalign, aw_call_aligned_alloc)                                                             \
    X(posix_memalign, aw_call_posix_memalign)                                                      \
    X(malloc_usable_size, aw_call_malloc_usable_size)                                              \
    X(__errno_location, aw_call_errno_location)                                                    \
    X(__tls_get_addr, aw_call_tls_get_addr)                                                        \
    X(__aw_vsnprintf, aw_call_vsnprintf)                                                           \
    X(__aw_log, aw_call_log)                                                                       \
    X(__aw_unmodelled, aw_call_unmodelled)                                                         \
    X(__aw_abort, aw_call_abort)                                                                   \
    X(__aw_assert, aw_call_assert)                                                                 \
    X(__aw_destructor, aw_call_destructor)                                                         \
    X(__aw_keep, aw_call_keep)                                                                     \
    X(__aw_leaks, aw_call_leaks)                                                                   \
    X(__aw_forget, aw_call_forget)                                                                 \
    X(__aw_raise, aw_call_raise)                                                                   \
    X(__aw_strtod, aw_call_strtod)                                                                 \
    X(strtol, aw_call_strtol)                                                                      \
    X(strtoll, aw_call_strtol)                                                                     \
    X(strtoul, aw_call_strtoul)                                                                    \
    X(strtoull, aw_call_strtoul)                                                                   \
    X(strcasecmp, aw_call_strcasecmp)                                                              \
    X(strncasecmp, aw_call_strncasecmp)                                                            \
    X(aw_probe, aw_call_probe)                                                                     \
    X(fiu_fail, aw_call_fiu_fail)                                                                  \
    X(fiu_init, aw_call_fiu_none)                                                                  \
    X(fiu_failinfo, aw_call_fiu_none)                                                              \
    /* calls_thread.c: threads, mutexes, conditions, unnamed and named semaphores */               \
    X(__aw_self, aw_call_self)                                                                     \
    X(__aw_thread_create, aw_call_thread_create)                                                   \
    X(__aw_thread_exit, aw_call_thread_exit)                                                       \
    X(pthread_self, aw_call_pthread_self)                                                          \
    X(pthread_join, aw_call_pthread_join)                                                          \
    X(pthread_detach, aw_call_pthread_detach)                                                      \
    X(pthread_mutex_lock, aw_call_mutex_lock)                                                      \
    X(pthread_mutex_trylock, aw_call_mutex_trylock)                                                \
    X(pthread_mutex_timedlock, aw_call_mutex_timedlock)                                            \
    X(pthread_mutex_clocklock, aw_call_mutex_clocklock)                                            \
    X(pthread_mutex_unlock, aw_call_mutex_unlock)                                                  \
    X(pthread_cond_wait, aw_call_cond_wait)                                                        \
    X(pthread_cond_timedwait, aw_call_cond_timedwait)                                              \
    X(pthread_cond_clockwait, aw_call_cond_clockwait)                                              \
    X(pthread_cond_signal, aw_call_cond_signal)                                                    \
    X(pthread_cond_broadcast, aw_call_cond_broadcast)                                              \
    X(pthread_mutex_consistent, aw_call_mutex_consistent)                                          \
    /* calls_rwlock.c: read-write locks and barriers */                                            \
    X(pthread_rwlock_rdlock, aw_call_rwlock_rdlock)                                                \
    X(pthread_rwlock_tryrdlock, aw_call_rwlock_tryrdlock)                                          \
    X(pthread_rwlock_timedrdlock, aw_call_rwlock_timedrdlock)                                      \
    X(pthread_rwlock_clockrdlock, aw_call_rwlock_clockrdlock)                                      \
    X(pthread_rwlock_wrlock, aw_call_rwlock_wrlock)                                                \
    X(pthread_rwlock_trywrlock, aw_call_rwlock_trywrlock)                                          \
    X(pthread_rwlock_timedwrlock, aw_call_rwlock_timedwrlock)                                      \
    X(pthread_rwlock_clockwrlock, aw_call_rwlock_clockwrlock)                                      \
    X(pthread_rwlock_unlock, aw_call_rwlock_unlock)                                                \
    X(pthread_barrier_wait, aw_call_barrier_wait)                                                  \
    /* calls_thread.c */                                                                           \
    X(sem_init, aw_call_sem_init)                                                                  \
    X(sem_destroy, aw_call_sem_destroy)                                                            \
    X(sem_open, aw_call_sem_open)                                                                  \
    X(sem_close, aw_call_sem_close)                                                                \
    X(sem_unlink, aw_call_sem_unlink)                                                              \
    X(sem_wait, aw_call_sem_wait)                                                                  \
    X(sem_trywait, aw_call_sem_trywait)                                                            \
    X(sem_timedwait, aw_call_sem_timedwait)                                                        \
    X(sem_clockwait, aw_call_sem_clockwait)                                                        \
    X(sem_post, aw_call_sem_post)                                                                  \
    X(sem_getvalue, aw_call_sem_getvalue)                                                          \
    /* calls_file.c: pipes and descriptors */                                                      \
    X(pipe, aw_call_pipe)                                                                          \
    X(pipe2, aw_call_pipe2)                                                                        \
    X(read, aw_call_read)                                                                          \
    X(write, aw_call_write)                                                                        \
    X(readv, aw_call_readv)                                                                        \
    X(writev, aw_call_writev)                                                                      \
    X(close, aw_call_close)                                                                        \
    /* calls_shared.c: shared mappings */                                                          \
    X(mmap, aw_call_mmap)                                                                          \
    X(mmap64, aw_call_mmap)                                                                        \
    X(munmap, aw_call_munmap)                                                                      \
    X(memfd_create, aw_call_memfd_create)                                                          \
    X(shm_open, aw_call_shm_open)                                                                  \
    X(shm_unlink, aw_call_shm_unlink)                                                              \
    X(ftruncate, aw_call_ftruncate)                                                                \
    X(ftruncate64, aw_call_ftruncate)                                                              \
    X(fstat, aw_call_fstat)                                                                        \
    X(fstat64, aw_call_fstat)                                                                      \
    X(__aw_put, aw_call_put)                                                                       \
    /* calls_file.c */                                                                             \
    X(dup, aw_call_dup)                                                                            \
    X(dup2, aw_call_dup2)                                                                          \
    X(dup3, aw_call_dup3)                                                                          \
    X(fcntl, aw_call_fcntl)                                                                        \
    X(fcntl64, aw_call_fcntl)                                                                      \
    X(poll, aw_call_poll)                                                                          \
    /* calls_process.c: processes, signals, time */                                                \
    X(__aw_fork, aw_call_fork)                                                                     \
    X(_exit, aw_call_exit)                                                                         \
    X(_Exit, aw_call_exit)                                                                         \
    X(wait, aw_call_wait)                                                                          \
    X(waitpid, aw_call_waitpid)                                                                    \
    X(getpid, aw_call_getpid)                                                                      \
    X(getppid, aw_call_getppid)                                                                    \
    X(kill, aw_call_kill)                                                                          \
    X(signal, aw_call_signal)                                                                      \
    X(sigaction, aw_call_sigaction)                                                                \
    X(sched_yield, aw_call_yield)                                                                  \
    X(nanosleep, aw_call_nanosleep)                                                                \
    X(clock_nanosleep, aw_call_clock_nanosleep)                                                    \
    X(clock_gettime, aw_call_clock_gettime)                                                        \
    X(gettimeofday, aw_call_gettimeofday)                                                          \
    X(time, aw_call_time)

#define X(name, function) aw_call function;
AW_CALLS(X)
#undef X

/* Reads a struct timespec of the program as nanoseconds; -1 when it is not a valid time. */
int64_t aw_call_timespec(const struct aw_machine *machine, uint64_t address);

/* calls_leaks.c: the process is about to end; events of what it leaves behind. */
void aw_leaks_judge(struct aw_machine *machine);

/* calls_thread.c: parks at an operation on an object of the image at `address`. */
enum aw_call_result aw_call_park_at(struct aw_machine *machine, enum aw_op_kind kind,
                                    uint64_t address);

/* Gives the operation just parked an absolute deadline on `clock`; false for a bad time. */
bool aw_call_deadline(struct aw_machine *machine, uint64_t address, int clock);

#endif
