/* SPDX-License-Identifier: MIT */
/*
 * verify.c - one case, from its program to its trace:
 *
 *   machine -> exploration -> walks -> (a schedule) -> a new machine -> trace -> file
 *
 * The trace is recorded in a machine that knows nothing of the search. A schedule that cannot
 * be carried out there is itself a finding: the same choices gave another outcome.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "verify/verify.h"

enum { WALKS = 2 }; /* executions that are carried out twice */

void aw_verify_settings_default(struct aw_verify_settings *settings)
{
    *settings = (struct aw_verify_settings){.symmetry = true,
                                            .minimal = true,
                                            .tracking = true,
                                            .reuse = true,
                                            .control = 64,
                                            .rules = AW_ALL_RULES,
                                            .trace_dir = "traces"};
}

/* What the exploration calls now and then. */
struct watch {
    const struct aw_verify_settings *settings;
    const char *name;
    bool stopped;
};

static bool watch(void *context, const struct aw_progress *now)
{
    struct watch *watching = context;
    const struct aw_verify_settings *settings = watching->settings;
    watching->stopped |=
        settings->progress != NULL && !settings->progress(settings->context, watching->name, now);
    return !watching->stopped;
}

/* The time limit is the share of a common budget, and no other one. */
static bool limited_by_budget(const struct aw_verify_settings *settings, double seconds)
{
    return settings->budget > 0 && (seconds == 0 || settings->budget < seconds);
}

static struct aw_options options_of(const struct aw_verify_settings *settings,
                                    const struct aw_case *one)
{
    struct aw_options options;
    aw_options_default(&options);
    options.properties = one->properties;
    options.limits = one->limits;
    if (settings->has_states)
        options.limits.states = settings->limits.states;
    if (settings->has_memory)
        options.limits.memory_bytes = settings->limits.memory_bytes;
    if (settings->has_seconds)
        options.limits.seconds = settings->limits.seconds;
    if (limited_by_budget(settings, options.limits.seconds))
        options.limits.seconds = settings->budget;
    options.symmetry = settings->symmetry;
    options.rules = settings->rules;
    if (one->expect.verdict == AW_VIOLATED && one->expect.property >= 0)
        options.expected = AW_PROPERTY_BIT(one->expect.property);
    options.whole_graph = settings->whole_graph;
    options.count = settings->count || one->count;
    options.minimal = settings->minimal;
    options.minimal_states = settings->minimal_states;
    options.tracking = settings->tracking;
    options.reuse = settings->reuse;
    options.control = settings->control;
    options.favour = one->favour;
    options.favour_count = (unsigned)one->favour_count;
    return options;
}

/* The machine of a case, with its faults. */
static int make_machine(const struct aw_verify_settings *settings, const struct aw_case *one,
                        struct aw_machine **machine, struct aw_error *error)
{
    int status = aw_machine_create(one->program, settings->runtime, one->argv, one->env,
                                   &one->machine, machine, error);
    if (status == 0 && one->faults.count > 0 &&
        (status = aw_machine_set_faults(*machine, &one->faults, error)) != 0)
        aw_machine_destroy(*machine);
    return status;
}

/* The same for every run of the same case. */
static uint64_t seed_of(const struct aw_case *one)
{
    uint64_t seed = 0;
    for (const char *c = one->name; *c != '\0'; c++)
        seed = (seed ^ (unsigned char)*c) * 0x100000001b3u;
    return seed;
}

/* Whole executions, carried out twice. Destroys the machine. */
static int control(const struct aw_verify_settings *settings, const struct aw_case *one,
                   struct aw_machine *machine, struct aw_result *result, struct aw_error *error)
{
    char message[400];
    int status = aw_verify_walks(machine, settings->runtime, one, result->exact_pipes, seed_of(one),
                                 WALKS, message, sizeof message, error);
    if (status > 0) {
        result->verdict = AW_UNCONTROLLED;
        snprintf(result->message, sizeof result->message,
                 "the same schedule had another outcome when it was carried out again: %s",
                 message);
    }
    return status < 0 ? status : 0;
}

