/* SPDX-License-Identifier: MIT */
/*
 * The pipe as a value: its facts one by one, its canonical form, and bytes mode against slots
 * mode. That slots mode is what Linux does is test_pipe_linux.c's business.
 */
#include "pipe_box.h"

#include <errno.h>
#include <stdio.h>

static const struct aw_pipe_limits scaled_limits = {.page_size = 16, .slot_count = 2};

static uint8_t zeros[1 << 20], scratch[1 << 20];

/* Write and read zeros, non-blocking; what was transferred, or -1 when it is not DONE. */
static int64_t push(struct aw_pipe **pipe, uint32_t length)
{
    struct aw_pipe_result result = put(pipe, zeros, length, true, false);

    return result.status == AW_PIPE_DONE ? (int64_t)result.transferred : -1;
}

static int64_t pull(struct aw_pipe **pipe, uint32_t length)
{
    struct aw_pipe_result result = take(pipe, scratch, length);

    return result.status == AW_PIPE_DONE ? (int64_t)result.transferred : -1;
}

static bool has_free_slot(const struct aw_pipe *pipe)
{
    return (aw_pipe_poll(pipe, false) & AW_PIPE_POLLOUT) != 0;
}

static void expect(struct aw_pipe_result result, enum aw_pipe_status status, uint32_t transferred)
{
    cr_assert_eq(result.status, status, "status %d, not %d", result.status, status);
    cr_assert_eq(result.transferred, transferred, "%u bytes, not %u", result.transferred,
                 transferred);
}

/* ---- slots mode, one fact each --------------------------------------------------------------- */

Test(pipe, a_new_pipe_is_empty_writable_and_has_one_descriptor_at_each_end)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, SLOTS);

    cr_assert_eq(pipe->readers, 1);
    cr_assert_eq(pipe->writers, 1);
    cr_assert_eq(aw_pipe_poll(pipe, true), 0);
    cr_assert_eq(aw_pipe_poll(pipe, false), AW_PIPE_POLLOUT);
    expect(take(&pipe, scratch, 1), AW_PIPE_BLOCKS, 0);
    free(pipe);
}

Test(pipe, bytes_come_out_in_the_order_in_which_they_went_in)
{
    for (int mode = BYTES; mode <= SLOTS; mode++) {
        struct aw_pipe *pipe = new_pipe(linux_limits, mode);

        expect(put(&pipe, (const uint8_t *)"abc", 3, false, false), AW_PIPE_DONE, 3);
        expect(put(&pipe, (const uint8_t *)"defg", 4, false, false), AW_PIPE_DONE, 4);
        cr_assert_eq(memcmp(aw_pipe_content(pipe), "abcdefg", 7), 0);
        expect(take(&pipe, scratch, 4), AW_PIPE_DONE, 4);
        cr_assert_eq(memcmp(scratch, "abcd", 4), 0);
        expect(take(&pipe, scratch, 100), AW_PIPE_DONE, 3);
        cr_assert_eq(memcmp(scratch, "efg", 3), 0);
        free(pipe);
    }
}

Test(pipe, after_one_byte_only_fifteen_pages_fit)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, SLOTS);
    uint32_t total = (uint32_t)push(&pipe, 1);

    while (push(&pipe, 4096) == 4096)
        total += 4096;
    cr_assert_eq(total, 61441);
    free(pipe);
}

Test(pipe, a_full_pipe_with_room_in_its_last_page_is_not_pollout_yet_takes_a_byte)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, SLOTS);

    cr_assert_eq(push(&pipe, 15 * 4096), 15 * 4096);
    cr_assert(has_free_slot(pipe));
    cr_assert_eq(push(&pipe, 4000), 4000);
    cr_assert_not(has_free_slot(pipe));
    cr_assert_eq(push(&pipe, 97), -1);
    cr_assert_eq(push(&pipe, 96), 96);
    cr_assert_eq(push(&pipe, 1), -1);
    free(pipe);
}

