/* SPDX-License-Identifier: MIT */
/*
 * pipe_box.h - for the tests of the pipe: a variable that holds a pipe value.
 *
 * Every operation gets an output buffer of exactly the promised size, filled with garbage, and
 * the value that comes out is checked against the invariants of pipe.c: a value may never depend
 * on what was in memory before.
 */
#ifndef AW_TESTS_MACHINE_PIPE_BOX_H
#define AW_TESTS_MACHINE_PIPE_BOX_H

#include "machine/pipe.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct aw_pipe_limits linux_limits = {.page_size = 4096, .slot_count = 16};

enum pipe_mode { BYTES = 0, SLOTS = 1 };

/* splitmix64: small, seeded, the same everywhere. */
static inline uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. bound - 1 */
static inline uint32_t random_below(uint64_t *seed, uint32_t bound)
{
    return (uint32_t)(next_random(seed) % bound);
}

/* Byte number `position` of the stream that the tests write: neighbours differ, pages differ. */
static inline void fill_stream(uint8_t *bytes, uint64_t position, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(((position + i) * 0x9e3779b97f4a7c15u) >> 56);
}

static inline bool is_valid(const struct aw_pipe *pipe)
{
    const uint8_t *content = aw_pipe_content(pipe);
    uint64_t bytes = 0;
    bool ok = pipe->size == aw_pipe_value_size(pipe->run_count, pipe->byte_count) &&
              pipe->size % 8 == 0 && pipe->joined <= 1 && pipe->packed == 0;

    for (uint32_t i = 0; i < pipe->run_count; i++) {
        const struct aw_pipe_run *run = &pipe->runs[i];

        bytes += run->length;
        ok = ok && run->length > 0;
        if (!pipe->exact || i + 1 < pipe->run_count)
            ok = ok && run->offset == 0;
        if (pipe->exact)
            ok = ok && run->offset + run->length <= pipe->limits.page_size;
    }
    ok = ok && bytes == pipe->byte_count;
    if (pipe->exact) {
        static const struct aw_pipe_history none;

        ok = ok && pipe->run_count <= pipe->limits.slot_count;
        ok = ok && memcmp(&pipe->history, &none, sizeof none) == 0;
    }
    for (const uint8_t *p = content + pipe->byte_count; p < (const uint8_t *)pipe + pipe->size; p++)
        ok = ok && *p == 0;
    return ok;
}

static inline bool is_same(const struct aw_pipe *a, const struct aw_pipe *b)
{
    return a->size == b->size && memcmp(a, b, a->size) == 0;
}

static inline struct aw_pipe *garbage(size_t size)
{
    void *memory = malloc(size);

    cr_assert_not_null(memory);
    memset(memory, 0xa5, size);
    return memory;
}

static inline struct aw_pipe *new_pipe(struct aw_pipe_limits limits, enum pipe_mode mode)
{
    struct aw_pipe *pipe = garbage(aw_pipe_value_size(0, 0));

    aw_pipe_init(pipe, limits, mode == SLOTS);
    cr_assert(is_valid(pipe));
    return pipe;
}

static inline struct aw_pipe *copy_pipe(const struct aw_pipe *pipe)
{
    struct aw_pipe *copy = garbage(pipe->size);

    memcpy(copy, pipe, pipe->size);
    return copy;
}

static inline void replace_pipe(struct aw_pipe **pipe, struct aw_pipe *out, bool must_be_same)
{
    cr_assert(is_valid(out));
    cr_assert(!must_be_same || is_same(*pipe, out));
    free(*pipe);
    *pipe = out;
}

static inline struct aw_pipe_result put(struct aw_pipe **pipe, const uint8_t *bytes,
                                        uint32_t length, bool nonblocking, bool resumed)
{
    size_t room = aw_pipe_size_after_write(*pipe, length);
    struct aw_pipe *out = garbage(room);
    struct aw_pipe_result result = aw_pipe_write(*pipe, bytes, length, nonblocking, resumed, out);

    cr_assert_leq(out->size, room);
    cr_assert_leq(result.transferred, length);
    replace_pipe(pipe, out, result.transferred == 0);
    return result;
}

static inline struct aw_pipe_result take(struct aw_pipe **pipe, uint8_t *bytes, uint32_t length)
{
    struct aw_pipe *out = garbage((*pipe)->size);
    struct aw_pipe_result result = aw_pipe_read(*pipe, bytes, length, out);

    cr_assert_leq(result.transferred, length);
    replace_pipe(pipe, out, result.transferred == 0);
    return result;
}

static inline int64_t resize(struct aw_pipe **pipe, int64_t capacity, int *errnum)
{
    struct aw_pipe *out = garbage((*pipe)->size);
    int64_t result = aw_pipe_resize(*pipe, capacity, out, errnum);

    replace_pipe(pipe, out, result < 0);
    return result;
}

#endif
