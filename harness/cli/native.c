/* SPDX-License-Identifier: MIT */
/*
 * native.c - allways native: the programs of scenarios on the real kernel, under the same plan of
 * faults, many times. What comes out is counted, not judged.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "native/native.h"

struct native {
    uint64_t runs, seed;
    double probability; /* below 0: drawn for each run and fault */
    const char *case_name, *program;
    bool json;
    FILE *log;
    struct aw_native_settings settings;
    struct aw_scenario_files files;
    struct aw_scenario **scenarios;
    int scenario_count;
    json_t *results;
};

/* ---- interruption: the run that is going on is ended, and what there is is printed ---- */

static volatile sig_atomic_t stopped_by;

static void on_stop(int number)
{
    stopped_by = number;
}

static bool is_stopped(void)
{
    return stopped_by != 0;
}

static void install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

/* ---- progress, on stderr ---- */

struct progress {
    const char *name;
    uint64_t runs;
    bool terminal, shown;
    double began, next;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void progress_start(struct progress *progress, const char *name, uint64_t runs)
{
    *progress = (struct progress){
        .name = name, .runs = runs, .terminal = isatty(STDERR_FILENO) == 1, .began = seconds_now()};
    progress->next = progress->began + (progress->terminal ? 0.5 : 5);
}

static void progress_show(struct progress *progress, const struct aw_native_tally *tally)
{
    enum { WIDTH = 20 };
    char bar[WIDTH + 1];
    double now = seconds_now();
    if (now < progress->next)
        return;
    progress->next = now + (progress->terminal ? 0.1 : 5);
    progress->shown = true;
    for (int i = 0; i < WIDTH; i++)
        bar[i] = tally->runs * WIDTH > (uint64_t)i * progress->runs ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr,
            "%s%s: [%s] %" PRIu64 " of %" PRIu64 " runs, %" PRIu64 " passed, %" PRIu64
            " hung, %.0f s%s",
            progress->terminal ? "\r\033[K" : "", progress->name, bar, tally->runs, progress->runs,
            tally->passed, tally->hung, now - progress->began, progress->terminal ? "" : "\n");
    fflush(stderr);
}

static void progress_end(struct progress *progress)
{
    if (progress->terminal && progress->shown)
        fputs("\r\033[K", stderr);
}

/* ---- one case ---- */

static int find_sites(struct aw_native_job *job, const char *program, struct aw_error *error)
{
    for (uint32_t i = 0; i < job->plan.count; i++)
        if (job->plan.faults[i].site[0] != '\0') {
            int status = aw_native_site(program, job->plan.faults[i].site, &job->sites[i], error);
            if (status != 0)
                return status;
        }
    return 0;
}

static int do_runs(const struct native *native, const char *name,
                   const struct aw_native_program *program, struct aw_native_job *job,
                   struct aw_native_tally *tally, struct aw_error *error)
{
    struct progress progress;
    int status = 0;
    progress_start(&progress, name, native->runs);
    for (job->run = 1; job->run <= native->runs && !is_stopped() && status == 0; job->run++) {
        struct aw_native_outcome outcome;
        status = aw_native_run(program, job, &native->settings, &outcome, error);
        if (status == 0) {
            aw_native_count(tally, &outcome);
            if (native->log != NULL)
                aw_native_log(native->log, job, &outcome);
            progress_show(&progress, tally);
        }
        aw_native_outcome_deinit(&outcome);
    }
    progress_end(&progress);
    return status;
}

static void print_fiu_run(const struct native *native, const struct aw_native_program *program,
                          const struct aw_fault_plan *plan)
{
    char why[128];
    double probability = native->probability >= 0 ? native->probability : 0.25;
    char *line = aw_native_fiu_run(program, plan, probability, why, sizeof why);
    if (line != NULL)
        printf("  without budgets: %s\n", line);
    else if (plan->count > 0 && plan->budget > 0)
        printf("  not for fiu-run: %s\n", why);
    free(line);
}

static void add_json(struct native *native, const char *name, const struct aw_native_tally *tally)
{
    json_array_append_new(
        native->results,
        json_pack("{ss sI sI sI sI sI sI sI sI sf}", "name", name, "runs", (json_int_t)tally->runs,
                  "passed", (json_int_t)tally->passed, "drained", (json_int_t)tally->drained,
                  "losing", (json_int_t)tally->losing, "lost", (json_int_t)tally->lost, "hung",
                  (json_int_t)tally->hung, "errors", (json_int_t)tally->errors, "faults",
                  (json_int_t)tally->faults, "seconds", tally->seconds));
}

