/* SPDX-License-Identifier: MIT */
/* check.c - allways check: one program, without a scenario file. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "trace/trace.h"

enum {
    OPT_PROPERTY = AW_OPT_OWN,
    OPT_ENV,
    OPT_PIPE_SLOTS,
    OPT_PIPE_PAGE_SIZE,
    OPT_HEAP,
    OPT_STACK,
    OPT_TIME,
    OPT_INIT,
    OPT_CLOCK_ADVANCES,
    OPT_RUN_MILLISECONDS,
    OPT_PARTIAL_WRITES,
};

struct check {
    struct aw_cli_search search;
    struct aw_case one;
    char **env;
    int env_count;
};

static bool take_property(struct check *check, const char *name)
{
    static const char *const properties[] = {
#define X(property, text, meaning) text,
        AW_PROPERTIES(X)
#undef X
            NULL};
    int property = aw_property_by_name(name);
    if (property >= 0) {
        check->one.properties |= AW_PROPERTY_BIT(property);
        return true;
    }
    const char *near = aw_nearest(name, properties);
    aw_complain("check", "--property: unknown property \"%s\"%s%s%s", name,
                near ? ", did you mean \"" : "; `allways help check` lists them", near ? near : "",
                near ? "\"?" : "");
    return false;
}

static bool take_time(struct check *check, const char *text)
{
    bool virtual = strcmp(text, "virtual") == 0;
    check->one.machine.time = virtual ? AW_TIME_VIRTUAL : AW_TIME_ARBITRARY;
    if (virtual || strcmp(text, "arbitrary") == 0)
        return true;
    aw_complain("check", "--time: expected arbitrary or virtual, found \"%s\"", text);
    return false;
}

static bool take_init(struct check *check, const char *text)
{
    bool pattern = strcmp(text, "pattern") == 0;
    check->one.machine.init = pattern ? AW_INIT_PATTERN : AW_INIT_ZERO;
    if (pattern || strcmp(text, "zero") == 0)
        return true;
    aw_complain("check", "--init: expected zero or pattern, found \"%s\"", text);
    return false;
}

static bool take_env(struct check *check, char *text)
{
    if (strchr(text, '=') == NULL || text[0] == '=') {
        aw_complain("check", "--env: expected NAME=VALUE, found \"%s\"", text);
        return false;
    }
    check->env[check->env_count++] = text;
    return true;
}

/* An option for a key of `machine` in scenario files, with its range and its message. */
static bool take_setting(struct check *check, const char *option, const char *key,
                         const char *argument)
{
    char expected[200];
    if (aw_machine_setting_parse(&check->one.machine, key, argument, expected, sizeof expected))
        return true;
    aw_complain("check", "--%s: expected %s, found \"%s\"", option, expected, argument);
    return false;
}

static bool take(struct check *check, int option, char *argument)
{
    switch (option) {
    case OPT_PROPERTY:
        return take_property(check, argument);
    case OPT_ENV:
        return take_env(check, argument);
    case OPT_PIPE_SLOTS:
        return take_setting(check, "pipe-slots", "pipe_slots", argument);
    case OPT_PIPE_PAGE_SIZE:
        return take_setting(check, "pipe-page-size", "pipe_page_size", argument);
    case OPT_HEAP:
        return take_setting(check, "heap", "heap", argument);
    case OPT_STACK:
        return take_setting(check, "stack", "stack", argument);
    case OPT_TIME:
        return take_time(check, argument);
    case OPT_INIT:
        return take_init(check, argument);
    case OPT_CLOCK_ADVANCES:
        return take_setting(check, "clock-advances", "clock_advances", argument);
    case OPT_RUN_MILLISECONDS:
        return take_setting(check, "run-milliseconds", "run_milliseconds", argument);
    case OPT_PARTIAL_WRITES:
        return take_setting(check, "partial-writes", "partial_writes", argument);
    default:
        return aw_cli_search_take(&check->search, option, argument);
    }
}

/* The program's file name without ".so": its name in traces, and argv[0]. */
static char *program_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    size_t length = strlen(base);
    if (length > 3 && strcmp(base + length - 3, ".so") == 0)
        length -= 3;
    char *name = aw_allocate(length + 1, 1);
    memcpy(name, base, length);
    return name;
}

/* Who waits, crashed, or touched what: the story above says it already. */
static bool is_told_by_story(enum aw_property violated)
{
    return violated == AW_NO_DEADLOCK || violated == AW_NO_CRASH || violated == AW_NO_DATA_RACE ||
           violated == AW_NO_MEMORY_ERROR || violated == AW_SUCCEEDS;
}

