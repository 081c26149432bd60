/* SPDX-License-Identifier: MIT */
/*
 * kept.c - the traces that a case keeps (`traces:`), carried out before any search.
 *
 * One that reproduces decides the case in milliseconds: the violation is there again, whatever was
 * expected. One that does not is told to the caller, and the search decides.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "verify/verify.h"

/* The first difference, and whether the program was another one. */
struct heard {
    char difference[160];
    bool changed;
};

static void hear(void *context, const char *line)
{
    struct heard *heard = context;
    if (strncmp(line, "the program", 11) == 0)
        heard->changed = true;
    else if (heard->difference[0] == '\0')
        snprintf(heard->difference, sizeof heard->difference, "%s", line);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool same_strings(char *const *one, char *const *other)
{
    for (; *one != NULL && *other != NULL; one++, other++)
        if (strcmp(*one, *other) != 0)
            return false;
    return *one == NULL && *other == NULL;
}

/* Is it a trace of this case at all? */
static int check_case(const struct aw_case *one, const char *path, const struct aw_trace *trace,
                      struct aw_error *error)
{
    if (strcmp(trace->program, one->program) != 0 || !same_strings(trace->argv, one->argv))
        return aw_fail(
            error, AW_E_FORMAT,
            "%s: a trace of another program or other arguments (%s): `allways run` without "
            "it writes a new one",
            path, trace->program);
    if (trace->verdict != AW_VIOLATED || trace->property < 0 ||
        (one->properties & AW_PROPERTY_BIT(trace->property)) == 0)
        return aw_fail(error, AW_E_FORMAT,
                       "%s: expected a trace that violates one of the case's properties", path);
    return 0;
}

static void take_result(const struct aw_trace *trace, const char *path, double seconds,
                        struct aw_result *result)
{
    *result = (struct aw_result){.verdict = AW_VIOLATED,
                                 .violated = (enum aw_property)trace->property,
                                 .seconds = seconds,
                                 .has_schedule = true,
                                 .minimal = trace->minimal,
                                 .faults = trace->faults,
                                 .preemptions = trace->preemptions,
                                 .exact_pipes = trace->exact_pipes};
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        result->properties[i] = i == trace->property ? AW_IS_VIOLATED : AW_UNDECIDED;
    snprintf(result->message, sizeof result->message, "%.400s (the kept trace %.60s reproduces)",
             trace->message, path);
    result->schedule = (struct aw_schedule){
        .choices = aw_allocate(trace->step_count + 1ul, sizeof(struct aw_choice)),
        .count = trace->step_count,
        .loop = trace->loop == AW_TRACE_NONE ? UINT32_MAX : trace->loop};
    for (uint32_t i = 0; i < trace->step_count; i++)
        result->schedule.choices[i] = trace->steps[i].choice;
}

static void say(const struct aw_verify_settings *settings, const struct aw_case *one,
                const char *path, const struct heard *heard)
{
    char *line;
    if (settings->say == NULL)
        return;
    if (asprintf(&line, "the kept trace %s no longer reproduces%s: %s", path,
                 heard->changed ? " (the program has changed: fixed, or only different?)" : "",
                 heard->difference) < 0)
        abort();
    settings->say(settings->context, one->name, line);
    free(line);
}

int aw_verify_kept(const struct aw_verify_settings *settings, const struct aw_case *one,
                   struct aw_result *result, const char **path, struct aw_error *error)
{
    for (int i = 0; i < one->trace_count; i++) {
        struct aw_trace trace;
        struct heard heard = {"", false};
        double started = now();
        int status = aw_trace_read(one->traces[i], &trace, error);
        if (status != 0)
            return status;
        if ((status = check_case(one, one->traces[i], &trace, error)) == 0)
            status = aw_trace_replay(&trace, settings->runtime, hear, &heard, error);
        if (status == 0) {
            take_result(&trace, one->traces[i], now() - started, result);
            *path = one->traces[i];
            aw_trace_free(&trace);
            return 1;
        }
        aw_trace_free(&trace);
        if (status < 0)
            return status;
        say(settings, one, one->traces[i], &heard);
    }
    return 0;
}
