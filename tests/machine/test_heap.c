/* SPDX-License-Identifier: MIT */
/*
 * test_heap.c - the arena heap against a model that is too simple to be wrong: a list of blocks in
 * address order, searched for the first hole.
 */
#include "machine/heap.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 1 << 16, BLOCKS = 64, HEAD = 16, HEADER = 16 };

struct model_block {
    char *start;
    uint64_t size;
    unsigned char fill;
    bool returned;
};

struct model {
    char *arena;
    uint64_t capacity;
    struct model_block blocks[BLOCKS]; /* in address order */
    unsigned count;
};

static uint32_t seed;

/* Own generator: a failing run is the same on every machine. */
static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)(seed >> 8) * below) >> 24);
}

static char *new_arena(void)
{
    char *arena = aligned_alloc(4096, CAPACITY);

    cr_assert_not_null(arena);
    memset(arena, 0, CAPACITY);
    return arena;
}

static uint64_t whole(uint64_t size)
{
    return size == 0 ? 16 : (size + 15) / 16 * 16;
}

static bool all_zero(const char *from, const char *to)
{
    for (; from < to; from++)
        if (*from != 0)
            return false;
    return true;
}

/* Index at which a block would go, and its address. */
static bool model_place(const struct model *model, uint64_t size, uint64_t align, unsigned *index,
                        char **place)
{
    char *free_from = model->arena + HEAD;

    if (align < 16)
        align = 16;
    for (unsigned i = 0; i <= model->count; i++) {
        char *limit =
            i < model->count ? model->blocks[i].start - HEADER : model->arena + model->capacity;
        uintptr_t start = ((uintptr_t)free_from + HEADER + align - 1) / align * align;

        if (start + whole(size) <= (uintptr_t)limit) {
            *index = i;
            *place = (char *)start;
            return true;
        }
        if (i < model->count)
            free_from = model->blocks[i].start + whole(model->blocks[i].size);
    }
    return false;
}

static void model_remove(struct model *model, unsigned index)
{
    model->count--;
    memmove(&model->blocks[index], &model->blocks[index + 1],
            (model->count - index) * sizeof model->blocks[0]);
}

static void check_against(const struct model *model)
{
    const char *at = model->arena + HEAD;
    uint64_t live = 0, bytes = 0, found_bytes;
    uint64_t extent = 0;

    for (unsigned i = 0; i < model->count; i++) {
        const struct model_block *block = &model->blocks[i];

        cr_assert(all_zero(at, block->start - HEADER), "a gap is zero");
        for (uint64_t k = 0; k < block->size; k++)
            cr_assert_eq((unsigned char)block->start[k], block->returned ? 0 : block->fill);
        at = block->start + whole(block->size);
        extent = (uint64_t)(at - model->arena);
        if (!block->returned) {
            live++;
            bytes += block->size;
        }
    }
    cr_assert(all_zero(at, model->arena + model->capacity));
    if (model->count == 0)
        cr_assert(all_zero(model->arena, at), "an arena without blocks is zero");
    cr_assert_eq(aw_arena_extent(model->arena), extent);
    cr_assert_eq(aw_arena_live_blocks(model->arena, model->capacity, &found_bytes), live);
    cr_assert_eq(found_bytes, bytes);
}

static void random_alloc(struct model *model)
{
    static const uint64_t aligns[] = {1, 8, 16, 16, 16, 32, 64, 256, 4096};
    uint64_t size = draw(8) == 0 ? draw(5000) : draw(200);
    uint64_t align = aligns[draw(sizeof aligns / sizeof aligns[0])];
    unsigned index;
    char *expected;
    char *got = aw_arena_alloc(model->arena, model->capacity, size, align);

    if (!model_place(model, size, align, &index, &expected)) {
        cr_assert_null(got);
        return;
    }
    cr_assert_eq((void *)got, (void *)expected, "the lowest address that fits");
    cr_assert(all_zero(got, got + whole(size)), "blocks are zero-filled");
    memmove(&model->blocks[index + 1], &model->blocks[index],
            (model->count - index) * sizeof model->blocks[0]);
    model->count++;
    model->blocks[index] = (struct model_block){got, size, (unsigned char)(1 + draw(255)), false};
    memset(got, model->blocks[index].fill, size);
}