static void print_result(FILE *out, const struct aw_report *report)
{
    char words[96], states[64], transitions[64], runs[64];
    if (report->count == 0)
        return;
    const struct aw_report_case *one = &report->cases[0];
    const struct aw_result *result = &one->result;
    fprintf(out, "%s\n", aw_report_words(one, words, sizeof words));
    for (int i = 0; i < AW_PROPERTY_COUNT; i++) {
        enum aw_property_state state = result->properties[i];
        if ((one->properties & AW_PROPERTY_BIT(i)) == 0)
            continue;
        fprintf(out, "  %-15s %s%s\n", aw_property_name((enum aw_property)i),
                aw_property_state_name(state),
                state == AW_HOLDS && aw_report_bounded(one) ? ", bounded"
                : state == AW_UNDECIDED && result->stopped  ? " (stopped at the first violation)"
                                                            : "");
    }
    fprintf(out, "  %s, %s, %s of program code, %.2f s\n",
            aw_counted(result->states, "state", states),
            aw_counted(result->transitions, "transition", transitions),
            aw_counted(result->code_runs, "run", runs), result->seconds);
    struct aw_trace trace;
    /* What ends a check has its place in the message: the way there is for `show`. */
    if (result->verdict == AW_VIOLATED && aw_report_trace(one, &trace)) {
        fprintf(out, "\n");
        aw_trace_show_story(&trace, out);
        aw_trace_free(&trace);
    }
    struct aw_report_case as_told = *one;
    as_told.met = true; /* nothing was expected of it but to be right */
    if (result->verdict == AW_VIOLATED && is_told_by_story(result->violated))
        as_told.detail[0] = '\0';
    if (result->message[0] != '\0' || as_told.detail[0] != '\0' || result->interleavings != NULL ||
        one->trace != NULL)
        fprintf(out, "\n");
    aw_report_details(out, &as_told);
    aw_report_not_asked(out, report);
    aw_report_assumptions(out, report);
}

static int run(struct check *check)
{
    static const struct aw_reporter for_people = {.name = "tty", .end = print_result};
    struct aw_report report;
    if (!aw_outputs_open(&check->search.outputs, "check", &for_people))
        return AW_EXIT_WRONG;
    aw_report_init(&report);
    report.allowed = check->search.allowed;
    aw_interrupt_install();
    aw_outputs_begin(&check->search.outputs, (int)strlen(check->one.name));
    struct aw_report_case *one = aw_cli_search_case(&check->search, &check->one, &report);
    if (one != NULL)
        aw_outputs_row(&check->search.outputs, (int)strlen(check->one.name), one);
    aw_outputs_end(&check->search.outputs, "check", &report);
    int status = aw_report_status(&report);
    aw_report_deinit(&report);
    return status;
}

static int with_program(struct check *check, char *path, char **args, int count)
{
    struct aw_case *one = &check->one;
    char *name = program_name(path);
    one->name = name;
    one->program = path;
    one->argc = count + 1;
    one->argv = aw_allocate((size_t)count + 2, sizeof *one->argv);
    one->argv[0] = name;
    for (int i = 0; i < count; i++)
        one->argv[i + 1] = args[i];
    one->env = check->env;
    if (one->properties == 0)
        one->properties = AW_DEFAULT_PROPERTIES;
    int status = run(check);
    free(one->argv);
    free(name);
    return status;
}

int aw_command_check(int argc, char **argv)
{
    static const struct option options[] = {
        AW_SEARCH_OPTIONS,
        {"property", required_argument, NULL, OPT_PROPERTY},
        {"env", required_argument, NULL, OPT_ENV},
        {"pipe-slots", required_argument, NULL, OPT_PIPE_SLOTS},
        {"pipe-page-size", required_argument, NULL, OPT_PIPE_PAGE_SIZE},
        {"heap", required_argument, NULL, OPT_HEAP},
        {"stack", required_argument, NULL, OPT_STACK},
        {"time", required_argument, NULL, OPT_TIME},
        {"init", required_argument, NULL, OPT_INIT},
        {"clock-advances", required_argument, NULL, OPT_CLOCK_ADVANCES},
        {"run-milliseconds", required_argument, NULL, OPT_RUN_MILLISECONDS},
        {"partial-writes", required_argument, NULL, OPT_PARTIAL_WRITES},
        {0}};
    struct check check = {.env = aw_allocate((size_t)argc + 1, sizeof(char *))};
    int own = 0, option, status = AW_EXIT_WRONG;
    aw_cli_search_init(&check.search, argv[0]);
    aw_machine_settings_default(&check.one.machine);
    aw_limits_default(&check.one.limits);
    check.one.expect = (struct aw_expectation){.verdict = AW_PROVED, .property = -1};
    while (own < argc && strcmp(argv[own], "--") != 0) /* what follows is the program's */
        own++;
    while ((option = aw_next_option(own, argv, options)) != -1) {
        if (option == AW_OPTION_HELP)
            status = aw_command_help(2, (char *[]){"help", "check", NULL});
        if (option == AW_OPTION_HELP || option == AW_OPTION_WRONG || !take(&check, option, optarg))
            goto done;
    }
    if (optind + 1 < own)
        aw_complain("check",
                    "one program at a time, found \"%s\" and \"%s\"; the program's "
                    "arguments follow after --",
                    argv[optind], argv[optind + 1]);
    else if (optind == own)
        aw_complain("check", "which program? allways check PROGRAM.so");
    else if ((check.search.verify.runtime = aw_runtime_path(argv[0])) != NULL)
        status = with_program(&check, argv[optind], own < argc ? argv + own + 1 : argv + argc,
                              own < argc ? argc - own - 1 : 0);
done:
    free(check.env);
    return status;
}
