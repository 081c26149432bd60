/* SPDX-License-Identifier: MIT */
/* read_steps.c - the steps of a trace, what is said of them, and the end. */
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "trace/reading.h"

static int read_events(struct aw_trace_reading *reading, const json_t *object,
                       struct aw_trace_step *step)
{
    static const char *const keys[] = {"event", "process", "a", "b", "text", "place"};
    static const char *const kinds[] = {
#define X(name, text) text,
        AW_TRACE_EVENTS(X)
#undef X
    };
    const json_t *list;
    int kind, status = aw_trace_get_list(reading, object, "events", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    step->events = aw_trace_memory(reading->trace, count, sizeof *step->events);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_event *event = &step->events[i];
        const json_t *item = json_array_get(list, i);
        if ((status = aw_trace_check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_word(reading, item, "event", kinds, AW_TRACE_EVENT_KINDS,
                                        &kind)) != 0 ||
            (status = aw_trace_get_process(reading, item, false, &event->process)) != 0 ||
            (status = aw_trace_get_number(reading, item, "a", 0, UINT64_MAX, &event->a)) != 0 ||
            (status = aw_trace_get_number(reading, item, "b", 0, UINT64_MAX, &event->b)) != 0 ||
            (status = aw_trace_get_text(reading, item, "text", &event->text)) != 0 ||
            (status = aw_trace_get_text(reading, item, "place", &event->place)) != 0)
            return status;
        event->kind = (enum aw_trace_event_kind)kind;
    }
    step->event_count = (uint32_t)count;
    return 0;
}

static int read_injected(struct aw_trace_reading *reading, const json_t *object,
                         struct aw_trace_step *step)
{
    static const char *const keys[] = {"fault", "value", "text"};
    const struct aw_trace *trace = reading->trace;
    const json_t *list, *value;
    int status = aw_trace_get_list(reading, object, "faults", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    step->faults = aw_trace_memory(reading->trace, count, sizeof *step->faults);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_fault *fault = &step->faults[i];
        const json_t *item = json_array_get(list, i);
        char text[256];
        const char *found;
        if ((status = aw_trace_check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_small(reading, item, "fault", 1, UINT32_MAX, &fault->fault)) !=
                0 ||
            (status = aw_trace_get(reading, item, "value", &value)) != 0 ||
            (status = aw_trace_get_text(reading, item, "text", &found)) != 0)
            return status;
        if (fault->fault-- > trace->plan.count)
            return aw_trace_wrong(reading, "fault: expected one of the %u of fault_plan, found %u",
                                  trace->plan.count, fault->fault + 1);
        if (!json_is_integer(value))
            return aw_trace_wrong(reading, "value: expected a number, found %s",
                                  aw_trace_kind_of(value));
        fault->value = json_integer_value(value);
        if (strcmp(found, aw_trace_fault_text(trace, fault, text, sizeof text)) != 0)
            return aw_trace_wrong(reading, "text: expected \"%s\", found \"%.80s\"", text, found);
    }
    step->fault_count = (uint32_t)count;
    return 0;
}

static int read_levels(struct aw_trace_reading *reading, const json_t *object,
                       struct aw_trace_step *step)
{
    const struct aw_trace *trace = reading->trace;
    const json_t *levels;
    int status = aw_trace_get(reading, object, "levels", &levels);
    if (status != 0)
        return status;
    if (!json_is_object(levels))
        return aw_trace_wrong(reading, "levels: expected an object, found %s",
                              aw_trace_kind_of(levels));
    step->levels = aw_trace_memory(reading->trace, json_object_size(levels), sizeof *step->levels);
    for (uint32_t i = 0; i < trace->object_count; i++) {
        const char *name = trace->objects[i].name;
        if (json_object_get(levels, name) == NULL)
            continue;
        struct aw_trace_level *level = &step->levels[step->level_count];
        level->object = i;
        status = aw_trace_get_number(reading, levels, name, 0, INT64_MAX, &level->level);
        if (status != 0)
            return status;
        step->level_count++;
    }
    if (step->level_count != json_object_size(levels))
        return aw_trace_wrong(reading, "levels: one of them is not of objects");
    return 0;
}