static void random_free(struct model *model)
{
    unsigned index = draw(model->count);
    struct model_block *block = &model->blocks[index];
    bool by_owner = draw(3) != 0;
    uint64_t size = 0;

    if (block->returned) {
        cr_assert_eq(aw_arena_free(model->arena, model->capacity, block->start, by_owner),
                     AW_HEAP_FREED_TWICE);
        cr_assert_eq(aw_arena_block_size(model->arena, model->capacity, block->start, &size),
                     AW_HEAP_FREED_TWICE);
        return;
    }
    cr_assert_eq(aw_arena_block_size(model->arena, model->capacity, block->start, &size),
                 AW_HEAP_OK);
    cr_assert_eq(size, block->size);
    cr_assert_eq(aw_arena_free(model->arena, model->capacity, block->start, by_owner), AW_HEAP_OK);
    if (by_owner)
        model_remove(model, index);
    else
        block->returned = true;
}

static void collect(struct model *model)
{
    aw_arena_collect(model->arena, model->capacity);
    for (unsigned i = model->count; i > 0; i--)
        if (model->blocks[i - 1].returned)
            model_remove(model, i - 1);
}

Test(heap, random_histories_agree_with_the_model)
{
    for (uint32_t run = 0; run < 60; run++) {
        struct model model = {.arena = new_arena()};

        seed = run + 1;
        model.capacity = run % 3 == 0 ? 4096 : CAPACITY;
        for (int i = 0; i < 1000; i++) {
            uint32_t act = draw(100);

            if (act < 50 && model.count < BLOCKS)
                random_alloc(&model);
            else if (act < 97 && model.count > 0)
                random_free(&model);
            else if (act >= 97)
                collect(&model);
            check_against(&model);
        }
        for (unsigned i = 0; i < model.count; i++)
            if (!model.blocks[i].returned)
                cr_assert_eq(
                    aw_arena_free(model.arena, model.capacity, model.blocks[i].start, true),
                    AW_HEAP_OK);
        aw_arena_collect(model.arena, model.capacity);
        cr_assert(all_zero(model.arena, model.arena + CAPACITY));
        free(model.arena);
    }
}

Test(heap, equal_sets_of_blocks_are_equal_bytes_whatever_the_order_of_frees)
{
    for (uint32_t run = 0; run < 200; run++) {
        char *arenas[2] = {new_arena(), new_arena()};
        char *blocks[2][BLOCKS];
        bool freed[BLOCKS];
        unsigned order[BLOCKS];

        seed = run + 1;
        for (unsigned i = 0; i < BLOCKS; i++) {
            uint64_t size = draw(300);

            freed[i] = draw(2) == 0;
            order[i] = i;
            for (int a = 0; a < 2; a++) {
                blocks[a][i] = aw_arena_alloc(arenas[a], CAPACITY, size, 16);
                memset(blocks[a][i], (int)i, size);
            }
        }
        /* One arena frees in order of allocation; the other in random order, in part as returns. */
        for (unsigned i = BLOCKS - 1; i > 0; i--) {
            unsigned k = draw(i + 1), kept = order[i];

            order[i] = order[k];
            order[k] = kept;
        }
        for (unsigned i = 0; i < BLOCKS; i++) {
            if (freed[i])
                cr_assert_eq(aw_arena_free(arenas[0], CAPACITY, blocks[0][i], true), AW_HEAP_OK);
            if (freed[order[i]])
                cr_assert_eq(aw_arena_free(arenas[1], CAPACITY, blocks[1][order[i]], draw(2) == 0),
                             AW_HEAP_OK);
        }
        aw_arena_collect(arenas[1], CAPACITY);
        cr_assert_arr_eq(arenas[0], arenas[1], CAPACITY);
        free(arenas[0]);
        free(arenas[1]);
    }
}

