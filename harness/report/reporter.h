/* SPDX-License-Identifier: MIT */
/*
 * reporter.h - one format in which a report is written. A reporter is one file of this folder with
 * a struct aw_reporter in it; `--format NAME` and the help find it by the table in reporter.c.
 *
 *   tty      tty.c      lines for people, one as soon as each case is decided
 *   json     json.c     one object
 *   junit    junit.c    XML as the dashboards of CI systems read it
 *   tap      tap.c      Test Anything Protocol, version 13
 *   sarif    sarif.c    SARIF 2.1.0: failing lines of the program for code review
 *   github   github.c   annotations, and the summary of a GitHub Actions step
 *
 * A reporter computes nothing: everything that it may say is in struct aw_report, or in the trace
 * files that it names. Whatever decides nothing is never told as a pass, and what is bounded is
 * called so (aw_report_words). Write errors are left in the stream, for who closes it.
 */
#ifndef AW_REPORT_REPORTER_H
#define AW_REPORT_REPORTER_H

#include <jansson.h>

#include "report/report.h"
#include "trace/trace.h"

struct aw_reporter {
    const char *name, *about;
    void (*begin)(FILE *out, int width); /* `width` of the longest name; may be NULL */
    void (*row)(FILE *out, int width, const struct aw_report_case *one); /* may be NULL */
    void (*end)(FILE *out, const struct aw_report *report);              /* every one has it */
};

extern const struct aw_reporter aw_tty_reporter, aw_json_reporter, aw_junit_reporter,
    aw_tap_reporter, aw_sarif_reporter, aw_github_reporter;

/* In the order of the help; NULL at the end. */
extern const struct aw_reporter *const aw_reporters[];

/* "table" is "tty". NULL when there is none. */
const struct aw_reporter *aw_reporter_find(const char *name);

/* How a case counts. */
enum aw_standing {
    AW_STANDING_OK,        /* as expected */
    AW_STANDING_ALLOWED,   /* nothing was decided, and --allow lets that pass */
    AW_STANDING_UNDECIDED, /* nothing was decided: not a pass */
    AW_STANDING_FAILED,    /* not as expected */
};
enum aw_standing aw_report_standing(const struct aw_report *report,
                                    const struct aw_report_case *one);

/* What there is to say about a case that is not as expected, in one line. */
const char *aw_report_reason(const struct aw_report_case *one, char *buffer, size_t size);

/* A JSON string; what is not UTF-8 (a name from a file system may be anything) is replaced. */
json_t *aw_json_text(const char *string);

/* A place in the program under test, for code review. */
struct aw_report_place {
    char file[512]; /* relative to the working folder where it lies below it */
    int line;
};

/* Reads the trace of a case; false where it has none that can be read. */
bool aw_report_trace(const struct aw_report_case *one, struct aw_trace *trace);

/* Where a step was taken; false where that is not known, or not the program's. */
bool aw_report_place_of(const struct aw_trace *trace, uint32_t step, struct aw_report_place *place);

/* The step to point at: the critical one, else the last one of the program's own source;
 * AW_TRACE_NONE without one. */
uint32_t aw_report_culprit(const struct aw_trace *trace);

/* "worker 1: sem_trywait rlock: 0" */
const char *aw_report_step_words(const struct aw_trace *trace, uint32_t step, char *buffer,
                                 size_t size);

#endif
