/* SPDX-License-Identifier: MIT */
/*
 * The keys of a scenario file. Read in two passes: first what belongs to the file as a whole (name,
 * matrix, properties, expectations), then for each combination of the matrix the rest, with the
 * parameters replaced: that way a value is judged by what it comes to.
 */
#include "scenario/scenario.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "scenario/matrix.h"
#include "scenario/memory.h"
#include "scenario/schema.h"
#include "scenario/yaml.h"

enum {
    MAX_FILE = 64 << 10, /* a scenario is a page, not a data base */
    MAX_NAME = 64,
    MAX_TEXT = 4096,
    MAX_ARGS = 256,
};

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const char *const file_keys[] = {"name",  "about",   "program", "args",
                                        "env",   "machine", "limits",  "properties",
                                        "count", "expect",  "matrix",  "exclude"};
static const char *const required_keys[] = {"name", "about", "program", "expect"};
static const char *const expect_keys[] = {"verdict",     "property",      "states",
                                          "transitions", "interleavings", "when"};

static const struct aw_quantity any_count = {AW_UNIT_NONE, 1, UINT64_C(1000000000000), 0, false};

/* One entry of `expect`. */
struct entry {
    const struct aw_yaml *node;
    const struct aw_yaml *when; /* NULL: fits every case */
    struct aw_expectation expect;
    bool used;
};

/* What both passes know of the file. */
struct loading {
    struct aw_reading reading; /* without a case */
    struct aw_scenario *scenario;
    struct aw_yaml *root;
    struct aw_matrix matrix;
    unsigned properties;
    bool count, count_stated;
    struct entry *entries;
    int entry_count;
    bool *excluded; /* of each combination */
};

static int no_memory(const struct loading *loading)
{
    return aw_fail(loading->reading.error, AW_E_MEMORY, "out of memory");
}

/* --- Words ----------------------------------------------------------------------------------- */

static const char *verdict_word(const void *context, int index)
{
    (void)context;
    return aw_verdict_name((enum aw_verdict)index);
}

static const char *property_word(const void *context, int index)
{
    (void)context;
    return aw_property_name((enum aw_property)index);
}

static const char *time_word(const void *context, int index)
{
    (void)context;
    return index == AW_TIME_VIRTUAL ? "virtual" : "arbitrary";
}

static const struct aw_words verdict_words = {AW_VERDICT_COUNT, verdict_word, NULL};
static const struct aw_words property_words = {AW_PROPERTY_COUNT, property_word, NULL};
static const struct aw_words time_words = {AW_TIME_VIRTUAL + 1, time_word, NULL};

/* --- The file as a whole --------------------------------------------------------------------- */

static int read_name(struct loading *loading)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "name");
    const char *name;
    int code = aw_read_text(&loading->reading, node, "name", &name);
    if (code < 0)
        return code;
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME || !isalnum((unsigned char)name[0]) ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != length)
        return aw_expected(&loading->reading, node, "name",
                           "1 to 64 letters, digits, '-', '_' and '.', a letter or digit first",
                           name);
    loading->scenario->name = name;
    loading->scenario->line = node->line;
    loading->scenario->column = node->column;
    return 0;
}

static int read_about(struct loading *loading)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "about");
    const char *about;
    int code = aw_read_text(&loading->reading, node, "about", &about);
    if (code < 0)
        return code;
    size_t length = strlen(about);
    while (length > 0 && isspace((unsigned char)about[length - 1]))
        length--;
    if (length == 0)
        return aw_expected(&loading->reading, node, "about",
                           "a line or two on what this is about and why one should care", about);
    loading->scenario->about = aw_memory_text(loading->reading.memory, about, length);
    return loading->scenario->about != NULL ? 0 : no_memory(loading);
}