Test(heap, the_same_blocks_reached_by_another_history_are_equal_bytes)
{
    char *one = new_arena(), *other = new_arena();
    char *a, *b, *c;

    aw_arena_alloc(one, CAPACITY, 40, 16);
    aw_arena_alloc(one, CAPACITY, 8, 16);

    a = aw_arena_alloc(other, CAPACITY, 1000, 16);
    b = aw_arena_alloc(other, CAPACITY, 8, 16);
    c = aw_arena_alloc(other, CAPACITY, 99, 16);
    aw_arena_free(other, CAPACITY, a, true);
    aw_arena_free(other, CAPACITY, b, false);
    aw_arena_alloc(other, CAPACITY, 40, 16);
    aw_arena_free(other, CAPACITY, c, true);
    aw_arena_collect(other, CAPACITY);
    aw_arena_alloc(other, CAPACITY, 8, 16);
    cr_assert_arr_eq(one, other, CAPACITY);
    free(one);
    free(other);
}

Test(heap, a_returned_block_is_not_reused_before_it_is_collected)
{
    char *arena = new_arena();
    char *first = aw_arena_alloc(arena, CAPACITY, 100, 16);
    char *second;

    memset(first, 1, 100);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, first, false), AW_HEAP_OK);
    cr_assert(all_zero(first, first + 100));
    cr_assert_eq(aw_arena_live_blocks(arena, CAPACITY, NULL), 0);
    second = aw_arena_alloc(arena, CAPACITY, 100, 16);
    cr_assert_gt(second, first);
    aw_arena_collect(arena, CAPACITY);
    cr_assert_eq(aw_arena_alloc(arena, CAPACITY, 100, 16), (void *)first);
    free(arena);
}

Test(heap, a_size_of_zero_gives_unique_blocks_inside_the_arena)
{
    char *arena = new_arena();
    char *last = arena, *block;

    while (block = aw_arena_alloc(arena, 4096, 0, 16), block != NULL) {
        cr_assert_gt(block, last);
        cr_assert_lt(block, arena + 4096);
        last = block;
    }
    cr_assert_eq(aw_arena_free(arena, 4096, last, true), AW_HEAP_OK);
    cr_assert_eq(aw_arena_alloc(arena, 4096, 0, 16), (void *)last);
    free(arena);
}

Test(heap, what_does_not_fit_is_refused)
{
    char *arena = new_arena();
    static const uint64_t sizes[] = {CAPACITY, CAPACITY - 31, UINT64_MAX, UINT64_MAX - 15,
                                     UINT64_C(1) << 63};

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        cr_assert_null(aw_arena_alloc(arena, CAPACITY, sizes[i], 16));
    cr_assert_null(aw_arena_alloc(arena, CAPACITY, 1, UINT64_C(1) << 63));
    cr_assert(all_zero(arena, arena + CAPACITY));
    cr_assert_not_null(aw_arena_alloc(arena, CAPACITY, CAPACITY - 32, 16));
    cr_assert_eq(aw_arena_extent(arena), CAPACITY);
    free(arena);
}

Test(heap, addresses_that_are_no_blocks_are_told_from_those_freed_twice)
{
    char *arena = new_arena();
    char *a = aw_arena_alloc(arena, CAPACITY, 64, 16);
    char *b = aw_arena_alloc(arena, CAPACITY, 64, 16);
    char *last = aw_arena_alloc(arena, CAPACITY, 64, 16);
    char *others[] = {NULL,   arena,  arena + 16,       a + 1,     a + 16, a + 48,
                      b - 16, a - 16, arena + CAPACITY, arena - 16};
    uint64_t size;

    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert_eq(aw_arena_free(arena, CAPACITY, others[i], true), AW_HEAP_NOT_A_BLOCK, "%u", i);
        cr_assert_eq(aw_arena_block_size(arena, CAPACITY, others[i], &size), AW_HEAP_NOT_A_BLOCK);
    }
    cr_assert_eq(aw_arena_free(arena, CAPACITY, a, true), AW_HEAP_OK);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, a, true), AW_HEAP_FREED_TWICE);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, a, false), AW_HEAP_FREED_TWICE);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, last, true), AW_HEAP_OK);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, last, true), AW_HEAP_FREED_TWICE);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, b, true), AW_HEAP_OK);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, b, true), AW_HEAP_FREED_TWICE);
    cr_assert(all_zero(arena, arena + CAPACITY));
    free(arena);
}

