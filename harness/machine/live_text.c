/* SPDX-License-Identifier: MIT */
/*
 * live_text.c - a finding of live.c in words: what was accessed how, where it lies, where that came from.
 *
 * The text is part of a learned step, so it says only what the step itself knows: the state and what the
 * run has freed so far. Who tells a whole schedule (trace/observe.c) knows what the steps before it have
 * freed, too.
 */
#include <stdio.h>
#include <string.h>

#include "machine/cpu.h"
#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/live.h"

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void place(struct aw_machine *machine, const char *what, uint64_t pc, char *text,
                  size_t size)
{
    const char *function, *file;
    int line;
    size_t at = strlen(text);
    if (pc != 0 && aw_machine_place(machine, pc, &function, &file, &line))
        snprintf(text + at, size - at, ", %s at %s:%d (%s)", what, file, line,
                 function ? function : "?");
}

static const struct aw_freed *freed_at(const struct aw_machine *machine, uint64_t address)
{
    for (uint32_t i = machine->freed_count; i-- > 0;) {
        const struct aw_freed *freed = &machine->freed[i];
        if (address >= freed->start && address - freed->start < (freed->size ? freed->size : 1))
            return freed;
    }
    return NULL;
}

bool aw_live_block_name(struct aw_machine *machine, uint64_t address, char *text, size_t room)
{
    uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    uint64_t base = aw_heap_of(slot), none;
    const void *arena = (const void *)base;
    struct aw_arena_block block = {0};
    if (machine->image.slots[slot].heap_high <= base ||
        aw_arena_block_size(arena, machine->settings.heap_bytes, NULL, &none) == AW_HEAP_CORRUPT ||
        !aw_arena_before(arena, machine->settings.heap_bytes, address, &block) ||
        address - block.start >= block.size)
        return false;
    snprintf(text, room, "byte %llu of a block of %llu byte%s",
             (unsigned long long)(address - block.start), (unsigned long long)block.size,
             plural(block.size));
    place(machine, "allocated", aw_origin_pc(block.tag), text, room);
    return true;
}

/* Returns the name of the error. */
static const char *in_heap(struct aw_machine *machine, uint64_t address, uint64_t size, char *text,
                           size_t room, enum aw_told *told)
{
    uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    uint64_t base = aw_heap_of(slot), capacity = machine->settings.heap_bytes;
    struct aw_arena_block block = {0}, next = {0};
    bool used = machine->image.slots[slot].heap_high > base;
    bool found = used && aw_arena_before((const void *)base, capacity, address, &block);
    uint64_t none, offset = address - block.start;
    unsigned long long number = (unsigned long long)block.size;
    if (used && aw_arena_block_size((const void *)base, capacity, NULL, &none) == AW_HEAP_CORRUPT) {
        snprintf(text, room, "the heap of its thread was overwritten");
        return "heap corruption";
    }
    const struct aw_freed *freed = freed_at(machine, address);
    if (freed != NULL) {
        snprintf(text, room, "byte %llu of a block of %llu byte%s",
                 (unsigned long long)(address - freed->start), (unsigned long long)freed->size,
                 plural(freed->size));
        place(machine, "allocated", freed->allocated, text, room);
        place(machine, "freed", freed->pc, text, room);
        return "use after free";
    }
    if (found && block.returned && offset < block.size) {
        snprintf(text, room, "byte %llu of a block of %llu byte%s that another thread has freed",
                 (unsigned long long)offset, number, plural(block.size));
        place(machine, "allocated", aw_origin_pc(block.tag), text, room);
        *told = AW_TOLD_BLOCK;
        return "use after free";
    }
    if (found && !block.returned && offset < block.size) {
        int at = snprintf(text, room, "from byte %llu on, ", (unsigned long long)offset);
        if (size < AW_RANGE_BYTES_MAX)
            at += snprintf(text + at, room - (size_t)at, "%llu byte%s ",
                           (unsigned long long)(offset + size - block.size),
                           plural(offset + size - block.size));
        snprintf(text + at, room - (size_t)at, "beyond the end of a block of %llu byte%s", number,
                 plural(block.size));
        place(machine, "allocated", aw_origin_pc(block.tag), text, room);
        return "out of bounds";
    }
    enum { NEAR = 32 };
    if (found && !block.returned && offset - block.size < NEAR) {
        snprintf(text, room, "%llu byte%s after the end of a block of %llu byte%s",
                 (unsigned long long)(offset - block.size), plural(offset - block.size), number,
                 plural(block.size));
        place(machine, "allocated", aw_origin_pc(block.tag), text, room);
        return "out of bounds";
    }
    if (used && aw_arena_before((const void *)base, capacity, address + NEAR, &next) &&
        next.start > address && !next.returned) {
        snprintf(text, room, "%llu byte%s before a block of %llu byte%s",
                 (unsigned long long)(next.start - address), plural(next.start - address),
                 (unsigned long long)next.size, plural(next.size));
        place(machine, "allocated", aw_origin_pc(next.tag), text, room);
        return "out of bounds";
    }
    *told = AW_TOLD_NOTHING;
    snprintf(text, room,
             "memory of the heap of thread %u that is in no block: freed, or never allocated",
             slot);
    return "use of unallocated memory";
}