static int read_step(struct aw_trace_reading *reading, const json_t *object,
                     struct aw_trace_step *step)
{
    static const char *const keys[] = {
        "process",  "pid",  "slot", "outcome", "outcomes", "operation", "object", "result",
        "function", "file", "line", "expired", "faults",   "now",       "events", "levels"};
    uint32_t slot = 0, outcome = 0, line = 0;
    uint64_t now = 0;
    int status;
    if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
        (status = aw_trace_get_process(reading, object, true, &step->process)) != 0 ||
        (status = aw_trace_get_small(reading, object, "pid", 0, UINT32_MAX, &step->choice.pid)) !=
            0 ||
        (status = aw_trace_get_small(reading, object, "slot", 0, UINT16_MAX, &slot)) != 0 ||
        (status = aw_trace_get_small(reading, object, "outcome", 0, UINT16_MAX, &outcome)) != 0 ||
        (status = aw_trace_get_small(reading, object, "outcomes", 1, AW_MAX_OUTCOMES,
                                     &step->outcomes)) != 0 ||
        (status = aw_trace_get_name(reading, object, "operation", &step->operation)) != 0 ||
        (status = aw_trace_get_text(reading, object, "object", &step->object)) != 0 ||
        (status = aw_trace_get_text(reading, object, "result", &step->result)) != 0 ||
        (status = aw_trace_get_text(reading, object, "function", &step->function)) != 0 ||
        (status = aw_trace_get_text(reading, object, "file", &step->file)) != 0 ||
        (status = aw_trace_get_small(reading, object, "line", 0, INT_MAX, &line)) != 0 ||
        (status = aw_trace_get_bool(reading, object, "expired", &step->expired)) != 0 ||
        (status = read_injected(reading, object, step)) != 0 ||
        (status = aw_trace_get_number(reading, object, "now", 0, INT64_MAX, &now)) != 0 ||
        (status = read_events(reading, object, step)) != 0 ||
        (status = read_levels(reading, object, step)) != 0)
        return status;
    step->choice.slot = (uint16_t)slot;
    step->choice.outcome = (uint16_t)outcome;
    step->line = (int)line;
    step->now = (int64_t)now;
    if (outcome >= step->outcomes)
        return aw_trace_wrong(reading, "outcome: expected a number below outcomes (%u), found %u",
                              step->outcomes, outcome);
    if ((step->choice.pid == 0) != (step->process == AW_TRACE_NONE))
        return aw_trace_wrong(reading, "pid: 0 is for the clock, whose process is null");
    if (step->process != AW_TRACE_NONE &&
        reading->trace->processes[step->process].pid != step->choice.pid)
        return aw_trace_wrong(reading, "pid: expected %u, that of \"%.40s\", found %u",
                              reading->trace->processes[step->process].pid,
                              reading->trace->processes[step->process].name, step->choice.pid);
    return 0;
}

int aw_trace_read_steps(struct aw_trace_reading *reading, const json_t *root)
{
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    int status = aw_trace_get_list(reading, root, "steps", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    trace->steps = aw_allocate(count + 1, sizeof *trace->steps);
    for (size_t i = 0; i < count && status == 0; i++) {
        snprintf(reading->where, sizeof reading->where, "step %zu: ", i + 1);
        status = read_step(reading, json_array_get(list, i), &trace->steps[i]);
        if (status == 0)
            trace->step_count++;
    }
    if (status == 0)
        reading->where[0] = '\0';
    return status;
}

static int read_parties(struct aw_trace_reading *reading, const json_t *object,
                        struct aw_trace_waiting *waiting)
{
    static const char *const keys[] = {"process", "slot"};
    const json_t *list;
    int status = aw_trace_get_list(reading, object, "waits_for", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    waiting->waits_for = aw_trace_memory(reading->trace, count, sizeof *waiting->waits_for);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_party *party = &waiting->waits_for[i];
        const json_t *item = json_array_get(list, i);
        if ((status = aw_trace_check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_process(reading, item, false, &party->process)) != 0 ||
            (status = aw_trace_get_small(reading, item, "slot", 0, UINT16_MAX, &party->slot)) != 0)
            return status;
    }
    waiting->waits_for_count = (uint32_t)count;
    return 0;
}

static int read_passing(struct aw_trace_reading *reading, const json_t *object,
                        struct aw_trace_passing *step)
{
    static const char *const keys[] = {"who",      "operation", "object", "result",
                                       "function", "file",      "line"};
    uint32_t line = 0;
    int status;
    if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
        (status = aw_trace_get_name(reading, object, "who", &step->who)) != 0 ||
        (status = aw_trace_get_name(reading, object, "operation", &step->operation)) != 0 ||
        (status = aw_trace_get_text(reading, object, "object", &step->object)) != 0 ||
        (status = aw_trace_get_text(reading, object, "result", &step->result)) != 0 ||
        (status = aw_trace_get_text(reading, object, "function", &step->function)) != 0 ||
        (status = aw_trace_get_text(reading, object, "file", &step->file)) != 0)
        return status;
    status = aw_trace_get_small(reading, object, "line", 0, INT_MAX, &line);
    step->line = (int)line;
    return status;
}

