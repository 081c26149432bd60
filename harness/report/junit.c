/* SPDX-License-Identifier: MIT */
/*
 * junit.c - JUnit's XML, in the dialect that Jenkins, GitLab and most dashboards read:
 *
 *   testsuites > testsuite > testcase > failure   not as expected
 *                                       error     nothing was decided, or it could not be run
 *                                       skipped   nothing was decided, and that is allowed
 *                                       system-out  verdict, numbers, assumptions, the trace
 */
#include <string.h>

#include "report/reporter.h"

/* What XML cannot hold (control characters), and bytes that are not ASCII in what may not be
 * UTF-8, are replaced. */
static void escaped(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        switch (*c) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\n':
            fputs("&#10;", out);
            break;
        default:
            fputc((*c < ' ' && *c != '\t') || *c >= 0x7f ? '?' : *c, out);
        }
}

static void attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    escaped(out, value);
    fputc('"', out);
}

/* "folder.name" of the scenario's file: what dashboards group by. */
static void class_name(FILE *out, const struct aw_report_case *one)
{
    char name[512];
    snprintf(name, sizeof name, "%s", one->file[0] ? one->file : "allways");
    char *dot = strrchr(name, '.');
    if (dot != NULL && strchr(dot, '/') == NULL)
        *dot = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/')
            *c = '.';
    attribute(out, "classname", name[0] == '.' ? name + 1 : name);
}

static void line(FILE *out, const char *what, const char *text)
{
    escaped(out, what);
    escaped(out, text);
    fputc('\n', out);
}

static void system_out(FILE *out, const struct aw_report_case *one)
{
    char words[96], number[32];
    fputs("    <system-out>", out);
    line(out, "verdict: ", aw_report_words(one, words, sizeof words));
    if (one->cached)
        line(out, "cached: ", "proved by an earlier run of the same program and checker");
    line(out, "states: ", aw_grouped(one->result.states, number));
    for (unsigned i = 0; i < one->result.assumption_count; i++)
        line(out, "assumed: ", one->result.assumptions[i]);
    if (one->trace != NULL) {
        line(out, "trace: ", one->trace);
        line(out, "allways show ", one->trace);
    }
    fputs("</system-out>\n", out);
}

static void outcome(FILE *out, const struct aw_report *report, const struct aw_report_case *one)
{
    static const char *const elements[] = {[AW_STANDING_ALLOWED] = "skipped",
                                           [AW_STANDING_UNDECIDED] = "error",
                                           [AW_STANDING_FAILED] = "failure"};
    char reason[1200], words[96];
    enum aw_standing standing = aw_report_standing(report, one);
    if (standing == AW_STANDING_OK)
        return;
    fprintf(out, "    <%s", elements[standing]);
    aw_report_reason(one, reason, sizeof reason);
    if (standing == AW_STANDING_ALLOWED) { /* its message is text: so the schema of Jenkins */
        fputc('>', out);
        escaped(out, reason);
        fputs("</skipped>\n", out);
        return;
    }
    attribute(out, "message", reason);
    attribute(out, "type", aw_report_words(one, words, sizeof words));
    fputc('>', out);
    line(out, "", reason);
    if (one->trace != NULL)
        line(out, "allways show ", one->trace);
    fprintf(out, "</%s>\n", elements[standing]);
}

static void test_case(FILE *out, const struct aw_report *report, const struct aw_report_case *one)
{
    fputs("   <testcase", out);
    attribute(out, "name", one->name);
    class_name(out, one);
    fprintf(out, " time=\"%.3f\">\n", one->result.seconds);
    outcome(out, report, one);
    system_out(out, one);
    fputs("   </testcase>\n", out);
}

/* The schema of Jenkins has no "skipped" for all suites together. */
static void numbers(FILE *out, const struct aw_report *report, bool skipped)
{
    int counts[4] = {0};
    double seconds = 0;
    for (int i = 0; i < report->count; i++) {
        counts[aw_report_standing(report, &report->cases[i])]++;
        seconds += report->cases[i].result.seconds;
    }
    fprintf(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\"",
            report->count + report->problem_count, counts[AW_STANDING_FAILED],
            counts[AW_STANDING_UNDECIDED] + report->problem_count);
    if (skipped)
        fprintf(out, " skipped=\"%d\"", counts[AW_STANDING_ALLOWED]);
    fprintf(out, " time=\"%.3f\">\n", seconds);
}

static void end(FILE *out, const struct aw_report *report)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"allways\"", out);
    numbers(out, report, false);
    fputs("  <testsuite name=\"allways " AW_VERSION "\"", out);
    numbers(out, report, true);
    for (int i = 0; i < report->count; i++)
        test_case(out, report, &report->cases[i]);
    for (int i = 0; i < report->problem_count; i++) {
        fputs("   <testcase", out);
        attribute(out, "name", report->problems[i].name);
        fputs(" classname=\"allways\" time=\"0\">\n    <error", out);
        attribute(out, "message", report->problems[i].message);
        fputs(" type=\"could not be run\"/>\n   </testcase>\n", out);
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
}

const struct aw_reporter aw_junit_reporter = {
    .name = "junit", .about = "JUnit's XML, for dashboards", .end = end};