static const char *in_stack(const struct aw_machine *machine, uint64_t address, uint64_t size,
                            char *text, size_t room)
{
    uint32_t slot = (uint32_t)((address - AW_STACK_BASE) / AW_STACK_STRIDE);
    int index = aw_process_thread(&machine->work, slot);
    if (index < 0 || machine->work.threads[index].status == AW_THREAD_ENDED) {
        snprintf(text, room, "a variable on the stack of thread %u, which has ended", slot);
        return "use after end of thread";
    }
    const char *whose = slot == machine->run_slot ? "its own thread" : "another thread";
    if (size > aw_stack_top(slot) - address) {
        snprintf(text, room, "from a variable on the stack of %s on, beyond the end of that stack",
                 whose);
        return "out of bounds";
    }
    snprintf(text, room, "a variable on the stack of %s, whose function has returned", whose);
    return "use after return";
}

static const char *in_data(struct aw_machine *machine, uint64_t address, char *text, size_t room)
{
    const struct aw_module_objects *all = aw_module_objects(machine->program);
    const struct aw_module_range *before = NULL;
    const char *name = NULL;
    uint64_t offset = 0;
    for (size_t i = 0; i < all->count && all->objects[i].start <= address; i++)
        before = &all->objects[i];
    if (before != NULL)
        name = aw_module_variable_at(machine->program, before->start, &offset);
    if (name == NULL)
        snprintf(text, room, "between the variables of the program");
    else if (address < before->end)
        snprintf(text, room, "from byte %llu on, across the end of %s, which has %llu byte%s",
                 (unsigned long long)(address - before->start), name,
                 (unsigned long long)(before->end - before->start),
                 plural(before->end - before->start));
    else
        snprintf(text, room, "%llu byte%s after the end of %s, which has %llu byte%s",
                 (unsigned long long)(address - before->end), plural(address - before->end), name,
                 (unsigned long long)(before->end - before->start),
                 plural(before->end - before->start));
    return "out of bounds";
}

void aw_live_tell(struct aw_machine *machine, const struct aw_dead_access *access)
{
    char where[400], stack[400], text[1000];
    const char *what = "use after end of thread", *verb = "read";
    enum aw_told told = AW_TOLD_ALL;
    uint64_t address = access->address, size = access->size;
    snprintf(where, sizeof where, "thread-local storage of a thread that has ended");
    if (address >= AW_HEAP_BASE && address < AW_STACK_BASE)
        what = in_heap(machine, address, size, where, sizeof where, &told);
    else if (address >= AW_STACK_BASE)
        what = in_stack(machine, address, size, where, sizeof where);
    else if (address < AW_RUNTIME_BASE)
        what = in_data(machine, address, where, sizeof where);
    if ((access->kind & AW_ACCESS_WRITE) != 0)
        verb = (access->kind & AW_ACCESS_READ) != 0 ? "change" : "write";
    aw_access_stack(machine, access->pc, machine->run_sp, machine->run_slot, stack, sizeof stack);
    char bytes[40] = "1 GiB or more"; /* an absurd length */
    if (size < AW_RANGE_BYTES_MAX)
        snprintf(bytes, sizeof bytes, "%llu byte%s", (unsigned long long)size, plural(size));
    int length = snprintf(text, sizeof text, "%s: %s%s of %s%s%s%s: %s", what,
                          (access->kind & AW_ACCESS_ATOMIC) != 0 ? "atomic " : "", verb, bytes,
                          access->who ? " by " : "", access->who ? access->who : "", stack, where);
    if (length >= (int)sizeof text)
        length = sizeof text - 1;
    aw_run_event(machine, AW_EVENT_MEMORY, told, address, access->pc, text, (uint32_t)length);
}

void aw_live_freed(struct aw_machine *machine, const struct aw_arena_block *block, uint64_t pc)
{
    if (machine->freed_count == machine->freed_capacity) {
        machine->freed_capacity = machine->freed_capacity ? 2 * machine->freed_capacity : 64;
        machine->freed =
            aw_reallocate(machine->freed, machine->freed_capacity, sizeof *machine->freed);
    }
    machine->freed[machine->freed_count++] =
        (struct aw_freed){.start = block->start,
                          .size = block->size,
                          .pc = pc,
                          .allocated = aw_origin_pc(block->tag)};
}

void aw_live_tell_block(struct aw_machine *machine, const char *call, uint64_t address,
                        bool corrupt)
{
    char stack[400], text[1000] = "";
    const struct aw_freed *freed = freed_at(machine, address);
    uint64_t pc = aw_run_call_site(machine);
    aw_access_stack(machine, pc, aw_cpu.sp, machine->run_slot, stack, sizeof stack);
    if (corrupt) {
        snprintf(text, sizeof text,
                 "heap corruption: %s%s of a block whose surroundings were overwritten", call,
                 stack);
    } else if (freed != NULL && freed->start == address) {
        snprintf(text, sizeof text, "double free: %s%s of a block of %llu byte%s", call, stack,
                 (unsigned long long)freed->size, plural(freed->size));
        place(machine, "allocated", freed->allocated, text, sizeof text);
        place(machine, "freed", freed->pc, text, sizeof text);
    } else {
        snprintf(text, sizeof text, "invalid free: %s%s of what is no allocated block", call,
                 stack);
    }
    aw_run_event(machine, AW_EVENT_MEMORY, freed != NULL || corrupt ? AW_TOLD_ALL : AW_TOLD_NOTHING,
                 address, pc, text, (uint32_t)strlen(text));
}
