/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "trace/explain.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/memory.h"
#include "trace/show.h"

enum { WAITING_TOLD = 6, ITEMS_TOLD = 12, TURNS_TOLD = 10 };

/* A text that grows. */
struct text {
    const struct aw_trace *trace;
    const char *words;
};

static void say(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct text *text, const char *format, ...)
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

static const char *thread_name(const struct aw_trace *trace, uint32_t process, uint32_t slot)
{
    char name[256];
    return aw_trace_text(trace, "%s",
                         aw_trace_thread_name(trace, process, slot, name, sizeof name));
}

static const char *who(const struct aw_trace *trace, uint32_t step)
{
    return thread_name(trace, trace->steps[step].process, trace->steps[step].choice.slot);
}

/* "pipe 0", "rlock" */
static const char *short_object(const struct aw_trace *trace, const char *name)
{
    char buffer[256];
    for (uint32_t i = 0; i < trace->object_count; i++)
        if (strcmp(trace->objects[i].name, name) == 0)
            return aw_trace_text(trace, "%s",
                                 aw_trace_object_short(trace, i, buffer, sizeof buffer));
    return name;
}

/* " (poll_once, mpqueue.c:381)" */
static const char *source(const struct aw_trace *trace, const char *function, const char *file,
                          int line)
{
    const char *slash = strrchr(file, '/');
    if (file[0] == '\0')
        return "";
    return aw_trace_text(trace, " (%s%s%s:%d)", function, function[0] ? ", " : "",
                         slash ? slash + 1 : file, line);
}

static const char *operation(const struct aw_trace *trace, const char *operation,
                             const char *object)
{
    if (strncmp(operation, "pthread_", 8) == 0)
        operation += 8;
    return aw_trace_text(trace, "%s%s%s", operation, object[0] ? " " : "",
                         short_object(trace, object));
}

/* Events. */

static const struct aw_trace_event *event_before(const struct aw_trace *trace, uint32_t process,
                                                 uint32_t until, uint32_t *step)
{
    for (uint32_t i = until + 1; i-- > 0;)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0;) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->process == process &&
                (event->kind == AW_TRACE_NOTE || event->kind == AW_TRACE_ERROR ||
                 event->kind == AW_TRACE_FAILED)) {
                *step = i;
                return event;
            }
        }
    return NULL;
}

/* The end of a process. */
static const struct aw_trace_event *end_of(const struct aw_trace *trace, uint32_t process,
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

static const char *ended_text(const struct aw_trace *trace, const struct aw_trace_event *end,
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

/* Items. */

static bool same_place(const struct aw_trace *trace, const struct aw_trace_items *items, uint32_t a,
                       uint32_t b, uint32_t step)
{
    return items->items[a].producer == items->items[b].producer &&
           items->items[b].number == items->items[a].number + (b - a) &&
           strcmp(aw_trace_item_place(trace, items, &items->items[a], step),
                  aw_trace_item_place(trace, items, &items->items[b], step)) == 0;
}

static uint32_t next_lost(const struct aw_trace_items *items, uint32_t from)
{
    while (from < items->count && !aw_trace_item_lost(&items->items[from]))
        from++;
    return from;
}

/* Was an item that is never got put before the step? Items without a number are told apart by
 * nothing: more were put than got. */
static bool lost_before(const struct aw_trace *trace, const struct aw_trace_items *items,
                        uint32_t step)
{
    int64_t without_number = 0;
    for (uint32_t i = 0; i < items->count; i++)
        if (aw_trace_item_lost(&items->items[i]) && items->items[i].put < step)
            return true;
    for (uint32_t i = 0; i < step; i++)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->b == 0 && (event->kind == AW_TRACE_PUT || event->kind == AW_TRACE_GOT))
                without_number += event->kind == AW_TRACE_PUT ? 1 : -1;
        }
    return without_number > 0;
}

