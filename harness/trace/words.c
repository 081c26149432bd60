/* SPDX-License-Identifier: MIT */
/* words.c - what the texts of a trace are made of: lines that fit, colours, and what an event says.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/show.h"

const char *aw_trace_errno_name(int error)
{
    const char *name = strerrorname_np(error);
    return name != NULL ? name : "unknown error";
}

void aw_trace_colour(FILE *out, const char *code)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if ((none != NULL && none[0] != '\0') || terminal == NULL || strcmp(terminal, "dumb") == 0 ||
        isatty(fileno(out)) != 1)
        return;
    fprintf(out, "\033[%sm", code);
}

void aw_trace_heading(FILE *out, const char *words)
{
    fputs("\n", out);
    aw_trace_colour(out, "1");
    fputs(words, out);
    aw_trace_colour(out, "0");
    fputs("\n", out);
}

void aw_trace_wrap(FILE *out, int indent, int hanging, const char *words)
{
    fprintf(out, "%*s", indent, "");
    aw_trace_wrap_from(out, indent, hanging, words);
}

void aw_trace_wrap_from(FILE *out, int column, int hanging, const char *words)
{
    for (bool first = true; *words != '\0'; first = false) {
        int length = (int)strcspn(words, " ");
        if (!first && column + 1 + length > AW_TRACE_COLUMNS - 4) {
            fprintf(out, "\n%*s", hanging, "");
            column = hanging;
        } else if (!first) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", length, words);
        column += length;
        words += length;
        words += strspn(words, " ");
    }
    fputc('\n', out);
}

void aw_trace_say_event(const struct aw_trace_event *event, char *buffer, size_t size)
{
    unsigned long long a = event->a, b = event->b;
    int status = (int)event->a;
    const char *signal;
    switch (event->kind) {
    case AW_TRACE_PUT:
    case AW_TRACE_GOT: {
        const char *what = event->kind == AW_TRACE_PUT ? "put" : "got";
        if (b == 0)
            snprintf(buffer, size, "%s an item", what);
        else if (a == 0)
            snprintf(buffer, size, "%s item %llu", what, b);
        else
            snprintf(buffer, size, "%s item %llu of producer %llu", what, b, a);
        break;
    }
    case AW_TRACE_TAKEN:
        snprintf(buffer, size, "takes item %llu to serialise it", b);
        break;
    case AW_TRACE_WORKERS:
        snprintf(buffer, size, "%llu worker%s will be started", a, a == 1 ? "" : "s");
        break;
    case AW_TRACE_WORKER:
        snprintf(buffer, size, "begins as a worker");
        break;
    case AW_TRACE_ROLE:
        snprintf(buffer, size, "a thread is called %s", event->text);
        break;
    case AW_TRACE_NOTE:
        snprintf(buffer, size, "note \"%s\"", event->text);
        break;
    case AW_TRACE_ERROR:
        snprintf(buffer, size, "error \"%s\"%s%s", event->text, a ? ", " : "",
                 a ? aw_trace_errno_name(status) : "");
        break;
    case AW_TRACE_FAILED:
        snprintf(buffer, size, "failed: %s, %s", event->text, aw_trace_errno_name(status));
        break;
    case AW_TRACE_LOG:
        snprintf(buffer, size, "prints \"%.*s\"", (int)strcspn(event->text, "\n"), event->text);
        break;
    case AW_TRACE_CRASH:
        snprintf(buffer, size, "CRASH: %s", event->text);
        break;
    case AW_TRACE_STOP:
        snprintf(buffer, size, "STOP: %s", event->text);
        break;
    case AW_TRACE_FINDING:
        snprintf(buffer, size, "FOUND: %s", event->text);
        break;
    case AW_TRACE_END:
        signal = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
        if (WIFSIGNALED(status))
            snprintf(buffer, size, "ended by SIG%s", signal ? signal : "?");
        else
            snprintf(buffer, size, "ended with status %d", WEXITSTATUS(status));
        break;
    default:
        snprintf(buffer, size, "%s", aw_trace_event_name(event->kind));
        break;
    }
}
