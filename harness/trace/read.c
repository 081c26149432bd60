/* SPDX-License-Identifier: MIT */
/*
 * read.c - trace files, strictly: a file that this program would not have written is refused with
 * the place in it, and what was expected there.
 *
 * Order of the checks, so that each mistake gets the message that helps: JSON; the format's number;
 * each member in the order of the file; the checksum last, for what is well-formed but was changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "trace/format.h"

struct reading {
    const char *file;
    struct aw_error *error;
    struct aw_trace *trace;
    char where[64]; /* "step 12: ", or "" */
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static int wrong(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int wrong(struct reading *reading, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return aw_fail_at(reading->error, AW_E_FORMAT, reading->file, 0, 0, "%s%s", reading->where,
                      message);
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a fraction";
    case JSON_NULL:
        return "null";
    default:
        return "true or false";
    }
}

static int get(struct reading *reading, const json_t *object, const char *key, const json_t **value)
{
    *value = json_object_get(object, key);
    return *value != NULL ? 0 : wrong(reading, "%s is missing", key);
}

static int get_number(struct reading *reading, const json_t *object, const char *key,
                      uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    const json_t *value;
    if (get(reading, object, key, &value) != 0)
        return AW_E_FORMAT;
    if (!json_is_integer(value))
        return wrong(reading, "%s: expected a number, found %s", key, kind_of(value));
    *number = (uint64_t)json_integer_value(value);
    if ((json_integer_value(value) < 0 && maximum <= INT64_MAX) || *number < minimum ||
        *number > maximum)
        return wrong(reading, "%s: expected a number from %llu to %llu, found %lld", key,
                     (unsigned long long)minimum, (unsigned long long)maximum,
                     (long long)json_integer_value(value));
    return 0;
}

static int get_small(struct reading *reading, const json_t *object, const char *key,
                     uint32_t minimum, uint32_t maximum, uint32_t *number)
{
    uint64_t wide;
    int status = get_number(reading, object, key, minimum, maximum, &wide);
    if (status == 0)
        *number = (uint32_t)wide;
    return status;
}

static int get_bool(struct reading *reading, const json_t *object, const char *key, bool *boolean)
{
    const json_t *value;
    if (get(reading, object, key, &value) != 0)
        return AW_E_FORMAT;
    if (!json_is_boolean(value))
        return wrong(reading, "%s: expected true or false, found %s", key, kind_of(value));
    *boolean = json_is_true(value);
    return 0;
}

static const char *keep(struct reading *reading, const json_t *text)
{
    return aw_trace_text(reading->trace, "%s", json_string_value(text));
}

static int get_text(struct reading *reading, const json_t *object, const char *key,
                    const char **text)
{
    const json_t *value;
    if (get(reading, object, key, &value) != 0)
        return AW_E_FORMAT;
    if (!json_is_string(value))
        return wrong(reading, "%s: expected a text, found %s", key, kind_of(value));
    *text = keep(reading, value);
    return 0;
}

static int get_name(struct reading *reading, const json_t *object, const char *key,
                    const char **text)
{
    int status = get_text(reading, object, key, text);
    return status == 0 && (*text)[0] == '\0'
               ? wrong(reading, "%s: expected a name, found \"\"", key)
               : status;
}

static int get_list(struct reading *reading, const json_t *object, const char *key,
                    const json_t **list)
{
    if (get(reading, object, key, list) != 0)
        return AW_E_FORMAT;
    if (!json_is_array(*list))
        return wrong(reading, "%s: expected a list, found %s", key, kind_of(*list));
    if (json_array_size(*list) > 100000000)
        return wrong(reading, "%s: too long", key);
    return 0;
}

static int get_strings(struct reading *reading, const json_t *object, const char *key,
                       char ***strings)
{
    const json_t *list;
    if (get_list(reading, object, key, &list) != 0)
        return AW_E_FORMAT;
    size_t count = json_array_size(list);
    *strings = aw_trace_memory(reading->trace, count + 1, sizeof **strings);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value))
            return wrong(reading, "%s: expected a list of texts, found %s in it", key,
                         kind_of(value));
        (*strings)[i] = (char *)keep(reading, value);
    }
    return 0;
}

