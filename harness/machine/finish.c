/* SPDX-License-Identifier: MIT */
/*
 * finish.c - what an answered operation does to its own process, before the code goes on.
 *
 * The image is in place and machine->work is unpacked. For operations on kernel objects the answer
 * says it all; operations on objects of the image (mutexes, conditions, unnamed semaphores,
 * threads) happen here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/shared.h"
#include "machine/touch.h"

static struct aw_user_mutex *mutex_at(uint64_t address)
{
    return (struct aw_user_mutex *)address;
}

static struct aw_user_sem *sem_at(uint64_t address)
{
    return (struct aw_user_sem *)address;
}

/* Errors that a program meets in its normal course: not findings. */
static bool expected_error(int error)
{
    return error == EAGAIN || error == EINTR || error == ETIMEDOUT || error == ECHILD ||
           error == EBUSY || error == EEXIST || error == ENOENT || error == ESRCH ||
           error == EOWNERDEAD;
}

static void note_error(struct aw_machine *machine, const struct aw_op *op, int error)
{
    if (expected_error(error))
        return;
    const char *name = aw_op_name(op->kind);
    aw_run_event(machine, AW_EVENT_ERROR, 0, (uint64_t)error, op->pc, name, (uint32_t)strlen(name));
}

/* Mutexes. A robust one that a thread holds is in the list of its process. */

/* A thread has taken a mutex, or gives it up, whoever unlocks it. */
static void took(struct aw_machine *machine, uint64_t address, uint32_t slot)
{
    if (mutex_at(address)->locked)
        aw_locks_change(machine, slot, address, true);
}

static void gives_up(struct aw_machine *machine, int32_t holder, uint64_t address)
{
    if (holder != 0)
        aw_locks_change(machine, ((uint32_t)holder & 0xffff) - 1, address, false);
}

/* Bytes that an answer fills in. */
static void fills(struct aw_machine *machine, const struct aw_op *op, uint64_t address,
                  uint64_t size)
{
    aw_access(machine, address, size, AW_ACCESS_WRITE, op->pc);
    if (size == 0 || machine->work.head.thread_count < 2 ||
        !aw_access_is_visible(machine, address, size))
        return;
    if (machine->filled.size == 0) {
        machine->filled = (struct aw_range){address, size, AW_ACCESS_WRITE};
        return;
    }
    char text[160];
    int length = snprintf(text, sizeof text,
                          "%s that fills in several places which threads share without a lock is "
                          "not modelled",
                          aw_op_name(op->kind));
    aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, op->pc, text, (uint32_t)length);
}

static bool limit(struct aw_machine *machine, const struct aw_op *op, const char *text)
{
    aw_run_event(machine, AW_EVENT_STOP, AW_STOP_LIMIT, 0, op->pc, text, (uint32_t)strlen(text));
    return false;
}

/* What a lock attempt came to; false when the machine cannot go on. */
static bool note_lock(struct aw_machine *machine, const struct aw_op *op, uint64_t address,
                      uint32_t slot, int error)
{
    if (error == 0 || error == EOWNERDEAD)
        took(machine, address, slot);
    if ((error != 0 && error != EOWNERDEAD) || !aw_mutex_is_robust(mutex_at(address)) ||
        aw_process_add_lock(&machine->work, address, slot, false))
        return true;
    return limit(machine, op, "a process holds more robust mutexes than the machine keeps (64)");
}

static int unlock(struct aw_machine *machine, uint64_t address, uint32_t who)
{
    struct aw_user_mutex *mutex = mutex_at(address);
    int32_t holder = mutex->owner;
    int error = aw_mutex_unlock(mutex, who);
    /* Somebody else's, and possible in the midst of its holder's step. */
    if (error == 0 && holder != (int32_t)who && machine->work.head.thread_count > 1)
        aw_facts_foreign_unlock(machine);
    if (!mutex->locked)
        gives_up(machine, holder, address);
    if (error == 0 && !mutex->locked)
        aw_process_remove_lock(&machine->work, address);
    return error;
}

/* The thread in `slot` ends: what it holds is free, and inconsistent. */
static void abandon_locks(struct aw_machine *machine, uint32_t slot)
{
    struct aw_process *work = &machine->work;
    uint32_t who = aw_mutex_owner(work, slot);
    for (uint32_t i = work->head.lock_count; i-- > 0;) {
        uint64_t address = work->locks[i].address;
        if (work->locks[i].slot != slot)
            continue;
        struct aw_user_mutex *mutex = mutex_at(address); /* in a mapping: step.c */
        if (!aw_is_shared(address) && aw_user_writable(machine, address, sizeof *mutex) &&
            aw_mutex_is_robust(mutex) && aw_mutex_is_held_by(mutex, who))
            aw_mutex_abandon(mutex);
        aw_process_remove_lock(work, address);
    }
}