static int read_properties(struct loading *loading)
{
    const struct aw_yaml *list = aw_yaml_get(loading->root, "properties");
    loading->properties = AW_DEFAULT_PROPERTIES;
    if (list == NULL)
        return 0;
    int code = aw_read_list(&loading->reading, list, "properties");
    if (code < 0)
        return code;
    loading->properties = 0;
    for (struct aw_yaml *node = list->first; node != NULL; node = node->next) {
        int property;
        code = aw_read_word(&loading->reading, node, "properties", "property", &property_words,
                            &property);
        if (code < 0)
            return code;
        if (loading->properties & AW_PROPERTY_BIT(property))
            return aw_wrong(&loading->reading, node, "properties: \"%s\" again",
                            aw_property_name((enum aw_property)property));
        loading->properties |= AW_PROPERTY_BIT(property);
    }
    return 0;
}

static int read_count(struct loading *loading)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "count");
    loading->count_stated = node != NULL;
    return node == NULL ? 0 : aw_read_bool(&loading->reading, node, "count", &loading->count);
}

static int read_exclude(struct loading *loading)
{
    const struct aw_yaml *list = aw_yaml_get(loading->root, "exclude");
    const struct aw_matrix *matrix = &loading->matrix;
    int chosen[AW_MATRIX_MAX_PARAMETERS], left = matrix->combinations;

    loading->excluded =
        aw_memory_alloc(loading->reading.memory, (size_t)matrix->combinations, sizeof(bool));
    if (loading->excluded == NULL)
        return no_memory(loading);
    if (list == NULL) {
        loading->scenario->count = left;
        return 0;
    }
    int code = aw_read_list(&loading->reading, list, "exclude");
    if (code < 0)
        return code;
    for (struct aw_yaml *pattern = list->first; pattern != NULL; pattern = pattern->next) {
        code = aw_matrix_check_pattern(&loading->reading, matrix, pattern, "exclude");
        if (code < 0)
            return code;
        for (int i = 0; i < matrix->combinations; i++) {
            aw_matrix_choose(matrix, i, chosen);
            if (!loading->excluded[i] && aw_matrix_fits(matrix, pattern, chosen)) {
                loading->excluded[i] = true;
                left--;
            }
        }
    }
    if (left == 0)
        return aw_wrong(&loading->reading, list->key, "exclude: expected to leave a case");
    loading->scenario->count = left;
    return 0;
}

/* --- expect ---------------------------------------------------------------------------------- */

static int read_expected_property(struct loading *loading, const struct aw_yaml *entry,
                                  struct aw_expectation *expect)
{
    const struct aw_reading *reading = &loading->reading;
    const struct aw_yaml *verdict = aw_yaml_get(entry, "verdict");
    const struct aw_yaml *node = aw_yaml_get(entry, "property");

    expect->property = -1;
    if (node == NULL) {
        if (expect->verdict == AW_VIOLATED)
            return aw_wrong(reading, verdict,
                            "expect: expected a 'property' beside the verdict violated: which one");
        return 0;
    }
    if (expect->verdict != AW_VIOLATED)
        return aw_wrong(reading, node->key,
                        "expect.property: expected only beside the verdict violated, found %s",
                        aw_verdict_name(expect->verdict));
    int code = aw_read_word(reading, node, "expect.property", "property", &property_words,
                            &expect->property);
    if (code < 0)
        return code;
    if (!(loading->properties & AW_PROPERTY_BIT(expect->property)))
        return aw_wrong(reading, node,
                        "expect.property: \"%s\" is not checked: expected one of 'properties'",
                        aw_property_name((enum aw_property)expect->property));
    return 0;
}