static int run_case(struct native *native, const struct aw_case *one, int width)
{
    struct aw_error error;
    struct aw_native_tally tally = {0};
    char *path = native->program != NULL ? aw_string_copy(native->program)
                                         : aw_native_program_path(one->program);
    struct aw_native_program program = {.path = path, .argv = one->argv, .env = one->env};
    struct aw_native_job *job = aw_allocate(1, sizeof *job);
    job->seed = native->seed;
    job->probability = native->probability;
    job->plan = one->faults;
    int status = 0;
    if (access(path, X_OK) != 0)
        status =
            aw_fail(&error, AW_E_IO, "%s: %s cannot be run: %s%s", one->name, path, strerror(errno),
                    native->program != NULL
                        ? ""
                        : "; it is where the natively compiled program is looked for, and "
                          "--program PATH names another");
    if (status == 0)
        status = find_sites(job, path, &error);
    if (status == 0)
        status = do_runs(native, one->name, &program, job, &tally, &error);
    if (status != 0) {
        aw_complain_error("native", &error);
    } else if (native->json) {
        add_json(native, one->name, &tally);
    } else {
        aw_native_table_row(stdout, width, one->name, &tally);
        aw_native_table_faults(stdout, &job->plan, &tally);
        print_fiu_run(native, &program, &job->plan);
        fflush(stdout);
    }
    free(job);
    free(path);
    return status;
}

/* ---- all of them ---- */

static bool exact(const struct native *native)
{
    for (int i = 0; i < native->scenario_count; i++)
        for (int k = 0; k < native->scenarios[i]->count; k++)
            if (strcmp(native->scenarios[i]->cases[k].name, native->case_name) == 0)
                return true;
    return false;
}

static bool chosen(const struct native *native, const struct aw_case *one, bool whole)
{
    if (native->case_name == NULL)
        return true;
    return whole ? strcmp(one->name, native->case_name) == 0
                 : strstr(one->name, native->case_name) != NULL;
}

static int survey(const struct native *native, bool whole, int *width)
{
    int count = 0;
    *width = (int)strlen("scenario");
    for (int i = 0; i < native->scenario_count; i++)
        for (int k = 0; k < native->scenarios[i]->count; k++) {
            const struct aw_case *one = &native->scenarios[i]->cases[k];
            if (!chosen(native, one, whole))
                continue;
            count++;
            if ((int)strlen(one->name) > *width)
                *width = (int)strlen(one->name);
        }
    return count;
}

static void print_head(const struct native *native, int width)
{
    printf("seed %" PRIu64 ", %" PRIu64 " run%s of each case, at most %g s each\n", native->seed,
           native->runs, native->runs == 1 ? "" : "s", native->settings.limit_seconds);
    aw_native_table_legend(stdout);
    putchar('\n');
    aw_native_table_head(stdout, width);
    fflush(stdout);
}

static int print_json(const struct native *native)
{
    json_t *all =
        json_pack("{ss sI sf sO}", "allways", AW_VERSION, "seed", (json_int_t)native->seed,
                  "time_limit", native->settings.limit_seconds, "native", native->results);
    int status = all != NULL ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;
    putchar('\n');
    json_decref(all);
    return status == 0 ? 0 : AW_EXIT_WRONG;
}

static int run_all(struct native *native)
{
    bool whole = native->case_name != NULL && exact(native);
    int width, status = 0;
    if (survey(native, whole, &width) == 0)
        return aw_complain("native", "no case's name contains \"%s\"", native->case_name);
    install();
    native->results = json_array();
    if (!native->json)
        print_head(native, width);
    for (int i = 0; i < native->scenario_count; i++)
        for (int k = 0; k < native->scenarios[i]->count && !is_stopped(); k++)
            if (chosen(native, &native->scenarios[i]->cases[k], whole) &&
                run_case(native, &native->scenarios[i]->cases[k], width) != 0)
                status = AW_EXIT_WRONG;
    if (native->json && print_json(native) != 0)
        status = AW_EXIT_WRONG;
    json_decref(native->results);
    if (!is_stopped())
        return status;
    fprintf(stderr, "allways native: interrupted\n");
    return 128 + stopped_by;
}