/* Read-write locks and barriers. */

static struct aw_user_rwlock *rwlock_at(uint64_t address)
{
    return (struct aw_user_rwlock *)address;
}

static bool is_write(enum aw_op_kind kind)
{
    return kind == AW_OP_RWLOCK_WRLOCK || kind == AW_OP_RWLOCK_TRYWRLOCK ||
           kind == AW_OP_RWLOCK_TIMEDWRLOCK;
}

static bool waits_at(const struct aw_thread *thread, uint64_t barrier)
{
    return thread->status == AW_THREAD_PARKED && thread->op.kind == AW_OP_BARRIER_SLEEP &&
           thread->op.address == barrier;
}

static unsigned waiting_at(const struct aw_process *process, uint64_t barrier)
{
    unsigned count = 0;
    for (int i = 0; i < process->head.thread_count; i++)
        count += waits_at(&process->threads[i], barrier);
    return count;
}

/* The standard leaves open which thread is told PTHREAD_BARRIER_SERIAL_THREAD: choice 0 is the one
 * that came last, as in glibc; choice k the k-th of those that wait. True when the caller goes on.
 */
static bool barrier_wait(struct aw_machine *machine, int index, uint32_t choice, uint64_t *result)
{
    struct aw_process *work = &machine->work;
    struct aw_thread *thread = &work->threads[index];
    struct aw_user_barrier *barrier = (struct aw_user_barrier *)thread->op.address;
    if (barrier->count == 0) {
        const char *text = "pthread_barrier_wait on what is no barrier is not modelled";
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, thread->op.pc, text,
                     (uint32_t)strlen(text));
        return false;
    }
    if (barrier->arrived + 1 < barrier->count) {
        barrier->arrived++;
        thread->op.kind = AW_OP_BARRIER_SLEEP;
        return false;
    }
    barrier->arrived = 0;
    uint32_t number = 0;
    for (int i = 0; i < work->head.thread_count; i++) {
        if (!waits_at(&work->threads[i], thread->op.address))
            continue;
        work->threads[i].op.kind = AW_OP_BARRIER_LEAVE;
        work->threads[i].op.address = 0;
        work->threads[i].op.extra =
            ++number == choice ? (uint64_t)PTHREAD_BARRIER_SERIAL_THREAD : 0;
    }
    *result = choice == 0 ? (uint64_t)PTHREAD_BARRIER_SERIAL_THREAD : 0;
    return true;
}

/* Conditions. */

static bool sleeps_on(const struct aw_thread *thread, uint64_t condition)
{
    return thread->status == AW_THREAD_PARKED && thread->op.kind == AW_OP_COND_SLEEP &&
           thread->op.address == condition;
}

static void wake(struct aw_thread *thread, int result)
{
    thread->op.kind = AW_OP_COND_RELOCK;
    thread->op.extra = (uint64_t)result;
    thread->op.flags &= AW_OP_SHARED;
    thread->op.deadline = 0;
}

static void wake_choice(struct aw_process *process, uint64_t condition, uint32_t choice)
{
    for (int i = 0; i < process->head.thread_count; i++)
        if (sleeps_on(&process->threads[i], condition) && choice-- == 0)
            wake(&process->threads[i], 0);
}

/* Threads. */

static void collect_if_alone(struct aw_machine *machine)
{
    if (machine->work.head.thread_count != 1)
        return;
    for (uint32_t slot = 0; slot < machine->image.slot_end; slot++)
        if (machine->image.slots[slot].mapped &&
            machine->image.slots[slot].heap_high > aw_heap_of(slot))
            aw_arena_collect((void *)aw_heap_of(slot), machine->settings.heap_bytes);
}

static bool create(struct aw_machine *machine, const struct aw_op *op, uint64_t *result)
{
    uint32_t creator = machine->run_slot;
    uint64_t args[6] = {0};
    const uint64_t *start = aw_intern_get(&machine->payloads, op->payload);
    args[0] = start[1];
    args[1] = start[2];
    struct aw_error error;
    int slot = aw_process_next_slot(&machine->work, creator);
    if (slot < 0)
        aw_fail(&error, AW_E_LIMIT,
                "a thread has more than the threads of its own that the machine keeps (63 for the "
                "main thread, 15 for those it started, none deeper)");
    if (slot < 0 || aw_thread_start(machine, (uint32_t)slot, start[0], args, &error) != 0)
        return limit(machine, op, error.message);
    int index = aw_process_thread(&machine->work, (uint32_t)slot);
    machine->work.threads[index].detached = op->argument != 0;
    if (aw_user_writable(machine, op->address, sizeof(uint64_t)))
        *(uint64_t *)op->address = (uint64_t)slot + 1;
    if (machine->work.threads[index].detached)
        aw_facts_foreign_join(machine);
    fills(machine, op, op->address, sizeof(uint64_t));
    *result = 0;
    return true;
}

