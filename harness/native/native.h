/* SPDX-License-Identifier: MIT */
/*
 * native.h - the native twin: the program of a scenario on the real kernel, under its plan of
 * faults, many times.
 *
 *   run.c       one run: a process group with a time limit, and what it left behind
 *   tally.c     what many runs add up to
 *   places.c    where things are: the native program, the preload library, call sites
 *   fiu_run.c   the plan as a command line of libfiu's own tool, where that can say it
 *
 * It is an experiment, not a verdict: what never happened in a million runs may still happen, and
 * what happened once is certain. fault/native/job.h says how a run is told what to do.
 */
#ifndef AW_NATIVE_NATIVE_H
#define AW_NATIVE_NATIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "native/job.h"

/* An executable, its arguments and its whole environment. */
struct aw_native_program {
    const char *path;
    char *const *argv; /* NULL at the end */
    char *const *env;  /* the same */
};

/* ---- one run ---- */

struct aw_native_settings {
    const char *preload;       /* path of the preload library */
    double limit_seconds;      /* then the whole process group is killed */
    bool show_output;          /* of the program; otherwise it goes nowhere */
    bool (*interrupted)(void); /* asked after each signal; may be NULL */
};

enum aw_native_end {
    AW_NATIVE_ENDED,
    AW_NATIVE_HUNG,
    AW_NATIVE_INTERRUPTED, /* by the user; it counts for nothing */
};

struct aw_native_outcome {
    enum aw_native_end end;
    int status;  /* of the first process, as waitpid gives it */
    bool passed; /* the program's own opinion: a note that ends in ": passed" and none in
                    ": not passed"; without such notes, that there was no error */
    bool error;  /* an error probe, a status that is not 0, a signal not of the plan */
    uint64_t puts, gots;
    double seconds;
    uint32_t met[AW_FAULT_MAX], injected[AW_FAULT_MAX];
    uint32_t event_count; /* of `events`, by label, fault and occurrence */
    struct aw_native_event *events;
};

/* Does run `job->run` of the program. Everything that it started has ended when this returns. */
int aw_native_run(const struct aw_native_program *program, const struct aw_native_job *job,
                  const struct aw_native_settings *settings, struct aw_native_outcome *outcome,
                  struct aw_error *error);

void aw_native_outcome_deinit(struct aw_native_outcome *outcome);

/* One line for each injected fault. */
void aw_native_log(FILE *out, const struct aw_native_job *job,
                   const struct aw_native_outcome *outcome);

/* ---- many ---- */

struct aw_native_tally {
    uint64_t runs, passed, hung, errors;
    uint64_t drained;      /* ended, and every item that was put was got */
    uint64_t losing, lost; /* runs in which items were put that nobody got; those items */
    uint64_t faults;       /* injected */
    uint64_t met[AW_FAULT_MAX], injected[AW_FAULT_MAX];
    double seconds;
};

/* An interrupted run is not counted. */
void aw_native_count(struct aw_native_tally *tally, const struct aw_native_outcome *outcome);

/* The table; what its columns mean. */
void aw_native_table_legend(FILE *out);
void aw_native_table_head(FILE *out, int width);
void aw_native_table_row(FILE *out, int width, const char *name,
                         const struct aw_native_tally *tally);

/* What there is to say about each fault of the plan: how often met and injected. */
void aw_native_table_faults(FILE *out, const struct aw_fault_plan *plan,
                            const struct aw_native_tally *tally);

/* ---- places ---- */

/* build/models/NAME.so -> build/native/NAME; other paths only lose their ".so". A new string. */
char *aw_native_program_path(const char *machine_program);

/* The preload library: $ALLWAYS_PRELOAD, or beside the executable, or in ../lib/allways. NULL when
 * it is in neither place. Not to be freed. */
const char *aw_native_preload_path(void);

/* The calls of `program` that a fault's site stands for: "file.c:123", "file.c" or a function.
 * AW_E_PROGRAM when there are none, or the program has no line information. */
int aw_native_site(const char *program, const char *site, struct aw_native_ranges *ranges,
                   struct aw_error *error);

/* ---- fiu-run ---- */

/* The plan as a command line of fiu-run, a new string; or NULL, with the reason in `why`. Budgets,
 * and lengths of partial transfers, cannot be said and are left out. `probability` is what is
 * given to each point. */
char *aw_native_fiu_run(const struct aw_native_program *program, const struct aw_fault_plan *plan,
                        double probability, char *why, size_t size);

#endif
