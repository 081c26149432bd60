/* SPDX-License-Identifier: MIT */
/* trace_box.h - programs to explore, and their traces. From the repository's folder. */
#ifndef TRACE_BOX_H
#define TRACE_BOX_H

#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/explore.h"
#include "machine/machine.h"
#include "trace/format.h"
#include "trace/record.h"
#include "trace/trace.h"

#define RUNTIME "build/runtime.so"
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct program {
    const char *path, *arguments; /* split at spaces */
    unsigned properties;          /* 0 = the default ones */
    enum aw_time_mode time;
};

static const struct program smallest = {
    "build/models/article.so",
    "article --items 1 --workers 1 --size 4 --protocol nonblocking-empty --numbered",
    AW_PROPERTY_BIT(AW_DRAINED) | AW_PROPERTY_BIT(AW_NO_CRASH), AW_TIME_ARBITRARY};

static char *no_environment[] = {NULL};

static inline char **split(const char *text)
{
    char **words = calloc(32, sizeof *words), *copy = strdup(text), *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    return words;
}

static inline struct aw_machine *create(const struct program *program)
{
    struct aw_machine_settings settings;
    struct aw_machine *machine;
    struct aw_error error;
    aw_machine_settings_default(&settings);
    settings.time = program->time;
    int status = aw_machine_create(program->path, RUNTIME, split(program->arguments),
                                   no_environment, &settings, &machine, &error);
    cr_assert_eq(status, 0, "%s", error.message);
    return machine;
}

/* Explores the program, which has to be wrong, and records the counterexample. */
static inline void find(const struct program *program, struct aw_trace *trace)
{
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_machine *machine = create(program);
    aw_options_default(&options);
    if (program->properties != 0)
        options.properties = program->properties;
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    aw_machine_destroy(machine);
    cr_assert(result.has_schedule, "%s: %s", program->path, result.message);
    machine = create(program);
    cr_assert(aw_machine_set_visible(machine, result.visible));
    aw_trace_init(trace);
    cr_assert_eq(aw_trace_record(machine, &result.schedule, result.exact_pipes, trace, &error), 0,
                 "%s", error.message);
    aw_machine_destroy(machine);
    trace->program = program->path;
    trace->argv = split(program->arguments);
    trace->env = no_environment;
    trace->scenario = "a case";
    trace->verdict = result.verdict;
    trace->property = result.verdict == AW_VIOLATED ? (int)result.violated : -1;
    trace->message = aw_trace_text(trace, "%s", result.message);
    trace->minimal = result.minimal;
    trace->faults = result.faults;
    trace->preemptions = result.preemptions;
    aw_result_deinit(&result);
}

static inline char *told(const struct aw_trace *trace,
                         void (*tell)(const struct aw_trace *trace, FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    tell(trace, out);
    fclose(out);
    return text;
}

/* What replay says, a line after the other. */
static inline void hear(void *context, const char *line)
{
    char *heard = context;
    size_t length = strlen(heard);
    snprintf(heard + length, 4096 - length, "%s\n", line);
}

static inline int replay(const struct aw_trace *trace, char heard[4096])
{
    struct aw_error error = {0};
    heard[0] = '\0';
    int status = aw_trace_replay(trace, RUNTIME, hear, heard, &error);
    if (status < 0)
        snprintf(heard, 4096, "error: %s\n", error.message);
    return status;
}

#endif