Test(pipe, reading_all_but_one_byte_of_a_page_frees_nothing)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, SLOTS);

    cr_assert_eq(push(&pipe, 65536), 65536);
    cr_assert_eq(pull(&pipe, 4095), 4095);
    cr_assert_not(has_free_slot(pipe));
    cr_assert_eq(push(&pipe, 1), -1);
    cr_assert_eq(pull(&pipe, 1), 1);
    cr_assert(has_free_slot(pipe));
    cr_assert_eq(push(&pipe, 1), 1);
    free(pipe);
}

Test(pipe, what_was_read_of_the_last_page_is_no_room)
{
    struct aw_pipe *pipe = new_pipe((struct aw_pipe_limits){16, 1}, SLOTS);

    cr_assert_eq(push(&pipe, 10), 10);
    cr_assert_eq(pull(&pipe, 9), 9);
    cr_assert_eq(push(&pipe, 7), -1);
    cr_assert_eq(push(&pipe, 6), 6);
    cr_assert_eq(pull(&pipe, 7), 7);
    cr_assert_eq(push(&pipe, 16), 16);
    free(pipe);
}

Test(pipe, a_large_write_merges_its_left_over_first)
{
    struct aw_pipe *pipe = new_pipe(scaled_limits, SLOTS);

    cr_assert_eq(push(&pipe, 1), 1);
    cr_assert_eq(push(&pipe, 16 + 3), 16 + 3); /* 1 + 3, 16 */
    cr_assert_eq(pipe->runs[0].length, 4);
    cr_assert_eq(pipe->runs[1].length, 16);
    free(pipe);
}

Test(pipe, a_write_up_to_pipe_buf_is_atomic)
{
    struct aw_pipe *full = new_pipe(scaled_limits, SLOTS);

    cr_assert_eq(push(&full, 16 + 10), 16 + 10);
    for (uint32_t length = 1; length <= 16; length++) {
        struct aw_pipe *pipe = copy_pipe(full);

        if (length <= 6)
            expect(put(&pipe, zeros, length, length % 2, false), AW_PIPE_DONE, length);
        else
            expect(put(&pipe, zeros, length, length % 2, false), AW_PIPE_BLOCKS, 0);
        free(pipe);
    }
    free(full);
}

Test(pipe, a_large_blocking_write_takes_all_free_slots_and_goes_on_later)
{
    struct aw_pipe *pipe = new_pipe(scaled_limits, SLOTS);

    expect(put(&pipe, zeros, 70, false, false), AW_PIPE_PROGRESS, 32);
    expect(put(&pipe, zeros, 38, false, true), AW_PIPE_BLOCKS, 0);
    cr_assert_eq(pull(&pipe, 17), 17);
    expect(put(&pipe, zeros, 38, false, true), AW_PIPE_PROGRESS, 16);
    cr_assert_eq(pull(&pipe, 32), 31);
    expect(put(&pipe, zeros, 22, false, true), AW_PIPE_DONE, 22);
    free(pipe);
}

Test(pipe, a_large_blocking_write_may_make_progress_in_the_last_page_alone)
{
    struct aw_pipe *pipe = new_pipe(scaled_limits, SLOTS);

    cr_assert_eq(push(&pipe, 16 + 10), 16 + 10);
    expect(put(&pipe, zeros, 32 + 6, false, false), AW_PIPE_PROGRESS, 6);
    free(pipe);
}

Test(pipe, a_large_nonblocking_write_gives_a_short_count)
{
    struct aw_pipe *pipe = new_pipe(scaled_limits, SLOTS);

    expect(put(&pipe, zeros, 70, true, false), AW_PIPE_DONE, 32);
    expect(put(&pipe, zeros, 70, true, false), AW_PIPE_BLOCKS, 0);
    free(pipe);
}

Test(pipe, a_resumed_write_takes_a_slot_where_a_new_one_would_merge)
{
    struct aw_pipe *pipe = new_pipe(scaled_limits, SLOTS);

    cr_assert_eq(push(&pipe, 3), 3);
    expect(put(&pipe, zeros, 2, false, true), AW_PIPE_DONE, 2);
    cr_assert_eq(pipe->run_count, 2);
    expect(put(&pipe, zeros, 2, false, true), AW_PIPE_BLOCKS, 0);
    expect(put(&pipe, zeros, 2, false, false), AW_PIPE_DONE, 2);
    free(pipe);
}

