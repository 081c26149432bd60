/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the functions that the program reaches first here. Each asks whether a fault of the
 * plan strikes, and then does what the C library's own does, or fails as that would.
 *
 * A spurious wake-up releases the mutex and takes it again, as a wait that returns early does.
 */
#define _GNU_SOURCE
#ifndef FIU_ENABLE
#define FIU_ENABLE 1 /* without it fiu.h defines stubs */
#endif
#include "native/preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fiu.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* glibc's own names, for whoever allocates before dlsym can be called. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);

/* Old binaries have old condition variables under the same names: those of 2.3.2 are the ones of
 * today, and what dlsym finds need not be. */
void *aw_native_real(enum aw_native_call call)
{
    static const char *const names[] = {
#define X(function, point, reduce, visible) #function,
        AW_NATIVE_CALLS(X)
#undef X
    };
    static void *_Atomic known[AW_NATIVE_CALL_COUNT];
    void *function = atomic_load_explicit(&known[call], memory_order_relaxed);
    if (function != NULL)
        return function;
    if (strncmp(names[call], "pthread_cond_", strlen("pthread_cond_")) == 0)
        function = dlvsym(RTLD_NEXT, names[call], "GLIBC_2.3.2");
    if (function == NULL)
        function = dlsym(RTLD_NEXT, names[call]);
    atomic_store_explicit(&known[call], function, memory_order_relaxed);
    return function;
}