/* One of some words: its index. */
static int get_word(struct reading *reading, const json_t *object, const char *key,
                    const char *const *words, int count, int *index)
{
    const char *text;
    char list[256] = "";
    if (get_text(reading, object, key, &text) != 0)
        return AW_E_FORMAT;
    for (*index = 0; *index < count; ++*index)
        if (strcmp(text, words[*index]) == 0)
            return 0;
    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? ", " : "",
                 words[i]);
    return wrong(reading, "%s: expected one of %s, found \"%.40s\"", key, list, text);
}

static int check_members(struct reading *reading, const json_t *object, const char *const *keys,
                         size_t count)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return wrong(reading, "expected an object, found %s", kind_of(object));
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (i < count && strcmp(keys[i], key) != 0)
            i++;
        if (i == count)
            return wrong(reading, "unknown member \"%.40s\"", key);
    }
    return 0;
}

/* A process by its name; null is nobody where `nobody` allows it. */
static int get_process(struct reading *reading, const json_t *object, bool nobody,
                       uint32_t *process)
{
    const json_t *value;
    if (get(reading, object, "process", &value) != 0)
        return AW_E_FORMAT;
    *process = AW_TRACE_NONE;
    if (nobody && json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return wrong(reading, "process: expected a name, found %s", kind_of(value));
    const struct aw_trace *trace = reading->trace;
    for (uint32_t i = 0; i < trace->process_count; i++)
        if (strcmp(trace->processes[i].name, json_string_value(value)) == 0) {
            *process = i;
            return 0;
        }
    return wrong(reading, "process: \"%.40s\" is not one of processes", json_string_value(value));
}

static int get_hexadecimal(struct reading *reading, const json_t *object, const char *key,
                           uint64_t *number)
{
    const char *text;
    char *end;
    if (get_text(reading, object, key, &text) != 0)
        return AW_E_FORMAT;
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return wrong(reading, "%s: expected 16 hexadecimal digits, found \"%.40s\"", key, text);
    *number = strtoull(text, &end, 16);
    return 0;
}

/* The members, in the order of the file. */

static int read_machine(struct reading *reading, const json_t *root)
{
    static const char *const keys[] = {
        "pipe_page_size", "pipe_slots",       "exact_pipes",    "heap", "stack",  "time",
        "clock_advances", "run_milliseconds", "partial_writes", "init", "visible"};
    static const char *const times[] = {"arbitrary", "virtual"};
    static const char *const inits[] = {"zero", "pattern"};
    struct aw_machine_settings *machine = &reading->trace->machine;
    const json_t *object;
    int time = 0, init = 0, status = get(reading, root, "machine", &object);
    if (status != 0)
        return status;
    snprintf(reading->where, sizeof reading->where, "machine: ");
    if ((status = check_members(reading, object, keys, COUNT_OF(keys))) == 0 &&
        (status = get_small(reading, object, "pipe_page_size", 1, 64 << 10,
                            &machine->pipe_page_size)) == 0 &&
        (status = get_small(reading, object, "pipe_slots", 1, 1024, &machine->pipe_slots)) == 0 &&
        (status = get_bool(reading, object, "exact_pipes", &reading->trace->exact_pipes)) == 0 &&
        (status = get_number(reading, object, "heap", AW_HEAP_LEAST, AW_HEAP_MOST,
                             &machine->heap_bytes)) == 0 &&
        (status = get_number(reading, object, "stack", AW_STACK_LEAST, AW_STACK_MOST,
                             &machine->stack_bytes)) == 0 &&
        (status = get_word(reading, object, "time", times, 2, &time)) == 0 &&
        (status = get_small(reading, object, "clock_advances", 0, 100, &machine->clock_advances)) ==
            0 &&
        (status = get_small(reading, object, "run_milliseconds", 1, 600000,
                            &machine->run_milliseconds)) == 0)
        status = get_small(reading, object, "partial_writes", 0, 1000, &machine->partial_writes);
    if (status == 0 && json_object_get(object, "init") != NULL)
        status = get_word(reading, object, "init", inits, 2, &init);
    machine->init = init == 1 ? AW_INIT_PATTERN : AW_INIT_ZERO;
    if (status == 0 && json_object_get(object, "visible") != NULL)
        status = get_text(reading, object, "visible", &reading->trace->visible);
    if (status == 0 && reading->trace->visible != NULL && reading->trace->visible[0] == '\0')
        status = wrong(reading, "visible: expected OFFSET+SIZE in hexadecimal, found nothing");
    machine->time = time == 1 ? AW_TIME_VIRTUAL : AW_TIME_ARBITRARY;
    reading->where[0] = '\0';
    return status;
}

static int read_values(struct reading *reading, const json_t *object, struct aw_fault *fault)
{
    const json_t *list;
    int status = get_list(reading, object, "values", &list);
    if (status != 0)
        return status;
    if (json_array_size(list) > AW_FAULT_MAX_VALUES)
        return wrong(reading, "values: expected at most %d, found %zu", AW_FAULT_MAX_VALUES,
                     json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_integer(value))
            return wrong(reading, "values: expected a list of numbers, found %s in it",
                         kind_of(value));
        fault->values[fault->value_count++] = json_integer_value(value);
    }
    return 0;
}

