/* SPDX-License-Identifier: MIT */
/*
 * heap.c - the arena allocator. The contract is in heap.h.
 *
 * Layout, all offsets from the start of the arena and counted in units of 16 bytes:
 *
 *   0    struct head: first block (0 when there is none), check, extent in bytes
 *   ...  zero
 *   b    struct header of a block: next block (0 for the last), check, size and state
 *   b+1  the block's bytes, rounded up to whole units, at least one
 *   ...  zero up to the next block, or up to the end of the arena
 *
 * 1. The blocks form one list in address order. Whatever is not head, header or block is zero:
 *    a gap needs no description, neighbouring gaps are one, and a freed block leaves nothing.
 * 2. Every byte of head and headers is a function of the set of (offset, size, state) of the
 *    blocks present. So equal sets are equal bytes, whatever came before.
 * 3. The check word is a function of the offset and of the other fields, never of an address, and
 *    never zero. It is verified wherever a header is read, so a walk never follows a link that the
 *    program under test has overwritten; it ends with AW_HEAP_CORRUPT instead.
 * 4. A freed block cannot be told from space that never was one (rule 1). What is free again is
 *    therefore reported as freed twice wherever a block could have started; an address inside a
 *    block, misaligned or outside the arena is not a block. A returned block is known exactly.
 *
 * aw_arena_alloc has no status: when it meets a corrupt header it answers NULL. The caller tells
 * the two reasons apart with aw_arena_block_size(arena, capacity, NULL, &size), which walks the
 * whole list: AW_HEAP_CORRUPT, or AW_HEAP_NOT_A_BLOCK when the arena is sound.
 */
#include "machine/heap.h"

#include <string.h>

#include "base/check.h"

enum { UNIT = 16 };

/* The word of a header: RETURNED, the tag, the size. */
#define RETURNED (UINT64_C(1) << 63)
enum { SIZE_BITS = 29 };
#define SIZE_MASK ((UINT64_C(1) << SIZE_BITS) - 1)

struct head {
    uint32_t first; /* units */
    uint32_t check;
    uint64_t extent; /* bytes */
};

struct header {
    uint32_t next; /* units */
    uint32_t check;
    uint64_t size; /* bytes, and above them the tag; RETURNED is the top bit */
};

_Static_assert(sizeof(struct head) == UNIT && sizeof(struct header) == UNIT, "one unit each");

/* One step of a walk: the block at `offset` and the one before it (0: the head). */
struct cursor {
    uint32_t before;
    uint32_t offset; /* 0 at the end of the list */
};

static uint32_t check_word(uint32_t offset, uint32_t link, uint64_t value)
{
    uint64_t mixed = (value + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);

    mixed ^= (uint64_t)offset << 32 | link;
    mixed *= UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(mixed >> 32) | 1;
}

static struct header *header_at(const void *arena, uint32_t offset)
{
    return (struct header *)((char *)(uintptr_t)arena + (uint64_t)offset * UNIT);
}

static uint64_t size_of(const struct header *header)
{
    return header->size & SIZE_MASK;
}

static uint32_t units(uint64_t bytes)
{
    return bytes == 0 ? 1 : (uint32_t)((bytes + UNIT - 1) / UNIT);
}

/* The unit after the block's last. */
static uint32_t end_of(const void *arena, uint32_t offset)
{
    return offset + 1 + units(size_of(header_at(arena, offset)));
}

static void seal(void *arena, uint32_t offset)
{
    struct header *header = header_at(arena, offset);

    header->check = check_word(offset, header->next, header->size);
}

static void seal_head(void *arena)
{
    struct head *head = arena;

    head->check = head->first == 0 ? 0 : check_word(0, head->first, head->extent);
}

static bool head_sound(const void *arena)
{
    const struct head *head = arena;

    if (head->first == 0)
        return head->check == 0 && head->extent == 0;
    return head->check == check_word(0, head->first, head->extent);
}

static bool header_sound(const void *arena, uint64_t capacity, uint32_t offset)
{
    const struct header *header = header_at(arena, offset);

    return offset < capacity / UNIT &&
           header->check == check_word(offset, header->next, header->size);
}

static void check_arguments(uint64_t capacity)
{
    AW_CHECK(capacity >= UNIT);
    AW_CHECK(capacity <= SIZE_MASK);
}

/* Moves to the first block. */
static bool start(const void *arena, uint64_t capacity, struct cursor *cursor)
{
    check_arguments(capacity);
    if (!head_sound(arena))
        return false;
    cursor->before = 0;
    cursor->offset = ((const struct head *)arena)->first;
    return cursor->offset == 0 || header_sound(arena, capacity, cursor->offset);
}

/* Moves to the block after this one. */
static bool step(const void *arena, uint64_t capacity, struct cursor *cursor)
{
    cursor->before = cursor->offset;
    cursor->offset = header_at(arena, cursor->offset)->next;
    return cursor->offset == 0 || header_sound(arena, capacity, cursor->offset);
}