static int join_error(const struct aw_process *process, int index)
{
    const struct aw_op *op = &process->threads[index].op;
    int target = aw_process_thread(process, (uint32_t)op->fd);
    if (op->fd < 0 || target < 0)
        return ESRCH;
    const struct aw_op *his = &process->threads[target].op;
    if (target == index || (process->threads[target].status == AW_THREAD_PARKED &&
                            his->kind == AW_OP_JOIN && his->fd == process->threads[index].slot))
        return EDEADLK; /* two that wait for each other: the one that comes second is told */
    return process->threads[target].detached ? EINVAL : 0;
}

static uint64_t join(struct aw_machine *machine, int index, const struct aw_op *op)
{
    int error = join_error(&machine->work, index);
    if (error != 0)
        return (uint64_t)error;
    int target = aw_process_thread(&machine->work, (uint32_t)op->fd);
    if (op->address != 0 && aw_user_writable(machine, op->address, sizeof(uint64_t))) {
        *(uint64_t *)op->address = machine->work.threads[target].result;
        fills(machine, op, op->address, sizeof(uint64_t));
    }
    if (aw_slot_creator((uint32_t)op->fd) != machine->run_slot)
        aw_facts_foreign_join(machine);
    aw_process_remove_thread(&machine->work, target);
    collect_if_alone(machine);
    return 0;
}

static uint64_t detach(struct aw_machine *machine, const struct aw_op *op)
{
    int target = op->fd < 0 ? -1 : aw_process_thread(&machine->work, (uint32_t)op->fd);
    if (target < 0)
        return ESRCH;
    if (machine->work.threads[target].detached)
        return EINVAL;
    aw_facts_foreign_join(machine);
    if (machine->work.threads[target].status == AW_THREAD_ENDED)
        aw_process_remove_thread(&machine->work, target);
    else
        machine->work.threads[target].detached = 1;
    return 0;
}

/* Returns true when it was the last thread of the process: its code then goes on to exit(0). */
static bool thread_exit(struct aw_machine *machine, int index)
{
    struct aw_thread *thread = &machine->work.threads[index];
    int others = 0;
    for (int i = 0; i < machine->work.head.thread_count; i++)
        others += i != index && machine->work.threads[i].status == AW_THREAD_PARKED;
    if (others == 0)
        return true;
    if (thread->detached)
        aw_facts_foreign_join(machine);
    uint64_t value = thread->op.argument;
    abandon_locks(machine, thread->slot);
    aw_image_clear_slot(&machine->image, thread->slot);
    if (thread->detached) {
        aw_process_remove_thread(&machine->work, index);
    } else {
        struct aw_thread ended = {.slot = thread->slot, .status = AW_THREAD_ENDED, .result = value};
        *thread = ended;
    }
    return false;
}

void aw_finish_fork_child(struct aw_machine *machine, uint32_t slot)
{
    struct aw_process *work = &machine->work;
    for (int i = work->head.thread_count - 1; i >= 0; i--) {
        if (work->threads[i].slot == slot)
            continue;
        if (work->threads[i].slot != 0) /* what main left on its stack is often pointed to */
            aw_image_clear_slot(&machine->image, work->threads[i].slot);
        aw_process_remove_thread(work, i);
    }
    work->threads[0].role = 0;
    work->threads[0].detached = 0;
    work->threads[0].held = 0;
    work->threads[0].locks = 0;
    work->head.worker = 0;
    work->head.forks = 0;
    if (work->head.generation < UINT8_MAX)
        work->head.generation++;
    work->head.monitor_count = 0;
    work->head.lock_count = 0;
    collect_if_alone(machine);
}

/* Pipes and descriptors. */

static void finish_read(struct aw_machine *machine, const struct aw_op *op,
                        const struct aw_answer *answer)
{
    if (answer->output == AW_INTERN_NONE)
        return;
    uint32_t length = aw_intern_size(&machine->payloads, answer->output);
    const uint8_t *bytes = aw_intern_get(&machine->payloads, answer->output);
    if (op->payload == AW_INTERN_NONE) {
        memcpy((void *)op->address, bytes, length);
        fills(machine, op, op->address, length);
        return;
    }
    const struct iovec *vector = aw_intern_get(&machine->payloads, op->payload);
    for (uint64_t i = 0; i < op->extra && length > 0; i++) {
        uint32_t part = vector[i].iov_len < length ? (uint32_t)vector[i].iov_len : length;
        memcpy(vector[i].iov_base, bytes, part);
        fills(machine, op, (uint64_t)vector[i].iov_base, part);
        bytes += part;
        length -= part;
    }
}

