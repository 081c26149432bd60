/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "trace/explain.h"
#include "trace/json.h"
#include "trace/show.h"
#include "view/view.h"

enum {
    AROUND = 3, /* lines of source before and after the one of a step */
    LONGEST_LINE = 200,
    PASSING_TOLD = 50
};

static json_t *lane_json(const struct aw_trace *trace, const struct aw_view_lane *lane)
{
    char name[256];
    json_t *object = json_object();
    aw_json_set(
        object, "name",
        json_string(aw_trace_thread_name(trace, lane->process, lane->slot, name, sizeof name)));
    aw_json_set(object, "process", json_string(trace->processes[lane->process].name));
    aw_json_set(object, "worker", json_boolean(trace->processes[lane->process].worker));
    aw_json_set(object, "first", aw_json_number(lane->first + 1ul));
    aw_json_set(object, "last", aw_trace_json_step(lane->last));
    return object;
}

static json_t *object_json(const struct aw_trace *trace, uint32_t index)
{
    char name[256];
    const struct aw_trace_object *of = &trace->objects[index];
    json_t *object = json_object();
    aw_json_set(object, "name", json_string(of->name));
    aw_json_set(object, "short",
                json_string(aw_trace_object_short(trace, index, name, sizeof name)));
    aw_json_set(object, "kind", json_string(aw_object_kind_name(of->kind)));
    return object;
}

/* One for each object; null where it does not exist. */
static json_t *levels_json(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    json_t *array = json_array();
    for (uint32_t i = 0, k = 0; i < trace->object_count; i++) {
        bool here = k < step->level_count && step->levels[k].object == i;
        aw_json_append(array, here ? aw_json_number(step->levels[k].level) : json_null());
        k += here;
    }
    return array;
}

static json_t *events_json(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    json_t *array = json_array();
    char who[256], what[512];
    for (uint32_t i = 0; i < step->event_count; i++) {
        const struct aw_trace_event *event = &step->events[i];
        if (event->kind == AW_TRACE_WORKERS || event->kind == AW_TRACE_ROLE)
            continue;
        aw_trace_say_event(event, what, sizeof what);
        json_t *object = json_object();
        aw_json_set(object, "kind", json_string(aw_trace_event_name(event->kind)));
        aw_json_set(object, "who",
                    json_string(aw_trace_actor(trace, step, event, who, sizeof who)));
        aw_json_set(object, "text", json_string(aw_trace_bytes(trace, what, strlen(what))));
        if (event->place[0] != '\0')
            aw_json_set(object, "place", json_string(event->place));
        aw_json_append(array, object);
    }
    return array;
}

static json_t *step_json(const struct aw_trace *trace, const struct aw_view_lanes *lanes,
                         const struct aw_trace_step *step)
{
    char text[256];
    json_t *object = json_object(), *faults = json_array();
    uint32_t lane = aw_view_lane(lanes, step->process, step->choice.slot);
    aw_json_set(object, "thread", lane == lanes->count ? json_null() : aw_json_number(lane));
    aw_json_set(object, "operation", json_string(aw_view_operation(trace, step)));
    aw_json_set(object, "result", json_string(step->result));
    aw_trace_json_place(object, step->function, step->file, step->line);
    aw_json_set(object, "levels", levels_json(trace, step));
    if (step->expired)
        aw_json_set(object, "expired", json_true());
    for (uint32_t i = 0; i < step->fault_count; i++)
        aw_json_append(
            faults, json_string(aw_trace_fault_text(trace, &step->faults[i], text, sizeof text)));
    if (json_array_size(faults) > 0)
        aw_json_set(object, "faults", faults);
    else
        json_decref(faults);
    json_t *events = events_json(trace, step);
    if (json_array_size(events) > 0)
        aw_json_set(object, "events", events);
    else
        json_decref(events);
    return object;
}

static json_t *item_json(const struct aw_trace *trace, const struct aw_trace_item *item)
{
    json_t *object = json_object();
    aw_json_set(object, "name", json_string(aw_trace_item_name(trace, item)));
    aw_json_set(object, "text", json_string(aw_trace_item_text(trace, item)));
    aw_json_set(object, "lost", json_boolean(aw_trace_item_lost(item)));
    aw_json_set(object, "put", aw_trace_json_step(item->put));
    aw_json_set(object, "taken", aw_trace_json_step(item->taken));
    aw_json_set(object, "written", aw_trace_json_step(item->written));
    aw_json_set(object, "read", aw_trace_json_step(item->read));
    aw_json_set(object, "got", aw_trace_json_step(item->got));
    aw_json_set(object, "got_again", aw_trace_json_step(item->got_again));
    return object;
}

