/* SPDX-License-Identifier: MIT */
/* reusing.h - what reuse.c, reuse_part.c and reuse_learn.c share. */
#ifndef AW_MACHINE_REUSING_H
#define AW_MACHINE_REUSING_H

#include "machine/process.h"
#include "machine/reuse.h"

enum { AW_REUSE_BYTES = 4096 }; /* the most that is looked at in one place */
#define AW_REUSE_ARENA                                                                             \
    UINT32_MAX /* in place of a size: the blocks of the arena that begins there */

/* The part of a process that belongs to one thread; then its chunks. */
struct aw_reuse_own {
    uint64_t children;
    uint64_t consoles; /* bit i: descriptor i is one; what is printed goes there */
    uint32_t generation, chunk_count;
    struct aw_thread thread;
};

static inline const struct aw_image_chunk *aw_reuse_own_chunks(const struct aw_reuse_own *own)
{
    return (const struct aw_image_chunk *)(own + 1);
}

static inline uint32_t aw_reuse_arena_of(uint64_t address)
{
    return (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
}

/* Its id in machine->reuse.owns. */
uint32_t aw_reuse_own(struct aw_machine *machine, uint32_t local, unsigned thread);

/* The chunk numbers of what belongs to a slot: [0] errno and thread-local storage, [1] its stack. */
void aw_reuse_own_bounds(uint32_t slot, uint32_t low[2], uint32_t high[2]);

void aw_reuse_peek(const struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                   void *bytes, uint32_t size);

/* The blocks of an arena: its head and their headers, each after its number (heap.c). All that malloc and
 * free look at. How many bytes of the AW_REUSE_BYTES it takes, or 0: too many. */
uint32_t aw_reuse_skeleton(const struct aw_machine *machine, const struct aw_local *local,
                           uint32_t slot, uint8_t *bytes);

/* What lies at a place, as a key. `enters`: it may be new; otherwise false when it is. */
bool aw_reuse_value(struct aw_machine *machine, const struct aw_local *local, uint64_t address,
                    uint32_t size, bool enters, uint64_t *value);

/* May the step be plain, as far as its operation tells? */
bool aw_reuse_may(struct aw_machine *machine, const struct aw_local *from,
                  const struct aw_thread *thread, const struct aw_answer *answer);

/* Packs the local state that the pattern leads to into machine->pack_buffer; its size. */
uint32_t aw_reuse_pack(struct aw_machine *machine, const struct aw_local *from, unsigned thread,
                       const struct aw_reuse_pattern *pattern);

#endif
