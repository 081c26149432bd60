/* SPDX-License-Identifier: MIT */
#include "trace/observe.h"

#include <stdlib.h>
#include <string.h>

#include "allways/probe.h"
#include "base/check.h"
#include "base/intern.h"
#include "base/memory.h"
#include "machine/pipe.h"
#include "trace/act.h"

/* Source places. */

static const char *known(struct aw_trace *trace, const char *text)
{
    return text == NULL ? "" : aw_trace_bytes(trace, text, strlen(text));
}

static void place(struct aw_observer *observer, uint64_t pc, const char **function,
                  const char **file, int *line)
{
    const char *at_function = NULL, *at_file = NULL;
    *line = 0;
    aw_machine_place(observer->walk.machine, pc, &at_function, &at_file, line);
    *function = known(observer->trace, at_function);
    *file = known(observer->trace, at_file);
    if (at_file == NULL || *line < 0)
        *line = 0;
}

/* Events. */

static const enum aw_trace_event_kind probe_kinds[] = {
    [AW_PROBE_PUT] = AW_TRACE_PUT,         [AW_PROBE_GOT] = AW_TRACE_GOT,
    [AW_PROBE_WORKERS] = AW_TRACE_WORKERS, [AW_PROBE_WORKER] = AW_TRACE_WORKER,
    [AW_PROBE_ROLE] = AW_TRACE_ROLE,       [AW_PROBE_NOTE] = AW_TRACE_NOTE,
    [AW_PROBE_ERROR] = AW_TRACE_ERROR,     [AW_PROBE_TAKEN] = AW_TRACE_TAKEN,
};

static struct aw_trace_event event_of(struct aw_observer *observer, const struct aw_event *from,
                                      uint32_t process)
{
    static const enum aw_trace_event_kind kinds[] = {
        [AW_EVENT_PROBE] = AW_TRACE_NOTE,   [AW_EVENT_LOG] = AW_TRACE_LOG,
        [AW_EVENT_CRASH] = AW_TRACE_CRASH,  [AW_EVENT_ERROR] = AW_TRACE_FAILED,
        [AW_EVENT_STOP] = AW_TRACE_STOP,    [AW_EVENT_LEAK] = AW_TRACE_ERROR,
        [AW_EVENT_RACE] = AW_TRACE_FINDING, [AW_EVENT_MEMORY] = AW_TRACE_FINDING,
    };
    AW_CHECK(from->kind < sizeof kinds / sizeof *kinds);
    struct aw_trace_event event = {.kind = kinds[from->kind],
                                   .process = process,
                                   .a = from->a,
                                   .b = from->b,
                                   .text = "",
                                   .place = ""};
    if (from->kind == AW_EVENT_PROBE && from->what > 0 &&
        from->what < sizeof probe_kinds / sizeof *probe_kinds)
        event.kind = probe_kinds[from->what];
    if (from->kind == AW_EVENT_STOP)
        event.a = from->what;
    if (from->text != AW_INTERN_NONE) {
        uint32_t size;
        const void *text = aw_machine_payload(observer->walk.machine, from->text, &size);
        event.text = aw_trace_bytes(observer->trace, text, size);
    }
    if (from->kind == AW_EVENT_MEMORY) {
        event.text = aw_observe_freed_text(observer, process, from, event.text);
        event.a = 0; /* an address */
    }
    if (from->kind != AW_EVENT_PROBE) {
        const char *function, *file;
        int line;
        event.b = 0; /* an address */
        place(observer, from->kind == AW_EVENT_LOG ? 0 : from->b, &function, &file, &line);
        if (function[0] != '\0' || file[0] != '\0')
            event.place = aw_trace_text(observer->trace, "%s%s%s:%d", function,
                                        function[0] ? " " : "", file, line);
    }
    return event;
}

