/* SPDX-License-Identifier: MIT */
/*
 * search.c - one case, from its program to its trace:
 *
 *   machine -> exploration -> (a schedule) -> a new machine -> trace -> file
 *
 * The trace is recorded in a machine that knows nothing of the search. A schedule that cannot
 * be carried out there is itself a finding: the same choices gave another outcome.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "trace/trace.h"

/* Set by a signal handler: the one mutable global of this folder besides the found places. */
static volatile sig_atomic_t own_flag, *interrupted = &own_flag;

static void on_interrupt(int number)
{
    (void)number;
    *interrupted = 1;
}

void aw_interrupt_share(volatile sig_atomic_t *flag)
{
    *flag = *interrupted;
    interrupted = flag;
}

void aw_interrupt_install(void)
{
    /* On the signal stack: the program under test may be running on one of its own. */
    struct sigaction action = {.sa_handler = on_interrupt,
                               .sa_flags = SA_ONSTACK | SA_RESTART | SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool aw_interrupted(void)
{
    return *interrupted != 0;
}

void aw_cli_search_init(struct aw_cli_search *search, const char *command)
{
    *search = (struct aw_cli_search){.command = command,
                                     .symmetry = true,
                                     .minimal = true,
                                     .rules = AW_ALL_RULES,
                                     .trace_dir = "traces"};
}

static bool drop_rule(struct aw_cli_search *search, const char *name)
{
    static const char *const rules[] = {
#define X(rule, text) text,
        AW_RULES(X)
#undef X
            NULL};
    for (int i = 0; i < AW_RULE_COUNT; i++)
        if (strcmp(rules[i], name) == 0) {
            search->rules &= ~(1u << i);
            return true;
        }
    const char *near = aw_nearest(name, rules);
    aw_complain(search->command, "--no-rule: unknown rule \"%s\"%s%s%s", name,
                near ? ", did you mean \"" : "; `allways help` with this command lists them",
                near ? near : "", near ? "\"?" : "");
    return false;
}

static bool take_format(struct aw_cli_search *search, const char *name)
{
    search->json = strcmp(name, "json") == 0;
    if (search->json || strcmp(name, "table") == 0)
        return true;
    aw_complain(search->command, "--format: expected table or json, found \"%s\"", name);
    return false;
}

static bool take_seconds(struct aw_cli_search *search, const char *text)
{
    char *end;
    search->has_seconds = true;
    search->limits.seconds = strtod(text, &end);
    if (end != text && *end == '\0' && search->limits.seconds >= 0 && search->limits.seconds < 1e9)
        return true;
    aw_complain(search->command, "--seconds: expected a number of seconds, found \"%s\"", text);
    return false;
}

bool aw_cli_search_take(struct aw_cli_search *search, int option, const char *argument)
{
    switch ((enum aw_cli_search_option)option) {
    case AW_OPT_FORMAT:
        return take_format(search, argument);
    case AW_OPT_TRACE_DIR:
        search->trace_dir = argument;
        return true;
    case AW_OPT_WHOLE_GRAPH:
        return search->whole_graph = true;
    case AW_OPT_COUNT:
        return search->count = true;
    case AW_OPT_NO_SYMMETRY:
        search->symmetry = false;
        return true;
    case AW_OPT_NO_REDUCTION:
        search->rules = 0;
        return true;
    case AW_OPT_NO_RULE:
        return drop_rule(search, argument);
    case AW_OPT_NO_MINIMAL:
        search->minimal = false;
        return true;
    case AW_OPT_STATES:
        search->has_states = true;
        return aw_parse_number(search->command, "states", argument, 0, 1000000000000,
                               &search->limits.states);
    case AW_OPT_MEMORY:
        search->has_memory = true;
        return aw_parse_size(search->command, "memory", argument, 0, (uint64_t)1 << 46,
                             &search->limits.memory_bytes);
    case AW_OPT_SECONDS:
        return take_seconds(search, argument);
    default:
        return false;
    }
}

/* What the exploration calls now and then. */
struct watch {
    const struct aw_cli_search *search;
    struct aw_report_progress progress;
    const char *name;
};

static bool watch(void *context, const struct aw_progress *now)
{
    struct watch *watching = context;
    if (watching->search->progress != NULL)
        watching->search->progress(watching->search->context, now);
    else
        aw_progress_show(&watching->progress, watching->name, now);
    return !aw_interrupted();
}

static struct aw_options options_of(const struct aw_cli_search *search, const struct aw_case *one)
{
    struct aw_options options;
    aw_options_default(&options);
    options.properties = one->properties;
    options.limits = one->limits;
    if (search->has_states)
        options.limits.states = search->limits.states;
    if (search->has_memory)
        options.limits.memory_bytes = search->limits.memory_bytes;
    if (search->has_seconds)
        options.limits.seconds = search->limits.seconds;
    options.symmetry = search->symmetry;
    options.rules = search->rules;
    options.whole_graph = search->whole_graph;
    options.count = search->count || one->count;
    options.minimal = search->minimal;
    options.favour = one->favour;
    options.favour_count = (unsigned)one->favour_count;
    return options;
}

/* The machine of a case, with its faults. */
static int make_machine(const struct aw_cli_search *search, const struct aw_case *one,
                        struct aw_machine **machine, struct aw_error *error)
{
    int status = aw_machine_create(one->program, search->runtime, one->argv, one->env,
                                   &one->machine, machine, error);
    if (status == 0 && one->faults.count > 0 &&
        (status = aw_machine_set_faults(*machine, &one->faults, error)) != 0)
        aw_machine_destroy(*machine);
    return status;
}

static int explore(const struct aw_cli_search *search, const struct aw_case *one,
                   struct aw_result *result, struct aw_error *error)
{
    struct aw_machine *machine;
    struct aw_options options = options_of(search, one);
    struct watch watching = {.search = search, .name = one->name};
    int status = make_machine(search, one, &machine, error);
    if (status != 0)
        return status;
    aw_progress_start(&watching.progress, stderr);
    options.progress = watch;
    options.context = &watching;
    status = aw_explore(machine, &options, result, error);
    aw_progress_end(&watching.progress);
    aw_machine_destroy(machine);
    if (status == 0 && aw_interrupted() && result->verdict == AW_INCONCLUSIVE)
        snprintf(result->message, sizeof result->message, "interrupted");
    return status;
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
static int record(const struct aw_cli_search *search, const struct aw_case *one,
                  const struct aw_result *result, struct aw_trace *trace, struct aw_error *error)
{
    struct aw_machine *machine;
    int status = make_machine(search, one, &machine, error);
    if (status != 0)
        return status;
    aw_trace_init(trace);
    status = aw_trace_record(machine, &result->schedule, result->exact_pipes, trace, error);
    if (status == 0 && result->verdict == AW_VIOLATED) {
        struct aw_options options = options_of(search, one);
        aw_trace_find_critical(machine, &options, AW_CRITICAL_STATES, trace);
    }
    aw_machine_destroy(machine);
    if (status != 0)
        aw_trace_free(trace);
    return status;
}

/* Makes a folder and those above it. */
static int make_folder(const char *path, struct aw_error *error)
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

/* The name of a case is its trace's; a slash would be a folder, and 255 bytes are the most. */
static char *trace_path(const struct aw_cli_search *search, const char *name)
{
    enum { LONGEST = 200 };
    char *path;
    size_t folder = strlen(search->trace_dir);
    while (folder > 1 && search->trace_dir[folder - 1] == '/')
        folder--;
    if (asprintf(&path, "%.*s/%.*s.trace", (int)folder, search->trace_dir, LONGEST, name) < 0)
        abort();
    for (char *c = path + folder + 1; *c != '\0'; c++)
        if (*c == '/' || (unsigned char)*c < ' ')
            *c = '_';
    return path;
}

/* The last thing that a trace about a crash or an error has to say. */
static void find_detail(const struct aw_trace *trace, struct aw_report_case *entry)
{
    if (trace->property != AW_NO_CRASH && trace->property != AW_NO_ERROR &&
        trace->property != AW_NO_LEAK)
        return;
    for (uint32_t i = trace->step_count; i-- > 0 && entry->detail[0] == '\0';)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0;) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->kind != AW_TRACE_CRASH && event->kind != AW_TRACE_ERROR &&
                event->kind != AW_TRACE_FAILED)
                continue;
            snprintf(entry->detail, sizeof entry->detail, "%.60s: %.120s%s%.60s",
                     trace->processes[event->process].name, event->text,
                     event->place[0] ? ", at " : "", event->place);
            break;
        }
}

