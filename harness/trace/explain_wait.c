/* SPDX-License-Identifier: MIT */
#include "trace/explaining.h"

#include <string.h>

enum { WAITING_TOLD = 6 };

static const struct aw_trace_waiting *waiting_of(const struct aw_trace *trace,
                                                 const struct aw_trace_party *party)
{
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        if (trace->at_end[i].blocked && trace->at_end[i].process == party->process &&
            trace->at_end[i].slot == party->slot)
            return &trace->at_end[i];
    return NULL;
}

const char *aw_trace_cycle_text(const struct aw_trace *trace)
{
    for (uint32_t i = 0; i < trace->at_end_count; i++) {
        const struct aw_trace_waiting *start = &trace->at_end[i], *at = start;
        struct aw_explain_text text = {trace,
                                       aw_explain_thread(trace, start->process, start->slot)};
        for (uint32_t steps = 0;
             at != NULL && at->waits_for_count == 1 && at->blocked && steps < trace->at_end_count;
             steps++) {
            const struct aw_trace_waiting *next = waiting_of(trace, &at->waits_for[0]);
            if (next == NULL)
                break;
            aw_explain_say(&text, " -> %s", aw_explain_thread(trace, next->process, next->slot));
            if (next == start) /* alone, one can only wait for a lock of one's own */
                return steps > 0 || start->since != AW_TRACE_NONE ? text.words : "";
            at = next;
        }
    }
    return "";
}

static bool is_condition(const struct aw_trace_waiting *waiting)
{
    return strstr(waiting->operation, "cond") != NULL;
}

/* The dead, and those that wait in a circle, are reason enough: a thread that sleeps has then
 * merely nothing to do. */
static bool has_other_reason(const struct aw_trace *trace)
{
    uint32_t step;
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        if (trace->at_end[i].blocked && trace->at_end[i].since != AW_TRACE_NONE &&
            trace->at_end[i].waits_for_count > 0 &&
            aw_explain_end(trace, trace->at_end[i].waits_for[0].process, &step) != NULL)
            return true;
    return aw_trace_cycle_text(trace)[0] != '\0';
}

/* The last time that a thread fell asleep on a condition, and the last signal to it. */
static void find_sleep(const struct aw_trace *trace, const struct aw_trace_waiting *waiting,
                       uint32_t *slept, uint32_t *signalled)
{
    *slept = *signalled = AW_TRACE_NONE;
    for (uint32_t i = 0; i < trace->step_count; i++) {
        const struct aw_trace_step *step = &trace->steps[i];
        if (step->process != waiting->process || strcmp(step->object, waiting->object) != 0)
            continue;
        if (strstr(step->operation, "signal") != NULL ||
            strstr(step->operation, "broadcast") != NULL)
            *signalled = i;
        else if (step->choice.slot == waiting->slot && strcmp(step->result, "asleep") == 0)
            *slept = i;
    }
}

/* Since the last signal the thread has had the mutex, given it back, and taken it again before it
 * fell asleep: it has seen what the signal was about, and has nothing more to do. */
static bool is_idle(const struct aw_trace *trace, const struct aw_trace_waiting *waiting)
{
    uint32_t slept, signalled, taken = 0;
    if (!is_condition(waiting) || waiting->since != AW_TRACE_NONE)
        return false;
    find_sleep(trace, waiting, &slept, &signalled);
    if (slept == AW_TRACE_NONE || signalled == AW_TRACE_NONE || slept < signalled)
        return false;
    for (uint32_t i = signalled + 1; i < slept; i++)
        taken += trace->steps[i].process == waiting->process &&
                 trace->steps[i].choice.slot == waiting->slot &&
                 strcmp(trace->steps[i].result, "0") == 0 &&
                 (strcmp(trace->steps[i].operation, "pthread_mutex_lock") == 0 ||
                  strstr(trace->steps[i].operation, "relock") != NULL);
    return taken > 1;
}

