/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report/reporter.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

const struct aw_reporter *const aw_reporters[] = {
    &aw_tty_reporter,
    &aw_json_reporter,
    &aw_junit_reporter,
    &aw_tap_reporter,
    &aw_sarif_reporter,
    &aw_github_reporter,
    NULL,
};

const struct aw_reporter *aw_reporter_find(const char *name)
{
    if (strcmp(name, "table") == 0)
        return &aw_tty_reporter;
    for (int i = 0; aw_reporters[i] != NULL; i++)
        if (strcmp(aw_reporters[i]->name, name) == 0)
            return aw_reporters[i];
    return NULL;
}

enum aw_standing aw_report_standing(const struct aw_report *report,
                                    const struct aw_report_case *one)
{
    if (one->met)
        return AW_STANDING_OK;
    if (!aw_report_is_undecided(one))
        return AW_STANDING_FAILED;
    return (report->allowed >> one->result.verdict & 1) != 0 ? AW_STANDING_ALLOWED
                                                             : AW_STANDING_UNDECIDED;
}

const char *aw_report_reason(const struct aw_report_case *one, char *buffer, size_t size)
{
    bool message = one->result.message[0] != '\0';
    snprintf(buffer, size, "%s%s%s%s%s", one->unmet, message ? ": " : "", one->result.message,
             one->detail[0] != '\0' ? "; " : "", one->detail);
    return buffer;
}

bool aw_report_trace(const struct aw_report_case *one, struct aw_trace *trace)
{
    struct aw_error ignored;
    return one->trace != NULL && aw_trace_read(one->trace, trace, &ignored) == 0;
}

bool aw_report_place_of(const struct aw_trace *trace, uint32_t step, struct aw_report_place *place)
{
    char folder[PATH_MAX];
    const struct aw_trace_step *at = &trace->steps[step];
    const char *file = at->file;
    if (file[0] == '\0' || at->line <= 0 || strstr(file, "harness/runtime/") != NULL)
        return false;
    size_t length = getcwd(folder, sizeof folder) != NULL ? strlen(folder) : 0;
    if (length > 0 && strncmp(file, folder, length) == 0 && file[length] == '/')
        file += length + 1;
    snprintf(place->file, sizeof place->file, "%s", file);
    place->line = at->line;
    return true;
}

uint32_t aw_report_culprit(const struct aw_trace *trace)
{
    struct aw_report_place place;
    if (trace->critical.kind == AW_CRITICAL_STEP && trace->critical.step < trace->step_count &&
        aw_report_place_of(trace, trace->critical.step, &place))
        return trace->critical.step;
    for (uint32_t i = trace->step_count; i-- > 0;)
        if (aw_report_place_of(trace, i, &place))
            return i;
    return AW_TRACE_NONE;
}

const char *aw_report_step_words(const struct aw_trace *trace, uint32_t step, char *buffer,
                                 size_t size)
{
    char name[256] = "clock";
    const struct aw_trace_step *at = &trace->steps[step];
    if (at->process != AW_TRACE_NONE)
        aw_trace_thread_name(trace, at->process, at->choice.slot, name, sizeof name);
    snprintf(buffer, size, "%s: %s%s%s%s%s", name, at->operation, at->object[0] ? " " : "",
             at->object, at->result[0] ? ": " : "", at->result);
    return buffer;
}
