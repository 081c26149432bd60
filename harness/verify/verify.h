/* SPDX-License-Identifier: MIT */
/*
 * verify.h - one case, from its program to its trace. What the command line and the library
 * (allways/allways.h) have in common; prints nothing.
 *
 *   verify.c   machine -> exploration -> (a schedule) -> a new machine -> trace -> file
 *   kept.c     the traces that a case keeps, carried out before the search
 *   walks.c    random executions, carried out twice and compared
 */
#ifndef AW_VERIFY_VERIFY_H
#define AW_VERIFY_VERIFY_H

#include "report/report.h"
#include "scenario/scenario.h"
#include "trace/trace.h"

struct aw_verify_settings {
    const char *runtime; /* path of runtime.so */
    bool whole_graph, count, symmetry, minimal, tracking, reuse;
    uint64_t
        minimal_states;    /* of the search for the shortest counterexample; 0: as many as usual */
    uint64_t control;      /* steps that are executed again; 0 = all */
    unsigned rules;        /* of the reduction */
    const char *trace_dir; /* made when there is something to write; NULL: no trace is written */
    bool has_states, has_memory, has_seconds;
    struct aw_limits limits; /* those that were given, in place of the case's */
    double budget;           /* seconds that the case may take of a common budget; 0 = none */
    /* Called now and then while a search lasts; false stops it. May be NULL. */
    bool (*progress)(void *context, const char *name, const struct aw_progress *now);
    /* Is told what is worth saying besides the result, a line each. May be NULL. */
    void (*say)(void *context, const char *name, const char *line);
    void *context;
};

/* All reductions, traces below "traces". */
void aw_verify_settings_default(struct aw_verify_settings *settings);

/* Searches one case, writes the trace if there is one, and enters the judged result into the
 * report. An error is the caller's to tell; when it struck after the search, *entry is set all the
 * same. */
int aw_verify_case(const struct aw_verify_settings *settings, const struct aw_case *one,
                   struct aw_report *report, struct aw_report_case **entry, struct aw_error *error);

/* Carries out the traces that the case keeps. 1: one reproduces; *result says so, and *path is its file.
 * 0: none does, which settings->say was told. Negative: one cannot be read, or is of something else. */
int aw_verify_kept(const struct aw_verify_settings *settings, const struct aw_case *one,
                   struct aw_result *result, const char **path, struct aw_error *error);

/* The name of a case as a part of a file name. */
void aw_verify_file_name(const char *name, char *buffer, size_t size);

/* Makes a folder and those above it. */
int aw_verify_make_folder(const char *path, struct aw_error *error);

/*
 * Walks at random through the machine's program, `count` times, and carries out each walk in a new
 * machine that has learned nothing: every observation has to be the same. The walks are those of
 * `seed`. Returns 0; 1 when one differs, `message` says where; or a negative code. The machine is
 * destroyed: there can be one at a time.
 */
int aw_verify_walks(struct aw_machine *machine, const char *runtime, const struct aw_case *one,
                    bool exact_pipes, uint64_t seed, unsigned count, char *message, size_t size,
                    struct aw_error *error);

#endif