static void why_asleep(struct aw_explain_text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace *trace = text->trace;
    uint32_t slept, signalled;
    find_sleep(trace, waiting, &slept, &signalled);
    if (is_idle(trace, waiting)) {
        aw_explain_say(text, " is idle: it sleeps on %s since step %u%s until somebody signals it.",
                       waiting->object, slept + 1,
                       aw_explain_source(trace, waiting->function, waiting->file, waiting->line));
        return;
    }
    aw_explain_say(text, " sleeps on %s", waiting->object);
    if (slept != AW_TRACE_NONE)
        aw_explain_say(text, " since step %u", slept + 1);
    aw_explain_say(text, "%s, and nobody is left to signal it.",
                   aw_explain_source(trace, waiting->function, waiting->file, waiting->line));
    if (has_other_reason(trace))
        return;
    if (signalled == AW_TRACE_NONE)
        aw_explain_say(text, " It was never signalled.");
    else if (slept == AW_TRACE_NONE || signalled < slept)
        aw_explain_say(
            text,
            " The last signal was sent too early, at step %u by %s%s, when %s: a signal that "
            "nobody "
            "awaits is not kept.",
            signalled + 1, aw_explain_who(trace, signalled),
            aw_explain_source(trace, trace->steps[signalled].function, trace->steps[signalled].file,
                              trace->steps[signalled].line),
            strncmp(trace->steps[signalled].result, "wakes", 5) == 0 ? "it woke another thread"
                                                                     : "nobody was asleep on it");
    else
        aw_explain_say(
            text,
            " The last signal, at step %u by %s%s, woke %s: a signal wakes one of those that "
            "sleep.",
            signalled + 1, aw_explain_who(trace, signalled),
            aw_explain_source(trace, trace->steps[signalled].function, trace->steps[signalled].file,
                              trace->steps[signalled].line),
            strncmp(trace->steps[signalled].result, "wakes ", 6) == 0
                ? trace->steps[signalled].result + 6
                : trace->steps[signalled].result);
}

static void why_locked(struct aw_explain_text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_party *owner = &waiting->waits_for[0];
    const char *name = aw_explain_thread(trace, owner->process, owner->slot);
    uint32_t step;
    const struct aw_trace_event *end = aw_explain_end(trace, owner->process, &step);
    aw_explain_say(text, " waits for %s%s, which %s took at step %u",
                   aw_explain_object(trace, waiting->object),
                   aw_explain_source(trace, waiting->function, waiting->file, waiting->line),
                   owner->process == waiting->process && owner->slot == waiting->slot ? "it itself"
                                                                                      : name,
                   waiting->since + 1);
    if (end != NULL) {
        aw_explain_say(text,
                       " and never gave back: %s %s while it held it. The lock is orphaned: "
                       "nobody can give it back.",
                       name, aw_explain_ended(trace, end, step));
    } else if (strstr(waiting->holder, "does not exist in this process") != NULL) {
        aw_explain_say(
            text, " before the fork. That thread does not exist in this process, which was given "
                  "the locked "
                  "lock and not its owner: nobody can unlock it.");
    } else {
        aw_explain_say(text, " and has not given back.");
    }
}

static void say_parties(struct aw_explain_text *text, const struct aw_trace_waiting *waiting)
{
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        aw_explain_say(text, "%s%s",
                       i == 0                             ? ""
                       : i + 1 < waiting->waits_for_count ? ", "
                                                          : " or ",
                       waiting->waits_for_count == 1 &&
                               waiting->waits_for[0].process == waiting->process &&
                               waiting->waits_for[0].slot == waiting->slot
                           ? "it itself"
                           : aw_explain_thread(text->trace, waiting->waits_for[i].process,
                                               waiting->waits_for[i].slot));
}

/* The processes of those that could end the wait, each once. */
static void say_processes(struct aw_explain_text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace_party *parties = waiting->waits_for;
    uint32_t count = 0, said = 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0, seen; i < waiting->waits_for_count; i++) {
            for (seen = 0; parties[seen].process != parties[i].process; seen++)
                ;
            if (seen < i)
                continue;
            if (pass == 0)
                count++;
            else
                aw_explain_say(text, "%s%s",
                               said == 0          ? ""
                               : said + 1 < count ? ", "
                                                  : " and ",
                               text->trace->processes[parties[i].process].name);
            said += pass == 1;
        }
}

