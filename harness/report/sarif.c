/* SPDX-License-Identifier: MIT */
/*
 * sarif.c - SARIF 2.1.0 (OASIS, 2020): what is not as expected, at the line of the program where
 * the schedule ends, with the whole schedule as its code flow. A case without a schedule (something
 * else than the expected violation, or nothing decided) points at its scenario.
 *
 * Expected violations are no results: nothing is to be repaired. All cases stand in the property
 * bag of the run, with their verdicts and whether these are bounded.
 */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "report/reporter.h"

static json_t *message(const char *text)
{
    json_t *object = json_object();
    aw_json_set(object, "text", aw_json_text(text));
    return object;
}

/* A path as a relative reference, or as a file URI. */
static json_t *uri(const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/!$&'()*+,;=@";
    char text[2048];
    size_t length = (size_t)snprintf(text, sizeof text, "%s", path[0] == '/' ? "file://" : "");
    for (; *path != '\0' && length + 4 < sizeof text; path++)
        if (strchr(plain, *path) != NULL)
            text[length++] = *path;
        else
            length += (size_t)snprintf(text + length, 4, "%%%02X", (unsigned char)*path);
    text[length] = '\0';
    return json_string(text);
}

static json_t *location(const char *file, int line, const char *text)
{
    json_t *object = json_object(), *physical = json_object(), *artifact = json_object();
    aw_json_set(artifact, "uri", uri(file));
    if (file[0] != '/')
        aw_json_set(artifact, "uriBaseId", json_string("%SRCROOT%"));
    aw_json_set(physical, "artifactLocation", artifact);
    if (line > 0) {
        json_t *region = json_object();
        aw_json_set(region, "startLine", json_integer(line));
        aw_json_set(physical, "region", region);
    }
    aw_json_set(object, "physicalLocation", physical);
    if (text != NULL)
        aw_json_set(object, "message", message(text));
    return object;
}

/* The schedule: one list, in its order; who moves is in the text. */
static json_t *code_flow(const struct aw_trace *trace, uint32_t culprit)
{
    json_t *flow = json_object(), *threads = json_array(), *thread = json_object(),
           *list = json_array();
    for (uint32_t i = 0; i < trace->step_count; i++) {
        struct aw_report_place place;
        char text[512];
        json_t *entry = json_object();
        aw_report_step_words(trace, i, text, sizeof text);
        if (aw_report_place_of(trace, i, &place)) {
            aw_json_set(entry, "location", location(place.file, place.line, text));
        } else {
            json_t *nowhere = json_object();
            aw_json_set(nowhere, "message", message(text));
            aw_json_set(entry, "location", nowhere);
        }
        aw_json_set(entry, "executionOrder", json_integer(i + 1));
        aw_json_set(entry, "importance", json_string(i == culprit ? "essential" : "important"));
        json_array_append_new(list, entry);
    }
    aw_json_set(thread, "locations", list);
    json_array_append_new(threads, thread);
    aw_json_set(flow, "threadFlows", threads);
    return flow;
}

static const char *rule_of(const struct aw_report_case *one)
{
    if (one->result.verdict == AW_VIOLATED)
        return aw_property_name(one->result.violated);
    return aw_verdict_name(one->result.verdict);
}

