/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - Linux's anonymous pipe (fs/pipe.c, measured on 6.18) on flat values.
 *
 * Canonical form
 *
 * Pipes that no later sequence of operations can tell apart should be the same bytes. In slots
 * mode the future sees the content, how it is divided into pages (a slot is free when its page is
 * fully read), and the room behind the last page's content (only that page is ever merged into).
 *
 *   1. A fully read page has no run; an empty pipe has no runs. (A write to an empty pipe does not
 *      merge, so what the last page was like is forgotten.)
 *   2. The offset of a page that is not the last is 0: it will never be written to again.
 *   3. The last page keeps its offset; page_size - offset - length is its room.
 *   4. `history` is 0 in slots mode, all offsets are 0 in bytes mode, padding is 0.
 *
 * What is left is observable: a different room r is told apart by writing r bytes, a different
 * division by reading the shorter first page and counting free slots.
 *
 * When bytes mode is exact
 *
 * Bytes mode answers every write with "all of it" and every POLLOUT with "yes". That is right as
 * long as each write leaves a free slot behind. Let p be the page size. For a write of n > 0 bytes
 * let q = n / p, r = n mod p.
 *
 * (I) Without reads the slots used are never fewer than with them. Write a pipe as (u, f): u slots
 * in use, the last one filled up to f (offset + length); an empty pipe, which cannot be merged
 * into, as (0, p). Order such pairs lexicographically. A write takes (u, f) to
 *       r = 0:              (u + q, p)
 *       q = 0, f + r <= p:  (u, f + r)
 *       q > 0, f + r <= p:  (u + q, p)
 *       f + r > p, r > 0:   (u + q + 1, r)
 * and this is monotone. For u = u', f <= f': if r merges at f', it merges at f too; if it merges at
 * f only, the other one ends a slot higher. For u < u' the most the lower one can reach is
 * (u + q + 1, r), the least the higher one can reach (u' + q, g) with u' >= u + 1 and g >= r.
 * A read lowers u and keeps f, or empties the pipe, which gives (0, p): never more than it was, and
 * (0, p) is below every pair with a slot in use. So the pipe with reads stays at or below the one
 * without, whose slots in use, C, depend on the sequence of the writes alone.
 *
 * (II) Bounds on C by facts that no order of the writes changes either:
 *
 *   A.  C <= sum of ceil(n / p): no write takes more slots than that.       `pages`
 *
 *   B.  Let m be the largest r so far, R the sum of all r, and H the sum of q + 1 over the writes
 *       with q > 0. A slot holds either a whole page of one large write (there are as many as all
 *       q together) or left-overs. A slot of the second kind is no longer the last one because
 *         - the next left-over did not fit: it holds more than p - m bytes of left-overs; or
 *         - a large write put its whole pages behind it: at most one slot for each large write.
 *       Besides these there is at most the last slot, which holds a byte or more. So, with
 *       d = p - m + 1,
 *           C <= H                     if R = 0
 *           C <= H + 1 + (R - 1) / d   otherwise, the division rounding down.
 *
 * A serves few writes of any size, B many small ones. Both only grow, so a bound that has reached
 * the number of slots is of no use any more: its facts are set to one fixed value (saturated), for
 * the sake of fewer distinct states. A write after which both have reached it is refused.
 *
 * POLLOUT is exact because C < slots; atomicity and short counts never show because what is
 * written is always taken whole, under the pipe's lock.
 */
#include "machine/pipe.h"

#include "base/check.h"

#include <errno.h>
#include <string.h>

/* /proc/sys/fs/pipe-max-size, 1 MiB, in pages: as far as an unprivileged process may grow one. */
enum { UNPRIVILEGED_SLOTS = 256 };

_Static_assert(sizeof(struct aw_pipe) == 48, "a pipe is compared as bytes: no hidden padding");

static const uint64_t capacity_max = (uint64_t)1 << 31;

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t pages_for(uint64_t length, uint32_t page_size)
{
    return (length + page_size - 1) / page_size;
}

static uint64_t pipe_capacity(const struct aw_pipe *pipe)
{
    return (uint64_t)pipe->limits.page_size * pipe->limits.slot_count;
}

size_t aw_pipe_value_size(uint32_t run_count, uint32_t byte_count)
{
    size_t size =
        sizeof(struct aw_pipe) + run_count * sizeof(struct aw_pipe_run) + (size_t)byte_count;

    return (size + 7) & ~(size_t)7;
}

size_t aw_pipe_size_after_write(const struct aw_pipe *pipe, uint32_t length)
{
    uint64_t runs = pipe->run_count, bytes;

    /* Neither mode ever holds more than the capacity: bytes mode refuses long before. */
    bytes = min64((uint64_t)pipe->byte_count + length, pipe_capacity(pipe));
    if (pipe->exact)
        runs = min64(runs + pages_for(length, pipe->limits.page_size), pipe->limits.slot_count);
    else
        runs += 1;
    return aw_pipe_value_size((uint32_t)runs, (uint32_t)bytes);
}

void aw_pipe_init(struct aw_pipe *pipe, struct aw_pipe_limits limits, bool exact)
{
    AW_CHECK(limits.page_size > 0);
    AW_CHECK(limits.slot_count > 0);
    AW_CHECK((uint64_t)limits.page_size * limits.slot_count <= capacity_max);

    memset(pipe, 0, aw_pipe_value_size(0, 0));
    pipe->size = (uint32_t)aw_pipe_value_size(0, 0);
    pipe->readers = 1;
    pipe->writers = 1;
    pipe->exact = exact;
    pipe->limits = limits;
}

const uint8_t *aw_pipe_content(const struct aw_pipe *pipe)
{
    return (const uint8_t *)(pipe->runs + pipe->run_count);
}

/* Makes `out` the value with the header and the first `kept` runs of `pipe` and room for so many
 * runs and bytes in all; the new runs, and the content, are the caller's to fill. */
static uint8_t *start_value(struct aw_pipe *out, const struct aw_pipe *pipe, uint32_t run_count,
                            uint32_t byte_count)
{
    size_t size = aw_pipe_value_size(run_count, byte_count);
    uint8_t *content;

    AW_CHECK(out != pipe);
    AW_CHECK(size <= UINT32_MAX);
    memcpy(out, pipe, sizeof *pipe);
    out->size = (uint32_t)size;
    out->run_count = run_count;
    out->byte_count = byte_count;
    content = (uint8_t *)(out->runs + run_count);
    memset(content + byte_count, 0, (size_t)((uint8_t *)out + size - (content + byte_count)));
    return content;
}

static struct aw_pipe_result unchanged(struct aw_pipe *out, const struct aw_pipe *pipe,
                                       enum aw_pipe_status status)
{
    AW_CHECK(out != pipe);
    memcpy(out, pipe, pipe->size);
    return (struct aw_pipe_result){status, 0};
}

/* Accounts for one more write. False when neither bound proves a free slot afterwards. */
static bool history_add(struct aw_pipe_history *history, struct aw_pipe_limits limits,
                        uint32_t length)
{
    uint32_t whole = length / limits.page_size, left_over = length % limits.page_size;
    uint64_t large, bytes, largest, bound;

    history->pages =
        (uint32_t)min64(history->pages + pages_for(length, limits.page_size), limits.slot_count);

    large = (uint64_t)history->large + (whole > 0 ? (uint64_t)whole + 1 : 0);
    bytes = (uint64_t)history->left_over + left_over;
    largest = left_over > history->largest ? left_over : history->largest;
    bound = large;
    if (bytes > 0)
        bound += 1 + (bytes - 1) / (limits.page_size - largest + 1);

    if (bound < limits.slot_count) {
        history->large = (uint32_t)large;
        history->left_over = (uint32_t)bytes;
        history->largest = (uint32_t)largest;
    } else {
        history->large = limits.slot_count;
        history->left_over = 0;
        history->largest = 0;
    }
    return history->pages < limits.slot_count || history->large < limits.slot_count;
}

static struct aw_pipe_result write_as_bytes(const struct aw_pipe *pipe, const uint8_t *bytes,
                                            uint32_t length, struct aw_pipe *out)
{
    struct aw_pipe_history history = pipe->history;
    uint8_t *content;

    if (!history_add(&history, pipe->limits, length))
        return unchanged(out, pipe, AW_PIPE_CAPACITY_MATTERS);

    bool joins = pipe->joined && pipe->run_count > 0;
    content = start_value(out, pipe, pipe->run_count + !joins, pipe->byte_count + length);
    out->history = history;
    memcpy(out->runs, pipe->runs, pipe->run_count * sizeof *pipe->runs);
    if (joins)
        out->runs[0].length += length;
    else
        out->runs[pipe->run_count] = (struct aw_pipe_run){0, length};
    memcpy(content, aw_pipe_content(pipe), pipe->byte_count);
    memcpy(content + pipe->byte_count, bytes, length);
    return (struct aw_pipe_result){AW_PIPE_DONE, length};
}

static struct aw_pipe_result write_as_slots(const struct aw_pipe *pipe, const uint8_t *bytes,
                                            uint32_t length, bool nonblocking, bool resumed,
                                            struct aw_pipe *out)
{
    const uint32_t page_size = pipe->limits.page_size;
    uint32_t merged = 0, new_runs, taken, run_count, rest, i;
    enum aw_pipe_status status = AW_PIPE_DONE;
    uint8_t *content;

    if (!resumed && pipe->run_count > 0) {
        const struct aw_pipe_run *last = &pipe->runs[pipe->run_count - 1];
        uint32_t left_over = length % page_size;

        if (last->offset + last->length + left_over <= page_size)
            merged = left_over;
    }
    new_runs = (uint32_t)min64(pages_for(length - merged, page_size),
                               pipe->limits.slot_count - pipe->run_count);
    taken = merged + (uint32_t)min64(length - merged, (uint64_t)new_runs * page_size);
    if (taken == 0)
        return unchanged(out, pipe, AW_PIPE_BLOCKS);
    if (taken < length && !nonblocking)
        status = AW_PIPE_PROGRESS;

    run_count = pipe->run_count + new_runs;
    content = start_value(out, pipe, run_count, pipe->byte_count + taken);
    memcpy(out->runs, pipe->runs, pipe->run_count * sizeof *pipe->runs);
    if (pipe->run_count > 0) {
        out->runs[pipe->run_count - 1].length += merged;
        if (new_runs > 0)
            out->runs[pipe->run_count - 1].offset = 0;
    }
    rest = taken - merged;
    for (i = pipe->run_count; i < run_count; i++) {
        out->runs[i] = (struct aw_pipe_run){0, (uint32_t)min64(rest, page_size)};
        rest -= out->runs[i].length;
    }
    memcpy(content, aw_pipe_content(pipe), pipe->byte_count);
    memcpy(content + pipe->byte_count, bytes, taken);
    return (struct aw_pipe_result){status, taken};
}

struct aw_pipe_result aw_pipe_write(const struct aw_pipe *pipe, const uint8_t *bytes,
                                    uint32_t length, bool nonblocking, bool resumed,
                                    struct aw_pipe *out)
{
    struct aw_pipe_result result;

    AW_CHECK(pipe->exact || !resumed); /* no write ever sleeps in bytes mode */

    if (length == 0)
        result = unchanged(out, pipe, AW_PIPE_DONE);
    else if (pipe->readers == 0)
        result = unchanged(out, pipe, AW_PIPE_BROKEN);
    else if (pipe->exact)
        result = write_as_slots(pipe, bytes, length, nonblocking, resumed, out);
    else
        result = write_as_bytes(pipe, bytes, length, out);
    return result;
}

struct aw_pipe_result aw_pipe_read(const struct aw_pipe *pipe, uint8_t *bytes, uint32_t length,
                                   struct aw_pipe *out)
{
    uint32_t taken = (uint32_t)min64(length, pipe->byte_count);
    uint32_t first = 0, rest = taken;
    uint8_t *content;

    if (length == 0)
        return unchanged(out, pipe, AW_PIPE_DONE);
    if (pipe->byte_count == 0)
        return unchanged(out, pipe, pipe->writers > 0 ? AW_PIPE_BLOCKS : AW_PIPE_DONE);

    while (first < pipe->run_count && rest >= pipe->runs[first].length) {
        rest -= pipe->runs[first].length;
        first++;
    }
    content = start_value(out, pipe, pipe->run_count - first, pipe->byte_count - taken);
    memcpy(out->runs, pipe->runs + first, out->run_count * sizeof *pipe->runs);
    if (rest > 0) {
        out->runs[0].length -= rest;
        if (out->exact && out->run_count == 1)
            out->runs[0].offset += rest;
    }
    memcpy(bytes, aw_pipe_content(pipe), taken);
    memcpy(content, aw_pipe_content(pipe) + taken, out->byte_count);
    return (struct aw_pipe_result){AW_PIPE_DONE, taken};
}

int aw_pipe_poll(const struct aw_pipe *pipe, bool read_end)
{
    int events = 0;

    if (read_end) {
        if (pipe->byte_count > 0)
            events |= AW_PIPE_POLLIN;
        if (pipe->writers == 0)
            events |= AW_PIPE_POLLHUP;
    } else {
        /* In bytes mode runs are writes, and a slot is always free (proved above). */
        if (!pipe->exact || pipe->run_count < pipe->limits.slot_count)
            events |= AW_PIPE_POLLOUT;
        if (pipe->readers == 0)
            events |= AW_PIPE_POLLERR;
    }
    return events;
}

int64_t aw_pipe_resize(const struct aw_pipe *pipe, int64_t capacity, struct aw_pipe *out,
                       int *errnum)
{
    uint64_t slots = 1;

    AW_CHECK(pipe->exact);
    unchanged(out, pipe, AW_PIPE_DONE);

    /* The kernel takes an unsigned int, in which a negative number is too large. */
    if (capacity < 0 || (uint64_t)capacity > capacity_max) {
        *errnum = EINVAL;
        return -1;
    }
    while (slots * pipe->limits.page_size < (uint64_t)capacity)
        slots *= 2;
    if (slots > pipe->limits.slot_count && slots > UNPRIVILEGED_SLOTS) {
        *errnum = EPERM;
        return -1;
    }
    if (slots < pipe->run_count) {
        *errnum = EBUSY;
        return -1;
    }
    out->limits.slot_count = (uint32_t)slots;
    return (int64_t)pipe_capacity(out);
}

uint32_t aw_pipe_first_write_left(const struct aw_pipe *pipe)
{
    AW_CHECK(!pipe->exact);
    return pipe->run_count > 0 ? pipe->runs[0].length : 0;
}