/* Those that could end a wait to read or write. Where all that is left is the process itself, or
 * threads that wait themselves, it says what never comes. */
static void say_other_ends(struct aw_explain_text *text, const struct aw_trace_waiting *waiting,
                           bool read)
{
    bool alone = true;
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        alone &= waiting->waits_for[i].process == waiting->process;
    if (alone) {
        aw_explain_say(text, ". Only %s still holds its %s end, itself: %s.",
                       text->trace->processes[waiting->process].name, read ? "write" : "read",
                       read ? "the read never sees the end of file" : "nobody makes room");
        return;
    }
    aw_explain_say(text, ". Its only %s ends left are in ", read ? "write" : "read");
    say_processes(text, waiting);
    aw_explain_say(text, ", which wait themselves: %s.",
                   read ? "neither data nor the end of file can come" : "nobody makes room");
}

static void why_blocked(struct aw_explain_text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace *trace = text->trace;
    const char *at = aw_explain_source(trace, waiting->function, waiting->file, waiting->line);
    aw_explain_say(text, " %s", aw_explain_thread(trace, waiting->process, waiting->slot));
    if (is_condition(waiting) && waiting->since == AW_TRACE_NONE) {
        why_asleep(text, waiting);
    } else if (waiting->since != AW_TRACE_NONE && waiting->waits_for_count > 0) {
        why_locked(text, waiting);
    } else if (strcmp(waiting->operation, "read") == 0 ||
               strcmp(waiting->operation, "write") == 0) {
        bool read = waiting->operation[0] == 'r';
        aw_explain_say(text, " waits to %s %s%s", waiting->operation, waiting->object, at);
        if (waiting->waits_for_count == 0) {
            aw_explain_say(text, ", whose other end nobody holds.");
        } else {
            say_other_ends(text, waiting, read);
        }
    } else if (waiting->waits_for_count > 0) {
        aw_explain_say(text, " waits for ");
        say_parties(text, waiting);
        aw_explain_say(text, " to end%s.", at);
    } else {
        aw_explain_say(text, " waits at %s%s%s%s.",
                       aw_explain_operation(trace, waiting->operation, waiting->object), at,
                       waiting->holder[0] != '\0' ? ": " : "", waiting->holder);
    }
}

/* Causes come before their consequences. */
static int rank_of(const struct aw_trace *trace, const struct aw_trace_waiting *waiting)
{
    if (is_idle(trace, waiting))
        return 3;
    bool lock = waiting->since != AW_TRACE_NONE;
    bool end =
        strcmp(waiting->operation, "wait") == 0 || strstr(waiting->operation, "join") != NULL;
    return lock ? 0 : end ? 2 : 1;
}

void aw_explain_deadlock(struct aw_explain_text *text, const struct aw_trace_items *items)
{
    const struct aw_trace *trace = text->trace;
    uint32_t told = 0, more = 0;
    aw_explain_say(text, "%sAfter step %u nobody can move.", text->words[0] == '\0' ? "" : " ",
                   trace->step_count);
    /* Locks, then the rest, then those that wait for an end, then those that have nothing to do. */
    for (int pass = 0; pass < 4; pass++)
        for (uint32_t i = 0; i < trace->at_end_count; i++) {
            const struct aw_trace_waiting *waiting = &trace->at_end[i];
            if (!waiting->blocked || rank_of(trace, waiting) != pass)
                continue;
            if (told++ < WAITING_TOLD)
                why_blocked(text, waiting);
            else
                more++;
        }
    if (more > 0)
        aw_explain_say(text, " %u more threads wait.", more);
    const char *cycle = aw_trace_cycle_text(trace);
    if (cycle[0] != '\0')
        aw_explain_say(text, " They wait for each other in a circle: %s.", cycle);
    if (aw_explain_next_lost(items, 0) < items->count) {
        aw_explain_say(text, " At the end");
        aw_explain_places(text, items, trace->step_count - 1);
        aw_explain_pipes(text, trace->step_count - 1);
        aw_explain_say(text, ".");
    }
}
