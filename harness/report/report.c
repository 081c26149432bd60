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
    visit(context, (void **)&one->program, AW_PART_STRING);
    visit(context, (void **)&one->file, AW_PART_STRING);
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
    for (int i = 0; i < report->problem_count; i++) {
        free(report->problems[i].name);
        free(report->problems[i].message);
    }
    free(report->problems);
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
    one->program = aw_string_copy("");
    one->file = aw_string_copy("");
    return one;
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = aw_string_copy(with);
}

struct aw_report_case *aw_report_add_case(struct aw_report *report, const struct aw_case *of)
{
    struct aw_report_case *one = aw_report_add(report, of->name);
    replace(&one->program, of->program);
    replace(&one->file, of->file != NULL ? of->file : "");
    one->line = of->line;
    one->properties = of->properties;
    one->expect = of->expect;
    if (of->expect.interleavings != NULL)
        one->expect.interleavings = aw_string_copy(of->expect.interleavings);
    return one;
}

void aw_report_add_problem(struct aw_report *report, const char *name, const char *message)
{
    report->problems = aw_reallocate(report->problems, (size_t)report->problem_count + 1,
                                     sizeof *report->problems);
    report->problems[report->problem_count++] =
        (struct aw_report_problem){aw_string_copy(name), aw_string_copy(message)};
    report->errors++;
}

void aw_report_add_not_run(struct aw_report *report, const struct aw_case *of, const char *why)
{
    struct aw_report_case *one = aw_report_add_case(report, of);
    one->result.verdict = AW_INCONCLUSIVE;
    one->not_run = true;
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        one->result.properties[i] = AW_UNDECIDED;
    snprintf(one->result.message, sizeof one->result.message, "not run: %s", why);
    aw_report_judge(one);
    one->met = false; /* even where an inconclusive verdict was expected: nothing was tried */
}

bool aw_report_bounded(const struct aw_report_case *one)
{
    bool holds = one->result.verdict == AW_PROVED;
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        holds |=
            (one->properties & AW_PROPERTY_BIT(i)) != 0 && one->result.properties[i] == AW_HOLDS;
    if (!holds)
        return false;
    for (unsigned i = 0; i < one->result.assumption_count; i++)
        if (strncmp(one->result.assumptions[i], "bounded:", 8) == 0)
            return true;
    return false;
}

const char *aw_report_words(const struct aw_report_case *one, char *buffer, size_t size)
{
    bool as_expected = one->expect.verdict == AW_VIOLATED && one->expect.property >= 0 &&
                       one->result.properties[one->expect.property] == AW_IS_VIOLATED;
    aw_verdict_words(one->result.verdict,
                     as_expected ? one->expect.property : (int)one->result.violated, buffer, size);
    size_t length = strlen(buffer);
    if (one->result.verdict == AW_PROVED && aw_report_bounded(one))
        snprintf(buffer + length, size - length, ", bounded");
    return buffer;
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

void aw_report_not_kept(struct aw_report *report, struct aw_report_case *one, const char *why)
{
    char text[400];
    snprintf(text, sizeof text, "its trace was not written: %.360s", why);
    add_unmet(one, text);
    one->met = false;
    report->errors++;
}

static bool decides_nothing(enum aw_verdict verdict)
{
    return verdict == AW_INCONCLUSIVE || verdict == AW_VACUOUS || verdict == AW_UNCONTROLLED;
}

bool aw_report_is_undecided(const struct aw_report_case *one)
{
    return one->not_run || (decides_nothing(one->result.verdict) && !verdict_met(one));
}

int aw_report_status(const struct aw_report *report)
{
    bool unmet = false, undecided = report->interrupted;
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        if (one->met)
            continue;
        if (!aw_report_is_undecided(one))
            unmet = true;
        else if ((report->allowed >> one->result.verdict & 1) == 0)
            undecided = true;
    }
    return report->errors > 0 ? 2 : unmet ? 1 : undecided ? 3 : 0;
}