#define REAL(function) ((__typeof__(&(function)))aw_native_real(AW_CALL_##function))
#define MEET_BY(function, transfer, fd)                                                            \
    struct aw_native_hit hit;                                                                      \
    bool struck =                                                                                  \
        aw_native_meet(AW_CALL_##function, __builtin_return_address(0), transfer, fd, &hit)
#define MEET_TRANSFER(function, transfer) MEET_BY(function, transfer, fd)
#define MEET(function) MEET_BY(function, 0, -1)
#define FAIL_WITH(result)                                                                          \
    do {                                                                                           \
        if (struck && hit.kind == AW_FAULT_ERRNO) {                                                \
            errno = (int)hit.value;                                                                \
            return result;                                                                         \
        }                                                                                          \
    } while (0)

/* ---- points in the program's source ---- */

EXPORT int fiu_fail(const char *name)
{
    return aw_native_meet_point(name, __builtin_return_address(0));
}

/* ---- transfers ---- */

/* What a read can move: what is there, or, when it would wait, whatever may come. */
static size_t readable(int fd, size_t size)
{
    int there = 0;
    if (ioctl(fd, FIONREAD, &there) != 0 || there <= 0 || (size_t)there > size)
        return size;
    return (size_t)there;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t size)
{
    MEET_TRANSFER(write, size);
    FAIL_WITH(-1);
    if (struck && hit.kind == AW_FAULT_PARTIAL)
        size = (size_t)hit.value;
    return REAL(write)(fd, bytes, size);
}

EXPORT ssize_t read(int fd, void *bytes, size_t size)
{
    MEET_TRANSFER(read, readable(fd, size));
    FAIL_WITH(-1);
    if (struck && hit.kind == AW_FAULT_PARTIAL)
        size = (size_t)hit.value;
    return REAL(read)(fd, bytes, size);
}

static size_t total(const struct iovec *parts, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

/* The first `size` bytes of `parts`; how many parts that are. */
static int cut(const struct iovec *parts, int count, size_t size, struct iovec *shorter)
{
    int used = 0;
    for (; used < count && size > 0; used++) {
        shorter[used] = parts[used];
        if (shorter[used].iov_len > size)
            shorter[used].iov_len = size;
        size -= shorter[used].iov_len;
    }
    return used;
}

enum { PARTS_MAX = 64 };

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    struct iovec shorter[PARTS_MAX];
    MEET_TRANSFER(writev, count <= PARTS_MAX ? total(parts, count) : 0);
    FAIL_WITH(-1);
    if (struck && hit.kind == AW_FAULT_PARTIAL)
        return REAL(writev)(fd, shorter, cut(parts, count, (size_t)hit.value, shorter));
    return REAL(writev)(fd, parts, count);
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
    struct iovec shorter[PARTS_MAX];
    MEET_TRANSFER(readv, count <= PARTS_MAX ? readable(fd, total(parts, count)) : 0);
    FAIL_WITH(-1);
    if (struck && hit.kind == AW_FAULT_PARTIAL)
        return REAL(readv)(fd, shorter, cut(parts, count, (size_t)hit.value, shorter));
    return REAL(readv)(fd, parts, count);
}

/* As after a real failure of Linux's close, the descriptor is gone. */
EXPORT int close(int fd)
{
    MEET(close);
    int result = REAL(close)(fd);
    FAIL_WITH(-1);
    return result;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    MEET(poll);
    FAIL_WITH(-1);
    return REAL(poll)(fds, count, timeout);
}

EXPORT int pipe(int ends[2])
{
    MEET(pipe);
    FAIL_WITH(-1);
    return REAL(pipe)(ends);
}

EXPORT int pipe2(int ends[2], int flags)
{
    MEET(pipe2);
    FAIL_WITH(-1);
    return REAL(pipe2)(ends, flags);
}

/* ---- processes ---- */

EXPORT pid_t fork(void)
{
    struct aw_native_birth birth;
    MEET(fork);
    FAIL_WITH(-1);
    aw_native_before_fork(&birth);
    pid_t pid = REAL(fork)();
    aw_native_after_fork(&birth, pid == 0);
    return pid;
}

EXPORT pid_t wait(int *status)
{
    int own = 0;
    MEET(wait);
    FAIL_WITH(-1);
    pid_t pid = REAL(wait)(&own);
    if (pid > 0)
        aw_native_collected(pid, own);
    if (pid > 0 && status != NULL)
        *status = own;
    return pid;
}

EXPORT pid_t waitpid(pid_t wanted, int *status, int options)
{
    int own = 0;
    MEET(waitpid);
    FAIL_WITH(-1);
    pid_t pid = REAL(waitpid)(wanted, &own, options);
    if (pid > 0)
        aw_native_collected(pid, own);
    if (pid > 0 && status != NULL)
        *status = own;
    return pid;
}

EXPORT int kill(pid_t pid, int number)
{
    MEET(kill);
    FAIL_WITH(-1);
    return REAL(kill)(pid, number);
}

/* ---- memory ---- */

EXPORT void *malloc(size_t size)
{
    MEET(malloc);
    FAIL_WITH(NULL);
    return __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    MEET(calloc);
    FAIL_WITH(NULL);
    return __libc_calloc(count, size);
}

EXPORT void *realloc(void *pointer, size_t size)
{
    MEET(realloc);
    FAIL_WITH(NULL);
    return __libc_realloc(pointer, size);
}

/* ---- semaphores ---- */

EXPORT int sem_wait(sem_t *semaphore)
{
    MEET(sem_wait);
    FAIL_WITH(-1);
    return REAL(sem_wait)(semaphore);
}

EXPORT int sem_timedwait(sem_t *semaphore, const struct timespec *deadline)
{
    MEET(sem_timedwait);
    FAIL_WITH(-1);
    return REAL(sem_timedwait)(semaphore, deadline);
}

EXPORT int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline)
{
    MEET(sem_clockwait);
    FAIL_WITH(-1);
    return REAL(sem_clockwait)(semaphore, clock, deadline);
}

EXPORT int sem_trywait(sem_t *semaphore)
{
    MEET(sem_trywait);
    FAIL_WITH(-1);
    return REAL(sem_trywait)(semaphore);
}

EXPORT sem_t *sem_open(const char *name, int flags, ...)
{
    va_list more;
    mode_t mode = 0;
    unsigned value = 0;
    MEET(sem_open);
    FAIL_WITH(SEM_FAILED);
    if (flags & O_CREAT) {
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        value = va_arg(more, unsigned);
        va_end(more);
    }
    return REAL(sem_open)(name, flags, mode, value);
}

EXPORT int sem_post(sem_t *semaphore)
{
    MEET(sem_post);
    FAIL_WITH(-1);
    return REAL(sem_post)(semaphore);
}

EXPORT int sem_getvalue(sem_t *semaphore, int *value)
{
    MEET(sem_getvalue);
    FAIL_WITH(-1);
    return REAL(sem_getvalue)(semaphore, value);
}

