/* SPDX-License-Identifier: MIT */
/* held.c - mutexes and the like in the memory of processes, and who holds them. */
#include <string.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "machine/locks.h"
#include "trace/act.h"

static const char *const private_names[] = {"mutex",   "condition", "semaphore", "rwlock",
                                            "barrier", "block",     "variable"};

/* What lies in memory. */

static struct aw_memory *memory_of(struct aw_observer *observer, uint32_t process)
{
    return process < observer->trace->process_count ? &observer->memories[process] : NULL;
}

struct aw_private *aw_act_private(struct aw_act *act, enum aw_private_kind kind, uint64_t address)
{
    struct aw_memory *memory = memory_of(act->observer, act->process);
    uint32_t number = 1;
    if (memory == NULL)
        return NULL;
    for (uint32_t i = 0; i < memory->count; i++) {
        if (memory->things[i].kind != kind)
            continue;
        if (memory->things[i].address == address)
            return &memory->things[i];
        number++;
    }
    if (memory->count == memory->capacity) {
        memory->capacity = memory->capacity ? 2 * memory->capacity : 8;
        memory->things = aw_reallocate(memory->things, memory->capacity, sizeof *memory->things);
    }
    memory->things[memory->count] =
        (struct aw_private){.address = address, .kind = kind, .number = number};
    return &memory->things[memory->count++];
}

const char *aw_act_private_name(struct aw_act *act, enum aw_private_kind kind, uint64_t address)
{
    const struct aw_private *thing = aw_act_private(act, kind, address);
    return aw_trace_text(act->trace, "%s %u", private_names[kind], thing ? thing->number : 0);
}

uint64_t aw_act_private_below(struct aw_act *act, enum aw_private_kind kind, uint64_t address,
                              uint64_t near)
{
    const struct aw_memory *memory = memory_of(act->observer, act->process);
    uint64_t found = address, best = near + 1;
    for (uint32_t i = 0; memory != NULL && i < memory->count; i++) {
        const struct aw_private *thing = &memory->things[i];
        if (thing->kind == kind && thing->address <= address && address - thing->address < best) {
            found = thing->address;
            best = address - found;
        }
    }
    return found;
}

/* The mutex that an operation takes or gives back, or 0. */
static uint64_t mutex_of(const struct aw_op *op)
{
    switch (op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_UNLOCK:
        return op->address;
    case AW_OP_COND_WAIT:
    case AW_OP_COND_SLEEP:
    case AW_OP_COND_RELOCK:
        return op->argument;
    default:
        return 0;
    }
}

static void take_mutex(struct aw_act *act, uint64_t address)
{
    struct aw_private *mutex = aw_act_private(act, AW_PRIVATE_MUTEX, address);
    if (mutex == NULL)
        return;
    if (mutex->holder != act->slot + 1)
        *mutex = (struct aw_private){mutex->address, mutex->kind,  mutex->number,
                                     act->slot + 1,  mutex->depth, act->step};
    mutex->depth++;
}

static void give_mutex(struct aw_act *act, uint64_t address)
{
    struct aw_private *mutex = aw_act_private(act, AW_PRIVATE_MUTEX, address);
    if (mutex != NULL && mutex->depth > 0 && --mutex->depth == 0)
        mutex->holder = 0;
}

static struct aw_holder *holder_of(struct aw_act *act, uint32_t object)
{
    const struct aw_trace *trace = act->trace;
    return object < trace->object_count && trace->objects[object].kind == AW_OBJECT_SEM &&
                   trace->objects[object].initial == 1
               ? &act->observer->holders[object]
               : NULL;
}

/* Follows who holds what; the step has been taken. */
void aw_act_follow(struct aw_act *act, bool done)
{
    const struct aw_op *op = act->op;
    bool unused;
    struct aw_holder *holder;
    if ((op->flags & AW_OP_SHARED) != 0)
        return;
    switch (op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_MUTEX_TRYLOCK:
    case AW_OP_COND_RELOCK:
        if (done)
            take_mutex(act, mutex_of(op));
        return;
    case AW_OP_MUTEX_UNLOCK:
    case AW_OP_COND_WAIT:
        give_mutex(act, mutex_of(op));
        return;
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TRYWAIT:
    case AW_OP_SEM_TIMEDWAIT:
    case AW_OP_SEM_POST:
        holder = holder_of(
            act, aw_walk_object(
                     act->at, aw_machine_op_handle(act->walk->machine,
                                                   act->at->state.words[AW_WORD_FIRST + act->index],
                                                   act->thread, &unused)));
        if (holder != NULL && done)
            *holder =
                (struct aw_holder){op->kind != AW_OP_SEM_POST, act->process, act->slot, act->step};
        return;
    default:
        return;
    }
}

