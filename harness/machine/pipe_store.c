/* SPDX-License-Identifier: MIT */
/*
 * pipe_store.c - how pipes are kept.
 *
 * A pipe in slots mode may hold 64 KiB, of which one operation changes little, and a search under
 * faults meets hundreds of thousands of them. A long one is therefore stored packed: behind its
 * runs stand, in place of the content, the payload ids of the pages' contents, which most pipes
 * share. Ids name contents, so that packed values are the same exactly when the pipes are; whether
 * a value is packed depends on its length alone. Everything but the content is where it always is,
 * so that only who reads or writes has to unpack.
 */
#include "machine/kernel.h"

#include <string.h>

enum { PACKED_FROM = 256 }; /* bytes of content */

uint32_t aw_pipe_put(struct aw_machine *machine, const struct aw_pipe *pipe)
{
    if (!pipe->exact || pipe->byte_count < PACKED_FROM)
        return aw_intern_put(&machine->objects, pipe, pipe->size);
    uint32_t size =
        (uint32_t)aw_pipe_value_size(pipe->run_count, pipe->run_count * (uint32_t)sizeof(uint32_t));
    uint64_t value[(sizeof *pipe + 512 * (sizeof *pipe->runs + sizeof(uint32_t))) / 8 + 1];
    if (size > sizeof value)
        return aw_intern_put(&machine->objects, pipe, pipe->size);
    struct aw_pipe *packed = (struct aw_pipe *)value;
    memset(packed, 0, size);
    memcpy(packed, pipe, sizeof *pipe + pipe->run_count * sizeof *pipe->runs);
    packed->size = size;
    packed->packed = 1;
    uint32_t *ids = (uint32_t *)(packed->runs + packed->run_count);
    const uint8_t *content = aw_pipe_content(pipe);
    for (uint32_t i = 0; i < pipe->run_count; i++) {
        ids[i] = aw_intern_put(&machine->payloads, content, pipe->runs[i].length);
        content += pipe->runs[i].length;
    }
    return aw_intern_put(&machine->objects, packed, size);
}

uint32_t aw_pipe_flat_size(const struct aw_machine *machine, uint32_t object)
{
    const struct aw_pipe *pipe = aw_intern_get(&machine->objects, object);
    return (uint32_t)aw_pipe_value_size(pipe->run_count, pipe->byte_count);
}

const struct aw_pipe *aw_pipe_get(const struct aw_machine *machine, uint32_t object,
                                  struct aw_pipe *room)
{
    const struct aw_pipe *pipe = aw_intern_get(&machine->objects, object);
    if (!pipe->packed)
        return pipe;
    memcpy(room, pipe, sizeof *pipe + pipe->run_count * sizeof *pipe->runs);
    room->size = aw_pipe_flat_size(machine, object);
    room->packed = 0;
    const uint32_t *ids = (const uint32_t *)(pipe->runs + pipe->run_count);
    uint8_t *content = (uint8_t *)(room->runs + room->run_count);
    for (uint32_t i = 0; i < pipe->run_count; i++) {
        memcpy(content, aw_intern_get(&machine->payloads, ids[i]), pipe->runs[i].length);
        content += pipe->runs[i].length;
    }
    memset(content, 0, (size_t)((uint8_t *)room + room->size - content));
    return room;
}
