/* SPDX-License-Identifier: MIT */
/*
 * perfetto.c - Chrome's trace event format ("Trace Event Format", Google): a step is a slice of one
 * millisecond on its thread's track, messages are flows, levels are counters, remarks and faults
 * are instants. Opens in ui.perfetto.dev and in chrome://tracing. Times count steps: nothing here
 * is a measurement.
 */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "trace/show.h"
#include "view/view.h"

enum { STEP_US = 1000 };

struct events {
    const struct aw_trace *trace;
    json_t *list;
};

/* Processes count from 1; 0 is the kernel's: its objects, and the clock. */
static json_t *add(struct events *events, const char *phase, const char *name, uint32_t process,
                   uint32_t slot, uint64_t ts)
{
    json_t *event = json_object();
    aw_json_set(event, "ph", json_string(phase));
    aw_json_set(event, "name", json_string(name));
    aw_json_set(event, "pid", json_integer(process == AW_TRACE_NONE ? 0 : process + 1ll));
    aw_json_set(event, "tid", json_integer(slot));
    aw_json_set(event, "ts", json_integer((json_int_t)ts));
    json_array_append_new(events->list, event);
    return event;
}

static json_t *name_args(const char *name)
{
    json_t *args = json_object();
    aw_json_set(args, "name", json_string(name));
    return args;
}

static void add_names(struct events *events)
{
    const struct aw_trace *trace = events->trace;
    struct aw_view_lanes lanes;
    char name[256];
    aw_json_set(add(events, "M", "process_name", AW_TRACE_NONE, 0, 0), "args",
                name_args("pipes and semaphores"));
    for (uint32_t i = 0; i < trace->process_count; i++)
        aw_json_set(add(events, "M", "process_name", i, trace->processes[i].slot, 0), "args",
                    name_args(trace->processes[i].name));
    aw_view_lanes(trace, &lanes);
    for (uint32_t i = 0; i < lanes.count; i++)
        aw_json_set(add(events, "M", "thread_name", lanes.lanes[i].process, lanes.lanes[i].slot, 0),
                    "args",
                    name_args(aw_trace_thread_name(trace, lanes.lanes[i].process,
                                                   lanes.lanes[i].slot, name, sizeof name)));
    aw_view_lanes_free(&lanes);
}

static void add_instant(struct events *events, const char *text, uint32_t process, uint32_t slot,
                        uint64_t ts)
{
    aw_json_set(
        add(events, "i", aw_trace_bytes(events->trace, text, strlen(text)), process, slot, ts), "s",
        json_string("t"));
}

static void add_step(struct events *events, uint32_t index)
{
    const struct aw_trace *trace = events->trace;
    const struct aw_trace_step *step = &trace->steps[index];
    uint64_t ts = (uint64_t)index * STEP_US;
    char text[512];
    json_t *slice =
        add(events, "X", aw_view_operation(trace, step), step->process, step->choice.slot, ts);
    json_t *args = json_object();
    bool critical = trace->critical.kind == AW_CRITICAL_STEP && trace->critical.step == index;
    aw_json_set(slice, "dur", json_integer(STEP_US));
    aw_json_set(slice, "cat", json_string(step->fault_count > 0 ? "fault" : "step"));
    aw_json_set(args, "step", json_integer(index + 1ll));
    aw_json_set(args, "result", json_string(step->result));
    aw_json_set(args, "source",
                json_string(aw_trace_text(trace, "%s%s%s:%d", step->function,
                                          step->function[0] ? " " : "", step->file, step->line)));
    aw_json_set(slice, "args", args);
    if (critical)
        add_instant(events, "critical step: after it no continuation is good", step->process,
                    step->choice.slot, ts);
    for (uint32_t i = 0; i < step->fault_count; i++)
        add_instant(events,
                    aw_trace_text(trace, "fault: %s",
                                  aw_trace_fault_text(trace, &step->faults[i], text, sizeof text)),
                    step->process, step->choice.slot, ts);
    for (uint32_t i = 0; i < step->event_count; i++) {
        const struct aw_trace_event *event = &step->events[i];
        if (event->kind == AW_TRACE_WORKERS || event->kind == AW_TRACE_ROLE)
            continue;
        aw_trace_say_event(event, text, sizeof text);
        add_instant(events, text, event->process,
                    event->process == step->process ? step->choice.slot
                                                    : trace->processes[event->process].slot,
                    ts + STEP_US - 1);
    }
    for (uint32_t i = 0; i < step->level_count; i++) {
        const struct aw_trace_level *level = &step->levels[i];
        bool changed = index == 0;
        for (uint32_t k = 0; index > 0 && !changed && k <= trace->steps[index - 1].level_count; k++)
            if (k == trace->steps[index - 1].level_count)
                changed = true;
            else if (trace->steps[index - 1].levels[k].object == level->object) {
                changed = trace->steps[index - 1].levels[k].level != level->level;
                break;
            }
        if (!changed)
            continue;
        args = json_object();
        aw_json_set(args, "level", json_integer((json_int_t)level->level));
        aw_json_set(add(events, "C", trace->objects[level->object].name, AW_TRACE_NONE, 0, ts),
                    "args", args);
    }
}

/* Flows from the middle of the write to the middle of the read. */
static void add_messages(struct events *events)
{
    const struct aw_trace *trace = events->trace;
    struct aw_trace_items items;
    aw_trace_items(trace, &items);
    for (uint32_t i = 0; i < items.message_count; i++) {
        const struct aw_trace_message *message = &items.messages[i];
        if (message->read == AW_TRACE_NONE)
            continue;
        for (int end = 0; end < 2; end++) {
            uint32_t index = end == 0 ? message->written : message->read;
            const struct aw_trace_step *step = &trace->steps[index];
            json_t *flow =
                add(events, end == 0 ? "s" : "f", trace->objects[message->object].name,
                    step->process, step->choice.slot, (uint64_t)index * STEP_US + STEP_US / 2);
            aw_json_set(flow, "cat", json_string("message"));
            aw_json_set(flow, "id", json_integer(i + 1ll));
            if (end == 1)
                aw_json_set(flow, "bp", json_string("e"));
        }
    }
    aw_trace_items_free(&items);
}

int aw_view_perfetto(const struct aw_trace *trace, const char *path, FILE *out)
{
    struct events events = {trace, json_array()};
    json_t *root = json_object(), *other = json_object();
    add_names(&events);
    for (uint32_t i = 0; i < trace->step_count; i++)
        add_step(&events, i);
    add_messages(&events);
    aw_json_set(other, "scenario", json_string(trace->scenario));
    aw_json_set(other, "verdict", json_string(aw_verdict_name(trace->verdict)));
    aw_json_set(other, "replay",
                json_string(aw_trace_text(trace, "allways replay %s",
                                          aw_trace_bytes(trace, path, strlen(path)))));
    aw_json_set(root, "displayTimeUnit", json_string("ms"));
    aw_json_set(root, "otherData", other);
    aw_json_set(root, "traceEvents", events.list);
    int failed = json_dumpf(root, out, JSON_INDENT(0)) != 0 || fputc('\n', out) == EOF;
    json_decref(root);
    return failed ? AW_E_IO : 0;
}