static void add_event(struct aw_observer *observer, struct aw_trace_step *step,
                      struct aw_trace_event event)
{
    /* Powers of two: the count says whether there is room. */
    if ((step->event_count & (step->event_count - 1)) == 0) {
        struct aw_trace_event *more = aw_trace_memory(
            observer->trace, step->event_count ? 2ul * step->event_count : 1, sizeof *more);
        if (step->event_count > 0)
            memcpy(more, step->events, step->event_count * sizeof *more);
        step->events = more;
    }
    step->events[step->event_count++] = event;
}

static void add_events(struct aw_observer *observer, struct aw_trace_step *step, uint32_t events,
                       uint32_t process)
{
    uint32_t count;
    const struct aw_event *from = aw_machine_events(observer->walk.machine, events, &count);
    for (uint32_t i = 0; i < count; i++)
        if (from[i].kind != AW_EVENT_POINT) /* that it failed is among the faults of the step */
            add_event(observer, step, event_of(observer, &from[i], process));
}

/* Processes that lived before the step and do not any more. */
static void add_ends(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    for (uint32_t i = 0; i < walk->before.layout->process_count; i++) {
        const struct aw_local *before = aw_walk_local(walk, &walk->before, i);
        if (before->zombie)
            continue;
        int index = aw_walk_index(&walk->at, walk->before.processes[i]);
        const struct aw_local *after =
            index < 0 ? NULL : aw_walk_local(walk, &walk->at, (unsigned)index);
        if (after != NULL && !after->zombie)
            continue;
        struct aw_trace_event event = {.kind = AW_TRACE_END,
                                       .process = walk->before.processes[i],
                                       .a = after != NULL ? (uint32_t)after->status
                                                          : walk->outcome.detail,
                                       .text = before->worker ? "worker" : "",
                                       .place = ""};
        add_event(observer, step, event);
        if (event.process < observer->trace->process_count)
            observer->endings[event.process] = (struct aw_ending){
                .ended = true,
                .by_fault = step->fault_count > 0 && event.process == step->process,
                .step = walk->steps - 1,
                .status = event.a};
    }
}

/* How full everything is after the step. */
static void observe_levels(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    const struct aw_walk_state *at = &walk->at;
    const struct aw_layout *layout = at->layout;
    step->levels = aw_trace_memory(observer->trace, layout->object_count, sizeof *step->levels);
    for (uint32_t i = 0; i < layout->object_count; i++) {
        uint32_t size, word = AW_WORD_FIRST + layout->process_count + i;
        const void *object = aw_machine_object(walk->machine, at->state.words[word], &size);
        struct aw_trace_level level = {.object = at->objects[i]};
        level.level =
            layout->objects[i].kind == AW_OBJECT_PIPE ? ((const struct aw_pipe *)object)->byte_count
            : layout->objects[i].kind == AW_OBJECT_SEM ? ((const struct aw_sem *)object)->value
                                                       : 0;
        uint32_t place = step->level_count++;
        for (; place > 0 && step->levels[place - 1].object > level.object; place--)
            step->levels[place] = step->levels[place - 1];
        step->levels[place] = level;
    }
}

/* The plan's fault whose point the code met as the `ordinal`th of its points. */
static uint32_t fault_met(const struct aw_walk *walk, const struct aw_point_fault *point)
{
    const struct aw_edge *edge = aw_machine_edge(walk->machine, walk->step.edge);
    uint32_t count;
    const struct aw_event *events =
        aw_machine_events(walk->machine, point->child ? edge->child_events : edge->events, &count);
    for (uint32_t i = 0; i < count; i++)
        if (events[i].kind == AW_EVENT_POINT && events[i].a == point->ordinal)
            return events[i].what;
    AW_CHECK(false);
    return 0;
}

/* The fault at the call, and the points of the code that were told to fail. */
static void observe_faults(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    const struct aw_outcome *outcome = &walk->outcome;
    const struct aw_point_fault *points = NULL;
    uint32_t size = 0, count = 0;
    step->faults = aw_trace_memory(observer->trace, outcome->faults, sizeof *step->faults);
    if (outcome->answer != AW_INTERN_NONE) {
        const struct aw_answer *answer = aw_machine_answer(walk->machine, outcome->answer);
        if (answer->faults != 0)
            points = aw_machine_payload(walk->machine, answer->faults - 1, &size);
        count = size / (uint32_t)sizeof *points;
    }
    if (outcome->faults > count)
        step->faults[step->fault_count++] =
            (struct aw_trace_fault){outcome->fault - 1u, outcome->value};
    for (uint32_t i = 0; i < count && walk->step.edge != AW_INTERN_NONE; i++)
        step->faults[step->fault_count++] =
            (struct aw_trace_fault){fault_met(walk, &points[i]), points[i].value};
    AW_CHECK(step->fault_count == outcome->faults);
}

