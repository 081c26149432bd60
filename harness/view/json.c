/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "trace/explain.h"
#include "trace/show.h"
#include "view/view.h"

enum {
    AROUND = 3,
    LONGEST_LINE = 200,
    PASSING_TOLD = 50
}; /* lines of source before and after the one of a step */

static void set(json_t *object, const char *key, json_t *value)
{
    AW_CHECK(value != NULL);
    int failed = json_object_set_new(object, key, value);
    AW_CHECK(failed == 0);
}

static void append(json_t *array, json_t *value)
{
    AW_CHECK(value != NULL);
    int failed = json_array_append_new(array, value);
    AW_CHECK(failed == 0);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* Steps count from 1, as everywhere for people. */
static json_t *step_number(uint32_t index)
{
    return index == AW_TRACE_NONE ? json_null() : number(index + 1ul);
}

static json_t *strings(char **list)
{
    json_t *array = json_array();
    for (; *list != NULL; list++)
        append(array, json_string(*list));
    return array;
}

static json_t *lane_json(const struct aw_trace *trace, const struct aw_view_lane *lane)
{
    char name[256];
    json_t *object = json_object();
    set(object, "name",
        json_string(aw_trace_thread_name(trace, lane->process, lane->slot, name, sizeof name)));
    set(object, "process", json_string(trace->processes[lane->process].name));
    set(object, "worker", json_boolean(trace->processes[lane->process].worker));
    set(object, "first", number(lane->first + 1ul));
    set(object, "last", step_number(lane->last));
    return object;
}

static json_t *object_json(const struct aw_trace *trace, uint32_t index)
{
    char name[256];
    const struct aw_trace_object *of = &trace->objects[index];
    json_t *object = json_object();
    set(object, "name", json_string(of->name));
    set(object, "short", json_string(aw_trace_object_short(trace, index, name, sizeof name)));
    set(object, "kind", json_string(of->kind == AW_OBJECT_PIPE ? "pipe" : "semaphore"));
    return object;
}

/* One for each object; null where it does not exist. */
static json_t *levels_json(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    json_t *array = json_array();
    for (uint32_t i = 0, k = 0; i < trace->object_count; i++) {
        bool here = k < step->level_count && step->levels[k].object == i;
        append(array, here ? number(step->levels[k].level) : json_null());
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
        set(object, "kind", json_string(aw_trace_event_name(event->kind)));
        set(object, "who", json_string(aw_trace_actor(trace, step, event, who, sizeof who)));
        set(object, "text", json_string(aw_trace_bytes(trace, what, strlen(what))));
        if (event->place[0] != '\0')
            set(object, "place", json_string(event->place));
        append(array, object);
    }
    return array;
}

static json_t *step_json(const struct aw_trace *trace, const struct aw_view_lanes *lanes,
                         const struct aw_trace_step *step)
{
    char text[256];
    json_t *object = json_object(), *faults = json_array();
    uint32_t lane = aw_view_lane(lanes, step->process, step->choice.slot);
    set(object, "thread", lane == lanes->count ? json_null() : number(lane));
    set(object, "operation", json_string(aw_view_operation(trace, step)));
    set(object, "result", json_string(step->result));
    set(object, "function", json_string(step->function));
    set(object, "file", json_string(step->file));
    set(object, "line", number((uint64_t)step->line));
    set(object, "levels", levels_json(trace, step));
    if (step->expired)
        set(object, "expired", json_true());
    for (uint32_t i = 0; i < step->fault_count; i++)
        append(faults,
               json_string(aw_trace_fault_text(trace, &step->faults[i], text, sizeof text)));
    if (json_array_size(faults) > 0)
        set(object, "faults", faults);
    else
        json_decref(faults);
    json_t *events = events_json(trace, step);
    if (json_array_size(events) > 0)
        set(object, "events", events);
    else
        json_decref(events);
    return object;
}

static json_t *item_json(const struct aw_trace *trace, const struct aw_trace_item *item)
{
    json_t *object = json_object();
    set(object, "name", json_string(aw_trace_item_name(trace, item)));
    set(object, "text", json_string(aw_trace_item_text(trace, item)));
    set(object, "lost", json_boolean(aw_trace_item_lost(item)));
    set(object, "put", step_number(item->put));
    set(object, "taken", step_number(item->taken));
    set(object, "written", step_number(item->written));
    set(object, "read", step_number(item->read));
    set(object, "got", step_number(item->got));
    set(object, "got_again", step_number(item->got_again));
    return object;
}

static json_t *message_json(const struct aw_trace_message *message)
{
    json_t *object = json_object();
    set(object, "object", number(message->object));
    set(object, "written", step_number(message->written));
    set(object, "read", step_number(message->read));
    set(object, "item", message->item == AW_TRACE_NONE ? json_null() : number(message->item));
    set(object, "bytes", number(message->bytes));
    return object;
}

static json_t *critical_json(const struct aw_trace *trace)
{
    const struct aw_trace_critical *critical = &trace->critical;
    json_t *object = json_object(), *list = json_array();
    set(object, "kind", json_string(aw_critical_name(critical->kind)));
    set(object, "step",
        critical->kind == AW_CRITICAL_STEP ? step_number(critical->step) : json_null());
    set(object, "text", json_string(aw_trace_critical_text(trace)));
    set(object, "instead", json_string(aw_trace_passing_text(trace)));
    set(object, "branch",
        critical->passing_count > 0 ? step_number(critical->branch) : json_null());
    set(object, "passing_count", number(critical->passing_count));
    set(object, "shortest", json_boolean(critical->shortest));
    for (uint32_t i = 0; i < critical->passing_count && i < PASSING_TOLD; i++) {
        const struct aw_trace_passing *step = &critical->passing[i];
        struct aw_trace_step as = {.operation = step->operation, .object = step->object};
        json_t *one = json_object();
        set(one, "who", json_string(step->who));
        set(one, "operation", json_string(aw_view_operation(trace, &as)));
        set(one, "result", json_string(step->result));
        set(one, "file", json_string(step->file));
        set(one, "line", number((uint64_t)step->line));
        append(list, one);
    }
    set(object, "passing", list);
    return object;
}

static json_t *waiting_json(const struct aw_trace *trace, const struct aw_view_lanes *lanes,
                            const struct aw_trace_waiting *waiting)
{
    json_t *object = json_object(), *list = json_array();
    struct aw_trace_step as = {.operation = waiting->operation, .object = waiting->object};
    char name[256];
    set(object, "thread", number(aw_view_lane(lanes, waiting->process, waiting->slot)));
    set(object, "blocked", json_boolean(waiting->blocked));
    set(object, "operation", json_string(aw_view_operation(trace, &as)));
    set(object, "function", json_string(waiting->function));
    set(object, "file", json_string(waiting->file));
    set(object, "line", number((uint64_t)waiting->line));
    set(object, "holder", json_string(waiting->holder));
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        append(list,
               json_string(aw_trace_thread_name(trace, waiting->waits_for[i].process,
                                                waiting->waits_for[i].slot, name, sizeof name)));
    set(object, "waits_for", list);
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
        set(files, file, lines);
    }
    for (int i = line > AROUND ? line - AROUND : 1; i <= line + AROUND; i++) {
        snprintf(key, sizeof key, "%d", i);
        if (json_object_get(lines, key) == NULL)
            set(lines, key, json_null());
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
        set(lines, key, json_string(aw_trace_bytes(trace, line, (size_t)length)));
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
            set(known, key, json_incref(text));
        if (json_object_size(known) > 0)
            set(sources, file, known);
        else
            json_decref(known);
    }
    json_decref(wanted);
    return sources;
}

