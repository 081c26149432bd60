/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "trace/explaining.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"

void aw_explain_say(struct aw_explain_text *text, const char *format, ...)
{
    char *more;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&more, format, args);
    va_end(args);
    AW_CHECK(length >= 0);
    text->words = aw_trace_text(text->trace, "%s%s", text->words, more);
    free(more);
}

const char *aw_explain_thread(const struct aw_trace *trace, uint32_t process, uint32_t slot)
{
    char name[256];
    return aw_trace_text(trace, "%s",
                         aw_trace_thread_name(trace, process, slot, name, sizeof name));
}

const char *aw_explain_who(const struct aw_trace *trace, uint32_t step)
{
    return aw_explain_thread(trace, trace->steps[step].process, trace->steps[step].choice.slot);
}

const char *aw_explain_object(const struct aw_trace *trace, const char *name)
{
    char buffer[256];
    for (uint32_t i = 0; i < trace->object_count; i++)
        if (strcmp(trace->objects[i].name, name) == 0)
            return aw_trace_text(trace, "%s",
                                 aw_trace_object_short(trace, i, buffer, sizeof buffer));
    return name;
}

const char *aw_explain_source(const struct aw_trace *trace, const char *function, const char *file,
                              int line)
{
    const char *slash = strrchr(file, '/');
    if (file[0] == '\0')
        return "";
    return aw_trace_text(trace, " (%s%s%s:%d)", function, function[0] ? ", " : "",
                         slash ? slash + 1 : file, line);
}

const char *aw_explain_operation(const struct aw_trace *trace, const char *operation,
                                 const char *object)
{
    if (strncmp(operation, "pthread_", 8) == 0)
        operation += 8;
    return aw_trace_text(trace, "%s%s%s", operation, object[0] ? " " : "",
                         aw_explain_object(trace, object));
}

const struct aw_trace_event *aw_explain_end(const struct aw_trace *trace, uint32_t process,
                                            uint32_t *step)
{
    for (uint32_t i = 0; i < trace->step_count; i++)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++)
            if (trace->steps[i].events[k].kind == AW_TRACE_END &&
                trace->steps[i].events[k].process == process) {
                *step = i;
                return &trace->steps[i].events[k];
            }
    return NULL;
}

const char *aw_explain_ended(const struct aw_trace *trace, const struct aw_trace_event *end,
                             uint32_t step)
{
    int status = (int)end->a;
    const char *signal = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    bool injected = trace->steps[step].fault_count > 0 && WIFSIGNALED(status) &&
                    trace->steps[step].process == end->process;
    if (WIFSIGNALED(status))
        return aw_trace_text(trace, "was killed by SIG%s at step %u%s", signal ? signal : "?",
                             step + 1, injected ? " by an injected fault" : "");
    return aw_trace_text(trace, "left at step %u%s", step + 1,
                         WEXITSTATUS(status) == 0
                             ? ""
                             : aw_trace_text(trace, " with status %d", WEXITSTATUS(status)));
}
