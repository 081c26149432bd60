/* SPDX-License-Identifier: MIT */
/*
 * calls_leaks.c - what a process leaves behind when it ends by exit() or by returning from main: heap
 * blocks and descriptors that it has made itself. What it inherited by fork is its parent's to judge;
 * what the runtime keeps for itself (the environment, handlers of exit) has no origin. Children and names
 * are judged by the explorer, which sees the whole state. Where other threads live, who leaves is parked
 * first: what they do up to then counts.
 */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "machine/calls.h"
#include "machine/heap.h"

enum { FIRST_FD = 3, MOST = 8 };

static void leak(struct aw_machine *machine, uint64_t origin, const char *text, unsigned number)
{
    if (number <= MOST)
        aw_run_event(machine, AW_EVENT_LEAK, 0, 0, aw_origin_pc(origin), text,
                     (uint32_t)strlen(text));
}

enum aw_call_result aw_call_leaks(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    (void)args;
    (void)result;
    for (int i = 0; i < machine->work.head.thread_count; i++)
        if (machine->work.threads[i].slot != machine->run_slot &&
            machine->work.threads[i].status == AW_THREAD_PARKED) {
            aw_park(machine, AW_OP_LEAVE);
            return AW_CALL_PARK;
        }
    aw_leaks_judge(machine);
    return AW_CALL_RETURN;
}

void aw_leaks_judge(struct aw_machine *machine)
{
    const struct aw_process *work = &machine->work;
    char text[96];
    unsigned count = 0;
    machine->leaving = true;
    for (uint32_t slot = 0; slot < machine->image.slot_end; slot++) {
        if (!machine->image.slots[slot].mapped ||
            machine->image.slots[slot].heap_high <= aw_heap_of(slot))
            continue;
        const void *arena = (const void *)aw_heap_of(slot), *block = NULL;
        uint64_t size, origin;
        while ((block = aw_arena_next(arena, machine->settings.heap_bytes, block, &size,
                                      &origin)) != NULL) {
            if (!aw_origin_is_own(work, origin))
                continue;
            const struct aw_user_sem *sem = block;
            if (size == sizeof(sem_t) && sem->magic == AW_SEM_NAMED)
                snprintf(text, sizeof text, "leak: a semaphore that is not closed");
            else
                snprintf(text, sizeof text, "leak: a block of %llu byte%s that is not freed",
                         (unsigned long long)size, size == 1 ? "" : "s");
            leak(machine, origin, text, ++count);
        }
    }
    for (int i = 0; i < work->head.fd_count; i++) {
        const struct aw_fd *fd = &work->fds[i];
        if (fd->fd < FIRST_FD || fd->kind == AW_FD_MAPPING || !aw_origin_is_own(work, fd->origin))
            continue;
        snprintf(text, sizeof text, "leak: descriptor %u (%s) that is not closed", fd->fd,
                 fd->kind == AW_FD_PIPE_READ    ? "the read end of a pipe"
                 : fd->kind == AW_FD_PIPE_WRITE ? "the write end of a pipe"
                 : fd->kind == AW_FD_CONSOLE    ? "the console"
                                                : "shared memory");
        leak(machine, fd->origin, text, ++count);
    }
}

enum aw_call_result aw_call_keep(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    uint64_t slot = (args[0] - AW_HEAP_BASE) / AW_HEAP_STRIDE;
    (void)result;
    if (args[0] >= AW_HEAP_BASE && slot < AW_SLOTS && machine->image.slots[slot].mapped)
        aw_arena_tag((void *)aw_heap_of((uint32_t)slot), machine->settings.heap_bytes,
                     (void *)args[0], 0);
    return AW_CALL_RETURN;
}