EXPORT int sem_unlink(const char *name)
{
    MEET(sem_unlink);
    FAIL_WITH(-1);
    return REAL(sem_unlink)(name);
}

/* ---- threads: they return their errors ---- */

struct start {
    struct aw_native_birth birth;
    void *(*function)(void *);
    void *argument;
};

static void *begin_thread(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    aw_native_thread_begin(&start.birth);
    return start.function(start.argument);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    MEET(pthread_create);
    if (struck && hit.kind == AW_FAULT_ERRNO)
        return (int)hit.value;
    struct start *start = __libc_malloc(sizeof *start);
    if (start == NULL)
        return EAGAIN;
    *start = (struct start){.function = function, .argument = argument};
    aw_native_thread_birth(&start->birth);
    int error = REAL(pthread_create)(thread, attributes, begin_thread, start);
    if (error != 0)
        free(start);
    return error;
}

EXPORT int pthread_join(pthread_t thread, void **result)
{
    MEET(pthread_join);
    (void)struck;
    return REAL(pthread_join)(thread, result);
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    MEET(pthread_mutex_lock);
    (void)struck;
    return REAL(pthread_mutex_lock)(mutex);
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    MEET(pthread_mutex_trylock);
    (void)struck;
    return REAL(pthread_mutex_trylock)(mutex);
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline)
{
    MEET(pthread_mutex_timedlock);
    (void)struck;
    return REAL(pthread_mutex_timedlock)(mutex, deadline);
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    MEET(pthread_mutex_unlock);
    (void)struck;
    return REAL(pthread_mutex_unlock)(mutex);
}

static int wake_spuriously(pthread_mutex_t *mutex)
{
    int error = REAL(pthread_mutex_unlock)(mutex);
    if (error != 0)
        return error;
    REAL(sched_yield)();
    return REAL(pthread_mutex_lock)(mutex);
}

EXPORT int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    MEET(pthread_cond_wait);
    if (struck && hit.kind == AW_FAULT_SPURIOUS)
        return wake_spuriously(mutex);
    return REAL(pthread_cond_wait)(condition, mutex);
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *deadline)
{
    MEET(pthread_cond_timedwait);
    if (struck && hit.kind == AW_FAULT_SPURIOUS)
        return wake_spuriously(mutex);
    return REAL(pthread_cond_timedwait)(condition, mutex, deadline);
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  clockid_t clock, const struct timespec *deadline)
{
    MEET(pthread_cond_clockwait);
    if (struck && hit.kind == AW_FAULT_SPURIOUS)
        return wake_spuriously(mutex);
    return REAL(pthread_cond_clockwait)(condition, mutex, clock, deadline);
}

EXPORT int pthread_cond_signal(pthread_cond_t *condition)
{
    MEET(pthread_cond_signal);
    (void)struck;
    return REAL(pthread_cond_signal)(condition);
}

EXPORT int pthread_cond_broadcast(pthread_cond_t *condition)
{
    MEET(pthread_cond_broadcast);
    (void)struck;
    return REAL(pthread_cond_broadcast)(condition);
}

/* ---- time ---- */

/* Interrupted at once: all of it is left. */
EXPORT unsigned sleep(unsigned seconds)
{
    MEET(sleep);
    FAIL_WITH(seconds);
    return REAL(sleep)(seconds);
}

EXPORT int usleep(useconds_t microseconds)
{
    MEET(usleep);
    FAIL_WITH(-1);
    return REAL(usleep)(microseconds);
}

EXPORT int nanosleep(const struct timespec *duration, struct timespec *left)
{
    MEET(nanosleep);
    if (struck && left != NULL)
        *left = *duration;
    FAIL_WITH(-1);
    return REAL(nanosleep)(duration, left);
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *duration,
                           struct timespec *left)
{
    MEET(clock_nanosleep);
    if (struck && hit.kind == AW_FAULT_ERRNO) {
        if (left != NULL && (flags & TIMER_ABSTIME) == 0)
            *left = *duration;
        return (int)hit.value;
    }
    return REAL(clock_nanosleep)(clock, flags, duration, left);
}

EXPORT int sched_yield(void)
{
    MEET(sched_yield);
    (void)struck;
    return REAL(sched_yield)();
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    MEET(clock_gettime);
    (void)struck;
    return REAL(clock_gettime)(clock, now);
}