/* " item 1 was in the buffer of main, ...; items 2 to 4 were ..." */
static void say_places(struct text *text, const struct aw_trace_items *items, uint32_t step)
{
    const struct aw_trace *trace = text->trace;
    uint32_t told = 0;
    for (uint32_t i = next_lost(items, 0), last; i < items->count; i = next_lost(items, last + 1)) {
        last = i;
        while (last + 1 < items->count && aw_trace_item_lost(&items->items[last + 1]) &&
               same_place(trace, items, i, last + 1, step))
            last++;
        const char *place = aw_trace_item_place(trace, items, &items->items[i], step);
        bool future = strcmp(place, "not put yet") == 0;
        if (last == i)
            say(text, "%s%s", told > 0 ? "; " : " ", aw_trace_item_name(trace, &items->items[i]));
        else
            say(text, "%sitems %llu %s %llu", told > 0 ? "; " : " ",
                (unsigned long long)items->items[i].number, last == i + 1 ? "and" : "to",
                (unsigned long long)items->items[last].number);
        say(text, " %s %s",
            future     ? "had"
            : last > i ? "were"
                       : "was",
            future                                         ? "not been put yet"
            : last > i && strcmp(place, "on its way") == 0 ? "on their way"
                                                           : place);
        if (++told == ITEMS_TOLD)
            break;
    }
}

/* Those that were put before the step. */
static const char *lost_names(const struct aw_trace *trace, const struct aw_trace_items *items,
                              uint32_t step)
{
    uint32_t first = next_lost(items, 0), count = 0, last = first;
    bool run = true;
    for (uint32_t i = first; i < items->count; i = next_lost(items, i + 1)) {
        if (items->items[i].put >= step)
            continue;
        first = count == 0 ? i : first;
        run &= items->items[i].producer == items->items[first].producer &&
               items->items[i].number == items->items[first].number + count;
        last = i;
        count++;
    }
    if (count == 0)
        return "an item";
    if (count == 1)
        return aw_trace_item_name(trace, &items->items[first]);
    if (run)
        return aw_trace_text(
            trace, "items %llu %s %llu", (unsigned long long)items->items[first].number,
            count == 2 ? "and" : "to", (unsigned long long)items->items[last].number);
    return aw_trace_text(trace, "%u items", count);
}

static void say_pipes(struct text *text, uint32_t step)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_step *at = &trace->steps[step];
    for (uint32_t i = 0; i < at->level_count; i++)
        if (trace->objects[at->levels[i].object].kind == AW_OBJECT_PIPE)
            say(text, "; %s held %llu byte%s", trace->objects[at->levels[i].object].name,
                (unsigned long long)at->levels[i].level, at->levels[i].level == 1 ? "" : "s");
}

/* The operation that answers a question of the program: not a lock that is given back, nor an end.
 */
static bool asks(const struct aw_trace_step *step)
{
    return strcmp(step->operation, "exit") != 0 && strstr(step->operation, "post") == NULL &&
           strstr(step->operation, "unlock") == NULL && strcmp(step->operation, "close") != 0;
}

/* The operation whose answer comes from another process; a lock that is taken says nothing. */
static bool hears(const struct aw_trace_step *step)
{
    static const char *const answers[] = {"read",          "poll",          "sem_trywait",
                                          "sem_timedwait", "sem_clockwait", "sem_getvalue"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (strcmp(step->operation, answers[i]) == 0)
            return true;
    return false;
}

/* The last step of a process, up to `until`, that is of the kind; 0 if there is none. */
static uint32_t last_step(const struct aw_trace *trace, uint32_t process, uint32_t until,
                          bool (*kind)(const struct aw_trace_step *))
{
    uint32_t step = until;
    while (step > 0 && (trace->steps[step].process != process || !kind(&trace->steps[step])))
        step--;
    return step;
}

static bool put_before(const struct aw_trace_items *items, uint32_t step)
{
    for (uint32_t i = 0; i < items->count; i++)
        if (items->items[i].put < step)
            return true;
    return false;
}

/* "The last thing it got: 5 bytes of pipe 0 (steps 41-42), written by main at step 31; they belong
 * to no item." Returns whether the step did read something whose write is known. */
static bool say_message(struct text *text, const struct aw_trace_items *items, uint32_t step)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_message *got = NULL;
    for (uint32_t i = 0; i < items->message_count; i++)
        if (items->messages[i].read == step)
            got = &items->messages[i];
    if (got == NULL)
        return false;
    uint64_t bytes = 0;
    uint32_t first = step;
    for (uint32_t i = 0; i < items->message_count; i++) { /* it may take several reads */
        const struct aw_trace_message *part = &items->messages[i];
        if (part->object != got->object || part->written != got->written ||
            part->read == AW_TRACE_NONE ||
            trace->steps[part->read].process != trace->steps[step].process)
            continue;
        bytes += part->bytes;
        first = part->read < first ? part->read : first;
    }
    say(text, " The last thing it got: %llu byte%s of %s (step", (unsigned long long)bytes,
        bytes == 1 ? "" : "s", trace->objects[got->object].name);
    if (first < step)
        say(text, "s %u-%u), written", first + 1, step + 1);
    else
        say(text, " %u), written", step + 1);
    say(text, " by %s at step %u%s.", who(trace, got->written), got->written + 1,
        got->item == AW_TRACE_NONE && items->count > 0 &&
                (items->told_taken || !put_before(items, got->written))
            ? "; they belong to no item"
            : "");
    return true;
}

