/* SPDX-License-Identifier: MIT */
/*
 * report.h - what came out of a run, for people and for programs.
 *
 *   report.c    results, whether they are as expected, the exit status
 *   transfer.c  a result from one process of the checker to another
 *   reporter.h  the formats; tty.c, json.c, junit.c, tap.c, sarif.c, github.c are one each
 *   table.c     plain text: one line for each case, then what there is to say about some of them:
 *               those that are not as expected; expected violations too, while they are few
 *   progress.c  what is shown on stderr while a search lasts
 *
 * A report owns its results.
 */
#ifndef AW_REPORT_REPORT_H
#define AW_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "explore/explore.h"
#include "scenario/scenario.h"

struct aw_report_case {
    char *name;
    struct aw_expectation expect; /* `interleavings` is owned */
    unsigned properties;          /* that were asked for */
    struct aw_result result;
    char *trace;         /* path of the trace file, or NULL */
    char detail[640];    /* the crash, error or finding of the trace, who cannot go on, or "" */
    char *program;       /* of the case */
    char *file;          /* of the scenario, or "" */
    int line;            /* of its expectation; 0 without a file */
    bool cached;         /* proved by an earlier run, not by this one */
    bool not_run;        /* inconclusive because its turn never came */
    bool compare_search; /* stated numbers of states and transitions hold for this search */

    /* Filled in by aw_report_judge: */
    bool met;
    char unmet[256]; /* what is not as expected, or "" */
};

/* A case that could not be run, or something about it that could not be written. */
struct aw_report_problem {
    char *name, *message;
};

struct aw_report {
    struct aw_report_case *cases;
    int count;
    struct aw_report_problem *problems;
    int problem_count;
    int errors;       /* problems, and what else went wrong in writing; said on stderr */
    unsigned allowed; /* bit v: enum aw_verdict v, undecided, does not change the exit status */
    bool interrupted; /* before all cases were run */
};

void aw_report_init(struct aw_report *report);
void aw_report_deinit(struct aw_report *report);

/* A new case at the end, all zero but for its name; the pointer is good until the next one. */
struct aw_report_case *aw_report_add(struct aw_report *report, const char *name);

/* Takes the last case out again. */
void aw_report_drop(struct aw_report *report);

/* Every piece of memory that a case owns, those of its result included (aw_result_parts). */
void aw_report_case_parts(struct aw_report_case *one, aw_part_visitor *visit, void *context);

/* A case as bytes, for the process that this one was forked from. 0, or AW_E_IO. */
int aw_report_send(FILE *out, const struct aw_report_case *one);

/* Is the case in these bytes of aw_report_send as expected? False when they are none. */
bool aw_report_sent_met(const void *bytes, size_t size);

/* Enters a case of aw_report_send at the end; NULL when the bytes are none, or not all of it. */
struct aw_report_case *aw_report_receive(struct aw_report *report, const void *bytes, size_t size);

/* The same with everything that is known of a case before it runs. */
struct aw_report_case *aw_report_add_case(struct aw_report *report, const struct aw_case *of);

/* An error about a case. Counts it. */
void aw_report_add_problem(struct aw_report *report, const char *name, const char *message);

/* The trace of a case could not be written: it is not as expected, and an error is counted. */
void aw_report_not_kept(struct aw_report *report, struct aw_report_case *one, const char *why);

/* A case whose turn did not come: inconclusive, and says why. */
void aw_report_add_not_run(struct aw_report *report, const struct aw_case *of, const char *why);

/* Is the verdict one that decides nothing, and not the expected one? */
bool aw_report_is_undecided(const struct aw_report_case *one);

/* Does it, or a property of it beside another that is violated, hold, but not for all executions of
 * the program: one of the assumptions is a bound? */
bool aw_report_bounded(const struct aw_report_case *one);

/* "violated drained", "proved, bounded": the verdict of a case. Of several properties that are
 * violated it names the expected one, where it is among them. */
const char *aw_report_words(const struct aw_report_case *one, char *buffer, size_t size);

/* Compares the result with what was expected. */
void aw_report_judge(struct aw_report_case *one);

/* Exit status: 0 every expectation met, 1 one was not, 2 an error, 3 a verdict that decides nothing
 * and was not expected; of several 2, then 1, then 3. */
int aw_report_status(const struct aw_report *report);

/* "violated drained": the words for a verdict. `property` counts for a violation only; -1 = any. */
const char *aw_verdict_words(enum aw_verdict verdict, int property, char *buffer, size_t size);

/* The table. `width` is that of the longest name of a case. */
void aw_table_head(FILE *out, int width);
void aw_table_row(FILE *out, int width, const struct aw_report_case *one);
void aw_table_tail(FILE *out, const struct aw_report *report);

/* What there is to say about one case: message, trace, commands. */
void aw_report_details(FILE *out, const struct aw_report_case *one);

/* Proofs of programs that report items, or whose main fails, of which nothing was asked: a line for
 * each that says so, or nothing. Only where the usual properties were checked; who writes others down has chosen. */
void aw_report_not_asked(FILE *out, const struct aw_report *report);

/* The union of what the proofs assume, each once; nothing when there is nothing. */
void aw_report_assumptions(FILE *out, const struct aw_report *report);

/* {"allways": VERSION, "results": [...]} and a line end. Returns 0, or AW_E_IO. */
int aw_report_json(FILE *out, const struct aw_report *report);

/* A line on stderr: rewritten on a terminal, else a new one every few seconds. Short runs show
 * nothing. */
struct aw_report_progress {
    FILE *out;
    bool terminal, shown;
    double next; /* seconds of the search at which there is something to be shown again */
};
void aw_progress_start(struct aw_report_progress *progress, FILE *out);
void aw_progress_show(struct aw_report_progress *progress, const char *name,
                      const struct aw_progress *now);
void aw_progress_end(struct aw_report_progress *progress);

/* "1,234,567" */
const char *aw_grouped(uint64_t number, char buffer[32]);
/* "1 step", "1,024 states". */
const char *aw_counted(uint64_t number, const char *word, char buffer[64]);

#endif
