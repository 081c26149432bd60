/* SPDX-License-Identifier: MIT */
/*
 * replay.c - the choices of a trace, carried out again in a machine that knows nothing of the first
 * run and remembers nothing of this one (no learning).
 *
 * The trace's own names are used for what comes into being, so that a difference is one in what
 * happened and never one in what things are called. When the program's digest is another one, places in
 * the source are left out of the comparison: code that merely moved still behaves as it did. The
 * comparison goes on as long as the observations agree.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "trace/observe.h"
#include "trace/record.h"

struct comparing {
    const struct aw_trace *then;
    struct aw_trace *now; /* with the tables of `then` */
    bool same_program;
    aw_trace_report *report;
    void *context;
};

static void say(const struct comparing *comparing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct comparing *comparing, const char *format, ...)
{
    char *line;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&line, format, args);
    va_end(args);
    if (length < 0)
        return;
    comparing->report(comparing->context, line);
    free(line);
}

/* ", partial write of 3 bytes at posix/io/rw/write/reduce" */
static const char *describe_faults(struct aw_trace *memory, const struct aw_trace_step *step)
{
    char text[256];
    const char *all = "";
    for (uint32_t i = 0; i < step->fault_count; i++)
        all = aw_trace_text(memory, "%s, %s", all,
                            aw_trace_fault_text(memory, &step->faults[i], text, sizeof text));
    return all;
}

static const char *describe(struct aw_trace *memory, const struct aw_trace_step *step)
{
    char name[256] = "clock";
    if (step->process != AW_TRACE_NONE && step->process >= memory->process_count)
        snprintf(name, sizeof name, "a process that the trace does not have");
    else
        aw_trace_thread_name(memory, step->process, step->choice.slot, name, sizeof name);
    return aw_trace_text(memory, "%s: %s%s%s -> %s%s%s%s  [%s%s%s:%d]", name, step->operation,
                         step->object[0] ? " " : "", step->object, step->result,
                         step->result[0] ? "" : "(nothing)", step->expired ? ", timed out" : "",
                         describe_faults(memory, step), step->function,
                         step->function[0] ? " " : "", step->file, step->line);
}

static const char *describe_event(struct aw_trace *memory, const struct aw_trace_event *event)
{
    return aw_trace_text(memory, "%s: %s %lld %lld%s%s%s%s%s",
                         event->process < memory->process_count
                             ? memory->processes[event->process].name
                             : "a process that the trace does not have",
                         aw_trace_event_name(event->kind), (long long)event->a, (long long)event->b,
                         event->text[0] ? " \"" : "", event->text, event->text[0] ? "\"" : "",
                         event->place[0] ? " at " : "", event->place);
}

static const char *describe_levels(struct aw_trace *memory, const struct aw_trace_step *step)
{
    const char *text = "";
    for (uint32_t i = 0; i < step->level_count; i++) {
        uint32_t object = step->levels[i].object;
        text = aw_trace_text(memory, "%s%s%s %llu", text, i > 0 ? ", " : "",
                             object < memory->object_count ? memory->objects[object].name
                                                           : "another object",
                             (unsigned long long)step->levels[i].level);
    }
    return text[0] ? text : "nothing";
}

/* Code that moved still behaves as it did. */
static bool same_place(const struct comparing *comparing, const char *one, const char *other)
{
    return !comparing->same_program || strcmp(one, other) == 0;
}

static bool same_event(const struct comparing *comparing, const struct aw_trace_event *one,
                       const struct aw_trace_event *other)
{
    return one->kind == other->kind && one->process == other->process && one->a == other->a &&
           one->b == other->b && strcmp(one->text, other->text) == 0 &&
           same_place(comparing, one->place, other->place);
}

static bool same_faults(const struct aw_trace_step *one, const struct aw_trace_step *other)
{
    if (one->fault_count != other->fault_count)
        return false;
    for (uint32_t i = 0; i < one->fault_count; i++)
        if (one->faults[i].fault != other->faults[i].fault ||
            one->faults[i].value != other->faults[i].value)
            return false;
    return true;
}