/* What a process saw last before `until`. Returns the step. */
static uint32_t say_seen(struct text *text, const struct aw_trace_items *items, uint32_t process,
                         uint32_t until)
{
    const struct aw_trace *trace = text->trace;
    uint32_t step = until, heard = last_step(trace, process, until, hears);
    const struct aw_trace_event *remark = event_before(trace, process, until, &step);
    if (remark != NULL && step < heard)
        remark = NULL;
    if (remark == NULL)
        step = heard > 0 ? heard : last_step(trace, process, until, asks);
    if (remark == NULL && trace->steps[step].process != process)
        return until; /* it has asked nothing */
    if (remark == NULL && say_message(text, items, step))
        return step;
    const struct aw_trace_step *seen = &trace->steps[step];
    say(text, " What it saw: at step %u its %s answered \"%s\"%s", step + 1,
        operation(trace, seen->operation, seen->object), seen->result,
        source(trace, seen->function, seen->file, seen->line));
    if (remark != NULL)
        say(text, "; the program says \"%s\"", remark->text);
    say(text, ".");
    return step;
}

/* Reasons. */

static void why_lost(struct text *text, const struct aw_trace_items *items)
{
    const struct aw_trace *trace = text->trace;
    uint32_t last = AW_TRACE_NONE, at = 0, workers = 0;
    for (uint32_t i = 0; i < trace->process_count; i++) {
        uint32_t step;
        if (!trace->processes[i].worker || end_of(trace, i, &step) == NULL)
            continue;
        workers++;
        if (last == AW_TRACE_NONE || step >= at) {
            last = i;
            at = step;
        }
    }
    if (last == AW_TRACE_NONE) {
        const char *names = lost_names(trace, items, AW_TRACE_NONE);
        say(text, "Everything has ended, and %s %s put and not got.", names,
            strncmp(names, "items", 5) == 0 || strstr(names, " items") != NULL ? "were" : "was");
        return;
    }
    const struct aw_trace_event *end = end_of(trace, last, &at);
    bool killed = WIFSIGNALED((int)end->a), put = lost_before(trace, items, at);
    uint32_t first = next_lost(items, 0);
    say(text, "%s%s %s", trace->processes[last].name, workers > 1 ? ", the last worker," : "",
        ended_text(trace, end, at));
    if (put)
        say(text, " %s %s had been put and not got.", killed ? "when" : "although",
            lost_names(trace, items, at));
    else if (first < items->count)
        say(text, ", before %s was put (step %u).", aw_trace_item_name(trace, &items->items[first]),
            items->items[first].put + 1);
    else
        say(text, ", before an item was put.");
    uint32_t seen = killed ? at : say_seen(text, items, last, at);
    if (items->count > 0 && put) {
        say(text, " At that moment");
        say_places(text, items, seen);
        say_pipes(text, seen);
        say(text, ".");
    }
    say(text, " No worker was left after it, so nobody gets %s.",
        next_lost(items, 0) < items->count ? lost_names(trace, items, AW_TRACE_NONE)
                                           : "what comes later");
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
            end_of(trace, trace->at_end[i].waits_for[0].process, &step) != NULL)
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

