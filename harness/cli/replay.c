/* SPDX-License-Identifier: MIT */
/* replay.c - allways replay: a trace once more. */
#include <stdio.h>

#include "cli/cli.h"
#include "trace/trace.h"

static void report(void *context, const char *line)
{
    (void)context;
    printf("%s\n", line);
}

int aw_command_replay(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, AW_OPTION_HELP}, {0}};
    struct aw_trace trace;
    struct aw_error error;
    int option = aw_next_option(argc, argv, options);
    if (option == AW_OPTION_HELP)
        return aw_command_help(2, (char *[]){"help", "replay", NULL});
    if (option != -1)
        return AW_EXIT_WRONG;
    if (optind + 1 != argc)
        return aw_complain("replay", "one trace is needed: allways replay TRACE");
    const char *path = argv[optind], *runtime = aw_runtime_path(argv[0]);
    if (runtime == NULL)
        return AW_EXIT_WRONG;
    if (aw_trace_read(path, &trace, &error) != 0)
        return aw_complain_error("replay", &error);
    int status = aw_trace_replay(&trace, runtime, report, NULL, &error);
    if (status < 0)
        aw_complain_error("replay", &error);
    else
        printf(status == 0 ? "%s: reproduces, %u steps\n" : "%s: does not reproduce (%u steps)\n",
               path, trace.step_count);
    aw_trace_free(&trace);
    return status < 0 ? AW_EXIT_WRONG : status == 0 ? AW_EXIT_OK : AW_EXIT_UNMET;
}