Test(pipe, reads_and_writes_of_nothing_succeed_whatever_the_pipe)
{
    for (int mode = BYTES; mode <= SLOTS; mode++) {
        struct aw_pipe *pipe = new_pipe(scaled_limits, mode);

        expect(take(&pipe, scratch, 0), AW_PIPE_DONE, 0);
        pipe->readers = 0;
        expect(put(&pipe, NULL, 0, false, false), AW_PIPE_DONE, 0);
        cr_assert_eq(pipe->run_count, 0);
        free(pipe);
    }
}

Test(pipe, end_of_file_comes_after_the_last_byte)
{
    for (int mode = BYTES; mode <= SLOTS; mode++) {
        struct aw_pipe *pipe = new_pipe(scaled_limits, mode);

        cr_assert_eq(push(&pipe, 2), 2);
        pipe->writers = 0;
        cr_assert_eq(aw_pipe_poll(pipe, true), AW_PIPE_POLLIN | AW_PIPE_POLLHUP);
        cr_assert_eq(pull(&pipe, 10), 2);
        cr_assert_eq(aw_pipe_poll(pipe, true), AW_PIPE_POLLHUP);
        cr_assert_eq(pull(&pipe, 10), 0);
        free(pipe);
    }
}

Test(pipe, without_readers_a_write_is_broken_and_poll_says_error)
{
    for (int mode = BYTES; mode <= SLOTS; mode++) {
        struct aw_pipe *pipe = new_pipe(scaled_limits, mode);

        pipe->readers = 0;
        expect(put(&pipe, zeros, 1, false, false), AW_PIPE_BROKEN, 0);
        expect(put(&pipe, zeros, 1, true, false), AW_PIPE_BROKEN, 0);
        cr_assert_eq(aw_pipe_poll(pipe, false), AW_PIPE_POLLOUT | AW_PIPE_POLLERR);
        free(pipe);
    }
}

Test(pipe, resize_rounds_up_to_a_power_of_two_pages)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, SLOTS);
    int errnum = 0;

    cr_assert_eq(resize(&pipe, 0, &errnum), 4096);
    cr_assert_eq(resize(&pipe, 4097, &errnum), 8192);
    cr_assert_eq(resize(&pipe, 3 * 4096, &errnum), 4 * 4096);
    cr_assert_eq(resize(&pipe, 1 << 20, &errnum), 1 << 20);
    cr_assert_eq(resize(&pipe, (1 << 20) + 1, &errnum), -1);
    cr_assert_eq(errnum, EPERM);
    cr_assert_eq(resize(&pipe, -1, &errnum), -1);
    cr_assert_eq(errnum, EINVAL);
    cr_assert_eq(pipe->limits.slot_count, 256);
    free(pipe);
}

Test(pipe, resize_below_the_slots_in_use_is_busy)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, SLOTS);
    int errnum = 0;

    cr_assert_eq(push(&pipe, 2 * 4096 + 1), 2 * 4096 + 1);
    cr_assert_eq(resize(&pipe, 2 * 4096, &errnum), -1);
    cr_assert_eq(errnum, EBUSY);
    cr_assert_eq(pull(&pipe, 4096), 4096);
    cr_assert_eq(resize(&pipe, 2 * 4096, &errnum), 2 * 4096);
    cr_assert_not(has_free_slot(pipe));
    free(pipe);
}

/* ---- canonical form -------------------------------------------------------------------------- */

/* Runs a script: "w5 r3" writes 5 and reads 3. */
static struct aw_pipe *after(struct aw_pipe_limits limits, enum pipe_mode mode, const char *script)
{
    struct aw_pipe *pipe = new_pipe(limits, mode);
    uint64_t written = 0;
    unsigned length;
    int used;
    char kind;

    while (sscanf(script, " %c%u%n", &kind, &length, &used) == 2) {
        fill_stream(scratch, written, length);
        if (kind == 'w') {
            expect(put(&pipe, scratch, length, true, false), AW_PIPE_DONE, length);
            written += length;
        } else {
            expect(take(&pipe, scratch, length), AW_PIPE_DONE, length);
        }
        script += used;
    }
    cr_assert_eq(*script, '\0');
    return pipe;
}

