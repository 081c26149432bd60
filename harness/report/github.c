/* SPDX-License-Identifier: MIT */
/*
 * github.c - for GitHub Actions: the table, then an annotation for each case that is not as
 * expected, at the line of the program where its schedule ends (else at its scenario); and a
 * summary in Markdown, appended to the file that GITHUB_STEP_SUMMARY names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/reporter.h"
#include "trace/explain.h"
#include "view/view.h"

/* A workflow command ends with its line; its properties end at "," and "::". */
static void escaped(FILE *out, const char *text, bool property)
{
    for (; *text != '\0'; text++)
        if (*text == '%' || *text == '\n' || *text == '\r' ||
            (property && (*text == ':' || *text == ',')))
            fprintf(out, "%%%02X", (unsigned char)*text);
        else
            fputc(*text, out);
}

static void annotate(FILE *out, const char *level, const char *file, int line, const char *title,
                     const char *text)
{
    fprintf(out, "::%s ", level);
    if (file[0] != '\0') {
        fputs("file=", out);
        escaped(out, file, true);
        if (line > 0)
            fprintf(out, ",line=%d", line);
        fputc(',', out);
    }
    fputs("title=", out);
    escaped(out, title, true);
    fputs("::", out);
    escaped(out, text, false);
    fputc('\n', out);
}

static void annotate_case(FILE *out, const struct aw_report *report,
                          const struct aw_report_case *one)
{
    static const char *const levels[] = {[AW_STANDING_ALLOWED] = "notice",
                                         [AW_STANDING_UNDECIDED] = "warning",
                                         [AW_STANDING_FAILED] = "error"};
    enum aw_standing standing = aw_report_standing(report, one);
    struct aw_report_place place = {.line = one->line};
    struct aw_trace trace;
    char reason[1200], text[1600];
    if (standing == AW_STANDING_OK)
        return;
    snprintf(place.file, sizeof place.file, "%s", one->file);
    if (aw_report_trace(one, &trace)) {
        uint32_t culprit = aw_report_culprit(&trace);
        if (culprit != AW_TRACE_NONE)
            aw_report_place_of(&trace, culprit, &place);
        aw_trace_free(&trace);
    }
    aw_report_reason(one, reason, sizeof reason);
    snprintf(text, sizeof text, "%s%s%s", reason, one->trace ? "\nallways show " : "",
             one->trace ? one->trace : "");
    annotate(out, levels[standing], place.file, place.line, one->name, text);
}

/* A cell of a table, where "|", line ends and markup would do harm. */
static void cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (strchr("|<>&", *text) != NULL)
            fprintf(out, "&#%d;", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

/* The end of the schedule, in a table that folds. */
static void schedule(FILE *out, const struct aw_report_case *one)
{
    enum { LAST = 40 };
    struct aw_trace trace;
    if (!aw_report_trace(one, &trace))
        return;
    struct aw_trace_items items;
    aw_trace_items(&trace, &items);
    const char *why = aw_trace_why(&trace, &items);
    if (why[0] != '\0')
        fprintf(out, "\n%s\n", why);
    aw_trace_items_free(&items);
    fputs("\n```mermaid\n", out);
    aw_view_mermaid(&trace, one->trace, out);
    fputs("```\n", out);
    uint32_t first = trace.step_count > LAST ? trace.step_count - LAST : 0;
    fprintf(out, "\n<details><summary>%s %u steps</summary>\n\n",
            first > 0 ? "the last 40 of" : "the schedule,", trace.step_count);
    fputs("| step | what | source |\n|--:|---|---|\n", out);
    for (uint32_t i = first; i < trace.step_count; i++) {
        char text[512];
        fprintf(out, "| %u | ", i + 1);
        cell(out, aw_report_step_words(&trace, i, text, sizeof text));
        fputs(" | ", out);
        if (trace.steps[i].file[0] != '\0') {
            cell(out, trace.steps[i].file);
            fprintf(out, ":%d", trace.steps[i].line);
        }
        fputs(" |\n", out);
    }
    fputs("\n</details>\n", out);
    aw_trace_free(&trace);
}

static void summary(FILE *out, const struct aw_report *report)
{
    static const char *const marks[] = {[AW_STANDING_OK] = "ok",
                                        [AW_STANDING_ALLOWED] = "undecided (allowed)",
                                        [AW_STANDING_UNDECIDED] = "**undecided**",
                                        [AW_STANDING_FAILED] = "**failed**"};
    int met = 0;
    for (int i = 0; i < report->count; i++)
        met += report->cases[i].met;
    fprintf(out, "## allways: %d of %d cases as expected%s\n\n", met, report->count,
            report->interrupted ? " (interrupted)" : "");
    fputs("| | scenario | verdict | expected | states | time |\n|---|---|---|---|--:|--:|\n", out);
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        char words[96], expected[64], states[32];
        fprintf(out, "| %s | ", marks[aw_report_standing(report, one)]);
        cell(out, one->name);
        fprintf(
            out, " | %s%s | %s | %s | %.2f s |\n", aw_report_words(one, words, sizeof words),
            one->cached ? " (cached)" : "",
            aw_verdict_words(one->expect.verdict, one->expect.property, expected, sizeof expected),
            aw_grouped(one->result.states, states), one->result.seconds);
    }
    for (int i = 0; i < report->problem_count; i++) {
        fputs("\n**", out);
        cell(out, report->problems[i].name);
        fputs("** could not be run: ", out);
        cell(out, report->problems[i].message);
        fputs("\n", out);
    }
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        char reason[1200];
        if (one->met)
            continue;
        fputs("\n### ", out);
        cell(out, one->name);
        fputs("\n\n", out);
        cell(out, aw_report_reason(one, reason, sizeof reason));
        fputs("\n", out);
        schedule(out, one);
    }
}

static void end(FILE *out, const struct aw_report *report)
{
    aw_table_tail(out, report);
    for (int i = 0; i < report->count; i++)
        annotate_case(out, report, &report->cases[i]);
    for (int i = 0; i < report->problem_count; i++)
        annotate(out, "error", "", 0, report->problems[i].name, report->problems[i].message);
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    if (path == NULL || path[0] == '\0')
        return;
    FILE *file = fopen(path, "a");
    if (file != NULL)
        summary(file, report);
    int failed = file == NULL || ferror(file);
    if ((file != NULL && fclose(file) != 0) || failed) {
        char text[600];
        snprintf(text, sizeof text, "the step summary %s cannot be written: %s", path,
                 strerror(errno));
        annotate(out, "warning", "", 0, "allways", text);
    }
}

const struct aw_reporter aw_github_reporter = {
    .name = "github",
    .about = "the table, annotations, and the step's summary",
    .begin = aw_table_head,
    .row = aw_table_row,
    .end = end,
};
