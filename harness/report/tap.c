/* SPDX-License-Identifier: MIT */
/*
 * tap.c - Test Anything Protocol, version 13: a line for each case and a YAML block below it. What
 * was not decided is "not ok"; where that is allowed, it is a TODO, which harnesses let pass.
 * Nothing of version 14 is needed, and Perl's prove takes "TAP version 14" for a mistake.
 */
#include <jansson.h>
#include <stdlib.h>

#include "report/reporter.h"

/* A name must not look like a directive. */
static void description(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
}

/* A JSON string is a YAML one. */
static void member(FILE *out, const char *key, const char *value)
{
    json_t *text = aw_json_text(value);
    char *quoted = json_dumps(text, JSON_ENCODE_ANY);
    fprintf(out, "  %s: %s\n", key, quoted);
    free(quoted);
    json_decref(text);
}

static void end(FILE *out, const struct aw_report *report)
{
    char words[96], expected[64], reason[1200];
    int number = 0;
    fprintf(out, "TAP version 13\n1..%d\n", report->count + report->problem_count);
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        enum aw_standing standing = aw_report_standing(report, one);
        fprintf(out, "%s %d - ", standing == AW_STANDING_OK ? "ok" : "not ok", ++number);
        description(out, one->name);
        fprintf(out, ": %s%s\n", aw_report_words(one, words, sizeof words),
                standing == AW_STANDING_ALLOWED ? " # TODO nothing was decided, which is allowed"
                                                : "");
        fputs("  ---\n", out);
        if (standing != AW_STANDING_OK)
            member(out, "message", aw_report_reason(one, reason, sizeof reason));
        member(out, "verdict", words);
        member(
            out, "expected",
            aw_verdict_words(one->expect.verdict, one->expect.property, expected, sizeof expected));
        if (aw_report_bounded(one))
            fputs("  bounded: true\n", out);
        if (one->cached)
            fputs("  cached: true\n", out);
        if (one->trace != NULL)
            member(out, "trace", one->trace);
        fprintf(out, "  duration_ms: %.3f\n  ...\n", one->result.seconds * 1000);
    }
    for (int i = 0; i < report->problem_count; i++) {
        fprintf(out, "not ok %d - ", ++number);
        description(out, report->problems[i].name);
        fputs(": could not be run\n  ---\n", out);
        member(out, "message", report->problems[i].message);
        fputs("  ...\n", out);
    }
}

const struct aw_reporter aw_tap_reporter = {
    .name = "tap", .about = "Test Anything Protocol, version 13", .end = end};