static bool leads_to_the_same(enum pipe_mode mode, const char *one, const char *other)
{
    struct aw_pipe *a = after((struct aw_pipe_limits){16, 4}, mode, one);
    struct aw_pipe *b = after((struct aw_pipe_limits){16, 4}, mode, other);
    bool same = is_same(a, b);

    free(a);
    free(b);
    return same;
}

Test(pipe, a_drained_pipe_is_a_new_pipe)
{
    cr_assert(leads_to_the_same(SLOTS, "w20 r5 w7 r22", ""));
    cr_assert(leads_to_the_same(SLOTS, "w64 r64", ""));
}

Test(pipe, how_the_bytes_were_read_does_not_matter)
{
    cr_assert(leads_to_the_same(SLOTS, "w40 r1 r20", "w40 r21"));
    cr_assert(leads_to_the_same(BYTES, "w40 r1 r20", "w40 r21"));
}

Test(pipe, how_the_pages_were_filled_does_not_matter_in_slots_mode)
{
    cr_assert(leads_to_the_same(SLOTS, "w3 w2", "w5"));
    cr_assert(leads_to_the_same(SLOTS, "w16 w4", "w20"));
    cr_assert_not(leads_to_the_same(SLOTS, "w4 w16", "w20"));
}

Test(pipe, bytes_mode_keeps_the_boundaries_of_writes)
{
    struct aw_pipe *pipe = after(linux_limits, BYTES, "w3 w2 w7 r4");

    cr_assert_eq(aw_pipe_first_write_left(pipe), 1);
    cr_assert_eq(pull(&pipe, 1), 1);
    cr_assert_eq(aw_pipe_first_write_left(pipe), 7);
    cr_assert_eq(pull(&pipe, 7), 7);
    cr_assert_eq(aw_pipe_first_write_left(pipe), 0);
    cr_assert_not(leads_to_the_same(BYTES, "w3 w2", "w5"));
    free(pipe);
}

Test(pipe, the_offset_is_forgotten_once_a_page_is_not_the_last)
{
    struct aw_pipe *pipe = after((struct aw_pipe_limits){16, 4}, SLOTS, "w10 r4");

    cr_assert_eq(pipe->runs[0].offset, 4);
    cr_assert_eq(push(&pipe, 16), 16);
    cr_assert_eq(pipe->runs[0].offset, 0);
    cr_assert_eq(pipe->runs[0].length, 6);
    free(pipe);
}

/*
 * All values that a pipe of two pages of 4 bytes can have (all bytes being zero), and the answers
 * to every operation on each of them. Starting from one class and splitting classes by answers
 * and by the classes of what follows, each value ends alone: no two values behave the same.
 */
enum { TINY_PAGE = 4, TINY_SLOTS = 2, TINY_MOST = 10, TINY_VALUES = 256, TINY_OPS = 4 * TINY_MOST };

static int intern_tiny(struct aw_pipe **values, int *count, struct aw_pipe *value)
{
    int i = 0;

    while (i < *count && !is_same(values[i], value))
        i++;
    if (i < *count) {
        free(value);
    } else {
        cr_assert_lt(*count, TINY_VALUES);
        values[(*count)++] = value;
    }
    return i;
}