static int keep_trace(const struct aw_cli_search *search, const struct aw_case *one,
                      struct aw_report_case *entry, struct aw_error *error)
{
    struct aw_result *result = &entry->result;
    struct aw_trace trace;
    struct aw_error reason;
    int status = record(search, one, result, &trace, &reason);
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
    char *path = trace_path(search, one->name);
    status = make_folder(search->trace_dir, error);
    if (status == 0)
        status = aw_trace_write(&trace, path, error);
    if (status == 0)
        entry->trace = path;
    else
        free(path);
    aw_trace_free(&trace);
    return status;
}

struct aw_report_case *aw_cli_search_case(const struct aw_cli_search *search,
                                          const struct aw_case *one, struct aw_report *report)
{
    struct aw_result result = {0};
    struct aw_error error;
    int status = explore(search, one, &result, &error);
    if (status != 0) {
        report->errors++;
        aw_complain(one->name, "%s", error.message);
        return NULL;
    }
    struct aw_report_case *entry = aw_report_add(report, one->name);
    entry->expect = one->expect;
    if (one->expect.interleavings != NULL)
        entry->expect.interleavings = aw_string_copy(one->expect.interleavings);
    entry->properties = one->properties;
    entry->compare_search =
        search->symmetry && search->rules == AW_ALL_RULES && !search->whole_graph;
    entry->result = result;
    if (result.has_schedule && keep_trace(search, one, entry, &error) != 0) {
        report->errors++;
        aw_complain(one->name, "%s", error.message);
    }
    aw_report_judge(entry);
    report->interrupted |= aw_interrupted();
    return entry;
}