static bool finish_pipe(struct aw_machine *machine, const struct aw_op *op,
                        const struct aw_answer *answer, uint64_t *result)
{
    if (answer->result != 0)
        return true;
    struct aw_fd end = {.kind = AW_FD_PIPE_READ,
                        .close_on_exec = (op->argument & O_CLOEXEC) != 0,
                        .handle = answer->detail,
                        .origin = aw_origin(&machine->work, op->pc)};
    int fds[2];
    fds[0] = aw_process_add_fd(&machine->work, 0, end);
    end.kind = AW_FD_PIPE_WRITE;
    fds[1] = fds[0] < 0 ? -1 : aw_process_add_fd(&machine->work, 0, end);
    AW_CHECK(fds[1] >= 0); /* kernel.c has refused it otherwise */
    memcpy((void *)op->address, fds, sizeof fds);
    fills(machine, op, op->address, sizeof fds);
    *result = 0;
    return true;
}

static void finish_dup(struct aw_machine *machine, const struct aw_op *op, uint64_t *result)
{
    struct aw_process *work = &machine->work;
    const struct aw_fd *from = aw_process_fd(work, op->fd);
    AW_CHECK(from != NULL);
    struct aw_fd copy = *from;
    copy.close_on_exec = (op->extra & 2) != 0;
    copy.origin = aw_origin(work, op->pc);
    if ((op->extra & 1) && aw_process_fd(work, (int)op->argument) != NULL)
        aw_process_remove_fd(work, (int)op->argument);
    *result = (uint64_t)(int64_t)aw_process_add_fd(work, (int)op->argument, copy);
}

static void finish_poll(struct aw_machine *machine, const struct aw_op *op,
                        const struct aw_answer *answer)
{
    struct pollfd *set = (struct pollfd *)op->address;
    const int16_t *revents =
        answer->output == AW_INTERN_NONE ? NULL : aw_intern_get(&machine->payloads, answer->output);
    for (uint64_t i = 0; i < op->argument; i++)
        set[i].revents = revents ? revents[i] : 0;
    for (uint64_t i = 0; i < op->argument; i++)
        fills(machine, op, (uint64_t)&set[i].revents, sizeof set[i].revents);
}

/* Time. */

static void finish_clock(struct aw_machine *machine, const struct aw_op *op, int64_t now,
                         uint64_t *result)
{
    int64_t time = now + (op->fd == CLOCK_REALTIME ? AW_REALTIME_START : AW_MONOTONIC_START);
    int64_t seconds = time / 1000000000, rest = time % 1000000000;
    *result = 0;
    if (op->extra == 0) {
        *(struct timespec *)op->address = (struct timespec){seconds, rest};
    } else if (op->extra == 1) {
        *(struct timeval *)op->address = (struct timeval){seconds, rest / 1000};
    } else {
        if (op->address != 0)
            *(time_t *)op->address = seconds;
        *result = (uint64_t)seconds;
    }
    if (op->address != 0)
        fills(machine, op, op->address, op->extra == 2 ? sizeof(time_t) : sizeof(struct timespec));
}

static void finish_signal(struct aw_machine *machine, const struct aw_op *op, uint64_t *result)
{
    uint64_t *ignored = &machine->work.head.ignored, bit = aw_signal_bit(op->fd);
    uint64_t old = (uint64_t)(*ignored & bit ? SIG_IGN : SIG_DFL);
    if (op->argument == 0)
        *ignored &= ~bit;
    else if (op->argument == 1)
        *ignored |= bit;
    if (op->address != 0) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = (void (*)(int))old;
        memcpy((void *)op->address, &action, sizeof action);
        fills(machine, op, op->address, sizeof action);
    }
    *result = op->extra ? old : 0;
}

/* Semaphores. */

static bool finish_sem_open(struct aw_machine *machine, const struct aw_op *op,
                            const struct aw_answer *answer, uint64_t *result)
{
    if (answer->result < 0) {
        *result = (uint64_t)SEM_FAILED;
        return true;
    }
    struct aw_user_sem *sem =
        aw_arena_alloc_tagged((void *)aw_heap_of(machine->run_slot), machine->settings.heap_bytes,
                              sizeof(sem_t), 16, aw_origin(&machine->work, op->pc));
    if (sem == NULL) {
        const char *text = "the heap of a thread is full (at sem_open); raise machine: heap";
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_LIMIT, 0, op->pc, text,
                     (uint32_t)strlen(text));
        return false;
    }
    *sem = (struct aw_user_sem){.magic = AW_SEM_NAMED, .value = answer->detail};
    *result = (uint64_t)sem;
    return true;
}