static int load(struct native *native, const char *const *paths, int count)
{
    struct aw_error error;
    if (count == 0)
        return aw_complain("native", "which scenario? allways native SCENARIO");
    if (aw_scenario_find(paths, count, &native->files, &error) != 0)
        return aw_complain_error("native", &error);
    native->scenarios = aw_allocate((size_t)native->files.count + 1, sizeof *native->scenarios);
    for (int i = 0; i < native->files.count; i++) {
        if (aw_scenario_load(native->files.paths[i], &native->scenarios[native->scenario_count],
                             &error) != 0)
            return aw_complain_error("native", &error);
        native->scenario_count++;
    }
    return 0;
}

/* ---- options ---- */

enum {
    OPT_RUNS = AW_OPT_OWN,
    OPT_SEED,
    OPT_TIME_LIMIT,
    OPT_CASE,
    OPT_PROBABILITY,
    OPT_PROGRAM,
    OPT_LOG,
    OPT_FORMAT,
    OPT_OUTPUT,
};

static bool take_real(const char *option, const char *text, double minimum, double maximum,
                      double *number)
{
    char *end;
    *number = strtod(text, &end);
    if (end != text && *end == '\0' && *number >= minimum && *number <= maximum)
        return true;
    aw_complain("native", "--%s: expected a number from %g to %g, found \"%s\"", option, minimum,
                maximum, text);
    return false;
}

static bool take_log(struct native *native, const char *path)
{
    if (native->log != NULL)
        fclose(native->log);
    native->log = fopen(path, "we");
    if (native->log == NULL)
        aw_complain("native", "%s: %s", path, strerror(errno));
    return native->log != NULL;
}

static bool take_format(struct native *native, const char *name)
{
    native->json = strcmp(name, "json") == 0;
    if (native->json || strcmp(name, "table") == 0)
        return true;
    aw_complain("native", "--format: expected table or json, found \"%s\"", name);
    return false;
}

static bool take(struct native *native, int option, const char *argument)
{
    switch (option) {
    case OPT_RUNS:
        return aw_parse_number("native", "runs", argument, 1, 100000000, &native->runs);
    case OPT_SEED:
        return aw_parse_number("native", "seed", argument, 0, INT64_MAX, &native->seed);
    case OPT_TIME_LIMIT:
        return take_real("time-limit", argument, 0.001, 1e6, &native->settings.limit_seconds);
    case OPT_CASE:
        native->case_name = argument;
        return true;
    case OPT_PROBABILITY:
        return take_real("probability", argument, 0, 1, &native->probability);
    case OPT_PROGRAM:
        native->program = argument;
        return true;
    case OPT_LOG:
        return take_log(native, argument);
    case OPT_FORMAT:
        return take_format(native, argument);
    default:
        return native->settings.show_output = true;
    }
}

static uint64_t new_seed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000003 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 20) %
           1000000000;
}

int aw_command_native(int argc, char **argv)
{
    static const struct option options[] = {
        {"runs", required_argument, NULL, OPT_RUNS},
        {"seed", required_argument, NULL, OPT_SEED},
        {"time-limit", required_argument, NULL, OPT_TIME_LIMIT},
        {"case", required_argument, NULL, OPT_CASE},
        {"probability", required_argument, NULL, OPT_PROBABILITY},
        {"program", required_argument, NULL, OPT_PROGRAM},
        {"log", required_argument, NULL, OPT_LOG},
        {"format", required_argument, NULL, OPT_FORMAT},
        {"output", no_argument, NULL, OPT_OUTPUT},
        {"help", no_argument, NULL, AW_OPTION_HELP},
        {0}};
    struct native native = {.runs = 100,
                            .seed = new_seed(),
                            .probability = -1,
                            .settings = {.limit_seconds = 10, .interrupted = is_stopped}};
    int option, status = AW_EXIT_WRONG;
    while ((option = aw_next_option(argc, argv, options)) != -1) {
        if (option == AW_OPTION_HELP)
            status = aw_command_help(2, (char *[]){"help", "native", NULL});
        if (option == AW_OPTION_HELP || option == AW_OPTION_WRONG || !take(&native, option, optarg))
            goto done;
    }
    native.settings.preload = aw_native_preload_path();
    if (native.settings.preload == NULL)
        aw_complain("native", "allways-preload.so is neither beside the executable nor in "
                              "../lib/allways; ALLWAYS_PRELOAD may name it");
    else
        status = load(&native, (const char *const *)argv + optind, argc - optind);
    if (native.settings.preload != NULL && status == 0)
        status = run_all(&native);
done:
    for (int i = 0; i < native.scenario_count; i++)
        aw_scenario_free(native.scenarios[i]);
    free(native.scenarios);
    aw_scenario_files_deinit(&native.files);
    if (native.log != NULL)
        fclose(native.log);
    return status;
}
