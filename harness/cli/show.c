/* SPDX-License-Identifier: MIT */
/* show.c - allways show: a trace as text. */
#include <stdio.h>

#include "cli/cli.h"
#include "trace/trace.h"

int aw_command_show(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, AW_OPTION_HELP}, {0}};
    struct aw_trace trace;
    struct aw_error error;
    int option = aw_next_option(argc, argv, options);
    if (option == AW_OPTION_HELP)
        return aw_command_help(2, (char *[]){"help", "show", NULL});
    if (option != -1)
        return AW_EXIT_WRONG;
    if (optind + 1 != argc)
        return aw_complain("show", "one trace is needed: allways show TRACE");
    if (aw_trace_read(argv[optind], &trace, &error) != 0)
        return aw_complain_error("show", &error);
    aw_trace_show(&trace, stdout);
    aw_trace_free(&trace);
    return AW_EXIT_OK;
}
