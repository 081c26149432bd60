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

struct request {
    bool debug, stop;
    uint64_t step; /* 0: the last one */
};

static int compare(const struct aw_trace *trace, const char *path, const char *runtime)
{
    struct aw_error error;
    int status = aw_trace_replay(trace, runtime, report, NULL, &error);
    if (status < 0)
        aw_complain_error("replay", &error);
    else
        printf(status == 0 ? "%s: reproduces, %u steps\n" : "%s: does not reproduce (%u steps)\n",
               path, trace->step_count);
    return status < 0 ? AW_EXIT_WRONG : status == 0 ? AW_EXIT_OK : AW_EXIT_UNMET;
}

static int replay(const struct request *request, const struct aw_trace *trace, const char *path,
                  const char *runtime)
{
    struct aw_error error;
    uint32_t step = (uint32_t)(request->step > 0 ? request->step : trace->step_count);
    if (!request->debug && !request->stop)
        return compare(trace, path, runtime);
    if (step == 0 || step > trace->step_count)
        return aw_complain("replay", "--step: expected a number from 1 to %u, found %u",
                           trace->step_count, step);
    if (request->debug)
        return aw_cli_debug(trace, path, step - 1, runtime);
    if (aw_trace_stop(trace, step - 1, runtime, &error) != 0)
        return aw_complain_error("replay", &error);
    return AW_EXIT_OK;
}

int aw_command_replay(int argc, char **argv)
{
    enum { OPT_DEBUG = AW_OPT_OWN, OPT_STEP, OPT_STOP };
    static const struct option options[] = {{"debug", no_argument, NULL, OPT_DEBUG},
                                            {"step", required_argument, NULL, OPT_STEP},
                                            {"stop-before", required_argument, NULL, OPT_STOP},
                                            {"help", no_argument, NULL, AW_OPTION_HELP},
                                            {0}};
    struct request request = {0};
    struct aw_trace trace;
    struct aw_error error;
    int option;
    while ((option = aw_next_option(argc, argv, options)) != -1)
        switch (option) {
        case AW_OPTION_HELP:
            return aw_command_help(2, (char *[]){"help", "replay", NULL});
        case OPT_DEBUG:
            request.debug = true;
            break;
        case OPT_STOP:
            request.stop = true; /* what gdb runs */
            /* fall through */
        case OPT_STEP:
            if (!aw_parse_number("replay", "step", optarg, 1, UINT32_MAX, &request.step))
                return AW_EXIT_WRONG;
            break;
        default:
            return AW_EXIT_WRONG;
        }
    if (request.step > 0 && !request.debug && !request.stop)
        return aw_complain("replay",
                           "--step says where --debug stops, and means nothing without it");
    if (optind + 1 != argc)
        return aw_complain("replay", "one trace is needed: allways replay TRACE");
    const char *path = argv[optind], *runtime = aw_runtime_path(argv[0]);
    if (runtime == NULL)
        return AW_EXIT_WRONG;
    if (aw_trace_read(path, &trace, &error) != 0)
        return aw_complain_error("replay", &error);
    int status = replay(&request, &trace, path, runtime);
    aw_trace_free(&trace);
    return status;
}