/* A count without a bound: its digits. */
static int read_interleavings(struct loading *loading, const struct aw_yaml *node,
                              struct aw_expectation *expect)
{
    const char *text;
    static const char what[] = "a whole number from 1 on (at most 1000 digits)";
    if (node->kind != AW_YAML_TEXT)
        return aw_expected(&loading->reading, node, "expect.interleavings", what, NULL);
    text = node->text;
    char *digits = aw_memory_text(loading->reading.memory, text, strlen(text));
    size_t length = 0;
    if (digits == NULL)
        return no_memory(loading);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool digit = isdigit((unsigned char)text[i]);
        bool separator =
            text[i] == '_' && i > 0 && text[i - 1] != '_' && isdigit((unsigned char)text[i + 1]);
        if (!digit && !separator)
            return aw_expected(&loading->reading, node, "expect.interleavings", what, NULL);
        if (digit && (length > 0 || text[i] != '0'))
            digits[length++] = text[i];
    }
    digits[length] = '\0';
    if (length == 0 || length > 1000)
        return aw_expected(&loading->reading, node, "expect.interleavings", what, NULL);
    if (loading->count_stated && !loading->count)
        return aw_wrong(&loading->reading, node->key,
                        "expect.interleavings: expected 'count: true', found false");
    expect->interleavings = digits;
    return 0;
}

static int read_entry(struct loading *loading, const struct aw_yaml *node, struct entry *entry)
{
    const struct aw_reading *reading = &loading->reading;
    const struct aw_yaml *value;
    int code, verdict;

    entry->node = node;
    code = aw_read_map(reading, node, "expect");
    if (code == 0)
        code = aw_read_keys(reading, node, "expect", expect_keys, COUNT_OF(expect_keys));
    if (code < 0)
        return code;
    value = aw_yaml_get(node, "verdict");
    if (value == NULL)
        return aw_wrong(reading, node, "expect: expected the key 'verdict'");
    code = aw_read_word(reading, value, "expect.verdict", "verdict", &verdict_words, &verdict);
    if (code < 0)
        return code;
    entry->expect.verdict = (enum aw_verdict)verdict;
    code = read_expected_property(loading, node, &entry->expect);
    if (code == 0 && (value = aw_yaml_get(node, "states")) != NULL)
        code = aw_read_quantity(reading, value, "expect.states", &any_count, &entry->expect.states);
    if (code == 0 && (value = aw_yaml_get(node, "transitions")) != NULL)
        code = aw_read_quantity(reading, value, "expect.transitions", &any_count,
                                &entry->expect.transitions);
    if (code == 0 && (value = aw_yaml_get(node, "interleavings")) != NULL)
        code = read_interleavings(loading, value, &entry->expect);
    entry->when = aw_yaml_get(node, "when");
    if (code == 0 && entry->when != NULL)
        code = aw_matrix_check_pattern(reading, &loading->matrix, entry->when, "when");
    return code;
}

static int read_expect(struct loading *loading)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "expect");
    bool list = node->kind == AW_YAML_LIST && node->count > 0;
    loading->entry_count = list ? node->count : 1;
    loading->entries = aw_memory_alloc(loading->reading.memory, (size_t)loading->entry_count,
                                       sizeof *loading->entries);
    if (loading->entries == NULL)
        return no_memory(loading);
    const struct aw_yaml *child = list ? node->first : node;
    for (int i = 0; i < loading->entry_count; i++, child = child->next) {
        int code = read_entry(loading, child, &loading->entries[i]);
        if (code < 0)
            return code;
    }
    return 0;
}

/* The first entry that fits the case. */
static int choose_entry(struct loading *loading, const struct aw_reading *reading,
                        struct aw_case *one)
{
    for (int i = 0; i < loading->entry_count; i++) {
        struct entry *entry = &loading->entries[i];
        if (entry->when != NULL && !aw_matrix_fits(&loading->matrix, entry->when, reading->chosen))
            continue;
        entry->used = true;
        one->expect = entry->expect;
        one->line = entry->node->line;
        one->count = loading->count || entry->expect.interleavings != NULL;
        return 0;
    }
    return aw_wrong(reading, aw_yaml_get(loading->root, "expect")->key,
                    "expect: no 'when' fits the case %s: expected an entry for it, or a last one "
                    "without 'when'",
                    one->name);
}

static int check_entries_used(const struct loading *loading)
{
    for (int i = 0; i < loading->entry_count; i++)
        if (!loading->entries[i].used)
            return aw_wrong(&loading->reading, loading->entries[i].node,
                            "expect: no case comes to this entry: the ones before it, or "
                            "'exclude', leave none");
    return 0;
}

