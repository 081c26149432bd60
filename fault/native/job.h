/* SPDX-License-Identifier: MIT */
/*
 * job.h - one run of a program on the real kernel, between `allways native` (the host) and the
 * preload library that is loaded into every process of the run.
 *
 * Downwards goes a job: the plan of faults, the seed and the number of the run, as text in an
 * environment variable. Upwards comes what happened: a memory file that the host makes, that the
 * first process of the run maps, and that its children inherit over fork.
 *
 * Whether a fault strikes is decided in three steps (decide.c, preload.c):
 *
 *   1. the thread meets an operation that the fault's point, role and site fit: an occurrence. It
 *      is counted twice: over the whole run, in the shared memory (for `first` and `last`), and for
 *      the thread alone;
 *   2. a hash of (seed, run, fault, role, label of the thread, its own occurrence) says yes or no,
 *      and chooses the value. Nothing here depends on who ran first;
 *   3. a yes is paid from the fault's budget and from the plan's. Only here can the kernel's
 *      scheduling matter: when less is left than there are answers of yes, the first take it.
 *
 * A label names a thread by how it came about, never by a pid or by who was quicker: "0" is the
 * first thread of the run; "0.3" the first thread of the third process that "0" forked; "0/1" the
 * first thread that "0" created.
 */
#ifndef AW_NATIVE_JOB_H
#define AW_NATIVE_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"

#define AW_NATIVE_JOB_VARIABLE "ALLWAYS_NATIVE_JOB"
#define AW_NATIVE_FD_VARIABLE "ALLWAYS_NATIVE_FD" /* number of the memory file's descriptor */

enum {
    AW_NATIVE_RANGES = 256, /* of a fault's site */
    AW_NATIVE_LABEL = 48,
    AW_NATIVE_EVENTS = 4096,
    AW_NATIVE_KILLED = 256,
};

/* Addresses after calls that a site stands for, relative to where the program is loaded. */
struct aw_native_ranges {
    uint32_t count;
    struct {
        uint64_t low, high; /* low <= address < high */
    } ranges[AW_NATIVE_RANGES];
};

struct aw_native_job {
    uint64_t seed;
    uint64_t run;       /* counted from 1 */
    double probability; /* of a yes at an occurrence; below 0: drawn for each (run, fault) */
    struct aw_fault_plan plan;
    struct aw_native_ranges sites[AW_FAULT_MAX]; /* for faults with a site */
};

/* The text form: a line for each thing, documented in job.c. Returns a new string. */
char *aw_native_job_write(const struct aw_native_job *job);

/* Reads it again; false when it is not such a text. */
bool aw_native_job_read(const char *text, struct aw_native_job *job);

/* ---- decisions ---- */

/* A thread, for the hash. */
uint64_t aw_native_who(const char *role, const char *label);

/* Whether `fault` strikes at this thread's `occurrence`-th (counted from 1). */
bool aw_native_strikes(const struct aw_native_job *job, uint32_t fault, uint64_t who,
                       uint32_t occurrence);

/* With which value: a length, an errno, a failure value. `transfer`: the bytes that a read or write
 * could move. 0 = there is none that fits (a transfer of one byte cannot be cut). */
int64_t aw_native_value(const struct aw_native_job *job, uint32_t fault, uint64_t who,
                        uint32_t occurrence, uint64_t transfer);

/* ---- what happened ---- */

struct aw_native_event {
    uint32_t fault;        /* index in the plan */
    uint32_t own, overall; /* occurrence: of the thread, of the run */
    int64_t value;
    char role[32], label[AW_NATIVE_LABEL];
};

/* All zero at the start, but for the budgets. */
struct aw_native_shared {
    _Atomic uint32_t ready;                         /* the preload was there */
    _Atomic uint32_t budget, budgets[AW_FAULT_MAX]; /* what is left */
    _Atomic uint32_t met[AW_FAULT_MAX];             /* occurrences */
    _Atomic uint32_t injected[AW_FAULT_MAX];

    _Atomic uint64_t puts, gots, errors; /* probes */
    _Atomic uint32_t passed, not_passed; /* notes that end in ": passed", ": not passed" */
    _Atomic uint32_t bad_children;       /* that the program collected: status not 0, signals */
    _Atomic uint32_t killed_count;
    _Atomic int32_t killed[AW_NATIVE_KILLED]; /* processes that got an injected signal */

    _Atomic uint32_t event_count; /* may be beyond the room for them */
    struct aw_native_event events[AW_NATIVE_EVENTS];
};

/* Did the process end because of a fault of the plan? */
bool aw_native_was_killed(struct aw_native_shared *shared, int pid);

/* Is it an end that the program should answer for: a status that is not 0, a signal? */
bool aw_native_ended_badly(struct aw_native_shared *shared, int pid, int status);

#endif
