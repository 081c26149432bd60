/* SPDX-License-Identifier: MIT */
#include "trace/explaining.h"

#include <string.h>

#include "trace/show.h"

/* A data race: the two that are at their accesses at the end. */

/* Does the half of a finding, "read of 4 bytes at file.c:60 (run)", tell of what the thread is at?
 * Between processes it ends with the thread's name. */
static bool is_half(const struct aw_trace *trace, const char *half,
                    const struct aw_trace_waiting *at)
{
    const char *place = aw_trace_text(trace, " at %s:%d (%s)", at->file, at->line, at->function);
    const char *by = strstr(half, " by ");
    const char *verb = strncmp(half, "atomic ", 7) == 0 ? half + 7 : half;
    size_t length = strlen(at->operation);
    return !at->blocked && at->file[0] != '\0' && at->object[0] != '\0' &&
           strstr(half, place) != NULL && strncmp(verb, at->operation, length) == 0 &&
           verb[length] == ' ' &&
           (by == NULL || strcmp(by + 4, aw_explain_thread(trace, at->process, at->slot)) == 0);
}

/* The thread that a half tells of, other than `other`; NULL when there is none, or when several
 * that it may be are at different objects. */
static const struct aw_trace_waiting *find_half(const struct aw_trace *trace, const char *half,
                                                const struct aw_trace_waiting *other)
{
    const struct aw_trace_waiting *found = NULL;
    for (uint32_t i = 0; i < trace->at_end_count; i++) {
        const struct aw_trace_waiting *at = &trace->at_end[i];
        if (at == other || !is_half(trace, half, at))
            continue;
        if (found != NULL && strcmp(found->object, at->object) != 0)
            return NULL;
        if (found == NULL)
            found = at;
    }
    return found;
}

static void say_access(struct aw_explain_text *text, const char *half,
                       const struct aw_trace_waiting *at, bool same)
{
    const char *slash = strrchr(at->file, '/');
    bool atomic = strncmp(half, "atomic ", 7) == 0;
    aw_explain_say(text, "%s is about to %s ",
                   aw_explain_thread(text->trace, at->process, at->slot), at->operation);
    if (same)
        aw_explain_say(text, "it");
    else
        aw_explain_say(text, "`%s`", at->object);
    aw_explain_say(text, "%s (%s:%d)", atomic ? " atomically" : "",
                   slash != NULL ? slash + 1 : at->file, at->line);
}

const char *aw_trace_race_text(const struct aw_trace *trace, const char *finding)
{
    struct aw_explain_text text = {trace, ""};
    const char *colon = strstr(finding, ": "), *second = strstr(finding, "; and ");
    if (strncmp(finding, "data race on ", 13) != 0 || colon == NULL || second == NULL ||
        second < colon)
        return "";
    const char *halves[] = {aw_trace_text(trace, "%.*s", (int)(second - colon - 2), colon + 2),
                            second + 6};
    const struct aw_trace_waiting *one = find_half(trace, halves[0], NULL);
    const struct aw_trace_waiting *other = find_half(trace, halves[1], one);
    if (one == NULL || other == NULL)
        return "";
    say_access(&text, halves[0], one, false);
    aw_explain_say(&text, " and ");
    say_access(&text, halves[1], other, strcmp(one->object, other->object) == 0);
    return text.words;
}

/* The last crash, error or finding about memory, and the operation after whose answer it came. */
void aw_explain_wrong(struct aw_explain_text *text)
{
    const struct aw_trace *trace = text->trace;
    for (uint32_t i = trace->step_count; i-- > 0;)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0;) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            const struct aw_trace_step *step = &trace->steps[i];
            if (event->kind != AW_TRACE_CRASH && event->kind != AW_TRACE_ERROR &&
                event->kind != AW_TRACE_FAILED && event->kind != AW_TRACE_FINDING)
                continue;
            if (event->kind == AW_TRACE_FINDING) {
                const char *race = aw_trace_race_text(trace, event->text);
                if (race[0] != '\0')
                    aw_explain_say(text, "After step %u, %s; nothing orders the two.", i + 1, race);
                else
                    aw_explain_say(text, "At step %u: %s.", i + 1, event->text);
                return;
            }
            char name[256];
            if (trace->property == AW_NO_LEAK && strncmp(event->text, "leak: ", 6) == 0) {
                aw_explain_say(text, "%s ended at step %u and left behind: %s.",
                               aw_trace_actor(trace, step, event, name, sizeof name), i + 1,
                               event->text + 6);
                return;
            }
            bool told = event->kind == AW_TRACE_ERROR ||
                        strstr(event->place, "allways/probe.h") != NULL; /* aw_error */
            aw_trace_actor(trace, step, event, name, sizeof name);
            aw_explain_say(
                text, "%s %s at step %u: %s%s%s%s%s.", name,
                event->kind == AW_TRACE_CRASH ? "crashed"
                : told                        ? "reported an error"
                                              : "had a call fail that should not",
                i + 1, event->text, event->kind != AW_TRACE_CRASH && event->a != 0 ? ", " : "",
                event->kind != AW_TRACE_CRASH && event->a != 0 ? aw_trace_errno_name((int)event->a)
                                                               : "",
                event->place[0] && !told ? ", in " : "", told ? "" : event->place);
            if (strcmp(step->operation, "start") == 0) {
                aw_explain_say(text, " It is in the first code that it runs.");
                return;
            }
            aw_explain_say(text, " It followed %s, which answered \"%s\"%s.",
                           aw_explain_operation(trace, step->operation, step->object), step->result,
                           aw_explain_source(trace, step->function, step->file, step->line));
            return;
        }
}

/* The end of main, which is the last step, and what it did before. */
void aw_explain_failed(struct aw_explain_text *text)
{
    const struct aw_trace *trace = text->trace;
    uint32_t last = trace->step_count - 1, end_step;
    const struct aw_trace_step *exit = &trace->steps[last];
    const struct aw_trace_event *end = aw_explain_end(trace, exit->process, &end_step);
    if (end == NULL)
        return;
    aw_explain_say(text, "%s %s.", trace->processes[end->process].name,
                   aw_explain_ended(trace, end, end_step));
    for (uint32_t i = last; i-- > 0;) {
        const struct aw_trace_step *step = &trace->steps[i];
        if (step->process != exit->process || step->choice.slot != exit->choice.slot)
            continue;
        aw_explain_say(text, " Before that came %s, which answered \"%s\"%s.",
                       aw_explain_operation(trace, step->operation, step->object), step->result,
                       aw_explain_source(trace, step->function, step->file, step->line));
        return;
    }
}