/* --- One case: program, args, env ------------------------------------------------------------ */

static int read_program(const struct loading *loading, const struct aw_reading *reading,
                        struct aw_case *one)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "program");
    const char *program, *file = loading->scenario->file;
    int code = aw_read_text(reading, node, "program", &program);
    if (code < 0)
        return code;
    size_t length = strlen(program);
    if (length == 0 || length > MAX_TEXT || program[length - 1] == '/')
        return aw_expected(reading, node, "program",
                           "the path of a shared object, such as build/models/article.so", program);

    const char *slash = strrchr(file, '/');
    bool beside = strncmp(program, "./", 2) == 0 || strncmp(program, "../", 3) == 0;
    one->program = program;
    if (beside && slash != NULL)
        one->program = aw_memory_format(reading->memory, "%.*s/%s", (int)(slash - file), file,
                                        program[1] == '/' ? program + 2 : program);
    return one->program != NULL ? 0 : no_memory(loading);
}

static const char *program_name(const struct loading *loading, const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *base = slash != NULL ? slash + 1 : program;
    size_t length = strlen(base);
    if (length > 3 && strcmp(base + length - 3, ".so") == 0)
        length -= 3;
    return aw_memory_text(loading->reading.memory, base, length);
}

static int add_arg(const struct loading *loading, const struct aw_reading *reading,
                   const struct aw_yaml *node, const char *text, size_t length, struct aw_case *one)
{
    const char *arg;
    if (one->argc == MAX_ARGS)
        return aw_wrong(reading, node, "args: expected at most %d", MAX_ARGS - 1);
    int code = aw_matrix_replace(reading, node, text, length, &arg);
    if (code < 0)
        return code;
    if (strlen(arg) > MAX_TEXT)
        return aw_wrong(reading, node, "args: expected at most %d bytes in each", MAX_TEXT);
    (void)loading;
    one->argv[one->argc++] = (char *)arg;
    return 0;
}

/* A list, each item one argument; or a text, split at blanks before ${name} is replaced. */
static int read_args(const struct loading *loading, const struct aw_reading *reading,
                     struct aw_case *one)
{
    static const char blanks[] = " \t\n";
    static const char what[] = "a list of texts, or one text";
    const struct aw_yaml *node = aw_yaml_get(loading->root, "args");
    int code = 0;

    one->argv = aw_memory_alloc(reading->memory, MAX_ARGS + 1, sizeof *one->argv);
    char *name = (char *)program_name(loading, one->program);
    if (one->argv == NULL || name == NULL)
        return no_memory(loading);
    one->argv[one->argc++] = name;

    if (node == NULL)
        return 0;
    if (node->kind == AW_YAML_TEXT) {
        const char *word = node->text + strspn(node->text, blanks);
        while (code == 0 && *word != '\0') {
            size_t length = strcspn(word, blanks);
            code = add_arg(loading, reading, node, word, length, one);
            word += length + strspn(word + length, blanks);
        }
        return code;
    }
    if (node->kind != AW_YAML_LIST)
        return aw_expected(reading, node, "args", what, NULL);
    for (struct aw_yaml *item = node->first; code == 0 && item != NULL; item = item->next) {
        if (item->kind != AW_YAML_TEXT)
            return aw_expected(reading, item, "args", "a text", NULL);
        code = add_arg(loading, reading, item, item->text, strlen(item->text), one);
    }
    return code;
}

static bool is_variable_name(const char *text)
{
    return (isalpha((unsigned char)text[0]) || text[0] == '_') &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
               '\0';
}

static int read_env(const struct loading *loading, const struct aw_reading *reading,
                    struct aw_case *one)
{
    const struct aw_yaml *map = aw_yaml_get(loading->root, "env");
    int code, count = 0;