static int unnamed_sem(struct aw_machine *machine, const struct aw_op *op, bool expired)
{
    struct aw_user_sem *sem = sem_at(op->address);
    if (expired)
        return ETIMEDOUT;
    switch (op->kind) {
    case AW_OP_USEM_POST:
        if (sem->value == SEM_VALUE_MAX)
            return EOVERFLOW;
        sem->value++;
        return 0;
    case AW_OP_USEM_GETVALUE:
        if (aw_user_valid(machine, op->extra, sizeof(int)))
            *(int *)op->extra = (int)sem->value;
        fills(machine, op, op->extra, sizeof(int));
        machine->value_read = true;
        machine->value = (int32_t)sem->value;
        return 0;
    default:
        if (sem->value == 0)
            return EAGAIN;
        sem->value--;
        return 0;
    }
}

unsigned aw_image_outcomes(const struct aw_machine *machine, const struct aw_process *process,
                           int index, uint32_t *owner)
{
    const struct aw_thread *thread = &process->threads[index];
    const struct aw_op *op = &thread->op;
    const struct aw_user_mutex *mutex = mutex_at(op->address);
    *owner = 0;
    switch (op->kind) {
    case AW_OP_COND_RELOCK:
        mutex = mutex_at(op->argument);
        __attribute__((fallthrough));
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
        *owner = mutex->locked ? (uint32_t)mutex->owner : 0;
        if (op->kind == AW_OP_MUTEX_TIMEDLOCK && op->extra)
            return 1; /* the time is wrong: EINVAL instead of waiting */
        return aw_mutex_answers(mutex, aw_mutex_owner(process, thread->slot));
    case AW_OP_COND_SLEEP:
    case AW_OP_BARRIER_SLEEP:
        return 0;
    case AW_OP_RWLOCK_RDLOCK:
    case AW_OP_RWLOCK_TIMEDRDLOCK:
    case AW_OP_RWLOCK_WRLOCK:
    case AW_OP_RWLOCK_TIMEDWRLOCK:
        return aw_rwlock_answers(rwlock_at(op->address), aw_mutex_owner(process, thread->slot),
                                 is_write(op->kind));
    case AW_OP_BARRIER_WAIT: {
        const struct aw_user_barrier *barrier = (const struct aw_user_barrier *)op->address;
        return barrier->arrived + 1 == barrier->count ? 1 + waiting_at(process, op->address) : 1;
    }
    case AW_OP_COND_SIGNAL: {
        unsigned sleepers = 0;
        for (int i = 0; i < process->head.thread_count; i++)
            sleepers += sleeps_on(&process->threads[i], op->address);
        return sleepers == 0 ? 1 : sleepers;
    }
    case AW_OP_JOIN: {
        if (join_error(process, index) != 0)
            return 1;
        int target = aw_process_thread(process, (uint32_t)op->fd);
        return process->threads[target].status == AW_THREAD_ENDED;
    }
    case AW_OP_USEM_WAIT:
    case AW_OP_USEM_TIMEDWAIT:
        return sem_at(op->address)->value > 0;
    case AW_OP_ACCESS:
        return aw_access_outcomes(machine, op);
    default:
        return 1;
    }
}

/* Objects of synchronisation are memory, too: who writes to them otherwise is in conflict. */
static void notes_object(struct aw_machine *machine, const struct aw_op *op)
{
    const uint32_t kind = AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_SYNC;
    switch (op->kind) {
    case AW_OP_CREATE:
    case AW_OP_JOIN:
    case AW_OP_DETACH:
    case AW_OP_THREAD_EXIT:
        return;
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP:
    case AW_OP_COND_RELOCK:
        aw_access(machine, op->argument, 20, kind, op->pc);
        __attribute__((fallthrough));
    case AW_OP_COND_SIGNAL:
    case AW_OP_COND_BROADCAST:
        aw_access(machine, op->address, 8, kind, op->pc);
        return;
    default:
        aw_access(machine, op->address,
                  op->kind >= AW_OP_USEM_WAIT && op->kind <= AW_OP_USEM_GETVALUE ? 8 : 20, kind,
                  op->pc);
    }
}

