/* SPDX-License-Identifier: MIT */
/*
 * record.c - a schedule, executed and written down.
 *
 * A process that becomes a worker at step 40 is to be called "worker 1" from step 1 on, so the
 * schedule is followed twice: once for the names, once for the words. The machine remembers what it
 * has learned, so that the second time costs little.
 *
 * Names of processes: what its main thread calls itself (AW_PROBE_ROLE); "worker 1", "worker 2" ...
 * those that AW_PROBE_WORKER marks, in the order in which they were forked; "main" the first
 * process otherwise; "child 1" ... the rest.
 */
#include "trace/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "trace/observe.h"

/* The tables while they grow; text and threads are found on the way. */
struct naming {
    struct aw_walk walk;
    struct aw_trace *trace;
};

static const char *payload_text(struct naming *naming, uint32_t payload)
{
    uint32_t size;
    const char *text = aw_machine_payload(naming->walk.machine, payload, &size);
    return aw_trace_bytes(naming->trace, text, strnlen(text, size));
}

static void grow(struct aw_trace *trace, uint32_t processes, uint32_t objects)
{
    if (processes > trace->process_count) {
        trace->processes = aw_reallocate(trace->processes, processes, sizeof *trace->processes);
        memset(trace->processes + trace->process_count, 0,
               (processes - trace->process_count) * sizeof *trace->processes);
        trace->process_count = processes;
    }
    if (objects > trace->object_count) {
        trace->objects = aw_reallocate(trace->objects, objects, sizeof *trace->objects);
        memset(trace->objects + trace->object_count, 0,
               (objects - trace->object_count) * sizeof *trace->objects);
        trace->object_count = objects;
    }
}

static void meet_thread(struct naming *naming, struct aw_trace_process *process,
                        const struct aw_thread *thread)
{
    if (thread->role == 0)
        return;
    if (thread->slot == process->slot) {
        if (process->name == NULL)
            process->name = payload_text(naming, thread->role - 1);
        return;
    }
    for (uint32_t i = 0; i < process->thread_count; i++)
        if (process->threads[i].slot == thread->slot)
            return;
    struct aw_trace_thread *threads =
        aw_trace_memory(naming->trace, process->thread_count + 1ul, sizeof *threads);
    if (process->thread_count > 0)
        memcpy(threads, process->threads, process->thread_count * sizeof *threads);
    threads[process->thread_count++] =
        (struct aw_trace_thread){thread->slot, payload_text(naming, thread->role - 1)};
    process->threads = threads;
}

static void meet_processes(struct naming *naming)
{
    const struct aw_walk_state *at = &naming->walk.at;
    for (uint32_t i = 0; i < at->layout->process_count; i++) {
        struct aw_trace_process *process = &naming->trace->processes[at->processes[i]];
        const struct aw_local *local = aw_walk_local(&naming->walk, at, i);
        const struct aw_thread *threads = aw_local_threads(local);
        if (process->pid == 0 && local->thread_count > 0) {
            process->pid = at->layout->processes[i].pid;
            process->slot = threads[0].slot;
        }
        process->worker |= local->worker != 0;
        for (uint32_t t = 0; t < local->thread_count; t++)
            meet_thread(naming, process, &threads[t]);
    }
}

/* By which it can be opened, or `otherwise`. */
static const char *name_of(struct naming *naming, uint32_t handle, const char *otherwise)
{
    const struct aw_world *world = aw_machine_world(naming->walk.machine, &naming->walk.at.state);
    for (uint32_t i = 0; i < world->name_count; i++)
        if (world->names[i].handle == handle)
            return payload_text(naming, world->names[i].text);
    return otherwise;
}

