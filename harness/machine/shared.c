/* SPDX-License-Identifier: MIT */
#include "machine/shared.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "machine/locks.h"

static const struct aw_mapping *memory_of(const struct aw_machine *machine, uint32_t object)
{
    return aw_intern_get(&machine->objects, object);
}

uint32_t aw_memory_size(const struct aw_machine *machine, uint32_t object)
{
    return memory_of(machine, object)->size;
}

static uint32_t offset_of(uint64_t address)
{
    return (uint32_t)((address - AW_SHARED_BASE) % AW_SHARED_STRIDE);
}

void aw_memory_get(const struct aw_machine *machine, uint32_t object, uint64_t address, void *bytes,
                   uint32_t size)
{
    const struct aw_mapping *memory = memory_of(machine, object);
    uint32_t offset = offset_of(address), i = 0;
    for (uint32_t k = 0; k < size; k++) {
        uint32_t index = (offset + k) / AW_SHARED_LINE;
        while (i < memory->line_count && memory->lines[i].index < index)
            i++;
        ((uint8_t *)bytes)[k] = i < memory->line_count && memory->lines[i].index == index
                                    ? memory->lines[i].bytes[(offset + k) % AW_SHARED_LINE]
                                    : 0;
    }
}

static bool is_zero(const struct aw_memory_line *line)
{
    for (uint32_t i = 0; i < AW_SHARED_LINE; i++)
        if (line->bytes[i] != 0)
            return false;
    return true;
}

uint32_t aw_memory_put(struct aw_machine *machine, uint32_t object, uint64_t address,
                       const void *bytes, uint32_t size)
{
    const struct aw_mapping *memory = memory_of(machine, object);
    uint32_t first = offset_of(address), last = first + size; /* the bytes changed: [first, last) */
    uint32_t lines = memory->line_count + size / AW_SHARED_LINE + 2;
    struct aw_mapping *out = (struct aw_mapping *)aw_scratch(
        machine, (uint32_t)(sizeof *out + lines * sizeof *out->lines));
    *out = (struct aw_mapping){.size = memory->size};
    uint32_t i = 0, index = first / AW_SHARED_LINE, end = (last - 1) / AW_SHARED_LINE;
    while (i < memory->line_count || index <= end) {
        struct aw_memory_line *line = &out->lines[out->line_count];
        bool known = i < memory->line_count && (index > end || memory->lines[i].index <= index);
        memset(line, 0, sizeof *line);
        line->index = known ? memory->lines[i].index : index;
        if (known)
            *line = memory->lines[i++];
        if (index <= end && line->index == index) {
            for (uint32_t k = 0; k < AW_SHARED_LINE; k++) {
                uint32_t at = index * AW_SHARED_LINE + k;
                if (at >= first && at < last)
                    line->bytes[k] = ((const uint8_t *)bytes)[at - first];
            }
            index++;
        }
        out->line_count += !is_zero(line);
    }
    return aw_intern_put(&machine->objects, out,
                         (uint32_t)(sizeof *out + out->line_count * sizeof *out->lines));
}

uint32_t aw_memory_resize(struct aw_machine *machine, uint32_t object, uint32_t size)
{
    uint32_t bytes = aw_intern_size(&machine->objects, object);
    struct aw_mapping *out = (struct aw_mapping *)aw_scratch(machine, bytes);
    memcpy(out, memory_of(machine, object), bytes);
    out->size = size;
    while (out->line_count > 0) {
        struct aw_memory_line *last = &out->lines[out->line_count - 1];
        uint32_t start = last->index * AW_SHARED_LINE, kept = size > start ? size - start : 0;
        if (kept < AW_SHARED_LINE)
            memset(last->bytes + kept, 0, AW_SHARED_LINE - kept);
        if (!is_zero(last))
            break;
        out->line_count--;
    }
    return aw_intern_put(&machine->objects, out,
                         (uint32_t)(sizeof *out + out->line_count * sizeof *out->lines));
}

/* Mutexes: in the object everybody is 1; a thread that does not hold it asks as somebody else. */
enum { HOLDER = 1, OTHER = 2 };

static uint32_t plain(struct aw_machine *machine, int error, enum aw_lock_change change)
{
    return aw_answer_plain(machine, error, 0, change, AW_INTERN_NONE);
}