Test(pipe, no_two_values_of_slots_mode_behave_the_same)
{
    static int next[TINY_VALUES][TINY_OPS], answer[TINY_VALUES][TINY_OPS];
    static int class[TINY_VALUES], finer[TINY_VALUES];
    struct aw_pipe *values[TINY_VALUES];
    int count = 0, classes = 1, before = 0;

    intern_tiny(values, &count, new_pipe((struct aw_pipe_limits){TINY_PAGE, TINY_SLOTS}, SLOTS));
    for (int i = 0; i < count; i++) {
        for (int op = 0; op < TINY_OPS; op++) {
            struct aw_pipe *value = copy_pipe(values[i]);
            uint32_t length = (uint32_t)(op % TINY_MOST) + 1;
            int kind = op / TINY_MOST;
            struct aw_pipe_result result = kind == 0
                                               ? take(&value, scratch, length)
                                               : put(&value, zeros, length, kind == 1, kind == 3);

            answer[i][op] = (int)result.status * 100 + (int)result.transferred;
            next[i][op] = intern_tiny(values, &count, value);
        }
    }
    while (classes > before) {
        before = classes;
        classes = 0;
        for (int i = 0; i < count; i++) {
            int j = 0;

            for (; j < i; j++) {
                int op = class[i] == class[j] ? 0 : -1;

                while (op >= 0 && op < TINY_OPS && answer[i][op] == answer[j][op] &&
                       class[next[i][op]] == class[next[j][op]])
                    op++;
                if (op == TINY_OPS)
                    break;
            }
            finer[i] = j < i ? finer[j] : classes++;
        }
        memcpy(class, finer, sizeof class);
    }
    cr_assert_eq(classes, count, "%d values, %d behaviours", count, classes);
    for (int i = 0; i < count; i++)
        free(values[i]);
    /* empty; one page, 1 <= length <= 4 - offset; two pages, the last one never begun */
    cr_assert_eq(count, 1 + (4 + 3 + 2 + 1) + 4 * 4, "%d values", count);
}

/* ---- bytes mode ------------------------------------------------------------------------------ */

Test(pipe, bytes_mode_takes_sixty_kilobytes_of_small_messages)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, BYTES);
    int count = 0;

    while (push(&pipe, 40) == 40)
        count++;
    cr_assert_eq(count, 1521);
    expect(put(&pipe, zeros, 40, false, false), AW_PIPE_CAPACITY_MATTERS, 0);
    free(pipe);
}

Test(pipe, bytes_mode_takes_as_many_writes_of_any_size_as_leave_a_slot_free)
{
    struct aw_pipe *pipe = new_pipe(linux_limits, BYTES);

    cr_assert_eq(push(&pipe, 7 * 4096 + 1098), 7 * 4096 + 1098);
    cr_assert_eq(push(&pipe, 7 * 4096), 7 * 4096);
    expect(put(&pipe, zeros, 1, false, false), AW_PIPE_CAPACITY_MATTERS, 0);
    free(pipe);
}

Test(pipe, reading_does_not_give_bytes_mode_new_capacity)
{
    struct aw_pipe *pipe = new_pipe(scaled_limits, BYTES);

    cr_assert_eq(push(&pipe, 16), 16);
    cr_assert_eq(pull(&pipe, 16), 16);
    expect(put(&pipe, zeros, 1, false, false), AW_PIPE_CAPACITY_MATTERS, 0);
    free(pipe);
}

/* A random length: mostly such as fill pages badly. */
static uint32_t random_length(uint64_t *seed, struct aw_pipe_limits limits)
{
    uint32_t page = limits.page_size, length;

    switch (random_below(seed, 6)) {
    case 0:
        length = 1 + random_below(seed, 3);
        break;
    case 1:
        length = page / 2 + random_below(seed, 3);
        break;
    case 2:
        length = page - 1 + random_below(seed, 3);
        break;
    case 3:
        length = 1 + random_below(seed, page * limits.slot_count + 4);
        break;
    default:
        length = 1 + random_below(seed, page / 4);
        break;
    }
    return length;
}

static struct aw_pipe_limits random_limits(uint64_t *seed)
{
    static const uint32_t pages[] = {4, 16, 64, 4096}, slots[] = {1, 2, 3, 5, 16};

    return (struct aw_pipe_limits){pages[random_below(seed, 4)], slots[random_below(seed, 5)]};
}