static void meet_objects(struct naming *naming)
{
    const struct aw_walk_state *at = &naming->walk.at;
    for (uint32_t i = 0; i < at->layout->object_count; i++) {
        struct aw_trace_object *object = &naming->trace->objects[at->objects[i]];
        if (object->name != NULL)
            continue;
        object->kind = at->layout->objects[i].kind;
        const char *kind = aw_object_kind_name(object->kind);
        if (object->kind == AW_OBJECT_SEM) {
            uint32_t size, word = AW_WORD_FIRST + at->layout->process_count + i;
            const struct aw_sem *sem =
                aw_machine_object(naming->walk.machine, at->state.words[word], &size);
            object->initial = sem->initial;
            object->name = name_of(naming, at->layout->objects[i].handle, kind);
            continue;
        }
        uint32_t before = 0;
        for (uint32_t k = 0; k < naming->trace->object_count; k++)
            before += naming->trace->objects[k].name != NULL &&
                      naming->trace->objects[k].kind == object->kind;
        object->name = name_of(naming, at->layout->objects[i].handle,
                               aw_trace_text(naming->trace, "%s %u", kind, before));
    }
}

static void meet(struct naming *naming)
{
    grow(naming->trace, naming->walk.process_count, naming->walk.object_count);
    meet_processes(naming);
    meet_objects(naming);
}

/* Tells equal names apart: "producer", "producer 2". */
static const char *unlike(struct aw_trace *trace, const char *name, uint32_t before,
                          const char *(*name_at)(const void *table, uint32_t index),
                          const void *table)
{
    const char *unique = name;
    for (uint32_t number = 2;; number++) {
        uint32_t i = 0;
        while (i < before && strcmp(name_at(table, i), unique) != 0)
            i++;
        if (i == before)
            return unique;
        unique = aw_trace_text(trace, "%s %u", name, number);
    }
}

static const char *process_at(const void *table, uint32_t index)
{
    return ((const struct aw_trace_process *)table)[index].name;
}

static const char *object_at(const void *table, uint32_t index)
{
    return ((const struct aw_trace_object *)table)[index].name;
}

static const char *thread_at(const void *table, uint32_t index)
{
    return ((const struct aw_trace_thread *)table)[index].name;
}

static void name_processes(struct aw_trace *trace)
{
    uint32_t workers = 0, children = 0;
    for (uint32_t i = 0; i < trace->process_count; i++) {
        struct aw_trace_process *process = &trace->processes[i];
        if (process->name == NULL && process->worker)
            process->name = aw_trace_text(trace, "worker %u", ++workers);
        else if (process->name == NULL && i == 0)
            process->name = "main";
        else if (process->name == NULL)
            process->name = aw_trace_text(trace, "child %u", ++children);
        process->name = unlike(trace, process->name, i, process_at, trace->processes);
        for (uint32_t t = 0; t < process->thread_count; t++)
            process->threads[t].name =
                unlike(trace, process->threads[t].name, t, thread_at, process->threads);
    }
    for (uint32_t i = 0; i < trace->object_count; i++)
        trace->objects[i].name =
            unlike(trace, trace->objects[i].name, i, object_at, trace->objects);
}

void aw_trace_name(struct aw_machine *machine, const struct aw_schedule *schedule,
                   struct aw_trace *trace)
{
    struct naming *naming = aw_allocate(1, sizeof *naming);
    struct aw_error ignored;
    naming->trace = trace;
    aw_walk_start(&naming->walk, machine);
    meet(naming);
    for (uint32_t i = 0; i < schedule->count; i++) {
        if (aw_walk_step(&naming->walk, &schedule->choices[i], &ignored) != 0 ||
            !naming->walk.moved)
            break;
        meet(naming);
    }
    name_processes(trace);
    free(naming);
}

static bool same_state(const struct aw_state *one, const struct aw_state *other)
{
    return one->count == other->count &&
           memcmp(one->words, other->words, one->count * sizeof *one->words) == 0;
}