static struct aw_object_move mutex_move(struct aw_machine *machine, uint32_t object,
                                        const struct aw_op *op, bool mine)
{
    struct aw_object_move move = {.object = object, .answer = AW_INTERN_NONE};
    struct aw_user_mutex mutex;
    uint32_t who = mine ? HOLDER : OTHER;
    int error;
    aw_memory_get(machine, object, op->address, &mutex, sizeof mutex);
    if ((mutex.kind & AW_MUTEX_PSHARED) == 0) {
        move.stop = AW_STOP_PRIVATE;
        return move;
    }
    switch (op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
        if (!aw_mutex_answers(&mutex, who)) {
            if (op->kind == AW_OP_MUTEX_TIMEDLOCK && op->extra)
                move.answer = plain(machine, EINVAL, AW_LOCK_SAME);
            return move;
        }
        error = aw_mutex_lock(&mutex, who);
        break;
    case AW_OP_MUTEX_TRYLOCK:
        error = aw_mutex_trylock(&mutex, who);
        break;
    case AW_OP_MUTEX_CONSISTENT:
        error = aw_mutex_consistent(&mutex);
        break;
    default:
        if (aw_mutex_trusts(&mutex) && (!mine || !mutex.locked) && !machine->unlocked_unheld) {
            machine->unlocked_unheld = true;
            machine->unheld_pc = op->pc;
        }
        error = aw_mutex_unlock(&mutex, who);
        break;
    }
    if (mutex.locked)
        mutex.owner = HOLDER;
    enum aw_lock_change change = AW_LOCK_SAME;
    if (op->kind == AW_OP_MUTEX_UNLOCK)
        change = error == 0 && !mutex.locked ? AW_LOCK_GIVEN : AW_LOCK_SAME;
    else if (op->kind != AW_OP_MUTEX_CONSISTENT && (error == 0 || error == EOWNERDEAD))
        change = AW_LOCK_TAKEN;
    move.object = aw_memory_put(machine, object, op->address, &mutex, sizeof mutex);
    move.answer = plain(machine, error, change);
    return move;
}

static bool is_rwlock(enum aw_op_kind kind)
{
    return kind >= AW_OP_RWLOCK_RDLOCK && kind <= AW_OP_RWLOCK_UNLOCK;
}

bool aw_shared_is_wait(enum aw_op_kind kind)
{
    return (kind >= AW_OP_COND_WAIT && kind <= AW_OP_COND_BROADCAST) ||
           kind == AW_OP_BARRIER_WAIT || kind == AW_OP_BARRIER_SLEEP;
}

bool aw_shared_waits(const struct aw_thread *thread, enum aw_op_kind kind, uint64_t address)
{
    return thread->status == AW_THREAD_PARKED && thread->op.kind == kind &&
           (thread->op.flags & AW_OP_SHARED) != 0 && thread->op.address == address;
}

/* In the object every writer is HOLDER, and readers are a number. */
static struct aw_object_move rwlock_move(struct aw_machine *machine, uint32_t object,
                                         const struct aw_op *op, bool mine)
{
    struct aw_object_move move = {.object = object, .answer = AW_INTERN_NONE};
    struct aw_user_rwlock lock;
    uint32_t who = mine ? HOLDER : OTHER;
    bool write = op->kind == AW_OP_RWLOCK_WRLOCK || op->kind == AW_OP_RWLOCK_TRYWRLOCK ||
                 op->kind == AW_OP_RWLOCK_TIMEDWRLOCK;
    enum aw_lock_change change = AW_LOCK_SAME;
    int error = 0;
    aw_memory_get(machine, object, op->address, &lock, sizeof lock);
    if ((lock.shared & AW_MUTEX_PSHARED) == 0) {
        move.stop = AW_STOP_PRIVATE;
        return move;
    }
    switch (op->kind) {
    case AW_OP_RWLOCK_UNLOCK:
        change = lock.writer == who ? AW_LOCK_GIVEN : AW_LOCK_SAME;
        if (!aw_rwlock_unlock(&lock, who))
            change = AW_LOCK_UNDEFINED;
        break;
    case AW_OP_RWLOCK_TRYRDLOCK:
    case AW_OP_RWLOCK_TRYWRLOCK:
        error = aw_rwlock_trylock(&lock, who, write);
        break;
    default:
        if (!aw_rwlock_answers(&lock, who, write))
            return move;
        error = aw_rwlock_lock(&lock, who, write);
        break;
    }
    if (write && error == 0) {
        lock.writer = HOLDER;
        change = AW_LOCK_TAKEN;
    }
    move.object = aw_memory_put(machine, object, op->address, &lock, sizeof lock);
    move.answer = plain(machine, error, change);
    return move;
}

static struct aw_object_move sem_move(struct aw_machine *machine, uint32_t object,
                                      const struct aw_op *op)
{
    struct aw_object_move move = {.object = object, .answer = machine->answer_zero};
    struct aw_user_sem sem;
    aw_memory_get(machine, object, op->address, &sem, sizeof sem);
    if (sem.magic != AW_SEM_UNNAMED) {
        move.answer = aw_answer_error(machine, EINVAL);
        return move;
    }
    switch (op->kind) {
    case AW_OP_USEM_POST:
        if (sem.value == SEM_VALUE_MAX) {
            move.answer = aw_answer_error(machine, EOVERFLOW);
            return move;
        }
        sem.value++;
        break;
    case AW_OP_USEM_GETVALUE:
        move.answer = aw_answer_plain(machine, 0, 0, sem.value, AW_INTERN_NONE);
        return move;
    default:
        if (sem.value == 0) {
            move.answer =
                op->kind == AW_OP_USEM_TRYWAIT ? aw_answer_error(machine, EAGAIN) : AW_INTERN_NONE;
            return move;
        }
        sem.value--;
        break;
    }
    move.object = aw_memory_put(machine, object, op->address, &sem, sizeof sem);
    return move;
}

