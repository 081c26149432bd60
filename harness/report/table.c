/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/report.h"

const char *aw_grouped(uint64_t number, char buffer[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number), to = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer[to++] = ',';
        buffer[to++] = digits[i];
    }
    buffer[to] = '\0';
    return buffer;
}

const char *aw_counted(uint64_t number, const char *word, char buffer[64])
{
    char grouped[32];
    snprintf(buffer, 64, "%s %.24s%s", aw_grouped(number, grouped), word, number == 1 ? "" : "s");
    return buffer;
}

enum { NAME = sizeof "scenario" - 1 }; /* the least width of the names */

/* Columns: as expected or not, name, verdict, what was expected, states, time, trace. */
void aw_table_head(FILE *out, int width)
{
    width = width > NAME ? width : NAME;
    fprintf(out, "     %-*s  %-22s %-22s %12s %9s  %s\n", width, "scenario", "verdict", "expected",
            "states", "time", "trace");
}

void aw_table_row(FILE *out, int width, const struct aw_report_case *one)
{
    char verdict[96], expected[64], states[32], time[32];
    const struct aw_result *result = &one->result;
    width = width > NAME ? width : NAME;
    if (one->cached)
        snprintf(time, sizeof time, "cached");
    else
        snprintf(time, sizeof time, result->seconds < 100 ? "%.2f s" : "%.0f s", result->seconds);
    fprintf(out, "%-4s %-*s  %-22s %-22s %12s %9s%s%s\n", one->met ? "ok" : "FAIL", width,
            one->name, aw_report_words(one, verdict, sizeof verdict),
            aw_verdict_words(one->expect.verdict, one->expect.property, expected, sizeof expected),
            aw_grouped(result->states, states), time, one->trace ? "  " : "",
            one->trace ? one->trace : "");
}

/* A word of a command line, quoted where a shell would take it apart. */
static void print_word(FILE *out, const char *word)
{
    if (word[0] != '\0' && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_-./=,:+@%") == strlen(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    fputc('\'', out);
}

void aw_report_details(FILE *out, const struct aw_report_case *one)
{
    const struct aw_result *result = &one->result;
    if (!one->met)
        fprintf(out, "  not as expected: %s\n", one->unmet);
    if (result->message[0] != '\0')
        fprintf(out, "  %s\n", result->message);
    if (one->detail[0] != '\0')
        fprintf(out, "  %s\n", one->detail);
    if (result->interleavings != NULL)
        fprintf(out, "  interleavings: %s\n", result->interleavings);
    if (one->trace == NULL)
        return;
    char steps[64], preemptions[64], faults[64];
    fprintf(out, "  %s, %s, %s%s", aw_counted(result->schedule.count, "step", steps),
            aw_counted(result->preemptions, "preemption", preemptions),
            aw_counted(result->faults, "fault", faults),
            result->minimal || result->verdict != AW_VIOLATED ? "" : ", not proved minimal");
    if (result->not_minimal[0] != '\0')
        fprintf(out, ": %s", result->not_minimal);
    fputs("\n", out);
    fputs("  allways show ", out);
    print_word(out, one->trace);
    fputs("\n  allways replay ", out);
    print_word(out, one->trace);
    fputs("\n", out);
}

void aw_report_assumptions(FILE *out, const struct aw_report *report)
{
    bool any = false;
    for (int i = 0; i < report->count; i++)
        for (unsigned k = 0; k < report->cases[i].result.assumption_count; k++) {
            const char *text = report->cases[i].result.assumptions[k];
            bool known = false;
            for (int j = 0; j <= i && !known; j++)
                for (unsigned n = 0; n < report->cases[j].result.assumption_count && !known; n++) {
                    if (j == i && n == k)
                        break;
                    known = strcmp(report->cases[j].result.assumptions[n], text) == 0;
                }
            if (known)
                continue;
            fprintf(out, "%s  - %s\n", any ? "" : "\nassumed\n", text);
            any = true;
        }
}

static bool tells_items(const struct aw_result *result)
{
    return result->items;
}

static bool main_failed(const struct aw_result *result)
{
    return result->main_failed;
}

/* What programs do that a property is about which was not asked for: " report items; ...". */
static void note(FILE *out, const struct aw_report *report, bool (*is)(const struct aw_result *),
                 const char *one, const char *many)
{
    const struct aw_report_case *first = NULL;
    int count = 0;
    for (int i = 0; i < report->count; i++)
        if (report->cases[i].result.verdict == AW_PROVED && is(&report->cases[i].result) &&
            report->cases[i].properties == AW_DEFAULT_PROPERTIES && count++ == 0)
            first = &report->cases[i];
    if (count == 0)
        return;
    fprintf(out, "\nnote: ");
    if (report->count == 1)
        fprintf(out, "the program");
    else if (count == 1)
        fprintf(out, "the program of %s", first->name);
    else
        fprintf(out, "the programs of %s and of %d more", first->name, count - 1);
    fprintf(out, " %s asked for (--property; in a scenario: properties)\n",
            count == 1 ? one : many);
}

void aw_report_not_asked(FILE *out, const struct aw_report *report)
{
    note(out, report, tells_items, "reports items; drained, exactly-once and fifo were not",
         "report items; drained, exactly-once and fifo were not");
    note(out, report, main_failed,
         "ends with another status than 0 in some execution; succeeds was not",
         "end with another status than 0 in some execution; succeeds was not");
}

enum { FEW = 3 }; /* cases: expected violations are told in full */

static bool has_details(const struct aw_report *report, const struct aw_report_case *one)
{
    if (one->met && one->result.verdict == AW_VIOLATED && report->count > FEW)
        return false;
    return !one->met || one->result.verdict != AW_PROVED || one->result.interleavings != NULL;
}

/* One line for the expected violations that were not told. */
static void print_untold(FILE *out, const struct aw_report *report)
{
    int count = 0;
    const char *trace = NULL;
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        if (!one->met || one->result.verdict != AW_VIOLATED || has_details(report, one))
            continue;
        count++;
        if (one->trace != NULL)
            trace = one->trace;
    }
    if (count == 0)
        return;
    fprintf(out, "\n%d expected violation%s", count, count == 1 ? "" : "s");
    if (trace != NULL) {
        const char *slash = strrchr(trace, '/');
        fprintf(out, ": traces in %.*s/", slash == NULL ? 1 : (int)(slash - trace),
                slash == NULL ? "." : trace);
    }
    fputs("\n", out);
}

void aw_table_tail(FILE *out, const struct aw_report *report)
{
    int met = 0, not_run = 0, cached = 0;
    for (int i = 0; i < report->count; i++) {
        met += report->cases[i].met;
        cached += report->cases[i].cached;
        not_run += report->cases[i].not_run;
        if (report->cases[i].not_run || !has_details(report, &report->cases[i]))
            continue;
        fprintf(out, "\n%s\n", report->cases[i].name);
        aw_report_details(out, &report->cases[i]);
    }
    print_untold(out, report);
    aw_report_not_asked(out, report);
    aw_report_assumptions(out, report);
    fprintf(out, "\n%d case%s: %d as expected, %d not", report->count,
            report->count == 1 ? "" : "s", met, report->count - met);
    if (not_run > 0)
        fprintf(out, ", %d of them not run", not_run);
    if (cached > 0)
        fprintf(out, "; %d cached: proved by an earlier run of the same program and checker",
                cached);
    if (report->problem_count > 0)
        fprintf(out, ", %d more could not be run", report->problem_count);
    fprintf(out, "%s\n", report->interrupted ? "; interrupted" : "");
}