/* Mirrors one operation in both modes; false when bytes mode gives up. */
static bool same_step(struct aw_pipe **bytes, struct aw_pipe **slots, uint64_t *seed,
                      uint64_t *position)
{
    static uint8_t from_bytes[1 << 17], from_slots[1 << 17];
    struct aw_pipe_result one, other;

    if (random_below(seed, 2) == 0) {
        uint32_t length = random_length(seed, (*bytes)->limits);
        bool nonblocking = random_below(seed, 2);

        fill_stream(from_bytes, *position, length);
        one = put(bytes, from_bytes, length, nonblocking, false);
        if (one.status == AW_PIPE_CAPACITY_MATTERS)
            return false;
        other = put(slots, from_bytes, length, nonblocking, false);
        *position += one.transferred;
    } else {
        uint32_t length = random_length(seed, (*bytes)->limits);

        one = take(bytes, from_bytes, length);
        other = take(slots, from_slots, length);
        cr_assert_eq(memcmp(from_bytes, from_slots, one.transferred), 0);
    }
    if (random_below(seed, 40) == 0)
        (*bytes)->readers = (*slots)->readers = 0;
    if (random_below(seed, 40) == 0)
        (*bytes)->writers = (*slots)->writers = 0;

    expect(other, one.status, one.transferred);
    cr_assert_eq((*bytes)->byte_count, (*slots)->byte_count);
    cr_assert_eq(aw_pipe_poll(*bytes, true), aw_pipe_poll(*slots, true));
    cr_assert_eq(aw_pipe_poll(*bytes, false), aw_pipe_poll(*slots, false));
    return true;
}

Test(pipe, bytes_mode_answers_like_slots_mode_until_it_says_that_capacity_matters)
{
    uint64_t seed = 1;

    for (int sequence = 0; sequence < 20000; sequence++) {
        struct aw_pipe_limits limits = random_limits(&seed);
        struct aw_pipe *bytes = new_pipe(limits, BYTES), *slots = new_pipe(limits, SLOTS);
        uint64_t position = 0;
        int steps = 0;

        while (steps < 100 && same_step(&bytes, &slots, &seed, &position))
            steps++;
        free(bytes);
        free(slots);
    }
}

/*
 * Every sequence of writes of 1 .. 2 pages + 1 bytes and reads that bytes mode accepts, in small
 * pipes: a slot is free after each operation. Returns the number of sequences.
 */
static uint64_t explore_all(const struct aw_pipe *bytes, const struct aw_pipe *slots, bool reads)
{
    const uint32_t most = 2 * bytes->limits.page_size + 1;
    uint64_t sequences = 1;

    cr_assert(has_free_slot(slots));
    for (uint32_t length = 1; length <= most; length++) {
        struct aw_pipe *next_bytes = copy_pipe(bytes), *next_slots = copy_pipe(slots);

        if (push(&next_bytes, length) == length) {
            cr_assert_eq(push(&next_slots, length), length);
            sequences += explore_all(next_bytes, next_slots, reads);
            /* A read comes after a write: two reads in a row are one larger read. */
            for (uint32_t part = 1; reads && part <= next_bytes->byte_count; part++) {
                struct aw_pipe *read_bytes = copy_pipe(next_bytes);
                struct aw_pipe *read_slots = copy_pipe(next_slots);

                cr_assert_eq(pull(&read_bytes, part), part);
                cr_assert_eq(pull(&read_slots, part), part);
                sequences += explore_all(read_bytes, read_slots, reads);
                free(read_bytes);
                free(read_slots);
            }
        }
        free(next_bytes);
        free(next_slots);
    }
    return sequences;
}

static uint64_t explore_pipe(uint32_t page_size, uint32_t slot_count, bool reads)
{
    struct aw_pipe_limits limits = {page_size, slot_count};
    struct aw_pipe *bytes = new_pipe(limits, BYTES), *slots = new_pipe(limits, SLOTS);
    uint64_t sequences = explore_all(bytes, slots, reads);

    free(bytes);
    free(slots);
    return sequences;
}

