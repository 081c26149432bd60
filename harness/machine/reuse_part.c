/* SPDX-License-Identifier: MIT */
/* reuse_part.c - what steps depend on: the own part of a thread, and what lies in memory. */
#include <string.h>

#include "machine/heap.h"
#include "machine/internal.h"
#include "machine/reusing.h"

void aw_reuse_own_bounds(uint32_t slot, uint32_t low[2], uint32_t high[2])
{
    low[0] = aw_image_chunk_of(aw_local_of(slot));
    high[0] = low[0] + (uint32_t)(AW_LOCAL_STRIDE / AW_CHUNK);
    high[1] = aw_image_chunk_of(aw_stack_top(slot));
    low[1] = high[1] - (uint32_t)(AW_STACK_STRIDE / AW_CHUNK);
}

uint32_t aw_reuse_own(struct aw_machine *machine, uint32_t local, unsigned thread)
{
    struct aw_thread_info *info = &machine->infos[local].threads[thread];
    if (info->own != AW_INTERN_NONE)
        return info->own;
    const struct aw_local *from = aw_local_get(machine, local);
    const struct aw_thread *threads = aw_local_threads(from);
    const struct aw_image_chunk *chunks = aw_local_chunks(from);
    uint32_t low[2], high[2], first[2], last[2];
    aw_reuse_own_bounds(threads[thread].slot, low, high);
    uint32_t count = 0;
    for (int i = 0; i < 2; i++) {
        first[i] = aw_image_seek(chunks, from->chunk_count, low[i]);
        for (last[i] = first[i]; last[i] < from->chunk_count && chunks[last[i]].index < high[i];)
            last[i]++;
        count += last[i] - first[i];
    }
    uint32_t size = (uint32_t)(sizeof(struct aw_reuse_own) + count * sizeof *chunks);
    struct aw_reuse_own *own = (struct aw_reuse_own *)aw_scratch(machine, size);
    memset(own, 0, sizeof *own);
    own->children = aw_facts_children(threads, from->thread_count, threads[thread].slot);
    own->generation = from->generation;
    for (int i = 0; i < from->fd_count; i++)
        if (aw_local_fds(from)[i].kind == AW_FD_CONSOLE && aw_local_fds(from)[i].fd < 64)
            own->consoles |= (uint64_t)1 << aw_local_fds(from)[i].fd;
    own->chunk_count = count;
    own->thread = threads[thread];
    own->thread.touched = 0;
    struct aw_image_chunk *to = (struct aw_image_chunk *)(own + 1);
    for (int i = 0; i < 2; i++) {
        memcpy(to, chunks + first[i], (last[i] - first[i]) * sizeof *to);
        to += last[i] - first[i];
    }
    return info->own = aw_intern_put(&machine->reuse.owns, own, size);
}

void aw_reuse_peek(const struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                   void *bytes, uint32_t size)
{
    aw_image_peek(&machine->image, aw_local_chunks(local), local->chunk_count, address, bytes,
                  size);
}

uint32_t aw_reuse_skeleton(const struct aw_machine *machine, const struct aw_local *local,
                           uint32_t slot, uint8_t *bytes)
{
    uint32_t size = 0, offset = 0;
    do {
        if (size + sizeof offset + AW_ARENA_HEADER > AW_REUSE_BYTES)
            return 0;
        memcpy(bytes + size, &offset, sizeof offset);
        aw_reuse_peek(machine, local, aw_heap_of(slot) + (uint64_t)offset * AW_ARENA_HEADER,
                      bytes + size + sizeof offset, AW_ARENA_HEADER);
        memcpy(&offset, bytes + size + sizeof offset, sizeof offset);
        size += (uint32_t)sizeof offset + AW_ARENA_HEADER;
        if (offset >= machine->image.heap_bytes / AW_ARENA_HEADER)
            return 0;
    } while (offset != 0);
    return size;
}

bool aw_reuse_value(struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                    uint32_t size, bool enters, uint64_t *value)
{
    struct aw_intern *values = &machine->reuse.values;
    uint8_t bytes[AW_REUSE_BYTES];
    *value = 0;
    if (size <= sizeof *value) {
        aw_reuse_peek(machine, local, address, value, size);
        return true;
    }
    if (size == AW_REUSE_ARENA)
        size = aw_reuse_skeleton(machine, local, aw_reuse_arena_of(address), bytes);
    else
        aw_reuse_peek(machine, local, address, bytes, size);
    uint32_t id = enters ? aw_intern_put(values, bytes, size) : aw_intern_find(values, bytes, size);
    *value = id;
    return id != AW_INTERN_NONE;
}
