/* SPDX-License-Identifier: MIT */
/*
 * finish_locks.c - operations on objects of synchronisation in the image: mutexes, conditions,
 * read-write locks, barriers, unnamed semaphores. What one of them answers is decided here, when it
 * is carried out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "machine/finish.h"
#include "machine/shared.h"

static struct aw_user_mutex *mutex_at(uint64_t address)
{
    return (struct aw_user_mutex *)address;
}

static struct aw_user_sem *sem_at(uint64_t address)
{
    return (struct aw_user_sem *)address;
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

/* What a lock attempt came to; false when the machine cannot go on. */
static bool note_lock(struct aw_machine *machine, const struct aw_op *op, uint64_t address,
                      uint32_t slot, int error)
{
    if (error == 0 || error == EOWNERDEAD)
        took(machine, address, slot);
    if ((error != 0 && error != EOWNERDEAD) || !aw_mutex_is_robust(mutex_at(address)) ||
        aw_process_add_lock(&machine->work, address, slot, false))
        return true;
    return aw_finish_limit(machine, op,
                           "a process holds more robust mutexes than the machine keeps (64)");
}

static int unlock(struct aw_machine *machine, uint64_t address, uint32_t who, uint64_t pc)
{
    struct aw_user_mutex *mutex = mutex_at(address);
    int32_t holder = mutex->owner;
    /* The thread that has forked holds in the child what it held before, though by another id. */
    if (aw_mutex_trusts(mutex) && !machine->unlocked_unheld &&
        (!mutex->locked || (holder & 0xffff) != (int32_t)(who & 0xffff))) {
        machine->unlocked_unheld = true;
        machine->unheld_pc = pc;
    }
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
void aw_finish_abandon(struct aw_machine *machine, uint32_t slot)
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

void aw_finish_wake(struct aw_thread *thread, int result)
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
            aw_finish_wake(&process->threads[i], 0);
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
        if (aw_user_fillable(machine, op->extra, sizeof(int)))
            aw_finish_fill(machine, op, op->extra, &(int){(int)sem->value}, sizeof(int));
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
        if (aw_finish_join_error(process, index) != 0)
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
    const struct aw_op_target target = aw_op_target(op);
    if (target.kind == AW_TARGET_NONE)
        return;
    if (op->kind == AW_OP_COND_WAIT || op->kind == AW_OP_COND_SLEEP ||
        op->kind == AW_OP_COND_RELOCK) { /* on both, whatever its phase */
        aw_access(machine, op->argument, AW_LOCK_BYTES, kind, op->pc);
        aw_access(machine, op->address, AW_CONDITION_BYTES, kind, op->pc);
        return;
    }
    aw_access(machine, target.address, target.size, kind, op->pc);
}

/* Operations on the image. */
bool aw_finish_on_image(struct aw_machine *machine, int index, const struct aw_answer *answer,
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
        error = unlock(machine, op.address, who, op.pc);
        break;
    case AW_OP_COND_WAIT:
        error = unlock(machine, op.argument, who, op.pc);
        if (error != 0)
            break;
        thread->op.kind = AW_OP_COND_SLEEP;
        return false;
    case AW_OP_COND_SLEEP:
        AW_CHECK(expired);
        aw_finish_wake(thread, ETIMEDOUT);
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
                aw_finish_wake(&work->threads[i], 0);
        break;
    case AW_OP_CREATE:
        return aw_finish_create(machine, &op, result);
    case AW_OP_JOIN:
        *result = aw_finish_join(machine, index, &op);
        error = (int)*result;
        break;
    case AW_OP_DETACH:
        error = (int)aw_finish_detach(machine, &op);
        break;
    case AW_OP_THREAD_EXIT:
        return aw_finish_thread_exit(machine, index);
    default: /* unnamed semaphores report through errno */
        error = unnamed_sem(machine, &op, expired);
        if (error != 0) {
            aw_set_errno(machine, slot, error);
            aw_finish_note_error(machine, &op, error);
            *result = (uint64_t)-1;
        }
        return true;
    }
    if (error != 0)
        aw_finish_note_error(machine, &op, error);
    *result = (uint64_t)error;
    return true;
}
