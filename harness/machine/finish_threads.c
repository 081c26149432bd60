/* SPDX-License-Identifier: MIT */
/*
 * finish_threads.c - threads that come and go, and what is left of a process in a forked child.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "machine/finish.h"
#include "machine/heap.h"

static void collect_if_alone(struct aw_machine *machine)
{
    if (machine->work.head.thread_count != 1)
        return;
    for (uint32_t slot = 0; slot < machine->image.slot_end; slot++)
        if (machine->image.slots[slot].mapped &&
            machine->image.slots[slot].heap_high > aw_heap_of(slot))
            aw_arena_collect((void *)aw_heap_of(slot), machine->settings.heap_bytes);
}

bool aw_finish_create(struct aw_machine *machine, const struct aw_op *op, uint64_t *result)
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
        return aw_finish_limit(machine, op, error.message);
    int index = aw_process_thread(&machine->work, (uint32_t)slot);
    machine->work.threads[index].detached = op->argument != 0;
    if (machine->work.threads[index].detached)
        aw_facts_foreign_join(machine);
    aw_finish_fill(machine, op, op->address, &(uint64_t){(uint64_t)slot + 1}, sizeof(uint64_t));
    *result = 0;
    return true;
}

int aw_finish_join_error(const struct aw_process *process, int index)
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

uint64_t aw_finish_join(struct aw_machine *machine, int index, const struct aw_op *op)
{
    int error = aw_finish_join_error(&machine->work, index);
    if (error != 0)
        return (uint64_t)error;
    int target = aw_process_thread(&machine->work, (uint32_t)op->fd);
    if (op->address != 0 && aw_user_fillable(machine, op->address, sizeof(uint64_t)))
        aw_finish_fill(machine, op, op->address, &machine->work.threads[target].result,
                       sizeof(uint64_t));
    if (aw_slot_creator((uint32_t)op->fd) != machine->run_slot)
        aw_facts_foreign_join(machine);
    aw_process_remove_thread(&machine->work, target);
    collect_if_alone(machine);
    return 0;
}

uint64_t aw_finish_detach(struct aw_machine *machine, const struct aw_op *op)
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
bool aw_finish_thread_exit(struct aw_machine *machine, int index)
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
    aw_finish_abandon(machine, thread->slot);
    aw_facts_ends(machine, thread);
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
    work->threads[0].touched = 0;
    work->head.worker = 0;
    work->head.forks = 0;
    if (work->head.generation < UINT8_MAX)
        work->head.generation++;
    work->head.monitor_count = 0;
    work->head.lock_count = 0;
    collect_if_alone(machine);
}
