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
#include "trace/json.h"

static json_t *hexadecimal(uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return json_string(text);
}

static json_t *machine_json(const struct aw_trace *trace)
{
    const struct aw_machine_settings *machine = &trace->machine;
    json_t *object = json_object();
    aw_json_set(object, "pipe_page_size", aw_json_number(machine->pipe_page_size));
    aw_json_set(object, "pipe_slots", aw_json_number(machine->pipe_slots));
    aw_json_set(object, "exact_pipes", json_boolean(trace->exact_pipes));
    if (trace->visible != NULL)
        aw_json_set(object, "visible", json_string(trace->visible));
    aw_json_set(object, "heap", aw_json_number(machine->heap_bytes));
    aw_json_set(object, "stack", aw_json_number(machine->stack_bytes));
    aw_json_set(object, "time",
                json_string(machine->time == AW_TIME_VIRTUAL ? "virtual" : "arbitrary"));
    aw_json_set(object, "clock_advances", aw_json_number(machine->clock_advances));
    aw_json_set(object, "run_milliseconds", aw_json_number(machine->run_milliseconds));
    aw_json_set(object, "partial_writes", aw_json_number(machine->partial_writes));
    if (machine->init == AW_INIT_PATTERN) /* left out otherwise: it came later */
        aw_json_set(object, "init", json_string("pattern"));
    return object;
}

static json_t *fault_json(const struct aw_fault *fault)
{
    static const char *const lengths[] = {"listed", "every", "meaningful"};
    json_t *object = json_object(), *values = json_array();
    aw_json_set(object, "point", json_string(fault->point));
    aw_json_set(object, "kind", json_string(aw_fault_kind_name(fault->kind)));
    aw_json_set(object, "role", json_string(fault->role));
    aw_json_set(object, "site", json_string(fault->site));
    aw_json_set(object, "first", aw_json_number(fault->first));
    aw_json_set(object, "last", aw_json_number(fault->last));
    aw_json_set(object, "lengths", json_string(lengths[fault->lengths]));
    for (uint32_t i = 0; i < fault->value_count; i++)
        aw_json_append(values, json_integer(fault->values[i]));
    aw_json_set(object, "values", values);
    aw_json_set(object, "delay_ns", json_integer(fault->delay_ns));
    aw_json_set(object, "budget", aw_json_number(fault->budget));
    return object;
}

static json_t *plan_json(const struct aw_fault_plan *plan)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < plan->count; i++)
        aw_json_append(list, fault_json(&plan->faults[i]));
    return list;
}

static json_t *process_json(const struct aw_trace_process *process)
{
    json_t *object = json_object(), *threads = json_array();
    aw_json_set(object, "name", json_string(process->name));
    aw_json_set(object, "pid", aw_json_number(process->pid));
    aw_json_set(object, "slot", aw_json_number(process->slot));
    aw_json_set(object, "worker", json_boolean(process->worker));
    for (uint32_t i = 0; i < process->thread_count; i++) {
        json_t *thread = json_object();
        aw_json_set(thread, "slot", aw_json_number(process->threads[i].slot));
        aw_json_set(thread, "name", json_string(process->threads[i].name));
        aw_json_append(threads, thread);
    }
    aw_json_set(object, "threads", threads);
    return object;
}

static json_t *object_json(const struct aw_trace_object *of)
{
    json_t *object = json_object();
    aw_json_set(object, "name", json_string(of->name));
    aw_json_set(object, "kind", json_string(aw_object_kind_name(of->kind)));
    aw_json_set(object, "initial", aw_json_number(of->initial));
    return object;
}

static json_t *event_json(const struct aw_trace *trace, const struct aw_trace_event *event)
{
    json_t *object = json_object();
    aw_json_set(object, "event", json_string(aw_trace_event_name(event->kind)));
    aw_json_set(object, "process", json_string(trace->processes[event->process].name));
    aw_json_set(object, "a", aw_json_number(event->a));
    aw_json_set(object, "b", aw_json_number(event->b));
    aw_json_set(object, "text", json_string(event->text));
    aw_json_set(object, "place", json_string(event->place));
    return object;
}

static json_t *injected_json(const struct aw_trace *trace, const struct aw_trace_fault *fault)
{
    char text[256];
    json_t *object = json_object();
    aw_json_set(object, "fault", aw_json_number(fault->fault + 1ul));
    aw_json_set(object, "value", json_integer(fault->value));
    aw_json_set(object, "text", json_string(aw_trace_fault_text(trace, fault, text, sizeof text)));
    return object;
}

