/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void aw_report_init(struct aw_report *report)
{
    memset(report, 0, sizeof *report);
}

void aw_report_case_parts(struct aw_report_case *one, aw_part_visitor *visit, void *context)
{
    visit(context, (void **)&one->name, AW_PART_STRING);
    visit(context, (void **)&one->expect.interleavings, AW_PART_STRING);
    visit(context, (void **)&one->trace, AW_PART_STRING);
    aw_result_parts(&one->result, visit, context);
}

static void free_part(void *context, void **part, size_t size)
{
    (void)context;
    (void)size;
    free(*part);
}

void aw_report_drop(struct aw_report *report)
{
    aw_report_case_parts(&report->cases[--report->count], free_part, NULL);
}

void aw_report_deinit(struct aw_report *report)
{
    while (report->count > 0)
        aw_report_drop(report);
    free(report->cases);
    aw_report_init(report);
}

struct aw_report_case *aw_report_add(struct aw_report *report, const char *name)
{
    /* Powers of two: the count says whether there is room. */
    if ((report->count & (report->count - 1)) == 0)
        report->cases = aw_reallocate(report->cases, report->count ? 2ul * report->count : 1,
                                      sizeof *report->cases);
    struct aw_report_case *one = &report->cases[report->count++];
    memset(one, 0, sizeof *one);
    one->name = aw_string_copy(name);
    return one;
}

const char *aw_verdict_words(enum aw_verdict verdict, int property, char *buffer, size_t size)
{
    if (verdict == AW_VIOLATED && property >= 0)
        snprintf(buffer, size, "%s %s", aw_verdict_name(verdict),
                 aw_property_name((enum aw_property)property));
    else
        snprintf(buffer, size, "%s", aw_verdict_name(verdict));
    return buffer;
}

static bool verdict_met(const struct aw_report_case *one)
{
    const struct aw_expectation *expect = &one->expect;
    const struct aw_result *result = &one->result;
    if (result->verdict != expect->verdict)
        return false;
    return expect->verdict != AW_VIOLATED || expect->property < 0 ||
           (int)result->violated == expect->property ||
           result->properties[expect->property] == AW_IS_VIOLATED;
}

static void add_unmet(struct aw_report_case *one, const char *text)
{
    size_t length = strlen(one->unmet);
    snprintf(one->unmet + length, sizeof one->unmet - length, "%s%s", length > 0 ? "; " : "", text);
}

static void compare_count(struct aw_report_case *one, const char *what, uint64_t expected,
                          uint64_t found)
{
    char text[128];
    if (expected == 0 || expected == found)
        return;
    snprintf(text, sizeof text, "%s: expected %llu, found %llu", what, (unsigned long long)expected,
             (unsigned long long)found);
    add_unmet(one, text);
}

void aw_report_judge(struct aw_report_case *one)
{
    char expected[64], found[64], text[200];
    one->unmet[0] = '\0';
    if (!verdict_met(one)) {
        snprintf(
            text, sizeof text, "expected %s, found %s",
            aw_verdict_words(one->expect.verdict, one->expect.property, expected, sizeof expected),
            aw_verdict_words(one->result.verdict, (int)one->result.violated, found, sizeof found));
        add_unmet(one, text);
    } else {
        if (one->compare_search) {
            compare_count(one, "states", one->expect.states, one->result.states);
            compare_count(one, "transitions", one->expect.transitions, one->result.transitions);
        }
        const char *counted = one->result.interleavings;
        if (one->expect.interleavings != NULL &&
            (counted == NULL || strcmp(counted, one->expect.interleavings) != 0)) {
            snprintf(text, sizeof text, "interleavings: expected %.60s, found %.60s",
                     one->expect.interleavings, counted ? counted : "none counted");
            add_unmet(one, text);
        }
    }
    one->met = one->unmet[0] == '\0';
}

static bool decides_nothing(enum aw_verdict verdict)
{
    return verdict == AW_INCONCLUSIVE || verdict == AW_VACUOUS || verdict == AW_UNCONTROLLED;
}

int aw_report_status(const struct aw_report *report)
{
    bool unmet = false, undecided = report->interrupted;
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        if (one->met)
            continue;
        if (decides_nothing(one->result.verdict) && !verdict_met(one))
            undecided = true;
        else
            unmet = true;
    }
    return report->errors > 0 ? 2 : unmet ? 1 : undecided ? 3 : 0;
}