    one->env = aw_memory_alloc(reading->memory, map != NULL ? (size_t)map->count + 1 : 1,
                               sizeof *one->env);
    if (one->env == NULL)
        return no_memory(loading);
    if (map == NULL)
        return 0;
    code = aw_read_map(reading, map, "env");
    if (code < 0)
        return code;
    for (struct aw_yaml *node = map->first; node != NULL; node = node->next) {
        const char *value;
        char where[80];
        if (!is_variable_name(node->key->text))
            return aw_expected(reading, node->key, "env",
                               "a variable's name (letters, digits and _, no digit first)", NULL);
        snprintf(where, sizeof where, "env.%s", node->key->text);
        code = aw_read_text(reading, node, where, &value);
        if (code < 0)
            return code;
        if (strlen(value) > MAX_TEXT)
            return aw_wrong(reading, node, "%s: expected at most %d bytes", where, MAX_TEXT);
        one->env[count] = aw_memory_format(reading->memory, "%s=%s", node->key->text, value);
        if (one->env[count++] == NULL)
            return no_memory(loading);
    }
    return 0;
}

/* --- One case: machine and limits ------------------------------------------------------------ */

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
    {"heap", MACHINE(heap_bytes), U64, {AW_UNIT_BYTES, 4 * KiB, GiB, 4 * KiB, false}},
    {"stack", MACHINE(stack_bytes), U64, {AW_UNIT_BYTES, 16 * KiB, 64 * MiB, 4 * KiB, false}},
    {"clock_advances", MACHINE(clock_advances), U32, {AW_UNIT_NONE, 0, 100, 0, false}},
    {"run_milliseconds", MACHINE(run_milliseconds), U32, {AW_UNIT_NONE, 1, 600000, 0, false}},
    {"partial_writes", MACHINE(partial_writes), U32, {AW_UNIT_NONE, 0, 1000, 0, false}},
};
/* Besides: `pipe_capacity`, another way to say `pipe_slots`, and `time`, a word. */
static const char *const machine_keys[] = {
    "pipe_page_size", "pipe_slots",     "pipe_capacity",    "heap",           "stack",
    "time",           "clock_advances", "run_milliseconds", "partial_writes",
};

#define LIMIT(member) offsetof(struct aw_limits, member)
static const struct field limit_fields[] = {
    {"states", LIMIT(states), U64, {AW_UNIT_NONE, 1, UINT64_C(1000000000000), 0, true}},
    {"memory", LIMIT(memory_bytes), U64, {AW_UNIT_BYTES, MiB, 64 * TiB, 0, true}},
    {"seconds", LIMIT(seconds), SECONDS, {AW_UNIT_MILLIS, 1, UINT64_C(31536000000), 0, true}},
};
static const char *const limit_keys[] = {"states", "memory", "seconds"};

