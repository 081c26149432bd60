/* SPDX-License-Identifier: MIT */
/*
 * Packed pipes: what was put comes back byte by byte, and two pipes are the same object exactly
 * when they are the same bytes.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "machine/kernel.h"

enum { ROOM = 80000, KEPT = 400 };

static struct aw_machine machine;

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* Writes or reads, some bytes or many; contents repeat, so that equal pipes come up again. */
static void change(uint64_t *seed, struct aw_pipe *pipe, struct aw_pipe *out)
{
    static const uint32_t lengths[] = {1, 3, 4, 255, 256, 1000, 4095, 4096, 5000, 29770};
    static uint8_t bytes[30000], gone[30000];
    uint32_t length = lengths[draw(seed, 10)];
    memset(bytes, (int)draw(seed, 2), length);
    struct aw_pipe_result result = draw(seed, 2)
                                       ? aw_pipe_write(pipe, bytes, length, true, false, out)
                                       : aw_pipe_read(pipe, gone, length, out);
    if (result.transferred > 0)
        memcpy(pipe, out, out->size);
}

Test(pipe_store, a_pipe_comes_back_as_it_was_and_equal_ones_are_one)
{
    struct aw_pipe *pipe = malloc(ROOM), *out = malloc(ROOM), *room = malloc(ROOM);
    struct aw_pipe *kept[KEPT];
    uint32_t ids[KEPT], packed = 0, same = 0;
    uint64_t seed = 1;
    aw_intern_init(&machine.objects);
    aw_intern_init(&machine.payloads);
    aw_pipe_init(pipe, (struct aw_pipe_limits){4096, 16}, true);
    for (int i = 0; i < KEPT; i++) {
        change(&seed, pipe, out);
        kept[i] = malloc(pipe->size);
        memcpy(kept[i], pipe, pipe->size);
        ids[i] = aw_pipe_put(&machine, pipe);
        const struct aw_pipe *stored = aw_intern_get(&machine.objects, ids[i]);
        packed += stored->packed;
        cr_expect_eq(stored->size, aw_intern_size(&machine.objects, ids[i]));
        cr_expect_eq(stored->byte_count, pipe->byte_count);
        cr_expect_eq(aw_pipe_poll(stored, false), aw_pipe_poll(pipe, false));
    }
    for (int i = 0; i < KEPT; i++) {
        memset(room, 0xee, ROOM);
        cr_expect_eq(aw_pipe_flat_size(&machine, ids[i]), kept[i]->size);
        const struct aw_pipe *back = aw_pipe_get(&machine, ids[i], room);
        cr_expect_eq(memcmp(back, kept[i], kept[i]->size), 0, "pipe %d", i);
        for (int j = 0; j < i; j++) {
            bool equal =
                kept[i]->size == kept[j]->size && memcmp(kept[i], kept[j], kept[i]->size) == 0;
            same += equal;
            cr_expect_eq(ids[i] == ids[j], equal, "pipes %d and %d", i, j);
        }
    }
    cr_expect_gt(packed, KEPT / 4, "%u", packed);
    cr_expect_gt(same, 50, "%u", same);
}