static bool same_act(const struct comparing *comparing, const struct aw_trace_step *one,
                     const struct aw_trace_step *other)
{
    return one->process == other->process && strcmp(one->operation, other->operation) == 0 &&
           strcmp(one->object, other->object) == 0 && strcmp(one->result, other->result) == 0 &&
           (!comparing->same_program ||
            (strcmp(one->function, other->function) == 0 && strcmp(one->file, other->file) == 0 &&
             one->line == other->line)) &&
           one->expired == other->expired && same_faults(one, other);
}

static bool same_levels(const struct aw_trace_step *one, const struct aw_trace_step *other)
{
    if (one->level_count != other->level_count)
        return false;
    for (uint32_t i = 0; i < one->level_count; i++)
        if (one->levels[i].object != other->levels[i].object ||
            one->levels[i].level != other->levels[i].level)
            return false;
    return true;
}

static int differs(const struct comparing *comparing, const char *where, const char *then,
                   const char *now)
{
    say(comparing, "%s differs", where);
    say(comparing, "  recorded: %s", then);
    say(comparing, "  now:      %s", now);
    return 1;
}

static int compare_events(const struct comparing *comparing, const struct aw_trace_step *then,
                          const struct aw_trace_step *now, const char *where)
{
    for (uint32_t i = 0; i < then->event_count || i < now->event_count; i++) {
        bool has_then = i < then->event_count, has_now = i < now->event_count;
        if (has_then && has_now && same_event(comparing, &then->events[i], &now->events[i]))
            continue;
        return differs(
            comparing, aw_trace_text(comparing->now, "%s, event %u,", where, i + 1),
            has_then ? describe_event(comparing->now, &then->events[i]) : "no further event",
            has_now ? describe_event(comparing->now, &now->events[i]) : "no further event");
    }
    return 0;
}

static int compare_step(const struct comparing *comparing, uint32_t index)
{
    const struct aw_trace_step *then = &comparing->then->steps[index],
                               *now = &comparing->now->steps[index];
    struct aw_trace *memory = comparing->now;
    const char *where = aw_trace_text(memory, "step %u", index + 1);
    if (!same_act(comparing, then, now))
        return differs(comparing, where, describe(memory, then), describe(memory, now));
    if (then->outcomes != now->outcomes)
        return differs(comparing, aw_trace_text(memory, "%s, ways to go on,", where),
                       aw_trace_text(memory, "%u", then->outcomes),
                       aw_trace_text(memory, "%u", now->outcomes));
    if (compare_events(comparing, then, now, where) != 0)
        return 1;
    if (!same_levels(then, now))
        return differs(comparing, aw_trace_text(memory, "the state after %s", where),
                       describe_levels(memory, then), describe_levels(memory, now));
    if (then->now != now->now)
        return differs(comparing, aw_trace_text(memory, "the clock after %s", where),
                       aw_trace_text(memory, "%.9f s", (double)then->now / 1e9),
                       aw_trace_text(memory, "%.9f s", (double)now->now / 1e9));
    return 0;
}

static const char *describe_waiting(struct aw_trace *memory, const struct aw_trace_waiting *waiting)
{
    char name[256] = "a process that the trace does not have";
    if (waiting->process < memory->process_count)
        aw_trace_thread_name(memory, waiting->process, waiting->slot, name, sizeof name);
    return aw_trace_text(memory, "%s %s %s%s%s [%s%s%s:%d]%s%s", name,
                         waiting->blocked ? "is blocked at" : "is about to do", waiting->operation,
                         waiting->object[0] ? " " : "", waiting->object, waiting->function,
                         waiting->function[0] ? " " : "", waiting->file, waiting->line,
                         waiting->holder[0] ? "; " : "", waiting->holder);
}

static bool same_waiting(const struct comparing *comparing, const struct aw_trace_waiting *one,
                         const struct aw_trace_waiting *other)
{
    return one->process == other->process && one->slot == other->slot &&
           strcmp(one->operation, other->operation) == 0 &&
           strcmp(one->object, other->object) == 0 &&
           (!comparing->same_program ||
            (strcmp(one->function, other->function) == 0 && strcmp(one->file, other->file) == 0 &&
             one->line == other->line)) &&
           one->blocked == other->blocked && strcmp(one->holder, other->holder) == 0;
}

