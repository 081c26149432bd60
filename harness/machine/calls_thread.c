/* SPDX-License-Identifier: MIT */
/*
 * calls_thread.c - threads, mutexes, conditions, semaphores: nearly all of them park.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "machine/calls.h"
#include "machine/cpu.h"
#include "machine/heap.h"
#include "machine/shared.h"

static enum aw_call_result bad_object(struct aw_machine *machine)
{
    return aw_crash_call(machine, SIGSEGV, "SIGSEGV: bad pointer to a synchronisation object");
}

enum aw_call_result aw_call_park_at(struct aw_machine *machine, enum aw_op_kind kind,
                                    uint64_t address)
{
    bool shared = aw_shared_is_mapped(&machine->work, address, 20, true);
    if (!shared && !aw_user_writable(machine, address, 20))
        return bad_object(machine);
    struct aw_op *op = aw_park(machine, kind);
    op->address = address;
    if (shared)
        op->flags |= AW_OP_SHARED;
    return AW_CALL_PARK;
}

int64_t aw_call_timespec(const struct aw_machine *machine, uint64_t address)
{
    struct timespec time;
    if (!aw_user_valid(machine, address, sizeof time))
        return -1;
    memcpy(&time, (const void *)address, sizeof time);
    if (time.tv_nsec < 0 || time.tv_nsec >= 1000000000 || time.tv_sec < 0)
        return -1;
    if (time.tv_sec > INT64_MAX / 1000000000 - 1)
        return INT64_MAX;
    return time.tv_sec * (int64_t)1000000000 + time.tv_nsec;
}

bool aw_call_deadline(struct aw_machine *machine, uint64_t address, int clock)
{
    struct timespec absolute;
    if (!aw_user_valid(machine, address, sizeof absolute))
        return false;
    memcpy(&absolute, (const void *)address, sizeof absolute);
    if (absolute.tv_nsec < 0 || absolute.tv_nsec >= 1000000000)
        return false;
    /* Before 1970 is a time like any other in the past. */
    int64_t time = absolute.tv_sec < 0 ? 0 : aw_call_timespec(machine, address);
    int64_t start = clock == CLOCK_REALTIME ? AW_REALTIME_START : AW_MONOTONIC_START;
    machine->parked.flags |= AW_OP_TIMED;
    machine->parked.deadline = time - start;
    return true;
}

/* Threads. */