static json_t *step_json(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    json_t *object = json_object(), *events = json_array(), *levels = json_object();
    json_t *faults = json_array();
    aw_json_set(object, "process",
                step->process == AW_TRACE_NONE ? json_null()
                                               : json_string(trace->processes[step->process].name));
    aw_json_set(object, "pid", aw_json_number(step->choice.pid));
    aw_json_set(object, "slot", aw_json_number(step->choice.slot));
    aw_json_set(object, "outcome", aw_json_number(step->choice.outcome));
    aw_json_set(object, "outcomes", aw_json_number(step->outcomes));
    aw_json_set(object, "operation", json_string(step->operation));
    aw_json_set(object, "object", json_string(step->object));
    aw_json_set(object, "result", json_string(step->result));
    aw_trace_json_place(object, step->function, step->file, step->line);
    aw_json_set(object, "expired", json_boolean(step->expired));
    for (uint32_t i = 0; i < step->fault_count; i++)
        aw_json_append(faults, injected_json(trace, &step->faults[i]));
    aw_json_set(object, "faults", faults);
    aw_json_set(object, "now", json_integer(step->now));
    for (uint32_t i = 0; i < step->event_count; i++)
        aw_json_append(events, event_json(trace, &step->events[i]));
    aw_json_set(object, "events", events);
    for (uint32_t i = 0; i < step->level_count; i++)
        aw_json_set(levels, trace->objects[step->levels[i].object].name,
                    aw_json_number(step->levels[i].level));
    aw_json_set(object, "levels", levels);
    return object;
}

static json_t *party_json(const struct aw_trace *trace, const struct aw_trace_party *party)
{
    json_t *object = json_object();
    aw_json_set(object, "process", json_string(trace->processes[party->process].name));
    aw_json_set(object, "slot", aw_json_number(party->slot));
    return object;
}

static json_t *waiting_json(const struct aw_trace *trace, const struct aw_trace_waiting *waiting)
{
    json_t *object = json_object(), *parties = json_array();
    aw_json_set(object, "process", json_string(trace->processes[waiting->process].name));
    aw_json_set(object, "slot", aw_json_number(waiting->slot));
    aw_json_set(object, "operation", json_string(waiting->operation));
    aw_json_set(object, "object", json_string(waiting->object));
    aw_trace_json_place(object, waiting->function, waiting->file, waiting->line);
    aw_json_set(object, "blocked", json_boolean(waiting->blocked));
    aw_json_set(object, "holder", json_string(waiting->holder));
    for (uint32_t i = 0; i < waiting->waits_for_count; i++)
        aw_json_append(parties, party_json(trace, &waiting->waits_for[i]));
    aw_json_set(object, "waits_for", parties);
    aw_json_set(object, "since", aw_trace_json_step(waiting->since));
    return object;
}

static json_t *passing_json(const struct aw_trace_passing *step)
{
    json_t *object = json_object();
    aw_json_set(object, "who", json_string(step->who));
    aw_json_set(object, "operation", json_string(step->operation));
    aw_json_set(object, "object", json_string(step->object));
    aw_json_set(object, "result", json_string(step->result));
    aw_trace_json_place(object, step->function, step->file, step->line);
    return object;
}

static json_t *critical_json(const struct aw_trace_critical *critical)
{
    json_t *object = json_object(), *passing = json_array();
    aw_json_set(object, "kind", json_string(aw_critical_name(critical->kind)));
    aw_json_set(object, "step", aw_json_number(critical->step + 1ul));
    aw_json_set(object, "branch", aw_json_number(critical->branch + 1ul));
    aw_json_set(object, "states", aw_json_number(critical->states));
    for (uint32_t i = 0; i < critical->passing_count; i++)
        aw_json_append(passing, passing_json(&critical->passing[i]));
    aw_json_set(object, "passing", passing);
    if (critical->shortest)
        aw_json_set(object, "shortest", json_true());
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
    aw_json_set(root, "format", aw_json_number(AW_TRACE_FORMAT));
    aw_trace_json_finding(root, trace);
    aw_json_set(root, "faults", aw_json_number(trace->faults));
    aw_json_set(root, "preemptions", aw_json_number(trace->preemptions));
    aw_json_set(root, "minimal", json_boolean(trace->minimal));
    aw_json_set(root, "program", json_string(trace->program));
    aw_json_set(root, "arguments", aw_json_strings(trace->argv));
    aw_json_set(root, "environment", aw_json_strings(trace->env));
    aw_json_set(root, "digest", hexadecimal(trace->digest));
    aw_json_set(root, "machine", machine_json(trace));
    aw_json_set(root, "fault_plan", plan_json(&trace->plan));
    aw_json_set(root, "fault_budget", aw_json_number(trace->plan.budget));
    aw_json_set(root, "processes", list = json_array());
    for (uint32_t i = 0; i < trace->process_count; i++)
        aw_json_append(list, process_json(&trace->processes[i]));
    aw_json_set(root, "objects", list = json_array());
    for (uint32_t i = 0; i < trace->object_count; i++)
        aw_json_append(list, object_json(&trace->objects[i]));
    aw_json_set(root, "loop", aw_trace_json_step(trace->loop));
    aw_json_set(root, "loop_closes", json_boolean(trace->loop_closes));
    aw_json_set(root, "steps", list = json_array());
    for (uint32_t i = 0; i < trace->step_count; i++)
        aw_json_append(list, step_json(trace, &trace->steps[i]));
    aw_json_set(root, "at_end", list = json_array());
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        aw_json_append(list, waiting_json(trace, &trace->at_end[i]));
    aw_json_set(root, "critical", critical_json(&trace->critical));
    aw_trace_checksum(root, checksum);
    aw_json_set(root, "checksum", json_string(checksum));
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