int aw_trace_read_critical(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const keys[] = {"kind", "step", "branch", "states", "passing", "shortest"};
    static const char *const kinds[] = {
#define X(name, text) text,
        AW_CRITICALS(X)
#undef X
    };
    struct aw_trace_critical *critical = &reading->trace->critical;
    const json_t *object, *list;
    int kind, status = aw_trace_get(reading, root, "critical", &object);
    if (status != 0)
        return status;
    snprintf(reading->where, sizeof reading->where, "critical: ");
    uint32_t most = reading->trace->step_count + 1;
    if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
        (status = aw_trace_get_word(reading, object, "kind", kinds, AW_CRITICAL_KINDS, &kind)) !=
            0 ||
        (status = aw_trace_get_small(reading, object, "step", 1, most, &critical->step)) != 0 ||
        (status = aw_trace_get_small(reading, object, "branch", 1, most, &critical->branch)) != 0 ||
        (status = aw_trace_get_number(reading, object, "states", 0, INT64_MAX,
                                      &critical->states)) != 0 ||
        (status = aw_trace_get_list(reading, object, "passing", &list)) != 0)
        return status;
    if (json_object_get(object, "shortest") != NULL) {
        if ((status = aw_trace_get_bool(reading, object, "shortest", &critical->shortest)) != 0)
            return status;
        if (!critical->shortest)
            return aw_trace_wrong(reading, "shortest: expected true, or no such member");
    }
    critical->kind = (enum aw_critical_kind)kind;
    critical->step--;
    critical->branch--;
    if (critical->kind == AW_CRITICAL_STEP &&
        (critical->step >= reading->trace->step_count || json_array_size(list) == 0))
        return aw_trace_wrong(reading, "step: expected one of steps, and a schedule that passes");
    size_t count = json_array_size(list);
    critical->passing = aw_trace_memory(reading->trace, count, sizeof *critical->passing);
    for (size_t i = 0; i < count; i++)
        if ((status = read_passing(reading, json_array_get(list, i), &critical->passing[i])) != 0)
            return status;
    critical->passing_count = (uint32_t)count;
    reading->where[0] = '\0';
    return 0;
}

int aw_trace_read_loop(struct aw_trace_reading *reading, const json_t *root)
{
    return aw_trace_get_step(reading, root, "loop", &reading->trace->loop);
}

int aw_trace_read_at_end(struct aw_trace_reading *reading, const json_t *root)
{
    static const char *const keys[] = {"process",  "slot",      "operation", "object",
                                       "function", "file",      "line",      "blocked",
                                       "holder",   "waits_for", "since"};
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    uint32_t line;
    int status = aw_trace_get_list(reading, root, "at_end", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    trace->at_end = aw_allocate(count + 1, sizeof *trace->at_end);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_waiting *waiting = &trace->at_end[i];
        const json_t *object = json_array_get(list, i);
        snprintf(reading->where, sizeof reading->where, "at_end %zu: ", i + 1);
        if ((status = aw_trace_check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
            (status = aw_trace_get_process(reading, object, false, &waiting->process)) != 0 ||
            (status = aw_trace_get_small(reading, object, "slot", 0, UINT16_MAX, &waiting->slot)) !=
                0 ||
            (status = aw_trace_get_name(reading, object, "operation", &waiting->operation)) != 0 ||
            (status = aw_trace_get_text(reading, object, "object", &waiting->object)) != 0 ||
            (status = aw_trace_get_text(reading, object, "function", &waiting->function)) != 0 ||
            (status = aw_trace_get_text(reading, object, "file", &waiting->file)) != 0 ||
            (status = aw_trace_get_small(reading, object, "line", 0, INT_MAX, &line)) != 0 ||
            (status = aw_trace_get_bool(reading, object, "blocked", &waiting->blocked)) != 0 ||
            (status = aw_trace_get_text(reading, object, "holder", &waiting->holder)) != 0 ||
            (status = read_parties(reading, object, waiting)) != 0 ||
            (status = aw_trace_get_step(reading, object, "since", &waiting->since)) != 0)
            return status;
        waiting->line = (int)line;
        trace->at_end_count++;
    }
    reading->where[0] = '\0';
    return 0;
}