static void why_asleep(struct text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace *trace = text->trace;
    uint32_t slept, signalled;
    find_sleep(trace, waiting, &slept, &signalled);
    if (is_idle(trace, waiting)) {
        say(text, " is idle: it sleeps on %s since step %u%s until somebody signals it.",
            waiting->object, slept + 1,
            source(trace, waiting->function, waiting->file, waiting->line));
        return;
    }
    say(text, " sleeps on %s", waiting->object);
    if (slept != AW_TRACE_NONE)
        say(text, " since step %u", slept + 1);
    say(text, "%s, and nobody is left to signal it.",
        source(trace, waiting->function, waiting->file, waiting->line));
    if (has_other_reason(trace))
        return;
    if (signalled == AW_TRACE_NONE)
        say(text, " It was never signalled.");
    else if (slept == AW_TRACE_NONE || signalled < slept)
        say(text,
            " The last signal was sent too early, at step %u by %s%s, when %s: a signal that "
            "nobody "
            "awaits is not kept.",
            signalled + 1, who(trace, signalled),
            source(trace, trace->steps[signalled].function, trace->steps[signalled].file,
                   trace->steps[signalled].line),
            strncmp(trace->steps[signalled].result, "wakes", 5) == 0 ? "it woke another thread"
                                                                     : "nobody was asleep on it");
    else
        say(text, " The last signal, at step %u by %s, %s.", signalled + 1, who(trace, signalled),
            trace->steps[signalled].result);
}

static void why_locked(struct text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_party *owner = &waiting->waits_for[0];
    const char *name = thread_name(trace, owner->process, owner->slot);
    uint32_t step;
    const struct aw_trace_event *end = end_of(trace, owner->process, &step);
    say(text, " waits for %s%s, which %s took at step %u", short_object(trace, waiting->object),
        source(trace, waiting->function, waiting->file, waiting->line),
        owner->process == waiting->process && owner->slot == waiting->slot ? "it itself" : name,
        waiting->since + 1);
    if (end != NULL) {
        say(text,
            " and never gave back: %s %s while it held it. The lock is orphaned: "
            "nobody can give it back.",
            name, ended_text(trace, end, step));
    } else if (strstr(waiting->holder, "does not exist in this process") != NULL) {
        say(text, " before the fork. That thread does not exist in this process, which was given "
                  "the locked "
                  "lock and not its owner: nobody can unlock it.");
    } else {
        say(text, " and has not given back.");
    }
}

static void say_parties(struct text *text, const struct aw_trace_waiting *waiting)
{
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        say(text, "%s%s",
            i == 0                             ? ""
            : i + 1 < waiting->waits_for_count ? ", "
                                               : " or ",
            waiting->waits_for_count == 1 && waiting->waits_for[0].process == waiting->process &&
                    waiting->waits_for[0].slot == waiting->slot
                ? "it itself"
                : thread_name(text->trace, waiting->waits_for[i].process,
                              waiting->waits_for[i].slot));
}

/* The processes of those that could end the wait, each once. */
static void say_processes(struct text *text, const struct aw_trace_waiting *waiting)
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
                say(text, "%s%s",
                    said == 0          ? ""
                    : said + 1 < count ? ", "
                                       : " and ",
                    text->trace->processes[parties[i].process].name);
            said += pass == 1;
        }
}

/* Those that could end a wait to read or write. Where all that is left is the process itself, or
 * threads that wait themselves, it says what never comes. */
static void say_other_ends(struct text *text, const struct aw_trace_waiting *waiting, bool read)
{
    bool alone = true;
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        alone &= waiting->waits_for[i].process == waiting->process;
    if (alone) {
        say(text, ". Only %s still holds its %s end, itself: %s.",
            text->trace->processes[waiting->process].name, read ? "write" : "read",
            read ? "the read never sees the end of file" : "nobody makes room");
        return;
    }
    say(text, ". Its only %s ends left are in ", read ? "write" : "read");
    say_processes(text, waiting);
    say(text, ", which wait themselves: %s.",
        read ? "neither data nor the end of file can come" : "nobody makes room");
}

