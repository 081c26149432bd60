/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/file.h"
#include "base/memory.h"
#include "trace/format.h"

static void set(json_t *object, const char *key, json_t *value)
{
    AW_CHECK(value != NULL); /* texts are UTF-8, and memory does not run out */
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

static json_t *hexadecimal(uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return json_string(text);
}

static json_t *strings(char **list)
{
    json_t *array = json_array();
    for (; *list != NULL; list++)
        append(array, json_string(*list));
    return array;
}

static json_t *machine_json(const struct aw_trace *trace)
{
    const struct aw_machine_settings *machine = &trace->machine;
    json_t *object = json_object();
    set(object, "pipe_page_size", number(machine->pipe_page_size));
    set(object, "pipe_slots", number(machine->pipe_slots));
    set(object, "exact_pipes", json_boolean(trace->exact_pipes));
    if (trace->visible != NULL)
        set(object, "visible", json_string(trace->visible));
    set(object, "heap", number(machine->heap_bytes));
    set(object, "stack", number(machine->stack_bytes));
    set(object, "time", json_string(machine->time == AW_TIME_VIRTUAL ? "virtual" : "arbitrary"));
    set(object, "clock_advances", number(machine->clock_advances));
    set(object, "run_milliseconds", number(machine->run_milliseconds));
    set(object, "partial_writes", number(machine->partial_writes));
    if (machine->init == AW_INIT_PATTERN) /* left out otherwise: it came later */
        set(object, "init", json_string("pattern"));
    return object;
}

static json_t *fault_json(const struct aw_fault *fault)
{
    static const char *const lengths[] = {"listed", "every", "meaningful"};
    json_t *object = json_object(), *values = json_array();
    set(object, "point", json_string(fault->point));
    set(object, "kind", json_string(aw_fault_kind_name(fault->kind)));
    set(object, "role", json_string(fault->role));
    set(object, "site", json_string(fault->site));
    set(object, "first", number(fault->first));
    set(object, "last", number(fault->last));
    set(object, "lengths", json_string(lengths[fault->lengths]));
    for (uint32_t i = 0; i < fault->value_count; i++)
        append(values, json_integer(fault->values[i]));
    set(object, "values", values);
    set(object, "delay_ns", json_integer(fault->delay_ns));
    set(object, "budget", number(fault->budget));
    return object;
}

static json_t *plan_json(const struct aw_fault_plan *plan)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < plan->count; i++)
        append(list, fault_json(&plan->faults[i]));
    return list;
}

static json_t *process_json(const struct aw_trace_process *process)
{
    json_t *object = json_object(), *threads = json_array();
    set(object, "name", json_string(process->name));
    set(object, "pid", number(process->pid));
    set(object, "slot", number(process->slot));
    set(object, "worker", json_boolean(process->worker));
    for (uint32_t i = 0; i < process->thread_count; i++) {
        json_t *thread = json_object();
        set(thread, "slot", number(process->threads[i].slot));
        set(thread, "name", json_string(process->threads[i].name));
        append(threads, thread);
    }
    set(object, "threads", threads);
    return object;
}

static json_t *object_json(const struct aw_trace_object *of)
{
    json_t *object = json_object();
    set(object, "name", json_string(of->name));
    set(object, "kind", json_string(of->kind == AW_OBJECT_PIPE  ? "pipe"
                                    : of->kind == AW_OBJECT_SEM ? "semaphore"
                                                                : "mapping"));
    set(object, "initial", number(of->initial));
    return object;
}

static json_t *event_json(const struct aw_trace *trace, const struct aw_trace_event *event)
{
    json_t *object = json_object();
    set(object, "event", json_string(aw_trace_event_name(event->kind)));
    set(object, "process", json_string(trace->processes[event->process].name));
    set(object, "a", number(event->a));
    set(object, "b", number(event->b));
    set(object, "text", json_string(event->text));
    set(object, "place", json_string(event->place));
    return object;
}

static json_t *injected_json(const struct aw_trace *trace, const struct aw_trace_fault *fault)
{
    char text[256];
    json_t *object = json_object();
    set(object, "fault", number(fault->fault + 1ul));
    set(object, "value", json_integer(fault->value));
    set(object, "text", json_string(aw_trace_fault_text(trace, fault, text, sizeof text)));
    return object;
}

static json_t *step_json(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    json_t *object = json_object(), *events = json_array(), *levels = json_object();
    json_t *faults = json_array();
    set(object, "process",
        step->process == AW_TRACE_NONE ? json_null()
                                       : json_string(trace->processes[step->process].name));
    set(object, "pid", number(step->choice.pid));
    set(object, "slot", number(step->choice.slot));
    set(object, "outcome", number(step->choice.outcome));
    set(object, "outcomes", number(step->outcomes));
    set(object, "operation", json_string(step->operation));
    set(object, "object", json_string(step->object));
    set(object, "result", json_string(step->result));
    set(object, "function", json_string(step->function));
    set(object, "file", json_string(step->file));
    set(object, "line", number((uint64_t)step->line));
    set(object, "expired", json_boolean(step->expired));
    for (uint32_t i = 0; i < step->fault_count; i++)
        append(faults, injected_json(trace, &step->faults[i]));
    set(object, "faults", faults);
    set(object, "now", json_integer(step->now));
    for (uint32_t i = 0; i < step->event_count; i++)
        append(events, event_json(trace, &step->events[i]));
    set(object, "events", events);
    for (uint32_t i = 0; i < step->level_count; i++)
        set(levels, trace->objects[step->levels[i].object].name, number(step->levels[i].level));
    set(object, "levels", levels);
    return object;
}

static json_t *step_or_null(uint32_t index)
{
    return index == AW_TRACE_NONE ? json_null() : number(index + 1ul);
}