/* Makes `next` the successor of `before`, and keeps the extent when `before` becomes the last. */
static void link_after(void *arena, uint32_t before, uint32_t next)
{
    struct head *head = arena;

    if (before == 0) {
        head->first = next;
    } else {
        header_at(arena, before)->next = next;
        seal(arena, before);
    }
    if (next == 0)
        head->extent = before == 0 ? 0 : (uint64_t)end_of(arena, before) * UNIT;
    seal_head(arena);
}

/* Whole units: a write past the size, or after the block was returned, must not stay behind. */
static void clear_bytes(struct header *header)
{
    memset(header + 1, 0, (uint64_t)units(size_of(header)) * UNIT);
}

static void unlink_block(void *arena, struct cursor cursor)
{
    struct header *header = header_at(arena, cursor.offset);
    uint32_t next = header->next;

    clear_bytes(header);
    memset(header, 0, sizeof *header);
    link_after(arena, cursor.before, next);
}

/* Finds the block that starts at `block`; returned ones too. */
static enum aw_heap_status locate(const void *arena, uint64_t capacity, const void *block,
                                  struct cursor *cursor)
{
    uint64_t distance = (uintptr_t)block - (uintptr_t)arena; /* huge when it lies below */
    bool possible = distance % UNIT == 0 && distance >= 2 * UNIT && distance < capacity;
    uint64_t wanted = possible ? distance / UNIT - 1 : 0;
    bool inside = false;

    if (!start(arena, capacity, cursor))
        return AW_HEAP_CORRUPT;
    while (cursor->offset != 0 && (!possible || cursor->offset < wanted)) {
        inside = end_of(arena, cursor->offset) > wanted + 1;
        if (!step(arena, capacity, cursor))
            return AW_HEAP_CORRUPT;
    }
    if (!possible)
        return AW_HEAP_NOT_A_BLOCK;
    if (cursor->offset == wanted)
        return AW_HEAP_OK;
    if (inside || cursor->offset == wanted + 1)
        return AW_HEAP_NOT_A_BLOCK;
    return AW_HEAP_FREED_TWICE;
}

void *aw_arena_alloc(void *arena, uint64_t capacity, uint64_t size, uint64_t align)
{
    return aw_arena_alloc_tagged(arena, capacity, size, align, 0);
}

/* The first gap that fits: the cursor is behind it. Returns the address of the block's bytes, or 0. */
static uint64_t find_gap(const void *arena, uint64_t capacity, uint64_t size, uint64_t align,
                         struct cursor *cursor)
{
    uintptr_t base = (uintptr_t)arena;
    uint64_t gap = 1; /* first free unit before the cursor */

    AW_CHECK(align != 0);
    AW_CHECK((align & (align - 1)) == 0);
    AW_CHECK(base % UNIT == 0);
    if (!start(arena, capacity, cursor) || size > capacity || align > capacity)
        return 0;
    if (align < UNIT)
        align = UNIT;
    for (;;) {
        uintptr_t block = (base + (gap + 1) * UNIT + align - 1) & ~(uintptr_t)(align - 1);
        uint64_t limit = cursor->offset == 0 ? capacity / UNIT : cursor->offset;

        if ((block - base) / UNIT + units(size) <= limit)
            return block;
        if (cursor->offset == 0)
            return 0;
        gap = end_of(arena, cursor->offset);
        if (!step(arena, capacity, cursor))
            return 0;
    }
}

uint64_t aw_arena_place(const void *arena, uint64_t capacity, uint64_t size, uint64_t align)
{
    struct cursor cursor;

    return find_gap(arena, capacity, size, align, &cursor);
}

void *aw_arena_alloc_tagged(void *arena, uint64_t capacity, uint64_t size, uint64_t align,
                            uint64_t tag)
{
    struct cursor cursor;
    uint64_t block = find_gap(arena, capacity, size, align, &cursor);

    AW_CHECK(tag >> AW_TAG_BITS == 0);
    if (block == 0)
        return NULL;
    uint64_t first = (block - (uintptr_t)arena) / UNIT;
    uint32_t offset = (uint32_t)(first - 1);
    struct header *header = header_at(arena, offset);

    header->next = cursor.offset;
    header->size = size | tag << SIZE_BITS;
    seal(arena, offset);
    link_after(arena, cursor.before, offset);
    if (cursor.offset == 0) {
        ((struct head *)arena)->extent = (first + units(size)) * UNIT;
        seal_head(arena);
    }
    return (void *)block;
}

enum aw_heap_status aw_arena_tag(void *arena, uint64_t capacity, void *block, uint64_t tag)
{
    struct cursor cursor;
    enum aw_heap_status status = locate(arena, capacity, block, &cursor);

    AW_CHECK(tag >> AW_TAG_BITS == 0);
    if (status != AW_HEAP_OK)
        return status;
    struct header *header = header_at(arena, cursor.offset);
    header->size = (header->size & (RETURNED | SIZE_MASK)) | tag << SIZE_BITS;
    seal(arena, cursor.offset);
    return AW_HEAP_OK;
}