/* How many bytes an operation on an object of synchronisation touches. */
static uint32_t size_of(const struct aw_machine *machine, const struct aw_op *op)
{
    if (op->kind == AW_OP_SHARED_PUT)
        return aw_intern_size(&machine->payloads, op->payload);
    return op->kind >= AW_OP_USEM_WAIT && op->kind <= AW_OP_USEM_GETVALUE
               ? sizeof(struct aw_user_sem)
               : sizeof(struct aw_user_mutex);
}

struct aw_object_move aw_shared_move(struct aw_machine *machine, uint32_t object,
                                     const struct aw_op *op, bool mine)
{
    if (op->kind == AW_OP_FTRUNCATE || op->kind == AW_OP_FSTAT) {
        struct aw_object_move move = {.object = object, .answer = machine->answer_zero};
        if (op->kind == AW_OP_FSTAT)
            move.answer =
                aw_answer_plain(machine, 0, 0, aw_memory_size(machine, object), AW_INTERN_NONE);
        else if (mine) /* the descriptor is to be read only */
            move.answer = aw_answer_error(machine, EINVAL);
        else
            move.object = aw_memory_resize(machine, object, (uint32_t)op->argument);
        return move;
    }
    if (offset_of(op->address) + size_of(machine, op) > aw_memory_size(machine, object)) {
        struct aw_object_move move = {.object = object};
        move.answer = aw_answer_action(machine, AW_ACT_FATAL, SIGBUS);
        return move;
    }
    if (op->kind == AW_OP_SHARED_PUT) {
        struct aw_object_move move = {.object = object, .answer = machine->answer_zero};
        struct aw_user_mutex mutex;
        aw_memory_get(machine, object, op->address, &mutex, sizeof mutex);
        if (op->argument && mutex.locked && !aw_mutex_is_robust(&mutex))
            move.answer = plain(machine, EBUSY, AW_LOCK_SAME);
        else
            move.object = aw_memory_put(machine, object, op->address,
                                        aw_intern_get(&machine->payloads, op->payload),
                                        aw_intern_size(&machine->payloads, op->payload));
        return move;
    }
    if (is_rwlock((enum aw_op_kind)op->kind))
        return rwlock_move(machine, object, op, mine);
    return op->kind >= AW_OP_USEM_WAIT && op->kind <= AW_OP_USEM_GETVALUE
               ? sem_move(machine, object, op)
               : mutex_move(machine, object, op, mine);
}

void aw_shared_abandon(struct aw_machine *machine, struct aw_state *state,
                       const struct aw_local *local, uint32_t slot)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    for (uint32_t i = 0; i < local->lock_count; i++) {
        const struct aw_lock lock = aw_local_locks(local)[i];
        if (lock.is_rwlock || !aw_is_shared(lock.address) ||
            (slot != UINT32_MAX && lock.slot != slot))
            continue;
        uint32_t position = aw_machine_position(layout, aw_shared_handle(lock.address));
        AW_CHECK(position != 0);
        struct aw_user_mutex mutex;
        aw_memory_get(machine, state->words[position], lock.address, &mutex, sizeof mutex);
        if (!aw_mutex_is_robust(&mutex) || !mutex.locked)
            continue;
        aw_mutex_abandon(&mutex);
        state->words[position] =
            aw_memory_put(machine, state->words[position], lock.address, &mutex, sizeof mutex);
    }
}

bool aw_shared_has_mapping(const struct aw_process *process)
{
    for (int i = 0; i < process->head.fd_count; i++)
        if (process->fds[i].kind == AW_FD_MAPPING)
            return true;
    return false;
}

bool aw_shared_may_map(const struct aw_fd *fds, uint32_t count, uint32_t handle, uint64_t length,
                       bool read_only)
{
    for (uint32_t i = 0; i < count; i++)
        if (fds[i].kind == AW_FD_MAPPING && fds[i].handle == handle &&
            (fds[i].length != length || (fds[i].close_on_exec != 0) != read_only))
            return false;
    return true;
}

bool aw_shared_is_mapped(const struct aw_process *process, uint64_t address, uint64_t size,
                         bool write)
{
    if (!aw_is_shared(address) || size > AW_SHARED_STRIDE)
        return false;
    for (int i = 0; i < process->head.fd_count; i++)
        if (process->fds[i].kind == AW_FD_MAPPING &&
            process->fds[i].handle == aw_shared_handle(address))
            return offset_of(address) + size <= process->fds[i].length &&
                   !(write && process->fds[i].close_on_exec);
    return false;
}
