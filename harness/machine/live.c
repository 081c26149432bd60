/* SPDX-License-Identifier: MIT */
/*
 * live.c - the judgement of live.h.
 *
 * What was found to be one object is remembered as a range in a small direct-mapped table; blocks that
 * come or go begin a new generation of it. The blocks of an arena are listed when the first access to it
 * misses the table. Both are buffers of the run, since a hook may be abandoned anywhere: what is half
 * written belongs to a generation that the next run ends.
 */
#include "machine/live.h"

#include <string.h>
#include <sys/mman.h>

#include "machine/cpu.h"
#include "machine/heap.h"
#include "machine/internal.h"

enum { TABLE = 256, SPANS = 1 << 20, ARENAS = 64 };

static struct {
    struct aw_machine *machine;
    const struct aw_module_objects *objects;
    uint64_t stack_low, stack_top; /* of the running thread */
    uint32_t generation;
    struct {
        uint64_t start, end;
        uint32_t generation;
    } known[TABLE];
    /* Live blocks of the arenas that were looked at in this generation. */
    struct {
        uint32_t slot, generation, first, count;
    } arenas[ARENAS];
    struct aw_span *spans;
    uint32_t span_count;
} live;

void aw_live_open(struct aw_machine *machine)
{
    live.machine = machine;
    live.objects = aw_module_objects(machine->program);
    if (live.spans == NULL) {
        live.spans = mmap(NULL, SPANS * sizeof *live.spans, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        AW_CHECK(live.spans != MAP_FAILED);
    }
    live.generation++;
}

void aw_live_close(void)
{
    live.machine = NULL;
}

void aw_live_changed(const struct aw_machine *machine)
{
    live.generation++;
    live.span_count = 0;
    live.stack_top = aw_stack_top(machine->run_slot);
    live.stack_low = live.stack_top - machine->image.stack_bytes;
}

/* The last range that begins at or before the address, or NULL. */
#define LAST_BEFORE(ranges, range_count, wanted, found)                                            \
    do {                                                                                           \
        uint64_t low_ = 0, high_ = range_count;                                                    \
        while (low_ < high_) {                                                                     \
            uint64_t middle_ = (low_ + high_) / 2;                                                 \
            if ((ranges)[middle_].start <= (wanted))                                               \
                low_ = middle_ + 1;                                                                \
            else                                                                                   \
                high_ = middle_;                                                                   \
        }                                                                                          \
        found = low_ == 0 ? NULL : &(ranges)[low_ - 1];                                            \
    } while (0)

static void remember(uint64_t address, uint64_t start, uint64_t end)
{
    uint32_t at = (uint32_t)(address >> 5) % TABLE;
    live.known[at].generation = 0;
    live.known[at].start = start;
    live.known[at].end = end;
    __asm__ volatile("" ::: "memory");
    live.known[at].generation = live.generation;
}

/* The live blocks of an arena, listed if they are not yet; false when there is no room for a list. */
static bool list_blocks(uint32_t slot)
{
    unsigned at = slot % ARENAS;
    if (live.arenas[at].generation == live.generation && live.arenas[at].slot == slot)
        return true;
    bool sound;
    uint32_t count = aw_arena_spans((const void *)aw_heap_of(slot), live.machine->image.heap_bytes,
                                    live.spans + live.span_count, SPANS - live.span_count, &sound);
    if (count == UINT32_MAX)
        return false;
    live.arenas[at].generation = 0;
    live.arenas[at].slot = slot;
    live.arenas[at].first = live.span_count;
    live.arenas[at].count = count;
    live.span_count += count;
    live.arenas[at].generation = live.generation;
    return true;
}

static bool in_block(uint64_t address, uint64_t size)
{
    const struct aw_image *image = &live.machine->image;
    uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    uint64_t base = aw_heap_of(slot);
    if (!image->slots[slot].mapped || address >= base + image->heap_bytes)
        return true; /* a crash */
    if (image->slots[slot].heap_high <= base)
        return false;
    if (!list_blocks(slot)) {
        struct aw_arena_block block;
        return aw_arena_before((const void *)base, image->heap_bytes, address, &block) &&
               !block.returned && address + size <= block.start + block.size;
    }
    unsigned at = slot % ARENAS;
    const struct aw_span *spans = live.spans + live.arenas[at].first, *block;
    LAST_BEFORE(spans, live.arenas[at].count, address, block);
    if (block == NULL || address + size > block->end)
        return false;
    remember(address, block->start, block->end);
    return true;
}

uint64_t aw_live_block(uint64_t address)
{
    uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
    const struct aw_image *image = &live.machine->image;
    const struct aw_span *block;
    if (!image->slots[slot].mapped || image->slots[slot].heap_high <= aw_heap_of(slot) ||
        !list_blocks(slot))
        return 0;
    unsigned at = slot % ARENAS;
    LAST_BEFORE(live.spans + live.arenas[at].first, live.arenas[at].count, address, block);
    return block == NULL || address >= block->end ? 0 : block->start;
}

static bool in_frame(uint64_t address, uint64_t size)
{
    const struct aw_machine *machine = live.machine;
    uint32_t slot = (uint32_t)((address - AW_STACK_BASE) / AW_STACK_STRIDE);
    uint64_t top = aw_stack_top(slot);
    if (!machine->image.slots[slot].mapped || address < top - machine->image.stack_bytes)
        return true; /* a crash */
    if (size > top - address)
        return false;
    int index = aw_process_thread(&machine->work, slot);
    if (index < 0) /* a child has its parent's main stack, whoever forked */
        return slot == 0 && machine->work.head.generation > 0;
    const struct aw_thread *thread = &machine->work.threads[index];
    return thread->status == AW_THREAD_PARKED && address >= thread->sp + AW_CPU_FRAME;
}

static bool in_object(uint64_t address, uint64_t size)
{
    const struct aw_module_objects *all = live.objects;
    const struct aw_module_range *object;
    LAST_BEFORE(all->objects, all->count, address, object);
    if (object != NULL && address < object->end) {
        if (address + size > object->end)
            return false;
        remember(address, object->start, object->end);
        return true;
    }
    for (size_t i = 0; i < all->strict_count; i++)
        if (address >= all->strict[i].start && address < all->strict[i].end)
            return false;
    return true;
}

bool aw_live(uint64_t address, uint64_t size, uint64_t low)
{
    if (size > UINT64_MAX - address) /* a length below 0 */
        size = UINT64_MAX - address;
    if (address >= live.stack_low && address < live.stack_top)
        /* Code that has switched to a stack of its own is not judged. */
        return size <= live.stack_top - address &&
               (address >= low || low < live.stack_low || low > live.stack_top);
    uint32_t at = (uint32_t)(address >> 5) % TABLE;
    if (live.known[at].generation == live.generation && address >= live.known[at].start &&
        address + size <= live.known[at].end)
        return true;
    if (address >= AW_HEAP_BASE && address < AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE)
        return in_block(address, size);
    if (address >= AW_STACK_BASE && address < AW_STACK_BASE + AW_SLOTS * AW_STACK_STRIDE)
        return in_frame(address, size);
    if (address >= live.machine->program->start && address < live.machine->program->end)
        return in_object(address, size);
    if (address >= AW_LOCAL_BASE && address < AW_LOCAL_BASE + AW_SLOTS * AW_LOCAL_STRIDE) {
        uint32_t slot = (uint32_t)((address - AW_LOCAL_BASE) / AW_LOCAL_STRIDE);
        int index = aw_process_thread(&live.machine->work, slot);
        return !live.machine->image.slots[slot].mapped || live.machine->work.head.generation > 0 ||
               (index >= 0 && live.machine->work.threads[index].status == AW_THREAD_PARKED);
    }
    return true;
}
