/* SPDX-License-Identifier: MIT */
#include "scenario/matrix.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "scenario/scenario.h"

/* --- Reading --------------------------------------------------------------------------------- */

static bool is_parameter_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > 32 || !isalpha((unsigned char)text[0]))
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
           length;
}

/* Values stand in the names of cases, and those in the names of trace files. */
static bool is_parameter_value(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > AW_MATRIX_MAX_VALUE)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || strchr("[]=,/", text[i]) != NULL)
            return false;
    return true;
}

static int read_values(const struct aw_reading *reading, const struct aw_yaml *list,
                       const char *key, struct aw_matrix_parameter *parameter)
{
    char where[64];
    snprintf(where, sizeof where, "%s.%s", key, parameter->name);
    int code = aw_read_list(reading, list, where);
    if (code < 0)
        return code;
    if (list->count > AW_SCENARIO_MAX_CASES)
        return aw_wrong(reading, list, "%s: expected at most %d values, found %d", where,
                        AW_SCENARIO_MAX_CASES, list->count);
    parameter->values = aw_memory_alloc(reading->memory, (size_t)list->count, sizeof(char *));
    if (parameter->values == NULL)
        return aw_fail(reading->error, AW_E_MEMORY, "out of memory");
    for (struct aw_yaml *node = list->first; node != NULL; node = node->next) {
        if (node->kind != AW_YAML_TEXT || !is_parameter_value(node->text))
            return aw_expected(reading, node, where,
                               "a value of 1 to 64 characters without any of [ ] = , /", NULL);
        for (int i = 0; i < parameter->count; i++)
            if (strcmp(parameter->values[i], node->text) == 0)
                return aw_wrong(reading, node,
                                "%s: the value \"%s\" again: two cases would have the same name",
                                where, node->text);
        parameter->values[parameter->count++] = node->text;
    }
    return 0;
}

static int count_combinations(const struct aw_reading *reading, const struct aw_yaml *node,
                              struct aw_matrix *matrix)
{
    char factors[AW_MATRIX_MAX_PARAMETERS * 16];
    size_t length = 0;
    uint64_t combinations = 1;
    for (int i = 0; i < matrix->count; i++) {
        int count = matrix->parameters[i].count;
        if (combinations <= AW_SCENARIO_MAX_CASES) /* so that it cannot overflow */
            combinations *= (uint64_t)count;
        length += (size_t)snprintf(factors + length, sizeof factors - length, "%s%d",
                                   i > 0 ? " x " : "", count);
    }
    if (combinations > AW_SCENARIO_MAX_CASES)
        return aw_wrong(reading, node->key, "matrix: expected at most %d cases, found %s",
                        AW_SCENARIO_MAX_CASES, factors);
    matrix->combinations = (int)combinations;
    return 0;
}

static int find_parameter(const struct aw_matrix *matrix, const char *name, size_t length)
{
    for (int i = 0; i < matrix->count; i++)
        if (strlen(matrix->parameters[i].name) == length &&
            memcmp(matrix->parameters[i].name, name, length) == 0)
            return i;
    return -1;
}

/* The parameters of one of the two keys. */
static int read_parameters(const struct aw_reading *reading, const struct aw_yaml *node,
                           const char *key, bool swept, struct aw_matrix *matrix)
{
    if (node == NULL)
        return 0;
    int code = aw_read_map(reading, node, key);
    if (code < 0)
        return code;
    if (matrix->count + node->count > AW_MATRIX_MAX_PARAMETERS)
        return aw_wrong(reading, node->key, "%s: expected at most %d parameters, found %d", key,
                        AW_MATRIX_MAX_PARAMETERS, matrix->count + node->count);
    for (struct aw_yaml *list = node->first; list != NULL; list = list->next) {
        const char *name = list->key->text;
        if (!is_parameter_name(name))
            return aw_expected(reading, list->key, key,
                               "a parameter's name (a letter, then letters, digits, _ and -, at "
                               "most 32)",
                               NULL);
        if (find_parameter(matrix, name, strlen(name)) >= 0)
            return aw_wrong(reading, list->key, "%s: \"%s\" is a parameter of 'matrix' already",
                            key, name);
        struct aw_matrix_parameter *parameter = &matrix->parameters[matrix->count++];
        *parameter = (struct aw_matrix_parameter){.name = name, .key = list->key, .swept = swept};
        code = read_values(reading, list, key, parameter);
        if (code < 0)
            return code;
        if (swept && parameter->count < 2)
            return aw_wrong(reading, list,
                            "%s.%s: expected the base case's value and at least one more", key,
                            name);
    }
    return 0;
}