static json_t *party_json(const struct aw_trace *trace, const struct aw_trace_party *party)
{
    json_t *object = json_object();
    set(object, "process", json_string(trace->processes[party->process].name));
    set(object, "slot", number(party->slot));
    return object;
}

static json_t *waiting_json(const struct aw_trace *trace, const struct aw_trace_waiting *waiting)
{
    json_t *object = json_object(), *parties = json_array();
    set(object, "process", json_string(trace->processes[waiting->process].name));
    set(object, "slot", number(waiting->slot));
    set(object, "operation", json_string(waiting->operation));
    set(object, "object", json_string(waiting->object));
    set(object, "function", json_string(waiting->function));
    set(object, "file", json_string(waiting->file));
    set(object, "line", number((uint64_t)waiting->line));
    set(object, "blocked", json_boolean(waiting->blocked));
    set(object, "holder", json_string(waiting->holder));
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        append(parties, party_json(trace, &waiting->waits_for[i]));
    set(object, "waits_for", parties);
    set(object, "since", step_or_null(waiting->since));
    return object;
}

static json_t *passing_json(const struct aw_trace_passing *step)
{
    json_t *object = json_object();
    set(object, "who", json_string(step->who));
    set(object, "operation", json_string(step->operation));
    set(object, "object", json_string(step->object));
    set(object, "result", json_string(step->result));
    set(object, "function", json_string(step->function));
    set(object, "file", json_string(step->file));
    set(object, "line", number((uint64_t)step->line));
    return object;
}

static json_t *critical_json(const struct aw_trace_critical *critical)
{
    json_t *object = json_object(), *passing = json_array();
    set(object, "kind", json_string(aw_critical_name(critical->kind)));
    set(object, "step", number(critical->step + 1ul));
    set(object, "branch", number(critical->branch + 1ul));
    set(object, "states", number(critical->states));
    for (uint32_t i = 0; i < critical->passing_count; i++)
        append(passing, passing_json(&critical->passing[i]));
    set(object, "passing", passing);
    if (critical->shortest)
        set(object, "shortest", json_true());
    return object;
}

void aw_trace_checksum(const json_t *root, char text[17])
{
    json_t *copy = json_copy((json_t *)root); /* members are shared, not copied */
    AW_CHECK(copy != NULL);
    json_object_del(copy, "checksum");
    char *bytes = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    AW_CHECK(bytes != NULL);
    snprintf(text, 17, "%016llx", (unsigned long long)XXH3_64bits(bytes, strlen(bytes)));
    free(bytes);
    json_decref(copy);
}

json_t *aw_trace_to_json(const struct aw_trace *trace)
{
    json_t *root = json_object(), *list;
    char checksum[17];
    set(root, "format", number(AW_TRACE_FORMAT));
    set(root, "allways", json_string(trace->version));
    set(root, "scenario", json_string(trace->scenario));
    set(root, "verdict", json_string(aw_verdict_name(trace->verdict)));
    set(root, "property",
        trace->property < 0 ? json_null()
                            : json_string(aw_property_name((enum aw_property)trace->property)));
    set(root, "message", json_string(trace->message));
    set(root, "faults", number(trace->faults));
    set(root, "preemptions", number(trace->preemptions));
    set(root, "minimal", json_boolean(trace->minimal));
    set(root, "program", json_string(trace->program));
    set(root, "arguments", strings(trace->argv));
    set(root, "environment", strings(trace->env));
    set(root, "digest", hexadecimal(trace->digest));
    set(root, "machine", machine_json(trace));
    set(root, "fault_plan", plan_json(&trace->plan));
    set(root, "fault_budget", number(trace->plan.budget));
    set(root, "processes", list = json_array());
    for (uint32_t i = 0; i < trace->process_count; i++)
        append(list, process_json(&trace->processes[i]));
    set(root, "objects", list = json_array());
    for (uint32_t i = 0; i < trace->object_count; i++)
        append(list, object_json(&trace->objects[i]));
    set(root, "loop", trace->loop == AW_TRACE_NONE ? json_null() : number(trace->loop + 1ul));
    set(root, "loop_closes", json_boolean(trace->loop_closes));
    set(root, "steps", list = json_array());
    for (uint32_t i = 0; i < trace->step_count; i++)
        append(list, step_json(trace, &trace->steps[i]));
    set(root, "at_end", list = json_array());
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        append(list, waiting_json(trace, &trace->at_end[i]));
    set(root, "critical", critical_json(&trace->critical));
    aw_trace_checksum(root, checksum);
    set(root, "checksum", json_string(checksum));
    return root;
}

/* One member a line; lists of objects with one object a line. */
static void dump(const json_t *root, FILE *out)
{
    const char *key, *comma = "";
    json_t *value;
    fputs("{", out);
    json_object_foreach((json_t *)root, key, value)
    {
        fprintf(out, "%s\n  \"%s\": ", comma, key);
        comma = ",";
        if (!json_is_array(value) || !json_is_object(json_array_get(value, 0))) {
            json_dumpf(value, out, JSON_ENCODE_ANY);
            continue;
        }
        fputs("[", out);
        for (size_t i = 0; i < json_array_size(value); i++) {
            fputs(i > 0 ? ",\n    " : "\n    ", out);
            json_dumpf(json_array_get(value, i), out, 0);
        }
        fputs("\n  ]", out);
    }
    fputs("\n}\n", out);
}

int aw_trace_write(const struct aw_trace *trace, const char *path, struct aw_error *error)
{
    struct aw_file file;
    int status = aw_file_create(&file, path, error);
    if (status != 0)
        return status;
    json_t *root = aw_trace_to_json(trace);
    dump(root, file.out);
    json_decref(root);
    return aw_file_commit(&file, error);
}
