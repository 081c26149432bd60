/* SPDX-License-Identifier: MIT */
/*
 * access_race.c - threads of a process that are parked at conflicting accesses, and what is said of
 * them. Those of different processes, on a mapping: race.c.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "machine/cpu.h"
#include "machine/internal.h"
#include "machine/live.h"

const char *aw_machine_uninstrumented(struct aw_machine *machine)
{
    return aw_module_uninstrumented(machine->program);
}

const char *aw_machine_zeroed(struct aw_machine *machine)
{
    return aw_module_zeroed(machine->program);
}

void aw_access_name(struct aw_machine *machine, uint64_t address, char *text, uint32_t size)
{
    uint64_t offset = 0;
    const char *owner, *name = aw_machine_variable(machine, address, &offset, &owner);
    if (name != NULL && offset == 0)
        snprintf(text, size, "%s%s", owner, name);
    else if (name != NULL)
        snprintf(text, size, "%s%s, byte %llu", owner, name, (unsigned long long)offset);
    else if (address >= AW_STACK_BASE && address < AW_STACK_BASE + AW_STACK_STRIDE)
        snprintf(text, size, "a variable on the stack of the first thread");
    else if (address >= AW_STACK_BASE)
        snprintf(text, size, "a variable on the stack of thread %u",
                 (unsigned)((address - AW_STACK_BASE) / AW_STACK_STRIDE));
    else if (address < AW_HEAP_BASE || !aw_live_block_name(machine, address, text, size))
        snprintf(text, size, "memory%s", address >= AW_HEAP_BASE ? " of the heap" : "");
}

/* The bytes that an operation touches: those of an access, or of its object. */
static bool bytes_of(const struct aw_op *op, struct aw_range *range)
{
    const struct aw_op_target target = aw_op_target(op);
    switch (op->kind) {
    case AW_OP_ACCESS:
        *range = (struct aw_range){op->address, op->argument & UINT32_MAX,
                                   (uint32_t)(op->argument >> 32)};
        return true;
    case AW_OP_WRITE: /* it goes on reading as long as it sleeps */
        return aw_op_reads(op, range);
    default: /* one asleep at a condition is no longer there once woken: that may be destroyed */
        *range = (struct aw_range){target.address, target.size,
                                   AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
        return target.kind != AW_TARGET_NONE;
    }
}

bool aw_access_of(const struct aw_thread *thread, struct aw_range *range)
{
    /* One in a mapping: race.c. */
    return thread->status == AW_THREAD_PARKED && (thread->op.flags & AW_OP_SHARED) == 0 &&
           bytes_of(&thread->op, range);
}

static bool is_visible_or_tracked(const struct aw_machine *machine, uint64_t address, uint64_t size)
{
    return aw_access_is_visible(machine, address, size) ||
           aw_bytes_have(&machine->accesses.tracked, address, size);
}

bool aw_machine_op_is_visible(const struct aw_machine *machine, const struct aw_op *op)
{
    struct aw_range range;
    if (machine->accesses.visible.page_count == 0 && machine->accesses.tracked.page_count == 0)
        return false;
    if (op->kind == AW_OP_COND_WAIT && is_visible_or_tracked(machine, op->argument, AW_LOCK_BYTES))
        return true;
    return bytes_of(op, &range) && is_visible_or_tracked(machine, range.address, range.size);
}

bool aw_access_race(const struct aw_machine *machine, const struct aw_thread *threads, int count,
                    int *one, int *other)
{
    struct aw_range a, b;
    for (int i = 0; i < count; i++) {
        if (!aw_access_of(&threads[i], &a))
            continue;
        for (int j = i + 1; j < count; j++) {
            if (!aw_access_of(&threads[j], &b) || a.address >= b.address + b.size ||
                b.address >= a.address + a.size || ((a.kind | b.kind) & AW_ACCESS_WRITE) == 0 ||
                (a.kind & b.kind & AW_ACCESS_ATOMIC) != 0 ||
                ((machine->accesses.plant & AW_PLANT_ONLY_WRITES) != 0 &&
                 (a.kind & b.kind & AW_ACCESS_WRITE) == 0))
                continue;
            *one = i;
            *other = j;
            return true;
        }
    }
    return false;
}

static bool is_frame(const uint64_t *frame, uint64_t sp, uint64_t top)
{
    return (uint64_t)frame > sp && (uint64_t)frame + 16 <= top && (uint64_t)frame % 8 == 0;
}

/* The frame of the function of the program that has called the runtime, or that the thread is in;
 * *outermost: where in the runtime its outermost function is, 0 if the thread is not in the runtime. */
static const uint64_t *leave_runtime(const struct aw_machine *machine, uint64_t sp, uint64_t top,
                                     uint64_t *outermost)
{
    const struct aw_module *runtime = machine->runtime;
    uint64_t pc = *(const uint64_t *)(sp + AW_CPU_FRAME);
    const uint64_t *frame = *(const uint64_t *const *)(sp + AW_CPU_FRAME - 8);
    *outermost = 0;
    while (pc >= runtime->text_start && pc < runtime->text_end) {
        *outermost = pc;
        if (!is_frame(frame, sp, top))
            return NULL;
        pc = frame[1];
        frame = (const uint64_t *)frame[0];
    }
    return frame;
}

void aw_access_stack(struct aw_machine *machine, uint64_t pc, uint64_t sp, uint32_t slot,
                     char *text, size_t size)
{
    const struct aw_module *program = machine->program;
    const char *function, *file;
    int line;
    size_t at = 0;
    uint64_t top = aw_stack_top(slot), outermost = 0;
    const uint64_t *frame = sp == 0 ? NULL : leave_runtime(machine, sp, top, &outermost);
    text[0] = '\0';
    if (outermost != 0 && aw_machine_place(machine, outermost, &function, &file, &line) &&
        function != NULL && strcmp(function, "__aw_start") == 0) {
        snprintf(text, size, " after main");
        return;
    }
    for (int depth = 0; depth < 8 && at < size; depth++) {
        if (aw_machine_place(machine, pc, &function, &file, &line))
            at += (size_t)snprintf(text + at, size - at, "%s %s:%d (%s)",
                                   at == 0 ? " at" : ", called from", file, line,
                                   function ? function : "?");
        if (!is_frame(frame, sp, top))
            break;
        pc = frame[1];
        frame = (const uint64_t *)frame[0];
        if (pc < program->text_start || pc >= program->text_end)
            break;
    }
}

/* The function of the runtime that the program has called, if the thread is inside of one. */
static const char *runtime_function(struct aw_machine *machine, const struct aw_thread *thread)
{
    static const char *const inner[][2] = {
        {"exit_orderly", "exit"}, {"__aw_start", "exit"}, {"thread_ends", "pthread_exit"}};
    const char *function = NULL, *file;
    uint64_t outermost;
    int line;
    leave_runtime(machine, thread->sp, aw_stack_top(thread->slot), &outermost);
    if (outermost == 0 || !aw_machine_place(machine, outermost, &function, &file, &line))
        return NULL;
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        if (function != NULL && strcmp(function, inner[i][0]) == 0)
            return inner[i][1];
    return function;
}

/* "write of 4 bytes at file.c:12 (function), called from ..." by the frame pointers of the stack. */
void aw_access_describe(struct aw_machine *machine, const struct aw_thread *thread,
                        struct aw_range range, char *text, size_t size)
{
    struct aw_access_view view;
    if (thread->op.kind == AW_OP_ACCESS)
        aw_machine_access_view(machine, &thread->op, &view);
    const char *what = thread->op.kind == AW_OP_ACCESS ? view.name : aw_op_name(thread->op.kind);
    const char *caller = thread->op.kind == AW_OP_ACCESS ? runtime_function(machine, thread) : NULL;
    if (caller != NULL)
        what = caller;
    int at = snprintf(text, size, "%s%s of %llu byte%s",
                      thread->op.kind == AW_OP_ACCESS && view.is_atomic ? "atomic " : "", what,
                      (unsigned long long)range.size, range.size == 1 ? "" : "s");
    aw_access_stack(machine, thread->op.pc, thread->sp, thread->slot, text + at, size - (size_t)at);
}

void aw_access_race_text(struct aw_machine *machine, int one, int other, char *text, uint32_t size)
{
    struct aw_range range = {0}, second = {0};
    char first[200], last[200], name[200];
    aw_access_of(&machine->work.threads[one], &range);
    aw_access_of(&machine->work.threads[other], &second);
    struct aw_range mine = range;
    if (second.address > range.address)
        range = second; /* a byte that both touch */
    aw_access_describe(machine, &machine->work.threads[one], mine, first, sizeof first);
    aw_access_describe(machine, &machine->work.threads[other], second, last, sizeof last);
    aw_access_name(machine, range.address, name, sizeof name);
    snprintf(text, size, "data race on %s: %s; and %s", name, first, last);
}