static void set_header(json_t *root, const struct aw_trace *trace, const char *path)
{
    set(root, "format", number(AW_VIEW_FORMAT));
    set(root, "allways", json_string(trace->version));
    set(root, "scenario", json_string(trace->scenario));
    set(root, "verdict", json_string(aw_verdict_name(trace->verdict)));
    set(root, "property",
        trace->property < 0 ? json_null()
                            : json_string(aw_property_name((enum aw_property)trace->property)));
    set(root, "message", json_string(trace->message));
    set(root, "program", json_string(trace->program));
    set(root, "arguments", strings(trace->argv));
    set(root, "faults", number(trace->faults));
    set(root, "preemptions", number(trace->preemptions));
    set(root, "minimal", json_boolean(trace->minimal));
    set(root, "replay",
        json_string(
            aw_trace_text(trace, "allways replay %s", aw_trace_bytes(trace, path, strlen(path)))));
    set(root, "loop", step_number(trace->loop));
}

json_t *aw_view_data(const struct aw_trace *trace, const char *path)
{
    struct aw_view_lanes lanes;
    struct aw_trace_items items;
    json_t *root = json_object(), *list;
    aw_view_lanes(trace, &lanes);
    aw_trace_items(trace, &items);
    set_header(root, trace, path);
    set(root, "why", json_string(aw_trace_why(trace, &items)));
    set(root, "critical", critical_json(trace));
    set(root, "cycle", json_string(aw_trace_cycle_text(trace)));
    set(root, "threads", list = json_array());
    for (uint32_t i = 0; i < lanes.count; i++)
        append(list, lane_json(trace, &lanes.lanes[i]));
    set(root, "objects", list = json_array());
    for (uint32_t i = 0; i < trace->object_count; i++)
        append(list, object_json(trace, i));
    set(root, "steps", list = json_array());
    for (uint32_t i = 0; i < trace->step_count; i++)
        append(list, step_json(trace, &lanes, &trace->steps[i]));
    set(root, "items", list = json_array());
    for (uint32_t i = 0; i < items.count; i++)
        append(list, item_json(trace, &items.items[i]));
    set(root, "messages", list = json_array());
    for (uint32_t i = 0; i < items.message_count; i++)
        append(list, message_json(&items.messages[i]));
    set(root, "at_end", list = json_array());
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        append(list, waiting_json(trace, &lanes, &trace->at_end[i]));
    set(root, "sources", sources_json(trace));
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