/* Operations on the image. */
static bool finish_on_image(struct aw_machine *machine, int index, const struct aw_answer *answer,
                            uint64_t *result)
{
    struct aw_process *work = &machine->work;
    struct aw_thread *thread = &work->threads[index];
    const struct aw_op op = thread->op;
    bool expired = answer->action == AW_ACT_EXPIRE;
    uint32_t slot = thread->slot, who = aw_mutex_owner(work, slot);
    int error = 0;
    if (op.kind == AW_OP_ACCESS)
        return aw_access_finish(machine, index, answer->detail != 0, result);
    notes_object(machine, &op);
    switch (op.kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
        if (expired)
            error = ETIMEDOUT;
        else if (!aw_mutex_answers(mutex_at(op.address), who))
            error = EINVAL; /* a wrong time: otherwise it would be blocked */
        else
            error = aw_mutex_lock(mutex_at(op.address), who);
        if (!note_lock(machine, &op, op.address, slot, error))
            return false;
        break;
    case AW_OP_MUTEX_TRYLOCK:
        error = aw_mutex_trylock(mutex_at(op.address), who);
        if (!note_lock(machine, &op, op.address, slot, error))
            return false;
        break;
    case AW_OP_MUTEX_UNLOCK:
        error = unlock(machine, op.address, who);
        break;
    case AW_OP_COND_WAIT:
        error = unlock(machine, op.argument, who);
        if (error != 0)
            break;
        thread->op.kind = AW_OP_COND_SLEEP;
        return false;
    case AW_OP_COND_SLEEP:
        AW_CHECK(expired);
        wake(thread, ETIMEDOUT);
        return false;
    case AW_OP_COND_RELOCK:
        error = aw_mutex_lock(mutex_at(op.argument), who);
        if (!note_lock(machine, &op, op.argument, slot, error))
            return false;
        if (error == 0)
            error = (int)op.extra;
        break;
    case AW_OP_MUTEX_CONSISTENT:
        error = aw_mutex_consistent(mutex_at(op.address));
        break;
    case AW_OP_RWLOCK_RDLOCK:
    case AW_OP_RWLOCK_TIMEDRDLOCK:
    case AW_OP_RWLOCK_WRLOCK:
    case AW_OP_RWLOCK_TIMEDWRLOCK:
        error = expired ? ETIMEDOUT : aw_rwlock_lock(rwlock_at(op.address), who, is_write(op.kind));
        break;
    case AW_OP_RWLOCK_TRYRDLOCK:
    case AW_OP_RWLOCK_TRYWRLOCK:
        error = aw_rwlock_trylock(rwlock_at(op.address), who, is_write(op.kind));
        break;
    case AW_OP_RWLOCK_UNLOCK:
        if (!aw_rwlock_unlock(rwlock_at(op.address), who)) {
            const char *text = "pthread_rwlock_unlock of a lock that nobody holds is undefined";
            aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, op.pc, text,
                         (uint32_t)strlen(text));
            return false;
        }
        break;
    case AW_OP_BARRIER_WAIT:
        return barrier_wait(machine, index, answer->detail, result);
    case AW_OP_COND_SIGNAL:
        wake_choice(work, op.address, answer->detail);
        break;
    case AW_OP_COND_BROADCAST:
        for (int i = 0; i < work->head.thread_count; i++)
            if (sleeps_on(&work->threads[i], op.address))
                wake(&work->threads[i], 0);
        break;
    case AW_OP_CREATE:
        return create(machine, &op, result);
    case AW_OP_JOIN:
        *result = join(machine, index, &op);
        error = (int)*result;
        break;
    case AW_OP_DETACH:
        error = (int)detach(machine, &op);
        break;
    case AW_OP_THREAD_EXIT:
        return thread_exit(machine, index);
    default: /* unnamed semaphores report through errno */
        error = unnamed_sem(machine, &op, expired);
        if (error != 0) {
            aw_set_errno(machine, slot, error);
            note_error(machine, &op, error);
            *result = (uint64_t)-1;
        }
        return true;
    }
    if (error != 0)
        note_error(machine, &op, error);
    *result = (uint64_t)error;
    return true;
}

