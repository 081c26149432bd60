/* SPDX-License-Identifier: MIT */
/* validate.c - allways validate: scenario files, read and not run. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cli/cli.h"

int aw_command_validate(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, AW_OPTION_HELP}, {0}};
    struct aw_scenario_files files = {0};
    struct aw_error error;
    int option = aw_next_option(argc, argv, options), count = 0, cases = 0;
    if (option == AW_OPTION_HELP)
        return aw_command_help(2, (char *[]){"help", "validate", NULL});
    if (option != -1)
        return AW_EXIT_WRONG;
    if (optind == argc)
        return aw_complain("validate", "which files? allways validate PATH...");
    if (aw_scenario_find((const char *const *)argv + optind, argc - optind, &files, &error) != 0)
        return aw_complain_error("validate", &error);
    struct aw_scenario **scenarios =
        aw_allocate((size_t)files.count + 1, sizeof(struct aw_scenario *));
    bool wrong = false;
    for (int i = 0; i < files.count; i++) {
        if (aw_scenario_load(files.paths[i], &scenarios[count], &error) != 0)
            wrong = aw_complain_error("validate", &error) != 0;
        else
            cases += scenarios[count++]->count;
    }
    if (aw_scenario_check_names(scenarios, count, &error) != 0)
        wrong = aw_complain_error("validate", &error) != 0;
    if (!wrong)
        printf("%d file%s, %d case%s\n", files.count, files.count == 1 ? "" : "s", cases,
               cases == 1 ? "" : "s");
    for (int i = 0; i < count; i++)
        aw_scenario_free(scenarios[i]);
    free(scenarios);
    aw_scenario_files_deinit(&files);
    return wrong ? AW_EXIT_WRONG : AW_EXIT_OK;
}
