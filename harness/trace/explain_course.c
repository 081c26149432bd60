/* SPDX-License-Identifier: MIT */
#include "trace/explaining.h"

#include <string.h>

enum { TURNS_TOLD = 10 };

void aw_explain_forever(struct aw_explain_text *text)
{
    const struct aw_trace *trace = text->trace;
    if (trace->loop == AW_TRACE_NONE)
        return;
    aw_explain_say(
        text,
        "Steps 1 to %u lead into a cycle; steps %u to %u repeat for ever, although every thread "
        "that "
        "can move gets its turns. In the cycle:",
        trace->loop, trace->loop + 1, trace->step_count);
    for (uint32_t i = trace->loop, told = 0; i < trace->step_count && told < TURNS_TOLD;
         i++, told++)
        aw_explain_say(
            text, "%s %s does %s -> %s", told > 0 ? "," : "", aw_explain_who(trace, i),
            aw_explain_operation(trace, trace->steps[i].operation, trace->steps[i].object),
            trace->steps[i].result);
    if (trace->step_count - trace->loop > TURNS_TOLD)
        aw_explain_say(text, " ...");
    aw_explain_say(text, ". Nothing in it changes what the next turn will see.");
}

const char *aw_trace_critical_text(const struct aw_trace *trace)
{
    const struct aw_trace_critical *critical = &trace->critical;
    unsigned long long states = critical->states;
    switch (critical->kind) {
    case AW_CRITICAL_STEP: {
        const struct aw_trace_step *step = &trace->steps[critical->step];
        bool race = trace->property == AW_NO_DATA_RACE && critical->step + 1 == trace->step_count;
        return aw_trace_text(trace,
                             "step %u: %s, %s -> %s%s%s. Before it a good end could still be "
                             "reached; %s.",
                             critical->step + 1, aw_explain_who(trace, critical->step),
                             aw_explain_operation(trace, step->operation, step->object),
                             step->result,
                             aw_explain_source(trace, step->function, step->file, step->line),
                             step->fault_count > 0 ? ", with an injected fault" : "",
                             race ? "from here on both accesses come, and nothing orders them"
                                  : "after it no continuation is good");
    }
    case AW_CRITICAL_NEVER:
        return states == 0 ? "none: no schedule is good, this program fails in every one."
                           : aw_trace_text(trace,
                                           "none: no schedule is good, this program fails in every "
                                           "one (%llu state%s looked at).",
                                           states, states == 1 ? "" : "s");
    case AW_CRITICAL_OPEN:
        return "none: a good end can be reached after every step, also from within the cycle; "
               "but nothing makes the threads go there.";
    case AW_CRITICAL_BOUNDED:
        return aw_trace_text(
            trace,
            "step %u or one before it%s; the search for the exact step gave up "
            "after %llu state%s.",
            critical->step + 1,
            critical->passing_count > 0 && critical->branch < critical->step
                ? aw_trace_text(trace, ", not before step %u", critical->branch + 1)
                : "",
            states, states == 1 ? "" : "s");
    default:
        return "";
    }
}

/* "main.feeder (5 steps), worker 1 (14), ..." */
static void say_turns(struct aw_explain_text *text)
{
    const struct aw_trace_critical *critical = &text->trace->critical;
    uint32_t turns = 0;
    for (uint32_t i = 0, last; i < critical->passing_count; i = last) {
        last = i;
        while (last < critical->passing_count &&
               strcmp(critical->passing[i].who, critical->passing[last].who) == 0)
            last++;
        if (turns++ == TURNS_TOLD) {
            aw_explain_say(text, " and so on");
            return;
        }
        aw_explain_say(text, "%s%s (%u%s)", turns > 1 ? ", " : "", critical->passing[i].who,
                       last - i,
                       turns > 1       ? ""
                       : last - i == 1 ? " step"
                                       : " steps");
    }
}

const char *aw_trace_passing_text(const struct aw_trace *trace)
{
    const struct aw_trace_critical *critical = &trace->critical;
    struct aw_explain_text text = {trace, ""};
    if (critical->passing_count == 0)
        return "";
    const struct aw_trace_passing *first = &critical->passing[0];
    const struct aw_trace_step *step =
        critical->branch < trace->step_count ? &trace->steps[critical->branch] : NULL;
    if (step != NULL && step->fault_count > 0 && strcmp(first->operation, step->operation) == 0 &&
        strcmp(first->who, aw_explain_who(trace, critical->branch)) == 0)
        aw_explain_say(&text, "instead: the same step without the fault (-> %s);", first->result);
    else
        aw_explain_say(&text, "instead, as step %u: %s, %s -> %s%s;", critical->branch + 1,
                       first->who, aw_explain_operation(trace, first->operation, first->object),
                       first->result,
                       aw_explain_source(trace, first->function, first->file, first->line));
    aw_explain_say(&text, " and after %u steps in all (%s) everything is well: ",
                   critical->branch + critical->passing_count,
                   critical->shortest ? "no fewer will do" : "fewer may do");
    say_turns(&text);
    aw_explain_say(&text, ".");
    return text.words;
}
