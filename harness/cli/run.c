/* SPDX-License-Identifier: MIT */
/* run.c - allways run: scenario files. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

struct run {
    struct aw_cli_search search;
    const char *filter;
    struct aw_scenario_files files;
    struct aw_scenario **scenarios;
    int scenario_count;
    const struct aw_case **cases; /* those that were chosen */
    int jobs;
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

static bool chosen(const struct run *run, const struct aw_case *one)
{
    return run->filter == NULL || strstr(one->name, run->filter) != NULL;
}

/* The chosen cases, in order, and how long the longest of their names is. */
static int survey(struct run *run, int *width)
{
    int count = 0;
    *width = (int)strlen("scenario");
    for (int i = 0; i < run->scenario_count; i++) {
        run->cases = aw_reallocate(run->cases, (size_t)(count + run->scenarios[i]->count),
                                   sizeof *run->cases);
        for (int k = 0; k < run->scenarios[i]->count; k++) {
            const struct aw_case *one = &run->scenarios[i]->cases[k];
            if (!chosen(run, one))
                continue;
            run->cases[count++] = one;
            if ((int)strlen(one->name) > *width)
                *width = (int)strlen(one->name);
        }
    }
    return count;
}

static void print_row(void *context, const struct aw_report_case *entry)
{
    aw_table_row(stdout, *(const int *)context, entry);
    fflush(stdout);
}

static int run_all(struct run *run)
{
    struct aw_report report;
    int width, count = survey(run, &width);
    if (count == 0)
        return aw_complain("run", "no case's name contains \"%s\"", run->filter);
    struct aw_jobs jobs = {&run->search, run->cases, count, run->jobs, NULL, &width};
    aw_report_init(&report);
    aw_interrupt_install();
    if (!run->search.json) {
        aw_table_head(stdout, width);
        jobs.done = print_row;
    }
    aw_jobs_run(&jobs, &report);
    if (!run->search.json)
        aw_table_tail(stdout, &report);
    else if (aw_report_json(stdout, &report) != 0)
        report.errors++;
    int status = aw_report_status(&report);
    aw_report_deinit(&report);
    return status;
}

static bool take_jobs(struct run *run, const char *text)
{
    uint64_t number;
    if (!aw_parse_number("run", "jobs", text, 1, 256, &number))
        return false;
    run->jobs = (int)number;
    return true;
}

int aw_command_run(int argc, char **argv)
{
    enum { OPT_FILTER = AW_OPT_OWN, OPT_JOBS };
    static const struct option options[] = {AW_SEARCH_OPTIONS,
                                            {"filter", required_argument, NULL, OPT_FILTER},
                                            {"jobs", required_argument, NULL, OPT_JOBS},
                                            {0}};
    struct run run = {.jobs = aw_jobs_default()};
    int option, status;
    aw_cli_search_init(&run.search, argv[0]);
    while ((option = aw_next_option(argc, argv, options)) != -1) {
        if (option == AW_OPTION_WRONG)
            return AW_EXIT_WRONG;
        if (option == AW_OPTION_HELP)
            return aw_command_help(2, (char *[]){"help", "run", NULL});
        if (option == OPT_FILTER)
            run.filter = optarg;
        else if (option == OPT_JOBS) {
            if (!take_jobs(&run, optarg))
                return AW_EXIT_WRONG;
        } else if (!aw_cli_search_take(&run.search, option, optarg))
            return AW_EXIT_WRONG;
    }
    run.search.runtime = aw_runtime_path(argv[0]);
    if (run.search.runtime == NULL)
        return AW_EXIT_WRONG;
    status = load(&run, (const char *const *)argv + optind, argc - optind);
    if (status == 0)
        status = run_all(&run);
    for (int i = 0; i < run.scenario_count; i++)
        aw_scenario_free(run.scenarios[i]);
    free(run.scenarios);
    free(run.cases);
    aw_scenario_files_deinit(&run.files);
    return status;
}