static void why_blocked(struct text *text, const struct aw_trace_waiting *waiting)
{
    const struct aw_trace *trace = text->trace;
    const char *at = source(trace, waiting->function, waiting->file, waiting->line);
    say(text, " %s", thread_name(trace, waiting->process, waiting->slot));
    if (is_condition(waiting) && waiting->since == AW_TRACE_NONE) {
        why_asleep(text, waiting);
    } else if (waiting->since != AW_TRACE_NONE && waiting->waits_for_count > 0) {
        why_locked(text, waiting);
    } else if (strcmp(waiting->operation, "read") == 0 ||
               strcmp(waiting->operation, "write") == 0) {
        bool read = waiting->operation[0] == 'r';
        say(text, " waits to %s %s%s", waiting->operation, waiting->object, at);
        if (waiting->waits_for_count == 0) {
            say(text, ", whose other end nobody holds.");
        } else {
            say_other_ends(text, waiting, read);
        }
    } else if (waiting->waits_for_count > 0) {
        say(text, " waits for ");
        say_parties(text, waiting);
        say(text, " to end%s.", at);
    } else {
        say(text, " waits at %s%s.", operation(trace, waiting->operation, waiting->object), at);
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

static void why_deadlock(struct text *text, const struct aw_trace_items *items)
{
    const struct aw_trace *trace = text->trace;
    uint32_t told = 0, more = 0;
    say(text, "%sAfter step %u nobody can move.", text->words[0] == '\0' ? "" : " ",
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
        say(text, " %u more threads wait.", more);
    const char *cycle = aw_trace_cycle_text(trace);
    if (cycle[0] != '\0')
        say(text, " They wait for each other in a circle: %s.", cycle);
    if (next_lost(items, 0) < items->count) {
        say(text, " At the end");
        say_places(text, items, trace->step_count - 1);
        say_pipes(text, trace->step_count - 1);
        say(text, ".");
    }
}

static void why_forever(struct text *text)
{
    const struct aw_trace *trace = text->trace;
    if (trace->loop == AW_TRACE_NONE)
        return;
    say(text,
        "Steps 1 to %u lead into a cycle; steps %u to %u repeat for ever, although every thread "
        "that "
        "can move gets its turns. In the cycle:",
        trace->loop, trace->loop + 1, trace->step_count);
    for (uint32_t i = trace->loop, told = 0; i < trace->step_count && told < TURNS_TOLD;
         i++, told++)
        say(text, "%s %s does %s -> %s", told > 0 ? "," : "", who(trace, i),
            operation(trace, trace->steps[i].operation, trace->steps[i].object),
            trace->steps[i].result);
    if (trace->step_count - trace->loop > TURNS_TOLD)
        say(text, " ...");
    say(text, ". Nothing in it changes what the next turn will see.");
}

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
           (by == NULL || strcmp(by + 4, thread_name(trace, at->process, at->slot)) == 0);
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

static void say_access(struct text *text, const char *half, const struct aw_trace_waiting *at,
                       bool same)
{
    const char *slash = strrchr(at->file, '/');
    bool atomic = strncmp(half, "atomic ", 7) == 0;
    say(text, "%s is about to %s ", thread_name(text->trace, at->process, at->slot), at->operation);
    if (same)
        say(text, "it");
    else
        say(text, "`%s`", at->object);
    say(text, "%s (%s:%d)", atomic ? " atomically" : "", slash != NULL ? slash + 1 : at->file,
        at->line);
}

const char *aw_trace_race_text(const struct aw_trace *trace, const char *finding)
{
    struct text text = {trace, ""};
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
    say(&text, " and ");
    say_access(&text, halves[1], other, strcmp(one->object, other->object) == 0);
    return text.words;
}

/* The last crash, error or finding about memory, and the operation after whose answer it came. */
static void why_wrong(struct text *text)
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
                    say(text, "After step %u, %s; nothing orders the two.", i + 1, race);
                else
                    say(text, "At step %u: %s.", i + 1, event->text);
                return;
            }
            char name[256];
            if (trace->property == AW_NO_LEAK && strncmp(event->text, "leak: ", 6) == 0) {
                say(text, "%s ended at step %u and left behind: %s.",
                    aw_trace_actor(trace, step, event, name, sizeof name), i + 1, event->text + 6);
                return;
            }
            bool told = event->kind == AW_TRACE_ERROR ||
                        strstr(event->place, "allways/probe.h") != NULL; /* aw_error */
            aw_trace_actor(trace, step, event, name, sizeof name);
            say(text, "%s %s at step %u: %s%s%s%s%s.", name,
                event->kind == AW_TRACE_CRASH ? "crashed"
                : told                        ? "reported an error"
                                              : "had a call fail that should not",
                i + 1, event->text, event->kind != AW_TRACE_CRASH && event->a != 0 ? ", " : "",
                event->kind != AW_TRACE_CRASH && event->a != 0 ? aw_trace_errno_name((int)event->a)
                                                               : "",
                event->place[0] && !told ? ", in " : "", told ? "" : event->place);
            if (strcmp(step->operation, "start") == 0) {
                say(text, " It is in the first code that it runs.");
                return;
            }
            say(text, " It followed %s, which answered \"%s\"%s.",
                operation(trace, step->operation, step->object), step->result,
                source(trace, step->function, step->file, step->line));
            return;
        }
}