static void observe_clock(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_world *world =
        aw_machine_world(observer->walk.machine, &observer->walk.at.state);
    step->process = AW_TRACE_NONE;
    step->operation = "clock";
    step->object = step->function = step->file = "";
    step->result = aw_trace_text(observer->trace, "%.6f s have passed", (double)world->now / 1e9);
}

/* The threads of a race, as they are called. */
static void add_race(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    const struct aw_race *race = &walk->step.race;
    const struct aw_state *state = &walk->at.state;
    const char *names[2];
    char text[1000];
    uint64_t pc = 0;
    for (int i = 0; i < 2; i++) {
        const struct aw_local *local = aw_walk_local(walk, &walk->at, race->process[i]);
        const struct aw_thread *thread = &aw_local_threads(local)[race->thread[i]];
        names[i] =
            aw_act_thread(observer->trace, walk->at.processes[race->process[i]], thread->slot);
        if (walk->at.processes[race->process[i]] == step->process)
            pc = thread->op.pc;
    }
    uint32_t object = aw_walk_object(&walk->at, aw_machine_race_handle(walk->machine, state, race));
    const char *mapping = object < observer->trace->object_count
                              ? observer->trace->objects[object].name
                              : "a mapping";
    aw_machine_race_text(walk->machine, state, race, names, mapping, text, sizeof text);
    struct aw_trace_event event = {.kind = AW_TRACE_FINDING,
                                   .process = step->process,
                                   .text = aw_trace_bytes(observer->trace, text, strlen(text)),
                                   .place = ""};
    const char *function, *file;
    int line;
    place(observer, pc, &function, &file, &line);
    if (function[0] != '\0' || file[0] != '\0')
        event.place = aw_trace_text(observer->trace, "%s%s%s:%d", function, function[0] ? " " : "",
                                    file, line);
    add_event(observer, step, event);
}

static void observe_events(struct aw_observer *observer, struct aw_trace_step *step)
{
    const struct aw_walk *walk = &observer->walk;
    if (walk->step.edge != AW_INTERN_NONE) {
        const struct aw_edge edge = *aw_machine_edge(walk->machine, walk->step.edge);
        add_events(observer, step, edge.events, step->process);
        aw_observe_freed(observer, step->process, &edge);
        if (walk->step.child_index != AW_INTERN_NONE)
            add_events(observer, step, edge.child_events,
                       walk->at.processes[walk->step.child_index]);
    }
    if (walk->step.raced)
        add_race(observer, step);
    if (step->process != AW_TRACE_NONE)
        add_ends(observer, step);
}

/* Operations on the image are answered inside the process. That one failed is known from the event
 * that the machine makes of it. */
static void correct_result(struct aw_act *act, struct aw_trace_step *step)
{
    if (aw_op_class_of(act->op) == AW_ON_IMAGE && step->event_count > 0 &&
        step->events[0].kind == AW_TRACE_FAILED &&
        strcmp(step->events[0].text, step->operation) == 0)
        step->result = aw_act_error_name((int)step->events[0].a);
}

static bool succeeded(const struct aw_trace_step *step)
{
    if (strcmp(step->result, "EOWNERDEAD") == 0) /* a robust mutex, taken */
        return true;
    return !step->expired && strncmp(step->result, "-1", 2) != 0 && step->result[0] != 'E';
}

