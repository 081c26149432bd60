/* SPDX-License-Identifier: MIT */
/* The keys `machine` and `limits`: where it is run, and how far. */
#include "scenario/loading.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

static const char *time_word(const void *context, int index)
{
    (void)context;
    return index == AW_TIME_VIRTUAL ? "virtual" : "arbitrary";
}

static const char *init_word(const void *context, int index)
{
    (void)context;
    return index == AW_INIT_PATTERN ? "pattern" : "zero";
}

static const struct aw_words init_words = {AW_INIT_PATTERN + 1, init_word, NULL};
static const struct aw_words time_words = {AW_TIME_VIRTUAL + 1, time_word, NULL};

/* Where the number of a key goes. */
struct field {
    const char *key;
    size_t offset;
    enum { U32, U64, SECONDS } type;
    struct aw_quantity quantity;
};

enum { KiB = 1 << 10, MiB = 1 << 20 };
#define GiB (UINT64_C(1) << 30)
#define TiB (UINT64_C(1) << 40)

#define MACHINE(member) offsetof(struct aw_machine_settings, member)
static const struct field machine_fields[] = {
    {"pipe_page_size", MACHINE(pipe_page_size), U32, {AW_UNIT_BYTES, 1, 64 * KiB, 0, false}},
    {"pipe_slots", MACHINE(pipe_slots), U32, {AW_UNIT_NONE, 1, 1024, 0, false}},
    {"heap",
     MACHINE(heap_bytes),
     U64,
     {AW_UNIT_BYTES, AW_HEAP_LEAST, AW_HEAP_MOST, AW_MEMORY_STEP, false}},
    {"stack",
     MACHINE(stack_bytes),
     U64,
     {AW_UNIT_BYTES, AW_STACK_LEAST, AW_STACK_MOST, AW_MEMORY_STEP, false}},
    {"clock_advances", MACHINE(clock_advances), U32, {AW_UNIT_NONE, 0, 100, 0, false}},
    {"run_milliseconds", MACHINE(run_milliseconds), U32, {AW_UNIT_NONE, 1, 600000, 0, false}},
    {"partial_writes", MACHINE(partial_writes), U32, {AW_UNIT_NONE, 0, 1000, 0, false}},
};
/* Besides: `pipe_capacity`, another way to say `pipe_slots`, and `time` and `init`, words. */
static const char *const machine_keys[] = {
    "pipe_page_size", "pipe_slots",     "pipe_capacity",    "heap",           "stack",
    "time",           "clock_advances", "run_milliseconds", "partial_writes", "init",
};

#define LIMIT(member) offsetof(struct aw_limits, member)
static const struct field limit_fields[] = {
    {"states", LIMIT(states), U64, {AW_UNIT_NONE, 1, UINT64_C(1000000000000), 0, true}},
    {"memory", LIMIT(memory_bytes), U64, {AW_UNIT_BYTES, MiB, 64 * TiB, 0, true}},
    {"seconds", LIMIT(seconds), SECONDS, {AW_UNIT_MILLIS, 1, UINT64_C(31536000000), 0, true}},
};
static const char *const limit_keys[] = {"states", "memory", "seconds"};

static void put(const struct field *field, void *target, uint64_t value)
{
    char *place = (char *)target + field->offset;
    switch (field->type) {
    case U32:
        AW_CHECK(value <= UINT32_MAX);
        *(uint32_t *)place = (uint32_t)value;
        break;
    case U64:
        *(uint64_t *)place = value;
        break;
    case SECONDS:
        *(double *)place = (double)value / 1000;
        break;
    }
}

static int read_fields(const struct aw_reading *reading, const struct aw_yaml *map,
                       const char *name, const struct field *fields, int count, void *target)
{
    for (int i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        const struct aw_yaml *node = aw_yaml_get(map, field->key);
        char where[80];
        uint64_t value;
        if (node == NULL)
            continue;
        snprintf(where, sizeof where, "%s.%s", name, field->key);
        int code = aw_read_quantity(reading, node, where, &field->quantity, &value);
        if (code < 0)
            return code;
        put(field, target, value);
    }
    return 0;
}

bool aw_machine_setting_parse(struct aw_machine_settings *machine, const char *key,
                              const char *text, char *expected, size_t size)
{
    size_t i = 0;
    uint64_t value;
    while (strcmp(machine_fields[i].key, key) != 0) {
        i++;
        AW_CHECK(i < sizeof machine_fields / sizeof *machine_fields);
    }
    if (!aw_quantity_parse(&machine_fields[i].quantity, text, &value)) {
        aw_quantity_describe(&machine_fields[i].quantity, expected, size);
        return false;
    }
    put(&machine_fields[i], machine, value);
    return true;
}

static int read_capacity(const struct aw_reading *reading, const struct aw_yaml *map,
                         struct aw_machine_settings *machine)
{
    const struct aw_yaml *node = aw_yaml_get(map, "pipe_capacity");
    uint64_t page = machine->pipe_page_size, capacity;
    struct aw_quantity quantity = {AW_UNIT_BYTES, page, 1024 * page, page, false};
    if (node == NULL)
        return 0;
    if (aw_yaml_get(map, "pipe_slots") != NULL)
        return aw_wrong(reading, node->key,
                        "machine.pipe_capacity: expected either this or pipe_slots, found both");
    int code = aw_read_quantity(reading, node, "machine.pipe_capacity", &quantity, &capacity);
    if (code < 0)
        return code;
    machine->pipe_slots = (uint32_t)(capacity / page);
    return 0;
}

int aw_read_machine(const struct aw_loading *loading, const struct aw_reading *reading,
                    struct aw_case *one)
{
    const struct aw_yaml *map = aw_yaml_get(loading->root, "machine"), *node;
    int code, word;

    aw_machine_settings_default(&one->machine);
    if (map == NULL)
        return 0;
    code = aw_read_map(reading, map, "machine");
    if (code == 0)
        code = aw_read_keys(reading, map, "machine", machine_keys, AW_COUNT_OF(machine_keys));
    if (code == 0)
        code = read_fields(reading, map, "machine", machine_fields, AW_COUNT_OF(machine_fields),
                           &one->machine);
    if (code == 0)
        code = read_capacity(reading, map, &one->machine);
    if (code == 0 && (node = aw_yaml_get(map, "time")) != NULL) {
        code = aw_read_word(reading, node, "machine.time", "time", &time_words, &word);
        if (code == 0)
            one->machine.time = (enum aw_time_mode)word;
    }
    if (code == 0 && (node = aw_yaml_get(map, "init")) != NULL) {
        code = aw_read_word(reading, node, "machine.init", "init", &init_words, &word);
        if (code == 0)
            one->machine.init = (enum aw_init_mode)word;
    }
    return code;
}

int aw_read_limits(const struct aw_loading *loading, const struct aw_reading *reading,
                   struct aw_case *one)
{
    const struct aw_yaml *map = aw_yaml_get(loading->root, "limits");

    aw_limits_default(&one->limits);
    if (map == NULL)
        return 0;
    int code = aw_read_map(reading, map, "limits");
    if (code == 0)
        code = aw_read_keys(reading, map, "limits", limit_keys, AW_COUNT_OF(limit_keys));
    if (code == 0)
        code = read_fields(reading, map, "limits", limit_fields, AW_COUNT_OF(limit_fields),
                           &one->limits);
    return code;
}