static void why_order(struct text *text)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_event *late = NULL;
    uint32_t at = 0;
    for (uint32_t i = trace->step_count; i-- > 0 && late == NULL;)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0 && late == NULL;)
            if (trace->steps[i].events[k].kind == AW_TRACE_GOT) {
                late = &trace->steps[i].events[k];
                at = i;
            }
    for (uint32_t i = 0; late != NULL && i < at; i++)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->kind != AW_TRACE_GOT || event->process != late->process ||
                event->a != late->a || event->b < late->b)
                continue;
            say(text, "%s got item %llu at step %u, after item %llu at step %u.",
                trace->processes[late->process].name, (unsigned long long)late->b, at + 1,
                (unsigned long long)event->b, i + 1);
            return;
        }
}

static void why_twice(struct text *text, const struct aw_trace_items *items)
{
    for (uint32_t i = 0; i < items->count; i++) {
        const struct aw_trace_item *item = &items->items[i];
        if (item->got_again != AW_TRACE_NONE) {
            say(text, "%s was got twice: by %s at step %u and by %s at step %u.",
                aw_trace_item_name(text->trace, item), item->got_by, item->got + 1,
                item->got_again_by, item->got_again + 1);
            return;
        }
    }
    why_lost(text, items);
}

/* Injected faults, one sentence. */
static void say_faults(struct text *text)
{
    const struct aw_trace *trace = text->trace;
    char words[256];
    uint32_t told = 0;
    for (uint32_t i = 0; i < trace->step_count; i++)
        for (uint32_t k = 0; k < trace->steps[i].fault_count; k++)
            say(text, "%s %s, at step %u, %s %s's %s",
                told++ > 0               ? ";"
                : text->words[0] == '\0' ? "Injected:"
                                         : " Injected:",
                aw_trace_fault_text(trace, &trace->steps[i].faults[k], words, sizeof words), i + 1,
                aw_trace_fault_in_code(trace, &trace->steps[i].faults[k]) ? "after" : "in",
                who(trace, i), operation(trace, trace->steps[i].operation, trace->steps[i].object));
    if (told > 0)
        say(text, ".");
}

const char *aw_trace_why(const struct aw_trace *trace, const struct aw_trace_items *items)
{
    struct text text = {trace, ""};
    if (trace->verdict != AW_VIOLATED || trace->step_count == 0)
        return "";
    switch (trace->property) {
    case AW_DRAINED:
        why_lost(&text, items);
        break;
    case AW_EXACTLY_ONCE:
        why_twice(&text, items);
        break;
    case AW_FIFO:
        why_order(&text);
        break;
    case AW_NO_DEADLOCK: /* the fault comes before what it led to */
        say_faults(&text);
        why_deadlock(&text, items);
        return text.words;
    case AW_TERMINATES:
        why_forever(&text);
        break;
    default:
        why_wrong(&text);
        break;
    }
    say_faults(&text);
    return text.words;
}

/* The critical step. */

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
                             critical->step + 1, who(trace, critical->step),
                             operation(trace, step->operation, step->object), step->result,
                             source(trace, step->function, step->file, step->line),
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
static void say_turns(struct text *text)
{
    const struct aw_trace_critical *critical = &text->trace->critical;
    uint32_t turns = 0;
    for (uint32_t i = 0, last; i < critical->passing_count; i = last) {
        last = i;
        while (last < critical->passing_count &&
               strcmp(critical->passing[i].who, critical->passing[last].who) == 0)
            last++;
        if (turns++ == TURNS_TOLD) {
            say(text, " and so on");
            return;
        }
        say(text, "%s%s (%u%s)", turns > 1 ? ", " : "", critical->passing[i].who, last - i,
            turns > 1       ? ""
            : last - i == 1 ? " step"
                            : " steps");
    }
}