/* A text that has room in a fault. */
static int get_short(struct reading *reading, const json_t *object, const char *key, char *text,
                     size_t size)
{
    const char *found;
    int status = get_text(reading, object, key, &found);
    if (status != 0)
        return status;
    if (strlen(found) >= size)
        return wrong(reading, "%s: expected a text of at most %zu bytes, found %zu", key, size - 1,
                     strlen(found));
    memcpy(text, found, strlen(found) + 1);
    return 0;
}

static int read_fault(struct reading *reading, const json_t *object, struct aw_fault *fault)
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
    if ((status = check_members(reading, object, keys, COUNT_OF(keys))) == 0 &&
        (status = get_short(reading, object, "point", fault->point, sizeof fault->point)) == 0 &&
        (status = get_word(reading, object, "kind", kinds, AW_FAULT_KIND_COUNT, &kind)) == 0 &&
        (status = get_short(reading, object, "role", fault->role, sizeof fault->role)) == 0 &&
        (status = get_short(reading, object, "site", fault->site, sizeof fault->site)) == 0 &&
        (status = get_small(reading, object, "first", 0, INT32_MAX, &fault->first)) == 0 &&
        (status = get_small(reading, object, "last", fault->first, INT32_MAX, &fault->last)) == 0 &&
        (status = get_word(reading, object, "lengths", lengths, COUNT_OF(lengths), &length)) == 0 &&
        (status = read_values(reading, object, fault)) == 0 &&
        (status = get_number(reading, object, "delay_ns", 0, INT64_MAX, &delay_ns)) == 0)
        status = get_small(reading, object, "budget", 0, AW_FAULT_MAX_BUDGET, &fault->budget);
    fault->kind = (enum aw_fault_kind)kind;
    fault->lengths = (enum aw_fault_lengths)length;
    fault->delay_ns = (int64_t)delay_ns;
    return status;
}