static int read_fields(const struct aw_reading *reading, const struct aw_yaml *map,
                       const char *name, const struct field *fields, int count, void *target)
{
    for (int i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        const struct aw_yaml *node = aw_yaml_get(map, field->key);
        char *place = (char *)target + field->offset, where[80];
        uint64_t value;
        if (node == NULL)
            continue;
        snprintf(where, sizeof where, "%s.%s", name, field->key);
        int code = aw_read_quantity(reading, node, where, &field->quantity, &value);
        if (code < 0)
            return code;
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
    return 0;
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

static int read_machine(const struct loading *loading, const struct aw_reading *reading,
                        struct aw_case *one)
{
    const struct aw_yaml *map = aw_yaml_get(loading->root, "machine"), *node;
    int code, time;

    aw_machine_settings_default(&one->machine);
    if (map == NULL)
        return 0;
    code = aw_read_map(reading, map, "machine");
    if (code == 0)
        code = aw_read_keys(reading, map, "machine", machine_keys, COUNT_OF(machine_keys));
    if (code == 0)
        code = read_fields(reading, map, "machine", machine_fields, COUNT_OF(machine_fields),
                           &one->machine);
    if (code == 0)
        code = read_capacity(reading, map, &one->machine);
    if (code == 0 && (node = aw_yaml_get(map, "time")) != NULL) {
        code = aw_read_word(reading, node, "machine.time", "time", &time_words, &time);
        if (code == 0)
            one->machine.time = (enum aw_time_mode)time;
    }
    return code;
}

static int read_limits(const struct loading *loading, const struct aw_reading *reading,
                       struct aw_case *one)
{
    const struct aw_yaml *map = aw_yaml_get(loading->root, "limits");

    aw_limits_default(&one->limits);
    if (map == NULL)
        return 0;
    int code = aw_read_map(reading, map, "limits");
    if (code == 0)
        code = aw_read_keys(reading, map, "limits", limit_keys, COUNT_OF(limit_keys));
    if (code == 0)
        code =
            read_fields(reading, map, "limits", limit_fields, COUNT_OF(limit_fields), &one->limits);
    return code;
}

/* --- Cases ----------------------------------------------------------------------------------- */

static int read_case(struct loading *loading, const int *chosen, struct aw_case *one)
{
    struct aw_reading reading = loading->reading;
    struct aw_matrix *matrix = &loading->matrix;
    int code;

    one->name = aw_matrix_case_name(matrix, chosen, loading->scenario->name, reading.memory);
    struct aw_parameter *parameters =
        aw_memory_alloc(reading.memory, (size_t)matrix->count, sizeof *parameters);
    if (one->name == NULL || parameters == NULL)
        return no_memory(loading);
    for (int i = 0; i < matrix->count; i++)
        parameters[i] = (struct aw_parameter){matrix->parameters[i].name,
                                              matrix->parameters[i].values[chosen[i]]};
    one->parameters = parameters;
    one->parameter_count = matrix->count;
    one->about = loading->scenario->about;
    one->file = loading->scenario->file;
    one->properties = loading->properties;

    reading.matrix = matrix;
    reading.chosen = chosen;
    reading.case_name = one->name;
    code = read_program(loading, &reading, one);
    if (code == 0)
        code = read_args(loading, &reading, one);
    if (code == 0)
        code = read_env(loading, &reading, one);
    if (code == 0)
        code = read_machine(loading, &reading, one);
    if (code == 0)
        code = read_limits(loading, &reading, one);
    if (code == 0)
        code = choose_entry(loading, &reading, one);
    return code;
}

static int read_cases(struct loading *loading)
{
    struct aw_scenario *scenario = loading->scenario;
    int chosen[AW_MATRIX_MAX_PARAMETERS], done = 0;

    scenario->cases =
        aw_memory_alloc(loading->reading.memory, (size_t)scenario->count, sizeof *scenario->cases);
    if (scenario->cases == NULL)
        return no_memory(loading);
    for (int i = 0; i < loading->matrix.combinations; i++) {
        if (loading->excluded[i])
            continue;
        aw_matrix_choose(&loading->matrix, i, chosen);
        int code = read_case(loading, chosen, &scenario->cases[done++]);
        if (code < 0)
            return code;
    }
    AW_CHECK(done == scenario->count);
    return 0;
}

static int read_file(struct loading *loading, const char *text, size_t size)
{
    const struct aw_reading *reading = &loading->reading;
    int code =
        aw_yaml_parse(reading->file, text, size, reading->memory, &loading->root, reading->error);
    if (code == 0)
        code = aw_read_map(reading, loading->root, "scenario");
    if (code == 0)
        code = aw_read_keys(reading, loading->root, "", file_keys, COUNT_OF(file_keys));
    for (int i = 0; code == 0 && i < COUNT_OF(required_keys); i++)
        if (aw_yaml_get(loading->root, required_keys[i]) == NULL)
            code = aw_wrong(reading, loading->root,
                            "expected the key '%s': a scenario has name, about, program and expect",
                            required_keys[i]);
    if (code == 0)
        code = read_name(loading);
    if (code == 0)
        code = read_about(loading);
    if (code == 0)
        code = aw_matrix_read(reading, aw_yaml_get(loading->root, "matrix"), &loading->matrix);
    if (code == 0)
        code = read_exclude(loading);
    if (code == 0)
        code = read_properties(loading);
    if (code == 0)
        code = read_count(loading);
    if (code == 0)
        code = read_expect(loading);
    if (code == 0)
        code = read_cases(loading);
    if (code == 0)
        code = aw_matrix_check_used(reading, &loading->matrix);
    if (code == 0)
        code = check_entries_used(loading);
    return code;
}

int aw_scenario_parse(const char *path, const char *text, size_t size, struct aw_scenario **out,
                      struct aw_error *error)
{
    struct loading loading = {.reading = {.file = path, .error = error}};
    struct aw_scenario *scenario;
    int code;

    *out = NULL;
    struct aw_scenario_memory *memory = aw_memory_create();
    if (memory == NULL)
        return aw_fail(error, AW_E_MEMORY, "out of memory");
    scenario = aw_memory_alloc(memory, 1, sizeof *scenario);
    if (scenario == NULL || (scenario->file = aw_memory_text(memory, path, strlen(path))) == NULL) {
        code = aw_fail(error, AW_E_MEMORY, "out of memory");
        goto destroy;
    }
    scenario->memory = memory;
    loading.reading.memory = memory;
    loading.scenario = scenario;
    if (size > MAX_FILE) {
        code = aw_fail_at(error, AW_E_FORMAT, path, 1, 1, "expected a scenario of at most %d KiB",
                          MAX_FILE / KiB);
        goto destroy;
    }
    code = read_file(&loading, text, size);
    if (code < 0)
        goto destroy;
    *out = scenario;
    return 0;

destroy:
    aw_memory_destroy(memory);
    return code;
}

int aw_scenario_load(const char *path, struct aw_scenario **out, struct aw_error *error)
{
    *out = NULL;
    FILE *file = fopen(path, "rbe");
    char *text = malloc(MAX_FILE + 1);
    int code;

    if (file == NULL || text == NULL) {
        code = file == NULL ? aw_fail_at(error, AW_E_IO, path, 0, 0, "%s", strerror(errno))
                            : aw_fail(error, AW_E_MEMORY, "out of memory");
        goto done;
    }
    size_t size = fread(text, 1, MAX_FILE + 1, file);
    if (ferror(file)) {
        code = aw_fail_at(error, AW_E_IO, path, 0, 0, "%s", strerror(errno));
        goto done;
    }
    code = aw_scenario_parse(path, text, size, out, error);

done:
    free(text);
    if (file != NULL)
        fclose(file);
    return code;
}

void aw_scenario_free(struct aw_scenario *scenario)
{
    if (scenario != NULL)
        aw_memory_destroy(scenario->memory);
}

/* --- Several scenarios ----------------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
    struct aw_scenario *const *a = *(struct aw_scenario *const *const *)left;
    struct aw_scenario *const *b = *(struct aw_scenario *const *const *)right;
    int order = strcmp((*a)->name, (*b)->name);
    return order != 0 ? order : (a > b) - (a < b);
}

int aw_scenario_check_names(struct aw_scenario *const *scenarios, int count, struct aw_error *error)
{
    struct aw_scenario *const **sorted = calloc((size_t)count + 1, sizeof *sorted);
    struct aw_scenario *const *second = NULL;
    const struct aw_scenario *first = NULL;

    if (sorted == NULL)
        return aw_fail(error, AW_E_MEMORY, "out of memory");
    for (int i = 0; i < count; i++)
        sorted[i] = &scenarios[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int i = 1; i < count; i++) /* the earliest of those that repeat a name */
        if (strcmp((*sorted[i - 1])->name, (*sorted[i])->name) == 0 &&
            (second == NULL || sorted[i] < second)) {
            second = sorted[i];
            first = *sorted[i - 1];
        }
    free(sorted);
    if (second == NULL)
        return 0;
    return aw_fail_at(error, AW_E_FORMAT, (*second)->file, (*second)->line, (*second)->column,
                      "name: \"%s\" again: it is the name of %s:%d already", (*second)->name,
                      first->file, first->line);
}