/* Every single-byte change of every header and of the head is noticed, and never ends the checker. */
Test(heap, an_overwritten_header_is_corrupt)
{
    char *arena = new_arena();
    char *blocks[3];
    uint64_t size;

    for (int i = 0; i < 3; i++)
        blocks[i] = aw_arena_alloc(arena, CAPACITY, 40, 16);
    for (int h = 0; h < 4; h++) {
        char *header = h == 3 ? arena : blocks[h] - HEADER;

        for (int byte = 0; byte < HEADER; byte++) {
            header[byte] ^= 0x41;
            cr_assert_eq(aw_arena_block_size(arena, CAPACITY, blocks[2], &size), AW_HEAP_CORRUPT);
            cr_assert_eq(aw_arena_block_size(arena, CAPACITY, NULL, &size), AW_HEAP_CORRUPT);
            cr_assert_eq(aw_arena_free(arena, CAPACITY, blocks[2], true), AW_HEAP_CORRUPT);
            cr_assert_null(aw_arena_alloc(arena, CAPACITY, 1000, 16));
            aw_arena_collect(arena, CAPACITY);
            aw_arena_live_blocks(arena, CAPACITY, NULL);
            cr_assert_eq(aw_arena_extent(arena), h == 3 ? UINT64_MAX : 3 * (HEADER + 48) + HEAD);
            header[byte] ^= 0x41;
        }
    }
    cr_assert_eq(aw_arena_free(arena, CAPACITY, blocks[2], true), AW_HEAP_OK);
    free(arena);
}

Test(heap, freeing_a_block_that_overflowed_into_the_next_header_says_so)
{
    char *arena = new_arena();
    char *a = aw_arena_alloc(arena, CAPACITY, 32, 16);

    aw_arena_alloc(arena, CAPACITY, 32, 16);
    memset(a, 'x', 33);
    cr_assert_eq(aw_arena_free(arena, CAPACITY, a, true), AW_HEAP_CORRUPT);
    free(arena);
}

Test(heap, a_tag_stays_with_its_block_and_goes_with_it)
{
    static _Alignas(16) char arena[4096];
    uint64_t size, tag;
    memset(arena, 0, sizeof arena);
    char *one = aw_arena_alloc_tagged(arena, sizeof arena, 10, 16, 7);
    char *two =
        aw_arena_alloc_tagged(arena, sizeof arena, 20, 16, (UINT64_C(1) << AW_TAG_BITS) - 1);
    cr_expect_eq(aw_arena_next(arena, sizeof arena, NULL, &size, &tag), one);
    cr_expect(size == 10 && tag == 7);
    cr_expect_eq(aw_arena_next(arena, sizeof arena, one, &size, &tag), two);
    cr_expect(size == 20 && tag == (UINT64_C(1) << AW_TAG_BITS) - 1);
    cr_expect_null(aw_arena_next(arena, sizeof arena, two, &size, &tag));
    cr_expect_eq(aw_arena_tag(arena, sizeof arena, two, 0), AW_HEAP_OK);
    cr_expect_eq(aw_arena_tag(arena, sizeof arena, two + 16, 0), AW_HEAP_NOT_A_BLOCK);
    cr_expect_eq(aw_arena_free(arena, sizeof arena, one, false), AW_HEAP_OK);
    cr_expect_eq(aw_arena_next(arena, sizeof arena, NULL, &size, &tag), two);
    cr_expect(size == 20 && tag == 0);
    aw_arena_collect(arena, sizeof arena);
    cr_expect_eq(aw_arena_free(arena, sizeof arena, two, true), AW_HEAP_OK);
    for (size_t i = 0; i < sizeof arena; i++)
        cr_assert_eq(arena[i], 0);
}