enum aw_call_result aw_call_self(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)args;
    *result = machine->run_slot;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_pthread_self(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    (void)args;
    *result = machine->run_slot + 1;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_thread_create(struct aw_machine *machine, const uint64_t *args,
                                          uint64_t *result)
{
    (void)result;
    if (!aw_user_fillable(machine, args[0], sizeof(pthread_t)))
        return bad_object(machine);
    struct aw_op *op = aw_park(machine, AW_OP_CREATE);
    uint64_t start[3] = {args[1], args[2], args[3]};
    op->address = args[0];
    op->payload = aw_intern_put(&machine->payloads, start, sizeof start);
    op->argument = args[4] != 0;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_thread_exit(struct aw_machine *machine, const uint64_t *args,
                                        uint64_t *result)
{
    (void)result;
    aw_park(machine, AW_OP_THREAD_EXIT)->argument = args[0];
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_pthread_join(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    (void)result;
    if (args[1] != 0 && !aw_user_fillable(machine, args[1], sizeof(void *)))
        return bad_object(machine);
    struct aw_op *op = aw_park(machine, AW_OP_JOIN);
    op->fd = (int32_t)args[0] - 1;
    op->address = args[1];
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_pthread_detach(struct aw_machine *machine, const uint64_t *args,
                                           uint64_t *result)
{
    (void)result;
    aw_park(machine, AW_OP_DETACH)->fd = (int32_t)args[0] - 1;
    return AW_CALL_PARK;
}

/* Mutexes and conditions. */

enum aw_call_result aw_call_mutex_lock(struct aw_machine *machine, const uint64_t *args,
                                       uint64_t *result)
{
    (void)result;
    return aw_call_park_at(machine, AW_OP_MUTEX_LOCK, args[0]);
}

enum aw_call_result aw_call_mutex_trylock(struct aw_machine *machine, const uint64_t *args,
                                          uint64_t *result)
{
    (void)result;
    return aw_call_park_at(machine, AW_OP_MUTEX_TRYLOCK, args[0]);
}

static enum aw_call_result timed_at(struct aw_machine *machine, enum aw_op_kind kind,
                                    uint64_t address, uint64_t time, int clock, uint64_t *result)
{
    enum aw_call_result how = aw_call_park_at(machine, kind, address);
    if (machine->parked.kind == kind && ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) ||
                                         !aw_call_deadline(machine, time, clock))) {
        *result = EINVAL;
        return AW_CALL_RETURN;
    }
    return how;
}

/* A wrong time matters only when there is something to wait for: `extra` says that it is wrong. */
static enum aw_call_result timed_lock(struct aw_machine *machine, uint64_t address, uint64_t time,
                                      int clock)
{
    enum aw_call_result how = aw_call_park_at(machine, AW_OP_MUTEX_TIMEDLOCK, address);
    if (machine->parked.kind == AW_OP_MUTEX_TIMEDLOCK)
        machine->parked.extra = !aw_call_deadline(machine, time, clock);
    return how;
}

enum aw_call_result aw_call_mutex_timedlock(struct aw_machine *machine, const uint64_t *args,
                                            uint64_t *result)
{
    (void)result;
    return timed_lock(machine, args[0], args[1], CLOCK_REALTIME);
}

enum aw_call_result aw_call_mutex_clocklock(struct aw_machine *machine, const uint64_t *args,
                                            uint64_t *result)
{
    int clock = (int)args[1];
    if (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC)
        return timed_lock(machine, args[0], args[2], clock);
    *result = EINVAL;
    return AW_CALL_RETURN;
}

enum aw_call_result aw_call_mutex_unlock(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    (void)result;
    return aw_call_park_at(machine, AW_OP_MUTEX_UNLOCK, args[0]);
}

/* Is the mutex there, and in a mapping when the condition is? */
static bool is_fit(struct aw_machine *machine, uint64_t condition, uint64_t mutex,
                   enum aw_call_result *how)
{
    bool one = aw_shared_is_mapped(&machine->work, condition, 20, true);
    bool other = aw_shared_is_mapped(&machine->work, mutex, 20, true);
    if (one != other)
        *how = aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "a wait with a condition and a mutex of which only one is in a shared "
                            "mapping is not modelled");
    else if (!other && !aw_user_writable(machine, mutex, 20))
        *how = bad_object(machine);
    else
        return true;
    return false;
}

enum aw_call_result aw_call_cond_wait(struct aw_machine *machine, const uint64_t *args,
                                      uint64_t *result)
{
    enum aw_call_result how;
    (void)result;
    if (!is_fit(machine, args[0], args[1], &how))
        return how;
    how = aw_call_park_at(machine, AW_OP_COND_WAIT, args[0]);
    machine->parked.argument = args[1];
    return how;
}

enum aw_call_result aw_call_cond_timedwait(struct aw_machine *machine, const uint64_t *args,
                                           uint64_t *result)
{
    enum aw_call_result how;
    if (!is_fit(machine, args[0], args[1], &how))
        return how;
    /* The runtime's pthread_cond_init leaves 1 in the first word for CLOCK_MONOTONIC. What is in a
     * mapping is seen when the operation is executed: `extra` says that it is to be looked at. */
    bool shared = aw_shared_is_mapped(&machine->work, args[0], 20, true);
    bool monotonic =
        !shared && aw_user_valid(machine, args[0], 4) && *(const uint32_t *)args[0] == 1;
    how = timed_at(machine, AW_OP_COND_WAIT, args[0], args[2],
                   monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, result);
    machine->parked.argument = args[1];
    machine->parked.extra = shared;
    return how;
}

enum aw_call_result aw_call_cond_clockwait(struct aw_machine *machine, const uint64_t *args,
                                           uint64_t *result)
{
    enum aw_call_result how;
    if (!is_fit(machine, args[0], args[1], &how))
        return how;
    how = timed_at(machine, AW_OP_COND_WAIT, args[0], args[3], (int)args[2], result);
    machine->parked.argument = args[1];
    return how;
}

enum aw_call_result aw_call_cond_signal(struct aw_machine *machine, const uint64_t *args,
                                        uint64_t *result)
{
    (void)result;
    return aw_call_park_at(machine, AW_OP_COND_SIGNAL, args[0]);
}

enum aw_call_result aw_call_cond_broadcast(struct aw_machine *machine, const uint64_t *args,
                                           uint64_t *result)
{
    (void)result;
    return aw_call_park_at(machine, AW_OP_COND_BROADCAST, args[0]);
}

enum aw_call_result aw_call_mutex_consistent(struct aw_machine *machine, const uint64_t *args,
                                             uint64_t *result)
{
    (void)result;
    return aw_call_park_at(machine, AW_OP_MUTEX_CONSISTENT, args[0]);
}

/* Semaphores. */

/* Parks at writing a semaphore in a shared mapping. */
static enum aw_call_result put_sem(struct aw_machine *machine, uint64_t address, const sem_t *bytes)
{
    struct aw_op *op = aw_park(machine, AW_OP_SHARED_PUT);
    op->flags = AW_OP_SHARED;
    op->address = address;
    op->payload = aw_intern_put(&machine->payloads, bytes, sizeof *bytes);
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_sem_init(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    if (args[2] > SEM_VALUE_MAX)
        return aw_call_error(machine, result, EINVAL, "sem_init");
    if (aw_shared_is_mapped(&machine->work, args[0], sizeof(sem_t), true)) {
        sem_t bytes;
        if (args[1] == 0)
            return aw_stop_call(machine, AW_STOP_UNMODELLED,
                                "sem_init without pshared in a shared mapping is not modelled");
        memset(&bytes, 0, sizeof bytes);
        memcpy(&bytes, &(struct aw_user_sem){.magic = AW_SEM_UNNAMED, .value = (uint32_t)args[2]},
               sizeof(struct aw_user_sem));
        return put_sem(machine, args[0], &bytes);
    }
    if (!aw_user_writable(machine, args[0], sizeof(sem_t)))
        return bad_object(machine);
    memset((void *)args[0], 0, sizeof(sem_t));
    *(struct aw_user_sem *)args[0] =
        (struct aw_user_sem){.magic = AW_SEM_UNNAMED, .value = (uint32_t)args[2]};
    return AW_CALL_RETURN;
}

static bool read_sem(const struct aw_machine *machine, uint64_t address, struct aw_user_sem *sem)
{
    if (!aw_user_valid(machine, address, sizeof *sem))
        return false;
    memcpy(sem, (const void *)address, sizeof *sem);
    return sem->magic == AW_SEM_UNNAMED || sem->magic == AW_SEM_NAMED;
}

enum aw_call_result aw_call_sem_destroy(struct aw_machine *machine, const uint64_t *args,
                                        uint64_t *result)
{
    struct aw_user_sem sem;
    if (aw_shared_is_mapped(&machine->work, args[0], sizeof(sem_t), true)) {
        sem_t zero;
        memset(&zero, 0, sizeof zero);
        return put_sem(machine, args[0], &zero);
    }
    if (!read_sem(machine, args[0], &sem) || sem.magic != AW_SEM_UNNAMED)
        return aw_call_error(machine, result, EINVAL, "sem_destroy");
    memset((void *)args[0], 0, sizeof(sem_t));
    return AW_CALL_RETURN;
}

static enum aw_call_result park_sem(struct aw_machine *machine, uint64_t address,
                                    enum aw_op_kind named, enum aw_op_kind unnamed,
                                    const char *call, uint64_t *result)
{
    struct aw_user_sem sem;
    if (aw_shared_is_mapped(&machine->work, address, sizeof(sem_t), true)) {
        struct aw_op *shared = aw_park(machine, unnamed);
        shared->address = address;
        shared->flags |= AW_OP_SHARED;
        return AW_CALL_PARK;
    }
    aw_reuse_sem(machine, address);
    if (!read_sem(machine, address, &sem))
        return aw_access_judge(machine, address, sizeof sem, AW_ACCESS_READ, call)
                   ? aw_call_error(machine, result, EINVAL, call)
                   : AW_CALL_STOP;
    struct aw_op *op = aw_park(machine, sem.magic == AW_SEM_NAMED ? named : unnamed);
    op->address = address;
    op->argument = sem.magic == AW_SEM_NAMED ? sem.value : 0;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_sem_wait(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    return park_sem(machine, args[0], AW_OP_SEM_WAIT, AW_OP_USEM_WAIT, "sem_wait", result);
}

enum aw_call_result aw_call_sem_trywait(struct aw_machine *machine, const uint64_t *args,
                                        uint64_t *result)
{
    return park_sem(machine, args[0], AW_OP_SEM_TRYWAIT, AW_OP_USEM_TRYWAIT, "sem_trywait", result);
}

static enum aw_call_result timed_sem(struct aw_machine *machine, uint64_t address, uint64_t time,
                                     int clock, uint64_t *result)
{
    enum aw_call_result how = park_sem(machine, address, AW_OP_SEM_TIMEDWAIT, AW_OP_USEM_TIMEDWAIT,
                                       "sem_timedwait", result);
    if (how == AW_CALL_PARK && ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) ||
                                !aw_call_deadline(machine, time, clock)))
        return aw_call_error(machine, result, EINVAL, "sem_timedwait");
    return how;
}

enum aw_call_result aw_call_sem_timedwait(struct aw_machine *machine, const uint64_t *args,
                                          uint64_t *result)
{
    return timed_sem(machine, args[0], args[1], CLOCK_REALTIME, result);
}

enum aw_call_result aw_call_sem_clockwait(struct aw_machine *machine, const uint64_t *args,
                                          uint64_t *result)
{
    return timed_sem(machine, args[0], args[2], (int)args[1], result);
}

enum aw_call_result aw_call_sem_post(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    return park_sem(machine, args[0], AW_OP_SEM_POST, AW_OP_USEM_POST, "sem_post", result);
}

enum aw_call_result aw_call_sem_getvalue(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    if (!aw_user_fillable(machine, args[1], sizeof(int)))
        return bad_object(machine);
    enum aw_call_result how =
        park_sem(machine, args[0], AW_OP_SEM_GETVALUE, AW_OP_USEM_GETVALUE, "sem_getvalue", result);
    machine->parked.extra = args[1];
    return how;
}

/* The name of a semaphore, leading slashes and their absence being one slash: glibc makes a file name
 * of what follows. Returns 0 or an errno value. */
static int sem_name(struct aw_machine *machine, uint64_t address, uint32_t *name)
{
    while (aw_user_valid(machine, address, 1) && *(const char *)address == '/')
        address++;
    int64_t length = aw_user_string(machine, address);
    if (length < 0)
        return EFAULT;
    if (length == 0 || length > 255 || memchr((const void *)address, '/', (size_t)length) != NULL)
        return EINVAL;
    if (length > 251)
        return ENAMETOOLONG;
    char text[256] = "/";
    memcpy(text + 1, (const void *)address, (size_t)length);
    *name = aw_intern_put(&machine->payloads, text, (uint32_t)length + 1);
    return 0;
}

enum aw_call_result aw_call_sem_open(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    uint32_t name;
    int error = sem_name(machine, args[0], &name);
    if (error == EFAULT)
        return bad_object(machine);
    if (error != 0) {
        aw_call_error(machine, result, error, "sem_open");
        *result = (uint64_t)SEM_FAILED;
        return AW_CALL_RETURN;
    }
    struct aw_op *op = aw_park(machine, AW_OP_SEM_OPEN);
    op->fd = (int32_t)args[1];
    op->argument = args[3];
    op->payload = name;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_sem_close(struct aw_machine *machine, const uint64_t *args,
                                      uint64_t *result)
{
    struct aw_user_sem sem;
    if (!read_sem(machine, args[0], &sem) || sem.magic != AW_SEM_NAMED)
        return aw_call_error(machine, result, EINVAL, "sem_close");
    return aw_call_free(machine, args, result);
}

enum aw_call_result aw_call_sem_unlink(struct aw_machine *machine, const uint64_t *args,
                                       uint64_t *result)
{
    uint32_t name;
    int error = sem_name(machine, args[0], &name);
    if (error == EFAULT)
        return bad_object(machine);
    if (error != 0)
        return aw_call_error(machine, result, error == EINVAL ? ENOENT : error, "sem_unlink");
    aw_park(machine, AW_OP_SEM_UNLINK)->payload = name;
    return AW_CALL_PARK;
}