const char *aw_trace_passing_text(const struct aw_trace *trace)
{
    const struct aw_trace_critical *critical = &trace->critical;
    struct text text = {trace, ""};
    if (critical->passing_count == 0)
        return "";
    const struct aw_trace_passing *first = &critical->passing[0];
    const struct aw_trace_step *step =
        critical->branch < trace->step_count ? &trace->steps[critical->branch] : NULL;
    if (step != NULL && step->fault_count > 0 && strcmp(first->operation, step->operation) == 0 &&
        strcmp(first->who, who(trace, critical->branch)) == 0)
        say(&text, "instead: the same step without the fault (-> %s);", first->result);
    else
        say(&text, "instead, as step %u: %s, %s -> %s%s;", critical->branch + 1, first->who,
            operation(trace, first->operation, first->object), first->result,
            source(trace, first->function, first->file, first->line));
    say(&text, " and after %u steps in all (%s) everything is well: ",
        critical->branch + critical->passing_count,
        critical->shortest ? "no fewer will do" : "fewer may do");
    say_turns(&text);
    say(&text, ".");
    return text.words;
}

/* Who waits for whom. */

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
        struct text text = {trace, thread_name(trace, start->process, start->slot)};
        for (uint32_t steps = 0;
             at != NULL && at->waits_for_count == 1 && at->blocked && steps < trace->at_end_count;
             steps++) {
            const struct aw_trace_waiting *next = waiting_of(trace, &at->waits_for[0]);
            if (next == NULL)
                break;
            say(&text, " -> %s", thread_name(trace, next->process, next->slot));
            if (next == start) /* alone, one can only wait for a lock of one's own */
                return steps > 0 || start->since != AW_TRACE_NONE ? text.words : "";
            at = next;
        }
    }
    return "";
}

const char *aw_trace_item_text(const struct aw_trace *trace, const struct aw_trace_item *item)
{
    struct text text = {trace, ""};
    if (item->put != AW_TRACE_NONE)
        say(&text, "put by %s (step %u)", item->put_by, item->put + 1);
    else
        say(&text, "never put");
    if (item->taken != AW_TRACE_NONE)
        say(&text, ", taken by %s (%u)", item->taken_by, item->taken + 1);
    if (item->written != AW_TRACE_NONE)
        say(&text, ", %llu bytes written to %s (%u)", (unsigned long long)item->bytes,
            trace->objects[item->pipe].name, item->written + 1);
    if (item->read != AW_TRACE_NONE)
        say(&text, ", read by %s (%u)", item->read_by, item->read + 1);
    if (item->got != AW_TRACE_NONE)
        say(&text, ", got by %s (%u)", item->got_by, item->got + 1);
    else
        say(&text, ", never got");
    if (item->got_again != AW_TRACE_NONE)
        say(&text, ", got again by %s (%u)", item->got_again_by, item->got_again + 1);
    return text.words;
}

static void show_items(const struct aw_trace *trace, const struct aw_trace_items *items, FILE *out)
{
    uint32_t shown = 0;
    if (items->count == 0)
        return;
    aw_trace_heading(out, "items");
    for (int pass = 0; pass < 2; pass++) /* those that went wrong first */
        for (uint32_t i = 0; i < items->count; i++) {
            const struct aw_trace_item *item = &items->items[i];
            bool wrong = aw_trace_item_lost(item) || item->got_again != AW_TRACE_NONE ||
                         item->put == AW_TRACE_NONE;
            if (wrong != (pass == 0) || shown++ >= ITEMS_TOLD)
                continue;
            aw_trace_wrap(out, 2, 6,
                          aw_trace_text(trace, "%s: %s", aw_trace_item_name(trace, item),
                                        aw_trace_item_text(trace, item)));
        }
    if (shown > ITEMS_TOLD)
        fprintf(out, "  ... %u more\n", shown - ITEMS_TOLD);
}

void aw_trace_explain(const struct aw_trace *trace, FILE *out)
{
    struct aw_trace_items items;
    aw_trace_items(trace, &items);
    const char *why = aw_trace_why(trace, &items);
    if (why[0] != '\0')
        aw_trace_wrap(out, 2, 2, why);
    const char *critical = aw_trace_critical_text(trace);
    if (critical[0] != '\0') {
        aw_trace_heading(out, "critical step");
        aw_trace_wrap(out, 2, 2, critical);
        if (aw_trace_passing_text(trace)[0] != '\0')
            aw_trace_wrap(out, 2, 2, aw_trace_passing_text(trace));
    }
    show_items(trace, &items, out);
    aw_trace_items_free(&items);
}
