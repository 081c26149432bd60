/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <unistd.h>

#include "report/report.h"

static const double quiet_seconds = 0.5, line_seconds = 5;

void aw_progress_start(struct aw_report_progress *progress, FILE *out)
{
    *progress = (struct aw_report_progress){.out = out, .terminal = isatty(fileno(out)) == 1};
    progress->next = progress->terminal ? quiet_seconds : line_seconds;
}

void aw_progress_show(struct aw_report_progress *progress, const char *name,
                      const struct aw_progress *now)
{
    char states[32], queued[32], restarts[48] = "";
    if (now->seconds < progress->next)
        return;
    if (now->restarts > 0)
        snprintf(restarts, sizeof restarts, ", restart %u", now->restarts);
    progress->next = now->seconds + (progress->terminal ? 0.1 : line_seconds);
    progress->shown = true;
    fprintf(progress->out, "%s%s: %s, %s states, %s to go on from%s, %.0f s%s",
            progress->terminal ? "\r\033[K" : "", name, now->phase ? now->phase : "searching",
            aw_grouped(now->states, states), aw_grouped(now->queued, queued), restarts,
            now->seconds, progress->terminal ? "" : "\n");
    fflush(progress->out);
}

void aw_progress_end(struct aw_report_progress *progress)
{
    if (progress->terminal && progress->shown) {
        fputs("\r\033[K", progress->out);
        fflush(progress->out);
    }
}
