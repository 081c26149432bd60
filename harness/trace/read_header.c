/* SPDX-License-Identifier: MIT */
/* read_header.c - what a trace says before its steps. */
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "trace/reading.h"

int aw_trace_read_machine(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const keys[] = {
        "pipe_page_size", "pipe_slots",       "exact_pipes",    "heap", "stack",  "time",
        "clock_advances", "run_milliseconds", "partial_writes", "init", "visible"};
    static const char *const times[] = {"arbitrary", "virtual"};
    static const char *const inits[] = {"zero", "pattern"};
    struct aw_machine_settings *machine = &reading->trace->machine;
    const json_t *object;
    int time = 0, init = 0, status = aw_trace_get(reading, root, "machine", &object);
    if (status != 0)
        return status;
    snprintf(reading->where, sizeof reading->where, "machine: ");
    if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) == 0 &&
        (status = aw_trace_get_small(reading, object, "pipe_page_size", 1, 64 << 10,
                                     &machine->pipe_page_size)) == 0 &&
        (status = aw_trace_get_small(reading, object, "pipe_slots", 1, 1024,
                                     &machine->pipe_slots)) == 0 &&
        (status = aw_trace_get_bool(reading, object, "exact_pipes",
                                    &reading->trace->exact_pipes)) == 0 &&
        (status = aw_trace_get_number(reading, object, "heap", AW_HEAP_LEAST, AW_HEAP_MOST,
                                      &machine->heap_bytes)) == 0 &&
        (status = aw_trace_get_number(reading, object, "stack", AW_STACK_LEAST, AW_STACK_MOST,
                                      &machine->stack_bytes)) == 0 &&
        (status = aw_trace_get_word(reading, object, "time", times, 2, &time)) == 0 &&
        (status = aw_trace_get_small(reading, object, "clock_advances", 0, 100,
                                     &machine->clock_advances)) == 0 &&
        (status = aw_trace_get_small(reading, object, "run_milliseconds", 1, 600000,
                                     &machine->run_milliseconds)) == 0)
        status = aw_trace_get_small(reading, object, "partial_writes", 0, 1000,
                                    &machine->partial_writes);
    if (status == 0 && json_object_get(object, "init") != NULL)
        status = aw_trace_get_word(reading, object, "init", inits, 2, &init);
    machine->init = init == 1 ? AW_INIT_PATTERN : AW_INIT_ZERO;
    if (status == 0 && json_object_get(object, "visible") != NULL)
        status = aw_trace_get_text(reading, object, "visible", &reading->trace->visible);
    if (status == 0 && reading->trace->visible != NULL && reading->trace->visible[0] == '\0')
        status =
            aw_trace_wrong(reading, "visible: expected OFFSET+SIZE in hexadecimal, found nothing");
    machine->time = time == 1 ? AW_TIME_VIRTUAL : AW_TIME_ARBITRARY;
    reading->where[0] = '\0';
    return status;
}

static int read_values(struct aw_trace_reading *reading, const json_t *object,
                       struct aw_fault *fault)
{
    const json_t *list;
    int status = aw_trace_get_list(reading, object, "values", &list);
    if (status != 0)
        return status;
    if (json_array_size(list) > AW_FAULT_MAX_VALUES)
        return aw_trace_wrong(reading, "values: expected at most %d, found %zu",
                              AW_FAULT_MAX_VALUES, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_integer(value))
            return aw_trace_wrong(reading, "values: expected a list of numbers, found %s in it",
                                  aw_trace_kind_of(value));
        fault->values[fault->value_count++] = json_integer_value(value);
    }
    return 0;
}

static int read_fault(struct aw_trace_reading *reading, const json_t *object,
                      struct aw_fault *fault)
{
    static const char *const keys[] = {"point", "kind",    "role",   "site",     "first",
                                       "last",  "lengths", "values", "delay_ns", "budget"};
    static const char *const lengths[] = {"listed", "every", "meaningful"};
    static const char *const kinds[] = {
#define X(name, text, meaning) text,
        AW_FAULT_KINDS(X)
#undef X
    };
    int kind = 0, length = 0, status;
    uint64_t delay_ns = 0;
    if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) == 0 &&
        (status = aw_trace_get_short(reading, object, "point", fault->point,
                                     sizeof fault->point)) == 0 &&
        (status = aw_trace_get_word(reading, object, "kind", kinds, AW_FAULT_KIND_COUNT, &kind)) ==
            0 &&
        (status = aw_trace_get_short(reading, object, "role", fault->role, sizeof fault->role)) ==
            0 &&
        (status = aw_trace_get_short(reading, object, "site", fault->site, sizeof fault->site)) ==
            0 &&
        (status = aw_trace_get_small(reading, object, "first", 0, INT32_MAX, &fault->first)) == 0 &&
        (status = aw_trace_get_small(reading, object, "last", fault->first, INT32_MAX,
                                     &fault->last)) == 0 &&
        (status = aw_trace_get_word(reading, object, "lengths", lengths, COUNT_OF(lengths),
                                    &length)) == 0 &&
        (status = read_values(reading, object, fault)) == 0 &&
        (status = aw_trace_get_number(reading, object, "delay_ns", 0, INT64_MAX, &delay_ns)) == 0)
        status =
            aw_trace_get_small(reading, object, "budget", 0, AW_FAULT_MAX_BUDGET, &fault->budget);
    fault->kind = (enum aw_fault_kind)kind;
    fault->lengths = (enum aw_fault_lengths)length;
    fault->delay_ns = (int64_t)delay_ns;
    return status;
}