static json_t *result_json(const struct aw_report *report, const struct aw_report_case *one)
{
    char reason[1200], text[1600];
    struct aw_trace trace;
    json_t *object = json_object(), *locations = json_array(), *prints = json_object(),
           *related = json_array(), *bag = json_object();
    enum aw_standing standing = aw_report_standing(report, one);
    snprintf(text, sizeof text, "%s: %s", one->name, aw_report_reason(one, reason, sizeof reason));
    aw_json_set(object, "ruleId", json_string(rule_of(one)));
    aw_json_set(object, "kind", json_string("fail"));
    aw_json_set(object, "level",
                json_string(standing == AW_STANDING_FAILED      ? "error"
                            : standing == AW_STANDING_UNDECIDED ? "warning"
                                                                : "note"));
    aw_json_set(object, "message", message(text));
    if (one->file[0] != '\0')
        json_array_append_new(related, location(one->file, one->line, "the scenario"));
    if (aw_report_trace(one, &trace)) {
        struct aw_report_place place;
        uint32_t culprit = aw_report_culprit(&trace);
        if (culprit != AW_TRACE_NONE && aw_report_place_of(&trace, culprit, &place))
            json_array_append_new(locations, location(place.file, place.line, NULL));
        json_t *flows = json_array();
        json_array_append_new(flows, code_flow(&trace, culprit));
        aw_json_set(object, "codeFlows", flows);
        aw_trace_free(&trace);
    }
    if (json_array_size(locations) == 0)
        json_array_append_new(locations, location(one->file[0] ? one->file : one->program,
                                                  one->file[0] ? one->line : 0, NULL));
    aw_json_set(object, "locations", locations);
    if (json_array_size(related) > 0)
        aw_json_set(object, "relatedLocations", related);
    else
        json_decref(related);
    snprintf(text, sizeof text, "%s %s", one->name, rule_of(one));
    aw_json_set(prints, "allways/v1", aw_json_text(text));
    aw_json_set(object, "partialFingerprints", prints);
    if (one->trace != NULL)
        aw_json_set(bag, "trace", aw_json_text(one->trace));
    aw_json_set(bag, "bounded", json_boolean(aw_report_bounded(one)));
    aw_json_set(object, "properties", bag);
    return object;
}

static void add_rule(json_t *rules, const char *name, const char *meaning)
{
    json_t *rule = json_object();
    aw_json_set(rule, "id", json_string(name));
    aw_json_set(rule, "shortDescription", message(meaning));
    json_array_append_new(rules, rule);
}

static json_t *tool(void)
{
    json_t *object = json_object(), *driver = json_object(), *rules = json_array();
    aw_json_set(driver, "name", json_string("allways"));
    aw_json_set(driver, "version", json_string(AW_VERSION));
    aw_json_set(driver, "semanticVersion", json_string(AW_VERSION));
#define X(name, text, meaning) add_rule(rules, text, meaning);
    AW_PROPERTIES(X)
    AW_VERDICTS(X)
#undef X
    aw_json_set(driver, "rules", rules);
    aw_json_set(object, "driver", driver);
    return object;
}

static json_t *invocations(const struct aw_report *report)
{
    json_t *list = json_array(), *object = json_object(), *notes = json_array();
    aw_json_set(object, "executionSuccessful",
                json_boolean(!report->interrupted && report->problem_count == 0));
    for (int i = 0; i < report->problem_count; i++) {
        char text[1600];
        json_t *note = json_object();
        snprintf(text, sizeof text, "%s: %s", report->problems[i].name,
                 report->problems[i].message);
        aw_json_set(note, "level", json_string("error"));
        aw_json_set(note, "message", message(text));
        json_array_append_new(notes, note);
    }
    aw_json_set(object, "toolExecutionNotifications", notes);
    json_array_append_new(list, object);
    return list;
}

static json_t *all_cases(const struct aw_report *report)
{
    json_t *bag = json_object(), *list = json_array();
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        json_t *object = json_object();
        aw_json_set(object, "scenario", aw_json_text(one->name));
        aw_json_set(object, "verdict", json_string(aw_verdict_name(one->result.verdict)));
        aw_json_set(object, "bounded", json_boolean(aw_report_bounded(one)));
        aw_json_set(object, "met", json_boolean(one->met));
        aw_json_set(object, "cached", json_boolean(one->cached));
        json_array_append_new(list, object);
    }
    aw_json_set(bag, "cases", list);
    return bag;
}

static void end(FILE *out, const struct aw_report *report)
{
    json_t *root = json_object(), *runs = json_array(), *run = json_object(),
           *results = json_array();
    for (int i = 0; i < report->count; i++)
        if (!report->cases[i].met)
            json_array_append_new(results, result_json(report, &report->cases[i]));
    aw_json_set(run, "tool", tool());
    aw_json_set(run, "invocations", invocations(report));
    aw_json_set(run, "columnKind", json_string("utf16CodeUnits"));
    aw_json_set(run, "results", results);
    aw_json_set(run, "properties", all_cases(report));
    json_array_append_new(runs, run);
    aw_json_set(root, "$schema", json_string("https://json.schemastore.org/sarif-2.1.0.json"));
    aw_json_set(root, "version", json_string("2.1.0"));
    aw_json_set(root, "runs", runs);
    json_dumpf(root, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(root);
}

const struct aw_reporter aw_sarif_reporter = {
    .name = "sarif", .about = "SARIF 2.1.0, for code review", .end = end};