static int read_plan(struct reading *reading, const json_t *root)
{
    struct aw_fault_plan *plan = &reading->trace->plan;
    const json_t *list;
    int status = get_list(reading, root, "fault_plan", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    if (count > AW_FAULT_MAX)
        return wrong(reading, "fault_plan: expected at most %d faults, found %zu", AW_FAULT_MAX,
                     count);
    for (size_t i = 0; i < count; i++) {
        snprintf(reading->where, sizeof reading->where, "fault %zu: ", i + 1);
        status = read_fault(reading, json_array_get(list, i), &plan->faults[plan->count++]);
        if (status != 0)
            return status;
    }
    reading->where[0] = '\0';
    return get_small(reading, root, "fault_budget", 0, 1000, &plan->budget);
}

static int read_threads(struct reading *reading, const json_t *object,
                        struct aw_trace_process *process)
{
    static const char *const keys[] = {"slot", "name"};
    const json_t *list;
    int status = get_list(reading, object, "threads", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    if (count > UINT16_MAX)
        return wrong(reading, "threads: too many");
    process->threads = aw_trace_memory(reading->trace, count, sizeof *process->threads);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_thread *thread = &process->threads[process->thread_count++];
        const json_t *item = json_array_get(list, i);
        thread->name = "";
        if ((status = check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = get_small(reading, item, "slot", 0, UINT16_MAX, &thread->slot)) != 0 ||
            (status = get_name(reading, item, "name", &thread->name)) != 0)
            return status;
    }
    return 0;
}

static int read_processes(struct reading *reading, const json_t *root)
{
    static const char *const keys[] = {"name", "pid", "slot", "worker", "threads"};
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    int status = get_list(reading, root, "processes", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    if (count == 0)
        return wrong(reading, "processes: expected at least one");
    trace->processes = aw_allocate(count, sizeof *trace->processes);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_process *process = &trace->processes[i];
        const json_t *object = json_array_get(list, i);
        snprintf(reading->where, sizeof reading->where, "process %zu: ", i + 1);
        if ((status = check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
            (status = get_name(reading, object, "name", &process->name)) != 0 ||
            (status = get_small(reading, object, "pid", 1, UINT32_MAX, &process->pid)) != 0 ||
            (status = get_small(reading, object, "slot", 0, UINT16_MAX, &process->slot)) != 0 ||
            (status = get_bool(reading, object, "worker", &process->worker)) != 0 ||
            (status = read_threads(reading, object, process)) != 0)
            return status;
        for (uint32_t k = 0; k < trace->process_count; k++)
            if (strcmp(trace->processes[k].name, process->name) == 0)
                return wrong(reading, "name: \"%.40s\" is that of process %u", process->name,
                             k + 1);
        trace->process_count++;
    }
    reading->where[0] = '\0';
    return 0;
}

static int read_objects(struct reading *reading, const json_t *root)
{
    static const char *const keys[] = {"name", "kind", "initial"};
    static const char *const kinds[] = {"pipe", "semaphore", "mapping", "mapping"};
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    int kind, status = get_list(reading, root, "objects", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    trace->objects = aw_allocate(count + 1, sizeof *trace->objects);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_object *object = &trace->objects[i];
        const json_t *item = json_array_get(list, i);
        snprintf(reading->where, sizeof reading->where, "object %zu: ", i + 1);
        if ((status = check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = get_name(reading, item, "name", &object->name)) != 0 ||
            (status = get_word(reading, item, "kind", kinds, 3, &kind)) != 0 ||
            (status = get_number(reading, item, "initial", 0, UINT32_MAX, &object->initial)) != 0)
            return status;
        object->kind = kind == 0 ? AW_OBJECT_PIPE : kind == 1 ? AW_OBJECT_SEM : AW_OBJECT_MEMORY;
        for (uint32_t k = 0; k < trace->object_count; k++)
            if (strcmp(trace->objects[k].name, object->name) == 0)
                return wrong(reading, "name: \"%.40s\" is that of object %u", object->name, k + 1);
        trace->object_count++;
    }
    reading->where[0] = '\0';
    return 0;
}

static int read_events(struct reading *reading, const json_t *object, struct aw_trace_step *step)
{
    static const char *const keys[] = {"event", "process", "a", "b", "text", "place"};
    static const char *const kinds[] = {
#define X(name, text) text,
        AW_TRACE_EVENTS(X)
#undef X
    };
    const json_t *list;
    int kind, status = get_list(reading, object, "events", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    step->events = aw_trace_memory(reading->trace, count, sizeof *step->events);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_event *event = &step->events[i];
        const json_t *item = json_array_get(list, i);
        if ((status = check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = get_word(reading, item, "event", kinds, AW_TRACE_EVENT_KINDS, &kind)) != 0 ||
            (status = get_process(reading, item, false, &event->process)) != 0 ||
            (status = get_number(reading, item, "a", 0, UINT64_MAX, &event->a)) != 0 ||
            (status = get_number(reading, item, "b", 0, UINT64_MAX, &event->b)) != 0 ||
            (status = get_text(reading, item, "text", &event->text)) != 0 ||
            (status = get_text(reading, item, "place", &event->place)) != 0)
            return status;
        event->kind = (enum aw_trace_event_kind)kind;
    }
    step->event_count = (uint32_t)count;
    return 0;
}

static int read_injected(struct reading *reading, const json_t *object, struct aw_trace_step *step)
{
    static const char *const keys[] = {"fault", "value", "text"};
    const struct aw_trace *trace = reading->trace;
    const json_t *list, *value;
    int status = get_list(reading, object, "faults", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    step->faults = aw_trace_memory(reading->trace, count, sizeof *step->faults);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_fault *fault = &step->faults[i];
        const json_t *item = json_array_get(list, i);
        char text[256];
        const char *found;
        if ((status = check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = get_small(reading, item, "fault", 1, UINT32_MAX, &fault->fault)) != 0 ||
            (status = get(reading, item, "value", &value)) != 0 ||
            (status = get_text(reading, item, "text", &found)) != 0)
            return status;
        if (fault->fault-- > trace->plan.count)
            return wrong(reading, "fault: expected one of the %u of fault_plan, found %u",
                         trace->plan.count, fault->fault + 1);
        if (!json_is_integer(value))
            return wrong(reading, "value: expected a number, found %s", kind_of(value));
        fault->value = json_integer_value(value);
        if (strcmp(found, aw_trace_fault_text(trace, fault, text, sizeof text)) != 0)
            return wrong(reading, "text: expected \"%s\", found \"%.80s\"", text, found);
    }
    step->fault_count = (uint32_t)count;
    return 0;
}

static int read_levels(struct reading *reading, const json_t *object, struct aw_trace_step *step)
{
    const struct aw_trace *trace = reading->trace;
    const json_t *levels;
    int status = get(reading, object, "levels", &levels);
    if (status != 0)
        return status;
    if (!json_is_object(levels))
        return wrong(reading, "levels: expected an object, found %s", kind_of(levels));
    step->levels = aw_trace_memory(reading->trace, json_object_size(levels), sizeof *step->levels);
    for (uint32_t i = 0; i < trace->object_count; i++) {
        const char *name = trace->objects[i].name;
        if (json_object_get(levels, name) == NULL)
            continue;
        struct aw_trace_level *level = &step->levels[step->level_count];
        level->object = i;
        status = get_number(reading, levels, name, 0, INT64_MAX, &level->level);
        if (status != 0)
            return status;
        step->level_count++;
    }
    if (step->level_count != json_object_size(levels))
        return wrong(reading, "levels: one of them is not of objects");
    return 0;
}

static int read_step(struct reading *reading, const json_t *object, struct aw_trace_step *step)
{
    static const char *const keys[] = {
        "process",  "pid",  "slot", "outcome", "outcomes", "operation", "object", "result",
        "function", "file", "line", "expired", "faults",   "now",       "events", "levels"};
    uint32_t slot = 0, outcome = 0, line = 0;
    uint64_t now = 0;
    int status;
    if ((status = check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
        (status = get_process(reading, object, true, &step->process)) != 0 ||
        (status = get_small(reading, object, "pid", 0, UINT32_MAX, &step->choice.pid)) != 0 ||
        (status = get_small(reading, object, "slot", 0, UINT16_MAX, &slot)) != 0 ||
        (status = get_small(reading, object, "outcome", 0, UINT16_MAX, &outcome)) != 0 ||
        (status = get_small(reading, object, "outcomes", 1, AW_MAX_OUTCOMES, &step->outcomes)) !=
            0 ||
        (status = get_name(reading, object, "operation", &step->operation)) != 0 ||
        (status = get_text(reading, object, "object", &step->object)) != 0 ||
        (status = get_text(reading, object, "result", &step->result)) != 0 ||
        (status = get_text(reading, object, "function", &step->function)) != 0 ||
        (status = get_text(reading, object, "file", &step->file)) != 0 ||
        (status = get_small(reading, object, "line", 0, INT_MAX, &line)) != 0 ||
        (status = get_bool(reading, object, "expired", &step->expired)) != 0 ||
        (status = read_injected(reading, object, step)) != 0 ||
        (status = get_number(reading, object, "now", 0, INT64_MAX, &now)) != 0 ||
        (status = read_events(reading, object, step)) != 0 ||
        (status = read_levels(reading, object, step)) != 0)
        return status;
    step->choice.slot = (uint16_t)slot;
    step->choice.outcome = (uint16_t)outcome;
    step->line = (int)line;
    step->now = (int64_t)now;
    if (outcome >= step->outcomes)
        return wrong(reading, "outcome: expected a number below outcomes (%u), found %u",
                     step->outcomes, outcome);
    if ((step->choice.pid == 0) != (step->process == AW_TRACE_NONE))
        return wrong(reading, "pid: 0 is for the clock, whose process is null");
    if (step->process != AW_TRACE_NONE &&
        reading->trace->processes[step->process].pid != step->choice.pid)
        return wrong(reading, "pid: expected %u, that of \"%.40s\", found %u",
                     reading->trace->processes[step->process].pid,
                     reading->trace->processes[step->process].name, step->choice.pid);
    return 0;
}

static int read_steps(struct reading *reading, const json_t *root)
{
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    int status = get_list(reading, root, "steps", &list);
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

/* The number of a step, as an index; null is AW_TRACE_NONE. */
static int get_step(struct reading *reading, const json_t *object, const char *key, uint32_t *index)
{
    const json_t *value;
    uint32_t number;
    int status = get(reading, object, key, &value);
    *index = AW_TRACE_NONE;
    if (status != 0 || json_is_null(value))
        return status;
    status = get_small(reading, object, key, 1, reading->trace->step_count, &number);
    if (status == 0)
        *index = number - 1;
    return status;
}

static int read_parties(struct reading *reading, const json_t *object,
                        struct aw_trace_waiting *waiting)
{
    static const char *const keys[] = {"process", "slot"};
    const json_t *list;
    int status = get_list(reading, object, "waits_for", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    waiting->waits_for = aw_trace_memory(reading->trace, count, sizeof *waiting->waits_for);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_party *party = &waiting->waits_for[i];
        const json_t *item = json_array_get(list, i);
        if ((status = check_members(reading, item, keys, COUNT_OF(keys))) != 0 ||
            (status = get_process(reading, item, false, &party->process)) != 0 ||
            (status = get_small(reading, item, "slot", 0, UINT16_MAX, &party->slot)) != 0)
            return status;
    }
    waiting->waits_for_count = (uint32_t)count;
    return 0;
}

static int read_passing(struct reading *reading, const json_t *object,
                        struct aw_trace_passing *step)
{
    static const char *const keys[] = {"who",      "operation", "object", "result",
                                       "function", "file",      "line"};
    uint32_t line = 0;
    int status;
    if ((status = check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
        (status = get_name(reading, object, "who", &step->who)) != 0 ||
        (status = get_name(reading, object, "operation", &step->operation)) != 0 ||
        (status = get_text(reading, object, "object", &step->object)) != 0 ||
        (status = get_text(reading, object, "result", &step->result)) != 0 ||
        (status = get_text(reading, object, "function", &step->function)) != 0 ||
        (status = get_text(reading, object, "file", &step->file)) != 0)
        return status;
    status = get_small(reading, object, "line", 0, INT_MAX, &line);
    step->line = (int)line;
    return status;
}

static int read_critical(struct reading *reading, const json_t *root)
{
    static const char *const keys[] = {"kind", "step", "branch", "states", "passing", "shortest"};
    static const char *const kinds[] = {
#define X(name, text) text,
        AW_CRITICALS(X)
#undef X
    };
    struct aw_trace_critical *critical = &reading->trace->critical;
    const json_t *object, *list;
    int kind, status = get(reading, root, "critical", &object);
    if (status != 0)
        return status;
    snprintf(reading->where, sizeof reading->where, "critical: ");
    uint32_t most = reading->trace->step_count + 1;
    if ((status = check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
        (status = get_word(reading, object, "kind", kinds, AW_CRITICAL_KINDS, &kind)) != 0 ||
        (status = get_small(reading, object, "step", 1, most, &critical->step)) != 0 ||
        (status = get_small(reading, object, "branch", 1, most, &critical->branch)) != 0 ||
        (status = get_number(reading, object, "states", 0, INT64_MAX, &critical->states)) != 0 ||
        (status = get_list(reading, object, "passing", &list)) != 0)
        return status;
    if (json_object_get(object, "shortest") != NULL) {
        if ((status = get_bool(reading, object, "shortest", &critical->shortest)) != 0)
            return status;
        if (!critical->shortest)
            return wrong(reading, "shortest: expected true, or no such member");
    }
    critical->kind = (enum aw_critical_kind)kind;
    critical->step--;
    critical->branch--;
    if (critical->kind == AW_CRITICAL_STEP &&
        (critical->step >= reading->trace->step_count || json_array_size(list) == 0))
        return wrong(reading, "step: expected one of steps, and a schedule that passes");
    size_t count = json_array_size(list);
    critical->passing = aw_trace_memory(reading->trace, count, sizeof *critical->passing);
    for (size_t i = 0; i < count; i++)
        if ((status = read_passing(reading, json_array_get(list, i), &critical->passing[i])) != 0)
            return status;
    critical->passing_count = (uint32_t)count;
    reading->where[0] = '\0';
    return 0;
}

static int read_loop(struct reading *reading, const json_t *root)
{
    return get_step(reading, root, "loop", &reading->trace->loop);
}

static int read_at_end(struct reading *reading, const json_t *root)
{
    static const char *const keys[] = {"process",  "slot",      "operation", "object",
                                       "function", "file",      "line",      "blocked",
                                       "holder",   "waits_for", "since"};
    struct aw_trace *trace = reading->trace;
    const json_t *list;
    uint32_t line;
    int status = get_list(reading, root, "at_end", &list);
    if (status != 0)
        return status;
    size_t count = json_array_size(list);
    trace->at_end = aw_allocate(count + 1, sizeof *trace->at_end);
    for (size_t i = 0; i < count; i++) {
        struct aw_trace_waiting *waiting = &trace->at_end[i];
        const json_t *object = json_array_get(list, i);
        snprintf(reading->where, sizeof reading->where, "at_end %zu: ", i + 1);
        if ((status = check_members(reading, object, keys, COUNT_OF(keys))) != 0 ||
            (status = get_process(reading, object, false, &waiting->process)) != 0 ||
            (status = get_small(reading, object, "slot", 0, UINT16_MAX, &waiting->slot)) != 0 ||
            (status = get_name(reading, object, "operation", &waiting->operation)) != 0 ||
            (status = get_text(reading, object, "object", &waiting->object)) != 0 ||
            (status = get_text(reading, object, "function", &waiting->function)) != 0 ||
            (status = get_text(reading, object, "file", &waiting->file)) != 0 ||
            (status = get_small(reading, object, "line", 0, INT_MAX, &line)) != 0 ||
            (status = get_bool(reading, object, "blocked", &waiting->blocked)) != 0 ||
            (status = get_text(reading, object, "holder", &waiting->holder)) != 0 ||
            (status = read_parties(reading, object, waiting)) != 0 ||
            (status = get_step(reading, object, "since", &waiting->since)) != 0)
            return status;
        waiting->line = (int)line;
        trace->at_end_count++;
    }
    reading->where[0] = '\0';
    return 0;
}

static int read_verdict(struct reading *reading, const json_t *root)
{
    static const char *const verdicts[] = {
#define X(name, text, meaning) text,
        AW_VERDICTS(X)
#undef X
    };
    static const char *const properties[] = {
#define X(name, text, meaning) text,
        AW_PROPERTIES(X)
#undef X
    };
    const json_t *value;
    int verdict, status;
    if ((status = get_word(reading, root, "verdict", verdicts, AW_VERDICT_COUNT, &verdict)) != 0 ||
        (status = get(reading, root, "property", &value)) != 0)
        return status;
    reading->trace->verdict = (enum aw_verdict)verdict;
    if (json_is_null(value))
        return 0;
    return get_word(reading, root, "property", properties, AW_PROPERTY_COUNT,
                    &reading->trace->property);
}

static int check_format(struct reading *reading, const json_t *root)
{
    const json_t *format = json_is_object(root) ? json_object_get(root, "format") : NULL;
    const json_t *version = json_is_object(root) ? json_object_get(root, "allways") : NULL;
    if (!json_is_integer(format) || !json_is_string(version))
        return wrong(reading, "this is not a trace of allways");
    if (json_integer_value(format) != AW_TRACE_FORMAT)
        return wrong(reading, "format %lld, written by allways %.20s: this one reads format %d",
                     (long long)json_integer_value(format), json_string_value(version),
                     AW_TRACE_FORMAT);
    return 0;
}

static int check_checksum(struct reading *reading, const json_t *root)
{
    const char *found;
    char expected[17];
    int status = get_text(reading, root, "checksum", &found);
    if (status != 0)
        return status;
    aw_trace_checksum(root, expected);
    return strcmp(found, expected) == 0
               ? 0
               : wrong(reading,
                       "the trace was changed after it had been written: its checksum is "
                       "%s, not %.40s",
                       expected, found);
}

static int read_root(struct reading *reading, const json_t *root)
{
    static const char *const keys[] = {
        "format", "allways",     "scenario",   "verdict",      "property",  "message",
        "faults", "preemptions", "minimal",    "program",      "arguments", "environment",
        "digest", "machine",     "fault_plan", "fault_budget", "processes", "objects",
        "loop",   "loop_closes", "steps",      "at_end",       "critical",  "checksum"};
    struct aw_trace *trace = reading->trace;
    int status;
    if ((status = check_format(reading, root)) != 0 ||
        (status = check_members(reading, root, keys, COUNT_OF(keys))) != 0 ||
        (status = get_text(reading, root, "allways", &trace->version)) != 0 ||
        (status = get_text(reading, root, "scenario", &trace->scenario)) != 0 ||
        (status = read_verdict(reading, root)) != 0 ||
        (status = get_text(reading, root, "message", &trace->message)) != 0 ||
        (status = get_small(reading, root, "faults", 0, UINT32_MAX, &trace->faults)) != 0 ||
        (status = get_small(reading, root, "preemptions", 0, UINT32_MAX, &trace->preemptions)) !=
            0 ||
        (status = get_bool(reading, root, "minimal", &trace->minimal)) != 0 ||
        (status = get_name(reading, root, "program", &trace->program)) != 0 ||
        (status = get_strings(reading, root, "arguments", &trace->argv)) != 0 ||
        (status = get_strings(reading, root, "environment", &trace->env)) != 0 ||
        (status = get_hexadecimal(reading, root, "digest", &trace->digest)) != 0 ||
        (status = read_machine(reading, root)) != 0 || (status = read_plan(reading, root)) != 0 ||
        (status = read_processes(reading, root)) != 0 ||
        (status = read_objects(reading, root)) != 0 ||
        (status = get_bool(reading, root, "loop_closes", &trace->loop_closes)) != 0 ||
        (status = read_steps(reading, root)) != 0 || (status = read_loop(reading, root)) != 0 ||
        (status = read_at_end(reading, root)) != 0 || (status = read_critical(reading, root)) != 0)
        return status;
    return check_checksum(reading, root);
}

int aw_trace_from_json(const json_t *root, const char *file, struct aw_trace *trace,
                       struct aw_error *error)
{
    struct reading reading = {.file = file, .error = error, .trace = trace};
    aw_trace_init(trace);
    int status = read_root(&reading, root);
    if (status != 0)
        aw_trace_free(trace);
    return status;
}

int aw_trace_read(const char *path, struct aw_trace *trace, struct aw_error *error)
{
    json_error_t reason;
    memset(trace, 0, sizeof *trace);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return aw_fail(error, AW_E_IO, "%s: %s", path, strerror(errno));
    errno = 0;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &reason);
    int failed = ferror(file) ? errno : 0;
    bool at_end = feof(file) != 0; /* a word that is cut short is an invalid token */
    fclose(file);
    if (failed != 0) {
        json_decref(root);
        return aw_fail(error, AW_E_IO, "%s: %s", path, strerror(failed));
    }
    if (root == NULL && at_end && reason.position == 0)
        return aw_fail(error, AW_E_FORMAT, "%s: the file is empty, and no trace", path);
    if (root == NULL &&
        (json_error_code(&reason) == json_error_premature_end_of_input ||
         (at_end && strncmp(reason.text, "invalid token", strlen("invalid token")) == 0)))
        return aw_fail_at(error, AW_E_FORMAT, path, reason.line, reason.column,
                          "the file ends in the middle of the trace");
    if (root == NULL)
        return aw_fail_at(error, AW_E_FORMAT, path, reason.line, reason.column, "not a trace: %s",
                          reason.text);
    int status = aw_trace_from_json(root, path, trace, error);
    json_decref(root);
    return status;
}
