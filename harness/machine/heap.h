/* SPDX-License-Identifier: MIT */
/*
 * heap.h - the allocator of the program under test: one arena per virtual thread.
 *
 * An arena is a range of the process image; everything the allocator knows is inside it, so that
 * saving the image saves the heap. Two rules make states meet again:
 *
 *  1. Placement is a function of the owner's own history. A block is placed at the lowest address
 *     of the owner's arena that fits. A block freed by its owner is free at once; a block freed by
 *     another thread only becomes "returned" (zeroed, but not reusable) until aw_arena_collect,
 *     which the machine calls at ordered points: join, the owner's end, fork in the child.
 *  2. Equal sets of live blocks are equal bytes. Freed memory and freed headers are zero,
 *     neighbouring free space is one, an arena without blocks is all zero. No free lists, no
 *     counters, no addresses outside the arena.
 *
 * Blocks are zero-filled, 16-byte aligned (or as asked).
 */
#ifndef AW_MACHINE_HEAP_H
#define AW_MACHINE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum aw_heap_status {
    AW_HEAP_OK,
    AW_HEAP_NOT_A_BLOCK, /* the address is not the start of any block */
    AW_HEAP_FREED_TWICE, /* it was one, and is freed already (known while not yet reused) */
    AW_HEAP_CORRUPT,     /* a header was overwritten: the program wrote outside its blocks */
};

/* Allocates; `capacity` is the arena's size in bytes, `align` a power of two. NULL when it does
 * not fit. A size of 0 gives a unique block. */
void *aw_arena_alloc(void *arena, uint64_t capacity, uint64_t size, uint64_t align);

/* The same, and remembers `tag` (below 2^AW_TAG_BITS) with the block. */
enum { AW_TAG_BITS = 34 };
void *aw_arena_alloc_tagged(void *arena, uint64_t capacity, uint64_t size, uint64_t align,
                            uint64_t tag);

/* Where such a block would be placed; 0 when it does not fit. */
uint64_t aw_arena_place(const void *arena, uint64_t capacity, uint64_t size, uint64_t align);

/* Gives a live block another tag. */
enum aw_heap_status aw_arena_tag(void *arena, uint64_t capacity, void *block, uint64_t tag);

/* Walks the live blocks in the order of their addresses: `block` is the one before (NULL: begin).
 * Returns the next, or NULL. */
void *aw_arena_next(const void *arena, uint64_t capacity, const void *block, uint64_t *size,
                    uint64_t *tag);

/* The live blocks in the order of their addresses, as ranges: how many, or UINT32_MAX when there is no room
 * for all. Stops at an overwritten header, *sound false. */
struct aw_span {
    uint64_t start, end;
};
uint32_t aw_arena_spans(const void *arena, uint64_t capacity, struct aw_span *spans, uint32_t room,
                        bool *sound);

/* Bytes right before a block that tell it: zero where there is none. */
#define AW_ARENA_HEADER 16

/* The block around an address, or the last one before it: where its bytes begin, a returned one too. False
 * when there is none. */
struct aw_arena_block {
    uint64_t start, size, tag;
    bool returned;
};
bool aw_arena_before(const void *arena, uint64_t capacity, uint64_t address,
                     struct aw_arena_block *block);

/* Frees `block` of this arena. `by_owner` as in rule 1. */
enum aw_heap_status aw_arena_free(void *arena, uint64_t capacity, void *block, bool by_owner);

/* Makes returned blocks free. */
void aw_arena_collect(void *arena, uint64_t capacity);

/* Usable size of a live block; status AW_HEAP_OK or what is wrong. */
enum aw_heap_status aw_arena_block_size(const void *arena, uint64_t capacity, const void *block,
                                        uint64_t *size);

/* Bytes from the start of the arena beyond which everything is zero. Constant time. */
uint64_t aw_arena_extent(const void *arena);

/* Walks the live blocks; returns their number and, where `bytes` is not NULL, their total size. */
uint64_t aw_arena_live_blocks(const void *arena, uint64_t capacity, uint64_t *bytes);

#endif