static json_t *message_json(const struct aw_trace_message *message)
{
    json_t *object = json_object();
    aw_json_set(object, "object", aw_json_number(message->object));
    aw_json_set(object, "written", aw_trace_json_step(message->written));
    aw_json_set(object, "read", aw_trace_json_step(message->read));
    aw_json_set(object, "item",
                message->item == AW_TRACE_NONE ? json_null() : aw_json_number(message->item));
    aw_json_set(object, "bytes", aw_json_number(message->bytes));
    return object;
}

static json_t *critical_json(const struct aw_trace *trace)
{
    const struct aw_trace_critical *critical = &trace->critical;
    json_t *object = json_object(), *list = json_array();
    aw_json_set(object, "kind", json_string(aw_critical_name(critical->kind)));
    aw_json_set(object, "step",
                critical->kind == AW_CRITICAL_STEP ? aw_trace_json_step(critical->step)
                                                   : json_null());
    aw_json_set(object, "text", json_string(aw_trace_critical_text(trace)));
    aw_json_set(object, "instead", json_string(aw_trace_passing_text(trace)));
    aw_json_set(object, "branch",
                critical->passing_count > 0 ? aw_trace_json_step(critical->branch) : json_null());
    aw_json_set(object, "passing_count", aw_json_number(critical->passing_count));
    aw_json_set(object, "shortest", json_boolean(critical->shortest));
    for (uint32_t i = 0; i < critical->passing_count && i < PASSING_TOLD; i++) {
        const struct aw_trace_passing *step = &critical->passing[i];
        struct aw_trace_step as = {.operation = step->operation, .object = step->object};
        json_t *one = json_object();
        aw_json_set(one, "who", json_string(step->who));
        aw_json_set(one, "operation", json_string(aw_view_operation(trace, &as)));
        aw_json_set(one, "result", json_string(step->result));
        aw_json_set(one, "file", json_string(step->file));
        aw_json_set(one, "line", aw_json_number((uint64_t)step->line));
        aw_json_append(list, one);
    }
    aw_json_set(object, "passing", list);
    return object;
}

static json_t *waiting_json(const struct aw_trace *trace, const struct aw_view_lanes *lanes,
                            const struct aw_trace_waiting *waiting)
{
    json_t *object = json_object(), *list = json_array();
    struct aw_trace_step as = {.operation = waiting->operation, .object = waiting->object};
    char name[256];
    aw_json_set(object, "thread",
                aw_json_number(aw_view_lane(lanes, waiting->process, waiting->slot)));
    aw_json_set(object, "blocked", json_boolean(waiting->blocked));
    aw_json_set(object, "operation", json_string(aw_view_operation(trace, &as)));
    aw_trace_json_place(object, waiting->function, waiting->file, waiting->line);
    aw_json_set(object, "holder", json_string(waiting->holder));
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        aw_json_append(
            list, json_string(aw_trace_thread_name(trace, waiting->waits_for[i].process,
                                                   waiting->waits_for[i].slot, name, sizeof name)));
    aw_json_set(object, "waits_for", list);
    return object;
}

/* Sources: {"FILE": {"LINE": "text"}}, the lines around those that steps are at. */

static void note_lines(json_t *files, const char *file, int line)
{
    char key[16];
    if (file[0] == '\0' || line <= 0)
        return;
    json_t *lines = json_object_get(files, file);
    if (lines == NULL) {
        lines = json_object();
        aw_json_set(files, file, lines);
    }
    for (int i = line > AROUND ? line - AROUND : 1; i <= line + AROUND; i++) {
        snprintf(key, sizeof key, "%d", i);
        if (json_object_get(lines, key) == NULL)
            aw_json_set(lines, key, json_null());
    }
}