void *aw_arena_next(const void *arena, uint64_t capacity, const void *block, uint64_t *size,
                    uint64_t *tag)
{
    struct cursor cursor;
    bool sound = start(arena, capacity, &cursor);

    for (; sound && cursor.offset != 0; sound = step(arena, capacity, &cursor)) {
        struct header *header = header_at(arena, cursor.offset);

        if ((header->size & RETURNED) != 0 || (const void *)(header + 1) <= block)
            continue;
        *size = size_of(header);
        *tag = (header->size & ~RETURNED) >> SIZE_BITS;
        return header + 1;
    }
    return NULL;
}

uint32_t aw_arena_spans(const void *arena, uint64_t capacity, struct aw_span *spans, uint32_t room,
                        bool *sound)
{
    struct cursor cursor;
    uint32_t count = 0;

    *sound = start(arena, capacity, &cursor);
    for (; *sound && cursor.offset != 0; *sound = step(arena, capacity, &cursor)) {
        const struct header *header = header_at(arena, cursor.offset);

        if ((header->size & RETURNED) != 0)
            continue;
        if (count == room)
            return UINT32_MAX;
        spans[count].start = (uint64_t)(uintptr_t)(header + 1);
        spans[count].end = spans[count].start + size_of(header);
        count++;
    }
    return count;
}

bool aw_arena_before(const void *arena, uint64_t capacity, uint64_t address,
                     struct aw_arena_block *block)
{
    struct cursor cursor;
    bool found = false;

    for (bool sound = start(arena, capacity, &cursor); sound && cursor.offset != 0;
         sound = step(arena, capacity, &cursor)) {
        const struct header *header = header_at(arena, cursor.offset);

        if ((uint64_t)(uintptr_t)(header + 1) > address)
            break;
        *block = (struct aw_arena_block){.start = (uint64_t)(uintptr_t)(header + 1),
                                         .size = size_of(header),
                                         .tag = (header->size & ~RETURNED) >> SIZE_BITS,
                                         .returned = (header->size & RETURNED) != 0};
        found = true;
    }
    return found;
}

enum aw_heap_status aw_arena_free(void *arena, uint64_t capacity, void *block, bool by_owner)
{
    struct cursor cursor, after;
    struct header *header;
    enum aw_heap_status status = locate(arena, capacity, block, &cursor);

    if (status != AW_HEAP_OK)
        return status;
    header = header_at(arena, cursor.offset);
    if (header->size & RETURNED)
        return AW_HEAP_FREED_TWICE;
    after = cursor;
    if (!step(arena, capacity, &after)) /* the header that an overflow of this block hits first */
        return AW_HEAP_CORRUPT;
    if (by_owner) {
        unlink_block(arena, cursor);
    } else {
        clear_bytes(header);
        header->size |= RETURNED;
        seal(arena, cursor.offset);
    }
    return AW_HEAP_OK;
}

void aw_arena_collect(void *arena, uint64_t capacity)
{
    struct cursor cursor;

    if (!start(arena, capacity, &cursor))
        return;
    while (cursor.offset != 0) {
        if (header_at(arena, cursor.offset)->size & RETURNED) {
            uint32_t next = header_at(arena, cursor.offset)->next;

            if (next != 0 && !header_sound(arena, capacity, next))
                return;
            unlink_block(arena, cursor);
            cursor.offset = next;
        } else if (!step(arena, capacity, &cursor)) {
            return;
        }
    }
}

enum aw_heap_status aw_arena_block_size(const void *arena, uint64_t capacity, const void *block,
                                        uint64_t *size)
{
    struct cursor cursor;
    enum aw_heap_status status = locate(arena, capacity, block, &cursor);

    if (status != AW_HEAP_OK)
        return status;
    if (header_at(arena, cursor.offset)->size & RETURNED)
        return AW_HEAP_FREED_TWICE;
    *size = size_of(header_at(arena, cursor.offset));
    return AW_HEAP_OK;
}

/* An overwritten head says nothing, so everything may be in use; the caller bounds it by the
 * arena's size, which this function is not told. */
uint64_t aw_arena_extent(const void *arena)
{
    return head_sound(arena) ? ((const struct head *)arena)->extent : UINT64_MAX;
}

uint64_t aw_arena_live_blocks(const void *arena, uint64_t capacity, uint64_t *bytes)
{
    uint64_t count = 0, total = 0;
    struct cursor cursor;
    bool sound;

    for (sound = start(arena, capacity, &cursor); sound && cursor.offset != 0;
         sound = step(arena, capacity, &cursor)) {
        const struct header *header = header_at(arena, cursor.offset);

        if (!(header->size & RETURNED)) {
            count++;
            total += size_of(header);
        }
    }
    if (bytes != NULL)
        *bytes = total;
    return count;
}