static void observe_thread(struct aw_observer *observer, struct aw_trace_step *step)
{
    struct aw_walk *walk = &observer->walk;
    struct aw_act act =
        aw_act_of(observer, &walk->before, walk->process, walk->thread, walk->steps - 1);
    step->process = act.process;
    step->operation = aw_act_operation(&act);
    step->object = aw_act_object(&act);
    step->result = aw_act_result(&act);
    step->expired = walk->outcome.expiry != 0;
    if (walk->moved)
        observe_faults(observer, step);
    place(observer, act.op->pc, &step->function, &step->file, &step->line);
    if (!walk->moved)
        return;
    observe_events(observer, step);
    correct_result(&act, step);
    if (walk->outcome.effect != AW_EFFECT_EXIT && !aw_act_is_delayed(&act))
        aw_act_follow(&act, succeeded(step));
    if (walk->step.child_index != AW_INTERN_NONE) {
        uint32_t child = walk->at.processes[walk->step.child_index];
        aw_act_copy_memory(observer, act.process, child);
        aw_observe_freed_copy(observer, act.process, child);
    }
}

int aw_observe_step(struct aw_observer *observer, const struct aw_choice *choice,
                    struct aw_trace_step *step, struct aw_error *error)
{
    struct aw_walk *walk = &observer->walk;
    memset(step, 0, sizeof *step);
    int status = aw_walk_step(walk, choice, error);
    if (status != 0)
        return status;
    step->choice = *choice;
    step->outcomes = walk->outcomes;
    if (choice->pid == 0)
        observe_clock(observer, step);
    else
        observe_thread(observer, step);
    observe_levels(observer, step);
    step->now = aw_machine_world(walk->machine, &walk->at.state)->now;
    return 0;
}

/* The end. */

void aw_observe_at_end(struct aw_observer *observer)
{
    struct aw_walk *walk = &observer->walk;
    const struct aw_walk_state *at = &walk->at;
    struct aw_trace *trace = observer->trace;
    uint32_t capacity = 0;
    trace->at_end_count = 0;
    for (uint32_t i = 0; i < at->layout->process_count; i++)
        capacity += aw_walk_local(walk, at, i)->thread_count;
    trace->at_end = aw_reallocate(trace->at_end, capacity ? capacity : 1, sizeof *trace->at_end);
    for (uint32_t i = 0; i < at->layout->process_count; i++) {
        const struct aw_local *local = aw_walk_local(walk, at, i);
        for (uint32_t t = 0; t < local->thread_count; t++) {
            if (local->zombie || aw_local_threads(local)[t].status != AW_THREAD_PARKED)
                continue;
            struct aw_act act = aw_act_of(observer, at, i, t, walk->steps);
            struct aw_trace_waiting *waiting = &trace->at_end[trace->at_end_count++];
            *waiting = (struct aw_trace_waiting){.process = act.process,
                                                 .slot = act.slot,
                                                 .operation = aw_act_operation(&act),
                                                 .object = aw_act_object(&act),
                                                 .holder = "",
                                                 .since = AW_TRACE_NONE};
            waiting->blocked =
                aw_machine_outcomes(walk->machine, &at->state, i, t, walk->found) == 0;
            if (waiting->blocked) {
                waiting->holder = aw_act_holder(&act);
                aw_act_waits_for(&act, waiting);
            }
            place(observer, act.op->pc, &waiting->function, &waiting->file, &waiting->line);
        }
    }
}

void aw_observe_start(struct aw_observer *observer, struct aw_trace *trace,
                      struct aw_machine *machine)
{
    memset(observer, 0, sizeof *observer);
    observer->trace = trace;
    observer->memories = aw_allocate(trace->process_count + 1ul, sizeof *observer->memories);
    observer->holders = aw_allocate(trace->object_count + 1ul, sizeof *observer->holders);
    observer->endings = aw_allocate(trace->process_count + 1ul, sizeof *observer->endings);
    aw_walk_start(&observer->walk, machine);
}

void aw_observe_end(struct aw_observer *observer)
{
    for (uint32_t i = 0; i < observer->trace->process_count; i++) {
        free(observer->memories[i].things);
        free(observer->memories[i].freed);
    }
    free(observer->memories);
    free(observer->holders);
    free(observer->endings);
}