static void read_lines(const struct aw_trace *trace, const char *file, json_t *lines)
{
    FILE *source = fopen(file, "re");
    char *line = NULL, key[16];
    size_t size = 0;
    ssize_t length;
    for (int i = 1; source != NULL && (length = getline(&line, &size, source)) >= 0; i++) {
        snprintf(key, sizeof key, "%d", i);
        if (json_object_get(lines, key) == NULL)
            continue;
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        if (length > LONGEST_LINE)
            length = LONGEST_LINE;
        aw_json_set(lines, key, json_string(aw_trace_bytes(trace, line, (size_t)length)));
    }
    free(line);
    if (source != NULL)
        fclose(source);
}

static json_t *sources_json(const struct aw_trace *trace)
{
    json_t *wanted = json_object(), *sources = json_object(), *lines, *text;
    const char *file, *key;
    for (uint32_t i = 0; i < trace->step_count; i++)
        note_lines(wanted, trace->steps[i].file, trace->steps[i].line);
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        note_lines(wanted, trace->at_end[i].file, trace->at_end[i].line);
    json_object_foreach(wanted, file, lines)
    {
        json_t *known = json_object();
        read_lines(trace, file, lines);
        json_object_foreach(lines, key, text) if (json_is_string(text))
            aw_json_set(known, key, json_incref(text));
        if (json_object_size(known) > 0)
            aw_json_set(sources, file, known);
        else
            json_decref(known);
    }
    json_decref(wanted);
    return sources;
}

static void set_header(json_t *root, const struct aw_trace *trace, const char *path)
{
    aw_json_set(root, "format", aw_json_number(AW_VIEW_FORMAT));
    aw_trace_json_finding(root, trace);
    aw_json_set(root, "program", json_string(trace->program));
    aw_json_set(root, "arguments", aw_json_strings(trace->argv));
    aw_json_set(root, "faults", aw_json_number(trace->faults));
    aw_json_set(root, "preemptions", aw_json_number(trace->preemptions));
    aw_json_set(root, "minimal", json_boolean(trace->minimal));
    aw_json_set(root, "replay",
                json_string(aw_trace_text(trace, "allways replay %s",
                                          aw_trace_bytes(trace, path, strlen(path)))));
    aw_json_set(root, "loop", aw_trace_json_step(trace->loop));
}

json_t *aw_view_data(const struct aw_trace *trace, const char *path)
{
    struct aw_view_lanes lanes;
    struct aw_trace_items items;
    json_t *root = json_object(), *list;
    aw_view_lanes(trace, &lanes);
    aw_trace_items(trace, &items);
    set_header(root, trace, path);
    aw_json_set(root, "why", json_string(aw_trace_why(trace, &items)));
    aw_json_set(root, "critical", critical_json(trace));
    aw_json_set(root, "cycle", json_string(aw_trace_cycle_text(trace)));
    aw_json_set(root, "threads", list = json_array());
    for (uint32_t i = 0; i < lanes.count; i++)
        aw_json_append(list, lane_json(trace, &lanes.lanes[i]));
    aw_json_set(root, "objects", list = json_array());
    for (uint32_t i = 0; i < trace->object_count; i++)
        aw_json_append(list, object_json(trace, i));
    aw_json_set(root, "steps", list = json_array());
    for (uint32_t i = 0; i < trace->step_count; i++)
        aw_json_append(list, step_json(trace, &lanes, &trace->steps[i]));
    aw_json_set(root, "items", list = json_array());
    for (uint32_t i = 0; i < items.count; i++)
        aw_json_append(list, item_json(trace, &items.items[i]));
    aw_json_set(root, "messages", list = json_array());
    for (uint32_t i = 0; i < items.message_count; i++)
        aw_json_append(list, message_json(&items.messages[i]));
    aw_json_set(root, "at_end", list = json_array());
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        aw_json_append(list, waiting_json(trace, &lanes, &trace->at_end[i]));
    aw_json_set(root, "sources", sources_json(trace));
    aw_trace_items_free(&items);
    aw_view_lanes_free(&lanes);
    return root;
}

int aw_view_json(const struct aw_trace *trace, const char *path, FILE *out)
{
    json_t *root = aw_view_data(trace, path);
    int failed = json_dumpf(root, out, JSON_INDENT(1)) != 0 || fputc('\n', out) == EOF;
    json_decref(root);
    return failed ? AW_E_IO : 0;
}
