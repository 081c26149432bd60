/* SPDX-License-Identifier: MIT */
/* run.c - allways run: scenario files. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "cli/cli.h"

struct run {
    struct aw_cli_search search;
    struct aw_choice_of_cases choice;
    struct aw_cache cache;
    struct aw_identity identity;
    const char *cache_folder;
    double budget; /* seconds; 0 = none */
    bool no_canary, rerun_failed;
    int jobs;
    struct aw_scenario_files files;
    struct aw_scenario **scenarios;
    int scenario_count;
};

static int load(struct run *run, const char *const *paths, int count)
{
    static const char *const usual[] = {"scenarios"};
    struct aw_error error;
    int status =
        aw_scenario_find(count > 0 ? paths : usual, count > 0 ? count : 1, &run->files, &error);
    if (status != 0)
        return aw_complain_error("run", &error);
    run->scenarios = aw_allocate((size_t)run->files.count + 1, sizeof(struct aw_scenario *));
    bool wrong = false;
    for (int i = 0; i < run->files.count; i++) {
        struct aw_scenario *scenario;
        if (aw_scenario_load(run->files.paths[i], &scenario, &error) == 0)
            run->scenarios[run->scenario_count++] = scenario;
        else
            wrong = aw_complain_error("run", &error) != 0;
    }
    if (!wrong && aw_scenario_check_names(run->scenarios, run->scenario_count, &error) != 0)
        wrong = aw_complain_error("run", &error) != 0;
    return wrong ? AW_EXIT_WRONG : 0;
}

/* How long the longest name is. */
static int width_of(const struct aw_choice_of_cases *choice)
{
    int width = (int)strlen("scenario");
    for (int i = 0; i < choice->count; i++)
        if ((int)strlen(choice->cases[i]->name) > width)
            width = (int)strlen(choice->cases[i]->name);
    return width;
}

struct row {
    struct aw_outputs *outputs;
    int width;
};

static void print_row(void *context, const struct aw_report_case *entry)
{
    const struct row *row = context;
    aw_outputs_row(row->outputs, row->width, entry);
}

static int run_all(struct run *run, bool folder)
{
    struct aw_report report;
    struct aw_error error;
    if (aw_identity_init(&run->identity, &run->search, &error) != 0 ||
        aw_cache_init(&run->cache, run->cache_folder, &run->identity, &error) != 0)
        return aw_complain_error("run", &error);
    struct aw_run_state *passed =
        run->rerun_failed ? aw_run_state_load(run->search.verify.trace_dir) : NULL;
    run->choice.passed = passed;
    run->choice.identity = &run->identity;
    aw_choose(&run->choice, run->scenarios, run->scenario_count);
    aw_run_state_free(passed);
    if (run->choice.matching == 0)
        return aw_complain("run", "no case's name contains \"%s\"", run->choice.filter);
    if (run->choice.left_out > 0)
        fprintf(stderr, "allways run: %d case%s not run again: as expected in the last run\n",
                run->choice.left_out, run->choice.left_out == 1 ? "" : "s");
    if (!aw_outputs_open(&run->search.outputs, "run", NULL))
        return AW_EXIT_WRONG;
    struct row row = {&run->search.outputs, width_of(&run->choice)};
    struct aw_jobs jobs = {.search = &run->search,
                           .cases = run->choice.cases,
                           .count = run->choice.count,
                           .jobs = run->jobs,
                           .budget = run->budget,
                           .done = print_row,
                           .context = &row};
    aw_report_init(&report);
    report.allowed = run->search.allowed;
    aw_interrupt_install();
    run->search.cache = &run->cache;
    if (folder && !run->no_canary)
        aw_canary_check(&run->search, &report);
    aw_outputs_begin(&run->search.outputs, row.width);
    aw_jobs_run(&jobs, &report);
    aw_outputs_end(&run->search.outputs, "run", &report);
    if (aw_run_state_save(run->search.verify.trace_dir, &report, &run->identity, run->choice.cases,
                          run->choice.count, &error) != 0) {
        aw_complain_error("run", &error);
        report.errors++;
    }
    int status = aw_report_status(&report);
    aw_report_deinit(&report);
    return status;
}

enum {
    OPT_FILTER = AW_OPT_OWN,
    OPT_NO_CANARY,
    OPT_SHARD,
    OPT_TIME_BUDGET,
    OPT_RERUN_FAILED,
    OPT_CACHE,
    OPT_JOBS,
};

static bool take_jobs(struct run *run, const char *text)
{
    uint64_t number;
    if (!aw_parse_number("run", "jobs", text, 1, 256, &number))
        return false;
    run->jobs = (int)number;
    return true;
}

static bool take(struct run *run, int option, const char *argument)
{
    char *end;
    switch (option) {
    case OPT_FILTER:
        run->choice.filter = argument;
        return true;
    case OPT_NO_CANARY:
        return run->no_canary = true;
    case OPT_SHARD:
        return aw_shard_parse(argument, &run->choice.shard, &run->choice.shard_count);
    case OPT_TIME_BUDGET:
        run->budget = strtod(argument, &end);
        if (end != argument && *end == '\0' && run->budget > 0 && run->budget < 1e9)
            return true;
        aw_complain("run", "--time-budget: expected a number of seconds, found \"%s\"", argument);
        return false;
    case OPT_RERUN_FAILED:
        return run->rerun_failed = true;
    case OPT_CACHE:
        run->cache_folder = argument;
        return aw_parse_folder("run", "cache", argument);
    case OPT_JOBS:
        return take_jobs(run, argument);
    default:
        return aw_cli_search_take(&run->search, option, argument);
    }
}

static bool any_folder(char **paths, int count)
{
    struct stat there;
    for (int i = 0; i < count; i++)
        if (stat(paths[i], &there) == 0 && S_ISDIR(there.st_mode))
            return true;
    return count == 0; /* the usual one */
}

int aw_command_run(int argc, char **argv)
{
    static const struct option options[] = {
        AW_SEARCH_OPTIONS,
        {"filter", required_argument, NULL, OPT_FILTER},
        {"no-canary", no_argument, NULL, OPT_NO_CANARY},
        {"shard", required_argument, NULL, OPT_SHARD},
        {"time-budget", required_argument, NULL, OPT_TIME_BUDGET},
        {"rerun-failed", no_argument, NULL, OPT_RERUN_FAILED},
        {"cache", required_argument, NULL, OPT_CACHE},
        {"jobs", required_argument, NULL, OPT_JOBS},
        {0}};
    struct run run = {.jobs = aw_jobs_default()};
    int option, status;
    aw_cli_search_init(&run.search, argv[0]);
    while ((option = aw_next_option(argc, argv, options)) != -1) {
        if (option == AW_OPTION_HELP)
            return aw_command_help(2, (char *[]){"help", "run", NULL});
        if (option == AW_OPTION_WRONG || !take(&run, option, optarg))
            return AW_EXIT_WRONG;
    }
    run.search.verify.runtime = aw_runtime_path(argv[0]);
    if (run.search.verify.runtime == NULL)
        return AW_EXIT_WRONG;
    status = load(&run, (const char *const *)argv + optind, argc - optind);
    if (status == 0)
        status = run_all(&run, any_folder(argv + optind, argc - optind));
    for (int i = 0; i < run.scenario_count; i++)
        aw_scenario_free(run.scenarios[i]);
    free(run.scenarios);
    free(run.choice.cases);
    aw_scenario_files_deinit(&run.files);
    return status;
}