static int explore(const struct aw_verify_settings *settings, const struct aw_case *one,
                   struct aw_result *result, bool *stopped, struct aw_error *error)
{
    struct aw_machine *machine;
    struct aw_options options = options_of(settings, one);
    struct watch watching = {.settings = settings, .name = one->name};
    int status = make_machine(settings, one, &machine, error);
    if (status != 0)
        return status;
    options.progress = watch;
    options.context = &watching;
    status = aw_explore(machine, &options, result, error);
    *stopped = watching.stopped;
    if (status != 0 || watching.stopped || result->verdict == AW_UNCONTROLLED)
        aw_machine_destroy(machine);
    else if ((status = control(settings, one, machine, result, error)) != 0)
        aw_result_deinit(result);
    if (status != 0 || result->verdict != AW_INCONCLUSIVE)
        return status;
    if (watching.stopped)
        snprintf(result->message, sizeof result->message, "interrupted");
    else if (result->seconds >= settings->budget && limited_by_budget(settings, 0) &&
             options.limits.seconds == settings->budget)
        snprintf(result->message, sizeof result->message,
                 "its share of the time budget, %.2f s, was used up", settings->budget);
    return 0;
}

static void fill_header(struct aw_trace *trace, const struct aw_case *one,
                        const struct aw_result *result)
{
    trace->scenario = aw_trace_bytes(trace, one->name, strlen(one->name));
    trace->program = aw_trace_bytes(trace, one->program, strlen(one->program));
    trace->argv = aw_trace_strings(trace, one->argv);
    trace->env = aw_trace_strings(trace, one->env);
    trace->verdict = result->verdict;
    trace->property = result->verdict == AW_VIOLATED ? (int)result->violated : -1;
    trace->message = aw_trace_bytes(trace, result->message, strlen(result->message));
    trace->faults = result->faults;
    trace->preemptions = result->preemptions;
    trace->minimal = result->minimal;
}

/* Records the schedule in a new machine. */
static int record(const struct aw_verify_settings *settings, const struct aw_case *one,
                  const struct aw_result *result, struct aw_trace *trace, struct aw_error *error)
{
    struct aw_machine *machine;
    int status = make_machine(settings, one, &machine, error);
    if (status != 0)
        return status;
    if (result->visible != NULL)
        aw_machine_set_visible(machine, result->visible);
    aw_trace_init(trace);
    status = aw_trace_record(machine, &result->schedule, result->exact_pipes, trace, error);
    if (status == 0 && result->verdict == AW_VIOLATED) {
        struct aw_options options = options_of(settings, one);
        aw_trace_find_critical(machine, &options, AW_CRITICAL_STATES, trace);
    }
    aw_machine_destroy(machine);
    if (status != 0)
        aw_trace_free(trace);
    return status;
}

int aw_verify_make_folder(const char *path, struct aw_error *error)
{
    char *copy = aw_string_copy(path);
    int status = 0;
    for (char *slash = copy; slash != NULL && status == 0;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        if (copy[0] != '\0' && mkdir(copy, 0777) != 0 && errno != EEXIST)
            status =
                aw_fail(error, AW_E_IO, "%s: the folder cannot be made: %s", copy, strerror(errno));
        if (slash != NULL)
            *slash = '/';
    }
    free(copy);
    return status;
}

/* A slash would be a folder, and 255 bytes are the most. */
void aw_verify_file_name(const char *name, char *buffer, size_t size)
{
    enum { LONGEST = 200 };
    snprintf(buffer, size, "%.*s", LONGEST, name);
    for (char *c = buffer; *c != '\0'; c++)
        if (*c == '/' || (unsigned char)*c < ' ')
            *c = '_';
}

static char *trace_path(const struct aw_verify_settings *settings, const char *name)
{
    char *path, file[256];
    size_t folder = strlen(settings->trace_dir);
    while (folder > 1 && settings->trace_dir[folder - 1] == '/')
        folder--;
    aw_verify_file_name(name, file, sizeof file);
    if (asprintf(&path, "%.*s/%s.trace", (int)folder, settings->trace_dir, file) < 0)
        abort();
    return path;
}

/* The thread that met what the machine cannot serve, or ran on past its bound. */
static void find_stopped(const struct aw_trace *trace, struct aw_report_case *entry)
{
    char who[80];
    for (uint32_t i = trace->step_count; i-- > 0;)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->kind != AW_TRACE_STOP)
                continue;
            snprintf(entry->detail, sizeof entry->detail, "%s cannot go on",
                     aw_trace_actor(trace, &trace->steps[i], event, who, sizeof who));
            return;
        }
}

