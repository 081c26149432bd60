/* SPDX-License-Identifier: MIT */
/* show.c - allways show: a trace as text, as data, as a page or as a diagram. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "trace/trace.h"
#include "view/view.h"

static int text(const struct aw_trace *trace, const char *path, FILE *out)
{
    (void)path;
    aw_trace_show(trace, out);
    return ferror(out) ? AW_E_IO : 0;
}

static const struct view {
    const char *name;
    int (*write)(const struct aw_trace *trace, const char *path, FILE *out);
} views[] = {{"text", text},
             {"json", aw_view_json},
             {"html", aw_view_html},
             {"mermaid", aw_view_mermaid},
             {"perfetto", aw_view_perfetto}};

static const struct view *find_view(const char *name)
{
    const char *names[sizeof views / sizeof *views + 1] = {NULL};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (strcmp(views[i].name, name) == 0)
            return &views[i];
        names[i] = views[i].name;
    }
    const char *near = aw_nearest(name, names);
    aw_complain("show",
                "--format: expected text, json, html, mermaid or perfetto, found \"%s\"%s%s%s",
                name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

/* A file that could not be written in full is not left. */
static int write_view(const struct view *view, const struct aw_trace *trace, const char *path,
                      const char *to)
{
    FILE *out = to == NULL ? stdout : fopen(to, "we");
    if (out == NULL)
        return aw_complain("show", "%s: cannot be written: %s", to, strerror(errno));
    errno = 0;
    int failed = view->write(trace, path, out) != 0;
    failed |= fflush(out) != 0;
    int reason = errno;
    if (to != NULL && fclose(out) != 0 && !failed) {
        failed = 1;
        reason = errno;
    }
    if (!failed)
        return AW_EXIT_OK;
    if (to != NULL)
        unlink(to);
    return aw_complain("show", "%s: cannot be written: %s", to ? to : "the output",
                       strerror(reason ? reason : EIO));
}

int aw_command_show(int argc, char **argv)
{
    enum { OPT_FORMAT = AW_OPT_OWN, OPT_OUTPUT = 'o' };
    static const struct option options[] = {{"format", required_argument, NULL, OPT_FORMAT},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"help", no_argument, NULL, AW_OPTION_HELP},
                                            {0}};
    const struct view *view = &views[0];
    const char *to = NULL;
    struct aw_trace trace;
    struct aw_error error;
    int option;
    while ((option = aw_next_option(argc, argv, options)) != -1)
        switch (option) {
        case AW_OPTION_HELP:
            return aw_command_help(2, (char *[]){"help", "show", NULL});
        case OPT_FORMAT:
            if ((view = find_view(optarg)) == NULL)
                return AW_EXIT_WRONG;
            break;
        case OPT_OUTPUT:
            to = optarg;
            break;
        default:
            return AW_EXIT_WRONG;
        }
    if (optind + 1 != argc)
        return aw_complain("show", "one trace is needed: allways show TRACE");
    if (aw_trace_read(argv[optind], &trace, &error) != 0)
        return aw_complain_error("show", &error);
    int status = write_view(view, &trace, argv[optind], to);
    aw_trace_free(&trace);
    return status;
}
