/* SPDX-License-Identifier: MIT */
/*
 * plan.h - which faults an exploration may inject: a flat value, filled in by the scenario, read by
 * the machine and by the native twin.
 *
 * Every fault is a choice that costs 1 from its own budget and from the plan's. With nothing left
 * in either, its point behaves as if there were no plan; a plan whose budget is 0 changes nothing.
 */
#ifndef AW_FAULT_PLAN_H
#define AW_FAULT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "points.h"

enum {
    AW_FAULT_MAX = 12,         /* faults of a plan */
    AW_FAULT_MAX_VALUES = 64,  /* values of one */
    AW_FAULT_MAX_BUDGET = 100, /* of one, and of all together */
    AW_FAULT_NAME = 96,
};

/* Lengths of a partial transfer of n bytes that could all be moved. */
enum aw_fault_lengths {
    AW_LENGTHS_LISTED,     /* `values` */
    AW_LENGTHS_EVERY,      /* 1 .. n - 1 */
    AW_LENGTHS_MEANINGFUL, /* 1; 2 and 3 (inside the header); 4 (its end); PIPE_BUF - 1, PIPE_BUF,
                              PIPE_BUF + 1; n / 2; n - 1: those that are below n, each once */
};

struct aw_fault {
    enum aw_fault_kind kind;
    char point[AW_FAULT_NAME]; /* name of the point; libfiu's, ours or the program's */

    /* Where: empty or 0 = anywhere. */
    char role[32]; /* of the thread, as the program names it with aw_role; or "main" for the
                      first thread of the root process, "worker" for any thread of a process
                      marked as a worker */
    char site[AW_FAULT_NAME]; /* call site: "file.c:123", "file.c" or a function's name */
    uint32_t first, last;     /* occurrences at which it may strike, counted from 1 over the whole
                                 execution among those that match role and site; 0, 0 = every */

    /* What. */
    enum aw_fault_lengths lengths; /* AW_FAULT_PARTIAL */
    uint32_t value_count;
    int64_t values[AW_FAULT_MAX_VALUES]; /* lengths, errnos, or failure values of the point; each
                                            once, lengths ascending; none for other kinds */
    int64_t delay_ns;                    /* AW_FAULT_DELAY */

    uint32_t budget;  /* how often in one execution; at least 1 unless the plan's is 0 */
    int line, column; /* in the scenario file, for messages */
};

struct aw_fault_plan {
    uint32_t count;
    uint32_t budget; /* of all faults together */
    struct aw_fault faults[AW_FAULT_MAX];
};

/* Writes the lengths of a partial transfer of `length` bytes (with `pipe_buf` bytes in PIPE_BUF)
 * into `lengths`, ascending, each once, each from 1 to length - 1; returns how many (at most
 * `room`). */
uint32_t aw_fault_lengths_of(const struct aw_fault *fault, uint32_t length, uint32_t pipe_buf,
                             uint32_t *lengths, uint32_t room);

/* How many there are, without a limit: whoever cuts the list short has not proved "every length",
 * and has to say so. */
uint32_t aw_fault_length_count(const struct aw_fault *fault, uint32_t length, uint32_t pipe_buf);

/* One line that says what the fault is, for traces and reports: "partial write of 3 bytes at
 * posix/io/rw/write/reduce". `value` is the one chosen; kinds without values do not look at it. */
void aw_fault_describe(const struct aw_fault *fault, int64_t value, char *buffer, size_t size);

#endif
