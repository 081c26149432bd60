/* SPDX-License-Identifier: MIT */
/* The file as a whole, and from it the cases; loading.h tells the order. */
#include "scenario/scenario.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "scenario/loading.h"

enum {
    MAX_FILE = 64 << 10, /* a scenario is a page, not a data base */
    MAX_NAME = 64,
};

static const char *const file_keys[] = {
    "name",    "about",      "program",      "args",     "env",    "machine",
    "limits",  "properties", "count",        "expect",   "matrix", "sweep",
    "exclude", "faults",     "fault_budget", "schedule", "traces"};
static const char *const required_keys[] = {"name", "about", "program", "expect"};

static const char *property_word(const void *context, int index)
{
    (void)context;
    return aw_property_name((enum aw_property)index);
}

const struct aw_words aw_property_words = {AW_PROPERTY_COUNT, property_word, NULL};

int aw_loading_no_memory(const struct aw_loading *loading)
{
    return aw_fail(loading->reading.error, AW_E_MEMORY, "out of memory");
}

/* --- The file as a whole --------------------------------------------------------------------- */

static int read_name(struct aw_loading *loading)
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

static int read_about(struct aw_loading *loading)
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
    return loading->scenario->about != NULL ? 0 : aw_loading_no_memory(loading);
}

static int read_properties(struct aw_loading *loading)
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
        code = aw_read_word(&loading->reading, node, "properties", "property", &aw_property_words,
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

static int read_count(struct aw_loading *loading)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "count");
    loading->count_stated = node != NULL;
    return node == NULL ? 0 : aw_read_bool(&loading->reading, node, "count", &loading->count);
}

static int read_exclude(struct aw_loading *loading)
{
    const struct aw_yaml *list = aw_yaml_get(loading->root, "exclude");
    const struct aw_matrix *matrix = &loading->matrix;
    int chosen[AW_MATRIX_MAX_PARAMETERS], left = matrix->combinations;

    loading->excluded =
        aw_memory_alloc(loading->reading.memory, (size_t)matrix->combinations, sizeof(bool));
    if (loading->excluded == NULL)
        return aw_loading_no_memory(loading);
    for (int i = 0; i < matrix->combinations; i++) {
        aw_matrix_choose(matrix, i, chosen);
        loading->excluded[i] = !aw_matrix_is_case(matrix, chosen);
        left -= loading->excluded[i];
    }
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

/* --- Cases ----------------------------------------------------------------------------------- */

static int read_case(struct aw_loading *loading, const int *chosen, struct aw_case *one)
{
    struct aw_reading reading = loading->reading;
    struct aw_matrix *matrix = &loading->matrix;
    int code;

    one->name = aw_matrix_case_name(matrix, chosen, loading->scenario->name, reading.memory);
    struct aw_parameter *parameters =
        aw_memory_alloc(reading.memory, (size_t)matrix->count, sizeof *parameters);
    if (one->name == NULL || parameters == NULL)
        return aw_loading_no_memory(loading);
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
    code = aw_read_program(loading, &reading, one);
    if (code == 0)
        code = aw_read_args(loading, &reading, one);
    if (code == 0)
        code = aw_read_env(loading, &reading, one);
    if (code == 0)
        code = aw_read_machine(loading, &reading, one);
    if (code == 0)
        code = aw_read_limits(loading, &reading, one);
    if (code == 0)
        code = aw_read_faults(loading, &reading, one);
    if (code == 0)
        code = aw_read_schedule(loading, &reading, one);
    if (code == 0)
        code = aw_read_traces(loading, &reading, one);
    if (code == 0)
        code = aw_choose_expectation(loading, &reading, one);
    return code;
}

static int read_cases(struct aw_loading *loading)
{
    struct aw_scenario *scenario = loading->scenario;
    int chosen[AW_MATRIX_MAX_PARAMETERS], done = 0;

    scenario->cases =
        aw_memory_alloc(loading->reading.memory, (size_t)scenario->count, sizeof *scenario->cases);
    if (scenario->cases == NULL)
        return aw_loading_no_memory(loading);
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

static int read_file(struct aw_loading *loading, const char *text, size_t size)
{
    const struct aw_reading *reading = &loading->reading;
    int code =
        aw_yaml_parse(reading->file, text, size, reading->memory, &loading->root, reading->error);
    if (code == 0)
        code = aw_read_map(reading, loading->root, "scenario");
    if (code == 0)
        code = aw_read_keys(reading, loading->root, "", file_keys, AW_COUNT_OF(file_keys));
    for (int i = 0; code == 0 && i < AW_COUNT_OF(required_keys); i++)
        if (aw_yaml_get(loading->root, required_keys[i]) == NULL)
            code = aw_wrong(reading, loading->root,
                            "expected the key '%s': a scenario has name, about, program and expect",
                            required_keys[i]);
    if (code == 0)
        code = read_name(loading);
    if (code == 0)
        code = read_about(loading);
    if (code == 0)
        code = aw_matrix_read(reading, aw_yaml_get(loading->root, "matrix"),
                              aw_yaml_get(loading->root, "sweep"), &loading->matrix);
    if (code == 0)
        code = read_exclude(loading);
    if (code == 0)
        code = read_properties(loading);
    if (code == 0)
        code = read_count(loading);
    if (code == 0)
        code = aw_read_expect(loading);
    if (code == 0)
        code = read_cases(loading);
    if (code == 0)
        code = aw_matrix_check_used(reading, &loading->matrix);
    if (code == 0)
        code = aw_check_expectations_used(loading);
    return code;
}

/* --- Loading --------------------------------------------------------------------------------- */

int aw_scenario_parse(const char *path, const char *text, size_t size, struct aw_scenario **out,
                      struct aw_error *error)
{
    struct aw_loading loading = {.reading = {.file = path, .error = error}};
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
                          MAX_FILE >> 10);
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