/* Main has left with another status than 0. */
static void find_end(const struct aw_trace *trace, struct aw_report_case *entry)
{
    for (uint32_t i = trace->step_count; i-- > 0;)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->kind != AW_TRACE_END)
                continue;
            snprintf(entry->detail, sizeof entry->detail, "%.60s leaves with status %d",
                     trace->processes[event->process].name, WEXITSTATUS((int)event->a));
            return;
        }
}

/* Who waits for what in a deadlock; who cannot go on; the last thing that a trace about a crash or
 * an error has to say. */
static void find_detail(const struct aw_trace *trace, struct aw_report_case *entry)
{
    if (trace->property == AW_NO_DEADLOCK)
        aw_trace_say_wait(trace, entry->detail, sizeof entry->detail);
    if (trace->property == AW_SUCCEEDS)
        find_end(trace, entry);
    if (entry->result.verdict == AW_INCONCLUSIVE) {
        find_stopped(trace, entry);
        return;
    }
    if (trace->property != AW_NO_CRASH && trace->property != AW_NO_ERROR &&
        trace->property != AW_NO_LEAK && trace->property != AW_NO_DATA_RACE &&
        trace->property != AW_NO_MEMORY_ERROR)
        return;
    char who[80];
    for (uint32_t i = trace->step_count; i-- > 0 && entry->detail[0] == '\0';)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0;) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->kind == AW_TRACE_FINDING) {
                snprintf(entry->detail, sizeof entry->detail, "%s", event->text);
                break;
            }
            /* What a process leaves behind is told by errors of its exit. */
            bool leak = event->kind == AW_TRACE_ERROR && strncmp(event->text, "leak: ", 6) == 0;
            if ((event->kind != AW_TRACE_CRASH && event->kind != AW_TRACE_ERROR &&
                 event->kind != AW_TRACE_FAILED) ||
                leak != (trace->property == AW_NO_LEAK))
                continue;
            snprintf(entry->detail, sizeof entry->detail, "%.60s: %.120s%s%.60s",
                     aw_trace_actor(trace, &trace->steps[i], event, who, sizeof who), event->text,
                     event->place[0] ? ", at " : "", event->place);
            break;
        }
}

static int keep_trace(const struct aw_verify_settings *settings, const struct aw_case *one,
                      struct aw_report_case *entry, struct aw_error *error)
{
    struct aw_result *result = &entry->result;
    struct aw_trace trace;
    struct aw_error reason;
    int status = record(settings, one, result, &trace, &reason);
    if (status == AW_E_LIMIT) {
        result->verdict = AW_UNCONTROLLED;
        snprintf(result->message, sizeof result->message,
                 "the schedule that was found cannot be carried out again: %.400s", reason.message);
        return 0;
    }
    if (status != 0) {
        *error = reason;
        return status;
    }
    fill_header(&trace, one, result);
    find_detail(&trace, entry);
    if (settings->trace_dir != NULL) {
        char *path = trace_path(settings, one->name);
        status = aw_verify_make_folder(settings->trace_dir, error);
        if (status == 0)
            status = aw_trace_write(&trace, path, error);
        if (status == 0)
            entry->trace = path;
        else
            free(path);
    }
    aw_trace_free(&trace);
    return status;
}

int aw_verify_case(const struct aw_verify_settings *settings, const struct aw_case *one,
                   struct aw_report *report, struct aw_report_case **entry, struct aw_error *error)
{
    struct aw_result result = {0};
    bool stopped = false;
    *entry = NULL;
    const char *kept = NULL;
    int status = aw_verify_kept(settings, one, &result, &kept, error);
    if (status == 0)
        status = explore(settings, one, &result, &stopped, error);
    if (status < 0)
        return status;
    status = 0;
    *entry = aw_report_add_case(report, one);
    (*entry)->compare_search = kept == NULL && settings->symmetry &&
                               settings->rules == AW_ALL_RULES && !settings->whole_graph;
    (*entry)->result = result;
    if (kept != NULL)
        (*entry)->trace = aw_string_copy(kept);
    else if (result.has_schedule)
        status = keep_trace(settings, one, *entry, error);
    aw_report_judge(*entry);
    if (status != 0)
        aw_report_not_kept(report, *entry, error->message);
    report->interrupted |= stopped;
    return status;
}