int aw_matrix_read(const struct aw_reading *reading, const struct aw_yaml *product,
                   const struct aw_yaml *sweep, struct aw_matrix *matrix)
{
    *matrix = (struct aw_matrix){.combinations = 1};
    int code = read_parameters(reading, product, "matrix", false, matrix);
    if (code == 0)
        code = read_parameters(reading, sweep, "sweep", true, matrix);
    return code < 0 || matrix->count == 0
               ? code
               : count_combinations(reading, product != NULL ? product : sweep, matrix);
}

bool aw_matrix_is_case(const struct aw_matrix *matrix, const int *chosen)
{
    int moved = 0;
    for (int i = 0; i < matrix->count; i++)
        moved += matrix->parameters[i].swept && chosen[i] > 0;
    return moved <= 1;
}

/* --- Combinations ---------------------------------------------------------------------------- */

void aw_matrix_choose(const struct aw_matrix *matrix, int combination, int *chosen)
{
    for (int i = matrix->count - 1; i >= 0; i--) {
        chosen[i] = combination % matrix->parameters[i].count;
        combination /= matrix->parameters[i].count;
    }
}

const char *aw_matrix_case_name(const struct aw_matrix *matrix, const int *chosen, const char *name,
                                struct aw_scenario_memory *memory)
{
    char list[AW_MATRIX_MAX_PARAMETERS * (32 + 1 + AW_MATRIX_MAX_VALUE + 1) + 1];
    size_t length = 0;

    if (matrix->count == 0)
        return name;
    for (int i = 0; i < matrix->count; i++) {
        const struct aw_matrix_parameter *parameter = &matrix->parameters[i];
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s=%s", i > 0 ? "," : "",
                                   parameter->name, parameter->values[chosen[i]]);
        AW_CHECK(length < sizeof list);
    }
    return aw_memory_format(memory, "%s[%s]", name, list);
}

/* --- ${name} --------------------------------------------------------------------------------- */

static const char *parameter_word(const void *context, int index)
{
    return ((const struct aw_matrix *)context)->parameters[index].name;
}

static int unknown_parameter(const struct aw_reading *reading, const struct aw_yaml *node,
                             const char *name, size_t length)
{
    const struct aw_matrix *matrix = reading->matrix;
    char word[64];
    if (matrix->count == 0)
        return aw_wrong(reading, node, "${%.*s}: expected a 'matrix' with that parameter",
                        length > 60 ? 60 : (int)length, name);
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    struct aw_words words = {matrix->count, parameter_word, matrix};
    return aw_unknown_word(reading, node, "parameter", word, &words);
}