/* An operation in a shared mapping: the mapping has changed, what is left is the process. */
static bool finish_shared(struct aw_machine *machine, int index, const struct aw_answer *answer,
                          uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_op op = thread->op;
    uint64_t lock = op.address;
    uint32_t change = answer->detail;
    if (op.kind == AW_OP_ACCESS)
        return aw_touch_finish(machine, index, answer, result);
    *result = (uint64_t)answer->result;
    if (op.kind == AW_OP_FSTAT) {
        struct stat status;
        memset(&status, 0, sizeof status);
        status.st_mode = S_IFREG | S_IRUSR | S_IWUSR;
        status.st_size = answer->detail;
        memcpy((void *)op.address, &status, sizeof status);
        fills(machine, &op, op.address, sizeof status);
        return true;
    }
    if (op.kind == AW_OP_USEM_GETVALUE) {
        *(int *)op.extra = (int)answer->detail;
        machine->value_read = true;
        machine->value = (int32_t)answer->detail;
        return true;
    }
    if (answer->result != 0)
        note_error(machine, &op, (int)answer->result);
    switch (op.kind) {
    case AW_OP_BARRIER_WAIT:
        if (answer->detail == AW_BARRIER_SERIAL)
            *result = (uint64_t)PTHREAD_BARRIER_SERIAL_THREAD;
        if (answer->detail == AW_BARRIER_SLEEPS)
            thread->op.kind = AW_OP_BARRIER_SLEEP;
        return answer->detail != AW_BARRIER_SLEEPS;
    case AW_OP_COND_SLEEP: /* its time has expired */
        wake(thread, ETIMEDOUT);
        return false;
    case AW_OP_COND_WAIT:
        if (answer->result != 0)
            return true;
        lock = op.argument;
        change &= ~(uint32_t)AW_WAIT_MONOTONIC;
        thread->op.kind = AW_OP_COND_SLEEP;
        /* Its clock is the condition's: the call has taken it for the other one. */
        if (op.extra != 0 && change != answer->detail)
            thread->op.deadline += AW_REALTIME_START - AW_MONOTONIC_START;
        thread->op.extra = 0;
        break;
    case AW_OP_COND_RELOCK:
        lock = op.argument;
        if (answer->result == 0)
            *result = op.extra;
        break;
    default:
        break;
    }
    if (change == AW_LOCK_UNDEFINED) {
        const char *text = "pthread_rwlock_unlock of a lock that nobody holds is undefined";
        aw_run_event(machine, AW_EVENT_STOP, AW_STOP_UNMODELLED, 0, op.pc, text,
                     (uint32_t)strlen(text));
        return false;
    }
    if (change == AW_LOCK_GIVEN)
        aw_process_remove_lock(&machine->work, lock);
    else if (change == AW_LOCK_TAKEN &&
             !aw_process_add_lock(&machine->work, lock, thread->slot,
                                  op.kind >= AW_OP_RWLOCK_RDLOCK &&
                                      op.kind <= AW_OP_RWLOCK_UNLOCK))
        return limit(machine, &op, "a process holds more shared locks than the machine keeps (64)");
    return op.kind != AW_OP_COND_WAIT;
}

/* An injected failure: the call does nothing but fail. Not a finding: what the program makes of it
 * is what matters. */
static void finish_failure(struct aw_machine *machine, const struct aw_thread *thread, int error,
                           uint64_t *result)
{
    enum aw_op_kind kind = thread->op.kind;
    if (kind == AW_OP_CREATE) { /* pthread functions return their error */
        *result = (uint64_t)error;
        return;
    }
    if (kind == AW_OP_CLOSE && aw_process_fd(&machine->work, thread->op.fd) != NULL)
        /* it fails, and closes */
        aw_process_remove_fd(&machine->work, thread->op.fd);
    aw_set_errno(machine, thread->slot, error);
    *result = kind == AW_OP_SEM_OPEN ? (uint64_t)SEM_FAILED : (uint64_t)-1;
}