static int compare_end(const struct comparing *comparing)
{
    const struct aw_trace *then = comparing->then;
    struct aw_trace *now = comparing->now;
    for (uint32_t i = 0; i < then->at_end_count || i < now->at_end_count; i++) {
        bool has_then = i < then->at_end_count, has_now = i < now->at_end_count;
        if (has_then && has_now && same_waiting(comparing, &then->at_end[i], &now->at_end[i]))
            continue;
        return differs(comparing, "the end",
                       has_then ? describe_waiting(now, &then->at_end[i]) : "nobody else lives",
                       has_now ? describe_waiting(now, &now->at_end[i]) : "nobody else lives");
    }
    if (then->loop_closes != now->loop_closes)
        return differs(comparing, "the cycle", then->loop_closes ? "it closes" : "it stays open",
                       now->loop_closes ? "it closes" : "it stays open");
    return 0;
}

/* The tables of names, which the second run goes by; their texts stay the trace's own. */
static void copy_tables(const struct aw_trace *from, struct aw_trace *to)
{
    to->processes = aw_allocate(from->process_count + 1ul, sizeof *to->processes);
    memcpy(to->processes, from->processes, from->process_count * sizeof *to->processes);
    to->process_count = from->process_count;
    to->objects = aw_allocate(from->object_count + 1ul, sizeof *to->objects);
    if (from->object_count > 0)
        memcpy(to->objects, from->objects, from->object_count * sizeof *to->objects);
    to->object_count = from->object_count;
}

static int compare(struct comparing *comparing, struct aw_machine *machine)
{
    const struct aw_trace *then = comparing->then;
    struct aw_schedule schedule = {
        .choices = aw_allocate(then->step_count + 1ul, sizeof *schedule.choices),
        .count = then->step_count,
        .loop = then->loop};
    struct aw_error reason;
    for (uint32_t i = 0; i < then->step_count; i++)
        schedule.choices[i] = then->steps[i].choice;
    int status = aw_trace_observe(machine, &schedule, comparing->now, &reason);
    free(schedule.choices);
    uint32_t count = comparing->now->step_count;
    for (uint32_t i = 0; i < count; i++)
        if (compare_step(comparing, i) != 0) {
            if (!comparing->same_program)
                say(comparing, "  up to there, %u of %u steps agree", i, then->step_count);
            return 1;
        }
    if (count < then->step_count)
        return differs(comparing, aw_trace_text(comparing->now, "step %u", count + 1),
                       describe(comparing->now, &then->steps[count]), reason.message);
    (void)status; /* a machine that stops at the last step is what a trace may be about */
    return compare_end(comparing);
}

int aw_trace_replay(const struct aw_trace *trace, const char *runtime, aw_trace_report *report,
                    void *context, struct aw_error *error)
{
    struct aw_trace now;
    struct aw_machine *machine;
    int status = aw_machine_create(trace->program, runtime, trace->argv, trace->env,
                                   &trace->machine, &machine, error);
    if (status == 0 && trace->plan.count > 0 &&
        (status = aw_machine_set_faults(machine, &trace->plan, error)) != 0)
        aw_machine_destroy(machine);
    if (status != 0)
        return status;
    aw_machine_set_learning(machine, false);
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, trace->exact_pipes);
    if (trace->visible != NULL && !aw_machine_set_visible(machine, trace->visible)) {
        aw_machine_destroy(machine);
        return aw_fail(error, AW_E_FORMAT, "machine: visible: expected OFFSET+SIZE in hexadecimal");
    }
    aw_trace_init(&now);
    copy_tables(trace, &now);
    now.plan = trace->plan;
    struct comparing comparing = {.then = trace,
                                  .now = &now,
                                  .same_program = aw_machine_digest(machine) == trace->digest,
                                  .report = report,
                                  .context = context};
    if (!comparing.same_program)
        say(&comparing,
            "the program or the runtime is not the one that the trace was recorded "
            "with (digest %016llx, now %016llx): places in the source are not compared",
            (unsigned long long)trace->digest, (unsigned long long)aw_machine_digest(machine));
    status = compare(&comparing, machine);
    aw_trace_free(&now);
    aw_machine_destroy(machine);
    return status;
}