int aw_trace_read_plan(struct aw_trace_reading *reading, const json_t *root)
{
    struct aw_fault_plan *plan = &reading->trace->plan;
    const json_t *list;
    int status = aw_trace_get_list(reading, root, "fault_plan", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    if (count > AW_FAULT_MAX)
        return aw_trace_wrong(reading, "fault_plan: expected at most %d faults, found %zu",
                              AW_FAULT_MAX, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(reading->where, sizeof reading->where, "fault %zu: ", i + 1);
        status = read_fault(reading, json_array_get(list, i), &plan->faults[plan->count++]);
        if (status != 0)
            return status;
    }
    reading->where[0] = '\0';
    return aw_trace_get_small(reading, root, "fault_budget", 0, 1000, &plan->budget);
}

static int read_threads(struct aw_trace_reading *reading, const json_t *object,
                        struct aw_trace_process *process)
{
    static const char *const keys[] = {"slot", "name"};
    const json_t *list;
    int status = aw_trace_get_list(reading, object, "threads", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    if (count > UINT16_MAX)
        return aw_trace_wrong(reading, "threads: too many");
    process->threads = aw_trace_memory(reading->trace, count, sizeof *process->threads);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_thread *thread = &process->threads[process->thread_count++];
        const json_t *item = json_array_get(list, i);
        thread->name = "";
        if ((status = aw_trace_check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_small(reading, item, "slot", 0, UINT16_MAX, &thread->slot)) !=
                0 ||
            (status = aw_trace_get_name(reading, item, "name", &thread->name)) != 0)
            return status;
    }
    return 0;
}

int aw_trace_read_processes(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const keys[] = {"name", "pid", "slot", "worker", "threads"};
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    int status = aw_trace_get_list(reading, root, "processes", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    if (count == 0)
        return aw_trace_wrong(reading, "processes: expected at least one");
    trace->processes = aw_allocate(count, sizeof *trace->processes);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_process *process = &trace->processes[i];
        const json_t *object = json_array_get(list, i);
        snprintf(reading->where, sizeof reading->where, "process %zu: ", i + 1);
        if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_name(reading, object, "name", &process->name)) != 0 ||
            (status = aw_trace_get_small(reading, object, "pid", 1, UINT32_MAX, &process->pid)) !=
                0 ||
            (status = aw_trace_get_small(reading, object, "slot", 0, UINT16_MAX, &process->slot)) !=
                0 ||
            (status = aw_trace_get_bool(reading, object, "worker", &process->worker)) != 0 ||
            (status = read_threads(reading, object, process)) != 0)
            return status;
        for (uint32_t k = 0; k < trace->process_count; k++)
            if (strcmp(trace->processes[k].name, process->name) == 0)
                return aw_trace_wrong(reading, "name: \"%.40s\" is that of process %u",
                                      process->name, k + 1);
        trace->process_count++;
    }
    reading->where[0] = '\0';
    return 0;
}

int aw_trace_read_objects(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const keys[] = {"name", "kind", "initial"};
    static const char *const kinds[] = {
#define X(kind, text) text,
        AW_OBJECTS(X)
#undef X
    };
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    int kind, status = aw_trace_get_list(reading, root, "objects", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    trace->objects = aw_allocate(count + 1, sizeof *trace->objects);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_object *object = &trace->objects[i];
        const json_t *item = json_array_get(list, i);
        snprintf(reading->where, sizeof reading->where, "object %zu: ", i + 1);
        if ((status = aw_trace_check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_name(reading, item, "name", &object->name)) != 0 ||
            (status = aw_trace_get_word(reading, item, "kind", kinds, COUNT_OF(kinds), &kind)) !=
                0 ||
            (status = aw_trace_get_number(reading, item, "initial", 0, UINT32_MAX,
                                          &object->initial)) != 0)
            return status;
        object->kind = (enum aw_object_kind)(AW_OBJECT_NONE + 1 + kind);
        for (uint32_t k = 0; k < trace->object_count; k++)
            if (strcmp(trace->objects[k].name, object->name) == 0)
                return aw_trace_wrong(reading, "name: \"%.40s\" is that of object %u", object->name,
                                      k + 1);
        trace->object_count++;
    }
    reading->where[0] = '\0';
    return 0;
}