Test(pipe, whatever_bytes_mode_accepts_leaves_a_slot_free_in_every_order_of_reads)
{
    static const struct {
        uint32_t page_size, slot_count;
        bool reads;
        uint64_t sequences; /* a changed count is a changed bound: see whether it was meant */
    } cases[] = {
        {2, 2, true, 11},    {2, 3, true, 104},  {2, 4, true, 1036},  {2, 5, true, 12689},
        {4, 2, true, 92},    {4, 3, true, 9610}, {4, 4, false, 273},  {4, 5, false, 1433},
        {4, 6, false, 7376}, {8, 2, false, 81},  {8, 3, false, 3326},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(explore_pipe(cases[i].page_size, cases[i].slot_count, cases[i].reads),
                     cases[i].sequences);
}

Test(pipe, the_sequences_that_waste_most_room_stay_below_the_bound)
{
    /* Each pattern is repeated until bytes mode refuses; slots mode never reads. */
    static const uint32_t patterns[][4] = {
        {1, 4097, 0, 0},       {1, 4096, 0, 0},    {4096, 4095, 2, 0}, {2049, 2049, 0, 0},
        {4095, 2, 0, 0},       {1, 8192, 4095, 2}, {100, 3997, 0, 0},  {1365, 1366, 1366, 0},
        {4, 29770, 0, 0},      {3, 4096, 4094, 0}, {4095, 8193, 0, 0}, {8193, 4096, 1, 0},
        {1024, 3073, 1024, 0}, {1, 1, 4099, 0},    {20000, 1, 0, 0},   {513, 511, 3585, 0},
    };

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct aw_pipe *bytes = new_pipe(linux_limits, BYTES);
        struct aw_pipe *slots = new_pipe(linux_limits, SLOTS);

        for (int step = 0;; step = (step + 1) % 4) {
            uint32_t length = patterns[i][step];

            if (length == 0)
                continue;
            if (push(&bytes, length) < 0)
                break;
            cr_assert_eq(push(&slots, length), length);
            cr_assert(has_free_slot(slots));
        }
        free(bytes);
        free(slots);
    }
}

Test(pipe, what_bytes_mode_remembers_and_refuses_depends_on_no_order)
{
    uint64_t seed = 2;

    for (int round = 0; round < 5000; round++) {
        struct aw_pipe_limits limits = random_limits(&seed);
        struct aw_pipe *one = new_pipe(limits, BYTES), *other = new_pipe(limits, BYTES);
        uint32_t lengths[12], count = 1 + random_below(&seed, 12), accepted = 0;

        for (uint32_t i = 0; i < count; i++)
            lengths[i] = random_length(&seed, limits);
        while (accepted < count && push(&one, lengths[accepted]) >= 0)
            accepted++;

        /* The same in another order, read now and then: refused at the latest at the end. */
        for (uint32_t i = count; i > 1; i--) {
            uint32_t j = random_below(&seed, i), length = lengths[j];

            lengths[j] = lengths[i - 1];
            lengths[i - 1] = length;
        }
        uint32_t again = 0;

        while (again < count && push(&other, lengths[again]) >= 0) {
            again++;
            if (random_below(&seed, 2))
                pull(&other, random_length(&seed, limits));
        }
        cr_assert_eq(accepted == count, again == count);
        if (accepted == count)
            cr_assert_eq(memcmp(&one->history, &other->history, sizeof one->history), 0);
        free(one);
        free(other);
    }
}

Test(joined, boundaries_of_writes_are_not_kept)
{
    uint64_t buffers[4][64];
    struct aw_pipe *empty = (struct aw_pipe *)buffers[0], *one = (struct aw_pipe *)buffers[1];
    struct aw_pipe *two = (struct aw_pipe *)buffers[2], *whole = (struct aw_pipe *)buffers[3];
    const struct aw_pipe_limits limits = {.page_size = 4096, .slot_count = 16};
    aw_pipe_init(empty, limits, false);
    empty->joined = 1;
    cr_assert_eq(aw_pipe_write(empty, (const uint8_t *)"abc", 3, false, false, one).status,
                 AW_PIPE_DONE);
    cr_assert_eq(aw_pipe_write(one, (const uint8_t *)"defgh", 5, false, false, two).status,
                 AW_PIPE_DONE);
    cr_assert_eq(aw_pipe_write(empty, (const uint8_t *)"abcdefgh", 8, false, false, whole).status,
                 AW_PIPE_DONE);
    cr_assert_eq(two->run_count, 1);
    cr_assert_eq(two->runs[0].length, 8);
    cr_assert_eq(two->byte_count, whole->byte_count);
    cr_assert_arr_eq(aw_pipe_content(two), aw_pipe_content(whole), 8);
    uint8_t bytes[8];
    cr_assert_eq(aw_pipe_read(two, bytes, 4, one).transferred, 4);
    cr_assert_arr_eq(bytes, "abcd", 4);
    cr_assert_eq(one->runs[0].length, 4);
}