void aw_act_copy_memory(struct aw_observer *observer, uint32_t from, uint32_t to)
{
    struct aw_memory *source = memory_of(observer, from), *copy = memory_of(observer, to);
    if (source == NULL || copy == NULL || copy->things != NULL || source->count == 0)
        return;
    copy->things = aw_allocate(source->capacity, sizeof *copy->things);
    copy->count = source->count;
    copy->capacity = source->capacity;
    memcpy(copy->things, source->things, source->count * sizeof *copy->things);
}

/* What became of the holder of a lock, if it is no more. */
static const char *ending_text(struct aw_act *act, uint32_t process)
{
    if (process >= act->trace->process_count || !act->observer->endings[process].ended)
        return "";
    const struct aw_ending *ending = &act->observer->endings[process];
    int status = (int)ending->status;
    return aw_trace_text(act->trace, " and %s at step %u%s: the lock is orphaned",
                         WIFSIGNALED(status) ? "was killed" : "ended", ending->step + 1,
                         ending->by_fault ? " by an injected fault" : "");
}

/* Who has a read-write lock that is waited for, as far as the lock itself knows. */
static const char *rwlock_text(struct aw_act *act)
{
    struct aw_user_rwlock lock;
    if (!aw_machine_peek(act->walk->machine, act->local, act->op->address, &lock, sizeof lock))
        return "";
    if (lock.writer != 0)
        return aw_trace_text(act->trace, "%s has it for writing",
                             (lock.writer & 0xffff) == act->slot + 1
                                 ? "it itself"
                                 : aw_act_sibling(act, (lock.writer & 0xffff) - 1));
    return lock.readers == 0
               ? ""
               : aw_trace_text(act->trace, "%u %s for reading", lock.readers,
                               lock.readers == 1 ? "thread has it" : "threads have it");
}

static const char *barrier_text(struct aw_act *act)
{
    struct aw_user_barrier barrier;
    if (!aw_machine_peek(act->walk->machine, act->local, act->op->address, &barrier,
                         sizeof barrier))
        return "";
    return aw_trace_text(act->trace, "%u of %u have come", barrier.arrived, barrier.count);
}

const char *aw_act_holder(struct aw_act *act)
{
    const struct aw_op *op = act->op;
    struct aw_trace *trace = act->trace;
    bool unused;
    if ((op->flags & AW_OP_SHARED) != 0)
        return "";
    if (op->kind >= AW_OP_RWLOCK_RDLOCK && op->kind <= AW_OP_RWLOCK_TIMEDWRLOCK)
        return rwlock_text(act);
    if (op->kind == AW_OP_BARRIER_SLEEP)
        return barrier_text(act);
    if (op->kind == AW_OP_MUTEX_LOCK || op->kind == AW_OP_MUTEX_TIMEDLOCK ||
        op->kind == AW_OP_COND_RELOCK) {
        const struct aw_private *mutex = aw_act_private(act, AW_PRIVATE_MUTEX, mutex_of(op));
        if (mutex == NULL || mutex->holder == 0)
            return "";
        uint32_t slot = mutex->holder - 1;
        return aw_trace_text(trace, "%s has held it since step %u%s",
                             slot == act->slot ? "it itself" : aw_act_sibling(act, slot),
                             mutex->since + 1,
                             aw_act_thread_in(act->local, slot) == NULL
                                 ? ", and does not exist in this process (any more)"
                                 : "");
    }
    if (op->kind == AW_OP_SEM_WAIT || op->kind == AW_OP_SEM_TIMEDWAIT) {
        uint32_t object = aw_walk_object(
            act->at, aw_machine_op_handle(act->walk->machine,
                                          act->at->state.words[AW_WORD_FIRST + act->index],
                                          act->thread, &unused));
        const struct aw_holder *holder = holder_of(act, object);
        if (holder == NULL || !holder->held)
            return "";
        return aw_trace_text(trace, "%s took it at step %u%s",
                             aw_act_thread(trace, holder->process, holder->slot), holder->since + 1,
                             ending_text(act, holder->process));
    }
    return "";
}

const char *aw_act_unlocked(struct aw_act *act)
{
    struct aw_user_mutex mutex;
    if (!aw_machine_peek(act->walk->machine, act->local, act->op->address, &mutex, sizeof mutex) ||
        !aw_mutex_trusts(&mutex))
        return "0";
    uint32_t holder = (uint32_t)mutex.owner & 0xffff;
    if (!mutex.locked)
        return "0 (nobody held it)";
    return holder == act->slot + 1 || holder == 0
               ? "0"
               : aw_trace_text(act->trace, "0 (%s held it)", aw_act_sibling(act, holder - 1));
}

