/* SPDX-License-Identifier: MIT */
/*
 * json.c - a report as one JSON object, for programs that read it:
 *
 *   {"allways": VERSION, "results": [{"scenario", "verdict", "expected", "met", "states",
 *     "transitions", "code_runs", "interleavings": "decimal" or null, "assumptions": [...],
 *     "seconds", "peak_memory_bytes", "message": text or null, "trace": path or null,
 *     "properties": {NAME: "holds" | "violated" | "undecided" | "not exercised"},
 *     "bounded": what is proved, or holds beside a violation, does within a bound only, "cached":
 *     proved by an earlier run, "run": false where its turn did not come}],
 *    "errors": [{"scenario", "message"}], "interrupted"}
 */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "report/reporter.h"

/* What is not UTF-8 (a name from a file system may be anything) is replaced. */
json_t *aw_json_text(const char *string)
{
    json_t *value = json_string(string);
    if (value != NULL)
        return value;
    char safe[4096];
    snprintf(safe, sizeof safe, "%s", string);
    for (char *c = safe; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return json_string(safe);
}

static json_t *or_null(const char *string)
{
    return string ? aw_json_text(string) : json_null();
}

static json_t *properties_json(const struct aw_report_case *one)
{
    json_t *object = json_object();
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        if (one->properties & AW_PROPERTY_BIT(i))
            aw_json_set(object, aw_property_name((enum aw_property)i),
                        json_string(aw_property_state_name(one->result.properties[i])));
    return object;
}

static json_t *case_json(const struct aw_report_case *one)
{
    const struct aw_result *result = &one->result;
    char words[64];
    json_t *object = json_object(), *assumptions = json_array();
    for (unsigned i = 0; i < result->assumption_count; i++)
        json_array_append_new(assumptions, aw_json_text(result->assumptions[i]));
    aw_json_set(object, "scenario", aw_json_text(one->name));
    aw_json_set(object, "verdict", json_string(aw_verdict_name(result->verdict)));
    aw_json_set(object, "expected",
                json_string(aw_verdict_words(one->expect.verdict, one->expect.property, words,
                                             sizeof words)));
    aw_json_set(object, "met", json_boolean(one->met));
    aw_json_set(object, "states", aw_json_number(result->states));
    aw_json_set(object, "transitions", aw_json_number(result->transitions));
    aw_json_set(object, "code_runs", aw_json_number(result->code_runs));
    aw_json_set(object, "interleavings", or_null(result->interleavings));
    aw_json_set(object, "assumptions", assumptions);
    aw_json_set(object, "seconds", json_real(result->seconds));
    aw_json_set(object, "peak_memory_bytes", aw_json_number(result->peak_memory_bytes));
    aw_json_set(object, "message", or_null(result->message[0] != '\0' ? result->message : NULL));
    aw_json_set(object, "trace", or_null(one->trace));
    aw_json_set(object, "properties", properties_json(one));
    aw_json_set(object, "bounded", json_boolean(aw_report_bounded(one)));
    aw_json_set(object, "cached", json_boolean(one->cached));
    aw_json_set(object, "run", json_boolean(!one->not_run));
    return object;
}

int aw_report_json(FILE *out, const struct aw_report *report)
{
    json_t *root = json_object(), *results = json_array(), *problems = json_array();
    for (int i = 0; i < report->count; i++)
        json_array_append_new(results, case_json(&report->cases[i]));
    for (int i = 0; i < report->problem_count; i++) {
        json_t *problem = json_object();
        aw_json_set(problem, "scenario", aw_json_text(report->problems[i].name));
        aw_json_set(problem, "message", aw_json_text(report->problems[i].message));
        json_array_append_new(problems, problem);
    }
    aw_json_set(root, "allways", json_string(AW_VERSION));
    aw_json_set(root, "results", results);
    aw_json_set(root, "errors", problems);
    aw_json_set(root, "interrupted", json_boolean(report->interrupted));
    int failed = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    failed |= fputc('\n', out) == EOF || fflush(out) != 0;
    json_decref(root);
    return failed ? AW_E_IO : 0;
}

static void end(FILE *out, const struct aw_report *report)
{
    aw_report_json(out, report);
}

const struct aw_reporter aw_json_reporter = {
    .name = "json", .about = "one JSON object", .end = end};