int aw_trace_observe(struct aw_machine *machine, const struct aw_schedule *schedule,
                     struct aw_trace *trace, struct aw_error *error)
{
    struct aw_observer *observer = aw_allocate(1, sizeof *observer);
    struct aw_state loop = {0};
    int status = 0;
    trace->steps = aw_reallocate(trace->steps, schedule->count + 1ul, sizeof *trace->steps);
    trace->step_count = 0;
    aw_observe_start(observer, trace, machine);
    for (uint32_t i = 0; i < schedule->count && status == 0; i++) {
        if (i == schedule->loop)
            loop = observer->walk.at.state;
        struct aw_error reason;
        status = aw_observe_step(observer, &schedule->choices[i], &trace->steps[i], &reason);
        if (status != 0) {
            aw_fail(error, status, "step %u: %s", i + 1, reason.message);
            break;
        }
        trace->step_count++;
        if (!observer->walk.moved) {
            if (observer->walk.outcome.stop == AW_STOP_CAPACITY)
                status = aw_fail(error, AW_E_LIMIT,
                                 "step %u: a pipe may fill up, which plain "
                                 "byte queues do not model",
                                 i + 1);
            else if (i + 1 < schedule->count)
                status = aw_fail(error, AW_E_LIMIT, "step %u: the machine stops", i + 1);
        }
    }
    trace->loop = schedule->loop < schedule->count ? schedule->loop : AW_TRACE_NONE;
    trace->loop_closes =
        status == 0 && trace->loop != AW_TRACE_NONE && same_state(&loop, &observer->walk.at.state);
    aw_observe_at_end(observer);
    aw_observe_end(observer);
    free(observer);
    return status;
}

int aw_trace_record(struct aw_machine *machine, const struct aw_schedule *schedule,
                    bool exact_pipes, struct aw_trace *trace, struct aw_error *error)
{
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, exact_pipes);
    trace->version = AW_VERSION;
    trace->machine = *aw_machine_get_settings(machine);
    trace->exact_pipes = exact_pipes;
    char *visible = aw_machine_visible(machine);
    if (visible[0] != '\0')
        trace->visible = aw_trace_bytes(trace, visible, strlen(visible));
    free(visible);
    trace->plan = *aw_machine_faults(machine);
    trace->digest = aw_machine_digest(machine);
    aw_trace_name(machine, schedule, trace);
    return aw_trace_observe(machine, schedule, trace, error);
}

/* The steps of a schedule that passes, in words, from step `branch` on. */
static void tell_passing(struct aw_machine *machine, const struct aw_schedule *passing,
                         struct aw_trace *trace)
{
    struct aw_trace other;
    struct aw_error ignored;
    char name[256];
    struct aw_trace_critical *critical = &trace->critical;
    aw_trace_init(&other);
    aw_trace_name(machine, passing, &other);
    if (aw_trace_observe(machine, passing, &other, &ignored) == 0) {
        critical->passing_count = passing->count - critical->branch;
        critical->passing =
            aw_trace_memory(trace, critical->passing_count, sizeof *critical->passing);
        for (uint32_t i = 0; i < critical->passing_count; i++) {
            const struct aw_trace_step *step = &other.steps[critical->branch + i];
            aw_trace_thread_name(&other, step->process, step->choice.slot, name, sizeof name);
            critical->passing[i] =
                (struct aw_trace_passing){.who = aw_trace_text(trace, "%s", name),
                                          .operation = aw_trace_text(trace, "%s", step->operation),
                                          .object = aw_trace_text(trace, "%s", step->object),
                                          .result = aw_trace_text(trace, "%s", step->result),
                                          .function = aw_trace_text(trace, "%s", step->function),
                                          .file = aw_trace_text(trace, "%s", step->file),
                                          .line = step->line};
        }
    }
    aw_trace_free(&other);
}

void aw_trace_find_critical(struct aw_machine *machine, const struct aw_options *options,
                            uint64_t states, struct aw_trace *trace)
{
    struct aw_critical critical;
    struct aw_schedule schedule = {
        .choices = aw_allocate(trace->step_count + 1ul, sizeof *schedule.choices),
        .count = trace->step_count,
        .loop = trace->loop == AW_TRACE_NONE ? UINT32_MAX : trace->loop};
    for (uint32_t i = 0; i < trace->step_count; i++)
        schedule.choices[i] = trace->steps[i].choice;
    aw_critical_find(machine, options, &schedule, states, &critical);
    trace->critical.kind = critical.kind;
    trace->critical.step = critical.step;
    trace->critical.branch = critical.branch;
    trace->critical.states = critical.states;
    trace->critical.shortest = critical.shortest;
    if (critical.passing.count > critical.branch)
        tell_passing(machine, &critical.passing, trace);
    if (critical.kind == AW_CRITICAL_STEP && trace->critical.passing_count == 0)
        trace->critical.kind = AW_CRITICAL_UNKNOWN;
    free(critical.passing.choices);
    free(schedule.choices);
}