static bool finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
                   uint64_t *result)
{
    struct aw_thread *thread = &machine->work.threads[index];
    const struct aw_op op = thread->op;
    *result = 0;
    if (answer->action == AW_ACT_PROGRESS) {
        thread->op.progress += answer->detail;
        thread->op.flags |= AW_OP_SLEPT;
        if (answer->result > 0)
            thread->op.argument = (uint64_t)answer->result;
        return false;
    }
    if (answer->action == AW_ACT_FATAL) {
        const char *text = "killed by SIGPIPE: a write to a pipe that nobody reads";
        if ((op.flags & AW_OP_SHARED) != 0)
            text = "SIGBUS: an access behind the end of a shared memory object";
        else if (op.kind != AW_OP_WRITE)
            text = "killed by a signal that it sent to itself";
        aw_run_event(machine, AW_EVENT_CRASH, 0, answer->detail, op.pc, text,
                     (uint32_t)strlen(text));
        thread->op = (struct aw_op){.kind = AW_OP_FATAL,
                                    .fd = (int32_t)answer->detail,
                                    .payload = AW_INTERN_NONE,
                                    .pc = op.pc};
        return false;
    }
    if (answer->action == AW_ACT_SPURIOUS) {
        wake(thread, 0);
        return false;
    }
    if (answer->action == AW_ACT_DELAY) {
        thread->op.flags |= AW_OP_DELAYED;
        thread->op.deadline = answer->result;
        return false;
    }
    if (answer->action == AW_ACT_FAIL) {
        finish_failure(machine, thread, (int)answer->detail, result);
        return true;
    }
    if (aw_op_class_of(&op) == AW_ON_MEMORY && answer->action == AW_ACT_ANSWER &&
        answer->result >= 0)
        return finish_shared(machine, index, answer, result);
    if (aw_op_class_of(&op) == AW_ON_IMAGE)
        return finish_on_image(machine, index, answer, result);
    *result = op.kind == AW_OP_BARRIER_LEAVE ? op.extra : (uint64_t)answer->result;
    if (answer->result < 0 && answer->error != 0) {
        aw_set_errno(machine, thread->slot, answer->error);
        note_error(machine, &op, answer->error);
        if (op.kind == AW_OP_SEM_OPEN)
            *result = (uint64_t)SEM_FAILED;
        return true;
    }
    switch (op.kind) {
    case AW_OP_READ:
        finish_read(machine, &op, answer);
        return true;
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT: /* the answer's detail tells a binary semaphore */
        if (answer->detail && op.argument < 64)
            thread->held |= (uint64_t)1 << op.argument;
        return true;
    case AW_OP_SEM_POST:
        if (op.argument < 64)
            thread->held &= ~((uint64_t)1 << op.argument);
        return true;
    case AW_OP_SEM_GETVALUE:
        *(int *)op.extra = (int)answer->detail;
        fills(machine, &op, op.extra, sizeof(int));
        return true;
    case AW_OP_MMAP: {
        struct aw_fd mapping = {.kind = AW_FD_MAPPING,
                                .handle = answer->detail,
                                .close_on_exec = op.extra != 0,
                                .origin = aw_origin(&machine->work, op.pc),
                                .length = op.argument};
        AW_CHECK(aw_process_add_fd(&machine->work, AW_FIRST_MAPPING, mapping) >= 0);
        *result = aw_shared_address(answer->detail);
        return true;
    }
    case AW_OP_MEMFD:
    case AW_OP_SHM_OPEN: {
        bool read_only = op.kind == AW_OP_SHM_OPEN && (op.fd & O_ACCMODE) == O_RDONLY;
        struct aw_fd memory = {.kind = read_only ? AW_FD_MEMORY_READ : AW_FD_MEMORY,
                               .close_on_exec = op.kind == AW_OP_SHM_OPEN || op.argument != 0,
                               .handle = answer->detail,
                               .origin = aw_origin(&machine->work, op.pc)};
        int fd = aw_process_add_fd(&machine->work, 0, memory);
        AW_CHECK(fd >= 0); /* kernel.c has refused it otherwise */
        *result = (uint64_t)fd;
        return true;
    }
    case AW_OP_PIPE:
        return finish_pipe(machine, &op, answer, result);
    case AW_OP_CLOSE:
        aw_process_remove_fd(&machine->work, op.fd);
        return true;
    case AW_OP_DUP:
        finish_dup(machine, &op, result);
        return true;
    case AW_OP_POLL:
        finish_poll(machine, &op, answer);
        return true;
    case AW_OP_WAIT:
        if (op.address != 0 && answer->result > 0) {
            *(int *)op.address = (int)answer->detail;
            fills(machine, &op, op.address, sizeof(int));
        }
        return true;
    case AW_OP_FORK:
        if (answer->result > 0 && machine->work.head.forks < UINT8_MAX)
            machine->work.head.forks++;
        for (int i = 0; i < machine->work.head.thread_count; i++)
            machine->forked_beside |=
                i != index && machine->work.threads[i].status == AW_THREAD_PARKED;
        return true;
    case AW_OP_CLOCK:
        finish_clock(machine, &op, answer->result, result);
        return true;
    case AW_OP_SIGNAL:
        finish_signal(machine, &op, result);
        return true;
    case AW_OP_SEM_OPEN:
        return finish_sem_open(machine, &op, answer, result);
    default:
        return true;
    }
}

/* What was filled in is visible: the thread parks at that access before it goes on, so that whoever
 * is at a conflicting one is seen to be. */
bool aw_finish(struct aw_machine *machine, int index, const struct aw_answer *answer,
               uint64_t *result)
{
    uint32_t slot = machine->work.threads[index].slot;
    uint64_t pc = machine->work.threads[index].op.pc;
    machine->filled.size = 0;
    bool runs = finish(machine, index, answer, result);
    if (!runs || machine->filled.size == 0)
        return runs;
    index = aw_process_thread(&machine->work, slot);
    AW_CHECK(index >= 0);
    aw_access_park_filled(machine, &machine->work.threads[index], pc, *result);
    return false;
}
