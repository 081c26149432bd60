/* SPDX-License-Identifier: MIT */
/*
 * json.c - a report as one JSON object, for programs that read it:
 *
 *   {"allways": VERSION, "results": [{"scenario", "verdict", "expected", "met", "states",
 *     "transitions", "code_runs", "interleavings": "decimal" or null, "assumptions": [...],
 *     "seconds", "peak_memory_bytes", "message": text or null, "trace": path or null,
 *     "properties": {NAME: "holds" | "violated" | "undecided" | "not exercised"},
 *     "bounded": proved within a bound only, "cached": proved by an earlier run, "run": false where
 *     its turn did not come}],
 *    "errors": [{"scenario", "message"}], "interrupted"}
 */
#include <jansson.h>
#include <string.h>

#include "base/check.h"
#include "report/reporter.h"

static void set(json_t *object, const char *key, json_t *value)
{
    AW_CHECK(value != NULL);
    int failed = json_object_set_new(object, key, value);
    AW_CHECK(failed == 0);
}

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

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *properties_json(const struct aw_report_case *one)
{
    json_t *object = json_object();
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        if (one->properties & AW_PROPERTY_BIT(i))
            set(object, aw_property_name((enum aw_property)i),
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
    set(object, "scenario", aw_json_text(one->name));
    set(object, "verdict", json_string(aw_verdict_name(result->verdict)));
    set(object, "expected",
        json_string(
            aw_verdict_words(one->expect.verdict, one->expect.property, words, sizeof words)));
    set(object, "met", json_boolean(one->met));
    set(object, "states", number(result->states));
    set(object, "transitions", number(result->transitions));
    set(object, "code_runs", number(result->code_runs));
    set(object, "interleavings", or_null(result->interleavings));
    set(object, "assumptions", assumptions);
    set(object, "seconds", json_real(result->seconds));
    set(object, "peak_memory_bytes", number(result->peak_memory_bytes));
    set(object, "message", or_null(result->message[0] != '\0' ? result->message : NULL));
    set(object, "trace", or_null(one->trace));
    set(object, "properties", properties_json(one));
    set(object, "bounded", json_boolean(aw_report_bounded(one)));
    set(object, "cached", json_boolean(one->cached));
    set(object, "run", json_boolean(!one->not_run));
    return object;
}

int aw_report_json(FILE *out, const struct aw_report *report)
{
    json_t *root = json_object(), *results = json_array(), *problems = json_array();
    for (int i = 0; i < report->count; i++)
        json_array_append_new(results, case_json(&report->cases[i]));
    for (int i = 0; i < report->problem_count; i++) {
        json_t *problem = json_object();
        set(problem, "scenario", aw_json_text(report->problems[i].name));
        set(problem, "message", aw_json_text(report->problems[i].message));
        json_array_append_new(problems, problem);
    }
    set(root, "allways", json_string(AW_VERSION));
    set(root, "results", results);
    set(root, "errors", problems);
    set(root, "interrupted", json_boolean(report->interrupted));
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
