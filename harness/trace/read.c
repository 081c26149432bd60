/* SPDX-License-Identifier: MIT */
/*
 * read.c - trace files, strictly: a file that this program would not have written is refused with
 * the place in it, and what was expected there.
 *
 * Order of the checks, so that each mistake gets the message that helps: JSON; the format's number;
 * each member in the order of the file; the checksum last, for what is well-formed but was changed.
 */
#include <errno.h>
#include <string.h>

#include "trace/reading.h"

static int read_verdict(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const verdicts[] = {
#define X(name, text, meaning) text,
        AW_VERDICTS(X)
#undef X
    };
    static const char *const properties[] = {
#define X(name, text, meaning) text,
        AW_PROPERTIES(X)
#undef X
    };
    const json_t *value;
    int verdict, status;
    if ((status = aw_trace_get_word(reading, root, "verdict", verdicts, AW_VERDICT_COUNT,
                                    &verdict)) != 0 ||
        (status = aw_trace_get(reading, root, "property", &value)) != 0)
        return status;
    reading->trace->verdict = (enum aw_verdict)verdict;
    if (json_is_null(value))
        return 0;
    return aw_trace_get_word(reading, root, "property", properties, AW_PROPERTY_COUNT,
                             &reading->trace->property);
}

static int check_format(struct aw_trace_reading *reading, const json_t *root)
{
    const json_t *format = json_is_object(root) ? json_object_get(root, "format") : NULL;
    const json_t *version = json_is_object(root) ? json_object_get(root, "allways") : NULL;
    if (!json_is_integer(format) || !json_is_string(version))
        return aw_trace_wrong(reading, "this is not a trace of allways");
    if (json_integer_value(format) != AW_TRACE_FORMAT)
        return aw_trace_wrong(
            reading, "format %lld, written by allways %.20s: this one reads format %d",
            (long long)json_integer_value(format), json_string_value(version), AW_TRACE_FORMAT);
    return 0;
}

static int check_checksum(struct aw_trace_reading *reading, const json_t *root)
{
    const char *found;
    char expected[17];
    int status = aw_trace_get_text(reading, root, "checksum", &found);
    if (status != 0)
        return status;
    aw_trace_checksum(root, expected);
    return strcmp(found, expected) == 0
               ? 0
               : aw_trace_wrong(reading,
                                "the trace was changed after it had been written: its checksum is "
                                "%s, not %.40s",
                                expected, found);
}

static int read_root(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const keys[] = {
        "format", "allways",     "scenario",   "verdict",      "property",  "message",
        "faults", "preemptions", "minimal",    "program",      "arguments", "environment",
        "digest", "machine",     "fault_plan", "fault_budget", "processes", "objects",
        "loop",   "loop_closes", "steps",      "at_end",       "critical",  "checksum"};
    struct aw_trace *trace = reading->trace;
    int status;
    if ((status = check_format(reading, root)) != 0 ||
        (status = aw_trace_check_members(reading, root, keys, COUNT_OF(keys))) != 0 ||
        (status = aw_trace_get_text(reading, root, "allways", &trace->version)) != 0 ||
        (status = aw_trace_get_text(reading, root, "scenario", &trace->scenario)) != 0 ||
        (status = read_verdict(reading, root)) != 0 ||
        (status = aw_trace_get_text(reading, root, "message", &trace->message)) != 0 ||
        (status = aw_trace_get_small(reading, root, "faults", 0, UINT32_MAX, &trace->faults)) !=
            0 ||
        (status = aw_trace_get_small(reading, root, "preemptions", 0, UINT32_MAX,
                                     &trace->preemptions)) != 0 ||
        (status = aw_trace_get_bool(reading, root, "minimal", &trace->minimal)) != 0 ||
        (status = aw_trace_get_name(reading, root, "program", &trace->program)) != 0 ||
        (status = aw_trace_get_strings(reading, root, "arguments", &trace->argv)) != 0 ||
        (status = aw_trace_get_strings(reading, root, "environment", &trace->env)) != 0 ||
        (status = aw_trace_get_hexadecimal(reading, root, "digest", &trace->digest)) != 0 ||
        (status = aw_trace_read_machine(reading, root)) != 0 ||
        (status = aw_trace_read_plan(reading, root)) != 0 ||
        (status = aw_trace_read_processes(reading, root)) != 0 ||
        (status = aw_trace_read_objects(reading, root)) != 0 ||
        (status = aw_trace_get_bool(reading, root, "loop_closes", &trace->loop_closes)) != 0 ||
        (status = aw_trace_read_steps(reading, root)) != 0 ||
        (status = aw_trace_read_loop(reading, root)) != 0 ||
        (status = aw_trace_read_at_end(reading, root)) != 0 ||
        (status = aw_trace_read_critical(reading, root)) != 0)
        return status;
    return check_checksum(reading, root);
}

int aw_trace_from_json(const json_t *root, const char *file, struct aw_trace *trace,
                       struct aw_error *error)
{
    struct aw_trace_reading reading = {.file = file, .error = error, .trace = trace};
    aw_trace_init(trace);
    int status = read_root(&reading, root);
    if (status != 0)
        aw_trace_free(trace);
    return status;
}

int aw_trace_read(const char *path, struct aw_trace *trace, struct aw_error *error)
{
    json_error_t reason;
    memset(trace, 0, sizeof *trace);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return aw_fail(error, AW_E_IO, "%s: %s", path, strerror(errno));
    errno = 0;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &reason);
    int failed = ferror(file) ? errno : 0;
    bool at_end = feof(file) != 0; /* a word that is cut short is an invalid token */
    fclose(file);
    if (failed != 0) {
        json_decref(root);
        return aw_fail(error, AW_E_IO, "%s: %s", path, strerror(failed));
    }
    if (root == NULL && at_end && reason.position == 0)
        return aw_fail(error, AW_E_FORMAT, "%s: the file is empty, and no trace", path);
    if (root == NULL &&
        (json_error_code(&reason) == json_error_premature_end_of_input ||
         (at_end && strncmp(reason.text, "invalid token", strlen("invalid token")) == 0)))
        return aw_fail_at(error, AW_E_FORMAT, path, reason.line, reason.column,
                          "the file ends in the middle of the trace");
    if (root == NULL)
        return aw_fail_at(error, AW_E_FORMAT, path, reason.line, reason.column, "not a trace: %s",
                          reason.text);
    int status = aw_trace_from_json(root, path, trace, error);
    json_decref(root);
    return status;
}