int aw_matrix_replace(const struct aw_reading *reading, const struct aw_yaml *node,
                      const char *text, size_t length, const char **out)
{
    struct aw_matrix *matrix = reading->matrix;
    size_t room = length + 1;

    /* No ${ is shorter than 3, so that this is more than enough. */
    for (size_t i = 0; i + 1 < length; i++)
        if (text[i] == '$' && text[i + 1] == '{')
            room += AW_MATRIX_MAX_VALUE;
    char *result = aw_memory_alloc(reading->memory, room, 1);
    if (result == NULL)
        return aw_fail(reading->error, AW_E_MEMORY, "out of memory");
    *out = result;

    for (const char *end = text + length, *at = text; at < end;) {
        size_t left = (size_t)(end - at);
        if (left >= 3 && memcmp(at, "$${", 3) == 0) {
            *result++ = '$';
            *result++ = '{';
            at += 3;
            continue;
        }
        if (left < 2 || memcmp(at, "${", 2) != 0) {
            *result++ = *at++;
            continue;
        }
        struct aw_yaml here = *node; /* for messages: the place of the $ where that is known */
        if (node->text_column > 0)
            here.column = node->text_column + (int)(at - node->text);
        const char *name = at + 2, *close = memchr(name, '}', left - 2);
        if (close == NULL)
            return aw_wrong(reading, &here,
                            "${ without }: expected ${name}, or $${ for a plain ${");
        int index = find_parameter(matrix, name, (size_t)(close - name));
        if (index < 0)
            return unknown_parameter(reading, &here, name, (size_t)(close - name));
        struct aw_matrix_parameter *parameter = &matrix->parameters[index];
        parameter->used = true;
        const char *value = parameter->values[reading->chosen[index]];
        memcpy(result, value, strlen(value));
        result += strlen(value);
        at = close + 1;
    }
    return 0;
}

int aw_matrix_check_used(const struct aw_reading *reading, const struct aw_matrix *matrix)
{
    for (int i = 0; i < matrix->count; i++)
        if (!matrix->parameters[i].used)
            return aw_wrong(reading, matrix->parameters[i].key,
                            "matrix.%s: expected a ${%s} somewhere: without it its values give "
                            "the same case",
                            matrix->parameters[i].name, matrix->parameters[i].name);
    return 0;
}

/* --- Patterns -------------------------------------------------------------------------------- */

static const char *value_word(const void *context, int index)
{
    return ((const struct aw_matrix_parameter *)context)->values[index];
}

static int check_pattern_value(const struct aw_reading *reading,
                               const struct aw_matrix_parameter *parameter,
                               const struct aw_yaml *node, const char *where)
{
    struct aw_words words = {parameter->count, value_word, parameter};
    char here[80], kind[64];
    int index;
    snprintf(here, sizeof here, "%s.%s", where, parameter->name);
    snprintf(kind, sizeof kind, "value of %s", parameter->name);
    return aw_read_word(reading, node, here, kind, &words, &index);
}

int aw_matrix_check_pattern(const struct aw_reading *reading, const struct aw_matrix *matrix,
                            const struct aw_yaml *pattern, const char *where)
{
    const char *names[AW_MATRIX_MAX_PARAMETERS];
    for (int i = 0; i < matrix->count; i++)
        names[i] = matrix->parameters[i].name;

    if (matrix->count == 0)
        return aw_wrong(reading, pattern, "%s: expected a 'matrix' to pick cases of", where);
    int code = aw_read_map(reading, pattern, where);
    if (code == 0)
        code = aw_read_keys(reading, pattern, where, names, matrix->count);
    for (struct aw_yaml *node = pattern->first; code == 0 && node != NULL; node = node->next) {
        const struct aw_matrix_parameter *parameter =
            &matrix->parameters[find_parameter(matrix, node->key->text, strlen(node->key->text))];
        if (node->kind != AW_YAML_LIST)
            code = check_pattern_value(reading, parameter, node, where);
        else if (node->count == 0)
            code = aw_wrong(reading, node,
                            "%s.%s: expected a value or a list of values, found an "
                            "empty list",
                            where, parameter->name);
        for (struct aw_yaml *item = node->first; code == 0 && item != NULL; item = item->next)
            code = check_pattern_value(reading, parameter, item, where);
    }
    return code;
}

bool aw_matrix_fits(const struct aw_matrix *matrix, const struct aw_yaml *pattern,
                    const int *chosen)
{
    for (struct aw_yaml *node = pattern->first; node != NULL; node = node->next) {
        int index = find_parameter(matrix, node->key->text, strlen(node->key->text));
        AW_CHECK(index >= 0);
        const char *value = matrix->parameters[index].values[chosen[index]];
        bool fits = node->kind == AW_YAML_TEXT && strcmp(node->text, value) == 0;
        for (struct aw_yaml *item = node->first; !fits && item != NULL; item = item->next)
            fits = strcmp(item->text, value) == 0;
        if (!fits)
            return false;
    }
    return true;
}