/* Who could end a wait. */

static void add_party(struct aw_trace *trace, struct aw_trace_waiting *waiting, uint32_t process,
                      uint32_t slot)
{
    if (process >= trace->process_count)
        return;
    struct aw_trace_party *more =
        aw_trace_memory(trace, waiting->waits_for_count + 1ul, sizeof *more);
    if (waiting->waits_for_count > 0)
        memcpy(more, waiting->waits_for, waiting->waits_for_count * sizeof *more);
    more[waiting->waits_for_count++] = (struct aw_trace_party){process, slot};
    waiting->waits_for = more;
}

/* The living threads of a process other than the one that waits; itself where it is alone. */
static void add_threads(struct aw_act *act, struct aw_trace_waiting *waiting, uint32_t index,
                        const struct aw_local *local)
{
    const struct aw_thread *threads = aw_local_threads(local);
    uint32_t before = waiting->waits_for_count;
    for (uint32_t t = 0; t < local->thread_count; t++)
        if (threads[t].status == AW_THREAD_PARKED && (index != act->index || t != act->thread))
            add_party(act->trace, waiting, act->at->processes[index], threads[t].slot);
    if (waiting->waits_for_count == before)
        add_party(act->trace, waiting, act->process, waiting->slot);
}

/* Those that could write to, or read from, the pipe that a read or write waits at. */
static void add_other_ends(struct aw_act *act, struct aw_trace_waiting *waiting)
{
    bool write_end;
    uint32_t handle =
        aw_machine_op_handle(act->walk->machine, act->at->state.words[AW_WORD_FIRST + act->index],
                             act->thread, &write_end);
    for (uint32_t i = 0; i < act->at->layout->process_count; i++) {
        const struct aw_local *local = aw_walk_local(act->walk, act->at, i);
        const struct aw_fd *fds = aw_local_fds(local);
        for (uint32_t k = 0; k < local->fd_count && !local->zombie; k++)
            if (fds[k].handle == handle &&
                fds[k].kind == (write_end ? AW_FD_PIPE_READ : AW_FD_PIPE_WRITE)) {
                add_threads(act, waiting, i, local);
                break;
            }
    }
}

static void add_children(struct aw_act *act, struct aw_trace_waiting *waiting)
{
    const struct aw_layout *layout = act->at->layout;
    for (uint32_t i = 0; i < layout->process_count; i++) {
        const struct aw_local *local = aw_walk_local(act->walk, act->at, i);
        if (layout->processes[i].parent == layout->processes[act->index].pid && !local->zombie &&
            (act->op->fd <= 0 || (uint32_t)act->op->fd == layout->processes[i].pid))
            add_party(act->trace, waiting, act->at->processes[i], aw_local_threads(local)[0].slot);
    }
}

void aw_act_waits_for(struct aw_act *act, struct aw_trace_waiting *waiting)
{
    const struct aw_op *op = act->op;
    bool unused;
    switch (op->kind) {
    case AW_OP_MUTEX_LOCK:
    case AW_OP_MUTEX_TIMEDLOCK:
    case AW_OP_COND_RELOCK: {
        const struct aw_private *mutex = aw_act_private(act, AW_PRIVATE_MUTEX, mutex_of(op));
        if (mutex != NULL && mutex->holder != 0) {
            add_party(act->trace, waiting, act->process, mutex->holder - 1);
            waiting->since = mutex->since;
        }
        return;
    }
    case AW_OP_SEM_WAIT:
    case AW_OP_SEM_TIMEDWAIT: {
        const struct aw_holder *holder = holder_of(
            act, aw_walk_object(
                     act->at, aw_machine_op_handle(act->walk->machine,
                                                   act->at->state.words[AW_WORD_FIRST + act->index],
                                                   act->thread, &unused)));
        if (holder != NULL && holder->held) {
            add_party(act->trace, waiting, holder->process, holder->slot);
            waiting->since = holder->since;
        }
        return;
    }
    case AW_OP_JOIN:
        add_party(act->trace, waiting, act->process, (uint32_t)op->fd);
        return;
    case AW_OP_WAIT:
        add_children(act, waiting);
        return;
    case AW_OP_READ:
    case AW_OP_WRITE:
        add_other_ends(act, waiting);
        return;
    default:
        return;
    }
}
